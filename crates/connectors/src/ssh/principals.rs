//! A principals file (sshd(8), AuthorizedPrincipalsFile): a withdrawn line stays in its place as a comment with the mark before it.

use cordon_act::Mark;
use serde::{Deserialize, Serialize};

use crate::kept_file::map_lines;

/// What stands about one principal in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    /// Lines that let it in, as they are.
    pub(super) open: Vec<String>,
    /// Lines that Cordon has withdrawn, sorted: where they stand among each other means nothing.
    pub(super) held: Vec<Held>,
}

/// A withdrawn line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    pub(super) mark: Mark,
    pub(super) line: String,
}

/// The principal of a line: the last word before a comment; what stands before it are options.
fn principal(line: &str) -> Option<&str> {
    line.split('#').next()?.split_ascii_whitespace().next_back()
}

/// `#[cordon:0123] line`, or `#[cordon:0123 cutting] line` until the sessions have been cut.
fn held(line: &str) -> Option<(Held, bool)> {
    let (mark, line) = line.strip_prefix("#[cordon:")?.split_once("] ")?;
    let (mark, cutting) = mark
        .strip_suffix(" cutting")
        .map_or((mark, false), |mark| (mark, true));
    let held = Held {
        mark: Mark(format!("cordon:{mark}")),
        line: line.to_owned(),
    };
    Some((held, cutting))
}

fn write(held: &Held, cutting: bool) -> String {
    let cutting = if cutting { " cutting" } else { "" };
    format!("#[{}{cutting}] {}", held.mark, held.line)
}

/// What stands, and whether the sessions of a withdrawn line may not have been cut yet.
pub(super) fn find(text: &str, name: &str) -> (Lines, bool) {
    let mut found = Lines::default();
    let mut cuts = false;
    for line in text.lines() {
        if principal(line) == Some(name) {
            found.open.push(line.to_owned());
        }
        if let Some((held, cutting)) = held(line).filter(|(held, _)| principal(&held.line) == Some(name)) {
            cuts |= cutting;
            found.held.push(held);
        }
    }
    found.held.sort();
    (found, cuts)
}

/// What a withdrawal leaves.
pub(super) fn leaves(prior: &Lines, mark: &Mark) -> Lines {
    if prior.open.is_empty() {
        return prior.clone();
    }
    let withdrawn = prior.open.iter().map(|line| Held {
        mark: mark.clone(),
        line: line.clone(),
    });
    let mut held: Vec<Held> = prior.held.iter().cloned().chain(withdrawn).collect();
    held.sort();
    Lines {
        open: Vec::new(),
        held,
    }
}

/// The text with every line that lets the principal in withdrawn.
pub(super) fn withdraw(text: &str, name: &str, mark: &Mark) -> String {
    map_lines(text, |line| {
        if principal(line) != Some(name) {
            return Some(line.to_owned());
        }
        let held = Held {
            mark: mark.clone(),
            line: line.to_owned(),
        };
        Some(write(&held, true))
    })
}

/// The text in which the sessions of withdrawn lines have been cut.
pub(super) fn has_cut(text: &str, name: &str) -> String {
    change_held(text, name, |held| write(held, false))
}

/// The text with the lines given back that `mark` withdrew.
pub(super) fn give_back(text: &str, name: &str, mark: &Mark) -> String {
    change_held(text, name, |held| {
        if held.mark == *mark {
            held.line.clone()
        } else {
            write(held, false)
        }
    })
}

fn change_held(text: &str, name: &str, change: impl Fn(&Held) -> String) -> String {
    map_lines(text, |line| match held(line) {
        Some((held, _)) if principal(&held.line) == Some(name) => Some(change(&held)),
        _ => Some(line.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ops\nops\nfrom=\"192.0.2.0/24\" deploy # CI\n\n  ops  \ndeployer";

    #[test]
    fn a_withdrawn_line_comes_back_in_its_place_with_its_options() {
        let mark = Mark::from("cordon:01");
        for name in ["ops", "deploy", "deployer", "nobody"] {
            let (before, _) = find(TEXT, name);
            let withdrawn = withdraw(TEXT, name, &mark);
            let (after, cutting) = find(&withdrawn, name);
            assert!(after.open.is_empty());
            assert_eq!(cutting, name != "nobody");
            assert!(after == leaves(&before, &mark));
            let (cut, cutting) = find(&has_cut(&withdrawn, name), name);
            assert!(!cutting && cut == after);
            assert_eq!(give_back(&withdrawn, name, &mark), TEXT);
            assert_eq!(give_back(&has_cut(&withdrawn, name), name, &mark), TEXT);
        }
        assert_eq!(find(TEXT, "ops").0.open, ["ops", "  ops  "]);
        assert_eq!(find(TEXT, "deploy").0.open, ["from=\"192.0.2.0/24\" deploy # CI"]);
    }

    #[test]
    fn a_withdrawn_line_is_a_comment_to_sshd() {
        let withdrawn = withdraw(TEXT, "ops", &Mark::from("cordon:01"));
        assert_eq!(
            withdrawn
                .lines()
                .filter(|line| principal(line) == Some("ops"))
                .count(),
            0
        );
    }
}

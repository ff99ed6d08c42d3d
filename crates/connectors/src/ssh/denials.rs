//! Cordon's file of denied accounts: a comment with the mark, then `DenyUsers` with the account, for each.

use cordon_act::Mark;

use crate::kept_file::{map_lines, with_line};

const COMMENT: &str = "# cordon withdraws ";

fn denial(account: &str) -> String {
    format!("DenyUsers {account}")
}

fn comment(account: &str, mark: &Mark) -> String {
    format!("{COMMENT}{account} {mark}")
}

fn mark_of<'a>(line: &'a str, account: &str) -> Option<&'a str> {
    line.strip_prefix(COMMENT)?
        .strip_prefix(account)?
        .strip_prefix(' ')
}

/// The mark by which an account is denied. Without the denial itself a comment says nothing.
pub(super) fn find(text: &str, account: &str) -> Option<Mark> {
    text.lines().find(|line| *line == denial(account))?;
    text.lines()
        .find_map(|line| mark_of(line, account))
        .map(Mark::from)
}

/// The text with the denial, or without. Every other byte stays.
pub(super) fn set(text: &str, account: &str, wanted: Option<&Mark>) -> String {
    let without = map_lines(text, |line| {
        let ours = line == denial(account) || mark_of(line, account).is_some();
        (!ours).then(|| line.to_owned())
    });
    match wanted {
        None => without,
        Some(mark) => with_line(&with_line(&without, &comment(account, mark)), &denial(account)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_set_and_taken_leaves_every_byte() {
        let mark = Mark::from("cordon:01");
        for text in ["", "# kept by Cordon\n", "DenyUsers bobby\n", "# no line end"] {
            let denied = set(text, "bob", Some(&mark));
            assert_eq!(find(&denied, "bob"), Some(mark.clone()));
            assert_eq!(find(&denied, "bobb"), None);
            assert_eq!(set(&denied, "bob", Some(&mark)), denied);
            assert_eq!(set(&denied, "bob", None), text);
        }
    }
}

//! Marks in the comment of a role: a line of Cordon's own at its end for each withdrawal. What others wrote stays as it is.
//!
//! The comment is the only room that a role with CREATEROLE may write on every version of the server; settings of a class of one's
//! own (`ALTER ROLE … SET cordon.mark`) need a superuser. Whoever wonders why a role cannot log in reads it with `\du+`.

use cordon_act::Mark;
use sha2::{Digest as _, Sha256};

/// Longest comment to which a line is added, in bytes.
pub(super) const COMMENT_BYTES_MAX: usize = 64 * 1024;

/// What a mark is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(String);

impl Place {
    /// The logon of the role itself.
    pub(super) fn logon() -> Self {
        Self("logon".to_owned())
    }

    /// A right of the role, known by its words.
    pub(super) fn right(words: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for word in words {
            digest.update(word.as_bytes());
            digest.update([0]);
        }
        let digits: String = digest
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(format!("right {digits}"))
    }

    fn parse(&self, line: &str) -> Option<Found> {
        let rest = line
            .strip_prefix("[cordon ")?
            .strip_suffix(']')?
            .strip_prefix(&self.0)?
            .strip_prefix(' ')?;
        let (mark, cutting) = rest
            .strip_suffix(" cutting")
            .map_or((rest, false), |mark| (mark, true));
        Some(Found {
            mark: Mark::from(mark),
            cutting,
        })
    }

    /// The mark in a comment.
    pub(super) fn find(&self, comment: Option<&str>) -> Option<Found> {
        comment?.lines().find_map(|line| self.parse(line))
    }

    /// The comment with this mark, or without.
    pub(super) fn set(&self, comment: Option<&str>, wanted: Option<&Found>) -> Option<String> {
        let others = comment.map_or(Vec::new(), |text| {
            text.split('\n')
                .filter(|line| self.parse(line).is_none())
                .collect()
        });
        let line = wanted.map(|found| {
            let cutting = if found.cutting { " cutting" } else { "" };
            format!("[cordon {} {}{cutting}]", self.0, found.mark)
        });
        let lines: Vec<&str> = others.into_iter().chain(line.as_deref()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// A mark, and whether the sessions that the withdrawal cuts may still be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) mark: Mark,
    pub(super) cutting: bool,
}

/// True if a mark has only what a mark is made of.
pub(super) fn is_mark(mark: &Mark) -> bool {
    !mark.0.is_empty()
        && mark
            .0
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_set_and_taken_leaves_what_others_wrote() {
        let found = Found {
            mark: Mark::from("cordon:0123"),
            cutting: true,
        };
        for comment in [
            None,
            Some("billing, ask Finance"),
            Some("two\nlines\n"),
            Some("[cordon right aa b]"),
        ] {
            let logon = Place::logon();
            let marked = logon.set(comment, Some(&found));
            assert_eq!(logon.find(marked.as_deref()), Some(found.clone()));
            assert_eq!(Place::right(&["x"]).find(marked.as_deref()), None);
            assert_eq!(logon.set(marked.as_deref(), None).as_deref(), comment);
        }
    }

    #[test]
    fn places_of_different_rights_differ() {
        assert_ne!(Place::right(&["a", "bc"]), Place::right(&["ab", "c"]));
    }
}

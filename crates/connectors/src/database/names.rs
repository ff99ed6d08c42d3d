//! Names and texts in statements (PostgreSQL manual, section 4.1): quoted here and nowhere else.

use cordon_act::{PointError, PointErrorKind};

/// Longest name in bytes (`NAMEDATALEN` less one). The server cuts a longer one, and would then mean another role.
const NAME_BYTES_MAX: usize = 63;

/// A role, database or privilege that a target names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    /// # Errors
    /// `Input` if the server can have no such name.
    pub(super) fn new(text: &'a str) -> Result<Self, PointError> {
        if text.is_empty() || text.len() > NAME_BYTES_MAX || text.contains('\0') {
            return Err(PointError::new(
                PointErrorKind::Input,
                format!("{text:?} cannot be a name in PostgreSQL: 1 to {NAME_BYTES_MAX} bytes"),
            ));
        }
        Ok(Self(text))
    }

    /// As it is, for a value of a statement.
    pub(super) const fn text(self) -> &'a str {
        self.0
    }
}

/// As an identifier in a statement.
impl std::fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A text as a constant in a statement, the same whatever `standard_conforming_strings` says.
pub(super) fn constant(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_impossible_ones_refused() {
        assert_eq!(
            Name::new("a\"; DROP ROLE b; --").unwrap().to_string(),
            "\"a\"\"; DROP ROLE b; --\""
        );
        for wrong in ["", "a\0b", &"x".repeat(64)] {
            assert_eq!(Name::new(wrong).unwrap_err().kind, PointErrorKind::Input);
        }
        assert_eq!(constant("it's \\ here"), "E'it\\'s \\\\ here'");
    }
}

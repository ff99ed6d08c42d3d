//! Names of accounts and principals: what may stand in sshd's files and on a command line, with one meaning.

use cordon_act::{Mark, PointError, PointErrorKind};

/// Longest name of an account in bytes: twice what `useradd` takes.
const ACCOUNT_BYTES_MAX: usize = 64;

/// Longest principal in bytes. OpenSSH's own limit on a line is far above.
const PRINCIPAL_BYTES_MAX: usize = 256;

pub(super) fn input(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Input, text)
}

/// An account: no pattern of `DenyUsers`, no path, no option.
///
/// # Errors
/// `Input` if it is not.
pub(super) fn account(text: &str) -> Result<&str, PointError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$".contains(&byte);
    if text.is_empty()
        || text.len() > ACCOUNT_BYTES_MAX
        || !text.bytes().all(safe)
        || text.starts_with(['-', '.'])
    {
        return Err(input(format!("{text:?} cannot be the name of an account here")));
    }
    Ok(text)
}

/// A principal: one word of a principals file.
///
/// # Errors
/// `Input` if it is not.
pub(super) fn principal(text: &str) -> Result<&str, PointError> {
    let safe = |byte: u8| byte.is_ascii_graphic() && !b"#\",'\\".contains(&byte);
    if text.is_empty() || text.len() > PRINCIPAL_BYTES_MAX || !text.bytes().all(safe) {
        return Err(input(format!("{text:?} cannot be a principal")));
    }
    Ok(text)
}

/// # Errors
/// `Input` if a mark is not made of letters, digits and colons.
pub(super) fn mark(mark: &Mark) -> Result<(), PointError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
    if mark.0.is_empty() || !mark.0.bytes().all(safe) {
        return Err(input("a mark is made of letters, digits and colons"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_more_than_a_name_is_refused() {
        for wrong in [
            "",
            "*",
            "a b",
            "a\nDenyUsers *",
            "-oProxyCommand=x",
            "..",
            "a/b",
            "a@b",
            "!a",
            "é",
            &"a".repeat(65),
        ] {
            assert_eq!(
                account(wrong).unwrap_err().kind,
                PointErrorKind::Input,
                "{wrong:?}"
            );
        }
        for wrong in ["", "a b", "a\nb", "a#b", "a\"", "a,b"] {
            assert_eq!(
                principal(wrong).unwrap_err().kind,
                PointErrorKind::Input,
                "{wrong:?}"
            );
        }
        assert!(account("svc_backup-1.x$").is_ok() && principal("ops@corp.example").is_ok());
    }
}

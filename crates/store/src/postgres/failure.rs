//! What an error of PostgreSQL means for a person. Messages of the server are shown, the URL never.

use postgres::Error;
use postgres::error::SqlState;

use crate::error::{FailureKind, StoreError};

/// What an error means before a commit was sent.
pub(super) fn failed(error: &Error) -> StoreError {
    StoreError::failed(kind(error), text(error))
}

/// What an error means after a commit was sent: the server's word that it failed, or nobody knows.
pub(super) fn commit_failed(error: &Error) -> StoreError {
    // Operator intervention (57) may come after the commit, while it waits for a standby; 58 and 08 are torn connections.
    let said_no = error.code().is_some_and(|code| {
        !["08", "57", "58", "XX"]
            .iter()
            .any(|class| code.code().starts_with(class))
    });
    if said_no {
        failed(error)
    } else {
        StoreError::Unknown(text(error))
    }
}

fn kind(error: &Error) -> FailureKind {
    let Some(code) = error.code() else {
        return if error.is_closed() || is_network(error) {
            FailureKind::Unreachable
        } else {
            FailureKind::Other
        };
    };
    if *code == SqlState::DISK_FULL {
        return FailureKind::Full;
    }
    match code.code() {
        "25006" => FailureKind::ReadOnly,
        "3D000" => FailureKind::Absent,
        "42501" => FailureKind::Denied,
        "40001" | "40P01" | "55P03" | "57014" | "53300" => FailureKind::Busy,
        "XX001" | "XX002" => FailureKind::Corrupt,
        other if other.starts_with("28") => FailureKind::Denied,
        other if other.starts_with("57P") || other.starts_with("08") => FailureKind::Unreachable,
        _ => FailureKind::Other,
    }
}

fn is_network(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}

fn text(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("the server says: {}", said.message()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

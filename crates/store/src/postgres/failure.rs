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
        return kind_of_transport(error);
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

/// What an error means that the server did not send.
fn kind_of_transport(error: &Error) -> FailureKind {
    let mut source = std::error::Error::source(error);
    let mut kind = if error.is_closed() {
        FailureKind::Unreachable
    } else {
        FailureKind::Other
    };
    while let Some(inner) = source {
        if let Some(input_output) = inner.downcast_ref::<std::io::Error>() {
            let about_tls = input_output
                .get_ref()
                .is_some_and(|cause| cause.is::<rustls::Error>());
            kind = if about_tls {
                FailureKind::Insecure
            } else {
                FailureKind::Unreachable
            };
        }
        source = inner.source();
    }
    // The client library has its own words, and no type, for a server that offers no TLS.
    if text(error).contains("does not support TLS") {
        FailureKind::Insecure
    } else {
        kind
    }
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

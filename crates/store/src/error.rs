//! What can go wrong, and who must act.

use cordon_ledger::{BrokenAt, CheckpointError, DraftError};
use jiff::Timestamp;

/// A store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The writer is no longer the holder it believes to be, so nothing was written. It must stop acting.
    #[error("{resource} is no longer held with epoch {epoch} but {}: nothing was written", shown(*held_epoch))]
    Fenced {
        /// What was claimed.
        resource: String,
        /// The epoch of the writer's claim.
        epoch: u64,
        /// The epoch of the current claim; `None` if nobody holds one.
        held_epoch: Option<u64>,
    },
    /// Somebody else holds the resource, and his claim has not run out.
    #[error("{resource} is held by {by} until {until}")]
    Held {
        /// What was to be claimed.
        resource: String,
        /// Who holds it.
        by: String,
        /// When the claim runs out unless it is renewed.
        until: Timestamp,
    },
    /// A draft cannot become an entry.
    #[error("not written: {0}")]
    Draft(#[from] DraftError),
    /// A note cannot be kept as a checkpoint.
    #[error("not kept: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The caller asked for what no store does: too much at once, an impossible name.
    #[error("{0}")]
    Input(String),
    /// The record itself is broken. Nothing is written to a broken record.
    #[error("the record is broken: {0}")]
    Broken(#[from] BrokenAt),
    /// A commit was sent and nobody knows whether it took place. The entries may be there or not: read to find out.
    #[error("nobody knows whether it was written: {0}\nRead the ledger's end before you write again.")]
    Unknown(String),
    /// The storage failed. Nothing was written.
    #[error("{what}\n{}", kind.advice())]
    Failed {
        /// Of which sort.
        kind: FailureKind,
        /// What happened, without secrets.
        what: String,
    },
}

/// Why storage failed, by what a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// No room is left.
    Full,
    /// The storage is read-only.
    ReadOnly,
    /// The operating system or the server refuses this user.
    Denied,
    /// What is stored is not what was stored.
    Corrupt,
    /// A newer Cordon wrote it.
    Newer,
    /// It is something else than a store of Cordon.
    Foreign,
    /// Another writer did not finish in time.
    Busy,
    /// There is no store.
    Absent,
    /// The server does not answer.
    Unreachable,
    /// Others could change it, or read what is sent.
    Insecure,
    /// The server does not keep what it says it keeps.
    NotDurable,
    /// The location names no kind of store that this program has.
    Location,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Full => "Make room on that disk; nothing that was written before is lost.",
            Self::ReadOnly => "Give a state directory that this user may write to, or mount it writable.",
            Self::Denied => "Run as the user that owns the store, or give this user the right.",
            Self::Corrupt => {
                "Stop everything that writes to it, keep a copy, and restore from a backup; `cordon ledger verify` says how \
                 far it is whole."
            }
            Self::Newer => "Use the version of Cordon that wrote it, or a newer one.",
            Self::Foreign => "Name another file or database: this one is not Cordon's.",
            Self::Busy => "Another process is writing. Try again; if it stays so, look for one that hangs.",
            Self::Absent => "Name the state directory or database of a Cordon that has run.",
            Self::Unreachable => "Check that the server runs and that the address is right.",
            Self::Insecure => {
                "Take the right to write away from others, or use a connection that nobody can read."
            }
            Self::NotDurable => {
                "Turn it on in the server's configuration: a record that a power cut can lose is none."
            }
            Self::Location => "Give the path of a file, or a URL that starts with postgres://.",
            Self::Other => "Look at the storage and its log.",
        }
    }
}

impl StoreError {
    pub(crate) fn failed(kind: FailureKind, what: impl Into<String>) -> Self {
        Self::Failed {
            kind,
            what: what.into(),
        }
    }

    /// The kind of failure of the storage, if that is what failed.
    #[must_use]
    pub const fn failure(&self) -> Option<FailureKind> {
        match self {
            Self::Failed { kind, .. } => Some(*kind),
            _ => None,
        }
    }
}

fn shown(epoch: Option<u64>) -> String {
    epoch.map_or_else(|| "by nobody".to_owned(), |epoch| format!("with epoch {epoch}"))
}

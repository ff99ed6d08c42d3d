//! Where a fact comes from, and how often it was seen in use.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A file, an import or a log, as a place in [`super::Estate::sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

/// How Cordon came to know a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A person wrote it in an estate file; lines count from 1.
    Declared {
        /// The estate file.
        source: SourceId,
        /// The line in it, from 1.
        line: u32,
    },
    /// It came with an import from another tool.
    Imported {
        /// The imported file.
        source: SourceId,
    },
    /// It was seen in use in logs.
    Learned,
    /// Nobody said so and no log shows it: Cordon assumes it because it does not know better.
    Assumed,
    /// It follows from other facts (a role from the events that only this role writes, for one).
    Inferred,
}

/// Observed use of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The first use seen.
    pub first_seen: Timestamp,
    /// The last use seen.
    pub last_seen: Timestamp,
    /// How many uses were seen.
    pub uses: u64,
    /// How many different people used it.
    pub people: u32,
}

/// Origin and use of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// How Cordon came to know it.
    pub origin: Origin,
    /// Use seen in logs, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl Provenance {
    /// A fact of this origin with no use seen yet.
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self { origin, usage: None }
    }
}

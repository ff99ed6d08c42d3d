//! Where the ledger ends, and what comes next.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::{Draft, DraftError, Entry};

/// How far a ledger goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are; the last one's index is one less.
    pub entries: u64,
    /// Digest of the last entry; zeros if there is none.
    pub digest: Digest,
}

impl Head {
    /// The head of an empty ledger.
    pub const EMPTY: Self = Self {
        entries: 0,
        digest: Digest::ZERO,
    };

    /// The head of a ledger that ends with this entry.
    #[must_use]
    pub fn after(last: &Entry) -> Self {
        Self {
            entries: last.index.saturating_add(1),
            digest: last.digest,
        }
    }
}

/// Makes entries, each chained to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    head: Head,
}

impl Chain {
    /// A chain that goes on from a head.
    #[must_use]
    pub const fn from(head: Head) -> Self {
        Self { head }
    }

    /// Where it ends now.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Makes the next entry. The chain is unchanged after an error.
    ///
    /// # Errors
    /// If the draft is over a limit of [`crate::limits`].
    pub fn next(&mut self, draft: &Draft) -> Result<Entry, DraftError> {
        let entries = self.head.entries.checked_add(1).ok_or(DraftError::Full)?;
        let entry = Entry::new(self.head.entries, draft, self.head.digest)?;
        self.head = Head {
            entries,
            digest: entry.digest,
        };
        Ok(entry)
    }
}

impl Default for Chain {
    /// The chain of an empty ledger.
    fn default() -> Self {
        Self::from(Head::EMPTY)
    }
}

//! Checking that a chain is whole.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::chain::Head;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::limits::CLOCK_WENT_BACK_LISTED_MAX;
use crate::merkle::Frontier;

/// A chain is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {index}: {why}")]
pub struct BrokenAt {
    /// The first entry at which it shows.
    pub index: u64,
    /// What is wrong there.
    pub why: Broken,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Another entry stands in its place: some were taken out, put in or swapped.
    #[error("entry {found} stands in its place: entries were taken out, put in or swapped")]
    Index {
        /// The index found.
        found: u64,
    },
    /// The content does not have the digest that it should.
    #[error("its digest does not fit its content: it was changed")]
    Digest,
    /// It was not made after the entry before it.
    #[error("it does not follow the entry before it: that one was changed or replaced")]
    Previous,
    /// It is over a limit, so no ledger wrote it.
    #[error("it cannot be an entry: {0}")]
    Limit(String),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It reads as the right entry but is not written as a ledger writes it.
    #[error("it is not written as a ledger writes it: its bytes were changed")]
    NotCanonical,
    /// The record ends before the place where it says, or a checkpoint says, that it ends.
    #[error("it is missing: {expected} entries were promised")]
    Missing {
        /// How many entries there should be.
        expected: u64,
    },
    /// The entries up to this one have another root than a checkpoint says.
    #[error(
        "the entries up to it are not those of the checkpoint: the record was rewritten, or the checkpoint is of another"
    )]
    Root,
    /// The last line of an export does not fit the entries before it.
    #[error("the last line does not fit the entries before it")]
    End,
}

/// A whole chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Where it ends.
    pub head: Head,
    /// Root of the Merkle tree over all entries.
    pub root: Digest,
    /// How often the clock of an entry was before that of the entry before it.
    pub clock_went_back: u64,
    /// The first hundred entries at which it did.
    pub clock_went_back_at: Vec<u64>,
    /// How many roots that were expected of some size were found right.
    #[serde(skip)]
    pub roots_matched: u64,
}

/// A verification in progress, fed with one entry after another.
#[derive(Clone, Debug)]
pub struct Verifying {
    head: Head,
    frontier: Frontier,
    last_time: Option<Timestamp>,
    clock_went_back: u64,
    clock_went_back_at: Vec<u64>,
    expected_roots: BTreeMap<u64, Vec<Digest>>,
    roots_matched: u64,
}

impl Default for Verifying {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifying {
    /// A verification that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            head: Head::EMPTY,
            frontier: Frontier::new(),
            last_time: None,
            clock_went_back: 0,
            clock_went_back_at: Vec::new(),
            expected_roots: BTreeMap::new(),
            roots_matched: 0,
        }
    }

    /// Demands that the first `entries` entries have this root, as a checkpoint says. To be called before the entries come.
    pub fn expect_root(&mut self, entries: u64, root: Digest) {
        self.expected_roots.entry(entries).or_default().push(root);
    }

    /// Looks at the next entry.
    ///
    /// # Errors
    /// If the chain breaks there.
    pub fn push(&mut self, entry: &Entry) -> Result<(), BrokenAt> {
        let index = self.head.entries;
        let broken = |why| BrokenAt { index, why };
        if entry.index != index {
            return Err(broken(Broken::Index { found: entry.index }));
        }
        let digest = entry
            .computed_digest()
            .map_err(|error| broken(Broken::Limit(error.to_string())))?;
        if digest != entry.digest {
            return Err(broken(Broken::Digest));
        }
        if entry.previous != self.head.digest {
            return Err(broken(Broken::Previous));
        }
        self.accept(entry);
        self.check_roots(index)
    }

    fn accept(&mut self, entry: &Entry) {
        if self.last_time.is_some_and(|last| entry.time < last) {
            self.clock_went_back += 1;
            if self.clock_went_back_at.len() < CLOCK_WENT_BACK_LISTED_MAX {
                self.clock_went_back_at.push(entry.index);
            }
        }
        self.last_time = Some(entry.time);
        self.head = Head::after(entry);
        self.frontier.push(entry.digest.as_bytes());
    }

    fn check_roots(&mut self, index: u64) -> Result<(), BrokenAt> {
        for root in self.expected_roots.remove(&self.head.entries).unwrap_or_default() {
            if root != self.frontier.root() {
                return Err(BrokenAt {
                    index,
                    why: Broken::Root,
                });
            }
            self.roots_matched += 1;
        }
        Ok(())
    }

    /// A checkpoint of an empty ledger has the root of no entries, whatever came later.
    fn check_roots_of_nothing(&mut self) -> Result<(), BrokenAt> {
        for root in self.expected_roots.remove(&0).unwrap_or_default() {
            if root != Frontier::new().root() {
                return Err(BrokenAt {
                    index: 0,
                    why: Broken::Root,
                });
            }
            self.roots_matched += 1;
        }
        Ok(())
    }

    /// How far it has come.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Root of the Merkle tree over the entries so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// Ends the verification.
    ///
    /// # Errors
    /// If a checkpoint promised more entries, or another empty ledger.
    pub fn finish(mut self) -> Result<Verified, BrokenAt> {
        self.check_roots_of_nothing()?;
        if let Some(expected) = self.expected_roots.keys().next_back() {
            return Err(BrokenAt {
                index: self.head.entries,
                why: Broken::Missing { expected: *expected },
            });
        }
        Ok(Verified {
            head: self.head,
            root: self.frontier.root(),
            clock_went_back: self.clock_went_back,
            clock_went_back_at: self.clock_went_back_at,
            roots_matched: self.roots_matched,
        })
    }
}

/// Verifies a whole ledger from its first entry.
///
/// # Errors
/// At the first entry at which it is broken.
pub fn verify<E: Borrow<Entry>>(entries: impl IntoIterator<Item = E>) -> Result<Verified, BrokenAt> {
    let mut verifying = Verifying::new();
    for entry in entries {
        verifying.push(entry.borrow())?;
    }
    verifying.finish()
}

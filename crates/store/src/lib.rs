//! Durable entries and fenced claims, in an SQLite file or a PostgreSQL database.
//!
//! A store chains drafts to the ledger it keeps and says when they are safe ([`Durable`]). Several processes, or several
//! servers with PostgreSQL, may use one store at the same time: one writer at a time goes on from the end, so the chain
//! never forks, and a holder whose claim somebody else has taken over can write nothing any more.
//!
//! This crate knows nothing of what entries are about. It reads no clock.

mod claim;
mod error;
pub mod limits;
mod location;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
mod sqlite;

use std::time::Duration;

use cordon_ledger::{Draft, Durable, Entry, Head, SignedNote};
use jiff::Timestamp;

pub use claim::{Claim, Fence};
pub use error::{FailureKind, StoreError};
pub use location::{FILE_NAME, file_in, shown};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

/// What an append wrote, and that it is safe.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The entries, in the order of their drafts.
    pub entries: Vec<Entry>,
    /// That they, and all before them, survive a crash.
    pub durable: Durable,
}

/// A place where the ledger, claims and checkpoints are kept.
pub trait Store: Send {
    /// Writes entries in one transaction: all or none. Without drafts it checks the fences and makes what was written before
    /// durable.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if a claim is no longer the current one; [`StoreError::Draft`] if a draft is over a limit;
    /// [`StoreError::Broken`] if the last entry was tampered with; [`StoreError::Unknown`] if the commit's outcome is unknown;
    /// else [`StoreError::Failed`].
    fn append(&mut self, drafts: &[Draft], fences: &[Fence]) -> Result<Appended, StoreError>;

    /// Entries from an index on, in order, `at_most` so many. Fewer may come because a page is bounded; none come only at the
    /// end. They are as stored: whether the chain holds is for [`cordon_ledger::Verifying`].
    ///
    /// # Errors
    /// [`StoreError::Broken`] if one cannot be read back as it was written, else [`StoreError::Failed`].
    fn read(&self, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError>;

    /// Where the ledger ends.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    fn head(&self) -> Result<Head, StoreError>;

    /// Claims a resource for some time. A new holder gets a higher epoch than any before; the same holder keeps his and the
    /// claim then runs until the later of the two ends. One that has run out is free to be taken.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another's claim has not run out; [`StoreError::Input`] for impossible names or times; else
    /// [`StoreError::Failed`].
    fn claim(
        &mut self,
        resource: &str,
        holder: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Claim, StoreError>;

    /// Gives a claim back. If it is no longer the current one, nothing happens.
    ///
    /// # Errors
    /// If the storage fails.
    fn release(&mut self, claim: &Claim) -> Result<(), StoreError>;

    /// The claims that nobody has given back, also those that have run out, by resource.
    ///
    /// # Errors
    /// If the storage fails.
    fn claims(&self) -> Result<Vec<Claim>, StoreError>;

    /// Keeps a signed checkpoint. Keeping the same twice changes nothing.
    ///
    /// # Errors
    /// If it is no checkpoint, speaks of more entries than there are, or the storage fails.
    fn keep_checkpoint(&mut self, note: &SignedNote) -> Result<(), StoreError>;

    /// The signed checkpoints, by number of entries. They are as stored: signatures are for the reader to check.
    ///
    /// # Errors
    /// If the storage fails.
    fn checkpoints(&self) -> Result<Vec<SignedNote>, StoreError>;
}

/// Opens a store to write to, and makes it if it is not there: a path is an SQLite file, `postgres://…` a database.
///
/// # Errors
/// [`StoreError::Failed`] with what to do.
pub fn open(location: &str) -> Result<Box<dyn Store>, StoreError> {
    match location::kind(location)? {
        location::Kind::File(path) => Ok(Box::new(SqliteStore::open(path)?)),
        #[cfg(feature = "postgres")]
        location::Kind::Postgres(url) => Ok(Box::new(PostgresStore::open(url)?)),
    }
}

/// Opens a store that is there, to read only. Nothing in it can be changed through what is returned.
///
/// # Errors
/// [`FailureKind::Absent`] if there is none, else [`StoreError::Failed`] with what to do.
pub fn open_to_read(location: &str) -> Result<Box<dyn Store>, StoreError> {
    match location::kind(location)? {
        location::Kind::File(path) => Ok(Box::new(SqliteStore::open_to_read(path)?)),
        #[cfg(feature = "postgres")]
        location::Kind::Postgres(url) => Ok(Box::new(PostgresStore::open_to_read(url)?)),
    }
}

/// All entries from an index on, page by page. It ends after the first error.
pub fn entries(store: &dyn Store, from_index: u64) -> impl Iterator<Item = Result<Entry, StoreError>> + '_ {
    let mut next_index = from_index;
    let mut page = Vec::new().into_iter();
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        if page.len() == 0 {
            match store.read(next_index, limits::READ_ENTRIES_MAX) {
                Ok(read) => page = read.into_iter(),
                Err(error) => {
                    over = true;
                    return Some(Err(error));
                }
            }
        }
        let entry = page.next()?;
        next_index = entry.index.saturating_add(1);
        Some(Ok(entry))
    })
}

fn check_amounts(drafts: &[Draft], fences: &[Fence]) -> Result<(), StoreError> {
    if drafts.len() > limits::DRAFTS_MAX || fences.len() > limits::FENCES_MAX {
        return Err(StoreError::Input(format!(
            "{} drafts and {} fences at once, {} and {} at most",
            drafts.len(),
            fences.len(),
            limits::DRAFTS_MAX,
            limits::FENCES_MAX
        )));
    }
    Ok(())
}

/// How many entries a checkpoint speaks of, if the ledger has as many.
fn checkpoint_entries(note: &SignedNote, head: Head) -> Result<i64, StoreError> {
    let entries = cordon_ledger::Checkpoint::unverified(note)?.entries;
    if entries > head.entries {
        let there = head.entries;
        return Err(StoreError::Input(format!(
            "a checkpoint of {entries} entries, and there are {there}"
        )));
    }
    row::to_signed(entries)
}

//! A store in memory whose storage fails when it is told to, to try whoever uses a store. Nothing in it survives the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_ledger::{Chain, CheckpointError, Commit, Draft, Durable, Entry, Head, SignedNote};
use jiff::Timestamp;

use crate::claim::{Claim, Fence, Standing, Wanted};
use crate::error::{FailureKind, StoreError};
use crate::limits::{CHECKPOINTS_MAX, READ_BYTES_MAX, READ_ENTRIES_MAX};
use crate::{Appended, Store, check_amounts, checkpoint_entries};

/// What goes wrong with the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The storage fails and says so: [`StoreError::Failed`].
    Fails,
    /// It is written, and nobody is told: [`StoreError::Unknown`].
    WrittenUntold,
    /// It is not written, and nobody is told: [`StoreError::Unknown`].
    LostUntold,
}

/// Where the stores of one record keep it. Its clones are the same place.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    is_made: bool,
    /// Each with the bytes of its body.
    entries: Vec<(Entry, usize)>,
    claims: BTreeMap<String, Standing>,
    notes: BTreeMap<i64, Vec<String>>,
    fault: Option<Fault>,
}

impl MemoryStorage {
    /// Opens it to write, and makes it if it is not there.
    #[must_use]
    pub fn open(&self) -> MemoryStore {
        self.kept().is_made = true;
        MemoryStore {
            storage: self.clone(),
            is_read_only: false,
        }
    }

    /// Opens it to read only.
    ///
    /// # Errors
    /// [`FailureKind::Absent`] if it was never opened to write.
    pub fn open_to_read(&self) -> Result<MemoryStore, StoreError> {
        if !self.kept().is_made {
            return Err(StoreError::failed(FailureKind::Absent, "nothing is kept there"));
        }
        Ok(MemoryStore {
            storage: self.clone(),
            is_read_only: true,
        })
    }

    /// Says what goes wrong with the next append, if anything.
    pub fn fail_next(&self, fault: Option<Fault>) {
        self.kept().fault = fault;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    storage: MemoryStorage,
    is_read_only: bool,
}

impl MemoryStore {
    fn to_write(&self) -> Result<MutexGuard<'_, Kept>, StoreError> {
        if self.is_read_only {
            return Err(StoreError::failed(FailureKind::ReadOnly, "it was opened to read"));
        }
        Ok(self.storage.kept())
    }
}

impl Kept {
    fn head(&self) -> Head {
        self.entries
            .last()
            .map_or(Head::EMPTY, |(entry, _)| Head::after(entry))
    }
}

/// Entries that are chained and not yet kept.
struct Committing<'a> {
    kept: &'a mut Kept,
    entries: &'a [Entry],
    fault: Option<Fault>,
}

impl Commit for Committing<'_> {
    type Error = StoreError;

    fn commit(self) -> Result<Head, StoreError> {
        if self.fault != Some(Fault::LostUntold) {
            let sized = self
                .entries
                .iter()
                .map(|entry| (entry.clone(), entry.body.to_string().len()));
            self.kept.entries.extend(sized);
        }
        match self.fault {
            None => Ok(self.kept.head()),
            Some(_) => Err(StoreError::Unknown("the storage did not say".to_owned())),
        }
    }
}

impl Store for MemoryStore {
    fn append(&mut self, drafts: &[Draft], fences: &[Fence]) -> Result<Appended, StoreError> {
        check_amounts(drafts, fences)?;
        let mut kept = self.to_write()?;
        let fault = kept.fault.take();
        if fault == Some(Fault::Fails) {
            return Err(StoreError::failed(FailureKind::Other, "the storage fails"));
        }
        for fence in fences {
            fence.check(kept.claims.get(&fence.resource))?;
        }
        let mut chain = Chain::from(kept.head());
        let entries: Result<Vec<Entry>, _> = drafts.iter().map(|draft| chain.next(draft)).collect();
        let entries = entries?;
        let durable = Durable::by(Committing {
            kept: &mut kept,
            entries: &entries,
            fault,
        })?;
        Ok(Appended { entries, durable })
    }

    fn read(&self, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError> {
        let from = usize::try_from(from_index).unwrap_or(usize::MAX);
        let (mut read, mut bytes) = (Vec::new(), 0);
        let kept = self.storage.kept();
        let page = kept.entries.iter().skip(from);
        for (entry, size) in page.take(at_most.min(READ_ENTRIES_MAX)) {
            bytes += size;
            read.push(entry.clone());
            if bytes > READ_BYTES_MAX {
                break;
            }
        }
        Ok(read)
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.storage.kept().head())
    }

    fn claim(
        &mut self,
        resource: &str,
        holder: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Claim, StoreError> {
        let wanted = Wanted::new(resource, holder, now, duration)?;
        let mut kept = self.to_write()?;
        let claim = wanted.decide(kept.claims.get(resource).cloned())?;
        let standing = Standing {
            holder: Some(claim.holder.clone()),
            epoch: claim.epoch,
            until: claim.until,
        };
        kept.claims.insert(claim.resource.clone(), standing);
        Ok(claim)
    }

    fn release(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let mut kept = self.to_write()?;
        let standing = kept.claims.get_mut(&claim.resource);
        if let Some(standing) = standing
            && standing.epoch == claim.epoch
            && standing.holder.as_ref() == Some(&claim.holder)
        {
            standing.holder = None;
        }
        Ok(())
    }

    fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let kept = self.storage.kept();
        let held = kept.claims.iter().filter_map(|(resource, standing)| {
            Some(Claim {
                resource: resource.clone(),
                holder: standing.holder.clone()?,
                epoch: standing.epoch,
                until: standing.until,
            })
        });
        Ok(held.collect())
    }

    fn keep_checkpoint(&mut self, note: &SignedNote) -> Result<(), StoreError> {
        let mut kept = self.to_write()?;
        let entries = checkpoint_entries(note, kept.head())?;
        let (notes, text) = (kept.notes.entry(entries).or_default(), note.to_string());
        if !notes.contains(&text) {
            notes.push(text);
        }
        Ok(())
    }

    fn checkpoints(&self) -> Result<Vec<SignedNote>, StoreError> {
        let kept = self.storage.kept();
        let notes: Vec<&String> = kept.notes.values().flatten().collect();
        let newest = notes.len().saturating_sub(CHECKPOINTS_MAX);
        notes
            .into_iter()
            .skip(newest)
            .map(|note| Ok(SignedNote::parse(note).map_err(CheckpointError::from)?))
            .collect()
    }
}

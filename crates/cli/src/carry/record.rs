//! The record as the executor sees it: its own entries, those of others, and its claims.

use std::collections::BTreeSet;
use std::time::Duration;

use cordon_act::{Book, Entry, Event, PointName, Write};
use cordon_store::{Claim, Fence, Store, StoreError};
use jiff::Timestamp;

use super::holder;
use crate::failure::Failure;
use crate::input::record::failure;

/// How long a claim lasts without being taken again.
const CLAIM: Duration = Duration::from_secs(30);

/// Most entries that are read at once.
const READ_AT_ONCE: usize = 1000;

/// What a claim on a point is called in the store.
fn resource(point: &PointName) -> String {
    format!("point/{point}")
}

/// See the module.
pub(super) struct Record {
    store: Box<dyn Store>,
    holder: String,
    claims: Vec<Claim>,
    seen: u64,
    own: BTreeSet<u64>,
    failing: bool,
}

impl Record {
    pub(super) fn open(store: Box<dyn Store>) -> Result<Self, Failure> {
        let seen = store.head().map_err(|error| failure(&error))?.entries;
        Ok(Self {
            store,
            holder: holder::own()?,
            claims: Vec::new(),
            seen,
            own: BTreeSet::new(),
            failing: false,
        })
    }

    /// What everything that was recorded comes to.
    pub(super) fn book(&self) -> Result<Book, Failure> {
        let mut book = Book::default();
        read(
            &*self.store,
            0,
            self.seen,
            &BTreeSet::new(),
            &mut |time, entry| book.record(time, &entry),
        )?;
        Ok(book)
    }

    /// What others wrote since the last time.
    pub(super) fn learn(&mut self) -> Result<Vec<(Timestamp, Entry)>, Failure> {
        let head = match self.store.head() {
            Ok(head) => head.entries,
            Err(StoreError::Failed { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(failure(&error)),
        };
        // What oneself wrote last is not read again.
        while self.seen < head && self.own.remove(&self.seen) {
            self.seen += 1;
        }
        let mut learned = Vec::new();
        read(&*self.store, self.seen, head, &self.own, &mut |time, entry| {
            learned.push((time, entry))
        })?;
        self.seen = head;
        self.own = self.own.split_off(&head);
        Ok(learned)
    }

    /// Writes; what became of it comes back as events. A store that fails for now is tried again; one that is broken is not.
    pub(super) fn write(&mut self, write: &Write, now: Timestamp) -> Result<Vec<Event>, Failure> {
        let drafts: Result<Vec<_>, _> = write.entries.iter().map(|entry| entry.draft(now)).collect();
        let drafts = drafts.map_err(|error| Failure::Bug(error.to_string()))?;
        let fences: Vec<Fence> = write
            .claims
            .iter()
            .map(|(point, epoch)| Fence {
                resource: resource(point),
                epoch: *epoch,
            })
            .collect();
        match self.store.append(&drafts, &fences) {
            Ok(appended) => {
                self.failing = false;
                self.own.extend(appended.entries.iter().map(|entry| entry.index));
                Ok(vec![Event::Written(write.id)])
            }
            Err(StoreError::Fenced { resource: lost, .. }) => {
                let mut claims = write.claims.iter();
                let lost = claims.find(|(point, _)| resource(point) == lost);
                let lost = lost.map(|(point, epoch)| Event::ClaimLost {
                    point: point.clone(),
                    epoch: *epoch,
                });
                Ok(lost.into_iter().chain([Event::NotWritten(write.id)]).collect())
            }
            // The same failure twice in a row is for a person; what stands at the servers stands, and what was asked is recorded.
            Err(StoreError::Failed { .. }) if !self.failing => {
                self.failing = true;
                Ok(vec![Event::NotWritten(write.id)])
            }
            Err(error) => Err(failure(&error)),
        }
    }

    /// The epoch of a claim on a point, or who holds it. A claim of a process that is gone is taken from it.
    pub(super) fn claim(
        &mut self,
        point: &PointName,
        now: Timestamp,
    ) -> Result<Result<u64, String>, Failure> {
        match self.try_claim(point, now)? {
            Err(by) if holder::is_gone(&by) => {
                self.release_for(&resource(point), &by)?;
                self.try_claim(point, now)
            }
            claimed => Ok(claimed),
        }
    }

    fn try_claim(&mut self, point: &PointName, now: Timestamp) -> Result<Result<u64, String>, Failure> {
        match self.store.claim(&resource(point), &self.holder, now, CLAIM) {
            Ok(claim) => {
                self.claims.retain(|one| one.resource != claim.resource);
                let epoch = claim.epoch;
                self.claims.push(claim);
                Ok(Ok(epoch))
            }
            Err(StoreError::Held { by, .. }) => Ok(Err(by)),
            Err(error) => Err(failure(&error)),
        }
    }

    fn release_for(&mut self, resource: &str, holder: &str) -> Result<(), Failure> {
        let claims = self.store.claims().map_err(|error| failure(&error))?;
        let theirs = claims
            .iter()
            .find(|claim| claim.resource == resource && claim.holder == holder);
        theirs.map_or(Ok(()), |claim| {
            self.store.release(claim).map_err(|error| failure(&error))
        })
    }

    /// True if no write waits to be tried again.
    pub(super) const fn is_idle(&self) -> bool {
        !self.failing
    }

    /// Gives the claims back, so that the next executor need not wait for their end.
    pub(super) fn release(&mut self) -> Result<(), Failure> {
        for claim in std::mem::take(&mut self.claims) {
            self.store.release(&claim).map_err(|error| failure(&error))?;
        }
        Ok(())
    }
}

/// Hands the entries of withdrawals from one index to another over, but for those that are one's own.
pub(crate) fn read(
    store: &dyn Store,
    from: u64,
    to: u64,
    own: &BTreeSet<u64>,
    take: &mut impl FnMut(Timestamp, Entry),
) -> Result<(), Failure> {
    let mut next = from;
    while next < to {
        let entries = store.read(next, READ_AT_ONCE).map_err(|error| failure(&error))?;
        if entries.is_empty() {
            break;
        }
        for kept in &entries {
            if kept.index < to && !own.contains(&kept.index) {
                let entry = Entry::read(kept).map_err(|error| Failure::Store(error.to_string()))?;
                entry.into_iter().for_each(|entry| take(kept.time, entry));
            }
            next = kept.index + 1;
        }
    }
    Ok(())
}

/// Every entry of withdrawals, with its time.
pub(crate) fn all(store: &dyn Store) -> Result<Vec<(Timestamp, Entry)>, Failure> {
    let head = store.head().map_err(|error| failure(&error))?.entries;
    let mut entries = Vec::new();
    read(store, 0, head, &BTreeSet::new(), &mut |time, entry| {
        entries.push((time, entry))
    })?;
    Ok(entries)
}

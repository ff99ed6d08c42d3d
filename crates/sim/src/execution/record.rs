//! The record of a night, in a real store whose storage fails: what executors write to it, and what the night reads in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordon_act::{Book, Entry, Event, Observation, Placement, PointName, Write};
use cordon_store::memory::MemoryStorage;
use cordon_store::{Fence, Store, StoreError};
use jiff::Timestamp;

/// How long a claim lasts without being taken again.
const CLAIM: Duration = Duration::from_secs(30);

/// Most entries read at once.
const READ_AT_ONCE: usize = 1000;

/// An executor cannot go on with its store and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

fn resource(point: &PointName) -> String {
    format!("point/{point}")
}

fn append(
    store: &mut dyn Store,
    write: &Write,
    time: Timestamp,
) -> Result<cordon_store::Appended, StoreError> {
    let drafts: Result<Vec<_>, _> = write.entries.iter().map(|entry| entry.draft(time)).collect();
    let drafts = drafts.map_err(|error| StoreError::Input(error.to_string()))?;
    let fences: Vec<Fence> = write
        .claims
        .iter()
        .map(|(point, epoch)| Fence {
            resource: resource(point),
            epoch: *epoch,
        })
        .collect();
    store.append(&drafts, &fences)
}

fn entries_from(store: &dyn Store, mut from: u64) -> Result<Vec<(u64, Timestamp, Entry)>, StoreError> {
    let mut entries = Vec::new();
    loop {
        let page = store.read(from, READ_AT_ONCE)?;
        if page.is_empty() {
            return Ok(entries);
        }
        for kept in &page {
            from = kept.index + 1;
            if let Ok(Some(entry)) = Entry::read(kept) {
                entries.push((kept.index, kept.time, entry));
            }
        }
    }
}

/// The way of one executor's process to the store, as `cordon` has it.
pub(super) struct Desk {
    store: Box<dyn Store>,
    holder: String,
    seen: u64,
    own: BTreeSet<u64>,
    is_failing: bool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.holder)
    }
}

impl Desk {
    /// A process starts: its book, and its desk.
    pub(super) fn open(store: Box<dyn Store>, holder: String) -> Result<(Self, Book), StoreError> {
        let entries = entries_from(&*store, 0)?;
        let seen = entries.last().map_or(0, |(index, _, _)| index + 1);
        let book = Book::replay(entries.iter().map(|(_, time, entry)| (*time, entry)));
        let desk = Self {
            store,
            holder,
            seen,
            own: BTreeSet::new(),
            is_failing: false,
        };
        Ok((desk, book))
    }

    /// What others wrote since the last time.
    pub(super) fn learn(&mut self) -> Result<Vec<(Timestamp, Entry)>, StoreError> {
        let entries = entries_from(&*self.store, self.seen)?;
        if let Some((last, _, _)) = entries.last() {
            self.seen = last + 1;
        }
        let others = entries
            .into_iter()
            .filter(|(index, _, _)| !self.own.contains(index))
            .map(|(_, time, entry)| (time, entry))
            .collect();
        self.own = self.own.split_off(&self.seen);
        Ok(others)
    }

    /// Writes; what became of it comes back as events. The second failure in a row, and one of which nobody knows, end the process.
    pub(super) fn write(&mut self, write: &Write, time: Timestamp) -> Result<Vec<Event>, Ended> {
        match append(&mut *self.store, write, time) {
            Ok(appended) => {
                self.is_failing = false;
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
            Err(StoreError::Failed { .. }) if !self.is_failing => {
                self.is_failing = true;
                Ok(vec![Event::NotWritten(write.id)])
            }
            Err(_) => Err(Ended),
        }
    }

    /// The epoch of a claim on a point; none if somebody else holds it.
    pub(super) fn claim(&mut self, point: &PointName, now: Timestamp) -> Result<Option<u64>, Ended> {
        match self.store.claim(&resource(point), &self.holder, now, CLAIM) {
            Ok(claim) => Ok(Some(claim.epoch)),
            Err(StoreError::Held { .. }) => Ok(None),
            Err(_) => Err(Ended),
        }
    }
}

/// What the night itself reads in the store.
pub(super) struct Record {
    /// Where everything is kept.
    pub(super) storage: MemoryStorage,
    store: Box<dyn Store>,
    seen: u64,
    /// Every entry.
    pub(super) entries: Vec<(Timestamp, Entry)>,
    /// What they come to.
    pub(super) book: Book,
    /// By placement what stood before, as the first intent since the last lift says: all that is needed to restore the world.
    pub(super) ways_back: BTreeMap<Placement, Observation>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} entries", self.entries.len())
    }
}

impl Record {
    pub(super) fn new() -> Self {
        let storage = MemoryStorage::default();
        Self {
            store: Box::new(storage.open()),
            storage,
            seen: 0,
            entries: Vec::new(),
            book: Book::default(),
            ways_back: BTreeMap::new(),
        }
    }

    /// What a process sent off before it died may still be committed.
    pub(super) fn commit_for_the_dead(&mut self, write: &Write, time: Timestamp) {
        drop(append(&mut *self.store, write, time));
    }

    /// What became durable since the last time. It is not taken in yet.
    pub(super) fn news(&mut self) -> Vec<(Timestamp, Entry)> {
        let news = entries_from(&*self.store, self.seen).unwrap_or_default();
        if let Some((last, _, _)) = news.last() {
            self.seen = last + 1;
        }
        news.into_iter().map(|(_, time, entry)| (time, entry)).collect()
    }

    /// Takes an entry in.
    pub(super) fn take(&mut self, time: Timestamp, entry: Entry) {
        match &entry {
            Entry::Applying { placement, prior, .. } => {
                self.ways_back
                    .entry(placement.clone())
                    .or_insert_with(|| prior.clone());
            }
            Entry::Lifted { placement, .. } => {
                self.ways_back.remove(placement);
            }
            _ => {}
        }
        self.book.record(time, &entry);
        self.entries.push((time, entry));
    }
}

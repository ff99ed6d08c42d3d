//! Restores the order of records in time, within a window.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::{SignedDuration, Timestamp};

use crate::record::{Record, RecordPlace};

/// How far out of order records may come and still be put right. Whichever bound is met first holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderWindow {
    /// Records may be this many seconds late. Zero: no reordering.
    pub seconds: u32,
    /// Records held back at most.
    pub records: usize,
    /// Bytes held back at most.
    pub bytes: usize,
}

impl Default for OrderWindow {
    /// Half a minute, 50,000 records, 64 MiB: collectors forward within seconds.
    fn default() -> Self {
        Self {
            seconds: 30,
            records: 50_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

type Key = (Timestamp, RecordPlace, usize);

/// Records held back until none before them can come any more.
pub(crate) struct Order {
    window: OrderWindow,
    waiting: BinaryHeap<Reverse<Key>>,
    slots: Vec<Record>,
    free: Vec<usize>,
    bytes: usize,
    newest: Timestamp,
    last_out: Timestamp,
    finished: bool,
}

impl Order {
    pub(crate) fn new(window: OrderWindow) -> Self {
        Self {
            window,
            waiting: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            bytes: 0,
            newest: Timestamp::MIN,
            last_out: Timestamp::MIN,
            finished: false,
        }
    }

    /// Takes the record, leaving another's memory in its place; whether it came too late to be put in order.
    pub(crate) fn push(&mut self, record: &mut Record) -> bool {
        self.newest = self.newest.max(record.time);
        self.bytes += record.weight_bytes();
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Record::default());
            self.slots.len() - 1
        });
        self.waiting.push(Reverse((record.time, record.place, slot)));
        let late = record.time < self.last_out;
        if let Some(own) = self.slots.get_mut(slot) {
            std::mem::swap(own, record);
        }
        late
    }

    /// No more records will come: everything may go out.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// Swaps the next record that is due into `record`.
    pub(crate) fn pop_into(&mut self, record: &mut Record) -> bool {
        let Some(Reverse((time, _, slot))) = self.waiting.peek().copied() else {
            return false;
        };
        if !self.finished && !self.due(time) {
            return false;
        }
        self.waiting.pop();
        self.last_out = self.last_out.max(time);
        if let Some(own) = self.slots.get_mut(slot) {
            self.bytes = self.bytes.saturating_sub(own.weight_bytes());
            std::mem::swap(own, record);
        }
        self.free.push(slot);
        true
    }

    fn due(&self, time: Timestamp) -> bool {
        let age = self.newest.duration_since(time);
        age >= SignedDuration::from_secs(i64::from(self.window.seconds))
            || self.waiting.len() > self.window.records
            || self.bytes > self.window.bytes
    }
}

//! Restores the order of records in time, within a window.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::{SignedDuration, Timestamp};

use crate::record::{Dialect, Record, RecordPlace, TimeBasis};

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

/// Records held back until none before them can come any more, each with what was made of it.
///
/// Of a record that nobody will look into only the head is held. Most records are such, and their memory stays where
/// they were decoded.
pub(crate) struct Order<T> {
    window: OrderWindow,
    waiting: BinaryHeap<Reverse<Key>>,
    held: Slots<Option<Held<T>>>,
    whole: Slots<Record>,
    bytes: usize,
    newest: Timestamp,
    last_out: Timestamp,
    finished: bool,
}

/// What is held of a record beside its time and place.
struct Held<T> {
    time_basis: TimeBasis,
    received: Option<Timestamp>,
    dialect: Dialect,
    /// Where the whole of it is, if somebody will look into it.
    whole: Option<usize>,
    made: T,
}

/// What a head weighs, whatever was made of its record: so the same records are held back by everyone.
const HEAD_BYTES: usize = size_of::<Held<()>>();

/// Places that are used again and again.
struct Slots<V> {
    all: Vec<V>,
    free: Vec<usize>,
}

impl<V: Default> Slots<V> {
    const fn new() -> Self {
        Self {
            all: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Exchanges `value` for what is left in a place that is free; the place.
    fn put(&mut self, value: &mut V) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.all.push(V::default());
            self.all.len() - 1
        });
        self.exchange(at, value);
        at
    }

    /// The same the other way round: the place is free then.
    fn take(&mut self, at: usize, value: &mut V) {
        self.exchange(at, value);
        self.free.push(at);
    }

    fn exchange(&mut self, at: usize, value: &mut V) {
        if let Some(own) = self.all.get_mut(at) {
            std::mem::swap(own, value);
        }
    }
}

impl<T> Order<T> {
    pub(crate) fn new(window: OrderWindow) -> Self {
        Self {
            window,
            waiting: BinaryHeap::new(),
            held: Slots::new(),
            whole: Slots::new(),
            bytes: 0,
            newest: Timestamp::MIN,
            last_out: Timestamp::MIN,
            finished: false,
        }
    }

    /// Whether nothing was ever held.
    pub(crate) fn is_new(&self) -> bool {
        self.held.all.is_empty()
    }

    /// Takes the record with what was made of it; whether it came too late to be put in order. Of a record that is
    /// `needed` whole another's memory is left in its place.
    pub(crate) fn push(&mut self, record: &mut Record, made: T, needed: bool) -> bool {
        self.newest = self.newest.max(record.time);
        let (time, place) = (record.time, record.place);
        let mut held = Some(Held {
            time_basis: record.time_basis,
            received: record.received,
            dialect: record.dialect,
            whole: None,
            made,
        });
        self.bytes += HEAD_BYTES;
        if let (true, Some(held)) = (needed, &mut held) {
            self.bytes += record.weight_bytes();
            held.whole = Some(self.whole.put(record));
        }
        self.waiting
            .push(Reverse((time, place, self.held.put(&mut held))));
        time < self.last_out
    }

    /// No more records will come: everything may go out.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// Moves the next record that is due into `record`; what was made of it.
    pub(crate) fn pop_into(&mut self, record: &mut Record) -> Option<T> {
        let Reverse((time, place, at)) = self.waiting.peek().copied()?;
        if !self.finished && !self.due(time) {
            return None;
        }
        self.waiting.pop();
        self.last_out = self.last_out.max(time);
        let mut held = None;
        self.held.take(at, &mut held);
        let held = held?;
        self.bytes = self.bytes.saturating_sub(HEAD_BYTES);
        match held.whole {
            Some(whole) => {
                self.whole.take(whole, record);
                self.bytes = self.bytes.saturating_sub(record.weight_bytes());
            }
            None => record.clear(),
        }
        record.time = time;
        record.place = place;
        record.time_basis = held.time_basis;
        record.received = held.received;
        record.dialect = held.dialect;
        Some(held.made)
    }

    fn due(&self, time: Timestamp) -> bool {
        let age = self.newest.duration_since(time);
        age >= SignedDuration::from_secs(i64::from(self.window.seconds))
            || self.waiting.len() > self.window.records
            || self.bytes > self.window.bytes
    }
}

//! Work on batches of records by several threads, with results in order.
//!
//! One thread decodes, others work, and the caller's takes the results one by one in the order of time: detection can
//! use every core while inference stays sequential. The batches go round, so memory is bounded and reused.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::stream::RecordStream;
use crate::record::Record;

/// How many threads work, and on how many records at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Threads that work, beside the one that decodes and the caller's; one: everything on the caller's.
    pub threads: usize,
    /// Records in a batch: enough that handing it over costs nothing beside the work.
    pub batch_records: usize,
}

impl Workers {
    /// So many threads, with batches of a good size.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            threads,
            batch_records: 512,
        }
    }
}

/// Batches that exist beside those the workers hold: one being filled, one waiting, one being taken.
const SPARE_BATCHES: usize = 3;

struct Batch {
    number: u64,
    records: Vec<Record>,
    filled: usize,
}

impl Batch {
    fn new(records: usize) -> Self {
        Self {
            number: 0,
            records: vec![Record::default(); records.max(1)],
            filled: 0,
        }
    }

    fn fill(&mut self, stream: &mut RecordStream, number: u64) -> bool {
        self.number = number;
        self.filled = stream.next_batch(&mut self.records);
        self.filled > 0
    }

    fn filled(&self) -> &[Record] {
        self.records.get(..self.filled).unwrap_or_default()
    }
}

/// Runs `work` over all records, batch by batch, with a state that `make` makes for each thread, and gives every
/// batch with its result to `each`, in order.
///
/// # Panics
/// When `work` panics, after the other threads have ended.
pub fn in_order<S, T: Send>(
    stream: &mut RecordStream,
    workers: Workers,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &[Record]) -> T + Sync,
    mut each: impl FnMut(&[Record], T),
) {
    if workers.threads <= 1 {
        let (mut state, mut batch) = (make(), Batch::new(workers.batch_records));
        while batch.fill(stream, 0) {
            let result = work(&mut state, batch.filled());
            each(batch.filled(), result);
        }
        return;
    }
    thread::scope(|scope| {
        let (give_back, free) = mpsc::channel();
        for _ in 0..workers.threads + SPARE_BATCHES {
            // The receiver is alive: it is in this scope.
            let _ = give_back.send(Batch::new(workers.batch_records));
        }
        let (full, to_do) = mpsc::channel();
        scope.spawn(move || decode(stream, &free, &full));
        let to_do = std::sync::Arc::new(Mutex::new(to_do));
        let (done, results) = mpsc::channel();
        for _ in 0..workers.threads {
            let (to_do, done) = (std::sync::Arc::clone(&to_do), done.clone());
            let (make, work) = (&make, &work);
            scope.spawn(move || toil(&to_do, done, make(), work));
        }
        drop((done, to_do));
        collect(&results, &give_back, &mut each);
    });
}

/// Fills batches until there are no more records, or nobody gives batches back.
fn decode(stream: &mut RecordStream, free: &Receiver<Batch>, full: &Sender<Batch>) {
    let mut number = 0;
    while let Ok(mut batch) = free.recv() {
        if !batch.fill(stream, number) || full.send(batch).is_err() {
            return;
        }
        number += 1;
    }
}

/// Tells the collecting thread when a worker panics, which would wait for its result for ever.
struct Alarm<T>(Sender<Option<(Batch, T)>>);

impl<T> Drop for Alarm<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listens any more only if another has raised the alarm.
            let _ = self.0.send(None);
        }
    }
}

fn toil<S, T>(
    to_do: &Mutex<Receiver<Batch>>,
    done: Sender<Option<(Batch, T)>>,
    mut state: S,
    work: &impl Fn(&mut S, &[Record]) -> T,
) {
    let alarm = Alarm(done);
    loop {
        let next = to_do.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = next else { return };
        let result = work(&mut state, batch.filled());
        if alarm.0.send(Some((batch, result))).is_err() {
            return;
        }
    }
}

/// Hands results on in the order of their batches, and the batches back.
fn collect<T>(
    results: &Receiver<Option<(Batch, T)>>,
    give_back: &Sender<Batch>,
    each: &mut impl FnMut(&[Record], T),
) {
    let (mut next, mut early) = (0, BTreeMap::new());
    while let Ok(Some((batch, result))) = results.recv() {
        early.insert(batch.number, (batch, result));
        while let Some((batch, result)) = early.remove(&next) {
            each(batch.filled(), result);
            next += 1;
            // The decoding thread has ended when it does not listen.
            let _ = give_back.send(batch);
        }
    }
}

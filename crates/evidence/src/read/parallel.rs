//! Work on batches of records by several threads, with results in order.
//!
//! The threads take turns at the stream: each fills a batch, lets the next one at it, and works on what it has just
//! decoded while that is still in its processor's cache. The caller's thread takes the results one by one in the order of
//! time: detection can use every core while inference stays sequential. The batches go round, so memory is bounded and
//! reused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::stream::RecordStream;
use crate::record::Record;

/// How many threads work, and on how many records at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Threads that decode and work, beside the caller's; one: everything on the caller's.
    pub threads: usize,
    /// Records in a batch: enough that handing it over costs nothing beside the work, and few enough for a cache.
    pub batch_records: usize,
}

impl Workers {
    /// So many threads, with batches of a good size.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self {
            threads,
            batch_records: 128,
        }
    }
}

/// Batches that exist beside those the workers hold: some waiting, one being taken.
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
    let (give_back, free) = mpsc::channel();
    for _ in 0..workers.threads + SPARE_BATCHES {
        // The receiver is alive: it is in this function.
        let _ = give_back.send(Batch::new(workers.batch_records));
    }
    let supply = Mutex::new(Supply {
        stream,
        free,
        next: 0,
    });
    thread::scope(|scope| {
        let (done, results) = mpsc::channel();
        for _ in 0..workers.threads {
            let (supply, done, make, work) = (&supply, done.clone(), &make, &work);
            scope.spawn(move || toil(supply, done, make(), work));
        }
        drop(done);
        collect(&results, give_back, &mut each);
    });
}

/// What the threads take turns at.
struct Supply<'s> {
    stream: &'s mut RecordStream,
    free: Receiver<Batch>,
    next: u64,
}

impl Supply<'_> {
    /// The next records; nothing when there are no more, or nobody gives batches back.
    fn batch(&mut self) -> Option<Batch> {
        let mut batch = self.free.recv().ok()?;
        if !batch.fill(self.stream, self.next) {
            return None;
        }
        self.next += 1;
        Some(batch)
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
    supply: &Mutex<Supply<'_>>,
    done: Sender<Option<(Batch, T)>>,
    mut state: S,
    work: &impl Fn(&mut S, &[Record]) -> T,
) {
    let alarm = Alarm(done);
    loop {
        // After another thread's panic the stream is not whole; the alarm has been raised.
        let Ok(next) = supply.lock().map(|mut supply| supply.batch()) else {
            return;
        };
        let Some(batch) = next else { return };
        let result = work(&mut state, batch.filled());
        if alarm.0.send(Some((batch, result))).is_err() {
            return;
        }
    }
}

/// Hands results on in the order of their batches, and the batches back; ends when the threads do, or with the first
/// alarm.
fn collect<T>(
    results: &Receiver<Option<(Batch, T)>>,
    give_back: Sender<Batch>,
    each: &mut impl FnMut(&[Record], T),
) {
    let (mut next, mut early) = (0, BTreeMap::new());
    while let Ok(Some((batch, result))) = results.recv() {
        early.insert(batch.number, (batch, result));
        while let Some((batch, result)) = early.remove(&next) {
            each(batch.filled(), result);
            next += 1;
            // Nobody takes batches any more once the stream has ended.
            let _ = give_back.send(batch);
        }
    }
    drop(give_back);
}

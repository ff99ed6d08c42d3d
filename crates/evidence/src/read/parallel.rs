//! Work on every record by several threads, with results in order.
//!
//! A thread cuts a piece off a file, lets another one at the file, and decodes and works on the piece while it is in its
//! processor's cache. The caller's thread puts the records of all files in the order of time and takes the results one by
//! one: detection can use every core while inference stays sequential. What a thread decodes into it gets back, so that
//! no processor writes where another has just written, and memory is bounded.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustc_hash::FxHashMap;

use super::merge::{Alone, Merge, Supply};
use super::parcel::Parcel;
use super::reader::Pieces;
use super::stream::RecordStream;
use crate::record::Record;

/// How many threads work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Threads that decode and work, beside the caller's; one: everything on the caller's.
    pub threads: usize,
}

impl Workers {
    /// So many threads.
    #[must_use]
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }
}

/// Runs `work` over all records, with a state that `make` makes for each thread, and gives every record with the result
/// to `each`, in order. A record of whose result `needed` says no comes without its fields: it would be held in memory
/// for nothing until it is due. The stream must be new; of one that records were taken from nothing comes.
///
/// # Panics
/// When `work` panics, after the other threads have ended.
pub fn in_order<S, T: Send>(
    stream: &mut RecordStream,
    workers: Workers,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &Record) -> T + Sync,
    needed: impl Fn(&T) -> bool,
    mut each: impl FnMut(&Record, T),
) {
    if workers.threads <= 1 {
        let alone = Alone::new(stream.sources(), make(), &work);
        Merge::new(stream, alone).run(&needed, &mut each);
        return;
    }
    let yard = Yard::new(stream.sources(), workers.threads);
    thread::scope(|scope| {
        // Dropped also when the caller's thread panics: the others end then.
        let closing = Closing(&yard);
        let (done, parcels) = mpsc::channel();
        for home in 0..workers.threads {
            let (yard, done, make, work) = (&yard, done.clone(), &make, &work);
            scope.spawn(move || toil(yard, done, home, make(), work));
        }
        drop(done);
        let crowd = Crowd {
            yard: closing.0,
            parcels,
            early: FxHashMap::default(),
            numbers: vec![0; stream.sources()],
        };
        Merge::new(stream, crowd).run(&needed, &mut each);
    });
}

/// Where the threads find what is to be done.
struct Yard<T> {
    inner: Mutex<Tasks<T>>,
    something: Condvar,
    threads: usize,
}

struct Tasks<T> {
    waiting: VecDeque<Task<T>>,
    files: Vec<File>,
    /// Files that have not been read to their end.
    open: usize,
    /// Parcels to be filled again, by the thread that filled them before.
    spare: Vec<Vec<Parcel<T>>>,
    closed: bool,
}

enum Task<T> {
    /// To work on what is decoded.
    Work(Box<Parcel<T>>),
    /// To cut the piece of this number off the file, decode it and work on it.
    Cut(usize, u64, Box<Pieces>),
}

/// How far ahead of the caller's thread a file has been read.
#[derive(Default)]
struct File {
    /// Parcels begun and not given back.
    out: usize,
    /// The rest of the file with the number of its next piece, if enough of it is out.
    rest: Option<(u64, Box<Pieces>)>,
}

/// Parcels of one file that may be out in any case: one being taken apart and one in the making.
const PARCELS_LEAST: usize = 2;

/// Parcels of all files together that may be out beside those, for each thread: enough that none waits for another.
const PARCELS_AHEAD: usize = 2;

impl<T> Yard<T> {
    fn new(sources: usize, threads: usize) -> Self {
        let inner = Tasks {
            waiting: VecDeque::new(),
            files: (0..sources).map(|_| File::default()).collect(),
            open: 0,
            spare: (0..threads).map(|_| Vec::new()).collect(),
            closed: false,
        };
        Self {
            inner: Mutex::new(inner),
            something: Condvar::new(),
            threads,
        }
    }

    /// Nothing is left half done when a thread panics: what is done under the lock does not.
    fn tasks(&self) -> MutexGuard<'_, Tasks<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, first: Parcel<T>, rest: Option<Box<Pieces>>) {
        let mut tasks = self.tasks();
        let member = first.member;
        if let Some(file) = tasks.files.get_mut(member) {
            file.out = 1;
        }
        tasks.waiting.push_back(Task::Work(Box::new(first)));
        tasks.open += usize::from(rest.is_some());
        drop(tasks);
        self.something.notify_one();
        if let Some(rest) = rest {
            self.go_on(member, 1, rest);
        }
    }

    /// Lets somebody at the rest of a file, now or when less of it is out.
    fn go_on(&self, member: usize, number: u64, rest: Box<Pieces>) {
        let mut tasks = self.tasks();
        let most = PARCELS_LEAST + PARCELS_AHEAD * self.threads / tasks.open.max(1);
        let Some(file) = tasks.files.get_mut(member) else {
            return;
        };
        if file.out >= most {
            file.rest = Some((number, rest));
            return;
        }
        file.out += 1;
        tasks.waiting.push_back(Task::Cut(member, number, rest));
        drop(tasks);
        self.something.notify_one();
    }

    fn give_back(&self, parcel: Parcel<T>) {
        let mut tasks = self.tasks();
        let member = parcel.member;
        if let Some(spare) = parcel.home.and_then(|home| tasks.spare.get_mut(home)) {
            spare.push(parcel);
        }
        let Some(file) = tasks.files.get_mut(member) else {
            return;
        };
        file.out = file.out.saturating_sub(1);
        let rest = file.rest.take();
        drop(tasks);
        if let Some((number, rest)) = rest {
            self.go_on(member, number, rest);
        }
    }

    /// Waits for something to do; with memory of the thread's own. Nothing when there will be no more.
    fn task(&self, home: usize) -> Option<(Task<T>, Parcel<T>)> {
        let mut tasks = self.tasks();
        loop {
            if tasks.closed {
                return None;
            }
            if let Some(task) = tasks.waiting.pop_front() {
                let spare = tasks.spare.get_mut(home).and_then(Vec::pop);
                return Some((task, spare.unwrap_or_else(|| Parcel::new(Some(home)))));
            }
            tasks = self.something.wait(tasks).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Sends the threads home.
struct Closing<'y, T>(&'y Yard<T>);

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        self.0.tasks().closed = true;
        self.0.something.notify_all();
    }
}

/// Tells the caller's thread when a worker panics, which would wait for its parcel for ever.
struct Alarm<T>(Sender<Option<Parcel<T>>>);

impl<T> Drop for Alarm<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listens any more only if another has raised the alarm.
            let _ = self.0.send(None);
        }
    }
}

fn toil<S, T>(
    yard: &Yard<T>,
    done: Sender<Option<Parcel<T>>>,
    home: usize,
    mut state: S,
    work: &impl Fn(&mut S, &Record) -> T,
) {
    let alarm = Alarm(done);
    while let Some((task, spare)) = yard.task(home) {
        let mut parcel = match task {
            Task::Work(parcel) => *parcel,
            Task::Cut(member, number, rest) => cut(yard, spare, (member, number), rest),
        };
        parcel.work(&mut state, work);
        if alarm.0.send(Some(parcel)).is_err() {
            return;
        }
    }
}

/// Cuts a piece off a file, lets somebody else at the rest, and decodes it.
fn cut<T>(
    yard: &Yard<T>,
    mut parcel: Parcel<T>,
    (member, number): (usize, u64),
    mut rest: Box<Pieces>,
) -> Parcel<T> {
    let more = parcel.cut(member, number, &mut rest);
    let context = Arc::clone(&rest.context);
    if more {
        yard.go_on(member, number + 1, rest);
    } else {
        yard.tasks().open -= 1;
    }
    parcel.decode(&context);
    parcel
}

/// Parcels made by several threads.
struct Crowd<'y, T> {
    yard: &'y Yard<T>,
    parcels: Receiver<Option<Parcel<T>>>,
    /// Parcels that came before their turn.
    early: FxHashMap<(usize, u64), Parcel<T>>,
    /// By file, the number of the parcel that comes next.
    numbers: Vec<u64>,
}

impl<T> Supply<T> for Crowd<'_, T> {
    fn begin(&mut self, first: Parcel<T>, rest: Option<Box<Pieces>>) {
        self.yard.begin(first, rest);
    }

    fn next(&mut self, member: usize) -> Option<Parcel<T>> {
        let number = self.numbers.get_mut(member)?;
        let wanted = (member, *number);
        *number += 1;
        loop {
            if let Some(parcel) = self.early.remove(&wanted) {
                return Some(parcel);
            }
            let parcel = self.parcels.recv().ok()??;
            self.early.insert((parcel.member, parcel.number), parcel);
        }
    }

    fn give_back(&mut self, parcel: Parcel<T>) {
        self.yard.give_back(parcel);
    }
}

//! Records of all files in the order of time, each with what was made of it, whoever makes it.

use jiff::Timestamp;

use super::clock::Clock;
use super::order::Order;
use super::parcel::Parcel;
use super::reader::Pieces;
use super::report::Report;
use super::stream::RecordStream;
use crate::record::Record;

/// Where parcels come from.
pub(super) trait Supply<T> {
    /// Takes up a file: its first records, of which nothing was made yet, and the rest of it if there is any.
    fn begin(&mut self, first: Parcel<T>, rest: Option<Box<Pieces>>);

    /// The next parcel of a file; none if it cannot be made.
    fn next(&mut self, member: usize) -> Option<Parcel<T>>;

    /// Takes the memory of a parcel back.
    fn give_back(&mut self, parcel: Parcel<T>);
}

/// A file on its way.
struct Queue<T> {
    /// When its first record happened.
    first: Option<Timestamp>,
    clock: Clock,
    report: Report,
    /// The parcel whose records come next, unless it is not there yet.
    parcel: Option<Parcel<T>>,
}

/// Takes the records out of the parcels of all files, the earliest first.
pub(super) struct Merge<'s, T, Own> {
    stream: &'s mut RecordStream,
    supply: Own,
    order: Order<T>,
    queues: Vec<Option<Queue<T>>>,
}

impl<'s, T, Own: Supply<T>> Merge<'s, T, Own> {
    /// Takes over a stream of which no record was taken.
    pub(super) fn new(stream: &'s mut RecordStream, supply: Own) -> Self {
        let order = Order::new(stream.window());
        let queues = (0..stream.sources()).map(|_| None).collect();
        Self {
            stream,
            supply,
            order,
            queues,
        }
    }

    /// Gives every record to `each`, in order; those of which `needed` says no without their fields.
    pub(super) fn run(mut self, needed: &impl Fn(&T) -> bool, each: &mut impl FnMut(&Record, T)) {
        for member in 0..self.queues.len() {
            self.adopt(member);
        }
        let mut record = Record::default();
        loop {
            while let Some(made) = self.order.pop_into(&mut record) {
                each(&record, made);
            }
            if !self.pull(needed) {
                break;
            }
        }
        self.order.finish();
        while let Some(made) = self.order.pop_into(&mut record) {
            each(&record, made);
        }
    }

    /// Takes a file over from the stream, if that has it open or all of its records.
    fn adopt(&mut self, member: usize) {
        let Some(reader) = self.stream.take_reader(member) else {
            return;
        };
        let (pieces, batch, clock, report) = reader.take_apart();
        let starts = batch.rest().first().map(|record| record.time);
        let first = Parcel::first(member, batch, report.bytes, pieces.is_none());
        if let Some(queue) = self.queues.get_mut(member) {
            *queue = Some(Queue {
                first: starts,
                clock,
                report,
                parcel: None,
            });
        }
        self.supply.begin(first, pieces);
    }

    /// Puts a file in line whose time has come; what is to be made of its records may have been made long before.
    fn open(&mut self, member: usize) {
        let known = self.queues.get(member).and_then(Option::as_ref);
        if let Some(first) = known.and_then(|queue| queue.first) {
            self.stream.line_up(member, first);
            return;
        }
        self.stream.open(member);
        self.adopt(member);
    }

    /// Moves the earliest of the next records into the window; false when there is none.
    fn pull(&mut self, needed: &impl Fn(&T) -> bool) -> bool {
        while let Some(member) = self.stream.due() {
            self.open(member);
        }
        let Some(member) = self.stream.earliest() else {
            return false;
        };
        if let Some(Some(queue)) = self.queues.get_mut(member) {
            if queue.parcel.is_none() {
                queue.parcel = self.supply.next(member);
            }
            if let Some(parcel) = &mut queue.parcel
                && let Some(record) = parcel.batch.take()
                && let Some(made) = parcel.made.pop_front()
            {
                queue.report.count(record.time_basis, &queue.clock);
                let needed = needed(&made);
                queue.report.late += u64::from(self.order.push(record, made, needed));
            }
        }
        self.line_up(member);
        true
    }

    /// Puts the next record of a file in line, or ends the file.
    fn line_up(&mut self, member: usize) {
        let Some(Some(queue)) = self.queues.get_mut(member) else {
            return;
        };
        while let Some(parcel) = queue.parcel.take() {
            if let Some(record) = parcel.batch.rest().first() {
                self.stream.line_up(member, record.time);
                queue.parcel = Some(parcel);
                return;
            }
            let last = parcel.last;
            self.supply.give_back(parcel);
            if !last {
                queue.parcel = self.supply.next(member);
            }
            if let Some(parcel) = &mut queue.parcel {
                let file = self.stream.file(member);
                queue.report.take(&mut parcel.batch, parcel.bytes);
                queue.report.note_failure(file, parcel.failure.take());
            }
        }
        if let Some(Some(queue)) = self.queues.get_mut(member).map(Option::take) {
            self.stream.set_report(member, queue.report);
        }
    }
}

/// Makes the parcels on the thread that asks for them.
pub(super) struct Alone<'w, T, S, W> {
    state: S,
    work: &'w W,
    files: Vec<File<T>>,
    spare: Vec<Parcel<T>>,
}

/// What is still to be made of a file.
struct File<T> {
    first: Option<Parcel<T>>,
    rest: Option<Box<Pieces>>,
    next: u64,
}

impl<T> File<T> {
    const fn new(first: Option<Parcel<T>>, rest: Option<Box<Pieces>>) -> Self {
        Self { first, rest, next: 1 }
    }
}

impl<'w, T, S, W: Fn(&mut S, &Record) -> T> Alone<'w, T, S, W> {
    pub(super) fn new(sources: usize, state: S, work: &'w W) -> Self {
        Self {
            state,
            work,
            files: (0..sources).map(|_| File::new(None, None)).collect(),
            spare: Vec::new(),
        }
    }
}

impl<T, S, W: Fn(&mut S, &Record) -> T> Supply<T> for Alone<'_, T, S, W> {
    fn begin(&mut self, first: Parcel<T>, rest: Option<Box<Pieces>>) {
        if let Some(file) = self.files.get_mut(first.member) {
            *file = File::new(Some(first), rest);
        }
    }

    fn next(&mut self, member: usize) -> Option<Parcel<T>> {
        let file = self.files.get_mut(member)?;
        if let Some(mut parcel) = file.first.take() {
            parcel.work(&mut self.state, self.work);
            return Some(parcel);
        }
        let mut pieces = file.rest.take()?;
        let mut parcel = self.spare.pop().unwrap_or_else(|| Parcel::new(Some(0)));
        let more = parcel.cut(member, file.next, &mut pieces);
        file.next += 1;
        parcel.decode(&pieces.context);
        parcel.work(&mut self.state, self.work);
        file.rest = more.then_some(pieces);
        Some(parcel)
    }

    fn give_back(&mut self, parcel: Parcel<T>) {
        self.spare.extend(parcel.home.map(|_| parcel));
    }
}

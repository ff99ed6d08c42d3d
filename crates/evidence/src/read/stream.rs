//! Many files as one stream of records in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use jiff::Timestamp;

use super::Options;
use super::input::Input;
use super::limits::MAX_OPEN_FILES;
use super::order::Order;
use super::reader::Reader;
use super::report::{Format, ReadError, Report};
use crate::record::{FileId, Record};

/// A log file that can be opened when it is its turn, and again if it had to be closed in between.
pub struct Source {
    /// Its name, for reports.
    pub name: String,
    /// Its number.
    pub file: FileId,
    /// When it was received, if known: the year of syslog lines and the time of records without one.
    pub receipt: Option<Timestamp>,
    /// Opens it.
    pub open: Box<dyn FnMut() -> io::Result<Input> + Send>,
}

enum State {
    /// Looked at, and closed until its time comes.
    Closed,
    Open(Box<Reader>),
    Ended,
}

struct Member {
    source: Source,
    state: State,
    report: Report,
}

/// Records of any number of files, in the order of time as far as the window allows.
///
/// Memory is bounded by the number of files open at a time and by the window. Where more files than can be open
/// overlap in time, the records of those opened late are passed on as late.
pub struct RecordStream {
    members: Vec<Member>,
    options: Options,
    /// Closed members by earliest time, the earliest last.
    closed: Vec<(Reverse<Timestamp>, usize)>,
    heads: BinaryHeap<Reverse<(Timestamp, FileId, usize)>>,
    order: Order,
    scratch: Record,
    failures: Vec<ReadError>,
}

impl RecordStream {
    /// Looks at the start of every source; those that cannot be read are in [`failures`](Self::failures).
    #[must_use]
    pub fn new(sources: Vec<Source>, options: Options) -> Self {
        let order = Order::new(options.order);
        let mut stream = Self {
            members: Vec::with_capacity(sources.len()),
            options,
            closed: Vec::new(),
            heads: BinaryHeap::new(),
            order,
            scratch: Record::default(),
            failures: Vec::new(),
        };
        // With more files than can be open, none stays open before its time has come.
        let keep_open = Self::opens_once(sources.len());
        for source in sources {
            stream.add(source, keep_open);
        }
        stream.closed.sort_unstable();
        stream
    }

    /// Whether each of so many sources is opened once only; of more, some are opened again when their time comes.
    #[must_use]
    pub const fn opens_once(sources: usize) -> bool {
        sources <= MAX_OPEN_FILES
    }

    fn add(&mut self, source: Source, keep_open: bool) {
        let report = Report::new(&source.name, Format::Empty);
        self.members.push(Member {
            source,
            state: State::Ended,
            report,
        });
        let index = self.members.len() - 1;
        let Some(earliest) = self.open(index) else {
            return;
        };
        if !keep_open && let Some(member) = self.members.get_mut(index) {
            member.state = State::Closed;
            self.heads.clear();
            self.closed.push((Reverse(earliest), index));
        }
    }

    /// Opens a member and puts its first record in line; the earliest time of its first records.
    fn open(&mut self, index: usize) -> Option<Timestamp> {
        let member = self.members.get_mut(index)?;
        let source = &mut member.source;
        let opened = (source.open)().map_err(|error| ReadError::Input {
            name: source.name.clone(),
            error,
        });
        let reader = opened
            .and_then(|input| Reader::open(&source.name, source.file, input, source.receipt, &self.options));
        match reader {
            Ok(reader) => {
                let earliest = reader.earliest();
                member.state = State::Open(Box::new(reader));
                self.queue(index);
                earliest
            }
            Err(error) => {
                self.failures.push(error);
                None
            }
        }
    }

    /// Puts the next record of an open member in line, or ends the member.
    fn queue(&mut self, index: usize) {
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        let State::Open(reader) = &mut member.state else {
            return;
        };
        match reader.head_time() {
            Some(time) => self.heads.push(Reverse((time, member.source.file, index))),
            None => {
                member.report = reader.report.clone();
                member.state = State::Ended;
            }
        }
    }

    /// Opens the closed members whose time has come.
    fn open_due(&mut self) {
        while let Some((Reverse(earliest), index)) = self.closed.last().copied() {
            let next = self.heads.peek().map(|Reverse((time, _, _))| *time);
            if next.is_some_and(|time| time < earliest) || self.heads.len() >= MAX_OPEN_FILES {
                return;
            }
            self.closed.pop();
            self.open(index);
        }
    }

    /// Moves the next record of the files into the window; false when there is none.
    fn pull(&mut self) -> bool {
        self.open_due();
        let Some(Reverse((_, _, index))) = self.heads.pop() else {
            return false;
        };
        if let Some(member) = self.members.get_mut(index)
            && let State::Open(reader) = &mut member.state
            && reader.next_into(&mut self.scratch)
            && self.order.push(&mut self.scratch)
        {
            reader.report.late += 1;
        }
        self.queue(index);
        true
    }

    /// Swaps the next record into `record`, without allocating once warm; false at the end.
    pub fn next_into(&mut self, record: &mut Record) -> bool {
        loop {
            if self.order.pop_into(record) {
                return true;
            }
            if !self.pull() {
                self.order.finish();
                return self.order.pop_into(record);
            }
        }
    }

    /// Fills `batch` with the next records, up to as many as it has; how many were filled.
    pub fn next_batch(&mut self, batch: &mut [Record]) -> usize {
        let mut filled = 0;
        for record in batch {
            if !self.next_into(record) {
                break;
            }
            filled += 1;
        }
        filled
    }

    /// The report of each source so far, in the order given.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.members.iter().map(|member| match &member.state {
            State::Open(reader) => &reader.report,
            State::Closed | State::Ended => &member.report,
        })
    }

    /// The sum of all reports so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut total = Report::new("", Format::Empty);
        for report in self.reports() {
            if total.format == Format::Empty {
                total.format = report.format;
            }
            total.add(report);
        }
        total
    }

    /// The sources that could not be opened or recognised.
    #[must_use]
    pub fn failures(&self) -> &[ReadError] {
        &self.failures
    }
}

impl Iterator for RecordStream {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut record = Record::default();
        self.next_into(&mut record).then_some(record)
    }
}

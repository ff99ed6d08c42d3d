//! Many files as one stream of records in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use jiff::Timestamp;

use super::Options;
use super::input::Input;
use super::limits::{MAX_KEPT_BYTES, MAX_OPEN_FILES};
use super::order::{Order, OrderWindow};
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
    /// Looked at, and closed until its time comes; with all its records if those were few.
    Closed(Option<Box<Reader>>),
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
    order: Order<()>,
    scratch: Record,
    /// Bytes of records of closed members.
    kept_bytes: usize,
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
            kept_bytes: 0,
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
        if !keep_open {
            self.heads.clear();
            self.close(index);
            self.closed.push((Reverse(earliest), index));
        }
    }

    /// Closes a member that was looked at, and keeps its records if that is all of it and there is room.
    fn close(&mut self, index: usize) {
        let Some(member) = self.members.get_mut(index) else {
            return;
        };
        let State::Open(mut reader) = std::mem::replace(&mut member.state, State::Closed(None)) else {
            return;
        };
        let bytes = reader.kept_bytes().map(|bytes| self.kept_bytes + bytes);
        if let Some(bytes) = bytes.filter(|bytes| *bytes <= MAX_KEPT_BYTES) {
            self.kept_bytes = bytes;
            member.state = State::Closed(Some(reader));
        }
    }

    /// Opens a member and puts its first record in line; the earliest time of its first records.
    pub(super) fn open(&mut self, index: usize) -> Option<Timestamp> {
        let member = self.members.get_mut(index)?;
        if let State::Closed(Some(_)) = &member.state
            && let State::Closed(Some(reader)) = std::mem::replace(&mut member.state, State::Ended)
        {
            let earliest = reader.earliest();
            member.state = State::Open(reader);
            self.queue(index);
            return earliest;
        }
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

    /// A closed member whose time has come.
    pub(super) fn due(&mut self) -> Option<usize> {
        let (Reverse(earliest), index) = self.closed.last().copied()?;
        let next = self.heads.peek().map(|Reverse((time, _, _))| *time);
        if next.is_some_and(|time| time < earliest) || self.heads.len() >= MAX_OPEN_FILES {
            return None;
        }
        self.closed.pop();
        Some(index)
    }

    /// The member whose next record is the earliest; it is in line no longer.
    pub(super) fn earliest(&mut self) -> Option<usize> {
        self.heads.pop().map(|Reverse((_, _, index))| index)
    }

    /// Puts a member in line with the time of its next record.
    pub(super) fn line_up(&mut self, index: usize, time: Timestamp) {
        let file = self.file(index);
        self.heads.push(Reverse((time, file, index)));
    }

    /// The number of a member's file.
    pub(super) fn file(&self, index: usize) -> FileId {
        self.members
            .get(index)
            .map_or(FileId(0), |member| member.source.file)
    }

    /// How many sources there are.
    pub(super) fn sources(&self) -> usize {
        self.members.len()
    }

    /// How far out of order records may come.
    pub(super) fn window(&self) -> OrderWindow {
        self.options.order
    }

    /// Takes the reader out of a member that is open or whose records are kept, if no record was ever taken from the
    /// stream.
    pub(super) fn take_reader(&mut self, index: usize) -> Option<Reader> {
        let member = self.members.get_mut(index).filter(|_| self.order.is_new())?;
        match std::mem::replace(&mut member.state, State::Ended) {
            State::Open(reader) | State::Closed(Some(reader)) => Some(*reader),
            other => {
                member.state = other;
                None
            }
        }
    }

    /// Keeps the report of a member that has ended.
    pub(super) fn set_report(&mut self, index: usize, report: Report) {
        if let Some(member) = self.members.get_mut(index) {
            member.report = report;
        }
    }

    /// Moves the next record of the files into the window; false when there is none.
    fn pull(&mut self) -> bool {
        while let Some(index) = self.due() {
            self.open(index);
        }
        let Some(index) = self.earliest() else {
            return false;
        };
        if let Some(member) = self.members.get_mut(index)
            && let State::Open(reader) = &mut member.state
            && reader.next_into(&mut self.scratch)
            && self.order.push(&mut self.scratch, (), true)
        {
            reader.report.late += 1;
        }
        self.queue(index);
        true
    }

    /// Swaps the next record into `record`, without allocating once warm; false at the end.
    pub fn next_into(&mut self, record: &mut Record) -> bool {
        loop {
            if self.order.pop_into(record).is_some() {
                return true;
            }
            if !self.pull() {
                self.order.finish();
                return self.order.pop_into(record).is_some();
            }
        }
    }

    /// The report of each source so far, in the order given.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.members.iter().map(|member| match &member.state {
            State::Open(reader) => &reader.report,
            State::Closed(_) | State::Ended => &member.report,
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

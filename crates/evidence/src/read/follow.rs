//! A log that is still being written: bytes as they come to records, without waiting for more.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use memchr::memrchr;

use super::block::{Batch, Block};
use super::clock::{Clock, LocalTime};
use super::context::Context;
use super::limits::{MAX_ITEM_BYTES, PEEK_BYTES};
use super::lines::{Ending, Lines, last_row_end};
use super::reader::assign_headers;
use super::recognise::recognise;
use super::report::{Format, ReadError, Report, Unreadable};
use super::zeek::Header;
use super::{Options, csv};
use crate::record::{FileId, Record};

/// Decodes whole lines as they come. Records are handed on in the order in which they were written: what is live cannot wait for
/// what may yet come before it.
///
/// Formats of one record a line can be followed: JSON lines, syslog, Zeek's tab-separated logs and CSV with a mapping.
/// ```
/// use cordon_evidence::read::{Follower, Options};
/// use cordon_evidence::record::FileId;
///
/// let mut follower = Follower::new("security.json", FileId(0), &Options::default());
/// let (now, mut seen) = ("2026-01-01T00:00:00Z".parse().unwrap(), 0);
/// follower.push(br#"{"@timestamp":"2020-10-22T08:29:48.785Z","Even"#, now, &mut |_| seen += 1);
/// follower.push(b"tID\":4624}\n", now, &mut |record| seen += record.int("EventID").unwrap());
/// assert_eq!(seen, 4624);
/// ```
pub struct Follower {
    name: String,
    file: FileId,
    options: Options,
    state: State,
    /// What came after the last whole line.
    rest: Vec<u8>,
    /// True while a line that is too long goes on.
    skipping: bool,
    next_line: u64,
    report: Report,
}

/// What is known of the format.
enum State {
    Unknown,
    Known(Box<Known>),
}

struct Known {
    context: Context,
    lines: Lines,
    ending: Ending,
    header: Arc<Header>,
    block: Block,
    batch: Batch,
}

impl Follower {
    /// Follows a log from its start; its format is recognised by the first lines that come.
    #[must_use]
    pub fn new(name: &str, file: FileId, options: &Options) -> Self {
        Self {
            name: name.to_owned(),
            file,
            options: options.clone(),
            state: State::Unknown,
            rest: Vec::new(),
            skipping: false,
            next_line: 1,
            report: Report::new(name, Format::Empty),
        }
    }

    /// Follows a log of which `lines` whole lines were read already; `start` is its first bytes, 64 KiB of them if there are so many.
    ///
    /// # Errors
    /// When the log is of no known format, or of one that cannot be followed.
    pub fn after(
        name: &str,
        file: FileId,
        options: &Options,
        start: &[u8],
        lines: u64,
    ) -> Result<Self, ReadError> {
        let mut follower = Self::new(name, file, options);
        follower.next_line = lines + 1;
        let start = start.get(..PEEK_BYTES).unwrap_or(start);
        if !start.trim_ascii().is_empty() {
            follower.recognise(start)?;
        }
        Ok(follower)
    }

    /// What was met so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Takes in what was written, at this time, and hands on every record that is whole.
    pub fn push(&mut self, bytes: &[u8], received: Timestamp, each: &mut dyn FnMut(&Record)) {
        self.report.bytes += bytes.len() as u64;
        // A line that is too long is thrown away piece by piece, so that what is kept stays bounded.
        for piece in bytes.chunks(MAX_ITEM_BYTES) {
            self.rest.extend_from_slice(piece);
            self.decode(received, each);
            self.bound();
        }
    }

    fn decode(&mut self, received: Timestamp, each: &mut dyn FnMut(&Record)) {
        if self.skipping && !self.skip_line() {
            return;
        }
        if matches!(self.state, State::Unknown) && !self.begin() {
            return;
        }
        let State::Known(known) = &mut self.state else {
            return;
        };
        let end = match known.ending {
            Ending::Line => memrchr(b'\n', &self.rest).map(|at| at + 1),
            Ending::Row => last_row_end(&self.rest),
        };
        let Some(end) = end else { return };
        known.block.bytes.extend(self.rest.drain(..end));
        known.decode(received);
        self.next_line = known.lines.next_line();
        known.hand_on(&mut self.report, each);
    }

    /// Learns the format from the first whole lines; false if there are none, or none that say it.
    fn begin(&mut self) -> bool {
        let Some(end) = memrchr(b'\n', &self.rest).map(|at| at + 1) else {
            return false;
        };
        let start: Vec<u8> = self.rest.iter().take(end.min(PEEK_BYTES)).copied().collect();
        if start.trim_ascii().is_empty() {
            self.forget(end);
            return false;
        }
        let first_line = self.next_line;
        match self.recognise(&start) {
            Ok(()) => true,
            Err(error) => {
                self.forget(end);
                self.report.note(Unreadable {
                    file: self.file,
                    position: first_line,
                    reason: error.to_string(),
                });
                false
            }
        }
    }

    /// Forgets whole lines.
    fn forget(&mut self, end: usize) {
        let lines = self.rest.drain(..end).filter(|byte| *byte == b'\n').count();
        self.next_line += lines as u64;
    }

    fn recognise(&mut self, start: &[u8]) -> Result<(), ReadError> {
        let format = recognise(start, false, self.options.csv_map.as_ref())
            .map_err(|looks| self.not_recognised(looks))?;
        let ending = match format {
            Format::JsonLines | Format::Syslog | Format::ZeekTsv => Ending::Line,
            Format::Csv => Ending::Row,
            Format::Empty | Format::Evtx | Format::JsonDocuments => {
                return Err(self.not_recognised(format!(
                    "{format} cannot be followed while it is written; one record a line can"
                )));
            }
        };
        let map = self.options.csv_map.clone();
        let columns = match (format, &map) {
            (Format::Csv, Some(map)) => Some(self.columns(map, start)?),
            _ => None,
        };
        let zone = match &self.options.local_time {
            LocalTime::Zone(zone) => Some(zone.clone()),
            LocalTime::Receipt | LocalTime::Inferred => None::<TimeZone>,
        };
        self.report.format = format;
        self.state = State::Known(Box::new(Known {
            context: Context {
                file: self.file,
                format,
                clock: Clock { zone, receipt: None },
                columns,
            },
            lines: Lines::new(self.file, ending, self.next_line),
            ending,
            header: zeek_header(format, start),
            block: Block::default(),
            batch: Batch::default(),
        }));
        Ok(())
    }

    /// The columns of a CSV log, whose header is its first line.
    fn columns(&mut self, map: &csv::CsvMap, start: &[u8]) -> Result<csv::Columns, ReadError> {
        let end = memchr::memchr(b'\n', start).map_or(start.len(), |at| at + 1);
        let header = String::from_utf8_lossy(start.get(..end).unwrap_or_default()).into_owned();
        let columns = map
            .columns(header.trim_end())
            .map_err(|looks| self.not_recognised(looks))?;
        if self.next_line == 1 {
            self.forget(end.min(self.rest.len()));
        }
        Ok(columns)
    }

    fn not_recognised(&self, looks: String) -> ReadError {
        ReadError::NotRecognised {
            name: self.name.clone(),
            looks,
        }
    }

    /// Throws a line away that is longer than any real one.
    fn bound(&mut self) {
        if self.rest.len() < MAX_ITEM_BYTES {
            return;
        }
        self.report.note(Unreadable {
            file: self.file,
            position: self.next_line,
            reason: format!("longer than {MAX_ITEM_BYTES} bytes, skipped"),
        });
        self.rest.clear();
        self.skipping = true;
    }

    /// Goes on to the end of the line that is skipped; false if it has not come.
    fn skip_line(&mut self) -> bool {
        let end = memchr::memchr(b'\n', &self.rest);
        let Some(at) = end else {
            self.rest.clear();
            return false;
        };
        self.rest.drain(..=at);
        self.skipping = false;
        self.next_line += 1;
        if let State::Known(known) = &mut self.state {
            known.lines.set_next_line(self.next_line);
        }
        true
    }
}

impl Known {
    fn decode(&mut self, received: Timestamp) {
        self.context.clock.receipt = Some(received);
        self.lines.split(&mut self.block);
        if self.context.format == Format::ZeekTsv {
            assign_headers(&mut self.block, &mut self.header);
        }
        self.block.decode(&self.context, &mut self.batch);
    }

    fn hand_on(&mut self, report: &mut Report, each: &mut dyn FnMut(&Record)) {
        for record in self.batch.rest() {
            report.events += 1;
            report.times.count(record.time_basis);
            each(record);
        }
        report.repaired += self.batch.repaired;
        for place in self.batch.unreadable.drain(..) {
            report.note(place);
        }
        self.batch.clear();
        self.block.clear();
    }
}

/// The header that Zeek wrote at the start of a log.
fn zeek_header(format: Format, start: &[u8]) -> Arc<Header> {
    let mut header = Header::default();
    if format == Format::ZeekTsv {
        for line in start
            .split(|byte| *byte == b'\n')
            .filter(|line| line.starts_with(b"#"))
        {
            header.read(&String::from_utf8_lossy(line));
        }
    }
    Arc::new(header)
}

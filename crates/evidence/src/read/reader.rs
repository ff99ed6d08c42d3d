//! One file: its bytes split into blocks and decoded, in file order.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::block::{Batch, Block};
use super::clock::{Clock, LocalTime, infer_offset};
use super::context::Context;
use super::documents::Documents;
use super::evtx::Chunks;
use super::input::{Feed, Input, decompressed};
use super::instant::Instant;
use super::limits::PEEK_BYTES;
use super::lines::{Ending, Lines};
use super::recognise::recognise;
use super::report::{Format, ReadError, Report, Unreadable};
use super::zeek::Header;
use super::{Options, dialect};
use crate::record::{FileId, Record, TimeBasis};

enum Splitter {
    Nothing,
    Lines(Lines),
    Zeek(Lines, Arc<Header>),
    Documents(Documents),
    Chunks(Chunks),
}

/// One open file.
pub(crate) struct Reader {
    feed: Feed,
    splitter: Splitter,
    context: Context,
    block: Block,
    batch: Batch,
    done: bool,
    pub(crate) report: Report,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Reader {
    /// Recognises the format and decodes the first records.
    pub(crate) fn open(
        name: &str,
        file: FileId,
        input: Input,
        receipt: Option<Timestamp>,
        options: &Options,
    ) -> Result<Self, ReadError> {
        let input = decompressed(input).map_err(|error| ReadError::Input {
            name: name.to_owned(),
            error,
        })?;
        let mut feed = Feed::new(input, options.block_bytes);
        if feed.peek(PEEK_BYTES).starts_with(BYTE_ORDER_MARK) {
            feed.skip(BYTE_ORDER_MARK.len());
        }
        let start = feed.peek(PEEK_BYTES);
        let whole = start.len() < PEEK_BYTES;
        let format =
            recognise(start, whole, options.csv_map.as_ref()).map_err(|looks| ReadError::NotRecognised {
                name: name.to_owned(),
                looks,
            })?;
        let zone = match &options.local_time {
            LocalTime::Zone(zone) => Some(zone.clone()),
            LocalTime::Receipt | LocalTime::Inferred => None,
        };
        let mut reader = Self {
            feed,
            splitter: splitter(format, file),
            context: Context {
                file,
                format,
                clock: Clock { zone, receipt },
                columns: None,
            },
            block: Block::default(),
            batch: Batch::default(),
            done: false,
            report: Report::new(name, format),
        };
        reader.read_csv_header(options)?;
        reader.split_and_decode(options.local_time == LocalTime::Inferred);
        Ok(reader)
    }

    fn read_csv_header(&mut self, options: &Options) -> Result<(), ReadError> {
        let (Format::Csv, Some(map)) = (self.context.format, &options.csv_map) else {
            return Ok(());
        };
        let start = self.feed.peek(PEEK_BYTES);
        let end = memchr::memchr(b'\n', start).map_or(start.len(), |at| at + 1);
        let header = String::from_utf8_lossy(start.get(..end).unwrap_or_default()).into_owned();
        self.feed.skip(end);
        let columns = map
            .columns(header.trim_end())
            .map_err(|looks| ReadError::NotRecognised {
                name: self.report.name.clone(),
                looks,
            })?;
        self.context.columns = Some(columns);
        Ok(())
    }

    /// The time of the next record, if there is one.
    pub(crate) fn head_time(&mut self) -> Option<Timestamp> {
        loop {
            if let Some(record) = self.batch.rest().first() {
                return Some(record.time);
            }
            if self.done {
                return None;
            }
            self.split_and_decode(false);
        }
    }

    /// The earliest time among the records decoded so far.
    pub(crate) fn earliest(&self) -> Option<Timestamp> {
        self.batch.rest().iter().map(|record| record.time).min()
    }

    /// Swaps the next record into `record`; false at the end.
    pub(crate) fn next_into(&mut self, record: &mut Record) -> bool {
        if self.head_time().is_none() || !self.batch.take_into(record) {
            return false;
        }
        self.report.events += 1;
        self.report.times.count(record.time_basis);
        if record.time_basis != TimeBasis::Exact && self.report.local_time.is_none() {
            self.report.local_time = self.local_time();
        }
        true
    }

    fn split_and_decode(&mut self, infer_zone: bool) {
        self.block.clear();
        self.batch.clear();
        let more = self.split();
        if infer_zone {
            self.infer_zone();
        }
        self.block.decode(&self.context, &mut self.batch);
        self.report.bytes = self.feed.bytes();
        self.report.repaired += self.batch.repaired;
        for place in self.batch.unreadable.drain(..) {
            self.report.note(place);
        }
        if !more {
            self.end();
        }
    }

    fn split(&mut self) -> bool {
        match &mut self.splitter {
            Splitter::Nothing => false,
            Splitter::Lines(lines) => lines.next(&mut self.feed, &mut self.block),
            Splitter::Documents(documents) => documents.next(&mut self.feed, &mut self.block),
            Splitter::Chunks(chunks) => chunks.next(&mut self.feed, &mut self.block),
            Splitter::Zeek(lines, header) => {
                let more = lines.next(&mut self.feed, &mut self.block);
                assign_headers(&mut self.block, header);
                more
            }
        }
    }

    fn end(&mut self) {
        self.done = true;
        if let Some(reason) = self.feed.take_failure() {
            let position = self.report.events + self.report.unreadable + 1;
            let file = self.context.file;
            self.report.note(Unreadable {
                file,
                position,
                reason,
            });
        }
    }

    /// How local times were understood, for the report.
    fn local_time(&self) -> Option<String> {
        let times = self.report.times;
        if let Some(zone) = &self.context.clock.zone
            && times.assumed_zone > 0
        {
            return Some(match zone.iana_name() {
                Some(name) => format!("local times taken in {name}"),
                None => format!(
                    "local times taken as UTC{}",
                    zone.to_offset(Timestamp::UNIX_EPOCH)
                ),
            });
        }
        if times.receipt > 0 {
            return Some("local times have no zone: records are placed at their receipt".to_owned());
        }
        (times.assumed_zone > 0).then(|| "local times have no zone: taken as UTC".to_owned())
    }

    /// Finds the zone of local times from the first block's records.
    fn infer_zone(&mut self) {
        let mut sample = Batch::default();
        self.block.decode_sample(&self.context, &mut sample);
        let mut pairs: Vec<_> = sample.rest().iter().filter_map(local_and_receipt).collect();
        self.context.clock.zone = infer_offset(&mut pairs).map(Offset::to_time_zone);
    }
}

fn local_and_receipt(record: &Record) -> Option<(Timestamp, Timestamp)> {
    match dialect::instant_in(record, "EventTime")? {
        Instant::Exact(_) => None,
        local @ Instant::Local(_) => Some((local.in_zone(&TimeZone::UTC)?, record.received?)),
    }
}

fn splitter(format: Format, file: FileId) -> Splitter {
    match format {
        Format::Empty => Splitter::Nothing,
        Format::Evtx => Splitter::Chunks(Chunks::new(file)),
        Format::JsonDocuments => Splitter::Documents(Documents::new(file)),
        Format::ZeekTsv => Splitter::Zeek(Lines::new(file, Ending::Line, 1), Arc::default()),
        Format::Csv => Splitter::Lines(Lines::new(file, Ending::Row, 2)),
        Format::JsonLines | Format::Syslog => Splitter::Lines(Lines::new(file, Ending::Line, 1)),
    }
}

/// Takes the header lines out of the block and tells every row which of them are for it.
pub(crate) fn assign_headers(block: &mut Block, header: &mut Arc<Header>) {
    block.headers.push(Arc::clone(header));
    let Block {
        bytes,
        items,
        headers,
        ..
    } = block;
    let mut changed = false;
    items.retain_mut(|item| {
        let line = bytes.get(item.start..item.end).unwrap_or_default();
        if line.starts_with(b"#") {
            changed |= Arc::make_mut(header).read(&String::from_utf8_lossy(line));
            return false;
        }
        if std::mem::take(&mut changed) {
            headers.push(Arc::clone(header));
        }
        item.header = headers.len() - 1;
        true
    });
}

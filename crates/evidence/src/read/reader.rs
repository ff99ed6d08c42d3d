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
use super::report::{Format, ReadError, Report};
use super::zeek::Header;
use super::{Options, dialect};
use crate::record::{FileId, Record};

enum Splitter {
    Nothing,
    Lines(Lines),
    Zeek(Lines, Arc<Header>),
    Documents(Documents),
    Chunks(Chunks),
}

/// What is still to be read of a file: its bytes, cut into blocks one after another.
pub(crate) struct Pieces {
    feed: Feed,
    splitter: Splitter,
    pub(crate) context: Arc<Context>,
}

impl Pieces {
    /// Fills `block`, which is empty, with what comes next; false at the end of the input.
    pub(crate) fn next(&mut self, block: &mut Block) -> bool {
        match &mut self.splitter {
            Splitter::Nothing => false,
            Splitter::Lines(lines) => lines.next(&mut self.feed, block),
            Splitter::Documents(documents) => documents.next(&mut self.feed, block),
            Splitter::Chunks(chunks) => chunks.next(&mut self.feed, block),
            Splitter::Zeek(lines, header) => {
                let more = lines.next(&mut self.feed, block);
                assign_headers(block, header);
                more
            }
        }
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.feed.bytes()
    }

    /// Why the input broke off, once.
    pub(crate) fn take_failure(&mut self) -> Option<String> {
        self.feed.take_failure()
    }
}

/// One open file.
pub(crate) struct Reader {
    pieces: Pieces,
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
        let context = Context {
            file,
            format,
            clock: Clock { zone, receipt },
            columns: None,
        };
        let mut reader = Self {
            pieces: Pieces {
                feed,
                splitter: splitter(format, file),
                context: Arc::new(context),
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
        let (Format::Csv, Some(map)) = (self.pieces.context.format, &options.csv_map) else {
            return Ok(());
        };
        let start = self.pieces.feed.peek(PEEK_BYTES);
        let end = memchr::memchr(b'\n', start).map_or(start.len(), |at| at + 1);
        let header = String::from_utf8_lossy(start.get(..end).unwrap_or_default()).into_owned();
        self.pieces.feed.skip(end);
        let columns = map
            .columns(header.trim_end())
            .map_err(|looks| ReadError::NotRecognised {
                name: self.report.name.clone(),
                looks,
            })?;
        Arc::make_mut(&mut self.pieces.context).columns = Some(columns);
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
        self.report.count(record.time_basis, &self.pieces.context.clock);
        true
    }

    fn split_and_decode(&mut self, infer_zone: bool) {
        self.block.clear();
        self.batch.clear();
        let more = self.pieces.next(&mut self.block);
        if infer_zone {
            self.infer_zone();
        }
        self.block.decode(&self.pieces.context, &mut self.batch);
        self.report.take(&mut self.batch, self.pieces.bytes());
        if !more {
            self.done = true;
            self.report
                .note_failure(self.pieces.context.file, self.pieces.take_failure());
        }
    }

    /// The weight of its records in bytes if they are all decoded and the file need not stay open for more.
    pub(crate) fn kept_bytes(&mut self) -> Option<usize> {
        let used_up = self.done || self.pieces.feed.close_if_used_up();
        self.block = Block::default();
        used_up.then(|| self.batch.rest().iter().map(Record::weight_bytes).sum())
    }

    /// What is still to be read if there is anything, the records decoded already, and the report so far.
    pub(crate) fn take_apart(self) -> (Option<Box<Pieces>>, Batch, Clock, Report) {
        let clock = self.pieces.context.clock.clone();
        let pieces = (!self.done).then(|| Box::new(self.pieces));
        (pieces, self.batch, clock, self.report)
    }

    /// Finds the zone of local times from the first block's records.
    fn infer_zone(&mut self) {
        let mut sample = Batch::default();
        self.block.decode_sample(&self.pieces.context, &mut sample);
        let mut pairs: Vec<_> = sample.rest().iter().filter_map(local_and_receipt).collect();
        Arc::make_mut(&mut self.pieces.context).clock.zone =
            infer_offset(&mut pairs).map(Offset::to_time_zone);
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

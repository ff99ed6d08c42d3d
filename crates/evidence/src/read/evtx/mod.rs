//! Windows event log files: chunks of 64 KiB, each with its records, names and templates.
//!
//! A record of binary XML is turned into fields without building XML or JSON: a template is compiled once per chunk
//! into the list of fields that it yields, and each record then only places its values. The format is that of
//! [MS-EVEN6] section 2.2 and of the libevtx documentation.

mod bytes;
mod program;
mod record;
mod values;

use super::block::{Batch, Block};
use super::context::Context;
use super::input::Feed;
use super::report::Unreadable;
use crate::record::{FileId, RecordPlace};
use bytes::{u32_at, u64_at};
use record::Decoder;

pub(crate) const FILE_MAGIC: &[u8] = b"ElfFile\0";
pub(crate) const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
const RECORD_MAGIC: &[u8] = b"\x2a\x2a\0\0";

const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65_536;
const CHUNK_HEADER_BYTES: usize = 512;
const RECORD_HEADER_BYTES: usize = 24;

/// Splits a file into its chunks.
pub(crate) struct Chunks {
    file: FileId,
    started: bool,
    /// How many chunks the header of a file that was closed cleanly announces.
    announced: u64,
    seen: u64,
}

impl Chunks {
    pub(crate) fn new(file: FileId) -> Self {
        Self {
            file,
            started: false,
            announced: 0,
            seen: 0,
        }
    }

    /// Fills `block` with the next chunk; false at the end of the input.
    pub(crate) fn next(&mut self, feed: &mut Feed, block: &mut Block) -> bool {
        if !self.started {
            self.started = true;
            self.read_header(feed);
        }
        feed.fill(&mut block.bytes, CHUNK_BYTES);
        let rest = block.bytes.split_off(CHUNK_BYTES.min(block.bytes.len()));
        feed.give_back(&rest);
        if block.bytes.is_empty() {
            self.note_missing(block);
            return false;
        }
        self.seen += 1;
        true
    }

    fn read_header(&mut self, feed: &mut Feed) {
        let start = feed.peek(FILE_HEADER_BYTES);
        if !start.starts_with(FILE_MAGIC) {
            return;
        }
        let dirty = u32_at(start, 120).is_none_or(|flags| flags & 1 != 0);
        if !dirty {
            let count = start.get(42..44).and_then(|two| two.first_chunk::<2>());
            self.announced = count.map_or(0, |two| u64::from(u16::from_le_bytes(*two)));
        }
        feed.skip(FILE_HEADER_BYTES);
    }

    fn note_missing(&mut self, block: &mut Block) {
        if self.seen < self.announced {
            block.unreadable.push(Unreadable {
                file: self.file,
                position: 0,
                reason: format!(
                    "only {} of the {} chunks announced are there",
                    self.seen, self.announced
                ),
            });
        }
    }
}

/// The header of a chunk, as far as it is needed.
struct ChunkHeader {
    first_id: u64,
    last_id: u64,
    free_offset: usize,
}

impl ChunkHeader {
    fn read(chunk: &[u8]) -> Option<Self> {
        if !chunk.starts_with(CHUNK_MAGIC) {
            return None;
        }
        Some(Self {
            first_id: u64_at(chunk, 24)?,
            last_id: u64_at(chunk, 32)?,
            free_offset: u32_at(chunk, 48)? as usize,
        })
    }
}

/// Decodes the records of one chunk, the last of a truncated file included.
pub(crate) fn decode_chunk(chunk: &[u8], context: &Context, batch: &mut Batch) {
    let place = |position| RecordPlace {
        file: context.file,
        position,
    };
    let Some(header) = ChunkHeader::read(chunk) else {
        if !is_blank(chunk) {
            batch.decode_one(place(0), |_, _| Err("a chunk without its header".to_owned()));
        }
        return;
    };
    let mut decoder = Decoder::new(chunk);
    let mut walk = Walk::new(chunk, &header);
    let mut last = None;
    while let Some(found) = walk.next() {
        match found {
            Ok(raw) => {
                last = Some(raw.id);
                batch.decode_one(place(raw.id), |record, _| {
                    decoder.decode(&raw, record, &context.clock)
                });
            }
            Err(offset) => {
                let at = place(last.map_or(header.first_id, |id| id + 1));
                batch.decode_one(at, |_, _| {
                    Err(format!(
                        "no record where one should be, at byte {offset} of its chunk"
                    ))
                });
            }
        }
    }
    if chunk.len() < CHUNK_BYTES {
        note_lost(&header, last, &place, batch);
    }
}

/// Whether the chunk was never used; 64 bytes at a time, as most chunks of small logs are blank.
fn is_blank(chunk: &[u8]) -> bool {
    chunk
        .chunks(64)
        .all(|some| some.iter().fold(0, |all, byte| all | byte) == 0)
}

/// Most records that one chunk can hold.
const MAX_RECORDS: u64 = (CHUNK_BYTES / RECORD_HEADER_BYTES) as u64;

fn note_lost(header: &ChunkHeader, last: Option<u64>, place: &dyn Fn(u64) -> RecordPlace, batch: &mut Batch) {
    let from = last.map_or(header.first_id, |id| id.saturating_add(1));
    let to = header.last_id.min(from.saturating_add(MAX_RECORDS));
    for id in from..=to {
        batch.decode_one(place(id), |_, _| {
            Err("the file ends before this record".to_owned())
        });
    }
}

/// One record as it lies in the chunk.
pub(crate) struct Raw {
    id: u64,
    /// Hundreds of nanoseconds since 1601.
    written: u64,
    /// Its binary XML.
    start: usize,
    end: usize,
}

/// Walks over the records of a chunk; behind a broken one it goes on with the next that is whole.
struct Walk<'a> {
    chunk: &'a [u8],
    first_id: u64,
    last_id: u64,
    end: usize,
    at: Option<usize>,
}

impl<'a> Walk<'a> {
    fn new(chunk: &'a [u8], header: &ChunkHeader) -> Self {
        Self {
            chunk,
            first_id: header.first_id,
            last_id: header.last_id,
            end: header.free_offset.min(chunk.len()),
            at: Some(CHUNK_HEADER_BYTES),
        }
    }

    /// The next record, or the offset at which one is broken.
    fn next(&mut self) -> Option<Result<Raw, usize>> {
        let at = self.at?;
        if at >= self.end {
            return None;
        }
        if let Some(raw) = self.record_at(at) {
            self.at = (raw.id != self.last_id).then_some(raw.end + 4);
            return Some(Ok(raw));
        }
        self.at = self.resume(at + 1);
        let blank = self.chunk.get(at..at + 4).is_none_or(|magic| magic == [0; 4]);
        if self.at.is_none() && (blank || self.chunk.len() < CHUNK_BYTES) {
            return None;
        }
        Some(Err(at))
    }

    fn record_at(&self, at: usize) -> Option<Raw> {
        if !self.chunk.get(at..)?.starts_with(RECORD_MAGIC) {
            return None;
        }
        let size = u32_at(self.chunk, at + 4)? as usize;
        let end = at.checked_add(size)?.checked_sub(4)?;
        let start = at + RECORD_HEADER_BYTES;
        (start <= end && end + 4 <= self.chunk.len()).then_some(Raw {
            id: u64_at(self.chunk, at + 8)?,
            written: u64_at(self.chunk, at + 16)?,
            start,
            end,
        })
    }

    /// Where the next record lies whose id is of this chunk and whose size is repeated at its end.
    fn resume(&self, from: usize) -> Option<usize> {
        let span = self.chunk.get(from..self.end)?;
        memchr::memmem::find_iter(span, RECORD_MAGIC)
            .map(|found| from + found)
            .find(|at| {
                self.record_at(*at).is_some_and(|raw| {
                    (self.first_id..=self.last_id).contains(&raw.id)
                        && u32_at(self.chunk, raw.end) == u32_at(self.chunk, at + 4)
                })
            })
    }
}

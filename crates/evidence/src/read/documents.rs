//! Splits a stream of JSON values into its objects: one after another, in an array, or in a wrapper object such as
//! CloudTrail's `{"Records": [...]}`.

use memchr::memchr2;

use super::block::{Block, Item};
use super::input::Feed;
use super::limits::MAX_ITEM_BYTES;
use super::report::Unreadable;
use crate::record::FileId;

/// Keys of a top-level object whose array holds the records.
const WRAPPERS: [&[u8]; 6] = [b"Records", b"records", b"value", b"events", b"Events", b"logs"];

/// Whether a key says that its array holds the records.
pub(crate) fn is_wrapper(key: &[u8]) -> bool {
    WRAPPERS.contains(&key)
}

/// The state of splitting one file; it survives from block to block.
pub(crate) struct Documents {
    file: FileId,
    line: u64,
    depth: usize,
    /// Depth at which objects are records: 0, 1 in an array, 2 in a wrapper.
    base: usize,
    in_string: bool,
    escaped: bool,
    /// Where the object being read starts in the block, and on which line.
    open: Option<(usize, u64)>,
    /// The object being read is too long and only its end is looked for.
    dropping: bool,
    /// Where the newest string at the wrapper's depth starts and ends.
    key: (usize, usize),
    /// The last line on which something else than objects was met.
    stray_line: u64,
}

impl Documents {
    pub(crate) fn new(file: FileId) -> Self {
        Self {
            file,
            line: 1,
            depth: 0,
            base: 0,
            in_string: false,
            escaped: false,
            open: None,
            dropping: false,
            key: (0, 0),
            stray_line: 0,
        }
    }

    /// Fills `block` with whole objects; false at the end of the input.
    pub(crate) fn next(&mut self, feed: &mut Feed, block: &mut Block) -> bool {
        let mut scanned = 0;
        let mut want = feed.block_bytes();
        loop {
            feed.fill(&mut block.bytes, want);
            if block.bytes.len() == scanned {
                return self.finish(block);
            }
            self.scan(block, scanned);
            scanned = block.bytes.len();
            if !block.items.is_empty() || self.dropping || self.open.is_none() {
                self.keep_rest(block, feed);
                return true;
            }
            if scanned >= MAX_ITEM_BYTES {
                self.drop_open(block);
            }
            want = scanned * 2;
        }
    }

    /// The input ended: an object still open is a broken one.
    fn finish(&mut self, block: &mut Block) -> bool {
        let Some((_, line)) = self.open.take() else {
            return false;
        };
        self.note(block, line, "the input ends inside this object");
        true
    }

    fn note(&self, block: &mut Block, position: u64, reason: &str) {
        block.unreadable.push(Unreadable {
            file: self.file,
            position,
            reason: reason.to_owned(),
        });
    }

    fn drop_open(&mut self, block: &mut Block) {
        if let Some((_, line)) = self.open.take() {
            self.note(
                block,
                line,
                &format!("longer than {MAX_ITEM_BYTES} bytes, skipped"),
            );
        }
        self.dropping = true;
    }

    /// Gives the unfinished object back to the feed, to be scanned again from its start.
    fn keep_rest(&mut self, block: &mut Block, feed: &mut Feed) {
        let Some((start, line)) = self.open.take() else {
            return;
        };
        feed.give_back(block.bytes.get(start..).unwrap_or_default());
        block.bytes.truncate(start);
        self.depth = self.base;
        self.line = line;
        self.in_string = false;
        self.escaped = false;
    }

    fn scan(&mut self, block: &mut Block, from: usize) {
        let mut at = from;
        while let Some(byte) = block.bytes.get(at).copied() {
            if self.in_string {
                at = self.skip_string(&block.bytes, at);
                continue;
            }
            self.step(byte, at, block);
            at += 1;
        }
    }

    /// Moves to behind the string's end, or to the end of the bytes.
    fn skip_string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if std::mem::take(&mut self.escaped) {
            at += 1;
        }
        while let Some(found) = memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            at += found;
            if bytes.get(at) == Some(&b'"') {
                self.in_string = false;
                self.key.1 = at;
                return at + 1;
            }
            at += 2;
            self.escaped = at > bytes.len();
        }
        bytes.len()
    }

    fn step(&mut self, byte: u8, at: usize, block: &mut Block) {
        match byte {
            b'\n' => self.line += 1,
            b'"' if self.depth > 0 => {
                self.in_string = true;
                self.key = (at + 1, at + 1);
            }
            b'{' => self.open_object(at),
            b'[' => self.open_array(&block.bytes),
            b'}' | b']' => self.close(at, block),
            b' ' | b'\t' | b'\r' | b',' => {}
            _ if self.depth <= 1 && self.depth == self.base => self.stray(block),
            _ => {}
        }
    }

    /// Something that is no object where records stand, counted once a line.
    fn stray(&mut self, block: &mut Block) {
        if self.stray_line != self.line {
            self.stray_line = self.line;
            self.note(block, self.line, "no JSON object");
        }
    }

    fn open_object(&mut self, at: usize) {
        if self.depth == self.base && !self.dropping {
            self.open = Some((at, self.line));
        }
        self.depth += 1;
    }

    fn open_array(&mut self, bytes: &[u8]) {
        let key = bytes.get(self.key.0..self.key.1).unwrap_or_default();
        if self.depth == 0 {
            self.base = 1;
        } else if self.depth == 1 && self.base == 0 && !self.dropping && is_wrapper(key) {
            self.base = 2;
            self.open = None;
        }
        self.depth += 1;
    }

    fn close(&mut self, at: usize, block: &mut Block) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == self.base {
            self.dropping = false;
            if let Some((start, position)) = self.open.take() {
                block.items.push(Item {
                    start,
                    end: at + 1,
                    position,
                    header: 0,
                });
            }
        }
        if self.depth == 0 {
            self.base = 0;
        } else if self.depth < self.base {
            // The wrapper's array ended; the rest of the wrapper holds no records.
            self.base = usize::MAX;
        }
    }
}

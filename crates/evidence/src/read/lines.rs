//! Splits text into lines, or into CSV rows, block by block.

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::block::{Block, Item};
use super::input::Feed;
use super::limits::MAX_ITEM_BYTES;
use super::report::Unreadable;
use crate::record::FileId;

/// What ends an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every line feed.
    Line,
    /// A line feed outside double quotes.
    Row,
}

/// The state of splitting one file.
pub(crate) struct Lines {
    file: FileId,
    ending: Ending,
    next_line: u64,
}

impl Lines {
    pub(crate) fn new(file: FileId, ending: Ending, next_line: u64) -> Self {
        Self {
            file,
            ending,
            next_line,
        }
    }

    /// Fills `block` with whole items; false at the end of the input.
    pub(crate) fn next(&mut self, feed: &mut Feed, block: &mut Block) -> bool {
        let mut want = feed.block_bytes();
        loop {
            feed.fill(&mut block.bytes, want);
            if block.bytes.is_empty() {
                return false;
            }
            if feed.ended() || self.cut(block, feed) {
                self.split(block);
                return true;
            }
            if block.bytes.len() >= MAX_ITEM_BYTES {
                self.skip_item(feed, block);
                return true;
            }
            want = block.bytes.len() * 2;
        }
    }

    /// Ends the block after its last whole item and gives the rest back; false if there is no whole item.
    fn cut(&self, block: &mut Block, feed: &mut Feed) -> bool {
        let end = match self.ending {
            Ending::Line => memrchr(b'\n', &block.bytes).map(|at| at + 1),
            Ending::Row => last_row_end(&block.bytes),
        };
        let Some(end) = end else { return false };
        feed.give_back(block.bytes.get(end..).unwrap_or_default());
        block.bytes.truncate(end);
        true
    }

    /// The line that comes next.
    pub(crate) const fn next_line(&self) -> u64 {
        self.next_line
    }

    /// Goes on at this line, when lines before it were passed over.
    pub(crate) const fn set_next_line(&mut self, line: u64) {
        self.next_line = line;
    }

    /// Finds the items in a block that ends with a whole one.
    pub(crate) fn split(&mut self, block: &mut Block) {
        let mut start = 0;
        while start < block.bytes.len() {
            let rest = block.bytes.get(start..).unwrap_or_default();
            let (length, lines) = match self.ending {
                Ending::Line => (memchr(b'\n', rest).map_or(rest.len(), |at| at + 1), 1),
                Ending::Row => row_length(rest).unwrap_or_else(|| unended_row(rest)),
            };
            let text = rest.get(..length).unwrap_or_default().trim_ascii_end();
            if !text.is_empty() {
                block.items.push(Item {
                    start,
                    end: start + text.len(),
                    position: self.next_line,
                    header: 0,
                });
            }
            self.next_line += lines;
            start += length;
        }
    }

    /// Forgets an item that is too long, up to its end; of a row with a quote that does not close, its first line.
    fn skip_item(&mut self, feed: &mut Feed, block: &mut Block) {
        block.unreadable.push(Unreadable {
            file: self.file,
            position: self.next_line,
            reason: format!("longer than {MAX_ITEM_BYTES} bytes, skipped"),
        });
        self.next_line += 1;
        loop {
            if let Some(at) = memchr(b'\n', &block.bytes) {
                feed.give_back(block.bytes.get(at + 1..).unwrap_or_default());
                block.bytes.clear();
                return;
            }
            block.bytes.clear();
            feed.fill(&mut block.bytes, feed.block_bytes());
            if block.bytes.is_empty() {
                return;
            }
        }
    }
}

/// The length of the first row with its line feed, and how many lines it spans; none if it does not end.
fn row_length(bytes: &[u8]) -> Option<(usize, u64)> {
    let (mut at, mut quoted, mut lines) = (0, false, 0);
    while let Some(found) = memchr2(b'"', b'\n', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if bytes.get(at - 1) == Some(&b'"') {
            quoted = !quoted;
        } else {
            lines += 1;
            if !quoted {
                return Some((at, lines));
            }
        }
    }
    None
}

/// A row that the input ends in. If a quote in it is never closed it is only its first line, so that one stray quote
/// does not take the rest of the file with it.
fn unended_row(bytes: &[u8]) -> (usize, u64) {
    let open = memchr_iter(b'"', bytes).count() % 2 == 1;
    let first = memchr(b'\n', bytes).filter(|_| open);
    match first {
        Some(at) => (at + 1, 1),
        None => (bytes.len(), 1),
    }
}

/// Where the last whole row ends, if there is one.
pub(crate) fn last_row_end(bytes: &[u8]) -> Option<usize> {
    let (mut end, mut rest) = (0, bytes);
    while let Some((length, _)) = row_length(rest) {
        end += length;
        rest = rest.get(length..)?;
    }
    (end > 0).then_some(end)
}

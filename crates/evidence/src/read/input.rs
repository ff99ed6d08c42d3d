//! Bytes of a source, decompressed, pulled in pieces.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::limits::{MAX_COMPRESSION_LAYERS, MAX_ZSTD_WINDOW_LOG};

/// The bytes of a log file.
pub type Input = Box<dyn Read + Send>;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Undoes gzip and zstd, by content, up to a few layers.
///
/// # Errors
/// When the first bytes cannot be read or decompressed; the reader returned fails later for what is broken later.
pub fn decompressed(mut input: Input) -> io::Result<Input> {
    for _ in 0..MAX_COMPRESSION_LAYERS {
        let mut magic = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let gzip = magic.starts_with(GZIP);
        let zstd = magic.starts_with(ZSTD);
        let whole: Input = Box::new(Cursor::new(magic).chain(input));
        input = if gzip {
            Box::new(MultiGzDecoder::new(whole))
        } else if zstd {
            let mut decoder = zstd::stream::read::Decoder::new(whole)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        } else {
            return Ok(whole);
        };
    }
    Ok(input)
}

/// An input with what was read and not yet used.
pub(crate) struct Feed {
    input: Input,
    pending: Vec<u8>,
    ended: bool,
    failure: Option<String>,
    bytes: u64,
    block_bytes: usize,
}

impl Feed {
    pub(crate) fn new(input: Input, block_bytes: usize) -> Self {
        Self {
            input,
            pending: Vec::new(),
            ended: false,
            failure: None,
            bytes: 0,
            block_bytes,
        }
    }

    /// How much to read at a time.
    pub(crate) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lets go of the input if it has ended and nothing of it is left; whether that is so.
    pub(crate) fn close_if_used_up(&mut self) -> bool {
        let used_up = self.peek(1).is_empty();
        if used_up {
            self.input = Box::new(io::empty());
            self.pending = Vec::new();
        }
        used_up
    }

    /// Whether nothing more will come.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Why the input broke off, once.
    pub(crate) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Reads until `pending` has `want` bytes or the input ends; what is pending.
    pub(crate) fn peek(&mut self, want: usize) -> &[u8] {
        let mut pending = std::mem::take(&mut self.pending);
        self.fill(&mut pending, want);
        self.pending = pending;
        &self.pending
    }

    /// Forgets the first `count` pending bytes.
    pub(crate) fn skip(&mut self, count: usize) {
        self.pending.drain(..count.min(self.pending.len()));
    }

    /// Gives back bytes that were taken too many; they come first next time.
    pub(crate) fn give_back(&mut self, bytes: &[u8]) {
        self.pending.splice(..0, bytes.iter().copied());
    }

    /// Appends to `buffer` until it has `want` bytes or the input ends.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>, want: usize) {
        buffer.append(&mut self.pending);
        if buffer.len() >= want || self.ended {
            return;
        }
        let before = buffer.len();
        buffer.resize(want, 0);
        let count = self.read(buffer.get_mut(before..).unwrap_or_default());
        buffer.truncate(before + count);
        self.bytes += count as u64;
    }

    /// Fills `room` with as few calls as the input allows, or up to its end; how many bytes came.
    fn read(&mut self, room: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => self.ended = true,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(format!("the input breaks off: {error}"));
                }
            }
            if self.ended {
                break;
            }
        }
        filled
    }
}

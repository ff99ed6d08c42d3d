//! What a reader accepts before it gives up on a piece of input, each with its reason.

/// Bytes of text handed to a decoder at a time: the second-level cache holds a few such pieces with what is decoded from
/// them.
pub(crate) const BLOCK_BYTES: usize = 64 * 1024;

/// Longest line or JSON document: the largest real events (script blocks, audit batches) are far below it, and a
/// line of any length is skipped in this much memory.
pub(crate) const MAX_ITEM_BYTES: usize = 8 * 1024 * 1024;

/// Deepest nesting of JSON and of binary XML: real events stay below 12; the readers recurse once per level.
pub(crate) const MAX_DEPTH: usize = 64;

/// Most fields of one record: real ones have below 200.
pub(crate) const MAX_FIELDS: usize = 16_384;

/// A record may hold this many times the bytes of its source, for names that nesting repeats.
pub(crate) const MAX_GROWTH: usize = 8;

/// Room that even the smallest record may use.
pub(crate) const MIN_TEXT_BYTES: usize = 64 * 1024;

/// Compressions inside one another that are undone: a compressed file in a compressed transfer.
pub(crate) const MAX_COMPRESSION_LAYERS: usize = 3;

/// Largest window of a zstd frame, as a power of two: 128 MiB, what `zstd --long` writes at most by default.
pub(crate) const MAX_ZSTD_WINDOW_LOG: u32 = 27;

/// Unreadable places kept with their reason; the rest is only counted.
pub(crate) const MAX_PLACES: usize = 20;

/// Files of one run that are open at the same time: below the usual limit of 1,024 descriptors.
pub(crate) const MAX_OPEN_FILES: usize = 256;

/// Bytes of records held, of all files of a run together, so that those need not be opened again that the first look
/// has read to their end: a folder of many small files is decoded once then.
pub(crate) const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of a file looked at to recognise its format and how it tells time.
pub(crate) const PEEK_BYTES: usize = 64 * 1024;

/// Bytes looked at to decode one EVTX chunk of 64 KiB: real ones need below 1 MiB.
pub(crate) const MAX_CHUNK_WORK: usize = 16 * 1024 * 1024;

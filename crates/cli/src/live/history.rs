//! What stands in logs before they are followed: read on every core, up to the last whole line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cordon_evidence::read::{Follower, Options, RecordStream, Source};
use cordon_evidence::record::FileId;

use crate::input::logs::{Counted, Logs};

/// Bytes from which the format is recognised, and what `Follower::after` takes.
const START_BYTES: u64 = 64 * 1024;

/// Bytes looked through at a time.
const PIECE_BYTES: usize = 1 << 20;

/// How far a log was read, and how to go on.
pub(super) struct Mark {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Where the first byte lies that was not read.
    pub(super) position: u64,
    /// None if it cannot be followed: then it was read once, as a whole.
    pub(super) follower: Option<Follower>,
}

/// The whole lines that stand in a log now.
struct Extent {
    bytes: u64,
    lines: u64,
    start: Vec<u8>,
}

/// Opens logs at what stands in them now, and marks where to go on. `name` makes a number for each.
pub(super) fn open(
    paths: &[PathBuf],
    options: &Options,
    names: &mut Vec<String>,
) -> io::Result<(Logs, Vec<Mark>)> {
    let bytes_read = Arc::new(AtomicU64::new(0));
    let (mut sources, mut marks, mut bytes_total) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        let id = FileId(names.len() as u32);
        let mut file = File::open(path)?;
        let extent = extent(&mut file)?;
        let follower = follower(path, id, options, &extent);
        let end = if follower.is_some() {
            extent.bytes
        } else {
            file.metadata()?.len()
        };
        sources.push(source(path, id, end, &file, &bytes_read)?);
        names.push(path.display().to_string());
        bytes_total += end;
        marks.push(Mark {
            path: path.clone(),
            file,
            position: end,
            follower,
        });
    }
    let logs = Logs {
        stream: RecordStream::new(sources, options.clone()),
        names: names.clone(),
        skipped: Vec::new(),
        bytes_total,
        bytes_read,
    };
    Ok((logs, marks))
}

fn follower(path: &Path, id: FileId, options: &Options, extent: &Extent) -> Option<Follower> {
    let name = path.display().to_string();
    Follower::after(&name, id, options, &extent.start, extent.lines).ok()
}

fn source(path: &Path, id: FileId, end: u64, file: &File, bytes_read: &Arc<AtomicU64>) -> io::Result<Source> {
    let receipt = file.metadata()?.modified().ok();
    let (own, read) = (path.to_owned(), Arc::clone(bytes_read));
    Ok(Source {
        name: path.display().to_string(),
        file: id,
        receipt: receipt.and_then(|time| jiff::Timestamp::try_from(time).ok()),
        open: Box::new(move || {
            Ok(Box::new(
                Counted::new(File::open(&own)?, Arc::clone(&read)).take(end),
            ))
        }),
    })
}

/// Counts the whole lines, and remembers how the log begins.
fn extent(file: &mut File) -> io::Result<Extent> {
    let mut extent = Extent {
        bytes: 0,
        lines: 0,
        start: Vec::new(),
    };
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(START_BYTES).read_to_end(&mut extent.start)?;
    file.seek(SeekFrom::Start(0))?;
    let (mut piece, mut at) = (vec![0; PIECE_BYTES], 0_u64);
    loop {
        let count = file.read(&mut piece)?;
        let filled = piece.get(..count).unwrap_or_default();
        if filled.is_empty() {
            break;
        }
        extent.lines += filled.iter().filter(|byte| **byte == b'\n').count() as u64;
        if let Some(last) = filled.iter().rposition(|byte| *byte == b'\n') {
            extent.bytes = at + last as u64 + 1;
        }
        at += count as u64;
    }
    let whole = usize::try_from(extent.bytes).unwrap_or(usize::MAX);
    extent.start.truncate(whole);
    Ok(extent)
}

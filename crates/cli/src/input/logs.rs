//! Log files: found, opened, and read with how far they have come.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use cordon_evidence::read::{CsvMap, LocalTime, Options, ReadError, RecordStream, Source};
use cordon_evidence::record::FileId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{cannot_read, text, walk};
use crate::console::Console;
use crate::failure::Failure;

/// Which logs, and how to read them.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// Log files and folders of them, in any known format, also compressed; - is standard input
    #[arg(required = true, value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// What local times without a zone mean: a zone (Europe/London), an offset (-04:00), or `infer` from the times
    /// of receipt [default: the time of receipt where there is one, else UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// Read CSV by this mapping: column to field, time format, log source
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
}

/// Logs being read.
pub(crate) struct Logs {
    /// The records, in the order of time.
    pub(crate) stream: RecordStream,
    /// The name of each file, by number.
    pub(crate) names: Vec<String>,
    /// Files that lie in a folder named but are no logs.
    pub(crate) skipped: Vec<Skipped>,
    /// Bytes of all files; 0 if it is not known of one.
    pub(crate) bytes_total: u64,
    /// Bytes read so far.
    pub(crate) bytes_read: Arc<AtomicU64>,
}

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Skipped {
    /// Its name.
    pub(crate) file: String,
    /// Why.
    pub(crate) reason: String,
}

/// Files skipped that are named in a note; the rest are counted.
const SKIPPED_SHOWN: usize = 5;

impl Logs {
    /// Where a record stands, for people.
    pub(crate) fn name(&self, file: FileId) -> &str {
        self.names.get(file.0 as usize).map_or("?", String::as_str)
    }
}

/// Finds and opens everything named; `except` is a file that is no log although it lies among them.
pub(crate) fn open(
    arguments: &LogArguments,
    except: Option<&Path>,
    console: &Console,
) -> Result<Logs, Failure> {
    let options = options(arguments)?;
    let bytes_read = Arc::new(AtomicU64::new(0));
    let (mut sources, mut names, mut bytes_total) = (Vec::new(), Vec::new(), Some(0_u64));
    let (mut paths, mut named, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for path in &arguments.logs {
        for file in files(path, except, &mut skipped)? {
            named.push(file == *path);
            paths.push(file);
        }
    }
    let once = RecordStream::opens_once(paths.len());
    for path in &paths {
        let (source, bytes) = source(path, FileId(names.len() as u32), once, &bytes_read)?;
        names.push(source.name.clone());
        sources.push(source);
        bytes_total = bytes_total.zip(bytes).map(|(total, bytes)| total + bytes);
    }
    if sources.is_empty() {
        return Err(Failure::input(
            "no log file found\nName a log file, or a folder that has some.",
        ));
    }
    let stream = RecordStream::new(sources, options);
    pass_over(&stream, &names, &named, &mut skipped, console)?;
    Ok(Logs {
        stream,
        names,
        skipped,
        bytes_total: bytes_total.unwrap_or(0),
        bytes_read,
    })
}

/// How the logs are to be read.
pub(crate) fn options(arguments: &LogArguments) -> Result<Options, Failure> {
    let local_time = match arguments.timezone.as_deref() {
        None => LocalTime::default(),
        Some("infer") => LocalTime::Inferred,
        Some(words) => LocalTime::Zone(zone(words)?),
    };
    let csv_map = match &arguments.map {
        None => None,
        Some(path) => {
            let map = CsvMap::from_yaml(&path.display().to_string(), &text(path)?);
            Some(map.map_err(|error| Failure::input(error.to_string()))?)
        }
    };
    Ok(Options {
        local_time,
        csv_map,
        ..Options::default()
    })
}

fn zone(words: &str) -> Result<TimeZone, Failure> {
    let offset = || {
        jiff::fmt::strtime::parse("%:z", words)
            .ok()?
            .offset()
            .map(TimeZone::fixed)
    };
    TimeZone::get(words).ok().or_else(offset).ok_or_else(|| {
        Failure::input(format!(
            "--timezone {words}: no such zone\nWrite Europe/London, UTC, -04:00 or infer."
        ))
    })
}

fn files(path: &Path, except: Option<&Path>, skipped: &mut Vec<Skipped>) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let except = except.and_then(|path| path.canonicalize().ok());
    let mut files = walk::files(path)?;
    if let Some(except) = except {
        files.retain(|file| file.canonicalize().map_or(true, |file| file != except));
    }
    files.retain(|file| {
        let is_truth = file.file_name().is_some_and(|name| name == "truth.json");
        if is_truth {
            skipped.push(Skipped {
                file: file.display().to_string(),
                reason: "the truth about a recording, not a log; name the file itself to read it as one"
                    .to_owned(),
            });
        }
        !is_truth
    });
    Ok(files)
}

/// A source, and its size if it is known.
type Measured = (Source, Option<u64>);

/// A source that can be opened as often as need be: `once` or again.
fn source(path: &Path, file: FileId, once: bool, read: &Arc<AtomicU64>) -> Result<Measured, Failure> {
    let metadata = std::fs::metadata(path);
    let regular = metadata.as_ref().is_ok_and(std::fs::Metadata::is_file);
    if path.as_os_str() == "-" || (metadata.is_ok() && !regular) {
        return if once {
            streamed(path, file, read)
        } else {
            spooled(path, file, read)
        };
    }
    let metadata = metadata.map_err(|error| cannot_read(path, &error))?;
    let receipt = metadata
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok());
    let (own, read) = (path.to_owned(), Arc::clone(read));
    let source = Source {
        name: path.display().to_string(),
        file,
        receipt,
        open: Box::new(move || Ok(Box::new(Counted::new(File::open(&own)?, Arc::clone(&read))))),
    };
    Ok((source, Some(metadata.len())))
}

/// Standard input or a pipe as it comes; its size is known only if it is a file after all.
fn streamed(path: &Path, file: FileId, read: &Arc<AtomicU64>) -> Result<Measured, Failure> {
    let input = open_once(path).map_err(|error| cannot_read(path, &error))?;
    let metadata = input.metadata().ok().filter(std::fs::Metadata::is_file);
    let (mut input, read) = (Some(input), Arc::clone(read));
    let source = Source {
        name: shown(path),
        file,
        receipt: None,
        open: Box::new(move || {
            let input = input
                .take()
                .ok_or_else(|| io::Error::other("it can be read once only"))?;
            Ok(Box::new(Counted::new(input, Arc::clone(&read))))
        }),
    };
    Ok((source, metadata.map(|metadata| metadata.len())))
}

fn open_once(path: &Path) -> io::Result<File> {
    if path.as_os_str() == "-" {
        return io::stdin().as_fd().try_clone_to_owned().map(File::from);
    }
    File::open(path)
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Standard input or a pipe can be read once only; beside so many files that some are opened again, it is written to a
/// temporary file first.
fn spooled(path: &Path, file: FileId, read: &Arc<AtomicU64>) -> Result<Measured, Failure> {
    let spool = || -> io::Result<(tempfile::NamedTempFile, u64)> {
        let mut spool = tempfile::NamedTempFile::new()?;
        let bytes = io::copy(&mut open_once(path)?, spool.as_file_mut())?;
        Ok((spool, bytes))
    };
    let (spool, bytes) = spool().map_err(|error| cannot_read(path, &error))?;
    let read = Arc::clone(read);
    let source = Source {
        name: shown(path),
        file,
        receipt: None,
        open: Box::new(move || Ok(Box::new(Counted::new(spool.reopen()?, Arc::clone(&read))))),
    };
    Ok((source, Some(bytes)))
}

/// Counts what is read.
pub(crate) struct Counted {
    input: File,
    read: Arc<AtomicU64>,
}

impl Counted {
    /// Reads this file, and adds to this count.
    pub(crate) const fn new(input: File, read: Arc<AtomicU64>) -> Self {
        Self { input, read }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A file that was named must be a log; one that merely lies in a folder is skipped.
fn pass_over(
    stream: &RecordStream,
    names: &[String],
    named: &[bool],
    skipped: &mut Vec<Skipped>,
    console: &Console,
) -> Result<(), Failure> {
    for failure in stream.failures() {
        let (name, reason) = parts(failure);
        let own = names.iter().zip(named).find(|(own, _)| **own == name);
        if own.is_some_and(|(_, named)| *named) {
            return Err(Failure::input(failure.to_string()));
        }
        skipped.push(Skipped { file: name, reason });
    }
    for one in skipped.iter().take(SKIPPED_SHOWN) {
        console.note(&format!("{} skipped: {}", one.file, one.reason));
    }
    if skipped.len() > SKIPPED_SHOWN {
        console.note(&format!("{} more files skipped", skipped.len() - SKIPPED_SHOWN));
    }
    if stream.failures().len() == names.len() {
        return Err(Failure::input(
            "none of the files is a log that can be read\nEVTX, JSON, Zeek, syslog, and with --map CSV can be read, also \
             compressed with gzip or zstd.",
        ));
    }
    Ok(())
}

/// The file that failed, and why.
fn parts(failure: &ReadError) -> (String, String) {
    match failure {
        ReadError::Input { name, error } => (name.clone(), format!("it cannot be read: {error}")),
        ReadError::NotRecognised { name, looks } => (name.clone(), format!("not a known log: {looks}")),
        ReadError::Mapping { name, reason } => (name.clone(), reason.clone()),
    }
}

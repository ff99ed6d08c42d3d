//! What a run over log files met: counts, formats, and what could not be read.

use std::fmt;

use jiff::Timestamp;

use super::block::Batch;
use super::clock::Clock;
use super::limits::MAX_PLACES;
use crate::record::{FileId, TimeBasis};

/// A format of log files, recognised by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Nothing in the file.
    Empty,
    /// Windows event log file.
    Evtx,
    /// One JSON object per line.
    JsonLines,
    /// JSON objects in an array, in a wrapper such as `Records`, or over several lines.
    JsonDocuments,
    /// Zeek's tab-separated log with `#fields`.
    ZeekTsv,
    /// Comma-separated values, read with a mapping.
    Csv,
    /// Syslog lines of RFC 3164 or RFC 5424.
    Syslog,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Empty => "empty",
            Self::Evtx => "EVTX",
            Self::JsonLines => "JSON lines",
            Self::JsonDocuments => "JSON",
            Self::ZeekTsv => "Zeek TSV",
            Self::Csv => "CSV",
            Self::Syslog => "syslog",
        })
    }
}

/// A place that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// In which file.
    pub file: FileId,
    /// The line, from 1; for EVTX the record id, or the chunk's first one.
    pub position: u64,
    /// Why, in words.
    pub reason: String,
}

/// How many records had their time from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimesTaken {
    /// Told with its offset.
    pub exact: u64,
    /// Local time whose zone was given, inferred or assumed.
    pub assumed_zone: u64,
    /// Time of receipt.
    pub receipt: u64,
}

impl TimesTaken {
    pub(crate) fn count(&mut self, basis: TimeBasis) {
        match basis {
            TimeBasis::Exact => self.exact += 1,
            TimeBasis::AssumedZone => self.assumed_zone += 1,
            TimeBasis::Receipt => self.receipt += 1,
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.assumed_zone += other.assumed_zone;
        self.receipt += other.receipt;
    }
}

/// What was met in one file, or in all of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file's name as given, or empty for a total.
    pub name: String,
    /// The format, by content.
    pub format: Format,
    /// Records handed out.
    pub events: u64,
    /// Lines, documents or records that could not be read, one each.
    pub unreadable: u64,
    /// The first of them, with their reasons.
    pub places: Vec<Unreadable>,
    /// Records with bytes that are no UTF-8, read with replacement characters.
    pub repaired: u64,
    /// Records that came too late for the order window and were passed on out of order.
    pub late: u64,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Where the times are from.
    pub times: TimesTaken,
    /// How local times were understood, in words, where there were any.
    pub local_time: Option<String>,
}

impl Report {
    pub(crate) fn new(name: &str, format: Format) -> Self {
        Self {
            name: name.to_owned(),
            format,
            events: 0,
            unreadable: 0,
            places: Vec::new(),
            repaired: 0,
            late: 0,
            bytes: 0,
            times: TimesTaken::default(),
            local_time: None,
        }
    }

    pub(crate) fn note(&mut self, place: Unreadable) {
        self.unreadable += 1;
        if self.places.len() < MAX_PLACES {
            self.places.push(place);
        }
    }

    /// Takes over what decoding a piece of the file met; `bytes` are those read so far.
    pub(crate) fn take(&mut self, batch: &mut Batch, bytes: u64) {
        self.bytes = bytes;
        self.repaired += std::mem::take(&mut batch.repaired);
        for place in batch.unreadable.drain(..) {
            self.note(place);
        }
    }

    /// Notes why the input broke off, if it did.
    pub(crate) fn note_failure(&mut self, file: FileId, failure: Option<String>) {
        let position = self.events + self.unreadable + 1;
        if let Some(reason) = failure {
            self.note(Unreadable {
                file,
                position,
                reason,
            });
        }
    }

    /// Counts a record that is handed out.
    pub(crate) fn count(&mut self, basis: TimeBasis, clock: &Clock) {
        self.events += 1;
        self.times.count(basis);
        if basis != TimeBasis::Exact && self.local_time.is_none() {
            self.local_time = self.local_time_words(clock);
        }
    }

    /// How local times were understood.
    fn local_time_words(&self, clock: &Clock) -> Option<String> {
        let times = self.times;
        if let Some(zone) = &clock.zone
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

    /// Adds the counts of `other`; name, format and what is said of local times stay where they are known.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.unreadable += other.unreadable;
        self.repaired += other.repaired;
        self.late += other.late;
        self.bytes += other.bytes;
        self.times.add(other.times);
        if self.local_time.is_none() {
            self.local_time.clone_from(&other.local_time);
        }
        let room = MAX_PLACES.saturating_sub(self.places.len());
        self.places.extend(other.places.iter().take(room).cloned());
    }
}

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input itself failed.
    #[error("{name}: cannot be read: {error}")]
    Input {
        /// The source's name.
        name: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Its content is of no format that can be read.
    #[error(
        "{name}: not a log that can be recognised ({looks}); EVTX, JSON, Zeek, syslog, and with a mapping CSV can \
         be read, also compressed with gzip or zstd"
    )]
    NotRecognised {
        /// The source's name.
        name: String,
        /// What it looks like.
        looks: String,
    },
    /// CSV mapping text that is not a mapping.
    #[error("{name}: {reason}")]
    Mapping {
        /// The mapping file's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

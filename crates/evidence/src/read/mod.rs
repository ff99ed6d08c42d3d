//! Bytes of log files to records, in the order of time.
//!
//! ```
//! use cordon_evidence::read::{self, Options, Source};
//! use cordon_evidence::record::FileId;
//!
//! let log = r#"{"@timestamp":"2020-10-22T08:29:48.785Z","EventID":4624,"Channel":"Security"}"#;
//! let source = Source {
//!     name: "security.json".to_owned(),
//!     file: FileId(0),
//!     receipt: None,
//!     open: Box::new(move || Ok(Box::new(log.as_bytes()))),
//! };
//! let mut stream = read::RecordStream::new(vec![source], Options::default());
//! assert_eq!(stream.next().unwrap().int("EventID"), Some(4624));
//! assert_eq!(stream.report().unreadable, 0);
//! ```
//!
//! Formats are recognised by content: EVTX; JSON lines, arrays and wrappers (Winlogbeat, NXLog, Sentinel, EVTX dumps,
//! Okta, Entra, CloudTrail, OCSF, Zeek, any other); Zeek's tab-separated logs; CSV with a mapping; syslog of RFC 3164
//! and RFC 5424; each of them compressed with gzip or zstd. What cannot be read is counted with its place and reason.
//! Bytes that are no UTF-8 become replacement characters, and such records are counted as repaired.

mod block;
mod clock;
mod context;
mod csv;
mod dialect;
mod documents;
mod evtx;
mod follow;
mod input;
mod instant;
mod json;
mod limits;
mod lines;
mod merge;
mod order;
mod parallel;
mod parcel;
mod reader;
mod recognise;
mod report;
mod stream;
mod syslog;
mod zeek;

pub use clock::LocalTime;
pub use csv::CsvMap;
pub use follow::Follower;
pub use input::{Input, decompressed};
pub use order::OrderWindow;
pub use parallel::{Workers, in_order};
pub use report::{Format, ReadError, Report, TimesTaken, Unreadable};
pub use stream::{RecordStream, Source};

/// How to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What local times without a zone mean.
    pub local_time: LocalTime,
    /// How far out of order records may come.
    pub order: OrderWindow,
    /// The mapping for CSV; without one CSV is not recognised.
    pub csv_map: Option<CsvMap>,
    /// Bytes decoded at a time, per open file.
    pub block_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            local_time: LocalTime::default(),
            order: OrderWindow::default(),
            csv_map: None,
            block_bytes: limits::BLOCK_BYTES,
        }
    }
}

//! What the receiver acknowledged last, kept because no server can be asked for it.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use cordon_act::{Mark, PointError, PointErrorKind, Target};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Longest record in bytes: a target of two names and a few words.
const RECORD_BYTES_MAX: u64 = 16 * 1024;

/// How far a signal got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    /// A withdrawal is on its way; it may have arrived.
    Withdrawing,
    /// A withdrawal was acknowledged.
    Withdrawn,
    /// A lift is on its way; it may have arrived. After it was acknowledged there is no record.
    Lifting,
}

/// The last signal about one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Record {
    pub(super) target: Target,
    pub(super) step: Step,
    pub(super) mark: Mark,
    /// The name of the signal: what is sent again is the same signal.
    pub(super) id: String,
    /// When it was first sent, in seconds since 1970 UTC.
    pub(super) at_seconds: i64,
}

impl Record {
    pub(super) fn new(target: &Target, mark: &Mark, step: Step) -> Result<Self, PointError> {
        Ok(Self {
            target: target.clone(),
            step,
            mark: mark.clone(),
            id: new_id()?,
            at_seconds: now_seconds(),
        })
    }
}

/// A name that no other signal has: 128 random bits.
pub(super) fn new_id() -> Result<String, PointError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| PointError::new(PointErrorKind::Bug, format_args!("no random numbers: {error}")))?;
    Ok(hex(&bytes))
}

/// Seconds since 1970 UTC.
pub(super) fn now_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A folder of records, one file for each target that has a signal in force or on its way.
pub(super) struct Memory {
    folder: PathBuf,
}

impl Memory {
    /// Uses a folder that exists.
    pub(super) fn open(folder: &Path) -> Result<Self, PointError> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(folder).map_err(|error| failed(folder, &error))?;
        if !metadata.is_dir() || metadata.mode() & 0o022 != 0 {
            return Err(PointError::new(
                PointErrorKind::Config,
                format_args!(
                    "{} must be a folder that only the actuator's user can write to",
                    folder.display()
                ),
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn file(&self, target: &Target) -> PathBuf {
        self.folder
            .join(format!("{}.json", hex(&Sha256::digest(target.to_string()))))
    }

    /// The record about a target.
    pub(super) fn recall(&self, target: &Target) -> Result<Option<Record>, PointError> {
        let path = self.file(target);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let mut text = Vec::new();
        file.take(RECORD_BYTES_MAX)
            .read_to_end(&mut text)
            .map_err(|error| failed(&path, &error))?;
        let record: Record = serde_json::from_slice(&text).map_err(|error| failed(&path, &error))?;
        if record.target != *target {
            return Err(failed(&path, &"it is about another target"));
        }
        Ok(Some(record))
    }

    /// Keeps a record: when this returns, it outlives a crash.
    pub(super) fn keep(&self, record: &Record) -> Result<(), PointError> {
        let path = self.file(&record.target);
        let new = path.with_extension("new");
        let text = serde_json::to_vec(record).map_err(|error| failed(&path, &error))?;
        File::create(&new)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&new, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|error| failed(&path, &error))
    }

    /// Keeps a record, or none.
    pub(super) fn put_back(&self, target: &Target, record: Option<&Record>) -> Result<(), PointError> {
        let Some(record) = record else {
            let path = self.file(target);
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&path, &error)),
                _ => File::open(&self.folder)
                    .and_then(|folder| folder.sync_all())
                    .map_err(|error| failed(&path, &error)),
            };
        };
        self.keep(record)
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> PointError {
    PointError::new(
        PointErrorKind::Config,
        format_args!(
            "the memory of signals at {} cannot be used: {error}",
            path.display()
        ),
    )
}

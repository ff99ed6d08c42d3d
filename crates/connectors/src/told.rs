//! What a server that cannot be asked acknowledged last, for points whose orders go one way.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use cordon_act::{Mark, Observation, PointError, PointErrorKind, PointState, Standing, Target};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Longest record in bytes: a target of two names and a few words.
const RECORD_BYTES_MAX: u64 = 16 * 1024;

/// How far an order got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// A withdrawal is on its way; it may have arrived.
    Withdrawing,
    /// A withdrawal was acknowledged.
    Withdrawn,
    /// A lift is on its way; it may have arrived. After it was acknowledged there is no record.
    Lifting,
}

/// The last order about one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) target: Target,
    pub(crate) step: Step,
    pub(crate) mark: Mark,
    /// The name of what was sent: what is sent again has the same.
    pub(crate) id: String,
    /// When it was first sent, in seconds since 1970 UTC.
    pub(crate) at_seconds: i64,
    /// What else the point must know to take it back.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub(crate) detail: serde_json::Value,
}

impl Record {
    pub(crate) fn new(target: &Target, mark: &Mark, step: Step) -> Result<Self, PointError> {
        Ok(Self {
            target: target.clone(),
            step,
            mark: mark.clone(),
            id: new_id()?,
            at_seconds: now_seconds(),
            detail: serde_json::Value::Null,
        })
    }
}

/// A name that nothing else has: 128 random bits.
pub(crate) fn new_id() -> Result<String, PointError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| PointError::new(PointErrorKind::Bug, format_args!("no random numbers: {error}")))?;
    Ok(hex(&bytes))
}

/// Seconds since 1970 UTC.
pub(crate) fn now_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A folder of records, one file for each target that has an order in force or on its way.
pub(crate) struct Memory {
    folder: PathBuf,
}

impl Memory {
    /// Uses a folder that exists.
    pub(crate) fn open(folder: &Path) -> Result<Self, PointError> {
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
    pub(crate) fn recall(&self, target: &Target) -> Result<Option<Record>, PointError> {
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
    pub(crate) fn keep(&self, record: &Record) -> Result<(), PointError> {
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
    pub(crate) fn put_back(&self, target: &Target, record: Option<&Record>) -> Result<(), PointError> {
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

/// What stands about a target, as far as it is known: `{"last-order": "none" | "withdrawing" | "withdrawn" | "lifting"}`.
pub(crate) fn state(record: Option<&Record>) -> PointState {
    let last = match record.map(|record| record.step) {
        None => "none",
        Some(Step::Withdrawing) => "withdrawing",
        Some(Step::Withdrawn) => "withdrawn",
        Some(Step::Lifting) => "lifting",
    };
    PointState(serde_json::json!({ "last-order": last }))
}

/// The same as an observation.
pub(crate) fn observation(record: Option<&Record>) -> Observation {
    let standing = match record.map(|record| record.step) {
        None => Standing::Open,
        Some(Step::Withdrawn) => Standing::Withdrawn,
        Some(Step::Withdrawing | Step::Lifting) => Standing::Partly,
    };
    Observation {
        standing,
        state: state(record),
        mark: record.map(|record| record.mark.clone()),
    }
}

/// Whether a withdrawal may be ordered, if `prior` is what the order assumes.
///
/// # Errors
/// [`PointErrorKind::Stale`] if something else was told than was assumed, and it is no withdrawal from the open state either.
pub(crate) fn may_withdraw(
    now: Option<&Record>,
    prior: &PointState,
    target: &Target,
) -> Result<(), PointError> {
    let is_ours = matches!(
        now.map(|record| record.step),
        Some(Step::Withdrawing | Step::Withdrawn)
    );
    if state(now) == *prior || (state(None) == *prior && is_ours) {
        return Ok(());
    }
    Err(PointError::new(
        PointErrorKind::Stale,
        format_args!("{target}: the last order is not the one that was expected"),
    ))
}

/// Whether a lift is to be ordered; false if `prior` stands.
///
/// # Errors
/// [`PointErrorKind::Stale`] if what was told cannot lead to `prior`.
pub(crate) fn must_lift(
    now: Option<&Record>,
    prior: &PointState,
    target: &Target,
) -> Result<bool, PointError> {
    if state(now) == *prior {
        return Ok(false);
    }
    // Every step is one that a withdrawal from `none` leaves, whole or begun, or that a lift to it has begun.
    if *prior == state(None) {
        return Ok(true);
    }
    Err(PointError::new(
        PointErrorKind::Stale,
        format_args!("{target}: the last order is not the one that was expected"),
    ))
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> PointError {
    PointError::new(
        PointErrorKind::Config,
        format_args!(
            "the memory of what was told, at {} cannot be used: {error}",
            path.display()
        ),
    )
}

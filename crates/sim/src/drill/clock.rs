//! Times of the drill.

use jiff::{SignedDuration, Timestamp};

/// This long after.
pub(super) fn after(start: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = (seconds * 1_000.0) as i64;
    start
        .checked_add(SignedDuration::from_millis(milliseconds))
        .unwrap_or(start)
}

/// As logs write it: UTC, milliseconds, `Z`.
pub(super) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

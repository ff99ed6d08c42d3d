//! From what a record says about time to the instant it is ordered by.
//!
//! A time with its offset is exact. A local time without one takes the zone that was given. Without a zone, a record
//! that also says when it was received is placed at its receipt: shippers that drop the offset drop the fraction of
//! the second too, and the receipt keeps the order in which the evidence could have been acted on. Without either,
//! the local time is taken as UTC, and the report says so.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::instant::Instant;
use crate::record::{Record, TimeBasis};

/// How local times without a zone become instants.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LocalTime {
    /// By the time of receipt where the record has one, else as UTC.
    #[default]
    Receipt,
    /// In the zone found by comparing local and receipt times over the first records of the file, to the quarter of
    /// an hour; by receipt where there is nothing to compare.
    Inferred,
    /// In this zone.
    Zone(TimeZone),
}

/// The rule for one file.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The zone of local times, if it was given or inferred.
    pub(crate) zone: Option<TimeZone>,
    /// When the file was received: for records that say nothing, and to guess a missing year.
    pub(crate) receipt: Option<Timestamp>,
}

impl Clock {
    /// Sets the record's time from its own and the receipt's; false when there is none at all.
    pub(crate) fn set(&self, record: &mut Record, own: Option<Instant>, received: Option<Timestamp>) -> bool {
        record.received = received;
        let (time, basis) = match (own, &self.zone, received) {
            (Some(Instant::Exact(time)), _, _) => (Some(time), TimeBasis::Exact),
            (Some(local), Some(zone), _) => (local.in_zone(zone), TimeBasis::AssumedZone),
            (_, _, Some(received)) => (Some(received), TimeBasis::Receipt),
            (Some(local), None, None) => (local.utc(), TimeBasis::AssumedZone),
            (None, _, None) => (self.receipt, TimeBasis::Receipt),
        };
        let Some(time) = time else { return false };
        record.time = time;
        record.time_basis = basis;
        true
    }
}

const QUARTER_SECONDS: i64 = 15 * 60;

/// The offset whose local times come shortly before their receipt, from pairs of the two: the median difference to
/// the nearest quarter of an hour.
pub(crate) fn infer_offset(pairs: &mut [(Timestamp, Timestamp)]) -> Option<Offset> {
    pairs.sort_by_key(|(local_as_utc, received)| local_as_utc.as_second() - received.as_second());
    let (local_as_utc, received) = pairs.get(pairs.len() / 2)?;
    let seconds = local_as_utc.as_second() - received.as_second();
    let quarters = (seconds + QUARTER_SECONDS / 2).div_euclid(QUARTER_SECONDS);
    Offset::from_seconds(i32::try_from(quarters * QUARTER_SECONDS).ok()?).ok()
}

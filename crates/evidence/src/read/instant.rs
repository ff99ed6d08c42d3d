//! Times as logs write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};

/// A time as written: with its offset, or local to a place that it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instant {
    Exact(Timestamp),
    Local(DateTime),
}

impl Instant {
    /// The instant, a local time taken in `zone`.
    pub(crate) fn in_zone(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Exact(time) => Some(time),
            Self::Local(local) => zone.to_timestamp(local).ok(),
        }
    }

    /// The instant, a local time taken as UTC: what cloud services mean.
    pub(crate) fn utc(self) -> Option<Timestamp> {
        match self {
            Self::Exact(time) => Some(time),
            Self::Local(local) => Offset::UTC.to_timestamp(local).ok(),
        }
    }
}

/// Reads a time in ISO 8601 order, or in the American order that some exports use.
pub(crate) fn parse(text: &str) -> Option<Instant> {
    iso(text.as_bytes()).or_else(|| american(text))
}

/// Reads a time by a `strftime` pattern; `%z` or a zone makes it exact.
pub(crate) fn parse_with(text: &str, pattern: &str) -> Option<Instant> {
    let parts = strtime::parse(pattern, text).ok()?;
    if let Ok(time) = parts.to_timestamp() {
        return Some(Instant::Exact(time));
    }
    parts.to_datetime().ok().map(Instant::Local)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size.
pub(crate) fn epoch_int(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

/// Seconds since 1970 with a fraction, to the microsecond.
pub(crate) fn epoch_float(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() || seconds.abs() > 2e11 {
        return None;
    }
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

fn iso(text: &[u8]) -> Option<Instant> {
    let year = i16::try_from(digits(text, 0, 4)?).ok()?;
    let month = small(text, 5)?;
    let day = small(text, 8)?;
    let dashes = text.get(4)? == &b'-' && text.get(7)? == &b'-';
    if !dashes || !matches!(text.get(10)?, b'T' | b' ' | b't') {
        return None;
    }
    let (hour, minute) = (small(text, 11)?, small(text, 14)?);
    let colons = text.get(13)? == &b':' && text.get(16).is_none_or(|byte| *byte == b':');
    let second = small(text, 17)?.min(59);
    let (nanosecond, at) = fraction(text, 19);
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    let local = DateTime::from_parts(Date::new(year, month, day).ok()?, time);
    let offset = text.get(at..)?.trim_ascii();
    if !colons {
        return None;
    }
    if offset.is_empty() {
        return Some(Instant::Local(local));
    }
    offset_of(offset)?.to_timestamp(local).ok().map(Instant::Exact)
}

fn digits(text: &[u8], at: usize, count: usize) -> Option<u32> {
    text.get(at..at + count)?.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

fn small(text: &[u8], at: usize) -> Option<i8> {
    digits(text, at, 2).and_then(|number| i8::try_from(number).ok())
}

/// Nanoseconds of the fraction that starts at `at`, and where it ends.
fn fraction(text: &[u8], at: usize) -> (i32, usize) {
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return (0, at);
    }
    let (mut end, mut sum, mut unit) = (at + 1, 0, 100_000_000);
    while let Some(digit @ b'0'..=b'9') = text.get(end) {
        sum += i32::from(digit - b'0') * unit;
        unit /= 10;
        end += 1;
    }
    (sum, end)
}

fn offset_of(text: &[u8]) -> Option<Offset> {
    let (sign, rest) = match text.split_first()? {
        (b'Z' | b'z', []) => return Some(Offset::UTC),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return (text == b"UTC" || text == b"GMT").then_some(Offset::UTC),
    };
    let hours = digits(rest, 0, 2)?;
    let minutes = match rest.get(2..)? {
        [] => 0,
        [b':', ..] => digits(rest, 3, 2)?,
        _ => digits(rest, 2, 2)?,
    };
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    Offset::from_seconds(sign * seconds).ok()
}

/// `10/22/2020, 8:29:48.785 AM`, with or without comma, fraction and half of the day.
fn american(text: &str) -> Option<Instant> {
    let (date, time) = text.split_once([' ', ','])?;
    let mut parts = date.split('/').map(str::parse::<i16>);
    let (month, day, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let mut words = time.split_whitespace();
    let clock = words.next()?;
    let afternoon = words.next().map(|half| half.eq_ignore_ascii_case("PM"));
    let (whole, rest) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':').map(str::parse::<i8>);
    let hour = parts.next()?.ok()?;
    let minute = parts.next()?.ok()?;
    let second = parts.next().transpose().ok()?.unwrap_or(0);
    let hour = match afternoon {
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    let (nanosecond, _) = fraction(format!(".{rest}").as_bytes(), 0);
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    Some(Instant::Local(DateTime::from_parts(date, time)))
}

//! Typed values of binary XML as values of fields.

use jiff::{SignedDuration, Timestamp};

use super::bytes::push_utf16;
use crate::read::instant;
use crate::record::{Record, Span, Stored};
use std::fmt::Write;

/// A value of a record, by its type and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed {
    pub(super) kind: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) const BINARY_XML: u8 = 0x21;
const ARRAY: u8 = 0x80;

const NULL: u8 = 0x00;
const TEXT: u8 = 0x01;
const BYTE_TEXT: u8 = 0x02;
const FILE_TIME: u8 = 0x11;

/// Adds a field with this value; an array repeats the field.
pub(super) fn push(record: &mut Record, name: Span, kind: u8, bytes: &[u8]) {
    if kind & ARRAY == 0 {
        let value = store(record, kind, bytes);
        record.push_span(name, value);
        return;
    }
    let kind = kind & !ARRAY;
    if kind == TEXT {
        push_texts(record, name, bytes);
        return;
    }
    let size = width(kind).unwrap_or(bytes.len()).max(1);
    for element in bytes.chunks(size) {
        let value = store(record, kind, element);
        record.push_span(name, value);
    }
}

/// Texts one after another, each ended by a zero.
fn push_texts(record: &mut Record, name: Span, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let units = rest.chunks_exact(2).position(|unit| unit == [0, 0]);
        let end = units.map_or(rest.len(), |units| units * 2);
        let value = store(record, TEXT, rest.get(..end).unwrap_or_default());
        record.push_span(name, value);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
}

fn width(kind: u8) -> Option<usize> {
    Some(match kind {
        0x03 | 0x04 => 1,
        0x05 | 0x06 => 2,
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => 4,
        0x09 | 0x0a | 0x0c | 0x10 | FILE_TIME | 0x15 => 8,
        0x0f | 0x12 => 16,
        _ => return None,
    })
}

/// Writes the value's text, if it has one, into the record's buffer. Truth values are text too, as Windows and all
/// shippers show them and rules expect them.
fn store(record: &mut Record, kind: u8, bytes: &[u8]) -> Stored {
    match kind {
        NULL => Stored::Null,
        0x03 | 0x05 | 0x07 | 0x09 => Stored::Int(signed(bytes)),
        0x04 | 0x06 | 0x08 | 0x0a => match i64::try_from(unsigned(bytes)) {
            Ok(number) => Stored::Int(number),
            Err(_) => written(record, |text| write!(text, "{}", unsigned(bytes))),
        },
        0x0b => single(bytes).map_or(Stored::Null, |number| Stored::Float(number.into())),
        0x0c => Stored::Float(f64::from_bits(unsigned(bytes))),
        _ => written(record, |text| write_text(text, kind, bytes)),
    }
}

fn written(record: &mut Record, write: impl FnOnce(&mut String) -> std::fmt::Result) -> Stored {
    let start = record.buffer().len();
    // Writing to a string cannot fail.
    let _ = write(record.buffer());
    Stored::Str(Span::new(start, record.buffer().len()))
}

/// Writes a value as Windows shows it.
pub(super) fn write_text(text: &mut String, kind: u8, bytes: &[u8]) -> std::fmt::Result {
    match kind {
        NULL => Ok(()),
        TEXT => {
            push_utf16(bytes, text);
            Ok(())
        }
        BYTE_TEXT => {
            text.extend(
                bytes
                    .iter()
                    .take_while(|byte| **byte != 0)
                    .map(|byte| char::from(*byte)),
            );
            Ok(())
        }
        0x03 | 0x05 | 0x07 | 0x09 => write!(text, "{}", signed(bytes)),
        0x04 | 0x06 | 0x08 | 0x0a => write!(text, "{}", unsigned(bytes)),
        0x0b => single(bytes).map_or(Ok(()), |number| write!(text, "{number}")),
        0x0c => write!(text, "{}", f64::from_bits(unsigned(bytes))),
        0x0d => write!(text, "{}", unsigned(bytes) != 0),
        0x0f => write_guid(text, bytes),
        0x10 | 0x14 | 0x15 => write_hex(text, unsigned(bytes)),
        FILE_TIME => file_time(unsigned(bytes)).map_or(Ok(()), |time| write!(text, "{time:.7}")),
        0x12 => write_system_time(text, bytes),
        0x13 => write_sid(text, bytes),
        _ => bytes.iter().try_for_each(|byte| write!(text, "{byte:02X}")),
    }
}

/// The instant that a value is, if it is a time.
pub(super) fn time_in(kind: u8, bytes: &[u8]) -> Option<Timestamp> {
    match kind {
        FILE_TIME => file_time(unsigned(bytes)),
        TEXT => {
            let mut text = String::new();
            push_utf16(bytes, &mut text);
            instant::parse(&text)?.utc()
        }
        _ => None,
    }
}

/// Seconds from 1601 to 1970.
const EPOCH_SECONDS: i64 = 11_644_473_600;

/// Hundreds of nanoseconds since 1601 as an instant.
pub(super) fn file_time(ticks: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(ticks / 10_000_000).ok()? - EPOCH_SECONDS;
    let nanoseconds = i32::try_from(ticks % 10_000_000 * 100).ok()?;
    Timestamp::from_duration(SignedDuration::new(seconds, nanoseconds)).ok()
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    (unsigned(bytes) << unused) as i64 >> unused
}

fn single(bytes: &[u8]) -> Option<f32> {
    bytes.first_chunk().map(|four| f32::from_le_bytes(*four))
}

fn write_hex(text: &mut String, number: u64) -> std::fmt::Result {
    text.push_str("0x");
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        text.push(digit(number >> (place * 4), b'a'));
    }
    Ok(())
}

/// The lowest four bits as a hexadecimal digit, letters from `ten` on.
fn digit(number: u64, ten: u8) -> char {
    match (number & 0xf) as u8 {
        low @ 0..10 => char::from(b'0' + low),
        high => char::from(ten + high - 10),
    }
}

/// The order in which Windows writes the bytes of a GUID, a dash before each group but the first.
const GUID_GROUPS: [&[usize]; 5] = [
    &[3, 2, 1, 0],
    &[5, 4],
    &[7, 6],
    &[8, 9],
    &[10, 11, 12, 13, 14, 15],
];

/// In braces, as Windows writes it.
fn write_guid(text: &mut String, bytes: &[u8]) -> std::fmt::Result {
    if bytes.len() < 16 {
        return Ok(());
    }
    for (index, group) in GUID_GROUPS.iter().enumerate() {
        text.push(if index == 0 { '{' } else { '-' });
        for byte in group.iter().filter_map(|place| bytes.get(*place)) {
            text.push(digit(u64::from(*byte) >> 4, b'A'));
            text.push(digit(u64::from(*byte), b'A'));
        }
    }
    text.push('}');
    Ok(())
}

fn write_sid(text: &mut String, bytes: &[u8]) -> std::fmt::Result {
    let Some((&[revision, _, rest @ ..], parts)) = bytes.split_first_chunk::<8>() else {
        return Ok(());
    };
    let authority = rest.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    write!(text, "S-{revision}-{authority}")?;
    parts
        .chunks_exact(4)
        .try_for_each(|part| write!(text, "-{}", unsigned(part)))
}

/// Eight numbers: year, month, day of the week, day, hour, minute, second, millisecond.
fn write_system_time(text: &mut String, bytes: &[u8]) -> std::fmt::Result {
    let mut numbers = [0_u64; 8];
    for (number, two) in numbers.iter_mut().zip(bytes.chunks_exact(2)) {
        *number = unsigned(two);
    }
    let [year, month, _, day, hour, minute, second, milli] = numbers;
    write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    )
}

//! Which format a file has, from its first bytes and never from its name.

use super::csv::CsvMap;
use super::report::Format;
use super::{documents, evtx, json, syslog};
use crate::record::Record;

/// Lines looked at: noise before the first good line must not hide a format.
const LINES: usize = 50;

/// The format of a file that starts with `start`, or what it looks like.
pub(crate) fn recognise(start: &[u8], whole: bool, csv_map: Option<&CsvMap>) -> Result<Format, String> {
    if start.trim_ascii().is_empty() {
        return if whole {
            Ok(Format::Empty)
        } else {
            Err("only blanks at its start".to_owned())
        };
    }
    if start.starts_with(evtx::FILE_MAGIC) || start.starts_with(evtx::CHUNK_MAGIC) {
        return Ok(Format::Evtx);
    }
    let lines = || {
        start
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line.trim_ascii()))
            .filter(|line| !line.is_empty())
            .take(LINES)
    };
    if lines().any(|line| line.starts_with("#fields") || line.starts_with("#separator")) {
        return Ok(Format::ZeekTsv);
    }
    if starts_array(start) {
        return Ok(Format::JsonDocuments);
    }
    if let Some(line) = lines().find(|line| is_json(line)) {
        return Ok(if wrapped(&line) {
            Format::JsonDocuments
        } else {
            Format::JsonLines
        });
    }
    match start.trim_ascii_start().first() {
        Some(b'[' | b'{') if !looks_binary(start) => return Ok(Format::JsonDocuments),
        _ => {}
    }
    if csv_map.is_some() {
        return Ok(Format::Csv);
    }
    if lines().any(|line| syslog::recognised(&line)) {
        return Ok(Format::Syslog);
    }
    Err(looks(start))
}

/// Whether an array of objects begins, perhaps with one of them on each line.
fn starts_array(start: &[u8]) -> bool {
    let inside = start.trim_ascii_start().strip_prefix(b"[");
    inside.is_some_and(|inside| inside.trim_ascii_start().first() == Some(&b'{')) && !looks_binary(start)
}

fn is_json(line: &str) -> bool {
    line.starts_with('{') && json::flatten(line, &mut Record::default()).is_ok()
}

/// Fields that a wrapper may have beside its records: where to read on, and the like.
const MAX_BESIDE: usize = 4;

/// Whether the object only wraps an array of records, as CloudTrail's files do.
fn wrapped(line: &str) -> bool {
    let mut record = Record::default();
    let wraps = |(name, _): &(&str, _)| {
        name.split_once('.')
            .is_some_and(|(top, _)| documents::is_wrapper(top.as_bytes()))
    };
    json::flatten(line, &mut record).is_ok()
        && record.fields().any(|field| wraps(&field))
        && record.fields().filter(|field| !wraps(field)).count() <= MAX_BESIDE
}

fn looks_binary(start: &[u8]) -> bool {
    let odd = start
        .iter()
        .filter(|byte| **byte < 0x09 || (0x0e..0x20).contains(*byte))
        .count();
    odd * 20 > start.len()
}

fn looks(start: &[u8]) -> String {
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return "UTF-16 text; convert it to UTF-8".to_owned();
    }
    if looks_binary(start) {
        return "binary data".to_owned();
    }
    let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text: String = String::from_utf8_lossy(first).chars().take(60).collect();
    let hint = if text.contains(',') {
        "; if this is CSV, give a mapping with --map"
    } else {
        ""
    };
    format!("it starts with {text:?}{hint}")
}

//! What several tests need: sources from bytes, and a small event log file made by hand.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "helpers of tests; each test uses some"
)]

use cordon_evidence::read::{Options, RecordStream, Report, Source};
use cordon_evidence::record::{FileId, Record};

pub(crate) fn source(number: u32, bytes: Vec<u8>) -> Source {
    Source {
        name: format!("sample {number}"),
        file: FileId(number),
        receipt: Some("2025-06-02T00:00:00Z".parse().unwrap()),
        open: Box::new(move || Ok(Box::new(std::io::Cursor::new(bytes.clone())))),
    }
}

pub(crate) fn read_with(bytes: &[u8], options: Options) -> (Vec<Record>, Report) {
    let mut stream = RecordStream::new(vec![source(0, bytes.to_vec())], options);
    let records = stream.by_ref().collect();
    assert!(stream.failures().is_empty(), "{:?}", stream.failures());
    (records, stream.report())
}

pub(crate) fn read(bytes: &[u8]) -> (Vec<Record>, Report) {
    read_with(bytes, Options::default())
}

/// An event log file of one chunk, whose records share one template: `EventID` 4624 in `Security` with the
/// data `TargetUserName`, `LogonType` and a padded `LogonProcessName`.
pub(crate) fn event_log(users: &[&str]) -> Vec<u8> {
    let mut file = b"ElfFile\0".to_vec();
    file.resize(4096, 0);
    file[42] = 1;
    let mut chunk = b"ElfChnk\0".to_vec();
    chunk.resize(512, 0);
    let mut template = None;
    for (index, user) in users.iter().enumerate() {
        push_record(&mut chunk, index as u64 + 1, user, &mut template);
    }
    chunk[24..32].copy_from_slice(&1_u64.to_le_bytes());
    chunk[32..40].copy_from_slice(&(users.len() as u64).to_le_bytes());
    let free = (chunk.len() as u32).to_le_bytes();
    chunk[48..52].copy_from_slice(&free);
    chunk.resize(65_536, 0);
    file.extend(chunk);
    file
}

const TICKS: u64 = 133_897_616_430_000_000;

fn push_record(chunk: &mut Vec<u8>, id: u64, user: &str, template: &mut Option<u32>) {
    let start = chunk.len();
    chunk.extend(b"\x2a\x2a\0\0\0\0\0\0");
    chunk.extend(id.to_le_bytes());
    chunk.extend((TICKS + id * 10_000_000).to_le_bytes());
    chunk.extend([0x0f, 1, 1, 0, 0x0c, 1]);
    chunk.extend(9_u32.to_le_bytes());
    let here = chunk.len() as u32 + 4;
    chunk.extend(template.unwrap_or(here).to_le_bytes());
    if template.is_none() {
        *template = Some(here);
        push_template(chunk);
    }
    let user: Vec<u8> = user.encode_utf16().flat_map(u16::to_le_bytes).collect();
    chunk.extend(4_u32.to_le_bytes());
    for (size, kind) in [(2, 0x06), (8, 0x11), (user.len() as u16, 0x01), (4, 0x08)] {
        chunk.extend(u16::to_le_bytes(size));
        chunk.extend([kind, 0]);
    }
    chunk.extend(4624_u16.to_le_bytes());
    chunk.extend((TICKS + id * 10_000_000).to_le_bytes());
    chunk.extend(user);
    chunk.extend(3_u32.to_le_bytes());
    let size = (chunk.len() + 4 - start) as u32;
    chunk.extend(size.to_le_bytes());
    chunk[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
}

fn push_template(chunk: &mut Vec<u8>) {
    chunk.extend([0; 20]);
    let size_at = chunk.len();
    chunk.extend([0; 4]);
    chunk.extend([0x0f, 1, 1, 0]);
    open(chunk, "Event", false);
    open(chunk, "System", false);
    open(chunk, "Provider", true);
    attribute(chunk, "Name");
    text(chunk, "Microsoft-Windows-Security-Auditing");
    chunk.extend([0x03]);
    open(chunk, "EventID", false);
    value(chunk, 0, 0x06);
    chunk.push(0x04);
    open(chunk, "TimeCreated", true);
    attribute(chunk, "SystemTime");
    value(chunk, 1, 0x11);
    chunk.extend([0x03]);
    open(chunk, "Channel", false);
    text(chunk, "Security");
    chunk.push(0x04);
    open(chunk, "Computer", false);
    text(chunk, "dc1.north.example");
    chunk.extend([0x04, 0x04]);
    open(chunk, "EventData", false);
    for (index, (name, kind)) in [("TargetUserName", 0x01), ("LogonType", 0x08)]
        .into_iter()
        .enumerate()
    {
        open(chunk, "Data", true);
        attribute(chunk, "Name");
        text(chunk, name);
        chunk.push(0x02);
        value(chunk, index as u16 + 2, kind);
        chunk.push(0x04);
    }
    open(chunk, "Data", true);
    attribute(chunk, "Name");
    text(chunk, "LogonProcessName");
    chunk.push(0x02);
    text(chunk, "NtLmSsp ");
    chunk.extend([0x04, 0x04, 0x04, 0x00]);
    let size = (chunk.len() - size_at - 4) as u32;
    chunk[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
}

fn open(chunk: &mut Vec<u8>, name: &str, attributes: bool) {
    chunk.push(if attributes { 0x41 } else { 0x01 });
    chunk.extend([0xff, 0xff, 0, 0, 0, 0]);
    push_name(chunk, name);
    if attributes {
        chunk.extend([0; 4]);
    } else {
        chunk.push(0x02);
    }
}

fn attribute(chunk: &mut Vec<u8>, name: &str) {
    chunk.push(0x06);
    push_name(chunk, name);
}

fn push_name(chunk: &mut Vec<u8>, name: &str) {
    chunk.extend((chunk.len() as u32 + 4).to_le_bytes());
    chunk.extend([0; 6]);
    counted(chunk, name);
    chunk.extend([0; 2]);
}

fn counted(chunk: &mut Vec<u8>, text: &str) {
    chunk.extend((text.encode_utf16().count() as u16).to_le_bytes());
    chunk.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

fn text(chunk: &mut Vec<u8>, own: &str) {
    chunk.extend([0x05, 0x01]);
    counted(chunk, own);
}

fn value(chunk: &mut Vec<u8>, index: u16, kind: u8) {
    chunk.push(0x0d);
    chunk.extend(index.to_le_bytes());
    chunk.push(kind);
}

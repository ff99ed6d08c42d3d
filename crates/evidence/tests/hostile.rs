//! Input that is broken, endless or made to hurt: counted, bounded, never a panic.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::io::Read;

use cordon_evidence::read::{LocalTime, Options, OrderWindow, RecordStream, Source};
use cordon_evidence::record::{FileId, Record, Value};
use proptest::prelude::*;
use support::{event_log, read, read_with, source};

const SAMPLES: [&[u8]; 10] = [
    include_bytes!("data/winlogbeat.jsonl"),
    include_bytes!("data/sentinel.json"),
    include_bytes!("data/evtx_dump.jsonl"),
    include_bytes!("data/okta.jsonl"),
    include_bytes!("data/entra.jsonl"),
    include_bytes!("data/cloudtrail.json"),
    include_bytes!("data/zeek_conn.log"),
    include_bytes!("data/syslog.log"),
    include_bytes!("data/zeek.jsonl"),
    include_bytes!("data/ocsf.jsonl"),
];

/// Reads to the end whatever it is, and holds what must hold of any input.
fn survive(bytes: Vec<u8>) {
    let options = Options {
        local_time: LocalTime::Inferred,
        block_bytes: 64 + bytes.len() / 3,
        ..Options::default()
    };
    let mut stream = RecordStream::new(vec![source(0, bytes)], options);
    let events = stream.by_ref().count() as u64;
    let report = stream.report();
    assert_eq!(report.events, events);
    assert!(report.places.len() as u64 <= report.unreadable);
}

proptest! {
    #[test]
    fn noise_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        survive(bytes);
    }

    #[test]
    fn noise_behind_a_known_start_is_survived(
        start in prop::sample::select(vec![&b"{\"a\":"[..], b"[{", b"#fields\tts\n", b"ElfChnk\0", b"ElfFile\0", b"<34>1 ", b"Oct 11 ", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]),
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        survive([start, &bytes].concat());
    }

    #[test]
    fn mutations_of_samples_are_survived(
        sample in 0..SAMPLES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = SAMPLES[sample].to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        survive(bytes);
    }

    #[test]
    fn mutations_of_an_event_log_are_survived(
        changes in prop::collection::vec((0..2200_usize, any::<u8>()), 1..20),
        cut in 4096..70_000_usize,
    ) {
        let mut bytes = event_log(&["pat", "sam", "lee", "a user of some length"]);
        for (at, byte) in changes {
            bytes[4096 + at] = byte;
        }
        bytes.truncate(cut);
        survive(bytes);
    }

    /// Every value that JSON allows, read by us and by serde.
    #[test]
    fn flattening_agrees_with_serde(object in json_object()) {
        let text = serde_json::json!({ "time": "2025-01-01T00:00:00Z", "o": object }).to_string();
        let (records, report) = read(text.as_bytes());
        prop_assert_eq!(report.unreadable, 0, "{:?} {}", report, text);
        let mut expected = Vec::new();
        flatten("o", &object, &mut expected);
        let mut ours: Vec<_> = records[0].fields().filter(|(name, _)| *name != "time").map(|(name, value)| (name.to_owned(), plain(value))).collect();
        ours.sort();
        expected.sort();
        prop_assert_eq!(ours, expected);
    }

    #[test]
    fn any_order_within_the_window_is_restored(
        seconds in prop::collection::vec(0..1000_i64, 1..200),
        files in 1..5_usize,
        window in 1..40_u32,
    ) {
        // Each record is at most `window` seconds behind the newest before it in its file.
        let mut logs = vec![String::new(); files];
        let mut newest = vec![0_i64; files];
        let mut sorted: Vec<i64> = Vec::new();
        for (index, second) in seconds.iter().enumerate() {
            let file = index % files;
            let second = (*second).max(newest[file] - i64::from(window)).min(newest[file] + 50);
            newest[file] = newest[file].max(second);
            sorted.push(second);
            logs[file].push_str(&format!("{{\"time\":{}}}\n", 1_700_000_000 + second));
        }
        sorted.sort_unstable();
        let options = Options { order: OrderWindow { seconds: window, ..OrderWindow::default() }, ..Options::default() };
        let sources = logs.into_iter().enumerate().map(|(number, log)| source(number as u32, log.into_bytes())).collect();
        let mut stream = RecordStream::new(sources, options);
        let times: Vec<i64> = stream.by_ref().map(|record| record.time.as_second() - 1_700_000_000).collect();
        prop_assert_eq!(times, sorted);
        prop_assert_eq!(stream.report().late, 0);
    }
}

fn json_object() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        (-1e9..1e9_f64).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[a-z\\PC]{1,9}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-zA-Z]{1,9}", value, 1..5)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

fn flatten(name: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) if !map.is_empty() => {
            map.iter()
                .for_each(|(key, value)| flatten(&format!("{name}.{key}"), value, out));
        }
        serde_json::Value::Array(all) if !all.is_empty() => {
            all.iter().for_each(|value| flatten(name, value, out))
        }
        serde_json::Value::Object(_) | serde_json::Value::Array(_) => {
            out.push((name.to_owned(), "null".to_owned()))
        }
        serde_json::Value::String(text) => out.push((name.to_owned(), text.clone())),
        serde_json::Value::Number(number) if number.is_f64() => {
            out.push((name.to_owned(), format!("{:?}", number.as_f64().unwrap())))
        }
        other => out.push((name.to_owned(), other.to_string())),
    }
}

fn plain(value: Value<'_>) -> String {
    match value {
        Value::Str(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
    }
}

fn endless(start: &'static [u8], byte: u8, bytes: u64, end: &'static [u8]) -> Source {
    Source {
        name: "endless".to_owned(),
        file: FileId(0),
        receipt: None,
        open: Box::new(move || {
            Ok(Box::new(
                start.chain(std::io::repeat(byte).take(bytes)).chain(end),
            ))
        }),
    }
}

const GOOD: &[u8] = b"\n{\"time\":\"2025-01-01T00:00:00Z\"}\n";

/// 2 GB in one line; the most memory that the process of these tests ever had is far below it.
#[test]
fn a_line_without_end_is_skipped_in_bounded_memory() {
    let first = b"{\"time\":\"2025-01-01T00:00:00Z\"}\n{\"a\":\"";
    let mut stream = RecordStream::new(
        vec![endless(first, b'x', 2_000_000_000, GOOD)],
        Options::default(),
    );
    let positions: Vec<u64> = stream.by_ref().map(|record| record.place.position).collect();
    let report = stream.report();
    assert_eq!((positions, report.unreadable), (vec![1, 3], 1));
    assert_eq!(report.places[0].position, 2);
    assert!(report.bytes > 2_000_000_000);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 400_000, "{kilobytes} kB at most");
    }
}

#[test]
fn a_document_without_end_is_skipped_too() {
    let first = b"[{\"time\":\"2025-01-01T00:00:00Z\",\n\"b\":1},\n{\"a\":\"";
    let end = b"\"},\n{\"time\":\"2025-01-01T00:00:00Z\"}]";
    let mut stream = RecordStream::new(vec![endless(first, b'x', 50_000_000, end)], Options::default());
    let positions: Vec<u64> = stream.by_ref().map(|record| record.place.position).collect();
    assert_eq!((positions, stream.report().unreadable), (vec![1, 4], 1));
}

#[test]
fn deep_and_wide_json_is_refused() {
    let deep = format!("{{\"time\":1,\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let names = format!(
        "{{\"time\":1,{}1{}",
        "\"name-of-some-length\":{".repeat(60),
        "}".repeat(61)
    );
    let wide = format!("{{\"time\":1,\"a\":[{}1]}}", "1,".repeat(40_000));
    let good = "{\"time\":1}";
    let (records, report) = read(format!("{good}\n{deep}\n{names}\n{wide}\n{good}").as_bytes());
    assert_eq!((records.len(), report.unreadable), (2, 3), "{:?}", report.places);
}

#[test]
fn a_template_that_holds_itself_is_refused() {
    const CHUNK: usize = 4096;
    let mut file = event_log(&["pat"]);
    let free = CHUNK + 48..CHUNK + 52;
    let start = u32::from_le_bytes(file[free.clone()].try_into().unwrap()) as usize;
    let template = (start as u32 + 38).to_le_bytes();
    let body = [&[0x0f, 1, 1, 0, 0x0c, 1, 9, 0, 0, 0][..], &template, &[0; 5]].concat();
    let mut record = b"\x2a\x2a\0\0".to_vec();
    record.resize(24, 0);
    record[8] = 2;
    record.extend([0x0f, 1, 1, 0, 0x0c, 1, 9, 0, 0, 0]);
    record.extend(template);
    record.extend([0; 20]);
    record.extend((body.len() as u32).to_le_bytes());
    record.extend(body);
    record.extend([0; 8]);
    let size = (record.len() as u32).to_le_bytes();
    record[4..8].copy_from_slice(&size);
    let end = record.len() - 4;
    record[end..].copy_from_slice(&size);
    file[CHUNK + 32] = 2;
    file[CHUNK + start..][..record.len()].copy_from_slice(&record);
    file[free].copy_from_slice(&((start + record.len()) as u32).to_le_bytes());
    let (records, report) = read(&file);
    assert_eq!((records.len(), report.unreadable), (1, 1), "{:?}", report.places);
    assert!(
        report.places[0].reason.contains("nested too deeply"),
        "{:?}",
        report.places
    );
}

#[test]
fn invalid_utf8_is_repaired_and_counted() {
    let (records, report) = read(b"{\"time\":1,\"a\":\"x\xff\xfey\"}\n");
    assert_eq!((report.repaired, report.unreadable), (1, 0));
    assert_eq!(records[0].text("a"), Some("x\u{fffd}\u{fffd}y"));
}

#[test]
fn what_is_no_log_is_refused_with_what_it_looks_like() {
    for (bytes, says) in [
        (&b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0"[..], "binary"),
        (b"a,b,c\n1,2,3\n", "--map"),
        (b"\xff\xfea\0b\0", "UTF-16"),
    ] {
        let stream = RecordStream::new(vec![source(0, bytes.to_vec())], Options::default());
        let failure = stream.failures()[0].to_string();
        assert!(failure.contains(says), "{failure}");
    }
}

#[test]
fn nothing_is_no_failure() {
    let (records, report) = read(b"");
    assert!(records.is_empty() && report.unreadable == 0);
}

#[test]
fn thousands_of_files_are_merged_with_few_of_them_open() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Counted(std::io::Cursor<Vec<u8>>, Arc<AtomicUsize>);
    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sources = (0..3000_u32)
        .map(|number| {
            // Later files are older, and each overlaps the next few.
            let start = 1_700_000_000 + (3000 - i64::from(number)) * 10;
            let log: String = (0..5)
                .map(|step| format!("{{\"time\":{}}}\n", start + step * 7))
                .collect();
            let (open, most) = (Arc::clone(&open), Arc::clone(&most));
            Source {
                name: number.to_string(),
                file: FileId(number),
                receipt: None,
                open: Box::new(move || {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    Ok(Box::new(Counted(
                        std::io::Cursor::new(log.clone().into_bytes()),
                        Arc::clone(&open),
                    )))
                }),
            }
        })
        .collect();
    let mut stream = RecordStream::new(sources, Options::default());
    let mut last = jiff::Timestamp::MIN;
    let mut record = Record::default();
    let mut events = 0;
    while stream.next_into(&mut record) {
        assert!(record.time >= last);
        last = record.time;
        events += 1;
    }
    assert_eq!((events, stream.report().late), (15_000, 0));
    assert!(most.load(Ordering::SeqCst) <= 300, "{most:?}");
    assert_eq!(open.load(Ordering::SeqCst), 0);
}

#[test]
fn a_small_window_holds_little_back() {
    let log: String = (0..1000)
        .map(|second| format!("{{\"time\":{}}}\n", 1_700_000_000 + second % 7))
        .collect();
    let options = Options {
        order: OrderWindow {
            records: 10,
            ..OrderWindow::default()
        },
        ..Options::default()
    };
    let (records, report) = read_with(log.as_bytes(), options);
    assert_eq!(records.len(), 1000);
    assert!(report.late > 0);
}

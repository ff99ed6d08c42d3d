//! Reading small authored samples of every format, and the recordings where they are at hand.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cordon_evidence::read::{
    Format, Input, LocalTime, Options, OrderWindow, RecordStream, Source, Workers, in_order,
};
use cordon_evidence::record::{Dialect, Record, TimeBasis, Value};
use support::{read, read_with, source};

const NXLOG: &str = concat!(
    r#"{"@timestamp":"2020-10-22T08:29:53.799Z","EventTime":"2020-10-22 04:29:52","EventID":4688,"Channel":"Security","#,
    r#""SourceName":"Microsoft-Windows-Security-Auditing","Hostname":"till7.example.net","RecordNumber":12,"#,
    r#""tags":["a","b"],"CommandLine":"C:\\tools\\x.exe \"one\" \u00e9"}"#
);

#[test]
fn nxlog_lines_get_the_names_that_rules_use() {
    let (records, report) = read(format!("{NXLOG}\n\nnoise\n{NXLOG}").as_bytes());
    assert_eq!(report.format, Format::JsonLines);
    assert_eq!((report.events, report.unreadable), (2, 1));
    assert_eq!(report.places[0].position, 3);
    let record = &records[0];
    assert_eq!(record.dialect, Dialect::Windows);
    assert_eq!(record.get("EventID"), Some(Value::Int(4688)));
    assert_eq!(record.text("Computer"), Some("till7.example.net"));
    assert_eq!(
        record.text("Provider_Name"),
        Some("Microsoft-Windows-Security-Auditing")
    );
    assert_eq!(record.int("EventRecordID"), Some(12));
    assert_eq!(record.text("CommandLine"), Some("C:\\tools\\x.exe \"one\" é"));
    assert_eq!(
        record.all("tags").collect::<Vec<_>>(),
        [Value::Str("a"), Value::Str("b")]
    );
    assert_eq!(record.time, record.received.unwrap());
    assert_eq!(record.time_basis, TimeBasis::Receipt);
}

#[test]
fn an_array_with_an_object_on_each_line_is_read_whole() {
    let one = r#"{"@timestamp":"2020-10-22T08:29:48Z","EventID":1}"#;
    for log in [
        format!("[\n{one},\n{one},\n{one}\n]\n"),
        format!(" [ {one},\n{one},\n{one}]"),
    ] {
        let (records, report) = read(log.as_bytes());
        assert_eq!(report.format, Format::JsonDocuments);
        assert_eq!((records.len(), report.unreadable), (3, 0));
    }
}

#[test]
fn a_local_time_takes_the_zone_that_is_given_or_inferred() {
    for local_time in [
        LocalTime::Inferred,
        LocalTime::Zone(jiff::tz::TimeZone::get("America/New_York").unwrap()),
    ] {
        let options = Options {
            local_time,
            ..Options::default()
        };
        let (records, report) = read_with(NXLOG.as_bytes(), options);
        assert_eq!(records[0].time, "2020-10-22T08:29:52Z".parse().unwrap());
        assert_eq!(
            records[0].received,
            Some("2020-10-22T08:29:53.799Z".parse().unwrap())
        );
        assert_eq!(records[0].time_basis, TimeBasis::AssumedZone);
        assert!(report.local_time.unwrap().starts_with("local times taken"));
    }
}

#[test]
fn order_is_restored_within_the_window_and_late_ones_counted() {
    let line = |second: u32| {
        format!(
            "{{\"time\":\"2025-01-01T00:{:02}:{:02}Z\"}}\n",
            second / 60,
            second % 60
        )
    };
    let log: String = [5, 3, 60, 40, 100, 2, 101].map(line).concat();
    let (records, report) = read(log.as_bytes());
    let seconds: Vec<_> = records.iter().map(|own| own.time.as_second() % 3600).collect();
    assert_eq!(report.late, 1);
    assert_eq!(seconds, [3, 5, 40, 60, 2, 100, 101]);
    let options = Options {
        order: OrderWindow {
            records: 0,
            ..OrderWindow::default()
        },
        ..Options::default()
    };
    assert_eq!(read_with(log.as_bytes(), options).0.len(), 7);
}

#[test]
fn compressed_input_is_undone_however_often() {
    use std::io::Write;
    let plain = format!("{NXLOG}\n");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    let mut two_members = gzip.finish().unwrap();
    two_members.extend(two_members.clone());
    let zstd = zstd::encode_all(two_members.as_slice(), 1).unwrap();
    for bytes in [&two_members, &zstd] {
        let (records, report) = read(bytes);
        assert_eq!((records.len(), report.unreadable), (2, 0));
    }
    let (records, report) = read(&two_members[..two_members.len() - 9]);
    assert_eq!((records.len(), report.unreadable), (2, 1));
    assert!(report.places[0].reason.contains("breaks off"), "{report:?}");
}

/// Logs that overlap in time, each a little out of order, one with lines that cannot be read and one that breaks off.
#[expect(clippy::unwrap_used, reason = "writing to memory does not fail")]
fn overlapping_logs() -> Vec<Vec<u8>> {
    let line = |second: u64| format!("{{\"time\":{},\"text\":\"a \\\\ b\"}}\n", 1_700_000_000 + second);
    let log = |own: u64| -> Vec<u8> {
        let lines = (0..2000_u64).map(|at| match (own, at % 97) {
            (1, 5) => "{\"time\":\n".to_owned(),
            (2, 6) => line(at.saturating_sub(200)),
            _ => line(own * 300 + (at ^ 5)),
        });
        lines.collect::<String>().into_bytes()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &log(3)).unwrap();
    let mut broken = gzip.finish().unwrap();
    broken.truncate(broken.len() / 2);
    vec![log(0), log(1), log(2), broken, Vec::new()]
}

fn overlapping(window_bytes: usize) -> RecordStream {
    let sources = overlapping_logs().into_iter().enumerate();
    let options = Options {
        block_bytes: 512,
        order: OrderWindow {
            bytes: window_bytes,
            ..OrderWindow::default()
        },
        ..Options::default()
    };
    RecordStream::new(
        sources
            .map(|(number, bytes)| source(number as u32, bytes))
            .collect(),
        options,
    )
}

#[test]
fn threads_give_what_the_stream_gives_record_by_record() {
    for window_bytes in [usize::MAX, 20_000] {
        let mut stream = overlapping(window_bytes);
        let expected: Vec<Record> = stream.by_ref().collect();
        let reports: Vec<_> = stream.reports().cloned().collect();
        assert!(
            expected.len() > 6000 && reports[3].events > 100,
            "{}",
            expected.len()
        );
        assert!(reports[2].late > 0 && reports[1].unreadable > 1 && reports[3].unreadable > 0);
        for threads in [1, 2, 5] {
            let mut stream = overlapping(window_bytes);
            let mut all = Vec::new();
            in_order(
                &mut stream,
                Workers::new(threads),
                || (),
                |(), record| record.place,
                |_| true,
                |record, place| {
                    assert_eq!(record.place, place);
                    all.push(record.clone());
                },
            );
            assert!(all == expected, "{threads} threads");
            assert_eq!(stream.reports().cloned().collect::<Vec<_>>(), reports);
            assert!(stream.next().is_none());
        }
    }
}

#[test]
fn records_that_nobody_needs_come_in_the_same_order_without_fields() {
    let expected: Vec<Record> = overlapping(usize::MAX).collect();
    for threads in [1, 3] {
        let mut all = Vec::new();
        in_order(
            &mut overlapping(usize::MAX),
            Workers::new(threads),
            || (),
            |(), record| record.place.position % 3 == 0,
            |needed| *needed,
            |record, needed| all.push((record.clone(), needed)),
        );
        assert_eq!(all.len(), expected.len());
        for ((own, needed), whole) in all.iter().zip(&expected) {
            assert_eq!(
                (own.time, own.place, own.received, own.dialect, own.time_basis),
                (
                    whole.time,
                    whole.place,
                    whole.received,
                    whole.dialect,
                    whole.time_basis
                )
            );
            assert!(if *needed { own == whole } else { own.is_empty() });
        }
    }
}

/// 300 files, more than may be open at a time, with lines of so many bytes and more, and how often one was opened.
fn many_files(line_bytes: usize) -> (RecordStream, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let sources = (0..300_u32).map(|number| {
        let second = 1_700_000_000 + u64::from(number * 7919 % 300);
        let lines: String = (0..40)
            .map(|at| format!("{{\"time\":{}}}{:line_bytes$}\n", second + at * 3, ""))
            .collect();
        let opened = Arc::clone(&opened);
        let open = move || {
            opened.fetch_add(1, Ordering::Relaxed);
            let input: Input = Box::new(std::io::Cursor::new(lines.clone().into_bytes()));
            Ok(input)
        };
        Source {
            open: Box::new(open),
            ..source(number, Vec::new())
        }
    });
    (RecordStream::new(sources.collect(), Options::default()), opened)
}

#[test]
fn many_files_are_opened_when_their_time_comes_unless_the_first_look_took_all() {
    for (line_bytes, opens) in [(2000, 600), (0, 300)] {
        let (stream, opened) = many_files(line_bytes);
        let expected: Vec<Record> = stream.collect();
        assert_eq!((expected.len(), opened.load(Ordering::Relaxed)), (12_000, opens));
        for threads in [1, 3] {
            let (mut stream, opened) = many_files(line_bytes);
            let mut all = Vec::new();
            in_order(
                &mut stream,
                Workers::new(threads),
                || (),
                |(), _| (),
                |()| true,
                |record, ()| all.push(record.clone()),
            );
            assert!(all == expected, "{threads} threads");
            assert_eq!(
                (stream.report().events, opened.load(Ordering::Relaxed)),
                (12_000, opens)
            );
        }
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panic_of_a_worker_ends_all() {
    let log = "{\"time\":1}\n".repeat(1000);
    let options = Options {
        block_bytes: 64,
        ..Options::default()
    };
    let mut stream = RecordStream::new(vec![source(0, log.into_bytes())], options);
    in_order(
        &mut stream,
        Workers::new(2),
        || (),
        |(), record| assert!(record.place.position < 300),
        |()| true,
        |_, ()| {},
    );
}

#[test]
#[should_panic(expected = "enough")]
fn a_panic_of_the_caller_ends_all() {
    let mut stream = overlapping(usize::MAX);
    in_order(
        &mut stream,
        Workers::new(2),
        || (),
        |(), _| (),
        |()| true,
        |record, ()| assert!(record.place.position < 300, "enough"),
    );
}

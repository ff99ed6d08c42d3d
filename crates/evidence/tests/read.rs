//! Reading small authored samples of every format, and the recordings where they are at hand.

mod support;

use cordon_evidence::read::{Format, LocalTime, Options, OrderWindow, RecordStream, Workers, in_order};
use cordon_evidence::record::{Dialect, TimeBasis, Value};
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

#[test]
fn threads_give_the_same_results_in_the_same_order() {
    let log: String = (0..5000)
        .map(|second| format!("{{\"time\":{}}}\n", 1_700_000_000 + second * 7 % 5000))
        .collect();
    let run = |threads| {
        let mut stream = RecordStream::new(vec![source(0, log.clone().into_bytes())], Options::default());
        let workers = Workers {
            threads,
            batch_records: 7,
        };
        let mut all = Vec::new();
        in_order(
            &mut stream,
            workers,
            || 0_u64,
            |_, records| records.iter().map(|own| own.place.position).collect::<Vec<_>>(),
            |records, positions| {
                assert_eq!(records.len(), positions.len());
                all.extend(positions);
            },
        );
        assert_eq!(stream.report().events, 5000);
        all
    };
    let one = run(1);
    assert_eq!(one.len(), 5000);
    assert_eq!(one, run(3));
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panic_of_a_worker_ends_all() {
    let log = "{\"time\":1}\n".repeat(1000);
    let mut stream = RecordStream::new(vec![source(0, log.into_bytes())], Options::default());
    let workers = Workers {
        threads: 2,
        batch_records: 3,
    };
    in_order(
        &mut stream,
        workers,
        || (),
        |(), records| assert!(records[0].place.position < 300),
        |_, ()| {},
    );
}

//! Following a log while it is written gives what reading it afterwards gives, however the bytes come.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

mod support;

use cordon_evidence::read::{CsvMap, Follower, Options, OrderWindow};
use cordon_evidence::record::{FileId, Record};
use jiff::Timestamp;
use proptest::prelude::*;
use support::read_with;

const LOGS: [&[u8]; 6] = [
    include_bytes!("data/winlogbeat.jsonl"),
    include_bytes!("data/okta.jsonl"),
    include_bytes!("data/zeek.jsonl"),
    include_bytes!("data/zeek_conn.log"),
    include_bytes!("data/mapped.csv"),
    include_bytes!("data/ocsf.jsonl"),
];

fn options(log: &[u8]) -> Options {
    let map = CsvMap::from_yaml("mapped.yaml", include_str!("data/mapped.yaml")).unwrap();
    Options {
        csv_map: (log == LOGS[4]).then_some(map),
        order: OrderWindow {
            seconds: 0,
            ..OrderWindow::default()
        },
        ..Options::default()
    }
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// What matters of a record: its place, time and fields.
fn shown(record: &Record) -> String {
    format!(
        "{:?} {} {:?}",
        record.place,
        record.time,
        record.fields().collect::<Vec<_>>()
    )
}

fn read(log: &[u8]) -> (Vec<String>, u64) {
    let (records, report) = read_with(log, options(log));
    let mut shown: Vec<String> = records.iter().map(shown).collect();
    shown.sort();
    (shown, report.unreadable)
}

/// Follows the pieces, of which the first `read_before` bytes were read already.
fn follow(log: &[u8], lines_read: usize, cuts: &[usize]) -> (Vec<String>, u64) {
    let end_of = |line: &[u8]| line.len() + 1;
    let at: usize = log
        .split(|byte| *byte == b'\n')
        .take(lines_read)
        .map(end_of)
        .sum();
    let at = at.min(log.len());
    let mut follower = if lines_read == 0 {
        Follower::new("log", FileId(0), &options(log))
    } else {
        Follower::after("log", FileId(0), &options(log), &log[..at], lines_read as u64).unwrap()
    };
    let mut seen = Vec::new();
    let rest = &log[at..];
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (rest.len() + 1)).collect();
    cuts.extend([0, rest.len()]);
    cuts.sort_unstable();
    for pair in cuts.windows(2) {
        follower.push(&rest[pair[0]..pair[1]], now(), &mut |record| {
            seen.push(shown(record))
        });
    }
    seen.sort();
    (seen, follower.report().unreadable)
}

fn ended(log: &[u8]) -> Vec<u8> {
    let mut log = log.to_vec();
    if log.last() != Some(&b'\n') {
        log.push(b'\n');
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn however_the_bytes_come_the_records_are_those_of_the_file(which in 0..LOGS.len(), cuts in prop::collection::vec(0_usize..100_000, 0..40)) {
        prop_assert_eq!(follow(&ended(LOGS[which]), 0, &cuts), read(LOGS[which]));
    }

    #[test]
    fn what_was_read_before_is_not_handed_on_again(which in 0..LOGS.len(), cut in 0_usize..100_000) {
        let log = ended(LOGS[which]);
        // Headers at least were read: of Zeek's logs there are seven lines of them.
        let lines = if which == 3 { 7 } else { 1 };
        let (after, _) = follow(&log, lines, &[cut]);
        let all = read(LOGS[which]).0;
        prop_assert!(after.iter().all(|one| all.contains(one)));
        let header_only = which == 3 || which == 4;
        prop_assert_eq!(after.len(), all.len() - usize::from(!header_only));
    }
}

#[test]
fn a_line_longer_than_any_real_one_is_skipped_in_bounded_memory_and_counted() {
    let mut follower = Follower::new("log", FileId(0), &Options::default());
    let mut seen = Vec::new();
    let good = b"{\"@timestamp\":\"2020-10-22T08:29:48Z\",\"EventID\":1}\n";
    let mut take = |bytes: &[u8], follower: &mut Follower| {
        follower.push(bytes, now(), &mut |record| seen.push(record.place.position));
    };
    take(good, &mut follower);
    for _ in 0..40 {
        take(&vec![b'x'; 1 << 20], &mut follower);
    }
    take(b"\n", &mut follower);
    take(good, &mut follower);
    assert_eq!(seen, [1, 3]);
    assert_eq!((follower.report().events, follower.report().unreadable), (2, 1));
}

#[test]
fn noise_before_the_first_good_line_is_counted_and_documents_are_refused() {
    let mut follower = Follower::new("log", FileId(0), &Options::default());
    let mut seen = 0;
    follower.push(b"\xff\xfe\x00\x01 noise\n", now(), &mut |_| seen += 1);
    follower.push(
        b"{\"@timestamp\":\"2020-10-22T08:29:48Z\",\"EventID\":1}\n",
        now(),
        &mut |_| {
            seen += 1;
        },
    );
    assert_eq!((seen, follower.report().unreadable), (1, 1));
    let documents = b"[\n {\"a\": 1},\n {\"a\": 2}\n]\n";
    let refused = Follower::after("all.json", FileId(0), &Options::default(), documents, 1);
    assert!(refused.err().unwrap().to_string().contains("cannot be followed"));
}

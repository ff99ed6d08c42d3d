//! The real recordings, where they are at hand: every event is read, and EVTX agrees with the `evtx` crate.

#[path = "support/inputs.rs"]
mod inputs;

use std::fs::File;

use cordon_evidence::read::{Format, Options, OrderWindow, RecordStream, Source};
use cordon_evidence::record::{FileId, Record, Value};
use inputs::{files, recording, stream};

#[test]
fn every_event_of_the_json_recordings_is_read_in_order() {
    let Some(folder) = recording("") else { return };
    for path in files(&folder, ".json.zst") {
        let text = zstd::decode_all(File::open(&path).unwrap()).unwrap();
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        let mut stream = stream(std::slice::from_ref(&path), Options::default());
        let mut last = jiff::Timestamp::MIN;
        let mut events = 0;
        for record in stream.by_ref() {
            assert!(record.time >= last);
            assert!(record.int("EventID").is_some() && record.text("Computer").is_some());
            last = record.time;
            events += 1;
        }
        let report = stream.report();
        assert_eq!(events, lines, "{}", path.display());
        assert_eq!((report.unreadable, report.late), (0, 0), "{:?}", report.places);
    }
}

/// The steps of the truth cite lines; the record of each must have the step's time.
#[test]
fn record_times_are_those_of_the_truth() {
    let Some(folder) = recording("purplesharp_ad_playbook_I") else {
        return;
    };
    let truth: serde_json::Value =
        serde_json::from_reader(File::open(folder.join("truth.json")).unwrap()).unwrap();
    let records: Vec<_> = stream(&files(&folder, ".json.zst"), Options::default()).collect();
    assert_eq!(records.len(), 25_993);
    for step in truth["steps"].as_array().unwrap() {
        let evidence = step["evidence"].as_str().unwrap();
        let line: u64 = evidence.split(' ').nth(1).unwrap().parse().unwrap();
        let record = records.iter().find(|own| own.place.position == line).unwrap();
        assert_eq!(
            record.time,
            step["time"].as_str().unwrap().parse().unwrap(),
            "{evidence}"
        );
    }
}

#[test]
fn every_event_of_the_evtx_recordings_is_read() {
    let Some(folder) = recording("evtx-to-mitre") else {
        return;
    };
    let paths = files(&folder, ".evtx");
    assert_eq!(paths.len(), 281);
    let mut stream = stream(&paths, Options::default());
    let events = stream.by_ref().count();
    assert!(stream.failures().is_empty());
    let report = stream.report();
    assert_eq!((events, report.unreadable), (10_015, 0), "{:?}", report.places);
}

fn plain(value: Value<'_>) -> String {
    let text = match value {
        Value::Str(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => String::new(),
    };
    text.trim_matches(['{', '}']).to_lowercase()
}

/// Ours without JSON, theirs by JSON and our JSON reader: two ways that share only the names.
#[test]
fn evtx_fields_agree_with_the_evtx_crate() {
    let Some(folder) = recording("evtx-to-mitre") else {
        return;
    };
    let options = || Options {
        order: OrderWindow {
            seconds: 0,
            ..OrderWindow::default()
        },
        ..Options::default()
    };
    let (mut compared, mut differing) = (0, Vec::new());
    for path in files(&folder, ".evtx") {
        let mut json = Vec::new();
        let mut parser = evtx::EvtxParser::from_path(&path).unwrap();
        for record in parser.records_json() {
            json.extend(record.unwrap().data.into_bytes());
            json.push(b'\n');
        }
        let theirs = Source {
            name: "theirs".to_owned(),
            file: FileId(0),
            receipt: None,
            open: Box::new(move || Ok(Box::new(std::io::Cursor::new(json.clone())))),
        };
        let theirs = RecordStream::new(vec![theirs], options());
        assert!(theirs.reports().all(|report| report.format == Format::JsonLines));
        let theirs: Vec<Record> = theirs.collect();
        let ours: Vec<Record> = stream(std::slice::from_ref(&path), options()).collect();
        assert_eq!(ours.len(), theirs.len());
        for (our, their) in ours.iter().zip(&theirs) {
            assert_eq!(
                (our.int("EventRecordID"), our.time),
                (their.int("EventRecordID"), their.time),
                "{} {}",
                path.display(),
                our.place.position
            );
            for (name, value) in their.fields() {
                if name.contains("#attributes") || name.contains("_attributes") || name == "TimeCreated" {
                    continue;
                }
                compared += 1;
                let expected = plain(value);
                let found = our.all(name).any(|own| plain(own) == expected);
                let absent = expected.is_empty() && our.get(name).is_none();
                if !found && !absent {
                    differing.push(format!(
                        "{} {}: {name}: {expected:?} {:?}",
                        path.display(),
                        our.place.position,
                        our.get(name)
                    ));
                }
            }
        }
    }
    differing.truncate(40);
    assert!(differing.is_empty(), "{compared} compared: {differing:#?}");
    assert!(compared > 100_000, "{compared}");
}

//! Every rule of the starter pack finds what it is for and leaves what merely resembles it.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_evidence::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, Scratch, starter_pack};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
struct Case {
    rule: String,
    r#match: Vec<Event>,
    near_miss: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    after_seconds: i64,
    dialect: String,
    record: serde_json::Map<String, Json>,
}

impl Event {
    fn record(&self, position: u64) -> Record {
        let dialect = match self.dialect.as_str() {
            "windows" => Dialect::Windows,
            "okta" => Dialect::Okta,
            "entra" => Dialect::Entra,
            "syslog" => Dialect::Syslog,
            _ => Dialect::Other,
        };
        let time = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + self.after_seconds);
        let place = RecordPlace {
            file: FileId(0),
            position,
        };
        let mut record = Record::new(time, TimeBasis::Exact, place, dialect);
        for (name, value) in &self.record {
            match value {
                Json::String(text) => record.push(name, Value::Str(text)),
                Json::Number(number) => record.push(name, Value::Int(number.as_i64().unwrap())),
                other => record.push(name, Value::Str(&other.to_string())),
            }
        }
        record
    }
}

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

fn files(folder: &Path, extension: &str, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.insert(path);
        }
    }
}

fn pack() -> Arc<RuleSet> {
    let set = RuleSet::load(starter_pack(), NonZeroUsize::MIN);
    assert_eq!(set.report().rejected, []);
    Arc::new(set)
}

/// The file names, without ending, of the rules that a sequence of events sets off.
fn set_off(set: &Arc<RuleSet>, events: &[Event]) -> BTreeSet<String> {
    let detector = Detector::new(Arc::clone(set));
    let mut correlator = Correlator::new(set);
    assert_eq!(correlator.problem(), None);
    let mut scratch = Scratch::default();
    let mut detections = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let record = event.record(at as u64 + 1);
        let mut own = Vec::new();
        detector.detect(&record, &mut scratch, &mut own);
        correlator.observe(&record, &mut own);
        detections.extend(own);
    }
    let rules = detections
        .iter()
        .map(|detection| set.rule(detection.rule).unwrap());
    rules
        .map(|rule| {
            Path::new(&rule.file)
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn every_file_of_the_folder_is_in_the_pack() {
    let mut there = BTreeSet::new();
    files(&rules_folder(), "yml", &mut there);
    let packed: BTreeSet<PathBuf> = starter_pack()
        .iter()
        .map(|(path, _)| rules_folder().join(path))
        .collect();
    assert_eq!(there, packed);
    assert!(packed.len() >= 40);
}

#[test]
fn every_rule_says_what_a_reader_needs() {
    let set = pack();
    let mut identifiers = BTreeSet::new();
    for rule in set.rules() {
        assert!(
            identifiers.insert(rule.rule_id.clone()),
            "{}: identifier used twice",
            rule.file
        );
        assert!(
            !rule.tactics.is_empty() && !rule.techniques.is_empty(),
            "{}: no ATT&CK tags",
            rule.file
        );
        assert!(
            !rule.false_positives.is_empty(),
            "{}: no false positives",
            rule.file
        );
        assert!(!rule.description.is_empty(), "{}: no description", rule.file);
    }
    for (path, text) in starter_pack() {
        assert!(
            text.contains("\nlicense: MIT OR Apache-2.0\n"),
            "{path}: no licence"
        );
        assert!(
            text.contains("\nauthor: Cordon maintainers\n"),
            "{path}: no author"
        );
    }
}

#[test]
fn every_rule_finds_its_case_and_not_its_near_miss() {
    let set = pack();
    let mut cases = BTreeSet::new();
    files(&rules_folder().join("tests"), "json", &mut cases);
    let mut tested = BTreeSet::new();
    for path in cases {
        let case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(
            set_off(&set, &case.r#match).contains(&case.rule),
            "{}: not found",
            case.rule
        );
        assert!(
            !set_off(&set, &case.near_miss).contains(&case.rule),
            "{}: near miss found",
            case.rule
        );
        tested.insert(case.rule);
    }
    assert_eq!(tested.len(), set.rules().len());
}

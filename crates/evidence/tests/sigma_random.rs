//! Random rules on random records: the detector finds what rsigma's engine finds on the same fields as JSON.

use std::num::NonZeroUsize;
use std::sync::Arc;

use cordon_evidence::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};
use cordon_evidence::sigma::{Detector, RuleSet, Scratch, Source, View};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rsigma_eval::{Engine, JsonEvent};

/// Few letters, so that random texts often meet; one folds to two bytes, one to ASCII.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[abAB]{1,4}",
        1 => "[abÄäK\u{212a}k]{1,3}",
        1 => Just(String::new()),
        1 => "[0-2]{1,2}",
    ]
}

const FIELDS: [&str; 3] = ["One", "Two", "Three"];

fn field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FIELDS.as_slice())
}

#[derive(Clone, Debug)]
enum Datum {
    Text(String),
    Number(i64),
    Truth(bool),
    Null,
}

fn datum() -> impl Strategy<Value = Datum> {
    prop_oneof![
        8 => text().prop_map(Datum::Text),
        2 => (0_i64..23).prop_map(Datum::Number),
        1 => any::<bool>().prop_map(Datum::Truth),
        1 => Just(Datum::Null),
    ]
}

fn record(fields: &[(&str, Datum)]) -> Record {
    let place = RecordPlace {
        file: FileId(0),
        position: 1,
    };
    let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Exact, place, Dialect::Windows);
    record.push("Channel", Value::Str("Security"));
    for (name, datum) in fields {
        match datum {
            Datum::Text(text) => record.push(name, Value::Str(text)),
            Datum::Number(number) => record.push(name, Value::Int(*number)),
            Datum::Truth(truth) => record.push(name, Value::Bool(*truth)),
            Datum::Null => record.push(name, Value::Null),
        }
    }
    record
}

/// One line of a selection: a field with modifiers and values.
fn item() -> impl Strategy<Value = String> {
    let modifier = prop::sample::select(
        [
            "",
            "|contains",
            "|startswith",
            "|endswith",
            "|contains|all",
            "|cased",
            "|contains|cased",
            "|re",
        ]
        .as_slice(),
    );
    let listed = (field(), modifier, vec(text(), 1..5)).prop_map(|(field, modifier, values)| {
        let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        format!("{field}{modifier}: [{}]", values.join(", "))
    });
    prop_oneof![
        8 => listed,
        1 => (field(), any::<bool>()).prop_map(|(field, expected)| format!("{field}|exists: {expected}")),
        1 => field().prop_map(|field| format!("{field}: null")),
        1 => (field(), 0..23).prop_map(|(field, number)| format!("{field}: {number}")),
        1 => (field(), 0..23).prop_map(|(field, number)| format!("{field}|gte: {number}")),
    ]
}

/// A selection is a map of items, a list of maps, or keywords.
fn selection() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => item().prop_map(|item| format!("        {item}\n")),
        3 => (item(), item()).prop_map(|(left, right)| format!("        - {left}\n        - {right}\n")),
        2 => vec("[abAB]{1,3}", 1..4).prop_map(|words| {
            words.iter().map(|word| format!("        - '{word}'\n")).collect()
        }),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let conditions = [
        "s0",
        "s0 and s1",
        "s0 or s1",
        "s0 and not s1",
        "not s0",
        "1 of s*",
        "all of s*",
        "2 of s*",
        "(s0 or s1) and not s2",
        "s0 and (s1 or not s2)",
        "not 1 of s*",
        "1 of them",
    ];
    (prop::sample::select(conditions.to_vec()), vec(selection(), 3)).prop_map(|(condition, selections)| {
        let named: String = selections
            .iter()
            .enumerate()
            .map(|(at, body)| format!("    s{at}:\n{body}"))
            .collect();
        format!("title: t\nlogsource:\n    product: windows\ndetection:\n{named}    condition: {condition}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_detector_agrees_with_rsigma(
        rules in vec(rule(), 1..6),
        records in vec(vec((field(), datum()), 0..5), 1..8),
    ) {
        let files: Vec<(String, String)> =
            rules.into_iter().enumerate().map(|(at, text)| (format!("{at}.yml"), text)).collect();
        let set = Arc::new(RuleSet::load(&files, NonZeroUsize::MIN));
        let detector = Detector::new(Arc::clone(&set));
        let mut scratch = Scratch::default();
        for fields in &records {
            let record = record(fields);
            let mut detections = Vec::new();
            detector.detect(&record, &mut scratch, &mut detections);
            let own: Vec<usize> = detections.iter().map(|detection| detection.rule.index()).collect();
            let json = View::new(&record, &Source::of(&record)).flatten();
            let mut theirs = Vec::new();
            for (at, compiled) in set.compiled().iter().enumerate() {
                let mut engine = Engine::new();
                engine.add_compiled_rule(compiled.clone());
                if !engine.evaluate(&JsonEvent::borrow(&json)).is_empty() {
                    theirs.push(at);
                }
            }
            prop_assert_eq!(own, theirs, "{:?} {:?}", files, json);
        }
    }
}

#[test]
fn random_rules_mostly_load() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let files: Vec<(String, String)> = (0..200)
        .map(|at| {
            (
                format!("{at}.yml"),
                rule().new_tree(&mut runner).unwrap().current(),
            )
        })
        .collect();
    let set = RuleSet::load(&files, NonZeroUsize::MIN);
    assert!(set.report().rules > 150, "{:?}", set.report().rejected.first());
}

//! The rules of SigmaHQ on recorded intrusions: every rule loads, and every detection is rsigma's own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and may speak"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_evidence::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};
use cordon_evidence::sigma::{Detector, RuleSet, Scratch, Source, View};
use jiff::Timestamp;
use rsigma_eval::compiler::CompiledRule;
use rsigma_eval::{Engine, JsonEvent};
use serde_json::Value as Json;

/// The folder of development data, if there is one.
fn data(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("CORDON_DATA").map_or(beside, PathBuf::from);
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {part} here");
    None
}

fn rule_files(folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rule_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            files.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

fn corpus() -> Option<Arc<RuleSet>> {
    let mut files = Vec::new();
    rule_files(&data("sigma")?, &mut files);
    Some(Arc::new(RuleSet::load(&files, NonZeroUsize::new(2).unwrap())))
}

fn flatten(prefix: &str, value: &Json, record: &mut Record) {
    match value {
        Json::Null => record.push(prefix, Value::Null),
        Json::Bool(truth) => record.push(prefix, Value::Bool(*truth)),
        Json::String(text) => record.push(prefix, Value::Str(text)),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => record.push(prefix, Value::Int(whole)),
            None => record.push(prefix, Value::Float(number.as_f64().unwrap())),
        },
        Json::Array(parts) => parts.iter().for_each(|part| flatten(prefix, part, record)),
        Json::Object(fields) => {
            for (name, field) in fields {
                let name = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&name, field, record);
            }
        }
    }
}

/// The lines of a recording as flat Windows records.
fn records(path: &Path) -> Vec<Record> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    zstd::Decoder::new(file)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let lines = text.lines().enumerate();
    let parsed =
        lines.filter_map(|(at, line)| serde_json::from_str::<Json>(line).ok().map(|json| (at, json)));
    parsed
        .map(|(at, json)| {
            let place = RecordPlace {
                file: FileId(0),
                position: at as u64 + 1,
            };
            let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Receipt, place, Dialect::Windows);
            flatten("", &json, &mut record);
            if let Some(provider) = json.get("SourceName").and_then(Json::as_str) {
                record.push("Provider_Name", Value::Str(provider));
            }
            record
        })
        .collect()
}

fn recordings() -> Vec<PathBuf> {
    let Some(root) = data("recordings") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        found.extend(files.filter(|path| path.to_string_lossy().ends_with(".json.zst")));
    }
    found.sort();
    found
}

/// rsigma's own engine, one for each log source, on the record as one flat JSON object.
struct Twin<'a> {
    set: &'a RuleSet,
    engines: BTreeMap<String, (Engine, Vec<u32>)>,
}

impl Twin<'_> {
    fn detect(&mut self, record: &Record) -> Vec<u32> {
        let source = Source::of(record);
        let set = self.set;
        let (engine, ids) = self.engines.entry(source.describe()).or_insert_with(|| {
            let all = set.rules().iter().zip(set.compiled());
            let chosen = all.filter(|(rule, _)| source.runs(&rule.log_source));
            let (ids, compiled): (Vec<u32>, Vec<CompiledRule>) = chosen
                .map(|(rule, compiled)| (rule.id.0, relabel(compiled, rule.id.0)))
                .unzip();
            let mut engine = Engine::new();
            engine.extend_compiled_rules(compiled);
            (engine, ids)
        });
        let json = View::new(record, &source).flatten();
        let results = engine.evaluate(&JsonEvent::borrow(&json));
        let mut found: Vec<u32> = results
            .iter()
            .map(|result| result.header.rule_title.parse().unwrap())
            .collect();
        assert!(found.iter().all(|id| ids.contains(id)));
        found.sort_unstable();
        found
    }
}

/// The number of the rule in place of its title, so that a result says which rule it is of.
fn relabel(rule: &CompiledRule, id: u32) -> CompiledRule {
    CompiledRule {
        title: id.to_string(),
        ..rule.clone()
    }
}

#[test]
fn every_rule_of_the_corpus_loads() {
    let Some(set) = corpus() else {
        return;
    };
    let report = set.report();
    println!("{} files, {} rules", report.files, report.rules);
    for rejected in &report.rejected {
        println!("{rejected:?}");
    }
    assert_eq!(report.files, 3754);
    assert_eq!(report.rules + report.rejected.len(), 3754);
    assert!(report.rejected.is_empty());
}

#[test]
fn detections_on_recordings_are_those_of_rsigma() {
    let Some(set) = corpus() else {
        return;
    };
    let detector = Detector::new(Arc::clone(&set));
    let mut scratch = Scratch::default();
    let mut twin = Twin {
        set: &set,
        engines: BTreeMap::new(),
    };
    for path in recordings() {
        let (mut count, mut total) = (0, 0);
        for record in records(&path) {
            let mut detections = Vec::new();
            detector.detect(&record, &mut scratch, &mut detections);
            let own: Vec<u32> = detections.iter().map(|detection| detection.rule.0).collect();
            let theirs = twin.detect(&record);
            assert_eq!(own, theirs, "{} line {}", path.display(), record.place.position);
            count += 1;
            total += own.len();
        }
        println!(
            "{count:7} records, {total:6} detections: {}",
            path.file_name().unwrap().display()
        );
    }
}

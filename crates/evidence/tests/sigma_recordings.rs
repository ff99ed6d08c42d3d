//! The rules of SigmaHQ on recorded intrusions: every rule loads, and every detection is rsigma's own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and may speak"
)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_evidence::pipeline::detect;
use cordon_evidence::read::{self, Options, RecordStream, Workers};
use cordon_evidence::record::{FileId, Record};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, Scratch, Source, View};
use rsigma_eval::compiler::CompiledRule;
use rsigma_eval::{Engine, JsonEvent};

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

/// Every recording of these names below the folder of recordings.
fn recordings(folder: &str, ending: &str) -> Vec<PathBuf> {
    let Some(root) = data("recordings") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn stream(paths: &[PathBuf]) -> RecordStream {
    let sources = paths.iter().enumerate().map(|(at, path)| {
        let path = path.clone();
        read::Source {
            name: path.display().to_string(),
            file: FileId(at as u32),
            receipt: None,
            open: Box::new(move || Ok(Box::new(std::fs::File::open(&path)?))),
        }
    });
    RecordStream::new(sources.collect(), Options::default())
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

/// Compares every record of some recordings, and says how much there was.
fn compare(set: &Arc<RuleSet>, paths: &[PathBuf]) -> (usize, usize) {
    let detector = Detector::new(Arc::clone(set));
    let mut scratch = Scratch::default();
    let mut twin = Twin {
        set,
        engines: BTreeMap::new(),
    };
    let (mut records, mut total) = (0, 0);
    for record in stream(paths) {
        let mut detections = Vec::new();
        detector.detect(&record, &mut scratch, &mut detections);
        let own: Vec<u32> = detections.iter().map(|detection| detection.rule.0).collect();
        let path = paths.get(record.place.file.0 as usize).unwrap();
        assert_eq!(
            own,
            twin.detect(&record),
            "{} at {}",
            path.display(),
            record.place.position
        );
        records += 1;
        total += own.len();
    }
    println!(
        "{records:7} records, {total:6} detections in {} files",
        paths.len()
    );
    (records, total)
}

#[test]
fn detections_on_recordings_are_those_of_rsigma() {
    let Some(set) = corpus() else {
        return;
    };
    for path in recordings("", ".json.zst") {
        compare(&set, &[path]);
    }
}

#[test]
fn detections_on_event_log_files_are_those_of_rsigma() {
    let Some(set) = corpus() else {
        return;
    };
    let paths = recordings("evtx-to-mitre", ".evtx");
    if !paths.is_empty() {
        let (records, detections) = compare(&set, &paths);
        assert_eq!(records, 10_015);
        assert!(detections > 1000, "{detections} detections");
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let Some(set) = corpus() else {
        return;
    };
    let paths = recordings("purplesharp_ad_playbook_I", ".json.zst");
    let run = |threads| {
        let detector = Detector::new(Arc::clone(&set));
        let mut correlator = Correlator::new(&set);
        let workers = Workers {
            threads,
            batch_records: 100,
        };
        let mut all = Vec::new();
        detect(
            &mut stream(&paths),
            &detector,
            &mut correlator,
            workers,
            |_, detections| {
                all.extend_from_slice(detections);
            },
        );
        all
    };
    let alone = run(1);
    assert_eq!(alone, run(3));
    assert!(paths.is_empty() || !alone.is_empty());
}

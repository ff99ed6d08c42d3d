//! The rules of SigmaHQ on recorded intrusions: every rule loads, and every detection is rsigma's own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and may speak"
)]

#[path = "support/inputs.rs"]
mod inputs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_evidence::pipeline::detect;
use cordon_evidence::read::{Options, RecordStream, Workers};
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, Scratch, Source, View};
use rsigma_eval::compiler::CompiledRule;
use rsigma_eval::{Engine, JsonEvent};

/// Every recording of these names below the folder of recordings.
fn recordings(folder: &str, ending: &str) -> Vec<PathBuf> {
    inputs::recording(folder).map_or_else(Vec::new, |folder| inputs::files(&folder, ending))
}

fn stream(paths: &[PathBuf]) -> RecordStream {
    inputs::stream(paths, Options::default())
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
    let Some(set) = inputs::sigma() else {
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
    let Some(set) = inputs::sigma() else {
        return;
    };
    for path in recordings("", ".json.zst") {
        compare(&set, &[path]);
    }
}

#[test]
fn detections_on_event_log_files_are_those_of_rsigma() {
    let Some(set) = inputs::sigma() else {
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
    let Some(set) = inputs::sigma() else {
        return;
    };
    let paths = recordings("purplesharp_ad_playbook_I", ".json.zst");
    let run = |threads| {
        let detector = Detector::new(Arc::clone(&set));
        let mut correlator = Correlator::new(&set);
        let workers = Workers::new(threads);
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

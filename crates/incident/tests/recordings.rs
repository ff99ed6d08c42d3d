//! Recorded intrusions, replayed: what the plan would have stopped.
//!
//! Looks for the recordings in the folder that `CORDON_DATA` names, or in `../shared/data` beside the repository.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and may speak"
)]

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_estate::Estate;
use cordon_evidence::pipeline;
use cordon_evidence::read::{Input, Options, RecordStream, Source, Workers};
use cordon_evidence::record::FileId;
use cordon_evidence::sigma::{Correlator, Detector, RuleSet};
use cordon_incident::backtest::{BacktestSettings, Measured};
use cordon_incident::{Backtest, BacktestDocument, Case, CaseSettings, Truth};

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("CORDON_DATA").map_or(beside, PathBuf::from);
    if folder.join("recordings").is_dir() {
        return Some(folder);
    }
    println!("skipped: no recordings here; set CORDON_DATA to a folder that has `recordings`");
    None
}

fn rule_files(folder: &Path, found: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rule_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn rules(data: &Path) -> Arc<RuleSet> {
    let mut files = Vec::new();
    rule_files(&data.join("sigma"), &mut files);
    Arc::new(RuleSet::load(&files, NonZeroUsize::new(2).unwrap()))
}

fn sources(folder: &Path) -> Vec<Source> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "zst"));
    paths.sort();
    let open = |path: PathBuf| move || fs::File::open(&path).map(|file| Box::new(file) as Input);
    paths
        .into_iter()
        .enumerate()
        .map(|(number, path)| Source {
            name: path.display().to_string(),
            file: FileId(number as u32),
            receipt: None,
            open: Box::new(open(path)),
        })
        .collect()
}

fn replay(folder: &Path, set: &Arc<RuleSet>, truth: Option<&Truth>) -> BacktestDocument {
    let detector = Detector::new(Arc::clone(set));
    let case = Case::new(Estate::default(), set.rules(), CaseSettings::default());
    let mut backtest = Backtest::new(case, BacktestSettings::default(), truth);
    let mut stream = RecordStream::new(sources(folder), Options::default());
    let mut correlator = Correlator::new(set);
    pipeline::detect(
        &mut stream,
        &detector,
        &mut correlator,
        Workers::new(1),
        |record, detections| {
            backtest.on_record(record, detections, &mut || 0.0);
        },
    );
    backtest.finish(
        set.rules(),
        Measured {
            files: stream.reports().map(|report| report.name.clone()).collect(),
            unreadable: stream.report().unreadable,
            seconds: 0.0,
        },
    )
}

#[test]
fn the_playbook_is_stopped_before_it_moves() {
    let Some(data) = data() else { return };
    let folder = data.join("recordings/purplesharp_ad_playbook_I");
    let truth: Truth = serde_json::from_str(&fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    let found = replay(&folder, &rules(&data), Some(&truth));
    let mut shown = found.clone();
    shown.plan_document = None;
    println!("{}", serde_json::to_string_pretty(&shown).unwrap());

    assert_eq!(found.events, 25_993);
    let first_winrm = "2020-10-22T08:29:59.890Z".parse().unwrap();
    assert!(
        found.first_plan.unwrap() < first_winrm,
        "the plan came at {:?}",
        found.first_plan
    );
    let winrm: Vec<_> = found
        .steps
        .iter()
        .filter(|step| step.technique == "T1021.006")
        .collect();
    assert_eq!(winrm.len(), 3);
    for step in winrm {
        assert!(step.blocked_by.is_some(), "{step:?}");
    }
    for name in ["WORKSTATION5", "pgustavo"] {
        let is_it = |own: &str| own.split('.').next().unwrap().eq_ignore_ascii_case(name);
        assert!(
            found
                .footholds
                .iter()
                .any(|one| is_it(&one.name) && one.probability >= 0.5),
            "{name}"
        );
    }
    assert!(found.footholds_wrong.unwrap() <= 2, "{:#?}", found.footholds);
    assert!(found.plan.unwrap().withdrawals.len() <= 4);
}

//! The cases with logs: the starter rules match the records that the case says, and those it says are held or clean.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

#[path = "../../evidence/tests/support/inputs.rs"]
mod inputs;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate, load};
use cordon_evidence::bind::bind;
use cordon_evidence::infer::weights::RuleWeight;
use cordon_evidence::infer::{Inference, RuleKey, Signal};
use cordon_evidence::pipeline;
use cordon_evidence::read::{RecordStream, Workers};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, starter_pack};
use serde_json::Value;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("logs").is_dir())
        .collect();
    folders.sort();
    folders
}

fn stream(folder: &Path) -> RecordStream {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let named = |path: PathBuf| (path.display().to_string(), fs::read(&path).unwrap());
    inputs::in_memory(files.into_iter().map(named))
}

fn probability(estate: &Estate, inference: &Inference, name: &str) -> f64 {
    let found = match name.split_once(':') {
        Some(("account", own)) => estate
            .accounts_with_ids()
            .find(|(_, account)| account.name == own)
            .map(|(id, _)| Entity::Account(id)),
        Some(("system", own)) => estate
            .systems_with_ids()
            .find(|(_, system)| system.name == own)
            .map(|(id, _)| Entity::System(id)),
        _ => None,
    };
    inference.probability(found.unwrap_or_else(|| panic!("no {name}")))
}

fn observe(folder: &Path, estate: &Estate) -> (BTreeMap<String, u64>, Inference) {
    let rules = Arc::new(RuleSet::load(starter_pack(), NonZeroUsize::MIN));
    let detector = Detector::new(Arc::clone(&rules));
    let mut correlator = Correlator::new(&rules);
    let mut directory = Directory::from_estate(estate);
    let mut inference = Inference::new();
    inference.set_population(estate.accounts.len(), estate.systems.len());
    let mut counts = BTreeMap::new();
    let mut stream = stream(folder);
    pipeline::detect(
        &mut stream,
        &detector,
        &mut correlator,
        Workers::new(1),
        |record, detections| {
            let mut named = Vec::new();
            bind(record, &mut directory, &mut named);
            for detection in detections {
                let rule = rules.rule(detection.rule).expect("a rule of the set");
                *counts.entry(rule.file.clone()).or_insert(0) += 1;
                inference.signal(&Signal {
                    rule: RuleKey(detection.rule.0),
                    weight: &RuleWeight::of(rule),
                    time: detection.time,
                    place: detection.place,
                    named: &named,
                    refused: false,
                });
            }
        },
    );
    assert_eq!(stream.report().unreadable, 0, "{}", folder.display());
    (counts, inference)
}

#[test]
fn logs_show_what_each_case_says() {
    let folders = folders();
    assert!(folders.len() >= 5);
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(folder.join("estate.yaml")).unwrap();
        let loaded =
            load::load(&[("estate.yaml", &text)]).unwrap_or_else(|found| panic!("{name}: {found:#?}"));
        let expect: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("expect.json")).unwrap()).unwrap();
        let (counts, inference) = observe(&folder, &loaded.estate);
        for (rule, expected) in expect["detections"].as_object().into_iter().flatten() {
            let matching = counts.iter().filter(|(file, _)| file.ends_with(rule.as_str()));
            let found: u64 = matching.map(|(_, count)| count).sum();
            if Some(found) != expected.as_u64() {
                wrong.push(format!("{name}: {rule} matches {found}"));
            }
        }
        for (key, held) in [("held", true), ("clean", false)] {
            for entity in expect[key]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                let found = probability(&loaded.estate, &inference, entity);
                if (found >= 0.5) != held {
                    wrong.push(format!("{name}: {entity} {found:.3}, {counts:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

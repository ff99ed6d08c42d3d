//! The small organisations under `cases/`: each is read, and the jewels that its footholds reach are those that it
//! says.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cordon_estate::{Entity, Estate, load};
use cordon_reach::{FactSet, Graph, Options, Scratch, jewels};
use serde_json::Value;

/// One case.
struct Case {
    name: String,
    folder: PathBuf,
    expect: Value,
}

impl Case {
    fn strings(&self, key: &str) -> Vec<String> {
        let list = self.expect.get(key).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .map(|item| {
                item.as_str()
                    .unwrap_or_else(|| panic!("{}: {key}", self.name))
                    .to_owned()
            })
            .collect()
    }

    fn estate(&self) -> Estate {
        let text = fs::read_to_string(self.folder.join("estate.yaml")).unwrap();
        match load::load(&[("estate.yaml", &text)]) {
            Ok(loaded) => loaded.estate,
            Err(diagnostics) => panic!("{}: {diagnostics:#?}", self.name),
        }
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| Case {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            expect: serde_json::from_str(&fs::read_to_string(folder.join("expect.json")).unwrap()).unwrap(),
            folder,
        })
        .collect()
}

/// `account:pat` and the like.
fn entity(estate: &Estate, name: &str) -> Entity {
    let found = match name.split_once(':') {
        Some(("account", own)) => estate
            .accounts_with_ids()
            .find(|(_, account)| account.name == own)
            .map(|(id, _)| Entity::Account(id)),
        Some(("system", own)) => estate
            .systems_with_ids()
            .find(|(_, system)| system.name == own)
            .map(|(id, _)| Entity::System(id)),
        Some(("group", own)) => estate
            .groups_with_ids()
            .find(|(_, group)| group.name == own)
            .map(|(id, _)| Entity::Group(id)),
        _ => None,
    };
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn there_are_at_least_twenty_five_and_each_says_what_it_teaches() {
    let cases = cases();
    assert!(cases.len() >= 25, "{}", cases.len());
    for case in cases {
        let sentence = fs::read_to_string(case.folder.join("README.md")).unwrap();
        assert!(sentence.trim().len() > 40, "{}: say what it teaches", case.name);
    }
}

#[test]
fn every_case_reaches_the_jewels_that_it_says() {
    for case in cases() {
        let estate = case.estate();
        let footholds: Vec<Entity> = case
            .strings("footholds")
            .iter()
            .map(|name| entity(&estate, name))
            .collect();
        let graph = Graph::compile(&estate, &Options::default());
        let mut scratch = Scratch::new();
        let exposure = graph.chain(&footholds, &FactSet::default(), &mut scratch);
        let reached: BTreeSet<Entity> = jewels(&estate)
            .iter()
            .map(|jewel| jewel.entity)
            .filter(|&jewel| exposure.takes(jewel))
            .collect();
        if case.expect.get("reachable_before").is_some() {
            let expected = case
                .strings("reachable_before")
                .iter()
                .map(|name| entity(&estate, name))
                .collect();
            assert_eq!(reached, expected, "{}", case.name);
        }
        for safe in case.strings("safe_before") {
            assert!(
                !reached.contains(&entity(&estate, &safe)),
                "{}: {safe}",
                case.name
            );
        }
    }
}

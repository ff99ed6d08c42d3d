//! The small organisations under `cases/`: each is read, the jewels that its footholds reach are those that it says,
//! and the plan is the one that somebody worked out by hand (the README beside it says how).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cordon_estate::{Entity, Estate, load};
use cordon_plan::document::{Outcome, PlanDocument, ServiceLevel, Status};
use cordon_plan::{Constraints, Foothold, Settings, plan};
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

fn planned(case: &Case, estate: &Estate) -> PlanDocument {
    let option = |key: &str| case.expect.pointer(&format!("/options/{key}"));
    let settings = Settings {
        race: option("race").and_then(Value::as_bool).unwrap_or(false),
        spread: option("spread").and_then(Value::as_bool).unwrap_or(false),
        duration_hours: option("duration_hours").and_then(Value::as_f64).unwrap_or(24.0),
        comparisons: false,
        ..Settings::default()
    };
    let footholds: Vec<Foothold> = case
        .strings("footholds")
        .iter()
        .map(|name| Foothold {
            entity: entity(estate, name),
            probability: 0.9,
        })
        .collect();
    let constraints = Constraints::default();
    plan(
        estate,
        &footholds,
        &settings,
        &constraints,
        &mut |_| {},
        &mut || 0.0,
    )
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn every_case_is_planned_as_worked_out_by_hand() {
    let mut wrong = Vec::new();
    for case in cases() {
        let Some(expected) = case.expect.get("plan") else {
            continue;
        };
        let estate = case.estate();
        let document = planned(&case, &estate);
        let mut say = |what: String| wrong.push(format!("{}: {what}", case.name));
        if expected["feasible"] == false {
            infeasible(&document, expected, &mut say);
        } else {
            feasible(&document, expected, &mut say);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn list(value: &Value, key: &str) -> Vec<String> {
    let items = value.get(key).and_then(Value::as_array);
    sorted(items.into_iter().flatten().filter_map(Value::as_str))
}

fn infeasible(document: &PlanDocument, expected: &Value, say: &mut impl FnMut(String)) {
    if document.outcome != Outcome::Infeasible {
        say(format!("{:?} where no plan exists", document.outcome));
        return;
    }
    let clash = document.infeasibility.as_ref().unwrap();
    for (key, found) in [
        ("clash_services", &clash.services),
        ("clash_jewels", &clash.jewels),
    ] {
        if list(expected, key) != sorted(found.iter().map(String::as_str)) {
            say(format!("{key}: {found:?}"));
        }
    }
}

fn feasible(document: &PlanDocument, expected: &Value, say: &mut impl FnMut(String)) {
    let found = sorted(document.withdrawals.iter().map(|entry| entry.id.0.as_str()));
    if found != list(expected, "withdrawals") {
        say(format!("withdraws {found:?}"));
    }
    if document.optimality.status != Status::Optimal {
        say(format!("{:?}", document.optimality.status));
    }
    for never in list(expected, "never") {
        if found.contains(&never) {
            say(format!("withdraws {never}"));
        }
    }
    let services = expected.get("services").and_then(Value::as_object);
    for (name, level) in services.into_iter().flatten() {
        let entry = document.services.iter().find(|entry| entry.name == *name);
        let found = match entry.map_or(ServiceLevel::Up, |entry| entry.level) {
            ServiceLevel::Up => "up",
            ServiceLevel::Degraded => "degraded",
            ServiceLevel::Down => "down",
        };
        if level.as_str() != Some(found) {
            say(format!("{name} is {found}"));
        }
    }
}

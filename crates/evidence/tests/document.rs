//! The evidence document: what is written reads back, and unknown names are all told.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use cordon_estate::activity::{AccountName, Activity, ActivityKind, SystemName};
use cordon_estate::learn::Learner;
use cordon_estate::{AccessKind, Entity, Estate, Means};
use cordon_evidence::document::{Evidence, Foothold, entity_name};
use cordon_evidence::watch::Watch;
use jiff::Timestamp;

fn foothold(entity: &str, probability: f64) -> Foothold {
    serde_json::from_value(serde_json::json!({ "entity": entity, "probability": probability })).unwrap()
}

/// An estate with one account that administers one system.
fn estate() -> Estate {
    let mut learner = Learner::new(Estate::default(), None);
    learner.observe(&Activity {
        time: Timestamp::UNIX_EPOCH,
        kind: ActivityKind::Privileged {
            account: AccountName {
                name: Some("pat"),
                domain: Some("CORP"),
                sid: None,
            },
            on: SystemName {
                name: Some("FS1.corp.local"),
                address: None,
            },
        },
    });
    learner.into_estate()
}

#[test]
fn privileges_are_learned_as_administration() {
    let estate = estate();
    let learned = estate.accesses.iter().any(|access| {
        matches!(
            access.kind,
            AccessKind::Right { means: Means::Admin, .. } if access.provenance.usage.is_some()
        )
    });
    assert!(learned);
}

#[test]
fn footholds_resolve_by_any_spelling_of_their_name() {
    let estate = estate();
    let evidence = Evidence {
        footholds: vec![foothold("account:PAT", 0.9), foothold("system:fs1", 1.5)],
        ..Evidence::default()
    };
    let resolved = evidence.resolve(&estate).unwrap();
    let named: Vec<(String, f64)> = resolved
        .iter()
        .map(|(entity, probability)| (entity_name(*entity, &estate).to_lowercase(), *probability))
        .collect();
    assert_eq!(named[0].1, 0.9);
    assert!(matches!(resolved[0].0, Entity::Account(_)) && matches!(resolved[1].0, Entity::System(_)));
    assert_eq!(named[1].1, 1.0, "a probability is at most one");
}

#[test]
fn all_unknown_footholds_are_told_at_once() {
    let evidence = Evidence {
        footholds: vec![
            foothold("account:nobody", 0.9),
            foothold("account:pat", 0.9),
            foothold("FS1", 0.9),
        ],
        ..Evidence::default()
    };
    let unknown = evidence.resolve(&estate()).unwrap_err();
    let told: Vec<(usize, &str)> = unknown
        .iter()
        .map(|own| (own.index, own.entity.as_str()))
        .collect();
    assert_eq!(told, [(1, "account:nobody"), (3, "FS1")]);
}

#[test]
fn a_document_reads_back() {
    let watch = Watch::new(estate(), None);
    let mut evidence = Evidence::of(&watch, &[], vec!["a.json".to_owned()], 3, 0.5);
    evidence.footholds.push(foothold("account:pat", 0.9));
    let text = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
}

//! The document survives being written and read, and its hash covers what it should.

use cordon_plan::document::{PlanDocument, plan_hash, sample};

#[test]
fn the_sample_survives_json() {
    let text = serde_json::to_string_pretty(&sample()).unwrap();
    let read: PlanDocument = serde_json::from_str(&text).unwrap();
    assert_eq!(read, sample());
    assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text);
}

#[test]
fn the_hash_covers_everything_but_the_seconds() {
    let sealed = sample();
    assert_eq!(sealed.plan_hash, plan_hash(&sealed));
    assert_eq!(sealed.plan_hash.len(), 64);
    let mut slower = sealed.clone();
    slower.optimality.seconds = Some(99.0);
    assert_eq!(plan_hash(&slower), sealed.plan_hash);
    let mut other = sealed.clone();
    other.cost.services_pence += 1;
    assert_ne!(plan_hash(&other), sealed.plan_hash);
}

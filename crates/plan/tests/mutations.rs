//! A plan that was edited is rejected, whatever was edited: once with the old hash, once sealed again.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may panic"
)]

mod support;

use cordon_estate::Estate;
use cordon_plan::check::verify_to_carry_out;
use cordon_plan::document::{JewelState, PlanDocument, ServiceLevel, Status};
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};
use serde_json::Value;

#[path = "support/estate.rs"]
mod random_estate;

type Edit = (&'static str, fn(&mut PlanDocument));

/// Edits of everything that the check derives again.
const EDITS: &[Edit] = &[
    ("estate_digest", |plan| {
        plan.estate_digest.replace_range(0..1, "x")
    }),
    ("format", |plan| plan.format.push('0')),
    ("a withdrawal left out", |plan| drop(plan.withdrawals.pop())),
    ("a withdrawal twice", |plan| {
        plan.withdrawals.extend(plan.withdrawals.first().cloned())
    }),
    ("withdrawals.id", |plan| first(plan).id.0.push('x')),
    ("withdrawals.text", |plan| first(plan).text.push('x')),
    ("withdrawals.entities", |plan| {
        first(plan).entities.push("account:x".into())
    }),
    ("withdrawals.order", |plan| first(plan).order += 1),
    ("withdrawals.effect_seconds", |plan| {
        first(plan).effect_seconds += 1.0
    }),
    ("withdrawals.effect_median_seconds", |plan| {
        first(plan).effect_median_seconds = Some(0.1)
    }),
    ("withdrawals.deadline_seconds", |plan| {
        let deadline = first(plan).deadline_seconds;
        first(plan).deadline_seconds = Some(deadline.unwrap_or(0.0) + 1.0);
    }),
    ("withdrawals.too_late", |plan| first(plan).too_late += 1),
    ("withdrawals.certainty", |plan| first(plan).certainty = 1.0),
    ("withdrawals.point", |plan| first(plan).point.0 += 1_000),
    ("withdrawals.point_name", |plan| first(plan).point_name.push('x')),
    ("withdrawals.removes", |plan| first(plan).removes += 1),
    ("withdrawals.friction_pence", |plan| {
        first(plan).friction_pence += 1
    }),
    ("withdrawals.people", |plan| first(plan).people += 1),
    ("withdrawals.uses_per_day", |plan| first(plan).uses_per_day += 1.0),
    ("withdrawals.forced", |plan| first(plan).forced = true),
    ("constraints.refused", |plan| {
        let id = first(plan).id.clone();
        plan.constraints.refused.push(id);
    }),
    ("footholds.entity", |plan| {
        plan.footholds.iter_mut().for_each(|one| one.entity.push('x'))
    }),
    ("footholds.probability", |plan| {
        plan.footholds.iter_mut().for_each(|one| one.probability = 0.1)
    }),
    ("a foothold left out", |plan| plan.footholds.clear()),
    ("assumptions.pace (none)", |plan| plan.assumptions.pace = -1.0),
    ("cost.services_pence", |plan| plan.cost.services_pence += 1),
    ("cost.friction_pence", |plan| plan.cost.friction_pence -= 1),
    ("cost.spread_pence", |plan| plan.cost.spread_pence += 1),
    ("cost.residual_pence", |plan| plan.cost.residual_pence += 1),
    ("cost.total_pence", |plan| plan.cost.total_pence -= 1),
    ("jewels.state", |plan| {
        for jewel in &mut plan.jewels {
            jewel.state = match jewel.state {
                JewelState::OutOfReach => JewelState::Stopped,
                _ => JewelState::OutOfReach,
            };
        }
    }),
    ("jewels.loss_pence", |plan| {
        plan.jewels.iter_mut().for_each(|jewel| jewel.loss_pence += 1)
    }),
    ("jewels.never", |plan| {
        plan.jewels
            .iter_mut()
            .for_each(|jewel| jewel.never = !jewel.never)
    }),
    ("jewels.inferred", |plan| {
        plan.jewels
            .iter_mut()
            .for_each(|jewel| jewel.inferred = !jewel.inferred)
    }),
    ("jewels.arrival_minutes_before", |plan| {
        plan.jewels
            .iter_mut()
            .for_each(|jewel| jewel.arrival_minutes_before = Some(12_345.0));
    }),
    ("jewels.arrival_minutes_after", |plan| {
        plan.jewels
            .iter_mut()
            .for_each(|jewel| jewel.arrival_minutes_after = Some(12_345.0));
    }),
    ("a jewel left out", |plan| drop(plan.jewels.pop())),
    ("exposure.before", |plan| plan.exposure.before.systems += 1),
    ("exposure.after", |plan| plan.exposure.after.jewels += 1),
    ("services.level", |plan| {
        for service in &mut plan.services {
            service.level = match service.level {
                ServiceLevel::Up => ServiceLevel::Down,
                _ => ServiceLevel::Up,
            };
        }
    }),
    ("services.capacity", |plan| {
        plan.services
            .iter_mut()
            .for_each(|service| service.capacity += 0.5)
    }),
    ("services.cost_pence", |plan| {
        plan.services
            .iter_mut()
            .for_each(|service| service.cost_pence += 1)
    }),
    ("services.protected", |plan| {
        plan.services
            .iter_mut()
            .for_each(|service| service.protected = !service.protected);
    }),
    ("a service left out", |plan| drop(plan.services.pop())),
    ("people.denied", |plan| plan.people.denied += 1),
    ("optimality.lower_bound_pence", |plan| {
        plan.optimality.lower_bound_pence -= 1
    }),
    ("optimality.gap", |plan| plan.optimality.gap += 0.1),
    ("optimality.status", |plan| {
        plan.optimality.status = Status::Infeasible
    }),
    ("outcome", |plan| {
        plan.outcome = cordon_plan::document::Outcome::NothingToDo
    }),
];

fn first(plan: &mut PlanDocument) -> &mut cordon_plan::document::WithdrawalEntry {
    plan.withdrawals.first_mut().unwrap()
}

/// A plan that has withdrawals, jewels and services.
fn full() -> (Estate, PlanDocument) {
    for seed in 1..5_000 {
        let mut chance = support::Chance::new(seed);
        let estate = random_estate::estate(&mut chance);
        let held = random_estate::held(&mut chance);
        let footholds: Vec<Foothold> = held
            .into_iter()
            .map(|entity| Foothold {
                entity,
                probability: 0.9,
            })
            .collect();
        let settings = Settings::default();
        let document = plan(
            &estate,
            &footholds,
            &settings,
            &Constraints::default(),
            &mut |_| {},
            &mut || 0.0,
        );
        let is_full = document.outcome == cordon_plan::document::Outcome::Planned
            && document.withdrawals.len() > 1
            && document
                .jewels
                .iter()
                .any(|jewel| jewel.never && jewel.state == JewelState::Stopped)
            && document.services.iter().any(|service| service.protected)
            && document.optimality.candidates <= 8;
        if is_full {
            return (estate, document);
        }
    }
    panic!("no seed gives a plan with everything in it");
}

#[test]
fn every_edit_is_rejected_by_the_hash_and_by_the_claims() {
    let (estate, document) = full();
    for check in [verify, verify_to_carry_out] {
        assert!(check(&document, &estate).is_accepted());
        for (name, edit) in EDITS {
            let mut edited = document.clone();
            edit(&mut edited);
            assert!(
                !check(&edited, &estate).is_accepted(),
                "{name} passes with the old hash"
            );
            let sealed = edited.sealed();
            assert!(
                !check(&sealed, &estate).is_accepted(),
                "{name} passes when sealed again"
            );
        }
    }
}

/// Changes every number, flag and word of the JSON in turn; the hash alone must catch each.
#[test]
fn the_hash_catches_a_change_of_any_value() {
    let (estate, document) = full();
    let json = serde_json::to_value(&document).unwrap();
    let mut places = Vec::new();
    leaves(&json, String::new(), &mut places);
    assert!(places.len() > 100, "only {} values in the plan", places.len());
    for place in places.iter().filter(|place| !place.ends_with("/seconds")) {
        let mut edited = json.clone();
        let value = edited.pointer_mut(place).unwrap();
        *value = match value.take() {
            Value::Bool(flag) => Value::Bool(!flag),
            Value::Number(number) if number.is_u64() => Value::from(number.as_u64().unwrap() ^ 1),
            Value::Number(number) if number.is_i64() => Value::from(number.as_i64().unwrap() + 1),
            Value::Number(number) => Value::from(number.as_f64().unwrap() + 0.5),
            Value::String(text) => Value::String(format!("{text}x")),
            other => other,
        };
        if let Ok(edited) = serde_json::from_value::<PlanDocument>(edited) {
            let problems = verify(&edited, &estate).problems;
            assert!(!problems.is_empty(), "{place} can be changed");
        }
    }
}

fn leaves(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaves(item, format!("{place}/{index}"), found));
        }
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, field)| leaves(field, format!("{place}/{name}"), found));
        }
        Value::Null => {}
        _ => found.push(place),
    }
}

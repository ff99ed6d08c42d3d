//! Plans that were edited, and any bytes as a plan: whatever is accepted proves no more than is true.

#![no_main]

#[path = "../../crates/plan/tests/support/firm.rs"]
mod firm;
#[path = "../../crates/plan/tests/support/estate.rs"]
mod random_estate;

/// What the random estates of the tests draw from.
mod support {
    /// Numbers that follow from a seed: SplitMix64 (Steele, Lea and Flood 2014).
    pub(crate) struct Chance(u64);

    impl Chance {
        pub(crate) fn new(seed: u64) -> Self {
            Self(seed)
        }

        pub(crate) fn below(&mut self, bound: u32) -> u32 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ mixed >> 31) % u64::from(bound.max(1))) as u32
        }
    }
}

use std::sync::OnceLock;

use cordon_estate::Estate;
use cordon_plan::document::{PlanDocument, UncertaintyEntry};
use cordon_plan::{Constraints, Foothold, Settings, Uncertainty, plan, verify};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use support::Chance;

/// Most edits of one plan.
const EDITS_MAX: usize = 6;

/// Estates, each with a plan that costs the least.
fn plans() -> &'static [(Estate, PlanDocument)] {
    static PLANS: OnceLock<Vec<(Estate, PlanDocument)>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let firms = (0..40).map(|seed| (seed, firm::firm(&mut Chance::new(seed))));
        let random = (0..60).map(|seed| {
            let chance = &mut Chance::new(seed);
            let estate = random_estate::estate(chance);
            let held = random_estate::held(chance).into_iter();
            let footholds = held.map(|entity| Foothold { entity, probability: 0.9 });
            (seed, (estate, footholds.collect()))
        });
        let all = firms.chain(random).map(|(seed, (estate, footholds))| planned(seed, estate, &footholds));
        all.filter(|(_, plan)| plan.optimality.candidates <= 7).collect()
    })
}

fn planned(seed: u64, estate: Estate, footholds: &[Foothold]) -> (Estate, PlanDocument) {
    let settings = Settings {
        race: seed % 2 == 0,
        comparisons: false,
        uncertainty: (seed % 4 > 0).then(|| Uncertainty {
            worlds: 8,
            seed,
            hidden_probability: 0.1,
            reached_max: Some([0.1, 0.2, 0.3][(seed % 3) as usize]),
        }),
        ..Settings::default()
    };
    let plan = plan(&estate, footholds, &settings, &Constraints::default(), &mut |_| {}, &mut || 0.0);
    (estate, plan)
}

fuzz_target!(|data: &[u8]| {
    let Some((&which, edits)) = data.split_first() else {
        return;
    };
    let plans = plans();
    let (estate, honest) = &plans[usize::from(which) % plans.len()];
    if let Ok(plan) = serde_json::from_slice::<PlanDocument>(data) {
        judged(&plan.sealed(), honest, estate);
    }
    let mut value = serde_json::to_value(honest).unwrap();
    for edit in edits.chunks_exact(5).take(EDITS_MAX) {
        edited(part_of(&mut value, edit[2]), edit);
    }
    if let Ok(plan) = serde_json::from_value::<PlanDocument>(value) {
        judged(&plan.sealed(), honest, estate);
    }
});

/// What is edited: mostly one of the proofs.
fn part_of(plan: &mut Value, what: u8) -> &mut Value {
    let place = match what >> 4 & 7 {
        0 | 1 => "",
        2 => "/uncertainty",
        3 => "/uncertainty/reached_min_proof",
        4 | 5 => "/uncertainty/proof",
        6 => "/infeasibility/proof",
        _ => "/certificate",
    };
    let is_there = |place: &str| plan.pointer(place).is_some_and(|part| !part.is_null());
    let place = [place, "/certificate"].into_iter().find(|place| is_there(place)).unwrap_or_default();
    plan.pointer_mut(place).unwrap()
}

/// Changes one part: a number a little or wholly, a text to that of another part, a list by one item.
fn edited(value: &mut Value, edit: &[u8]) {
    let [high, low, what, how, from] = *edit else { return };
    let place = usize::from(high) << 8 | usize::from(low);
    let copied = at(value, place.wrapping_mul(31).wrapping_add(usize::from(from))).cloned();
    let Some(part) = at(value, place) else { return };
    match part {
        Value::Number(number) => {
            let by = i64::from(how) - 128;
            let whole = number.as_i64().unwrap_or_default();
            *part = match what % 4 {
                0 => Value::from(whole.saturating_add(by)),
                1 => Value::from(by),
                2 => Value::from(whole.saturating_mul(by)),
                _ => Value::from(number.as_f64().unwrap_or_default() + by as f64 / 60.0),
            };
        }
        Value::Array(items) if !items.is_empty() => {
            let one = usize::from(how) % items.len();
            let other = usize::from(from) % items.len();
            match what % 4 {
                0 => drop(items.remove(one)),
                1 => items.push(items[one].clone()),
                2 => items.swap(one, other),
                _ => items.clear(),
            }
        }
        _ => {
            if let Some(copied) = copied {
                *part = copied;
            }
        }
    }
}

/// A part by its number, counted round and round.
fn at(value: &mut Value, place: usize) -> Option<&mut Value> {
    let count = counted(value);
    let mut left = place % count.max(1);
    nth(value, &mut left)
}

fn counted(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(counted).sum(),
        Value::Object(fields) => fields.values().map(counted).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| nth(field, left)),
        _ => None,
    }
}

/// Whatever is proved is true: of the same question, no more than what the honest plan, which is the cheapest, costs.
fn judged(plan: &PlanDocument, honest: &PlanDocument, estate: &Estate) {
    let verdict = verify(plan, estate);
    if !verdict.is_accepted() || question(plan) != question(honest) {
        return;
    }
    if honest.infeasibility.is_none() {
        assert!(verdict.refuted.is_none(), "refuted though there is a plan");
        if let Some(proof) = verdict.proof.filter(|_| kept(plan) == kept(honest)) {
            let least = honest.optimality.lower_bound_pence;
            assert!(proof.bound_pence <= least, "{} of {least}", proof.bound_pence);
        }
    }
    let worlds = plan.uncertainty.as_ref().zip(honest.uncertainty.as_ref());
    let Some((own, known)) = worlds.filter(|(own, known)| drawn(own) == drawn(known)) else {
        return;
    };
    if let Some(proof) = verdict.worlds.filter(|_| own.reached_min == known.reached_min) {
        let least = known.lower_bound_pence.unwrap_or(honest.cost.total_pence);
        assert!(proof.bound_pence <= least, "{} of {least}", proof.bound_pence);
    }
    if verdict.fewest.is_some() {
        assert!(own.reached_min <= known.reached_min, "{:?} of {:?}", own.reached_min, known.reached_min);
    }
}

/// What a plan was asked for.
fn question(plan: &PlanDocument) -> Value {
    json!([plan.estate_digest, plan.assumptions, plan.constraints, plan.footholds])
}

fn kept(plan: &PlanDocument) -> Value {
    json!(plan.uncertainty.as_ref().map(|one| &one.kept))
}

/// What its worlds are drawn from, and how often a jewel may be reached in them.
fn drawn(one: &UncertaintyEntry) -> Value {
    json!([one.seed, one.hidden_probability, one.may_be_held, one.in_sample.worlds, one.reached_max])
}

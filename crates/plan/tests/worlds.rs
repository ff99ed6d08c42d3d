//! Plans over worlds: estimates against the exact probability, shares that hold, and worlds that a check refuses.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

#[path = "support/estate.rs"]
mod random_estate;
mod support;
#[path = "support/three.rs"]
mod three;

use std::collections::BTreeSet;

use cordon_estate::{Entity, Estate};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::{JewelState, Outcome, PlanDocument, WorldEntry};
use cordon_plan::{Constraints, Foothold, Settings, Uncertainty, plan, verify};
use cordon_reach::{Base, Options, naive};
use support::Chance;

fn case(seed: u64) -> (Estate, Vec<Foothold>) {
    let mut chance = Chance::new(seed);
    let estate = random_estate::estate(&mut chance);
    let mut held = random_estate::held(&mut chance);
    held.extend(random_estate::held(&mut chance));
    held.sort_unstable();
    held.dedup();
    let footholds = held.into_iter().map(|entity| Foothold {
        entity,
        probability: f64::from(1 + chance.below(9)) / 10.0,
    });
    let footholds = footholds.collect();
    (estate, footholds)
}

fn planned(estate: &Estate, footholds: &[Foothold], asked: Uncertainty, race: bool) -> PlanDocument {
    let settings = Settings {
        race,
        comparisons: false,
        uncertainty: Some(asked),
        ..Settings::default()
    };
    planned_with(estate, footholds, &settings)
}

fn planned_with(estate: &Estate, footholds: &[Foothold], settings: &Settings) -> PlanDocument {
    plan(
        estate,
        footholds,
        settings,
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    )
}

fn asked(hidden_probability: f64, reached_max: Option<f64>) -> Uncertainty {
    Uncertainty {
        worlds: 150,
        seed: 11,
        hidden_probability,
        reached_max,
    }
}

/// The exact probability that a jewel that must be kept is reached, by every set of footholds and the naive rules,
/// where every withdrawal is in time.
fn exactly(estate: &Estate, footholds: &[Foothold], document: &PlanDocument) -> f64 {
    let candidates = Candidates::new(estate, 24.0);
    let acts = document.withdrawals.iter();
    let withdrawn: BTreeSet<Base> = acts.flat_map(|entry| candidates.removes(entry.act)).collect();
    let jewels = cordon_reach::jewels(estate);
    let mut sum = 0.0;
    for set in 0..1_u32 << footholds.len() {
        let mut share = 1.0;
        let mut held: Vec<Entity> = Vec::new();
        for (place, foothold) in footholds.iter().enumerate() {
            if set >> place & 1 == 1 {
                share *= foothold.probability;
                held.push(foothold.entity);
            } else {
                share *= 1.0 - foothold.probability;
            }
        }
        let at_first = naive::reach_without(estate, &Options::default(), &held, &BTreeSet::new());
        let gained = naive::reach_without(estate, &Options::default(), &held, &withdrawn);
        let mut never = jewels.iter().filter(|jewel| jewel.never);
        if never.any(|jewel| gained.contains_key(&jewel.taken) || at_first.get(&jewel.taken) == Some(&0)) {
            sum += share;
        }
    }
    sum
}

#[test]
fn the_larger_sample_agrees_with_the_exact_probability() {
    let mut between = 0;
    for seed in 0..150 {
        let (estate, footholds) = case(seed);
        let document = planned(&estate, &footholds, asked(0.0, None), false);
        let seen = document.uncertainty.as_ref().unwrap().out_of_sample;
        let exact = exactly(&estate, &footholds, &document);
        let error = (exact * (1.0 - exact) / 1_500.0).sqrt();
        assert_eq!(seen.worlds, 1_500);
        assert!(
            (seen.reached - exact).abs() <= 5.0 * error + 1e-9,
            "seed {seed}: {} is not {exact}",
            seen.reached
        );
        between += u32::from(exact > 0.01 && exact < 0.99);
    }
    assert!(between > 10, "only {between} were neither never nor always");
}

#[test]
fn a_share_asked_for_holds_in_the_sample_unless_nothing_helps() {
    let mut grown = 0;
    for seed in 0..300 {
        let (estate, footholds) = case(seed);
        let free = planned(&estate, &footholds, asked(0.3, None), true);
        let bound = planned(&estate, &footholds, asked(0.3, Some(0.0)), true);
        if bound.optimality.candidates > 8 || bound.outcome == Outcome::Infeasible {
            continue;
        }
        let verdict = verify(&bound, &estate);
        assert!(verdict.is_accepted(), "seed {seed}: {:#?}", verdict.problems);
        let (free, bound) = (free.uncertainty.unwrap(), bound.uncertainty.unwrap());
        assert!(free.kept.is_empty() && free.met.is_none());
        assert!(
            bound.in_sample.reached <= free.in_sample.reached + 1e-12,
            "seed {seed}"
        );
        grown += u32::from(!bound.kept.is_empty());
    }
    assert!(grown > 1, "only {grown} kept a world more");
}

/// An account is held in three worlds of ten, and with it two further jewels fall: see [`three::estate`].
#[test]
fn a_foothold_below_the_threshold_is_guarded_against_where_a_share_is_asked_for() {
    let estate = three::estate(random_estate::estate(&mut Chance::new(1)));
    let [pat, unsure, zone] = three::held();
    let footholds = [(pat, 0.9), (unsure, 0.3), (zone, 1.0)]
        .map(|(entity, probability)| Foothold { entity, probability });
    let free = planned(&estate, &footholds, asked(0.0, None), true);
    let bound = planned(&estate, &footholds, asked(0.0, Some(0.05)), true);
    let seen = free.uncertainty.unwrap().out_of_sample;
    assert!((seen.reached - 0.9 * 0.3).abs() < 0.05, "{seen:?}");
    assert!(bound.withdrawals.len() > free.withdrawals.len());
    assert!(verify(&bound, &estate).is_accepted());
    let seen = bound.uncertainty.as_ref().unwrap();
    assert_eq!(seen.kept.len(), 1);
    assert_eq!(seen.in_sample.reached, 0.0);
    assert_eq!(seen.met, Some(true));
    let mut bent = bound;
    let id = bent.withdrawals.pop().unwrap().id;
    assert!(!verify(&bent.sealed(), &estate).is_accepted(), "without {id}");
}

#[test]
fn the_same_seed_gives_the_same_worlds_and_another_gives_others() {
    let mut differ = 0;
    for seed in 0..20 {
        let (estate, footholds) = case(seed);
        let of = |seed| {
            let asked = Uncertainty {
                seed,
                ..asked(0.3, Some(0.05))
            };
            planned(&estate, &footholds, asked, true).uncertainty.unwrap()
        };
        assert_eq!(of(1), of(1));
        differ += u32::from(of(1).out_of_sample != of(2).out_of_sample);
    }
    assert!(differ > 3);
}

#[test]
fn two_runs_and_any_number_of_threads_give_the_same_bytes() {
    let (mut kept, mut points) = (0, 0);
    for seed in 0..support::instances(120) {
        let (estate, footholds) = case(seed);
        let of = |threads| {
            let settings = Settings {
                race: !seed.is_multiple_of(3),
                comparisons: false,
                uncertainty: Some(Uncertainty {
                    worlds: 60,
                    ..asked(0.3, Some(0.0))
                }),
                front_points: seed.is_multiple_of(4).then_some(4),
                threads,
                ..Settings::default()
            };
            planned_with(&estate, &footholds, &settings)
        };
        let (first, text) = (of(1), |plan: &PlanDocument| serde_json::to_string(plan).unwrap());
        for threads in [1, 2, 3] {
            assert_eq!(text(&of(threads)), text(&first), "seed {seed}, {threads} threads");
        }
        let seen = first.uncertainty.as_ref().unwrap();
        kept += u32::from(!seen.kept.is_empty());
        points += u32::from(first.front.is_some_and(|front| front.worlds.is_some()));
    }
    assert!(
        kept > 0 && points > 10,
        "{kept} kept a world more, {points} have points over worlds"
    );
}

#[test]
fn a_world_that_is_not_kept_is_not_believed() {
    let mut refused = 0;
    for seed in 0..150 {
        let (estate, footholds) = case(seed);
        let document = planned(&estate, &footholds, asked(0.3, None), true);
        let never = document.jewels.iter().find(|jewel| {
            jewel.never && jewel.state != JewelState::MayBeTaken && jewel.entity.starts_with("system:")
        });
        let Some(jewel) = never.filter(|_| document.optimality.candidates <= 7) else {
            continue;
        };
        let mut bent = document.clone();
        bent.uncertainty.as_mut().unwrap().kept.push(WorldEntry {
            held: vec![jewel.entity.clone()],
            share: 0.1,
        });
        assert!(!verify(&bent.sealed(), &estate).is_accepted(), "seed {seed}");
        let mut bent = document.clone();
        bent.uncertainty.as_mut().unwrap().kept.push(WorldEntry {
            held: vec!["system:nowhere".into()],
            share: 0.1,
        });
        assert!(!verify(&bent.sealed(), &estate).is_accepted(), "seed {seed}");
        let mut bent = document.clone();
        bent.uncertainty.as_mut().unwrap().out_of_sample.standard_error += 0.1;
        assert!(!verify(&bent.sealed(), &estate).is_accepted(), "seed {seed}");
        let mut bent = document;
        bent.uncertainty.as_mut().unwrap().met = Some(true);
        assert!(!verify(&bent.sealed(), &estate).is_accepted(), "seed {seed}");
        refused += 1;
    }
    assert!(refused > 10);
}

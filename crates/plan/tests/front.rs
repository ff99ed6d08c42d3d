//! The front of alternatives against trying everything, and the plans that its points are.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

#[path = "support/every_set.rs"]
mod every_set;
#[path = "support/estate.rs"]
mod random_estate;
mod support;

use cordon_estate::{Entity, Estate};
use cordon_plan::candidates::Candidate;
use cordon_plan::document::{CutOff, JewelState, Outcome, PlanDocument};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Uncertainty, Watch, verify};
use cordon_reach::Options;
use every_set::{disruption, every_act, loss};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Chance, instances};

fn case(seed: u64) -> (Estate, Vec<Foothold>) {
    case_without(seed, &[])
}

/// A random estate without the accesses and services that are not kept.
fn case_without(seed: u64, kept: &[bool]) -> (Estate, Vec<Foothold>) {
    let mut chance = Chance::new(seed);
    let mut estate = random_estate::estate(&mut chance);
    let mut kept = kept.iter().copied().chain(std::iter::repeat(true));
    estate.accesses.retain(|_| kept.next() != Some(false));
    estate.points.retain(|_| kept.next() != Some(false));
    let mut held = random_estate::held(&mut chance);
    held.extend(random_estate::held(&mut chance));
    held.sort_unstable();
    held.dedup();
    let footholds = held.into_iter().map(|entity| Foothold {
        entity,
        probability: 0.9,
    });
    let footholds = footholds.collect();
    (estate, footholds)
}

fn settings(race: bool, points: u32) -> Settings {
    Settings {
        race,
        comparisons: false,
        certificate: false,
        front_points: Some(points),
        ..Settings::default()
    }
}

fn planned(estate: &Estate, footholds: &[Foothold], settings: &Settings) -> PlanDocument {
    let (mut progress, mut clock) = (|_| {}, || 0.0);
    let mut watch = Watch {
        progress: &mut progress,
        clock: &mut clock,
    };
    let mut planner = Planner::new(estate, &Options::default());
    planner.plan(footholds, settings, &Constraints::default(), &mut watch)
}

fn taken(
    estate: &Estate,
    footholds: &[Foothold],
    settings: &Settings,
    plan: &PlanDocument,
    number: usize,
) -> Option<PlanDocument> {
    let (mut progress, mut clock) = (|_| {}, || 0.0);
    let mut watch = Watch {
        progress: &mut progress,
        clock: &mut clock,
    };
    let mut planner = Planner::new(estate, &Options::default());
    planner.take_point(
        plan,
        number as u32,
        footholds,
        settings,
        &Constraints::default(),
        &mut watch,
    )
}

/// Disruption and loss of every set of acts that takes no protected service down, where every act is in time.
fn everything(estate: &Estate, held: &[Entity], acts: &[Candidate]) -> Vec<(i64, i64)> {
    let both = every_set::sets(acts).filter_map(|set| {
        let withdrawn = set.iter().flat_map(|act| act.removes.iter().copied()).collect();
        Some((disruption(estate, &set)?, loss(estate, held, &withdrawn)))
    });
    both.collect()
}

/// What nothing beats, by disruption.
fn unbeaten(mut all: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    all.sort_unstable();
    let mut least = i64::MAX;
    all.retain(|(_, loss)| {
        let is_less = *loss < least;
        least = least.min(*loss);
        is_less
    });
    all
}

fn points(document: &PlanDocument) -> Vec<(i64, i64)> {
    let alternatives = document.alternatives.iter();
    alternatives
        .map(|one| (one.metrics.cost.disruption_pence(), one.metrics.loss_pence()))
        .collect()
}

/// Four vaults, each behind a flow of its own that some service needs: sixteen things to do, most of which nothing beats.
fn vaults() -> (Estate, Vec<Foothold>) {
    let text = "
organisation: Vaults
zones: { office: {}, a: {}, b: {}, c: {}, d: {} }
systems:
  ws: { kind: workstation, zone: office }
  vault-a: { kind: server, zone: a, jewel: { loss: £40k, never: false } }
  vault-b: { kind: server, zone: b, jewel: { loss: £70k, never: false } }
  vault-c: { kind: server, zone: c, jewel: { loss: £95k } }
  vault-d: { kind: server, zone: d, jewel: { loss: £130k } }
accounts: { pat: person }
access:
  - { flow: office -> a, port: 22 }
  - { flow: office -> b, port: 22 }
  - { flow: office -> c, port: 22 }
  - { flow: office -> d, port: 22 }
  - { right: ssh, holder: pat, on: vault-a }
  - { right: ssh, holder: pat, on: vault-b }
  - { right: ssh, holder: pat, on: vault-c }
  - { right: ssh, holder: pat, on: vault-d }
services:
  a: { requires: { flow: office -> a, port: 22 }, cost-per-hour: £310 }
  b: { requires: { flow: office -> b, port: 22 }, cost-per-hour: £550 }
  c: { requires: { flow: office -> c, port: 22 }, cost-per-hour: £820 }
  d: { requires: { flow: office -> d, port: 22 }, cost-per-hour: £1190 }
enforcement-points:
  firewall: { kind: nftables, guards: flows, effect: 1s }
";
    let estate = cordon_estate::load::load(&[("estate.yaml", text)])
        .unwrap()
        .estate;
    let pat = estate.accounts_with_ids().next().unwrap().0;
    let ws = estate
        .systems_with_ids()
        .find(|(_, one)| one.name == "ws")
        .unwrap()
        .0;
    let held = [Entity::Account(pat), Entity::System(ws)];
    let footholds = held.map(|entity| Foothold {
        entity,
        probability: 0.9,
    });
    (estate, footholds.to_vec())
}

/// Compares a front with trying everything; how many points it has, or none if there is nothing to compare.
fn compared(name: &str, estate: &Estate, footholds: &[Foothold]) -> Option<usize> {
    let acts = every_act(estate);
    let document = planned(estate, footholds, &settings(false, 60));
    if acts.len() > 9 || document.outcome == Outcome::Infeasible {
        return None;
    }
    let held: Vec<Entity> = footholds.iter().map(|one| one.entity).collect();
    let best = unbeaten(everything(estate, &held, &acts));
    let front = document.front.unwrap();
    assert_eq!((front.cut_off, front.open_gaps), (None, 0), "{name}");
    let found = points(&document);
    let last = found.last().unwrap().0;
    let best: Vec<(i64, i64)> = best.into_iter().filter(|one| one.0 <= last).collect();
    let plan = document.alternatives.iter().position(|one| one.chosen).unwrap();
    let without_plan: Vec<(i64, i64)> = found
        .iter()
        .enumerate()
        .filter(|(place, one)| *place != plan || best.contains(one))
        .map(|(_, one)| *one)
        .collect();
    assert_eq!(without_plan, best, "{name}");
    for (one, point) in document.alternatives.iter().zip(&found) {
        assert_eq!(one.is_proven(), best.contains(point), "{name}: {}", one.text);
    }
    let verdict = verify(&document, estate);
    assert!(verdict.is_accepted(), "{name}: {:?}", verdict.problems);
    assert!(!verdict.unchecked.contains(&"alternatives".to_owned()), "{name}");
    Some(best.len())
}

#[test]
fn the_front_is_what_trying_everything_finds() {
    let sizes: Vec<usize> = (0..instances(400))
        .filter_map(|seed| {
            let (estate, footholds) = case(seed);
            compared(&format!("seed {seed}"), &estate, &footholds)
        })
        .collect();
    let rich = sizes.iter().filter(|size| **size >= 3).count();
    assert!(
        sizes.len() > 60 && rich > 15,
        "{rich} of {} fronts have three points",
        sizes.len()
    );
}

/// Compares a front of few points with trying everything: what is said to be proven, and what is said of the gaps.
fn few_compared(estate: &Estate, footholds: &[Foothold], most: u32) -> Result<(), TestCaseError> {
    let acts = every_act(estate);
    let document = planned(estate, footholds, &settings(false, most));
    if acts.len() > 9 || document.outcome == Outcome::Infeasible {
        return Ok(());
    }
    let held: Vec<Entity> = footholds.iter().map(|one| one.entity).collect();
    let all = everything(estate, &held, &acts);
    let found = points(&document);
    for (one, point) in document.alternatives.iter().zip(&found) {
        let within = all.iter().filter(|(_, loss)| *loss <= point.1);
        let least = within.map(|(disruption, _)| *disruption).min().unwrap();
        prop_assert!(one.disruption_bound_pence.unwrap_or(0) <= least, "{}", one.text);
        prop_assert!(!one.is_proven() || least == point.0, "{}", one.text);
    }
    if document.front.unwrap().open_gaps == 0 {
        let end = found.last().unwrap().0;
        for best in unbeaten(all).iter().filter(|one| one.0 <= end) {
            prop_assert!(found.contains(best), "{best:?} is not among {found:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(300)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn nothing_is_called_proven_that_is_not(
        seed in 0_u64..1_000_000,
        kept in vec(prop::bool::weighted(0.95), 0..18),
        most in 2_u32..6,
    ) {
        let (estate, footholds) = case_without(seed, &kept);
        few_compared(&estate, &footholds, most)?;
    }
}

#[test]
fn every_point_of_a_rich_front_is_found_and_no_corner_alone() {
    let (estate, footholds) = vaults();
    let size = compared("vaults", &estate, &footholds).unwrap();
    assert!(size >= 10, "{size}");
    let nine = planned(&estate, &footholds, &settings(true, 9));
    assert_eq!(nine.alternatives.len(), 9);
    assert_eq!(nine.front.unwrap().cut_off, Some(CutOff::Points));
    assert!(nine.front.unwrap().open_gaps > 0);
    assert!(
        nine.alternatives.iter().all(|one| one.is_proven()),
        "{:?}",
        nine.alternatives
    );
    assert!(nine.alternatives.iter().any(|one| one.knee));
}

/// Takes every point of a front, and checks what comes of it; how many, and how many jewels were given up in all.
fn each_taken(name: &str, estate: &Estate, footholds: &[Foothold]) -> (u32, u32) {
    let (mut tried, mut given_up) = (0, 0);
    let settings = settings(true, 20);
    let document = planned(estate, footholds, &settings);
    if document.outcome == Outcome::Infeasible {
        return (0, 0);
    }
    for (place, point) in document.alternatives.iter().enumerate() {
        let plan = taken(estate, footholds, &settings, &document, place + 1);
        assert_eq!(
            plan.is_some(),
            point.chosen || !point.withdrawals.is_empty(),
            "{name}"
        );
        let Some(plan) = plan else { continue };
        let verdict = verify(&plan, estate);
        assert!(
            verdict.is_accepted(),
            "{name}, point {place}: {:?}",
            verdict.problems
        );
        let mut wanted = point.withdrawals.clone();
        let mut own: Vec<_> = plan.withdrawals.iter().map(|entry| entry.id.clone()).collect();
        wanted.sort_unstable();
        own.sort_unstable();
        assert_eq!(own, wanted, "{name}, point {place}");
        assert_eq!(plan.cost, point.metrics.cost, "{name}, point {place}");
        assert_eq!(plan.front.unwrap().chosen, Some(place as u32 + 1));
        let left = plan
            .jewels
            .iter()
            .filter(|jewel| jewel.never && jewel.state == JewelState::Reachable);
        for jewel in left {
            assert!(plan.constraints.given_up.contains(&jewel.entity), "{name}");
            given_up += 1;
        }
        tried += 1;
    }
    (tried, given_up)
}

#[test]
fn every_point_is_a_plan_that_the_check_accepts() {
    let (estate, footholds) = vaults();
    let (tried, given_up) = each_taken("vaults", &estate, &footholds);
    assert!(
        tried >= 9 && given_up >= 4,
        "{tried} points, {given_up} jewels given up"
    );
    let mut tried = 0;
    for seed in 0..instances(120) {
        let (estate, footholds) = case(seed);
        tried += each_taken(&format!("seed {seed}"), &estate, &footholds).0;
    }
    assert!(tried > 60, "{tried} points");
}

#[test]
fn no_such_point_is_no_plan() {
    let (estate, footholds) = case(3);
    let settings = settings(true, 9);
    let document = planned(&estate, &footholds, &settings);
    for number in [0, document.alternatives.len() + 1, 1_000] {
        assert!(taken(&estate, &footholds, &settings, &document, number).is_none());
    }
}

#[test]
fn over_worlds_what_may_be_lost_is_an_average_that_falls() {
    let mut averaged = 0;
    for seed in 0..60 {
        let (estate, mut footholds) = case(seed);
        for one in &mut footholds {
            one.probability = 0.6;
        }
        let asked = Uncertainty {
            worlds: 60,
            ..Uncertainty::default()
        };
        let settings = Settings {
            uncertainty: Some(asked),
            ..settings(true, 9)
        };
        let document = planned(&estate, &footholds, &settings);
        if document.outcome == Outcome::Infeasible {
            continue;
        }
        let front = document.front.unwrap();
        assert!(front.worlds.unwrap() > 0 && front.worlds_share.unwrap() > 0.0);
        let others: Vec<(i64, i64)> = document
            .alternatives
            .iter()
            .filter(|one| !one.chosen)
            .map(|one| (one.metrics.cost.disruption_pence(), one.metrics.loss_pence()))
            .collect();
        assert!(
            others.is_sorted_by(|one, other| one.0 <= other.0 && one.1 > other.1),
            "seed {seed}: {others:?}"
        );
        for metrics in document
            .alternatives
            .iter()
            .map(|one| one.metrics)
            .chain(document.baselines.iter().map(|one| one.metrics))
        {
            let expected = metrics.expected.unwrap();
            assert_eq!(expected.worlds, 600);
            averaged += u32::from(expected.standard_error_pence > 0);
        }
        assert_eq!(
            planned(&estate, &footholds, &settings),
            document,
            "seed {seed}: not the same twice"
        );
        assert!(
            verify(&document, &estate).is_accepted(),
            "seed {seed}: {:?}",
            verify(&document, &estate).problems
        );
    }
    assert!(averaged > 50, "{averaged}");
}

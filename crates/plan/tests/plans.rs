//! Whole plans on random estates: the independent check, which tries every set of acts, accepts each of them.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

#[path = "support/estate.rs"]
mod random_estate;
mod support;
#[path = "support/three.rs"]
mod three;

use cordon_estate::{Entity, Estate};
use cordon_plan::check::Checked;
use cordon_plan::document::{JewelState, Outcome, PlanDocument, Status, WithdrawalId};
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};
use support::{Chance, instances};

fn settings(seed: u64) -> Settings {
    Settings {
        race: !seed.is_multiple_of(3),
        spread: !seed.is_multiple_of(4),
        pace: if seed.is_multiple_of(5) { 0.1 } else { 1.0 },
        comparisons: seed.is_multiple_of(10),
        ..Settings::default()
    }
}

fn case(seed: u64) -> (Estate, Vec<Foothold>) {
    let mut chance = Chance::new(seed);
    let estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance);
    (
        estate,
        held.into_iter()
            .map(|entity| Foothold {
                entity,
                probability: 0.9,
            })
            .collect(),
    )
}

fn planned(seed: u64) -> (Estate, PlanDocument) {
    let (estate, footholds) = case(seed);
    let document = plan(
        &estate,
        &footholds,
        &settings(seed),
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    (estate, document)
}

#[test]
fn the_check_accepts_every_plan_and_finds_none_cheaper() {
    let (seeds, mut tried) = (instances(2_000), 0);
    let mut answers = [0; 3];
    // The last ones: a jewel held at once in two ways, of which the plan cuts one; a fallback that carries as much as the usual one; no withdrawal that would do anything, and the race.
    for seed in (0..seeds).chain([36_841, 4_609, 14_330]) {
        let (estate, document) = planned(seed);
        answers[document.outcome as usize] += 1;
        if document.optimality.candidates > 7 {
            continue;
        }
        let verdict = verify(&document, &estate);
        assert!(verdict.is_accepted(), "seed {seed}: {:#?}", verdict.problems);
        assert_ne!(
            document.optimality.status,
            Status::Feasible,
            "seed {seed} is not proven"
        );
        tried += u64::from(matches!(verdict.optimality, Checked::EverySet { sets } if sets > 1));
    }
    assert!(
        tried > seeds / 3,
        "only {tried} plans were checked against every set of acts"
    );
    assert!(answers.iter().all(|count| *count > 20), "a dull mix: {answers:?}");
}

#[test]
fn the_same_arguments_give_the_same_plan() {
    for seed in 0..40 {
        let text = |seed: u64| serde_json::to_string(&planned(seed * 10).1);
        assert_eq!(text(seed).unwrap(), text(seed).unwrap());
    }
}

#[test]
fn plans_made_at_the_same_time_are_those_made_alone() {
    let text = |seed: u64| serde_json::to_string(&planned(seed * 10).1).unwrap();
    let alone: Vec<String> = (0..20).map(text).collect();
    let beside: Vec<Vec<String>> = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| (0..20).map(text).collect()));
        both.map(|one| one.join().unwrap()).into()
    });
    assert!(beside.iter().all(|texts| *texts == alone));
}

#[test]
fn no_plan_touches_a_break_glass_account() {
    for seed in 0..300 {
        let (estate, document) = planned(seed);
        for entry in &document.withdrawals {
            for name in &entry.entities {
                let glass = estate.accounts.iter().any(|account| {
                    account.kind == cordon_estate::AccountKind::BreakGlass
                        && *name == format!("account:{}", account.name)
                });
                assert!(!glass, "seed {seed}: {}", entry.id);
            }
        }
    }
}

#[test]
fn a_refused_withdrawal_is_not_in_the_next_plan_and_a_forced_one_is() {
    let mut refused = 0;
    for seed in (0..300).filter(|seed| seed % 10 != 0) {
        let (estate, document) = planned(seed);
        let Some(first) = document
            .withdrawals
            .first()
            .filter(|_| document.outcome == Outcome::Planned)
        else {
            continue;
        };
        let footholds = case(seed).1;
        let with = |constraints: &Constraints| {
            plan(
                &estate,
                &footholds,
                &settings(seed),
                constraints,
                &mut |_| {},
                &mut || 0.0,
            )
        };
        let without = with(&Constraints {
            refuse: vec![first.id.clone()],
            ..Constraints::default()
        });
        assert!(without.withdrawal(&first.id).is_none(), "seed {seed}");
        assert!(
            without.outcome == Outcome::Infeasible || without.cost.total_pence >= document.cost.total_pence,
            "seed {seed}: refusing made it cheaper"
        );
        let forced = with(&Constraints {
            force: vec![first.id.clone()],
            ..Constraints::default()
        });
        assert_eq!(forced.cost.total_pence, document.cost.total_pence, "seed {seed}");
        refused += 1;
    }
    assert!(refused > 20, "only {refused} plans had anything to refuse");
}

/// A plan under constraints, with or without what it is compared with.
fn asked(seed: u64, constraints: &Constraints, comparisons: bool) -> (Estate, PlanDocument) {
    let (estate, footholds) = case(seed);
    let settings = Settings {
        comparisons,
        ..settings(seed)
    };
    let document = plan(
        &estate,
        &footholds,
        &settings,
        constraints,
        &mut |_| {},
        &mut || 0.0,
    );
    (estate, document)
}

#[test]
fn a_jewel_that_is_added_is_kept_out_of_reach_or_said_to_clash() {
    let mut kept = 0;
    for (seed, system) in (0..400).flat_map(|seed| (0..5).map(move |system| (seed, system))) {
        let (estate, document) = asked(seed, &Constraints::default(), false);
        let name = format!("system:system-{system}");
        let is_jewel = document.jewels.iter().any(|jewel| jewel.entity == name);
        if is_jewel || document.outcome == Outcome::Infeasible || document.optimality.candidates > 7 {
            continue;
        }
        let constraints = Constraints {
            jewels: vec![cordon_estate::Entity::System(cordon_estate::SystemId(system))],
            ..Constraints::default()
        };
        let with = asked(seed, &constraints, false).1;
        let jewel = with.jewels.iter().find(|jewel| jewel.entity == name).unwrap();
        assert!(jewel.never && !jewel.inferred);
        if with.outcome != Outcome::Planned || jewel.state != JewelState::Stopped {
            continue;
        }
        kept += 1;
        if kept > 15 {
            continue;
        }
        let verdict = verify(&with, &estate);
        assert!(verdict.is_accepted(), "seed {seed}: {:#?}", verdict.problems);
        let mut bent = with;
        bent.constraints.jewels.clear();
        assert!(
            !verify(&bent.sealed(), &estate).is_accepted(),
            "seed {seed}: as if nobody had asked"
        );
    }
    assert!(kept > 10, "only {kept} kept");
}

#[test]
fn jewels_that_are_added_are_worth_what_declared_ones_are() {
    let declared = three::estate(random_estate::estate(&mut Chance::new(1)));
    let mut bare = declared.clone();
    bare.systems.iter_mut().for_each(|system| system.jewel = None);
    let of = |estate: &Estate, jewels: Vec<cordon_estate::Entity>| {
        let footholds = three::held().map(|entity| Foothold {
            entity,
            probability: 0.9,
        });
        let settings = Settings {
            spread: false,
            comparisons: false,
            ..Settings::default()
        };
        let constraints = Constraints {
            jewels,
            ..Constraints::default()
        };
        plan(
            estate,
            &footholds,
            &settings,
            &constraints,
            &mut |_| {},
            &mut || 0.0,
        )
    };
    let none = of(&bare, Vec::new());
    assert_eq!(none.outcome, Outcome::NothingToDo);
    let systems = [2, 3, 4].map(|id| cordon_estate::Entity::System(cordon_estate::SystemId(id)));
    let added = of(&bare, systems.to_vec());
    let ids = |document: &PlanDocument| -> Vec<String> {
        let entries = document.withdrawals.iter();
        entries.map(|entry| entry.id.0.clone()).collect()
    };
    assert_eq!(ids(&added), ids(&of(&declared, Vec::new())));
    assert_eq!(added.withdrawals.len(), 2);
    assert!(verify(&added, &bare).is_accepted());
}

#[test]
fn what_another_withdrawal_would_cost_is_what_forcing_it_costs() {
    let (mut priced, mut impossible) = (0, 0);
    for seed in 0..300 {
        let (_, document) = asked(seed, &Constraints::default(), true);
        for one in &document.not_chosen {
            let constraints = Constraints {
                force: vec![one.id.clone()],
                ..Constraints::default()
            };
            let forced = asked(seed, &constraints, false).1;
            match one.price_pence {
                Some(price) => {
                    let dearer = forced.cost.total_pence - document.cost.total_pence;
                    assert_eq!(dearer, price, "seed {seed}: {}", one.id);
                    priced += 1;
                }
                None => {
                    assert_eq!(forced.outcome, Outcome::Infeasible, "seed {seed}: {}", one.id);
                    impossible += 1;
                }
            }
        }
    }
    assert!(priced > 5, "only {priced} were priced, {impossible} impossible");
}

#[test]
fn a_group_of_one_is_tried_where_its_account_may_not_be_disabled() {
    let text = "
organisation: Firm
zones: { office: {} }
systems: { vault: { kind: server, zone: office, jewel: true } }
accounts: { p0: person }
groups: { staff: { members: [p0] } }
access:
  - { right: ssh, holder: p0, on: vault }
  - { flow: office -> office, port: 22 }
enforcement-points: { directory: { kind: active-directory, guards: accounts, effect: 1s } }
";
    let estate = cordon_estate::load::load(&[("estate.yaml", text)])
        .map(|loaded| loaded.estate)
        .unwrap_or_default();
    let accounts = estate.accounts_with_ids().map(|(id, _)| Entity::Account(id));
    let zones = estate.zones_with_ids().map(|(id, _)| Entity::Zone(id));
    let held = accounts.chain(zones).map(|entity| Foothold {
        entity,
        probability: 0.9,
    });
    let constraints = Constraints {
        refuse: vec![WithdrawalId("disable-account/account:p0".into())],
        ..Constraints::default()
    };
    let document = plan(
        &estate,
        &held.collect::<Vec<_>>(),
        &Settings::default(),
        &constraints,
        &mut |_| {},
        &mut || 0.0,
    );
    assert_eq!(document.outcome, Outcome::Planned);
    let verdict = verify(&document, &estate);
    assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
}

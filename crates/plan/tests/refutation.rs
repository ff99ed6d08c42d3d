//! The proof that no plan keeps everything: accepted as it is, refused in whatever way it is bent, sealed again each time.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
#[path = "support/bends.rs"]
mod bends;
#[path = "support/estate.rs"]
mod random_estate;
mod support;
#[path = "support/three.rs"]
mod three;

use std::sync::OnceLock;

use cordon_estate::{
    AccessId, AccountId, CostCurve, Entity, Estate, GroupId, Origin, Pence, Provenance, Requirement, Service,
    SystemId,
};
use cordon_plan::candidates::Candidates;
use cordon_plan::check::Checked;
use cordon_plan::document::{
    Act, Case, CertificateRow, GiveUp, JewelState, Outcome, PlanDocument, Refutation, Status, WithdrawalId,
};
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};
use cordon_reach::Base;
use support::Chance;

fn planned(seed: u64, refuse: &[WithdrawalId]) -> (Estate, PlanDocument) {
    let mut chance = Chance::new(seed);
    let estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance);
    let document = planned_for(&estate, &held, seed, refuse);
    (estate, document)
}

/// The same with a protected service that an indispensable withdrawal takes down.
fn clashing(seed: u64, plan: &PlanDocument) -> Option<(Estate, PlanDocument)> {
    let mut chance = Chance::new(seed);
    let mut estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance);
    let candidates = Candidates::new(&estate, 24.0);
    let needed = plan.withdrawals.iter().filter(|entry| entry.indispensable);
    let facts = needed.filter_map(|entry| match candidates.removes(entry.act).as_slice() {
        [Base::Access(id)] => Some(Requirement::Access(*id)),
        [Base::Enabled(id)] => Some(Requirement::Account(*id)),
        [Base::Connected(id)] => Some(Requirement::System(*id)),
        _ => None,
    });
    let fact = facts.into_iter().next()?;
    estate.add_service(protected("stands-in-the-way", fact));
    let document = planned_for(&estate, &held, seed, &[]);
    Some((estate, document))
}

fn protected(name: &str, requires: Requirement) -> Service {
    Service {
        name: name.into(),
        protected: true,
        requires,
        fallbacks: Vec::new(),
        cost: CostCurve {
            points: vec![(0.0, Pence(100_000))],
        },
        tolerable_downtime_minutes: None,
        people: 1,
        provenance: Provenance::new(Origin::Assumed),
    }
}

/// Of three acts any two are needed ([`three::estate`]), and any two take a protected service down: only cases show it.
fn any_two_are_too_many() -> (Estate, PlanDocument) {
    let mut estate = three::estate(random_estate::estate(&mut Chance::new(1)));
    let account = || Requirement::Account(AccountId(1));
    let system = |id| Requirement::System(SystemId(id));
    let pairs = [
        [account(), system(0)],
        [account(), system(1)],
        [system(0), system(1)],
    ];
    for (index, pair) in pairs.into_iter().enumerate() {
        estate.add_service(protected(
            &format!("one-of-{index}"),
            Requirement::Any(pair.to_vec()),
        ));
    }
    let document = planned_for(&estate, &three::held(), 1, &[]);
    (estate, document)
}

/// The same where somebody forced two of the three.
fn two_are_forced() -> (Estate, PlanDocument) {
    let (estate, _) = any_two_are_too_many();
    let candidates = Candidates::new(&estate, 24.0);
    let isolate = |system| {
        candidates.id(Act::IsolateSystem {
            system: SystemId(system),
        })
    };
    let constraints = Constraints {
        force: vec![isolate(0), isolate(1)],
        ..Constraints::default()
    };
    let document = constrained(&estate, &three::held(), 1, &constraints);
    (estate, document)
}

fn planned_for(estate: &Estate, held: &[Entity], seed: u64, refuse: &[WithdrawalId]) -> PlanDocument {
    let constraints = Constraints {
        refuse: refuse.to_vec(),
        ..Constraints::default()
    };
    constrained(estate, held, seed, &constraints)
}

fn constrained(estate: &Estate, held: &[Entity], seed: u64, constraints: &Constraints) -> PlanDocument {
    let footholds: Vec<Foothold> = held.iter().copied().map(certain).collect();
    let settings = Settings {
        race: !seed.is_multiple_of(3),
        spread: !seed.is_multiple_of(4),
        comparisons: !constraints.refuse.is_empty() || seed.is_multiple_of(2),
        ..Settings::default()
    };
    plan(
        estate,
        &footholds,
        &settings,
        constraints,
        &mut |_| {},
        &mut || 0.0,
    )
}

fn certain(entity: Entity) -> Foothold {
    Foothold {
        entity,
        probability: 0.9,
    }
}

/// Plans that give something up: some because services stand in the way, some because somebody refused what is indispensable.
fn pool() -> &'static [(Estate, PlanDocument)] {
    static POOL: OnceLock<Vec<(Estate, PlanDocument)>> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut all = vec![any_two_are_too_many(), two_are_forced()];
        for seed in 0..1_500 {
            let (estate, document) = planned(seed, &[]);
            let indispensable = document.withdrawals.iter().find(|entry| entry.indispensable);
            if let Some(entry) = indispensable {
                all.push(planned(seed, std::slice::from_ref(&entry.id)));
            }
            all.extend(clashing(seed, &document));
            all.push((estate, document));
        }
        let held = |plan: &PlanDocument| {
            plan.jewels
                .iter()
                .any(|jewel| jewel.state == JewelState::MayBeTaken)
        };
        all.retain(|(_, plan)| plan.infeasibility.is_some() && !held(plan));
        all
    })
}

#[test]
fn whoever_says_that_it_cannot_be_done_proves_it() {
    let (mut proved, mut tried, mut split, mut cheapest) = (0, 0, 0, 0);
    for (estate, document) in pool() {
        assert_eq!(document.outcome, Outcome::Infeasible);
        let verdict = verify(document, estate);
        assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
        let bound = verdict.proof.unwrap();
        assert!(bound.bound_pence <= bound.cost_pence);
        cheapest += u32::from(bound.bound_pence == bound.cost_pence);
        let clash = document.infeasibility.as_ref().unwrap();
        let refuted = verdict
            .refuted
            .unwrap_or_else(|| panic!("not proved: {clash:#?}"));
        proved += 1;
        split += u32::from(refuted.cases > 1);
        tried += u32::from(matches!(verdict.optimality, Checked::EverySet { .. }));
    }
    println!("{proved} proved, {split} of them by cases, {tried} held against every set of acts");
    println!("of {cheapest} it is proved that nothing cheaper can be given up");
    assert!(
        cheapest * 100 >= proved * 90,
        "only {cheapest} are proved the cheapest way out"
    );
    assert!(proved > 30, "only {proved} cannot be done");
    assert!(split > 0, "none needs cases");
    assert!(tried > 30, "only {tried} were held against every set of acts");
}

fn of(plan: &mut PlanDocument) -> &mut Refutation {
    let clash = plan.infeasibility.as_mut().unwrap();
    clash.proof.as_mut().unwrap()
}

fn row(plan: &mut PlanDocument, change: impl FnMut(&mut CertificateRow) -> bool) -> bool {
    of(plan).rows.iter_mut().any(change)
}

fn split(plan: &mut PlanDocument, change: impl FnOnce(&mut Act, &mut u32, &mut u32)) -> bool {
    let either = of(plan).cases.iter_mut().find_map(|case| match case {
        Case::Either { act, with, without } => Some((act, with, without)),
        _ => None,
    });
    either
        .map(|(act, with, without)| change(act, with, without))
        .is_some()
}

fn leaf(plan: &mut PlanDocument, wanted: fn(&Case) -> bool) -> Option<&mut Case> {
    of(plan).cases.iter_mut().find(|case| wanted(case))
}

fn is_uncut(case: &Case) -> bool {
    matches!(case, Case::Uncut { .. })
}

fn is_down(case: &Case) -> bool {
    matches!(case, Case::Down { .. })
}

fn foreign() -> Act {
    Act::TakeRight {
        access: AccessId(9_999),
    }
}

bends! {
    pool(), |verdict| assert_eq!(verdict.refuted, None);
    a_row_rests_on_less: |_, plan| row(plan, |row| row.rests_on.pop().is_some());
    a_row_rests_on_nothing: |_, plan| row(plan, |row| {
        let had = !row.rests_on.is_empty();
        row.rests_on.clear();
        had
    });
    a_row_rests_on_what_is_not_there: |_, plan| row(plan, |row| {
        row.rests_on.push(Base::Posing(GroupId(9_999)));
        row.rests_on.sort_unstable();
        true
    });
    a_row_is_out_of_order: |_, plan| row(plan, |row| {
        row.rests_on.reverse();
        row.rests_on.len() > 1
    });
    an_act_against_a_row_is_left_out: |_, plan| row(plan, |row| row.acts.pop().is_some());
    every_act_against_a_row_is_left_out: |_, plan| row(plan, |row| {
        let had = !row.acts.is_empty();
        row.acts.clear();
        had
    });
    an_act_against_a_row_is_added: |_, plan| row(plan, |row| {
        row.acts.push(foreign());
        true
    });
    a_row_reaches_nothing: |_, plan| row(plan, |row| {
        row.reaches.clear();
        true
    });
    a_row_reaches_what_is_not_there: |_, plan| row(plan, |row| {
        row.reaches.push("system:zzz".into());
        true
    });
    a_row_reaches_what_may_be_lost: |estate, plan| {
        let kept: Vec<String> = plan.jewels.iter().map(|jewel| jewel.entity.clone()).collect();
        let all = estate.systems.iter().map(|system| format!("system:{}", system.name));
        let Some(other) = all.into_iter().find(|name| !kept.contains(name)) else { return false };
        row(plan, |row| {
            row.reaches = vec![other.clone()];
            true
        })
    };
    every_row_is_left_out: |_, plan| {
        let had = !of(plan).rows.is_empty();
        of(plan).rows.clear();
        had
    };
    a_case_is_left_out: |_, plan| {
        let had = of(plan).cases.len() > 1;
        of(plan).cases.pop();
        had
    };
    no_case_is_left: |_, plan| {
        of(plan).cases.clear();
        true
    };
    a_case_is_its_own: |_, plan| split(plan, |_, with, _| *with = 0);
    both_cases_are_one: |_, plan| split(plan, |_, with, without| *with = *without);
    a_case_is_beyond_the_last: |_, plan| split(plan, |_, with, _| *with = 9_999);
    a_case_belongs_to_no_other: |_, plan| {
        of(plan).cases.push(Case::Uncut { row: 0 });
        true
    };
    cases_are_exchanged: |_, plan| {
        split(plan, |_, with, without| std::mem::swap(with, without))
    };
    a_case_splits_by_an_act_that_does_nothing: |_, plan| split(plan, |act, _, _| *act = foreign());
    a_split_is_said_to_be_needless: |_, plan| {
        let own = of(plan);
        let had = own.cases.len() > 1;
        own.cases.truncate(1);
        own.cases[0] = Case::Uncut { row: 0 };
        had
    };
    a_case_is_left_open: |_, plan| {
        leaf(plan, is_uncut).map(|case| *case = Case::Charged { charges: Vec::new(), draw_pence: 0 }).is_some()
    };
    a_case_is_said_to_have_no_such_row: |_, plan| {
        leaf(plan, is_uncut).map(|case| *case = Case::Uncut { row: 9_999 }).is_some()
    };
    a_case_is_said_to_take_a_service_down: |estate, plan| {
        let service = estate.services[0].name.clone();
        leaf(plan, is_uncut).map(|case| *case = Case::Down { service }).is_some()
    };
    another_service_is_said_to_be_down: |_, plan| {
        leaf(plan, is_down).map(|case| *case = Case::Down { service: "zzz".into() }).is_some()
    };
    a_service_that_is_down_is_said_to_leave_a_row_uncut: |_, plan| {
        leaf(plan, is_down).map(|case| *case = Case::Uncut { row: 9_999 }).is_some()
    };
    what_was_refused_is_allowed_again: |_, plan| {
        let had = !plan.constraints.refused.is_empty();
        plan.constraints.refused.clear();
        had
    };
    a_jewel_is_given_up_afterwards: |_, plan| {
        let kept = plan.jewels.iter().filter(|jewel| jewel.never && jewel.state != JewelState::MayBeTaken);
        plan.constraints.given_up = kept.map(|jewel| jewel.entity.clone()).collect();
        of(plan).rows.iter().any(|row| !row.reaches.is_empty())
    };
    the_footholds_are_fewer: |_, plan| {
        plan.footholds.clear();
        let is_foothold = |fact: &Base| {
            matches!(fact, Base::Credential(_) | Base::Presence(_) | Base::Within(_) | Base::Posing(_))
        };
        !of(plan).rows.is_empty() && of(plan).rows.iter().all(|row| row.rests_on.iter().any(is_foothold))
    };
    the_proof_is_of_another_plan: |_, plan| {
        let own = of(plan).clone();
        let others = pool().iter().filter_map(|(_, other)| other.infeasibility.as_ref()?.proof.as_ref());
        let mut others = others.filter(|other| other.rows.iter().all(|row| !own.rows.contains(row)));
        let Some(other) = others.find(|other| !other.rows.is_empty()).cloned() else { return false };
        *of(plan) = other;
        true
    };
}

/// A plan that can be had, said to be impossible with a proof that was made for another.
#[test]
fn a_plan_that_can_be_had_is_not_refuted() {
    let (_, clash) = pool()
        .iter()
        .find(|(_, plan)| !plan.infeasibility.as_ref().unwrap().services.is_empty())
        .unwrap();
    let clash = clash.infeasibility.clone().unwrap();
    let mut bent = 0;
    for seed in 0..60 {
        let (estate, mut document) = planned(seed, &[]);
        if document.outcome != Outcome::Planned {
            continue;
        }
        document.outcome = Outcome::Infeasible;
        document.optimality.status = Status::Infeasible;
        document.certificate = None;
        document.infeasibility = Some(clash.clone());
        let verdict = verify(&document.sealed(), &estate);
        assert!(!verdict.is_accepted());
        assert_eq!(verdict.refuted, None);
        bent += 1;
    }
    assert!(bent > 10);
}

#[test]
fn what_is_given_up_is_named() {
    for (_, document) in pool() {
        let clash = document.infeasibility.as_ref().unwrap();
        assert!(!clash.give_up.is_empty(), "{}", clash.text);
        for one in &clash.give_up {
            let name = match one {
                GiveUp::Jewel { entity, .. } => entity.clone(),
                GiveUp::Service { name, .. } => name.clone(),
                GiveUp::Refusal { withdrawal } => withdrawal.0.clone(),
            };
            assert!(
                clash
                    .text
                    .contains(name.split_once(':').map_or(name.as_str(), |(_, bare)| bare)),
                "{}",
                clash.text
            );
        }
    }
}

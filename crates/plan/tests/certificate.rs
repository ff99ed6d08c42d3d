//! The certificate of the bound: accepted as it is, refused in whatever way it is bent, sealed again each time.

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

use cordon_estate::{AccessId, Entity, Estate, ServiceId};
use cordon_plan::check::Checked;
use cordon_plan::document::{Act, Case, Certificate, CertificateRow, Charge, PlanDocument, Stand};
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};
use cordon_reach::Base;
use support::Chance;

fn planned(seed: u64) -> (Estate, PlanDocument) {
    let mut chance = Chance::new(seed);
    let estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance);
    let document = planned_for(&estate, &held, seed);
    (estate, document)
}

/// Of three acts any two are enough and one is not: see [`three::estate`].
fn three_of_two() -> (Estate, PlanDocument) {
    let estate = three::estate(random_estate::estate(&mut Chance::new(1)));
    let document = planned_for(&estate, &three::held(), 1);
    (estate, document)
}

fn planned_for(estate: &Estate, held: &[Entity], seed: u64) -> PlanDocument {
    let footholds: Vec<Foothold> = held
        .iter()
        .copied()
        .map(|entity| Foothold {
            entity,
            probability: 0.9,
        })
        .collect();
    let settings = Settings {
        race: !seed.is_multiple_of(3),
        spread: !seed.is_multiple_of(4),
        comparisons: false,
        ..Settings::default()
    };
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

/// Plans with a certificate that says something, small enough to be checked often.
fn pool() -> &'static [(Estate, PlanDocument)] {
    static POOL: OnceLock<Vec<(Estate, PlanDocument)>> = OnceLock::new();
    POOL.get_or_init(|| {
        let all = (0..3_000).map(planned);
        let telling = all.filter(|(_, plan)| {
            plan.optimality.candidates <= 7
                && plan.infeasibility.is_none()
                && plan
                    .certificate
                    .as_ref()
                    .is_some_and(|certificate| certificate.bound_pence > 0)
        });
        telling.take(400).chain([three_of_two()]).collect()
    })
}

#[test]
fn what_charges_do_not_prove_cases_do() {
    let (estate, document) = three_of_two();
    assert_eq!(document.withdrawals.len(), 2);
    let verdict = verify(&document, &estate);
    assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
    let proof = verdict.proof.unwrap();
    assert!(proof.cases > 1);
    assert_eq!(proof.bound_pence, document.cost.total_pence);
}

#[test]
fn every_certificate_is_accepted_and_nearly_all_prove_the_whole_bound() {
    let (mut whole, mut every, mut given_up, mut all) = (0, 0, 0, 0);
    for seed in 0..400 {
        let (estate, document) = planned(seed);
        let certificate = document.certificate.as_ref().unwrap();
        if document.optimality.candidates > 7 {
            continue;
        }
        let verdict = verify(&document, &estate);
        assert!(verdict.is_accepted(), "seed {seed}: {:#?}", verdict.problems);
        let proof = verdict.proof.unwrap();
        assert_eq!(proof.bound_pence, certificate.bound_pence);
        all += 1;
        whole += u32::from(proof.bound_pence == proof.cost_pence);
        given_up += u32::from(document.infeasibility.is_some());
        every += u32::from(matches!(verdict.optimality, Checked::EverySet { .. }));
    }
    println!("{whole} of {all} prove the whole bound; {given_up} of plans that give something up");
    assert!(all > 100, "only {all} certificates");
    assert!(given_up > 10, "only {given_up} give something up");
    assert!(every > 100, "only {every} were held against every set of acts");
    assert!(whole * 100 >= all * 99, "{whole} of {all} prove the whole bound");
}

fn of(plan: &mut PlanDocument) -> &mut Certificate {
    plan.certificate.as_mut().unwrap()
}

fn charges(plan: &mut PlanDocument) -> impl Iterator<Item = &mut Charge> {
    let leaves = of(plan).cases.iter_mut().filter_map(|case| match case {
        Case::Charged { charges, .. } => Some(charges),
        _ => None,
    });
    leaves.flatten()
}

fn charge(plan: &mut PlanDocument, change: impl FnOnce(&mut Charge)) -> bool {
    charges(plan).next().map(change).is_some()
}

/// Charges in which something can be changed; the first is.
fn stand(plan: &mut PlanDocument, mut change: impl FnMut(&mut Vec<Stand>) -> bool) -> bool {
    charges(plan).any(|charge| change(&mut charge.to))
}

fn part(plan: &mut PlanDocument, change: impl Fn(&mut ServiceId, &mut i64, &mut i64)) -> bool {
    stand(plan, |stands| {
        let part = stands.iter_mut().find_map(|stand| match stand {
            Stand::Service {
                service,
                from_pence,
                to_pence,
            } => Some((service, from_pence, to_pence)),
            Stand::Act { .. } => None,
        });
        part.map(|(service, from, to)| change(service, from, to))
            .is_some()
    })
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

/// True if the only case's charges come to the bound exactly, with nothing to spare.
fn is_tight(plan: &mut PlanDocument) -> bool {
    let sum: i64 = charges(plan).map(|charge| charge.pence).sum();
    of(plan).cases.len() == 1 && sum == of(plan).bound_pence
}

fn merged<T: Clone + Ord>(one: &[T], other: &[T]) -> Vec<T> {
    let all: std::collections::BTreeSet<T> = one.iter().chain(other).cloned().collect();
    all.into_iter().collect()
}

fn foreign() -> Act {
    Act::TakeRight {
        access: AccessId(9_999),
    }
}

fn leaf(plan: &mut PlanDocument) -> Option<&mut Case> {
    let mut cases = of(plan).cases.iter_mut();
    cases.find(|case| matches!(case, Case::Charged { charges, .. } if !charges.is_empty()))
}

bends! {
    pool(), |verdict| assert_eq!(verdict.proof, None);
    the_bound_is_raised: |_, plan| {
        of(plan).bound_pence += 1;
        true
    };
    bound_and_cost_are_raised_alike: |_, plan| {
        of(plan).bound_pence += 1;
        plan.optimality.lower_bound_pence += 1;
        plan.cost.friction_pence += 1;
        plan.cost.total_pence += 1;
        true
    };
    a_charge_is_raised: |_, plan| charge(plan, |charge| charge.pence += 1);
    a_charge_is_lowered: |_, plan| is_tight(plan) && charge(plan, |charge| charge.pence -= 1);
    a_charge_is_negative: |_, plan| charge(plan, |charge| charge.pence = -charge.pence);
    a_charge_is_nothing: |_, plan| charge(plan, |charge| charge.pence = 0);
    a_charge_is_beyond_all_money: |_, plan| charge(plan, |charge| charge.pence = i64::MAX);
    a_charge_is_left_out: |_, plan| {
        is_tight(plan) && leaf(plan).is_some_and(|case| match case {
            Case::Charged { charges, .. } => charges.pop().is_some(),
            _ => false,
        })
    };
    a_charge_is_there_twice: |_, plan| leaf(plan).is_some_and(|case| match case {
        Case::Charged { charges, .. } => {
            charges.extend(charges.first().cloned());
            true
        }
        _ => false,
    });
    a_charge_is_for_no_row: |_, plan| charge(plan, |charge| charge.row = 9_999);
    a_charge_is_to_nobody: |_, plan| stand(plan, |stands| {
        let had = !stands.is_empty();
        stands.clear();
        had
    });
    a_charge_leaves_one_out: |_, plan| stand(plan, |stands| stands.pop().is_some());
    a_charge_is_to_another_act: |_, plan| stand(plan, |stands| {
        let act = stands.iter_mut().find(|stand| matches!(stand, Stand::Act { .. }));
        act.map(|stand| *stand = Stand::Act { act: foreign() }).is_some()
    });
    a_service_is_charged_more: |_, plan| part(plan, |_, _, to| *to += 1_000_000_000);
    a_service_is_charged_from_below_nothing: |_, plan| part(plan, |_, from, _| *from -= 1);
    a_service_is_charged_backwards: |_, plan| part(plan, |_, from, to| std::mem::swap(from, to));
    another_service_is_charged: |_, plan| part(plan, |service, _, _| service.0 += 100);
    a_row_rests_on_less: |_, plan| row(plan, |row| row.rests_on.pop().is_some());
    a_row_rests_on_nothing: |_, plan| row(plan, |row| {
        let had = !row.rests_on.is_empty();
        row.rests_on.clear();
        had
    });
    a_row_rests_on_what_is_not_there: |_, plan| row(plan, |row| {
        row.rests_on.push(Base::Posing(cordon_estate::GroupId(9_999)));
        row.rests_on.sort_unstable();
        true
    });
    a_row_is_out_of_order: |_, plan| row(plan, |row| {
        row.rests_on.reverse();
        row.rests_on.len() > 1
    });
    a_row_rests_on_a_fact_twice: |_, plan| row(plan, |row| {
        row.rests_on.insert(0, row.rests_on[0]);
        true
    });
    a_row_rests_on_everything: |estate, plan| row(plan, |row| {
        let had = row.rests_on.len();
        row.rests_on.extend(estate.accesses_with_ids().map(|(id, _)| Base::Access(id)));
        row.rests_on.sort_unstable();
        row.rests_on.dedup();
        let acts = |row: &CertificateRow| row.acts.len();
        had < row.rests_on.len() && acts(row) == 0
    }) && {
        of(plan).rows.iter_mut().for_each(|row| row.acts.push(foreign()));
        true
    };
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
    a_row_reaches_more: |estate, plan| row(plan, |row| {
        let all = estate.systems.iter().map(|system| format!("system:{}", system.name));
        let before = row.reaches.len();
        row.reaches.extend(all);
        row.reaches.sort();
        row.reaches.dedup();
        // More than one system, of which the row cannot reach all from what it rests on.
        row.reaches.len() > before && row.rests_on.len() < 3
    });
    a_row_reaches_what_is_not_there: |_, plan| row(plan, |row| {
        row.reaches.push("system:zzz".into());
        true
    });
    a_row_reaches_nothing: |_, plan| row(plan, |row| {
        row.reaches.clear();
        true
    });
    a_row_reaches_a_thing_twice: |_, plan| row(plan, |row| {
        row.reaches.insert(0, row.reaches[0].clone());
        true
    });
    a_row_is_left_out: |_, plan| of(plan).rows.pop().is_some();
    a_loss_is_in_two_groups: |_, plan| {
        let kept: Vec<String> = plan.jewels.iter().filter(|jewel| jewel.never).map(|jewel| jewel.entity.clone()).collect();
        let own = of(plan);
        let soft: Vec<&CertificateRow> = own.rows.iter().filter(|row| !kept.contains(&row.reaches[0])).collect();
        let Some((one, other)) = soft.iter().find_map(|one| {
            let other = soft.iter().find(|other| other.reaches != one.reaches)?;
            Some((*one, *other))
        }) else { return false };
        // The two together: it is derived, and by all acts against it, but one loss would be counted twice.
        let both = CertificateRow {
            world: 0,
            reaches: merged(&one.reaches, &other.reaches),
            rests_on: merged(&one.rests_on, &other.rests_on),
            acts: merged(&one.acts, &other.acts),
        };
        own.rows.push(both);
        true
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
        of(plan).cases.push(Case::Charged { charges: Vec::new(), draw_pence: 0 });
        true
    };
    cases_are_exchanged: |_, plan| {
        split(plan, |_, with, without| std::mem::swap(with, without))
    };
    a_case_splits_by_an_act_that_does_nothing: |_, plan| split(plan, |act, _, _| *act = foreign());
    a_case_is_said_to_be_impossible: |_, plan| leaf(plan).map(|case| *case = Case::Uncut { row: 0 }).is_some();
    a_case_is_said_to_have_no_such_row: |_, plan| {
        leaf(plan).map(|case| *case = Case::Uncut { row: 9_999 }).is_some()
    };
    a_case_is_said_to_take_a_service_down: |estate, plan| {
        let service = estate.services[0].name.clone();
        leaf(plan).map(|case| *case = Case::Down { service }).is_some()
    };
    a_split_is_said_to_be_needless: |_, plan| {
        let own = of(plan);
        let had = own.cases.len() > 1;
        own.cases.truncate(1);
        own.cases[0] = Case::Charged { charges: Vec::new(), draw_pence: 0 };
        had && own.bound_pence > 0
    };
    an_act_is_refused_afterwards: |estate, plan| {
        let chosen: Vec<Act> = plan.withdrawals.iter().map(|entry| entry.act).collect();
        let acts = of(plan).rows.iter().flat_map(|row| row.acts.clone());
        let other = acts.into_iter().find(|act| !chosen.contains(act));
        let candidates = cordon_plan::candidates::Candidates::new(estate, 24.0);
        other.map(|act| plan.constraints.refused.push(candidates.id(act))).is_some()
    };
    a_jewel_is_given_up_afterwards: |_, plan| {
        let kept: Vec<String> = plan.jewels.iter().filter(|jewel| jewel.never).map(|jewel| jewel.entity.clone()).collect();
        let hard = of(plan).rows.iter().any(|row| row.reaches.iter().any(|name| kept.contains(name)));
        plan.constraints.given_up = kept;
        hard && plan.jewels.iter().all(|jewel| !jewel.never || jewel.loss_pence == 0)
    };
    the_footholds_are_fewer: |_, plan| {
        plan.footholds.clear();
        true
    };
    the_certificate_is_of_another_plan: |_, plan| {
        let other = pool().iter().filter_map(|(_, other)| other.certificate.clone());
        let bound = of(plan).bound_pence;
        let Some(other) = other.into_iter().find(|other| {
            other.bound_pence != bound && other.rows.len() > 1
        }) else { return false };
        plan.certificate = Some(other);
        of(plan).bound_pence = bound;
        true
    };
}

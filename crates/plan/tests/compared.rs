//! What a plan says of other plans: accepted as it is, refused in whatever way it is bent, sealed again each time.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
#[path = "support/bends.rs"]
mod bends;
#[path = "support/firm.rs"]
mod firm;
#[path = "support/estate.rs"]
mod random_estate;
mod support;

use std::sync::OnceLock;

use cordon_estate::Estate;
use cordon_plan::document::{Change, NotChosen, Path, PlanDocument, WithdrawalEntry};
use cordon_plan::{Constraints, Foothold, Settings, Uncertainty, plan, verify};
use firm::firm;
use support::{Chance, instances};

fn planned(seed: u64) -> (Estate, PlanDocument) {
    let mut chance = Chance::new(seed);
    let (estate, footholds) = if seed.is_multiple_of(3) {
        firm(&mut chance)
    } else {
        let estate = random_estate::estate(&mut chance);
        let held = random_estate::held(&mut chance).into_iter();
        let footholds = held.map(|entity| Foothold {
            entity,
            probability: 0.9,
        });
        (estate, footholds.collect())
    };
    let settings = Settings {
        race: seed.is_multiple_of(2),
        spread: !seed.is_multiple_of(5),
        certificate: false,
        front_points: None,
        uncertainty: seed.is_multiple_of(6).then_some(Uncertainty {
            worlds: 20,
            seed,
            hidden_probability: 0.1,
            reached_max: Some(0.1),
        }),
        ..Settings::default()
    };
    let document = plan(
        &estate,
        &footholds,
        &settings,
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    (estate, document)
}

/// Plans of which something is said beside, few enough acts that each check is quick.
fn pool() -> &'static [(Estate, PlanDocument)] {
    static POOL: OnceLock<Vec<(Estate, PlanDocument)>> = OnceLock::new();
    POOL.get_or_init(|| {
        let all = (0..instances(300)).map(planned);
        let few = |plan: &PlanDocument| plan.optimality.candidates <= 9 && !plan.withdrawals.is_empty();
        all.filter(|(_, plan)| few(plan)).collect()
    })
}

#[test]
fn what_is_said_of_other_plans_holds() {
    let (mut refusals, mut others, mut cleared, mut instead, mut kept) = (0, 0, 0, 0, 0);
    for (estate, document) in pool() {
        let verdict = verify(document, estate);
        assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
        let wholly = [
            "withdrawals.unnecessary_if",
            "withdrawals.refusal_instead",
            "not_chosen.instead",
        ];
        assert!(
            !verdict
                .unchecked
                .iter()
                .any(|field| wholly.contains(&field.as_str()))
        );
        let entries = || document.withdrawals.iter();
        refusals += entries().filter(|entry| entry.refusal_instead.is_some()).count();
        others += document
            .not_chosen
            .iter()
            .filter(|one| one.instead.is_some())
            .count();
        let is_cleared = |change: &Change| matches!(change, Change::Cleared { .. });
        let changes = entries()
            .flat_map(|entry| &entry.unnecessary_if)
            .map(|one| &one.change);
        let (some, rest): (Vec<&Change>, Vec<&Change>) = changes.partition(|change| is_cleared(change));
        (cleared, instead) = (cleared + some.len(), instead + rest.len());
        kept += usize::from(
            document
                .uncertainty
                .as_ref()
                .is_some_and(|one| !one.kept.is_empty()),
        );
    }
    println!(
        "{refusals} refusals, {others} not chosen, {cleared} if not held, {instead} if done instead, {kept} with worlds kept"
    );
    assert!(
        refusals > 30 && others > 30 && cleared > 30 && instead > 30 && kept > 5,
        "a dull mix"
    );
}

fn refusal(plan: &mut PlanDocument, change: impl FnOnce(&mut WithdrawalEntry)) -> bool {
    let mut entries = plan.withdrawals.iter_mut();
    let entry = entries.find(|entry| {
        entry
            .refusal_instead
            .as_ref()
            .is_some_and(|acts| !acts.is_empty())
    });
    entry.map(change).is_some()
}

fn not_chosen(plan: &mut PlanDocument, change: impl FnOnce(&mut NotChosen)) -> bool {
    let mut entries = plan.not_chosen.iter_mut();
    entries.find(|one| one.instead.is_some()).map(change).is_some()
}

fn changes(plan: &mut PlanDocument) -> impl Iterator<Item = &mut Change> {
    let all = plan
        .withdrawals
        .iter_mut()
        .flat_map(|entry| &mut entry.unnecessary_if);
    all.map(|one| &mut one.change)
}

fn path(plan: &mut PlanDocument, change: impl FnOnce(&mut Path)) -> bool {
    let mut ways = plan.withdrawals.iter_mut().flat_map(|entry| &mut entry.stops);
    ways.next().map(change).is_some()
}

bends! {
    pool(), |_| ();
    a_refusal_costs_less: |_, plan| refusal(plan, |entry| entry.refusal_price_pence = entry.refusal_price_pence.map(|pence| pence - 1));
    a_refusal_has_no_price: |_, plan| refusal(plan, |entry| entry.refusal_price_pence = None);
    a_refusal_leads_to_no_plan: |_, plan| refusal(plan, |entry| entry.refusal_instead = None);
    a_refusal_leads_to_fewer: |_, plan| refusal(plan, |entry| drop(entry.refusal_instead.as_mut().unwrap().pop()));
    a_refusal_leads_to_what_was_refused: |_, plan| refusal(plan, |entry| entry.refusal_instead.as_mut().unwrap().push(entry.id.clone()));
    a_refusal_leads_to_what_nothing_can_do: |_, plan| refusal(plan, |entry| entry.refusal_instead.as_mut().unwrap().push("isolate-system/system:nothing".into()));
    a_refusal_leads_to_the_same_twice: |_, plan| refusal(plan, |entry| {
        let instead = entry.refusal_instead.as_mut().unwrap();
        instead.push(instead.first().unwrap().clone());
    });
    a_refusal_is_impossible_and_has_a_price: |_, plan| refusal(plan, |entry| entry.indispensable = true);
    what_was_not_chosen_costs_more: |_, plan| not_chosen(plan, |one| one.price_pence = one.price_pence.map(|pence| pence + 1));
    what_was_not_chosen_has_no_price: |_, plan| not_chosen(plan, |one| one.price_pence = None);
    what_was_not_chosen_is_not_in_its_plan: |_, plan| not_chosen(plan, |one| one.instead.as_mut().unwrap().retain(|id| *id != one.id));
    what_was_not_chosen_needs_nothing_else: |_, plan| not_chosen(plan, |one| {
        one.instead = Some(vec![one.id.clone()]);
        one.price_pence = Some(-1);
    });
    what_is_done_instead_costs_less: |_, plan| changes(plan).any(|change| match change {
        Change::Instead { price_pence, .. } => { *price_pence -= 1; true }
        Change::Cleared { .. } => false,
    });
    what_is_done_instead_nothing_can_do: |_, plan| changes(plan).any(|change| match change {
        Change::Instead { withdrawal, .. } => { *withdrawal = "isolate-system/system:nothing".into(); true }
        Change::Cleared { .. } => false,
    });
    who_is_not_held_is_nobody: |_, plan| changes(plan).any(|change| match change {
        Change::Cleared { entities } => { entities.push("account:nobody".into()); true }
        Change::Instead { .. } => false,
    });
    nobody_need_be_cleared: |_, plan| changes(plan).any(|change| match change {
        Change::Cleared { entities } => { entities.clear(); true }
        Change::Instead { .. } => false,
    });
    a_way_is_longer: |_, plan| path(plan, |path| path.arrival_minutes += 1.0);
    a_way_leads_to_nothing: |_, plan| path(plan, |path| path.to.push('x'));
    a_way_leads_to_what_is_held: |_, plan| {
        let Some(held) = plan.footholds.first().map(|one| one.entity.clone()) else { return false };
        let mut ways = plan.withdrawals.iter_mut().flat_map(|entry| &mut entry.stops);
        ways.find(|path| path.arrival_minutes > 0.0).map(|path| path.to = held).is_some()
    };
    the_way_to_a_jewel_is_shorter: |_, plan| {
        let mut ways = plan.jewels.iter_mut().filter_map(|jewel| jewel.path.as_mut());
        ways.next().map(|path| path.arrival_minutes /= 2.0).is_some() && plan.jewels.iter().any(|jewel| jewel.arrival_minutes_before > Some(0.0))
    };
    to_do_nothing_costs_more: |_, plan| { plan.baselines[0].metrics.cost.total_pence += 1; true };
    to_isolate_is_more: |_, plan| { plan.baselines[1].metrics.withdrawals += 1; true };
    to_pull_everything_keeps_a_service: |_, plan| {
        let down = &mut plan.baselines[2].metrics.services_down;
        *down = down.wrapping_sub(1);
        true
    };
    to_pull_everything_keeps_a_protected_service: |_, plan| { plan.baselines[2].metrics.protected_down += 1; true };
    to_do_nothing_loses_fewer_jewels: |_, plan| { plan.baselines[0].metrics.jewels_reachable += 1; true };
    to_do_nothing_loses_less: |_, plan| { plan.baselines[0].metrics.jewel_loss_pence += 1; true };
    a_baseline_is_left_out: |_, plan| plan.baselines.pop().is_some();
    what_keeps_nothing_alone_is_unnecessary_if: |_, plan| {
        let all = plan.withdrawals.iter().flat_map(|entry| &entry.unnecessary_if);
        let Some(one) = all.into_iter().find(|one| matches!(one.change, Change::Cleared { .. })).cloned() else { return false };
        let mut entries = plan.withdrawals.iter_mut();
        let alone = entries.find(|entry| entry.stops.is_empty() && entry.unnecessary_if.is_empty());
        alone.map(|entry| entry.unnecessary_if.push(one)).is_some()
    };
}

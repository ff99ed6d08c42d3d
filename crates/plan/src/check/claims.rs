//! What the plan says comes of it: jewels, exposure, services, cost.

use std::collections::BTreeMap;

use cordon_reach::Derived;
use cordon_trade::ServiceState;

use super::Findings;
use super::view::{Outcome, View};
use crate::candidates::entity_name;
use crate::document::{
    Act, ExposureCount, GiveUp, JewelState, Outcome as Answer, PlanDocument, ServiceLevel, Status,
    UncertaintyEntry,
};

/// The acts of a document with their effects.
pub(super) fn acts(document: &PlanDocument) -> Vec<(Act, f64)> {
    document
        .withdrawals
        .iter()
        .map(|entry| (entry.act, entry.effect_seconds))
        .collect()
}

pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) {
    let outcome = view.outcome(&acts(document));
    jewels(document, view, &outcome, found);
    for entity in &outcome.lost_in_worlds {
        let name = entity_name(view.estate, *entity);
        if !document.constraints.given_up.contains(&name) {
            found.problem(
                "uncertainty.kept",
                format!("{name} is reached in a world that is said to be kept"),
            );
        }
    }
    services(document, view, &outcome, found);
    uncertainty(document, found);
    found.same("cost", &document.cost, &outcome.cost);
    found.same(
        "exposure.before",
        &document.exposure.before,
        &count(view, &view.before),
    );
    found.same(
        "exposure.after",
        &document.exposure.after,
        &count(view, &outcome.gained),
    );
    answer(document, found);
}

/// That the figures of sampled worlds agree with each other.
fn uncertainty(document: &PlanDocument, found: &mut Findings) {
    let Some(one) = &document.uncertainty else { return };
    let holds_share = one.reached_max.is_some() && document.infeasibility.is_none();
    if !one.kept.is_empty() && !holds_share {
        found.problem(
            "uncertainty.kept",
            "worlds are kept, and no share is held by that",
        );
    }
    for estimate in [&one.in_sample, &one.out_of_sample] {
        let (share, worlds) = (estimate.reached, f64::from(estimate.worlds.max(1)));
        if !(0.0..=1.0).contains(&share) || estimate.held_already > share {
            found.problem("uncertainty", format!("{share} is no share of worlds"));
        }
        let error = (share * (1.0 - share) / worlds).max(0.0).sqrt();
        found.near("uncertainty.standard_error", estimate.standard_error, error);
    }
    let surely = one.out_of_sample.reached + 2.0 * one.out_of_sample.standard_error;
    found.same(
        "uncertainty.met",
        &one.met,
        &one.reached_max.map(|most| surely <= most),
    );
    held_at_least_cost(document, one, found);
}

/// That what is said of the cheapest plan that holds a share is of a plan that holds it.
fn held_at_least_cost(document: &PlanDocument, one: &UncertaintyEntry, found: &mut Findings) {
    let is_said = one.lower_bound_pence.is_some() || one.reached_min.is_some();
    let Some(asked) = one.reached_max else {
        if is_said {
            found.problem("uncertainty.reached_max", "no share of worlds was asked for");
        }
        return;
    };
    if one
        .reached_min
        .is_some_and(|least| least <= asked || one.lower_bound_pence.is_none())
    {
        found.problem("uncertainty.reached_min", "it is no more than was asked for");
    }
    if one.reached_min.is_some_and(|least| one.in_sample.reached < least) {
        found.problem("uncertainty.reached_min", "the plan itself leaves fewer");
    }
    let Some(bound) = one.lower_bound_pence else {
        return;
    };
    if bound > document.cost.total_pence {
        found.problem("uncertainty.lower_bound_pence", "the plan costs less");
    }
    if one.in_sample.reached > one.reached_min.unwrap_or(asked) {
        found.problem(
            "uncertainty.lower_bound_pence",
            "the plan does not hold the share",
        );
    }
}

fn given_up(document: &PlanDocument) -> impl Iterator<Item = &GiveUp> {
    document
        .infeasibility
        .iter()
        .flat_map(|infeasibility| &infeasibility.give_up)
}

fn jewels(document: &PlanDocument, view: &View<'_>, outcome: &Outcome, found: &mut Findings) {
    found.same("jewels", &document.jewels.len(), &view.jewels.len());
    for jewel in &view.jewels {
        let name = entity_name(view.estate, jewel.entity);
        let Some(entry) = document.jewels.iter().find(|entry| entry.entity == name) else {
            found.problem(
                "jewels",
                format!("{name} is a jewel and the plan does not speak of it"),
            );
            continue;
        };
        found.same("jewels.never", &entry.never, &jewel.never);
        found.same("jewels.inferred", &entry.inferred, &jewel.inferred);
        found.same("jewels.loss_pence", &entry.loss_pence, &jewel.loss.0);
        let (before, after) = (view.before.get(&jewel.taken), outcome.gained.get(&jewel.taken));
        let minutes = |seconds: Option<&u32>| seconds.map(|seconds| f64::from(*seconds) / 60.0);
        found.same(
            "jewels.arrival_minutes_before",
            &entry.arrival_minutes_before,
            &minutes(before),
        );
        found.same(
            "jewels.arrival_minutes_after",
            &entry.arrival_minutes_after,
            &minutes(after),
        );
        let arrival = entry.path.as_ref().map(|path| path.arrival_minutes);
        if before.is_some() && arrival.is_some_and(|at| Some(at) != minutes(before)) {
            found.problem(
                "jewels.path",
                format!("it leads to {name} sooner or later than can be"),
            );
        }
        let state = match (before, after) {
            (Some(0), Some(_)) => JewelState::MayBeTaken,
            (_, Some(_)) => JewelState::Reachable,
            (Some(_), None) => JewelState::Stopped,
            (None, None) => JewelState::OutOfReach,
        };
        found.same("jewels.state", &entry.state, &state);
        let is_given_up = document.constraints.given_up.contains(&name)
            || given_up(document).any(|one| matches!(one, GiveUp::Jewel { entity, .. } if *entity == name));
        if jewel.never && state == JewelState::Reachable && !is_given_up {
            found.problem(
                "jewels",
                format!("{name} can still be reached, and nobody gave it up"),
            );
        }
    }
}

fn services(document: &PlanDocument, view: &View<'_>, outcome: &Outcome, found: &mut Findings) {
    found.same("services", &document.services.len(), &view.estate.services.len());
    for ((id, service), state) in view.estate.services_with_ids().zip(&outcome.states) {
        let Some(entry) = document.services.iter().find(|entry| entry.name == service.name) else {
            found.problem(
                "services",
                format!("{} is a service and the plan does not speak of it", service.name),
            );
            continue;
        };
        let level = match state {
            ServiceState::Up => ServiceLevel::Up,
            ServiceState::Degraded(_) => ServiceLevel::Degraded,
            ServiceState::Down => ServiceLevel::Down,
        };
        found.same("services.level", &entry.level, &level);
        found.near("services.capacity", entry.capacity, 1.0 - state.missing());
        let price = |state| cordon_trade::cost_pence(service, state, view.duration_hours).0;
        found.same(
            "services.cost_pence",
            &entry.cost_pence,
            &(price(*state) - price(view.state_before(id))),
        );
        let protected = view.protected.contains(&id);
        found.same("services.protected", &entry.protected, &protected);
        let is_given_up = given_up(document)
            .any(|one| matches!(one, GiveUp::Service { name, .. } if *name == service.name));
        let goes_down = *state == ServiceState::Down && view.state_before(id) != ServiceState::Down;
        if protected && goes_down && !is_given_up {
            found.problem("services", format!("{} is protected and goes down", service.name));
        }
    }
}

fn count(view: &View<'_>, gained: &BTreeMap<Derived, u32>) -> ExposureCount {
    let mut count = ExposureCount::default();
    for derived in gained.keys() {
        match derived {
            Derived::Uses(_) => count.accounts += 1,
            Derived::ActsAs(_) => count.groups += 1,
            Derived::RunsOn(_) => count.systems += 1,
            Derived::OnZone(_) => count.zones += 1,
            _ => {}
        }
    }
    count.jewels = view
        .jewels
        .iter()
        .filter(|jewel| gained.contains_key(&jewel.taken))
        .count() as u32;
    count
}

/// That outcome, status, bound and gap agree with each other.
fn answer(document: &PlanDocument, found: &mut Findings) {
    let (optimality, cost) = (&document.optimality, document.cost.total_pence);
    let expected = match (&document.infeasibility, document.withdrawals.is_empty()) {
        (Some(_), _) => Answer::Infeasible,
        (None, true) => Answer::NothingToDo,
        (None, false) => Answer::Planned,
    };
    found.same("outcome", &document.outcome, &expected);
    if optimality.lower_bound_pence > cost {
        found.problem("optimality.lower_bound_pence", "the bound is above the cost");
    }
    let gap = cost.saturating_sub(optimality.lower_bound_pence) as f64 / cost.max(1) as f64;
    found.near("optimality.gap", optimality.gap, gap.max(0.0));
    let is_infeasible = optimality.status == Status::Infeasible;
    found.same(
        "optimality.status (infeasible)",
        &is_infeasible,
        &document.infeasibility.is_some(),
    );
    if optimality.status == Status::Optimal && optimality.lower_bound_pence != cost {
        found.problem(
            "optimality.status",
            "the plan is called optimal and its bound is below its cost",
        );
    }
}

//! What would be done without Cordon: the acts are put together again from the estate, and what comes of them is derived again.

use std::collections::BTreeSet;

use cordon_estate::{Entity, Requirement, ServiceId, SystemId};
use cordon_trade::ServiceState;

use super::Findings;
use super::view::{Outcome, View};
use crate::document::{Act, Baseline, BaselineKind, PlanDocument};
use crate::limits::CHECKED_FACTS_MAX;

/// Checks every baseline, unless the estate is so large that it would take minutes; tells whether it did.
pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) -> bool {
    let estate = view.estate;
    if estate.accesses.len() + estate.accounts.len() + estate.systems.len() > CHECKED_FACTS_MAX {
        return false;
    }
    let kinds = [
        BaselineKind::DoNothing,
        BaselineKind::IsolateDetected,
        BaselineKind::PullEverything,
    ];
    let said: Vec<BaselineKind> = document.baselines.iter().map(|one| one.kind).collect();
    if said != kinds {
        found.problem("baselines", format!("they are {said:?} and not {kinds:?}"));
    }
    for one in &document.baselines {
        baseline(one, view, found);
    }
    true
}

fn baseline(one: &Baseline, view: &View<'_>, found: &mut Findings) {
    let acts = acts(one.kind, view).into_iter();
    let candidates = acts.filter_map(|act| view.candidates.candidate(act));
    let acts: Vec<(Act, f64)> = candidates
        .map(|candidate| (candidate.act, candidate.effect_seconds))
        .collect();
    let outcome = view.outcome_of_the_plan_alone(&acts);
    let metrics = &one.metrics;
    found.same(
        "baselines.metrics.withdrawals",
        &metrics.withdrawals,
        &(acts.len() as u32),
    );
    found.same("baselines.metrics.cost", &metrics.cost, &outcome.cost);
    let reached = view
        .jewels
        .iter()
        .filter(|jewel| outcome.gained.contains_key(&jewel.taken));
    let (mut jewels, mut loss_pence) = (0, 0_i64);
    for jewel in reached {
        jewels += 1;
        loss_pence = loss_pence.saturating_add(jewel.loss.0.max(0));
    }
    found.same(
        "baselines.metrics.jewels_reachable",
        &metrics.jewels_reachable,
        &jewels,
    );
    found.same(
        "baselines.metrics.jewel_loss_pence",
        &metrics.jewel_loss_pence,
        &loss_pence,
    );
    services(one, &outcome, view, found);
}

fn services(one: &Baseline, outcome: &Outcome, view: &View<'_>, found: &mut Findings) {
    let count = |is: &dyn Fn(ServiceId, ServiceState) -> bool| {
        let services = view.estate.services_with_ids().zip(&outcome.states);
        let suffer = services.filter(|((id, _), state)| view.state_before(*id) != **state);
        suffer.filter(|((id, _), state)| is(*id, **state)).count() as u32
    };
    let is_down = |_: ServiceId, state: ServiceState| state == ServiceState::Down;
    let is_degraded = |_: ServiceId, state: ServiceState| matches!(state, ServiceState::Degraded(_));
    let is_kept_down =
        |id: ServiceId, state: ServiceState| state == ServiceState::Down && view.protected.contains(&id);
    let metrics = &one.metrics;
    found.same(
        "baselines.metrics.services_down",
        &metrics.services_down,
        &count(&is_down),
    );
    found.same(
        "baselines.metrics.services_degraded",
        &metrics.services_degraded,
        &count(&is_degraded),
    );
    found.same(
        "baselines.metrics.protected_down",
        &metrics.protected_down,
        &count(&is_kept_down),
    );
}

/// What is done.
fn acts(kind: BaselineKind, view: &View<'_>) -> Vec<Act> {
    match kind {
        BaselineKind::DoNothing => Vec::new(),
        BaselineKind::IsolateDetected => view.held.iter().filter_map(|held| isolated(*held)).collect(),
        BaselineKind::PullEverything => pulled(view),
    }
}

const fn isolated(held: Entity) -> Option<Act> {
    match held {
        Entity::Account(account) => Some(Act::DisableAccount { account }),
        Entity::System(system) => Some(Act::IsolateSystem { system }),
        Entity::Group(_) | Entity::Zone(_) => None,
    }
}

/// All remote access blocked, at once or gateway by gateway, and every system isolated on which no protected service stands.
fn pulled(view: &View<'_>) -> Vec<Act> {
    let mut kept = BTreeSet::new();
    for id in &view.protected {
        stands_on(*id, view, &mut BTreeSet::new(), &mut kept);
    }
    let systems = || view.estate.systems_with_ids().map(|(id, _)| id);
    let mut acts: Vec<Act> = if view.candidates.point(Act::BlockAllRemoteAccess).is_some() {
        vec![Act::BlockAllRemoteAccess]
    } else {
        systems().map(|gateway| Act::BlockGateway { gateway }).collect()
    };
    let alone = systems().filter(|id| !kept.contains(id));
    acts.extend(alone.map(|system| Act::IsolateSystem { system }));
    acts
}

/// Adds the systems that a service stands on as usual, through other services too.
fn stands_on(
    id: ServiceId,
    view: &View<'_>,
    seen: &mut BTreeSet<ServiceId>,
    systems: &mut BTreeSet<SystemId>,
) {
    let Some(service) = view.estate.service(id).filter(|_| seen.insert(id)) else {
        return;
    };
    let mut open = vec![&service.requires];
    while let Some(requirement) = open.pop() {
        match requirement {
            Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
            Requirement::System(id) => drop(systems.insert(*id)),
            Requirement::Service(id) => stands_on(*id, view, seen, systems),
            Requirement::Account(_) | Requirement::Access(_) => {}
        }
    }
}

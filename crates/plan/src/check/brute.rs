//! The claim to be the cheapest, by trying every set of acts where they are few.

use cordon_reach::Base;

use super::view::View;
use super::{Checked, Findings};
use crate::document::{Act, JewelEntry, JewelState, PlanDocument, Status};

/// Most acts of which every set is tried.
const ACTS_MAX: usize = 16;

pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) -> Checked {
    // What is held from the start a plan may leave so; whether it must be given up first is no matter of sets.
    let may_be_taken = |entry: &JewelEntry| entry.state == JewelState::MayBeTaken;
    let is_infeasible = document.optimality.status == Status::Infeasible;
    if is_infeasible && document.jewels.iter().any(may_be_taken) {
        return Checked::BoundOnly;
    }
    let Some(acts) = every_act(document, view) else {
        return Checked::BoundOnly;
    };
    let best = (0..1_u32 << acts.len())
        .filter_map(|set| cost(document, view, &acts, set))
        .min();
    let lower_bound = document.optimality.lower_bound_pence;
    match best {
        _ if is_infeasible => {
            if best.is_some() {
                found.problem(
                    "optimality.status",
                    "a set of acts keeps every jewel and protected service",
                );
            }
        }
        None => found.problem(
            "outcome",
            "no set of acts keeps every jewel and protected service",
        ),
        Some(best) if best < lower_bound => {
            found.problem(
                "optimality.lower_bound_pence",
                format!("a set of acts costs only {best}"),
            );
        }
        Some(best) if document.optimality.status == Status::Optimal && best != document.cost.total_pence => {
            found.problem(
                "optimality.status",
                format!("the cheapest set of acts costs {best}"),
            );
        }
        Some(_) => {}
    }
    Checked::EverySet {
        sets: 1 << acts.len(),
    }
}

/// Every act that any enforcement point of the estate can carry out, or `None` if they are too many.
fn every_act(document: &PlanDocument, view: &View<'_>) -> Option<Vec<(Act, f64, bool)>> {
    let estate = view.estate;
    let facts = (estate.accesses.len(), estate.accounts.len(), estate.systems.len());
    if facts.0 + facts.1 + facts.2 > crate::limits::BRUTE_FACTS_MAX {
        return None;
    }
    let accesses = estate.accesses_with_ids().map(|(id, _)| Base::Access(id));
    let accounts = estate
        .accounts_with_ids()
        .flat_map(|(id, _)| [Base::Enabled(id), Base::Credential(id)]);
    let systems = estate.systems_with_ids().map(|(id, _)| Base::Connected(id));
    let refused = &document.constraints.refused;
    let forced = &document.constraints.forced;
    let mut candidates = view.candidates.for_facts(accesses.chain(accounts).chain(systems));
    // A group of one account is in no such list, and may be in a plan where the account's own act was refused.
    let chosen = document.withdrawals.iter();
    candidates.extend(chosen.filter_map(|entry| view.candidates.candidate(entry.act)));
    candidates.sort_by_key(|candidate| candidate.act);
    candidates.dedup_by_key(|candidate| candidate.act);
    let acts: Vec<(Act, f64, bool)> = candidates
        .into_iter()
        .map(|candidate| (view.candidates.id(candidate.act), candidate))
        .filter(|(id, _)| !refused.contains(id) || forced.contains(id))
        .map(|(id, candidate)| (candidate.act, candidate.effect_seconds, forced.contains(&id)))
        .collect();
    (acts.len() <= ACTS_MAX).then_some(acts)
}

/// What a set of acts costs, or `None` if it does not do.
fn cost(document: &PlanDocument, view: &View<'_>, acts: &[(Act, f64, bool)], set: u32) -> Option<i64> {
    let is_in = |place: usize| set >> place & 1 == 1;
    if acts
        .iter()
        .enumerate()
        .any(|(place, (_, _, forced))| *forced && !is_in(place))
    {
        return None;
    }
    let chosen: Vec<(Act, f64)> = acts
        .iter()
        .enumerate()
        .filter(|(place, _)| is_in(*place))
        .map(|(_, act)| (act.0, act.1))
        .collect();
    let outcome = view.outcome(&chosen);
    view.keeps(document, &outcome).then_some(outcome.cost.total_pence)
}

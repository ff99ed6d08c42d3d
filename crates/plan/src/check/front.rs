//! The alternatives: each is priced again from the estate, and none may be called proven that another beats.

use super::Findings;
use super::view::View;
use crate::candidates::entity_name;
use crate::document::{Act, Alternative, PlanDocument};
use crate::limits::CHECKED_FACTS_MAX;

/// Checks every alternative, unless the estate is so large that it would take minutes; tells whether it did.
pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) -> bool {
    let estate = view.estate;
    if estate.accesses.len() + estate.accounts.len() + estate.systems.len() > CHECKED_FACTS_MAX {
        return false;
    }
    for one in &document.alternatives {
        alternative(one, view, found);
    }
    for one in document.alternatives.iter().filter(|one| one.is_proven()) {
        let beats = |other: &&Alternative| {
            other.metrics.cost.disruption_pence() < one.metrics.cost.disruption_pence()
                && other.metrics.cost.loss_pence() <= one.metrics.cost.loss_pence()
        };
        let is_priced_alike = document.front.is_none_or(|front| front.worlds.is_none());
        if is_priced_alike && let Some(other) = document.alternatives.iter().find(beats) {
            found.problem(
                "alternatives.disruption_bound_pence",
                format!(
                    "“{}” is said to be unbeaten, and “{}” beats it",
                    one.text, other.text
                ),
            );
        }
    }
    chosen(document, found);
    true
}

/// Its withdrawals with the seconds until each takes effect; none if the estate cannot do one of them.
fn acts(one: &Alternative, view: &View<'_>) -> Option<Vec<(Act, f64)>> {
    let acts = one.withdrawals.iter().map(|id| {
        let candidate = view.candidates.candidate(view.candidates.find(id)?)?;
        Some((candidate.act, candidate.effect_seconds))
    });
    acts.collect()
}

fn alternative(one: &Alternative, view: &View<'_>, found: &mut Findings) {
    let Some(acts) = acts(one, view) else {
        let text = format!(
            "“{}” has a withdrawal that nothing in this estate can do",
            one.text
        );
        return found.problem("alternatives.withdrawals", text);
    };
    let outcome = view.outcome(&acts);
    found.same("alternatives.metrics.cost", &one.metrics.cost, &outcome.cost);
    found.same(
        "alternatives.metrics.withdrawals",
        &one.metrics.withdrawals,
        &(acts.len() as u32),
    );
    let mut said: Vec<&str> = one.jewels.iter().map(String::as_str).collect();
    said.sort_unstable();
    let reached = view
        .jewels
        .iter()
        .filter(|jewel| outcome.gained.contains_key(&jewel.taken));
    let mut reached: Vec<String> = reached
        .map(|jewel| entity_name(view.estate, jewel.entity))
        .collect();
    reached.sort_unstable();
    if said != reached {
        found.problem(
            "alternatives.jewels",
            format!(
                "“{}” leaves {reached:?} in reach, the plan says {said:?}",
                one.text
            ),
        );
    }
}

/// That the alternative called the plan is the plan.
fn chosen(document: &PlanDocument, found: &mut Findings) {
    let Some(one) = document.alternatives.iter().find(|one| one.chosen) else {
        return;
    };
    let mut said: Vec<&str> = one.withdrawals.iter().map(|id| id.0.as_str()).collect();
    let mut own: Vec<&str> = document
        .withdrawals
        .iter()
        .map(|entry| entry.id.0.as_str())
        .collect();
    said.sort_unstable();
    own.sort_unstable();
    found.same("alternatives.chosen", &said, &own);
}

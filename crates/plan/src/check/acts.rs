//! Each withdrawal: that it is what it says, that its point can do it, that nobody refused it.

use cordon_estate::EnforcementPoint;
use cordon_reach::Base;

use super::Findings;
use super::view::View;
use crate::document::{PlanDocument, WithdrawalEntry};

pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) {
    for (place, entry) in document.withdrawals.iter().enumerate() {
        found.same("withdrawals.order", &entry.order, &(place as u32 + 1));
        if document
            .withdrawals
            .iter()
            .take(place)
            .any(|earlier| earlier.id == entry.id)
        {
            found.problem("withdrawals.id", format!("{} is there twice", entry.id));
        }
        one(document, entry, view, found);
    }
    let begin_by = |entry: &WithdrawalEntry| entry.begin_by_seconds().unwrap_or(f64::INFINITY);
    if !document
        .withdrawals
        .is_sorted_by(|one, other| begin_by(one) <= begin_by(other))
    {
        found.problem(
            "withdrawals.order",
            "a withdrawal that has to be begun earlier stands behind one that has time",
        );
    }
    for forced in &document.constraints.forced {
        if document.withdrawal(forced).is_none() && view.candidates.find(forced).is_some() {
            found.problem(
                "constraints.forced",
                format!("{forced} was forced and is not in the plan"),
            );
        }
    }
    let people = document.withdrawals.iter().map(|entry| u64::from(entry.people));
    found.same("people.denied", &u64::from(document.people.denied), &people.sum());
}

fn one(document: &PlanDocument, entry: &WithdrawalEntry, view: &View<'_>, found: &mut Findings) {
    let candidates = &view.candidates;
    let removes = view.removal.removes(entry.act);
    if removes.is_empty() {
        found.problem(
            "withdrawals.act",
            format!("{} removes nothing in this estate", entry.id),
        );
        return;
    }
    found.same("withdrawals.id", &entry.id, &candidates.id(entry.act));
    found.same("withdrawals.text", &entry.text, &candidates.text(entry.act));
    found.same(
        "withdrawals.entities",
        &entry.entities,
        &candidates.entities(entry.act),
    );
    found.same("withdrawals.removes", &entry.removes, &(removes.len() as u32));
    found.same(
        "withdrawals.friction_pence",
        &entry.friction_pence,
        &view.friction.pence(&removes),
    );
    let denied = view.friction.denied(view.estate, candidates.index(), &removes);
    found.same("withdrawals.people", &entry.people, &denied.people);
    found.near(
        "withdrawals.uses_per_day",
        entry.uses_per_day,
        denied.uses_per_day,
    );
    if document.constraints.refused.contains(&entry.id) && !document.constraints.forced.contains(&entry.id) {
        found.problem("withdrawals", format!("{} was refused", entry.id));
    }
    found.same(
        "withdrawals.forced",
        &entry.forced,
        &document.constraints.forced.contains(&entry.id),
    );
    let Some(point) = view.estate.point(entry.point) else {
        found.problem(
            "withdrawals.point",
            format!("{}: the estate has no such enforcement point", entry.id),
        );
        return;
    };
    if !point
        .guards
        .iter()
        .any(|guard| candidates.allows(*guard, entry.act))
    {
        found.problem(
            "withdrawals.point",
            format!("{} cannot be done at {}", entry.id, point.name),
        );
    }
    found.same("withdrawals.point_name", &entry.point_name, &point.name);
    let leaves_open = crate::candidates::left_open(entry.act, point.kind).map(str::to_owned);
    found.same("withdrawals.leaves_open", &entry.leaves_open, &leaves_open);
    timing(entry, &removes, point, view, found);
}

/// How soon and how surely its point does it, by when that is needed, and what comes too late.
fn timing(
    entry: &WithdrawalEntry,
    removes: &[Base],
    point: &EnforcementPoint,
    view: &View<'_>,
    found: &mut Findings,
) {
    found.near(
        "withdrawals.effect_seconds",
        entry.effect_seconds,
        point.effect_seconds,
    );
    found.same(
        "withdrawals.effect_median_seconds",
        &entry.effect_median_seconds,
        &point.effect_median_seconds,
    );
    found.near("withdrawals.certainty", entry.certainty, point.certainty);
    let (deadline, too_late) = view.race(removes, point.effect_seconds);
    found.same(
        "withdrawals.deadline_seconds",
        &entry.deadline_seconds,
        &deadline.map(f64::from),
    );
    found.same("withdrawals.too_late", &entry.too_late, &too_late);
}

//! The tree of cases: every plan is in one leaf, and every leaf comes to the bound.

use std::collections::BTreeSet;

use super::Asked;
use super::leaf::Leaf;
use super::rows::Rows;
use crate::check::Findings;
use crate::check::view::View;
use crate::document::{Act, Case, PlanDocument};

/// A case still to be looked at, with what it fixes.
struct Open {
    place: usize,
    with: BTreeSet<Act>,
    without: BTreeSet<Act>,
}

/// Every leaf comes to the bound, or, without one, is impossible.
pub(super) fn check(
    document: &PlanDocument,
    (cases, asked): (&[Case], Asked),
    rows: &Rows,
    view: &View<'_>,
    found: &mut Findings,
) {
    let field = "certificate.cases";
    let forced = document
        .withdrawals
        .iter()
        .filter(|entry| document.constraints.forced.contains(&entry.id));
    let mut open = vec![Open {
        place: 0,
        with: forced.map(|entry| entry.act).collect(),
        without: BTreeSet::new(),
    }];
    let mut seen = BTreeSet::new();
    while let Some(one) = open.pop() {
        let Some(case) = cases.get(one.place) else {
            found.problem(field, format!("there is no case {}", one.place));
            return;
        };
        if !seen.insert(one.place) {
            found.problem(field, format!("case {} is there twice", one.place));
            return;
        }
        if let Case::Either { act, with, without } = case {
            if one.with.contains(act) || one.without.contains(act) {
                found.problem(field, format!("case {} decides an act again", one.place));
                return;
            }
            open.push(Open {
                place: *with as usize,
                with: one.with.iter().copied().chain([*act]).collect(),
                without: one.without.clone(),
            });
            open.push(Open {
                place: *without as usize,
                with: one.with,
                without: one.without.into_iter().chain([*act]).collect(),
            });
        } else {
            let leaf = Leaf::new(view, (rows, asked.terms), &one.with, &one.without);
            if let Err(why) = leaf.check(case, asked.bound_pence) {
                found.problem(field, format!("case {}: {why}", one.place));
            }
        }
    }
    if seen.len() != cases.len() {
        found.problem(field, "a case belongs to no other");
    }
}

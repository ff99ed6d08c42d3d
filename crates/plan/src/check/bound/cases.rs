//! The tree of cases: every plan is in one leaf, and every leaf comes to the bound.

use std::collections::BTreeSet;

use super::Asked;
use super::leaf::Leaf;
use super::rows::Rows;
use crate::check::Findings;
use crate::check::view::View;
use crate::document::{Act, Case, PlanDocument};
use crate::limits::CERTIFICATE_CASES_MAX;

/// A case still to be looked at, with what it fixes.
struct Open {
    place: usize,
    fixed: Fixed,
}

/// What a case chooses and what it does not, and which sampled worlds it keeps and lets go.
#[derive(Clone, Default)]
pub(super) struct Fixed {
    pub(super) with: BTreeSet<Act>,
    pub(super) without: BTreeSet<Act>,
    pub(super) kept: BTreeSet<u32>,
    pub(super) let_go: BTreeSet<u32>,
}

impl Fixed {
    /// What a case is split into, each by place; `None` if it is no split, and why it may not be one.
    fn split(&self, case: &Case, asked: Asked<'_>) -> Result<Option<[Open; 2]>, &'static str> {
        let (mut one, mut other) = (self.clone(), self.clone());
        let (first, second) = match case {
            Case::Either { act, with, without } => {
                if !one.with.insert(*act)
                    || !other.without.insert(*act)
                    || one.without.contains(act)
                    || other.with.contains(act)
                {
                    return Err("decides an act again");
                }
                (with, without)
            }
            Case::EitherWorld { world, kept, let_go } => {
                if !asked.draws.is_some_and(|draws| draws.has(*world)) {
                    return Err("speaks of a world that may not be let go");
                }
                if self.kept.contains(world) || self.let_go.contains(world) {
                    return Err("decides a world again");
                }
                one.kept.insert(*world);
                other.let_go.insert(*world);
                (kept, let_go)
            }
            _ => return Ok(None),
        };
        Ok(Some([(first, one), (second, other)].map(|(place, fixed)| Open {
            place: *place as usize,
            fixed,
        })))
    }
}

/// Every leaf comes to the bound, or, without one, is impossible.
pub(super) fn check(
    document: &PlanDocument,
    (cases, asked): (&[Case], Asked<'_>),
    rows: &Rows,
    view: &View<'_>,
    found: &mut Findings,
) {
    let field = "certificate.cases";
    if cases.len() > CERTIFICATE_CASES_MAX {
        found.problem(field, "there are too many");
        return;
    }
    let forced = document
        .withdrawals
        .iter()
        .filter(|entry| document.constraints.forced.contains(&entry.id));
    let mut open = vec![Open {
        place: 0,
        fixed: Fixed {
            with: forced.map(|entry| entry.act).collect(),
            ..Fixed::default()
        },
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
        match one.fixed.split(case, asked) {
            Err(why) => {
                found.problem(field, format!("case {} {why}", one.place));
                return;
            }
            Ok(Some(parts)) => open.extend(parts),
            Ok(None) => {
                let leaf = Leaf::new(view, rows, asked, &one.fixed);
                if let Err(why) = leaf.check(case) {
                    found.problem(field, format!("case {}: {why}", one.place));
                }
            }
        }
    }
    if seen.len() != cases.len() {
        found.problem(field, "a case belongs to no other");
    }
}

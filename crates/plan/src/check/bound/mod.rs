//! The bound, by the certificate alone; and, where something must be given up, that there is no plan.
//!
//! - A row holds if what it reaches is reached, by the naive rules, with nothing standing but what it rests on, and
//!   if the acts that it names are all that can take any of that away in time. So a plan without any of them loses what the row reaches.
//! - The cases hold if they are one tree, so that every plan is in one of its leaves.
//! - A leaf holds if what its chosen acts cost, and what its rows are charged to, comes to the bound: every plan of the leaf
//!   cuts each row by an act that brings one of the prices that the row is charged to, or loses what it reaches,
//!   and no price is charged beyond itself.
//! - A row may speak of a further world. If that is kept, the row must be cut. If it is sampled, a case may let it go, and as long as no case
//!   says, each draw of it may be lost at the price of the leaf; the draws that may be let go are taken off the sum at that price.
//! - That there is no plan holds if in every leaf a protected service is down, or a row of a jewel can no longer be cut.
//!
//! Sums are whole pence in 128 bits: nothing is rounded and nothing overflows.

mod cases;
mod leaf;
mod rows;
mod worlds;

use std::borrow::Cow;

use rows::Scene;
use worlds::Draws;
pub(super) use worlds::{check as check_worlds, check_fewest};

use super::view::View;
use super::{Findings, Proof, Refuted, Stage, Terms};
use crate::document::PlanDocument;

pub(super) fn check(
    document: &PlanDocument,
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<Proof> {
    let certificate = document.certificate.as_ref()?;
    let before = found.problems.len();
    let (terms, cost_pence, most) = match document.infeasibility {
        None => (
            Terms::Kept,
            document.cost.total_pence,
            document.optimality.lower_bound_pence,
        ),
        Some(_) => {
            let weighed = weighed_pence(document, view);
            (Terms::GivenUp, weighed, weighed)
        }
    };
    if certificate.bound_pence > most {
        found.problem("certificate.bound_pence", "it is above the bound of the plan");
    }
    let scenes = scenes(view);
    let rows = rows::check(document, (&certificate.rows, terms), &scenes, view, found, watch)?;
    let asked = Asked {
        terms,
        draws: None,
        bound_pence: Some(certificate.bound_pence),
    };
    cases::check(document, (&certificate.cases, asked), &rows, view, found);
    (found.problems.len() == before).then_some(Proof {
        bound_pence: certificate.bound_pence,
        cost_pence,
        rows: certificate.rows.len() as u32,
        cases: certificate.cases.len() as u32,
    })
}

/// What a proof has to show.
#[derive(Clone, Copy)]
struct Asked<'d> {
    terms: Terms,
    /// Sampled worlds that may be let go, if there are any.
    draws: Option<&'d Draws>,
    /// What every leaf has to come to; none if every leaf has to be impossible.
    bound_pence: Option<i64>,
}

/// The world of the plan, and those that are kept beside it.
fn scenes<'v>(view: &'v View<'_>) -> Vec<Scene<'v>> {
    let scenes = view.worlds().map(|(held, used)| Scene {
        held,
        used: Cow::Borrowed(used),
        may_be_let_go: false,
    });
    scenes.collect()
}

/// What a plan costs that gives something up, with what it gives up at its price.
fn weighed_pence(document: &PlanDocument, view: &View<'_>) -> i64 {
    let outcome = view.outcome(&super::claims::acts(document));
    let services = view.estate.services_with_ids().zip(&outcome.states);
    let weighed =
        services.filter_map(|((id, service), state)| view.service_pence(id, service, *state, Terms::GivenUp));
    let cost = outcome.cost;
    let rest = i128::from(cost.total_pence) - i128::from(cost.services_pence);
    i64::try_from(rest + weighed.sum::<i128>()).unwrap_or(i64::MAX)
}

/// That no plan keeps everything.
pub(super) fn check_refutation(
    document: &PlanDocument,
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<Refuted> {
    let refutation = document.infeasibility.as_ref()?.proof.as_ref()?;
    let before = found.problems.len();
    let terms = Terms::Kept;
    let scenes = scenes(view);
    let rows = rows::check(document, (&refutation.rows, terms), &scenes, view, found, watch)?;
    let asked = Asked {
        terms,
        draws: None,
        bound_pence: None,
    };
    cases::check(document, (&refutation.cases, asked), &rows, view, found);
    (found.problems.len() == before).then_some(Refuted {
        rows: refutation.rows.len() as u32,
        cases: refutation.cases.len() as u32,
    })
}

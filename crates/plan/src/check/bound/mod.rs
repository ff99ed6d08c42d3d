//! The bound, by the certificate alone.
//!
//! - A row holds if what it reaches is reached, by the naive rules, with nothing standing but what it rests on, and
//!   if the acts that it names are all that can take any of that away in time. So a plan without any of them loses what the row reaches.
//! - The cases hold if they are one tree, so that every plan is in one of its leaves.
//! - A leaf holds if what its chosen acts cost, and what its rows are charged to, comes to the bound: every plan of the leaf
//!   cuts each row by an act that brings one of the prices that the row is charged to, or loses what it reaches,
//!   and no price is charged beyond itself.
//!
//! Sums are whole pence in 128 bits: nothing is rounded and nothing overflows.

mod cases;
mod leaf;
mod rows;

use super::view::View;
use super::{Findings, Proof};
use crate::document::PlanDocument;

pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) -> Option<Proof> {
    let certificate = document.certificate.as_ref()?;
    let before = found.problems.len();
    if document.infeasibility.is_some() {
        found.problem("certificate", "it bounds a plan that gives something up");
        return None;
    }
    if certificate.bound_pence > document.optimality.lower_bound_pence {
        found.problem("certificate.bound_pence", "it is above the bound of the plan");
    }
    let rows = rows::check(document, certificate, view, found)?;
    cases::check(document, certificate, &rows, view, found);
    (found.problems.len() == before).then_some(Proof {
        bound_pence: certificate.bound_pence,
        rows: certificate.rows.len() as u32,
        cases: certificate.cases.len() as u32,
    })
}

//! Who and what may be held, each with its evidence.

use cordon_plan::PlanDocument;
use cordon_plan::document::FootholdEntry;
use maud::{Markup, html};

use super::safe;
use crate::render::quantity::{count, percent};
use crate::render::words::Reasons;

/// Most footholds shown with their evidence.
const FOOTHOLDS_SHOWN: usize = 50;

/// Most reasons shown of one.
const REASONS_SHOWN: usize = 8;

/// `of_a_night` if more was read after the plan.
pub(super) fn section(plan: &PlanDocument, reasons: &Reasons, of_a_night: bool) -> Markup {
    html! {
        h2 { "Who and what may be held, and why" }
        @if plan.footholds.is_empty() { p { "Nothing is believed to be held." } }
        @if of_a_night && !plan.footholds.is_empty() {
            p.quiet { "As probable as when the plan was made; the reasons are those of the whole night." }
        }
        @for foothold in plan.footholds.iter().take(FOOTHOLDS_SHOWN) { (one(foothold, reasons)) }
        @if plan.footholds.len() > FOOTHOLDS_SHOWN {
            p.quiet { "and " (count((plan.footholds.len() - FOOTHOLDS_SHOWN) as u64)) " more" }
        }
    }
}

fn one(foothold: &FootholdEntry, reasons: &Reasons) -> Markup {
    let why = reasons
        .get(&foothold.entity)
        .map_or(&[] as &[String], Vec::as_slice);
    html! {
        div.held {
            div.chance { (percent(foothold.probability)) }
            div {
                span.strong { (safe(&foothold.name)) } " " span.quiet { (safe(&foothold.kind)) }
                @if !why.is_empty() {
                    ul { @for words in why.iter().take(REASONS_SHOWN) { li { (safe(words)) } } }
                }
                @if why.len() > REASONS_SHOWN { p.quiet { "and " (why.len() - REASONS_SHOWN) " more" } }
            }
        }
    }
}

//! The top of the page: the decision, its proof, and the four figures that matter.

use cordon_plan::PlanDocument;
use cordon_plan::document::{JewelState, Status};
use maud::{Markup, html};

use super::{Report, safe};
use crate::render::plan::{give_up, headline, margin_words, proof_words};
use crate::render::quantity::{count, minutes, money};
use crate::render::style::Role;

pub(super) fn header(report: &Report<'_>) -> Markup {
    let plan = report.plan;
    let (role, words) = headline(plan);
    html! {
        header {
            div.quiet { (safe(&report.title)) @if !plan.organisation.is_empty() { " · " (safe(&plan.organisation)) } }
            h1 class=(class(role)) { (words) }
            @if let Some(clash) = &plan.infeasibility {
                p { (safe(&clash.text)) }
                ul { @for choice in &clash.give_up { li { (safe(&give_up(choice))) } } }
            }
            (figures(plan))
            div.proof.warn[plan.optimality.status != Status::Optimal] { (proof_words(plan)) }
        }
    }
}

/// The look of what a text means.
pub(super) fn class(role: Role) -> &'static str {
    match role {
        Role::Plain => "",
        Role::Strong => "strong",
        Role::Name => "name",
        Role::Good => "good",
        Role::Bad => "bad",
        Role::Warn => "warn",
        Role::Quiet => "quiet",
    }
}

fn figures(plan: &PlanDocument) -> Markup {
    let taken = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state == JewelState::MayBeTaken)
        .count();
    let reached = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state == JewelState::Reachable)
        .count();
    let stopped = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state == JewelState::Stopped)
        .count();
    let affected = u64::from(plan.people.denied) + u64::from(plan.people.services_down);
    let hours = minutes(plan.assumptions.duration_hours * 60.0);
    html! {
        ul.figures {
            li { b { (money(plan.cost.disruption_pence() as f64)) } span { "disruption over " (hours) } }
            li { b { (count(affected)) } span { "people who cannot work as usual, at most" } }
            li {
                b { (stopped) } span {
                    @if stopped == 1 { "jewel put out of reach" } @else { "jewels put out of reach" }
                    @if reached > 0 { ", " (reached) " still in reach" }
                    @if taken > 0 { ", " (taken) " may be taken" }
                }
            }
            @if let Some(margin) = plan.margin_minutes {
                li { b { (minutes(margin.abs())) } span { (margin_note(margin)) } }
            }
        }
    }
}

fn margin_note(margin: f64) -> &'static str {
    let words = margin_words(margin);
    if words.starts_with("the intruder") {
        "by which the intruder may be ahead"
    } else {
        "ahead of the intruder"
    }
}

//! How the plan was made, what it takes for granted, and the digests that tie it to its estate.

use cordon_plan::PlanDocument;
use maud::{Markup, html};

use super::{Report, safe};
use crate::render::plan::worlds_words;
use crate::render::quantity::{count, minutes, money, percent, seconds};

const METHOD: &str = "The estate is compiled to rules of what an intruder gains from what. From the footholds, \
everything that follows is derived, with the earliest time. The plan is the cheapest set of withdrawals under which \
no jewel follows any more and every protected service runs: ways to a jewel are added one round after another, and \
each round solves for the cheapest set that cuts them all, until none is left. What that solve proves is the lower \
bound.";

pub(super) fn section(report: &Report<'_>) -> Markup {
    let plan = report.plan;
    html! {
        h2 { "Method and assumptions" }
        p { (METHOD) }
        div.scroll { table { tbody {
            @for (what, how_much) in assumptions(plan).iter().chain(&report.run) {
                tr { th { (safe(what)) } td { (safe(how_much)) } }
            }
        } } }
        (constraints(plan))
        @for words in worlds_words(plan) { p { (safe(&words)) } }
        p.quiet { "Estate " code { (safe(&plan.estate_digest)) } br; "Plan " code { (safe(&plan.plan_hash)) } }
        p.quiet { "To check this plan with a separate, simpler program: " code { "cordon verify plan.json --estate DIR" } }
    }
}

fn assumptions(plan: &PlanDocument) -> Vec<(String, String)> {
    let assumed = &plan.assumptions;
    let proof = &plan.optimality;
    let yes = |truth: bool| if truth { "yes" } else { "no" }.to_owned();
    let mut rows = vec![
        (
            "a foothold counts from".to_owned(),
            percent(assumed.foothold_threshold),
        ),
        (
            "withdrawals are expected to last".to_owned(),
            minutes(assumed.duration_hours * 60.0),
        ),
        ("only withdrawals in time count".to_owned(), yes(assumed.race)),
        ("spread beyond jewels has a price".to_owned(), yes(assumed.spread)),
        (
            "cost that was minimised".to_owned(),
            money(plan.cost.total_pence as f64),
        ),
        (
            "proven lower bound".to_owned(),
            money(proof.lower_bound_pence as f64),
        ),
        (
            "withdrawals to choose from".to_owned(),
            count(proof.candidates.into()),
        ),
        ("facts, and after the kernel".to_owned(), kernel(plan)),
        (
            "rounds and derivations".to_owned(),
            format!("{} and {}", proof.rounds, count(proof.derivations.into())),
        ),
        ("solved by".to_owned(), proof.solver.clone()),
    ];
    if (assumed.pace - 1.0).abs() > f64::EPSILON {
        let breakout = minutes(assumed.pace * cordon_reach::BREAKOUT_SECONDS / 60.0);
        rows.push(("the intruder reaches the next system in".to_owned(), breakout));
    }
    if let Some(certificate) = &plan.certificate {
        rows.push((
            "bound that the certificate proves".to_owned(),
            money(certificate.bound_pence as f64),
        ));
    }
    rows.extend(
        proof
            .seconds
            .map(|spent| ("planning took".to_owned(), seconds(spent))),
    );
    rows
}

fn kernel(plan: &PlanDocument) -> String {
    let proof = &plan.optimality;
    format!(
        "{}, {}",
        count(proof.facts.into()),
        count(proof.kernel_facts.into())
    )
}

fn constraints(plan: &PlanDocument) -> Markup {
    let asked = &plan.constraints;
    html! {
        @if !asked.refused.is_empty() { p { "Refused: " code { (safe(&joined(&asked.refused))) } } }
        @if !asked.forced.is_empty() { p { "Forced: " code { (safe(&joined(&asked.forced))) } } }
        @if !asked.protected.is_empty() { p { "Protected as well: " (safe(&asked.protected.join(", "))) } }
        @if !asked.jewels.is_empty() { p { "Jewels as well: " (safe(&asked.jewels.join(", "))) } }
        @if !asked.given_up.is_empty() { p { "Given up: " (safe(&asked.given_up.join(", "))) } }
    }
}

fn joined(ids: &[cordon_plan::document::WithdrawalId]) -> String {
    ids.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(", ")
}

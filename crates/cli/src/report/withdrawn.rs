//! What to withdraw, which services that disturbs, and whom.

use cordon_plan::PlanDocument;
use cordon_plan::document::{ServiceEntry, ServiceLevel, WithdrawalEntry};
use maud::{Markup, html};

use super::decision::class;
use super::safe;
use crate::render::plan::{clauses, level_words, people_words};
use crate::render::quantity::{count, money, percent, seconds};
use crate::render::words::{listed_of, numbers};

/// Most services listed.
const SERVICES_SHOWN: usize = 60;

pub(super) fn acts(plan: &PlanDocument) -> Markup {
    html! {
        @if !plan.withdrawals.is_empty() {
            h2 { "Withdraw, in this order" }
            ol.acts { @for entry in &plan.withdrawals { (one(plan, entry)) } }
        }
    }
}

fn one(plan: &PlanDocument, entry: &WithdrawalEntry) -> Markup {
    let instead = entry.refusal_instead.as_deref().unwrap_or_default();
    html! {
        li {
            span.number { (entry.order) }
            div {
                p.strong { (safe(&entry.text)) }
                p.quiet {
                    "at " (safe(&entry.point_name)) ", in effect within " (seconds(entry.effect_seconds))
                    ", works in " (percent(entry.certainty)) " of cases"
                }
                ul {
                    @for (role, words) in clauses(entry) { li class=(class(role)) { (safe(&words)) } }
                    @let new: Vec<&str> =
                        instead.iter().filter(|id| plan.withdrawal(id).is_none()).map(|id| id.0.as_str()).collect();
                    @if !new.is_empty() { li.quiet { "instead: " (safe(&new.join(", "))) } }
                }
                code.quiet { (safe(&entry.id.0)) }
            }
        }
    }
}

pub(super) fn services(plan: &PlanDocument) -> Markup {
    html! {
        h2 { "Services under this plan" }
        @if plan.services.is_empty() {
            p { "No business service is declared, so the cost counts only use seen in logs." }
        }
        @let disturbed: Vec<&ServiceEntry> = plan.disturbed_services().collect();
        @if !disturbed.is_empty() {
            div.scroll { table {
                thead { tr {
                    th { "service" } th { "runs" } th.figure { "costs" } th.figure { "people" } th { "by" }
                } }
                tbody { @for service in disturbed.iter().take(SERVICES_SHOWN) { (service_row(plan, service)) } }
            } }
            @if disturbed.len() > SERVICES_SHOWN {
                p.quiet { "and " (count((disturbed.len() - SERVICES_SHOWN) as u64)) " more" }
            }
        }
        (undisturbed(plan, true, "Protected, and as usual: "))
        (undisturbed(plan, false, "As usual: "))
    }
}

/// The services that run as usual, by name: no table where there is nothing to compare.
fn undisturbed(plan: &PlanDocument, protected: bool, words: &str) -> Markup {
    let is_up = |service: &&ServiceEntry| service.level == ServiceLevel::Up && service.protected == protected;
    let names: Vec<String> = plan
        .services
        .iter()
        .filter(is_up)
        .map(|service| service.name.clone())
        .collect();
    html! {
        @if !names.is_empty() {
            p { span.good { (words) } (safe(&listed_of(&names, SERVICES_SHOWN, names.len()))) "." }
        }
    }
}

fn service_row(plan: &PlanDocument, service: &ServiceEntry) -> Markup {
    let (role, state) = level_words(service);
    html! {
        tr {
            td { (safe(&service.name)) @if service.protected { " " span.quiet { "(protected)" } } }
            td class=(class(role)) { (safe(&state)) }
            td.figure { (money(service.cost_pence as f64)) }
            td.figure { (count(u64::from(service.people))) }
            td { (numbers(plan, &service.because_of)) }
        }
    }
}

pub(super) fn people(plan: &PlanDocument) -> Markup {
    html! {
        h2 { "People" }
        p { (safe(&people_words(&plan.people).join(" "))) }
    }
}

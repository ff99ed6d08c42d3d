//! What to withdraw, which services that disturbs, and whom.

use cordon_plan::PlanDocument;
use cordon_plan::document::{ServiceEntry, ServiceLevel, WithdrawalEntry, WithdrawalId};
use maud::{Markup, html};

use super::decision::class;
use super::safe;
use crate::render::plan::{deadline_words, level_words, people_words, refusal, stops_words, use_words};
use crate::render::quantity::{count, minutes, money, percent};
use crate::render::style::Role;
use crate::render::words::{bare, listed, listed_of, numbers};

/// Most withdrawals named that would take the place of one.
const INSTEAD_SHOWN: usize = 3;

/// Most services listed.
const SERVICES_SHOWN: usize = 60;

pub(super) fn acts(plan: &PlanDocument) -> Markup {
    html! {
        @if !plan.withdrawals.is_empty() {
            h2 { "Withdraw, in this order" }
            ol.acts { @for entry in &plan.withdrawals { (card(plan, entry)) } }
        }
    }
}

fn card(plan: &PlanDocument, entry: &WithdrawalEntry) -> Markup {
    html! {
        li {
            p.title { span.number { (entry.order) } span.strong { (safe(&entry.text)) } }
            dl { @for (name, words) in lines(plan, entry) {
                @if !words.is_empty() {
                    dt { (name) }
                    dd { @for (role, words) in words { div class=(class(role)) { (safe(&words)) } } }
                }
            } }
            code.quiet { (safe(&entry.id.0)) }
        }
    }
}

/// Some sentences, each with how it is meant.
type Lines = Vec<(Role, String)>;

/// What a card tells, in order; what has nothing to tell is left out.
fn lines(plan: &PlanDocument, entry: &WithdrawalEntry) -> Vec<(&'static str, Lines)> {
    vec![
        ("where", vec![(Role::Plain, place_words(entry))]),
        ("by when", deadline_words(entry)),
        ("stops", stops_words(entry)),
        ("why", why_words(entry)),
        ("costs", cost_words(entry)),
        ("refused", refusal_words(plan, entry)),
        ("not needed if", unnecessary_words(entry)),
        (
            "leaves open",
            entry
                .leaves_open
                .iter()
                .map(|words| (Role::Quiet, words.clone()))
                .collect(),
        ),
    ]
}

fn place_words(entry: &WithdrawalEntry) -> String {
    format!(
        "{}; works in {} of cases",
        entry.point_name,
        percent(entry.certainty)
    )
}

/// The step of a way that only this withdrawal cuts.
fn why_words(entry: &WithdrawalEntry) -> Lines {
    let first = entry.stops.iter().find_map(|path| {
        let mut steps = path.steps.iter();
        Some((path, steps.find(|step| step.cut_by.contains(&entry.id))?))
    });
    let words = first.map(|(path, step)| {
        format!(
            "without it the intruder {}, and is at {} after {}",
            step.text,
            bare(&path.to),
            minutes(path.arrival_minutes)
        )
    });
    words.map(|words| (Role::Plain, words)).into_iter().collect()
}

fn unnecessary_words(entry: &WithdrawalEntry) -> Lines {
    let one = entry.unnecessary_if.iter();
    one.map(|one| (Role::Plain, one.text.clone())).collect()
}

fn cost_words(entry: &WithdrawalEntry) -> Lines {
    let mut lines = Vec::new();
    if !entry.downs.is_empty() {
        lines.push((Role::Bad, format!("stops {}", listed(&entry.downs))));
    }
    if !entry.degrades.is_empty() {
        lines.push((Role::Warn, format!("degrades {}", listed(&entry.degrades))));
    }
    let friction = money(entry.friction_pence as f64);
    lines.push((Role::Plain, format!("{}; {friction} by itself", use_words(entry))));
    lines
}

fn refusal_words(plan: &PlanDocument, entry: &WithdrawalEntry) -> Lines {
    let mut lines: Lines = refusal(entry)
        .map(|words| (Role::Plain, words))
        .into_iter()
        .collect();
    let instead = entry.refusal_instead.as_deref().unwrap_or_default();
    let is_new = |id: &&WithdrawalId| plan.withdrawal(id).is_none();
    let new: Vec<String> = instead.iter().filter(is_new).map(|id| id.0.clone()).collect();
    if !new.is_empty() {
        lines.push((
            Role::Quiet,
            format!("instead: {}", listed_of(&new, INSTEAD_SHOWN, new.len())),
        ));
    }
    lines
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

//! What else was considered, as a picture and in figures.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Alternative, Metrics};
use maud::{Markup, html};

use super::{front, safe};
use crate::render::plan::{loss_words, point_name, services_words};
use crate::render::quantity::{count, money};
use crate::render::words;

/// Most withdrawals named of an alternative.
const ACTS_SHOWN: usize = 12;

pub(super) fn section(plan: &PlanDocument) -> Markup {
    let rows = rows(plan);
    html! {
        h2 { "What else was considered" }
        (front::picture(plan))
        div.scroll { table.choices {
            thead { tr {
                th.figure { "" } th { "choice" } th.figure { "acts" } th.figure { "disrupts" } th.figure { "may be lost" }
                th.figure { "people" } th.figure { "in reach" } th.figure { "jewels" } th.figure { "services down" }
            } }
            tbody { @for one in &rows { (row(one)) } }
        } }
        @if rows.iter().any(|one| one.metrics.protected_down > 0) {
            p.warn { "* stops a protected service: nobody should do this." }
        }
        (others(plan))
        (not_chosen(plan))
    }
}

/// One line of the table.
struct Row {
    label: String,
    name: String,
    loss: String,
    is_own: bool,
    metrics: Metrics,
}

fn rows(plan: &PlanDocument) -> Vec<Row> {
    let mut rows: Vec<Row> = plan
        .alternatives
        .iter()
        .enumerate()
        .map(|(place, one)| of(place + 1, one))
        .collect();
    if !rows.iter().any(|row| row.is_own) {
        let metrics = words::own_metrics(plan);
        rows.push(Row {
            label: String::new(),
            name: "this plan".to_owned(),
            loss: money(metrics.loss_pence() as f64),
            is_own: true,
            metrics,
        });
    }
    rows.extend(front::baselines(plan).map(|(letter, one)| Row {
        label: letter.to_string(),
        name: words::baseline(one).to_owned(),
        loss: money(one.metrics.loss_pence() as f64),
        is_own: false,
        metrics: one.metrics,
    }));
    rows
}

fn of(number: usize, one: &Alternative) -> Row {
    Row {
        label: number.to_string(),
        name: safe(&if one.chosen && one.text == "the plan" {
            format!("this plan{}", if one.knee { " (knee)" } else { "" })
        } else {
            point_name(one)
        }),
        loss: loss_words(one),
        is_own: one.chosen,
        metrics: one.metrics,
    }
}

fn row(one: &Row) -> Markup {
    let metrics = &one.metrics;
    html! {
        tr.strong[one.is_own] {
            td.figure.quiet { (one.label) }
            td { (one.name) @if metrics.protected_down > 0 { " *" } }
            td.figure { (count(metrics.withdrawals.into())) }
            td.figure { (money(metrics.cost.disruption_pence() as f64)) }
            td.figure { (one.loss) }
            td.figure { (count(metrics.people.into())) }
            td.figure { (count(metrics.entities_reachable.into())) }
            td.figure.bad[metrics.jewels_reachable > 0] { (count(metrics.jewels_reachable.into())) }
            td.figure { (count(metrics.services_down.into())) }
        }
    }
}

/// What each other choice withdraws, and which services that disturbs.
fn others(plan: &PlanDocument) -> Markup {
    let points = plan.alternatives.iter().enumerate();
    let others: Vec<(usize, &Alternative)> = points
        .filter(|(_, one)| !one.chosen && !one.withdrawals.is_empty())
        .collect();
    html! {
        @if !others.is_empty() {
            h3 { "What each other choice withdraws" }
            dl.others { @for (place, one) in others {
                dt { (place + 1) }
                dd {
                    (safe(&point_name(one)))
                    @if let Some(services) = services_words(one) { span.quiet { " · " (safe(&services)) } }
                    ul { @for id in one.withdrawals.iter().take(ACTS_SHOWN) { li { code { (safe(&id.0)) } } } }
                    @if one.withdrawals.len() > ACTS_SHOWN {
                        span.quiet { "and " (count((one.withdrawals.len() - ACTS_SHOWN) as u64)) " more" }
                    }
                }
            } }
        }
    }
}

/// Why not another withdrawal.
fn not_chosen(plan: &PlanDocument) -> Markup {
    html! {
        @if !plan.not_chosen.is_empty() {
            h3 { "Why not another withdrawal" }
            div.scroll { table {
                thead { tr { th { "withdrawal" } th.figure { "ways cut" } th.figure { "dearer by" } th { "with it the plan is" } } }
                tbody { @for one in &plan.not_chosen { tr {
                    td { (safe(&one.text)) }
                    td.figure { (count(one.cuts.into())) }
                    @match (&one.price_pence, &one.instead) {
                        (Some(price), Some(instead)) => {
                            td.figure { (money(*price as f64)) }
                            @let acts: Vec<&str> = instead.iter().map(|id| id.0.as_str()).collect();
                            td { code { (safe(&acts.join(", "))) } }
                        }
                        _ => {
                            td.figure {}
                            td { "none: a jewel or a protected service is lost" }
                        }
                    }
                } } }
            } }
        }
    }
}

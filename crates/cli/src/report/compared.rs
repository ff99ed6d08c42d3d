//! What else was considered, in bars and in figures.

use cordon_plan::PlanDocument;
use maud::{Markup, html};

use super::chart::{self, Bar};
use super::safe;
use crate::render::quantity::{count, money};
use crate::render::words;

pub(super) fn section(plan: &PlanDocument) -> Markup {
    let bars = bars(plan);
    html! {
        h2 { "What else was considered" }
        @if !bars.is_empty() {
            p.key { i.plan {} "what this plan disrupts" i.disrupts {} "what another disrupts" i.risk {} "jewels left at risk" }
            (chart::drawing(&bars))
            div.scroll { table {
                thead { tr {
                    th { "option" } th.figure { "acts" } th.figure { "disrupts" } th.figure { "people" }
                    th.figure { "in reach" } th.figure { "jewels" } th.figure { "services down" }
                } }
                tbody { @for bar in &bars { (row(bar)) } }
            } }
        }
        @if bars.iter().any(|bar| bar.metrics.protected_down > 0) {
            p.warn { "* stops a protected service: nobody should do this." }
        }
        (left_in_reach(plan))
        (not_chosen(plan))
    }
}

fn bars(plan: &PlanDocument) -> Vec<Bar> {
    let own = Bar {
        name: "this plan".to_owned(),
        chosen: true,
        metrics: words::own_metrics(plan),
    };
    let others = plan
        .alternatives
        .iter()
        .filter(|one| !one.chosen && !one.withdrawals.is_empty());
    let mut bars = vec![own];
    bars.extend(others.map(|one| Bar {
        name: safe(&if one.knee {
            format!("{} (knee)", one.text)
        } else {
            one.text.clone()
        }),
        chosen: false,
        metrics: one.metrics,
    }));
    bars.extend(plan.baselines.iter().map(|one| Bar {
        name: words::baseline(one).to_owned(),
        chosen: false,
        metrics: one.metrics,
    }));
    bars
}

fn row(bar: &Bar) -> Markup {
    let metrics = &bar.metrics;
    html! {
        tr.strong[bar.chosen] {
            td { (bar.name) @if metrics.protected_down > 0 { " *" } }
            td.figure { (count(metrics.withdrawals.into())) }
            td.figure { (money(metrics.cost.disruption_pence() as f64)) }
            td.figure { (count(metrics.people.into())) }
            td.figure { (count(metrics.entities_reachable.into())) }
            td.figure.bad[metrics.jewels_reachable > 0] { (count(metrics.jewels_reachable.into())) }
            td.figure { (count(metrics.services_down.into())) }
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

fn left_in_reach(plan: &PlanDocument) -> Markup {
    html! {
        @for one in plan.alternatives.iter().filter(|one| !one.chosen && !one.withdrawals.is_empty()) {
            p.quiet {
                (safe(&one.text)) ": "
                @let acts: Vec<&str> = one.withdrawals.iter().map(|id| id.0.as_str()).collect();
                code { (safe(&acts.join(", "))) }
            }
        }
    }
}

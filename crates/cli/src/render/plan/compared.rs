//! What else was considered: the alternatives and what would be done without Cordon.

use cordon_plan::PlanDocument;
use cordon_plan::document::Metrics;

use crate::render::paper::{Align, Paper};
use crate::render::quantity::{count, money};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words;

/// Most alternatives shown beside the plan.
const ALTERNATIVES_SHOWN: usize = 4;

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument, heading: &str) {
    paper.heading(heading);
    let aligns = [
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
    ];
    let mut rows = vec![
        ["", "acts", "disrupts", "people", "in reach", "jewels"]
            .map(|head| Text::new().quiet(head))
            .to_vec(),
    ];
    rows.extend(alternatives(plan));
    rows.extend(
        plan.baselines
            .iter()
            .map(|one| row(Role::Plain, words::baseline(one), &one.metrics)),
    );
    paper.table(2, &aligns, &rows);
    let clashes: Vec<String> = plan
        .baselines
        .iter()
        .filter(|one| one.metrics.protected_down > 0)
        .map(|one| words::baseline(one).to_owned())
        .collect();
    if !clashes.is_empty() {
        let text = format!("* stops a protected service: {}", words::listed(&clashes));
        paper.paragraph(2, &Text::new().quiet(text));
    }
}

fn alternatives(plan: &PlanDocument) -> Vec<Vec<Text>> {
    let own = row(Role::Strong, "this plan", &words::own_metrics(plan));
    let others = plan
        .alternatives
        .iter()
        .filter(|one| plan.front.is_none() && !one.chosen && !one.withdrawals.is_empty())
        .take(ALTERNATIVES_SHOWN);
    std::iter::once(own)
        .chain(others.map(|one| row(Role::Plain, &one.text, &one.metrics)))
        .collect()
}

fn row(role: Role, name: &str, metrics: &Metrics) -> Vec<Text> {
    let star = if metrics.protected_down > 0 { " *" } else { "" };
    let jewels = if metrics.jewels_reachable > 0 {
        Role::Bad
    } else {
        Role::Good
    };
    vec![
        Text::new().add(role, format!("{name}{star}")),
        Text::new().add(role, count(metrics.withdrawals.into())),
        Text::new().add(role, money(metrics.cost.disruption_pence() as f64)),
        Text::new().add(role, count(metrics.people.into())),
        Text::new().add(role, count(metrics.entities_reachable.into())),
        Text::new().add(jewels, count(metrics.jewels_reachable.into())),
    ]
}

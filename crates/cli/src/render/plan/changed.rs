//! What one more decision does to a plan.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Outcome, Status, WithdrawalEntry};
use serde::Serialize;

use super::headline::headline;
use crate::render::paper::Paper;
use crate::render::quantity::{money, seconds};
use crate::render::style::Paint;
use crate::render::text::Text;

/// The difference between two plans.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Changed {
    outcome: Outcome,
    /// Withdrawals that the plan before did not have.
    added: Vec<Named>,
    /// Withdrawals that it had and this one has not.
    removed: Vec<Named>,
    /// What the plan costs, everything counted, and how much more than the one before.
    cost_pence: i64,
    difference_pence: i64,
    lower_bound_pence: i64,
    proof: Status,
    milliseconds: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Named {
    id: String,
    text: String,
}

impl Changed {
    /// What became of a plan, and how long that took.
    pub(crate) fn between(before: &PlanDocument, after: &PlanDocument, milliseconds: f64) -> Self {
        let only = |one: &PlanDocument, other: &PlanDocument| -> Vec<Named> {
            let is_new = |entry: &&WithdrawalEntry| other.withdrawal(&entry.id).is_none();
            let new = one.withdrawals.iter().filter(is_new);
            new.map(|entry| Named {
                id: entry.id.0.clone(),
                text: entry.text.clone(),
            })
            .collect()
        };
        Self {
            outcome: after.outcome,
            added: only(after, before),
            removed: only(before, after),
            cost_pence: after.cost.total_pence,
            difference_pence: after.cost.total_pence.saturating_sub(before.cost.total_pence),
            lower_bound_pence: after.optimality.lower_bound_pence,
            proof: after.optimality.status,
            milliseconds: (milliseconds * 10.0).round() / 10.0,
        }
    }
}

/// The difference on a few lines.
pub(crate) fn changed(changed: &Changed, plan: &PlanDocument, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    let (role, words) = headline(plan);
    paper.paragraph(0, &Text::new().add(role, words));
    if let Some(clash) = &plan.infeasibility {
        paper.paragraph(2, &Text::new().plain(&clash.text));
    }
    for (mark, list) in [("+", &changed.added), ("-", &changed.removed)] {
        for one in list {
            let text = Text::new().plain(&one.text).quiet(format!("  {}", one.id));
            paper.item(2, mark, &text);
        }
    }
    if changed.added.is_empty() && changed.removed.is_empty() {
        paper.paragraph(2, &Text::new().plain("The same withdrawals as before."));
    }
    let proof = match changed.proof {
        Status::Optimal => "proven least".to_owned(),
        Status::Feasible => format!("at least {}", money(changed.lower_bound_pence as f64)),
        Status::Infeasible => "proven impossible without giving something up".to_owned(),
    };
    let facts = [
        difference(changed),
        proof,
        format!("in {}", seconds(changed.milliseconds / 1000.0)),
    ];
    paper.paragraph(2, &Text::new().quiet(facts.join(" · ")));
    paper.finish()
}

fn difference(changed: &Changed) -> String {
    let (now, by) = (money(changed.cost_pence as f64), changed.difference_pence);
    let size = money(by.unsigned_abs() as f64);
    match by {
        0 => format!("{now}, as before"),
        by if by > 0 => format!("{now}, {size} more"),
        _ => format!("{now}, {size} less"),
    }
}

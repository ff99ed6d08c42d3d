//! What the plan means where it is not known what is held, in words.

use cordon_plan::PlanDocument;
use cordon_plan::document::{Estimate, UncertaintyEntry};

use crate::render::quantity::{count, counted, money};

/// How often a jewel is reached over worlds that the plan has not seen, beside those that it has; one sentence each.
pub(crate) fn worlds_words(plan: &PlanDocument) -> Vec<String> {
    let Some(seen) = &plan.uncertainty else {
        return Vec::new();
    };
    let mut words = vec![format!(
        "A jewel is reached in {} of {} worlds that the plan has not seen, and in {} of the {} that it was made with.",
        share(&seen.out_of_sample),
        count(seen.out_of_sample.worlds.into()),
        share(&seen.in_sample),
        count(seen.in_sample.worlds.into()),
    )];
    if seen.out_of_sample.held_already > 0.0 {
        words.push(format!(
            "In {} one is itself held, which no withdrawal mends.",
            per_cent(seen.out_of_sample.held_already)
        ));
    }
    if let (Some(most), Some(met)) = (seen.reached_max, seen.met) {
        let kept = seen.kept.len();
        let verdict = if met { "holds" } else { "does not hold" };
        words.push(format!(
            "That it be at most {} {verdict}, two standard errors added; {} kept for it.",
            per_cent(most),
            counted(kept as u64, "further world was", "further worlds were"),
        ));
    }
    words.extend(least_words(plan, seen));
    words
}

/// Whether a plan that holds the share over the worlds that this one was made with could cost less.
fn least_words(plan: &PlanDocument, seen: &UncertaintyEntry) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(least) = seen.reached_min {
        words.push(format!(
            "No plan brings it below {} of the worlds that this one was made with.",
            per_cent(least)
        ));
    }
    let Some(bound) = seen.lower_bound_pence else {
        return words;
    };
    words.push(if bound >= plan.cost.total_pence {
        "Which worlds to keep is proven too: no plan that holds as much over them costs less.".to_owned()
    } else {
        format!(
            "No plan that holds as much over them costs less than {}.",
            money(bound as f64)
        )
    });
    words
}

fn share(estimate: &Estimate) -> String {
    format!(
        "{} \u{b1} {}",
        per_cent(estimate.reached),
        per_cent(estimate.standard_error)
    )
}

fn per_cent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

//! The verdict on a plan.

use cordon_plan::PlanDocument;
use cordon_plan::check::{Checked, Proof, Verdict};

use super::paper::Paper;
use super::quantity::counted;
use super::style::{Paint, Role};
use super::text::Text;

/// Most problems listed.
const PROBLEMS_SHOWN: usize = 20;

/// The whole screen.
pub(crate) fn screen(plan: &PlanDocument, verdict: &Verdict, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    let hash: String = plan.plan_hash.chars().take(16).collect();
    if verdict.is_accepted() {
        paper.paragraph(
            0,
            &Text::new().add(Role::Good, format!("Accepted: plan {hash} holds what it claims.")),
        );
        if plan.infeasibility.is_some() {
            paper.paragraph(0, &Text::new().quiet(refuted(verdict)));
        }
        paper.paragraph(0, &Text::new().quiet(proved(plan, verdict)));
        for words in over_worlds(verdict) {
            paper.paragraph(0, &Text::new().quiet(words));
        }
        paper.paragraph(0, &Text::new().quiet(optimality(verdict)));
    } else {
        let count = counted(
            verdict.problems.len() as u64,
            "claim does not hold",
            "claims do not hold",
        );
        paper.paragraph(
            0,
            &Text::new().add(Role::Bad, format!("Rejected: {count} in plan {hash}.")),
        );
        for problem in verdict.problems.iter().take(PROBLEMS_SHOWN) {
            paper.item(
                2,
                "-",
                &Text::new()
                    .strong(&problem.field)
                    .plain(": ")
                    .plain(&problem.text),
            );
        }
        let rest = verdict.problems.len().saturating_sub(PROBLEMS_SHOWN);
        if rest > 0 {
            paper.paragraph(2, &Text::new().quiet(format!("and {rest} more")));
        }
        paper.paragraph(
            0,
            &"Do not carry it out. Make it again from this estate with `cordon plan`.".into(),
        );
    }
    for part in &verdict.unchecked {
        paper.item(0, "not derived again:", &Text::new().quiet(part));
    }
    paper.finish()
}

/// What shows that something has to be given up.
fn refuted(verdict: &Verdict) -> String {
    let Some(proof) = verdict.refuted else {
        return "That not everything can be kept is the solver's word: it has no proof of that.".to_owned();
    };
    format!(
        "Its proof shows by {} that no plan keeps every jewel and every protected service.",
        by(proof.rows, proof.cases)
    )
}

/// What the certificate proves, and what is left to the solver's word.
fn proved(plan: &PlanDocument, verdict: &Verdict) -> String {
    let Some(proof) = verdict.proof else {
        return "It has no certificate: its bound is the solver's word.".to_owned();
    };
    let by = by(proof.rows, proof.cases);
    let gives_up = plan.infeasibility.is_some();
    let bound = proof.bound_pence;
    if bound >= proof.cost_pence {
        let what = if gives_up {
            "nothing cheaper can be given up"
        } else {
            "no plan costs less"
        };
        return format!("Its certificate proves by {by} that {what}.");
    }
    let share = per_cent_up(proof);
    let claimed = plan.optimality.lower_bound_pence;
    let rest = if claimed > bound && !gives_up {
        " Beyond that its bound is the solver's word."
    } else {
        ""
    };
    format!("Its certificate proves by {by} that no plan is cheaper by more than {share} %.{rest}")
}

/// What is proved over sampled worlds.
fn over_worlds(verdict: &Verdict) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(proof) = verdict.worlds {
        let less = if proof.bound_pence >= proof.cost_pence {
            "costs less".to_owned()
        } else {
            format!("is cheaper by more than {} %", per_cent_up(proof))
        };
        words.push(format!(
            "Over the sampled worlds it proves by {} that no plan that holds as much {less}.",
            by(proof.rows, proof.cases)
        ));
    }
    if let Some(proof) = verdict.fewest {
        words.push(format!(
            "That no plan leaves a jewel in reach in fewer of them it proves by {}.",
            by(proof.rows, proof.cases)
        ));
    }
    words
}

/// How much cheaper a plan could be for all that is proved, in per cent, rounded up to what can be read.
fn per_cent_up(proof: Proof) -> f64 {
    (proof.gap() * 1000.0).ceil() / 10.0
}

fn by(rows: u32, cases: u32) -> String {
    format!(
        "{} and {}",
        counted(rows.into(), "derivation", "derivations"),
        counted(cases.into(), "case", "cases")
    )
}

fn optimality(verdict: &Verdict) -> String {
    match verdict.optimality {
        Checked::EverySet { sets } => {
            format!(
                "That it is the least was checked by trying {}.",
                counted(sets.into(), "set", "sets")
            )
        }
        Checked::BoundOnly => {
            "There are too many withdrawals to try every set: its bound agrees with its cost.".to_owned()
        }
        Checked::Nothing => "That it is the least was not checked.".to_owned(),
    }
}

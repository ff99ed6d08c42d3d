//! `cordon verify`: the second, independent opinion on a plan.

use std::path::PathBuf;

use clap::Args;
use cordon_plan::PlanDocument;
use cordon_plan::check::{Checked, Proof, Refuted, Stage, Verdict, verify_watched};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::{estate, text};
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon verify plan.json --estate estate
  cordon verify plan.json --estate estate --json | jq .problems";

/// Check a plan with a separate, simpler implementation that shares only the data types
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// The plan, as `cordon plan -o` writes it
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The folder of the estate that the plan was made from
    #[arg(long, value_name = "DIR")]
    estate: PathBuf,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Verified<'a> {
    accepted: bool,
    plan_hash: &'a str,
    optimality: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sets_tried: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Proved>,
    /// What shows that not everything can be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    refuted: Option<Shown>,
    /// What is proved of plans that leave a jewel in reach in as few of the sampled worlds.
    #[serde(skip_serializing_if = "Option::is_none")]
    worlds: Option<Proved>,
    /// What shows that no plan leaves one in reach in fewer of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    fewest: Option<Shown>,
    problems: Vec<Problem<'a>>,
    unchecked: &'a [String],
}

/// What the plan's certificate proves.
#[derive(Serialize)]
struct Proved {
    bound_pence: i64,
    /// How much cheaper a plan could be for all that the certificate proves, as a share of the cost.
    gap: f64,
    rows: u32,
    cases: u32,
}

/// How much a proof took.
#[derive(Serialize)]
struct Shown {
    rows: u32,
    cases: u32,
}

/// A claim that does not hold.
#[derive(Serialize)]
struct Problem<'a> {
    field: &'a str,
    text: &'a str,
}

pub(crate) fn run(arguments: &Verify, console: &Console) -> Result<Answer, Failure> {
    let json = text(&arguments.plan)?;
    let plan: PlanDocument = serde_json::from_str(&json).map_err(|error| {
        Failure::input(format!(
            "{}:{}:{}: not a plan: {error}\n`cordon plan -o FILE` writes one.",
            arguments.plan.display(),
            error.line(),
            error.column()
        ))
    })?;
    let estate = estate::load(Some(&arguments.estate), console)?;
    let mut shown = console.progress("checking", 0);
    let verdict = verify_watched(&plan, &estate, &mut |stage| shown.say(&stage_words(stage)));
    drop(shown);
    if console.json {
        console.print_json(&as_json(&plan, &verdict))?;
    } else {
        console.print(&render::verify::screen(
            &plan,
            &verdict,
            console.width,
            console.paint,
        ))?;
    }
    Ok(if verdict.is_accepted() {
        Answer::Yes
    } else {
        Answer::No
    })
}

fn stage_words(stage: Stage) -> String {
    match stage {
        Stage::Claims => "checking what the plan claims".to_owned(),
        Stage::Row { done, of } => format!("checking derivation {} of {of}", done + 1),
        Stage::World { done, of } => format!("looking at sampled world {} of {of}", done + 1),
        Stage::Sets => "trying sets of withdrawals".to_owned(),
        Stage::OtherPlans => "looking at the other plans it tells of".to_owned(),
    }
}

fn as_json<'a>(plan: &'a PlanDocument, verdict: &'a Verdict) -> Verified<'a> {
    let (optimality, sets_tried) = match verdict.optimality {
        Checked::EverySet { sets } => ("every_set", Some(sets)),
        Checked::BoundOnly => ("bound_only", None),
        Checked::Nothing => ("nothing", None),
    };
    let problems = verdict
        .problems
        .iter()
        .map(|one| Problem {
            field: &one.field,
            text: &one.text,
        })
        .collect();
    Verified {
        accepted: verdict.is_accepted(),
        plan_hash: &plan.plan_hash,
        optimality,
        sets_tried,
        proof: verdict.proof.map(proved),
        refuted: verdict.refuted.map(shown),
        worlds: verdict.worlds.map(proved),
        fewest: verdict.fewest.map(shown),
        problems,
        unchecked: &verdict.unchecked,
    }
}

const fn shown(proof: Refuted) -> Shown {
    Shown {
        rows: proof.rows,
        cases: proof.cases,
    }
}

fn proved(proof: Proof) -> Proved {
    Proved {
        bound_pence: proof.bound_pence,
        gap: proof.gap(),
        rows: proof.rows,
        cases: proof.cases,
    }
}

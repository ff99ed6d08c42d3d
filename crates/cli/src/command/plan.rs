//! `cordon plan`: what to withdraw, proved.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use cordon_estate::names::Directory;
use cordon_estate::{Estate, ServiceId};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::{Outcome, WithdrawalId};
use cordon_plan::{Constraints, Foothold, PlanDocument, Progress, Settings};

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::evidence::{self, Evidence};
use crate::input::{entity, estate};
use crate::output;
use crate::render;
use crate::report::{self, Report};

const EXAMPLES: &str = "\
Examples:
  cordon plan --estate estate --evidence evidence.json -o plan.json --report plan.html
  cordon plan --estate estate --foothold account:pat=0.97 --foothold WORKSTATION6
  cordon plan --estate estate --evidence evidence.json --refuse disable-account/account:pat";

/// Choose the least access to withdraw so that no jewel can be reached, and prove it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plan {
    /// The folder of the estate
    #[arg(long, value_name = "DIR")]
    estate: PathBuf,
    /// What may be held, as `cordon detect -o` writes it
    #[arg(long, value_name = "FILE", required_unless_present = "foothold")]
    evidence: Option<PathBuf>,
    /// Something that may be held, with how likely: account:pat=0.97 [default: 0.99]
    #[arg(long, value_name = "ID[=PROBABILITY]")]
    foothold: Vec<String>,
    #[command(flatten)]
    planning: Planning,
    /// Write the plan as JSON to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a report of one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// How to plan, and what people have decided already.
#[derive(Debug, Args)]
#[command(next_help_heading = "Planning")]
pub(crate) struct Planning {
    /// How long withdrawals are expected to stay in force
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    hours: f64,
    /// Probability from which a foothold counts as held
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.5)]
    pub(crate) threshold: f64,
    /// Seconds after which the best plan so far is given, with its gap
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    time_limit: f64,
    /// A withdrawal that may not be in the plan, by its id
    #[arg(long, value_name = "WITHDRAWAL")]
    refuse: Vec<String>,
    /// A withdrawal that must be in the plan, by its id
    #[arg(long, value_name = "WITHDRAWAL")]
    force: Vec<String>,
    /// A service that must keep running beyond those that the estate protects
    #[arg(long, value_name = "SERVICE")]
    protect: Vec<String>,
    /// A jewel that may stay in reach at the price of its loss
    #[arg(long, value_name = "ID")]
    give_up: Vec<String>,
    /// Leave out the alternatives and the price of refusing each withdrawal: faster
    #[arg(long)]
    no_alternatives: bool,
}

pub(crate) fn run(arguments: &Plan, console: &Console) -> Result<Answer, Failure> {
    for file in arguments.output.iter().chain(&arguments.report) {
        output::check_writable(file)?;
    }
    let estate = estate::load(Some(&arguments.estate), console)?;
    let evidence = gathered(arguments, &estate)?;
    let plan = made(&estate, &evidence, &arguments.planning, console)?;
    if let Some(path) = &arguments.output {
        output::write_file(path, json(&plan)?.as_bytes())?;
    }
    let reasons = evidence.reasons();
    if let Some(path) = &arguments.report {
        let title = "Plan".to_owned();
        let page = report::page(&Report {
            title,
            plan: &plan,
            reasons: &reasons,
            moments: Vec::new(),
            run: Vec::new(),
        });
        output::write_file(path, page.as_bytes())?;
    }
    if console.json {
        console.print_json(&plan)?;
    } else {
        console.print(&render::plan::screen(
            &plan,
            &reasons,
            console.width,
            console.paint,
        ))?;
    }
    Ok(answer(&plan))
}

/// The plan as the content of a file.
pub(crate) fn json(plan: &PlanDocument) -> Result<String, Failure> {
    serde_json::to_string_pretty(plan)
        .map(|json| json + "\n")
        .map_err(|error| Failure::Bug(format!("cannot write the plan as JSON: {error}")))
}

/// No, if something has to be given up.
pub(crate) fn answer(plan: &PlanDocument) -> Answer {
    if plan.outcome == Outcome::Infeasible {
        Answer::No
    } else {
        Answer::Yes
    }
}

fn gathered(arguments: &Plan, estate: &Estate) -> Result<Evidence, Failure> {
    let mut evidence = match &arguments.evidence {
        Some(path) => evidence::read(path)?,
        None => Evidence::new(None, Vec::new()),
    };
    let directory = Directory::from_estate(estate);
    for words in &arguments.foothold {
        let (id, probability) = foothold(words)?;
        let entity = entity::find(estate, &directory, id)?;
        evidence.footholds.push(evidence::Foothold::new(
            entity::written(estate, entity),
            probability,
        ));
    }
    Ok(evidence)
}

fn foothold(words: &str) -> Result<(&str, f64), Failure> {
    let Some((id, probability)) = words.rsplit_once('=') else {
        return Ok((words, 0.99));
    };
    match probability.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok((id, number)),
        _ => Err(Failure::input(format!(
            "--foothold {words}: `{probability}` is no probability\nWrite a number from 0 to 1, such as {id}=0.9."
        ))),
    }
}

/// The plan for an estate and evidence about it.
pub(crate) fn made(
    estate: &Estate,
    evidence: &Evidence,
    planning: &Planning,
    console: &Console,
) -> Result<PlanDocument, Failure> {
    let directory = Directory::from_estate(estate);
    let mut footholds = Vec::new();
    for one in &evidence.footholds {
        let entity = entity::find(estate, &directory, &one.entity)?;
        footholds.push(Foothold {
            entity,
            probability: one.probability,
        });
    }
    let constraints = constraints(estate, &directory, planning)?;
    let settings = settings(planning)?;
    let begun = Instant::now();
    let mut shown = console.progress("planning", 0);
    Ok(cordon_plan::plan(
        estate,
        &footholds,
        &settings,
        &constraints,
        &mut |at| shown.say(&progress_words(at)),
        &mut || begun.elapsed().as_secs_f64(),
    ))
}

/// How to plan, as asked for.
pub(crate) fn settings(planning: &Planning) -> Result<Settings, Failure> {
    let positive = |name: &str, number: f64| {
        if number.is_finite() && number > 0.0 {
            return Ok(number);
        }
        Err(Failure::input(format!(
            "--{name} {number}: write a number above 0"
        )))
    };
    if !(0.0..=1.0).contains(&planning.threshold) {
        return Err(Failure::input(format!(
            "--threshold {}: write a number from 0 to 1",
            planning.threshold
        )));
    }
    Ok(Settings {
        foothold_threshold: planning.threshold,
        duration_hours: positive("hours", planning.hours)?,
        seconds_max: positive("time-limit", planning.time_limit)?,
        comparisons: !planning.no_alternatives,
        ..Settings::default()
    })
}

/// What people ruled out or forced, where the estate is not known yet.
pub(crate) fn constraints_in_words(planning: &Planning) -> Constraints {
    let ids = |words: &[String]| words.iter().cloned().map(WithdrawalId).collect();
    Constraints {
        refuse: ids(&planning.refuse),
        force: ids(&planning.force),
        ..Constraints::default()
    }
}

fn constraints(estate: &Estate, directory: &Directory, planning: &Planning) -> Result<Constraints, Failure> {
    let candidates = Candidates::new(estate, planning.hours);
    let withdrawals = |option: &str, ids: &[String]| {
        let known = |id: &String| {
            let id = WithdrawalId(id.clone());
            if candidates.find(&id).is_some() {
                return Ok(id);
            }
            Err(Failure::input(format!(
                "--{option} {id}: no such withdrawal in this estate\nWrite an id as the plan shows it with --json, \
                 such as disable-account/account:pat."
            )))
        };
        ids.iter().map(known).collect::<Result<Vec<_>, _>>()
    };
    Ok(Constraints {
        refuse: withdrawals("refuse", &planning.refuse)?,
        force: withdrawals("force", &planning.force)?,
        protect: planning
            .protect
            .iter()
            .map(|name| service(estate, name))
            .collect::<Result<_, _>>()?,
        give_up: planning
            .give_up
            .iter()
            .map(|words| entity::find(estate, directory, words))
            .collect::<Result<_, _>>()?,
    })
}

fn service(estate: &Estate, name: &str) -> Result<ServiceId, Failure> {
    let found = estate
        .services_with_ids()
        .find(|(_, service)| service.name.eq_ignore_ascii_case(name));
    found.map(|(id, _)| id).ok_or_else(|| {
        let known: Vec<&str> = estate
            .services
            .iter()
            .map(|service| service.name.as_str())
            .take(20)
            .collect();
        Failure::input(format!(
            "--protect {name}: no such service\nThe estate has: {}.",
            known.join(", ")
        ))
    })
}

fn progress_words(at: Progress) -> String {
    match at {
        Progress::Prepared { facts, candidates } => {
            format!("planning: {facts} facts, {candidates} withdrawals")
        }
        Progress::Round { rounds, .. } => format!("planning: round {rounds}"),
        Progress::Comparing => "comparing with other plans".to_owned(),
    }
}

//! `cordon plan`: what to withdraw, proved.

mod budget;
mod interactive;
mod made;

use std::path::PathBuf;

use clap::Args;
use cordon_estate::load::nearest;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate, ServiceId};
use cordon_evidence::document::{Evidence, entity_name};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::{Outcome, WithdrawalId};
use cordon_plan::limits::{FRONT_POINTS_USUAL, WORLDS_MAX};
use cordon_plan::{Constraints, Foothold, PlanDocument, Progress, Settings, Uncertainty};
use cordon_reach::{BREAKOUTS, Pace};

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::waiting::{self, Word};
use crate::input::{entity, estate, evidence};
use crate::output;
use crate::render;
use crate::report::{self, Report};

const EXAMPLES: &str = "\
Examples:
  cordon plan --estate estate --evidence evidence.json -o plan.json --report plan.html
  cordon plan --estate estate --foothold account:pat=0.97 --foothold WORKSTATION6 --explain
  cordon plan --estate estate --evidence evidence.json --refuse disable-account/account:pat
  cordon plan --estate estate --evidence evidence.json --front --point knee -o plan.json
  cordon plan --estate estate --evidence evidence.json --interactive -o plan.json
  cordon plan --budget-edges 5 --graph edges.csv --foothold WS17 --foothold WS40 --jewel DA";

/// Choose the least access to withdraw so that no jewel can be reached, and prove it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plan {
    /// The folder of the estate
    #[arg(long, value_name = "DIR", required_unless_present = "graph")]
    estate: Option<PathBuf>,
    /// What may be held, as `cordon detect -o` writes it
    #[arg(long, value_name = "FILE", required_unless_present_any = ["foothold", "pin"])]
    evidence: Option<PathBuf>,
    /// Something that may be held, with how likely: account:pat=0.97 [default: 0.99]; with --graph a node
    #[arg(long, value_name = "ID[=PROBABILITY]")]
    foothold: Vec<String>,
    #[command(flatten)]
    planning: Planning,
    /// Say of each withdrawal which ways it alone cuts, step by step, whom it costs, and what would make it unnecessary
    #[arg(long, conflicts_with_all = ["no_alternatives", "graph"])]
    explain: bool,
    /// Leave out the alternatives, the price of refusing each withdrawal and what would make it unnecessary: faster
    #[arg(long, help_heading = "Planning")]
    no_alternatives: bool,
    /// Take this point of the trade-off instead of the plan: its number as --front shows it, knee, or least for the least sum of
    /// disruption and loss. Jewels that it leaves in reach are given up
    #[arg(
        long,
        value_name = "NUMBER",
        conflicts_with = "no_alternatives",
        help_heading = "Planning"
    )]
    point: Option<String>,
    /// Then read decisions from standard input, a line each, and say at once what each does to the plan: refuse, force, hold, clean, protect,
    /// jewel, give-up, duration, undo, show, write, help, quit
    #[arg(long, conflicts_with_all = ["graph", "point"])]
    interactive: bool,
    /// A jewel beyond those that the estate says; with --graph the node that must not be taken [default: the one of its line
    /// `# DA=NODE`]
    #[arg(long, value_name = "ID", help_heading = "Planning")]
    jewel: Vec<String>,
    /// Measure the plan over this many sampled worlds of what may be held, and over ten times as many others
    #[arg(long, value_name = "NUMBER", help_heading = "Planning")]
    worlds: Option<u32>,
    /// Hold the share of worlds in which a jewel may be reached at or below this, such as 0.05, at
    /// the least cost over the sample
    #[arg(long, value_name = "SHARE", help_heading = "Planning")]
    confidence: Option<f64>,
    /// The seed of the sampled worlds
    #[arg(long, value_name = "NUMBER", default_value_t = 1, help_heading = "Planning")]
    seed: u64,
    /// How likely one more thing is held that nothing shows
    #[arg(
        long,
        value_name = "PROBABILITY",
        default_value_t = 0.1,
        help_heading = "Planning"
    )]
    hidden: f64,
    /// How many threads look at sampled worlds; the plan is the same to the byte [default: as many as there are
    /// processors, two at most]
    #[arg(long, value_name = "NUMBER", help_heading = "Planning",
          value_parser = clap::value_parser!(u16).range(1..=i64::from(THREADS_MAX)))]
    threads: Option<u16>,
    /// Write the plan as JSON to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a report of one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    budget: budget::Budget,
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
    /// How fast the intruder is: the time from a first foothold to the next system, such as 48m or 27s, or a
    /// published one: mean-2024 (48m), fastest-2024 (51s), mean-2025 (29m), fastest-2025 (27s)
    #[arg(long, value_name = "TIME", default_value = "7m")]
    breakout: String,
    /// Seconds after which the best plan so far is given, with its gap
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    time_limit: f64,
    /// Look for the whole trade-off between disruption and loss, each point a plan of its own, up to so many [default: 9]
    #[arg(long, value_name = "POINTS", num_args = 0..=1, require_equals = true, default_missing_value = "9",
          value_parser = clap::value_parser!(u32).range(3..=i64::from(cordon_plan::limits::FRONT_POINTS_MAX)))]
    front: Option<u32>,
    /// Your word that outweighs any evidence: held=account:pat or clean=NAME
    #[arg(long, value_name = "held=ID|clean=ID")]
    pub(crate) pin: Vec<String>,
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
    pub(crate) give_up: Vec<String>,
}

pub(crate) fn run(arguments: &Plan, console: &Console) -> Result<Answer, Failure> {
    for file in arguments.output.iter().chain(&arguments.report) {
        output::check_writable(file)?;
    }
    let asked = budget::Asked {
        footholds: &arguments.foothold,
        jewels: &arguments.jewel,
        seconds_max: arguments.planning.time_limit,
        output: arguments.output.as_ref(),
    };
    if let Some(answer) = arguments.budget.run(&asked, console) {
        return answer;
    }
    let estate = estate::load(arguments.estate.as_deref(), console)?;
    let evidence = gathered(arguments, &estate)?;
    let (plan, evidence) = decided(&estate, evidence, arguments, console)?;
    if let Some(path) = &arguments.output {
        output::write_file(path, json(&plan)?.as_bytes())?;
    }
    let reasons = evidence::reasons(&evidence);
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
    if arguments.interactive {
        return Ok(answer(&plan));
    }
    if console.json {
        console.print_json(&plan)?;
    } else {
        let screen = if arguments.explain {
            render::plan::screen_explained
        } else {
            render::plan::screen
        };
        console.print(&screen(&plan, &reasons, console.width, console.paint))?;
    }
    Ok(answer(&plan))
}

/// The plan, and the evidence that it was made from: as it was given, or as people have it in the end.
fn decided(
    estate: &Estate,
    evidence: Evidence,
    arguments: &Plan,
    console: &Console,
) -> Result<(PlanDocument, Evidence), Failure> {
    let asked = asked(estate, arguments)?;
    if arguments.interactive {
        let ended = interactive::run(estate, evidence, asked, console)?;
        return Ok((ended.plan, ended.evidence));
    }
    let plan = made::made(estate, &evidence, asked, arguments.point.as_deref(), console)?;
    Ok((plan, evidence))
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
        None => Evidence::default(),
    };
    let directory = Directory::from_estate(estate);
    for words in &arguments.foothold {
        let (id, probability) = foothold(words)?;
        let entity = entity::find(estate, &directory, id)?;
        let name = entity_name(entity, estate);
        evidence
            .footholds
            .push(evidence::foothold(name, probability, None));
    }
    for words in &arguments.planning.pin {
        let (word, id) = waiting::pin(words)?;
        let pinned = entity::find(estate, &directory, id)?;
        pin(&mut evidence, pinned, word == Word::Held, estate, &directory);
    }
    Ok(evidence)
}

/// Puts an analyst's word in the place of what was inferred.
fn pin(evidence: &mut Evidence, entity: Entity, held: bool, estate: &Estate, directory: &Directory) {
    let is_it = |name: &str| entity::called(estate, directory, name).contains(&entity);
    let known = evidence
        .footholds
        .iter()
        .position(|one| is_it(&one.entity))
        .map(|index| evidence.footholds.remove(index));
    if held {
        let fresh = || evidence::foothold(entity_name(entity, estate), 1.0, None);
        let mut foothold = known.unwrap_or_else(fresh);
        foothold.probability = 1.0;
        foothold.pinned = Some(true);
        evidence.footholds.insert(0, foothold);
    }
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

/// How to plan and what people have decided already.
fn asked(estate: &Estate, arguments: &Plan) -> Result<(Settings, Constraints), Failure> {
    let planning = &arguments.planning;
    let directory = Directory::from_estate(estate);
    let jewels = arguments.jewel.iter();
    let jewels = jewels.map(|words| entity::find(estate, &directory, words));
    let constraints = Constraints {
        jewels: jewels.collect::<Result<_, _>>()?,
        ..constraints(estate, &directory, planning)?
    };
    let settings = Settings {
        comparisons: !arguments.no_alternatives,
        uncertainty: uncertainty(arguments)?,
        threads: arguments.threads.map_or_else(threads_usual, usize::from),
        front_points: planning
            .front
            .or_else(|| arguments.point.as_ref().map(|_| FRONT_POINTS_USUAL)),
        ..settings(planning)?
    };
    Ok((settings, constraints))
}

/// The footholds of evidence about an estate.
fn footholds(estate: &Estate, directory: &Directory, evidence: &Evidence) -> Result<Vec<Foothold>, Failure> {
    let foothold = |one: &cordon_evidence::document::Foothold| {
        Ok(Foothold {
            entity: entity::find(estate, directory, &one.entity)?,
            probability: one.probability,
        })
    };
    evidence.footholds.iter().map(foothold).collect()
}

/// Most threads that may be asked for.
const THREADS_MAX: u16 = 64;

/// As many threads as there are processors, but no more than were shown to pay.
fn threads_usual() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(2)
}

/// How to draw worlds, if they were asked for.
fn uncertainty(arguments: &Plan) -> Result<Option<Uncertainty>, Failure> {
    let share = |name: &str, number: f64| {
        if (0.0..=1.0).contains(&number) {
            return Ok(number);
        }
        Err(Failure::input(format!(
            "--{name} {number}: write a number from 0 to 1"
        )))
    };
    if arguments.worlds.is_none() && arguments.confidence.is_none() {
        return Ok(None);
    }
    let usual = Uncertainty::default();
    let worlds = arguments.worlds.unwrap_or(usual.worlds);
    if !(1..=WORLDS_MAX).contains(&worlds) {
        return Err(Failure::input(format!(
            "--worlds {worlds}: write a number from 1 to {WORLDS_MAX}"
        )));
    }
    Ok(Some(Uncertainty {
        worlds,
        seed: arguments.seed,
        hidden_probability: share("hidden", arguments.hidden)?,
        reached_max: arguments
            .confidence
            .map(|most| share("confidence", most))
            .transpose()?,
    }))
}

/// The pace of an intruder who breaks out in a time such as `48m`, `27s` or `mean-2025`.
fn pace(words: &str) -> Result<f64, Failure> {
    let published = BREAKOUTS.iter().find(|(name, _)| *name == words);
    let (number, unit) = words.split_at(
        words
            .len()
            .saturating_sub(words.ends_with(['s', 'm', 'h']).into()),
    );
    let factor = match unit {
        "h" => 3600.0,
        "m" => 60.0,
        _ => 1.0,
    };
    let told = number.parse::<f64>().ok().map(|number| number * factor);
    let seconds = published.map(|(_, seconds)| *seconds).or(told);
    match seconds.filter(|seconds| (1.0..=1e7).contains(seconds)) {
        Some(seconds) => Ok(Pace::breakout(seconds)),
        None => Err(Failure::input(format!(
            "--breakout {words}: no time\nWrite one such as 48m or 27s, or mean-2024, fastest-2024, mean-2025, fastest-2025."
        ))),
    }
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
    Ok(Settings {
        foothold_threshold: threshold(planning.threshold)?,
        duration_hours: positive("hours", planning.hours)?,
        pace: pace(&planning.breakout)?,
        front_points: planning.front,
        seconds_max: positive("time-limit", planning.time_limit)?,
        ..Settings::default()
    })
}

/// The probability of `--threshold`.
pub(crate) fn threshold(number: f64) -> Result<f64, Failure> {
    if (0.0..=1.0).contains(&number) {
        return Ok(number);
    }
    Err(Failure::input(format!(
        "--threshold {number}: write a number from 0 to 1"
    )))
}

/// What people ruled out or forced, where logs may still add to the estate: withdrawals are taken by their names,
/// which [`check_withdrawals`] has to check in the end, and jewels given up are left to the caller.
pub(crate) fn constraints_beforehand(estate: &Estate, planning: &Planning) -> Result<Constraints, Failure> {
    let ids = |words: &[String]| words.iter().cloned().map(WithdrawalId).collect();
    let services = planning.protect.iter().map(|name| {
        service(estate, name).map_err(|wrong| Failure::input(format!("--protect {name}: {wrong}")))
    });
    Ok(Constraints {
        refuse: ids(&planning.refuse),
        force: ids(&planning.force),
        protect: services.collect::<Result<_, _>>()?,
        give_up: Vec::new(),
        jewels: Vec::new(),
    })
}

/// Whether the estate has every withdrawal that was refused or forced.
pub(crate) fn check_withdrawals(estate: &Estate, planning: &Planning) -> Result<(), Failure> {
    let candidates = Candidates::new(estate, planning.hours);
    let refused = planning.refuse.iter().map(|id| ("refuse", id));
    let forced = planning.force.iter().map(|id| ("force", id));
    for (option, id) in refused.chain(forced) {
        if candidates.find(&WithdrawalId(id.clone())).is_none() {
            let wrong = no_withdrawal(estate, &candidates, id);
            return Err(Failure::input(format!("--{option} {id}: {wrong}")));
        }
    }
    Ok(())
}

fn no_withdrawal(estate: &Estate, candidates: &Candidates<'_>, id: &str) -> Failure {
    let next = match near(estate, candidates, id) {
        Some(near) => format!("Did you mean {near}?"),
        None => {
            "Write an id as the plan shows it with --json, such as disable-account/account:pat.".to_owned()
        }
    };
    Failure::input(format!("no such withdrawal in this estate\n{next}"))
}

/// The withdrawal that was probably meant: what is misspelt is the name of what it is done to.
fn near(estate: &Estate, candidates: &Candidates<'_>, id: &str) -> Option<String> {
    let (verb, words) = id.split_once('/')?;
    let meant = WithdrawalId(format!("{verb}/{}", entity::meant(estate, words)?));
    candidates.find(&meant).map(|_| meant.0)
}

fn constraints(estate: &Estate, directory: &Directory, planning: &Planning) -> Result<Constraints, Failure> {
    check_withdrawals(estate, planning)?;
    let jewels = planning
        .give_up
        .iter()
        .map(|words| entity::find(estate, directory, words));
    Ok(Constraints {
        give_up: jewels.collect::<Result<_, _>>()?,
        ..constraints_beforehand(estate, planning)?
    })
}

fn service(estate: &Estate, name: &str) -> Result<ServiceId, Failure> {
    let found = estate
        .services_with_ids()
        .find(|(_, service)| service.name.eq_ignore_ascii_case(name));
    found.map(|(id, _)| id).ok_or_else(|| {
        let names = || estate.services.iter().map(|service| service.name.as_str());
        let next = match nearest(name, names()) {
            Some(near) => format!("Did you mean {near}?"),
            None if estate.services.is_empty() => {
                "The estate declares no service; give an estate that does with --estate.".to_owned()
            }
            None => format!(
                "The estate has: {}.",
                names().take(20).collect::<Vec<_>>().join(", ")
            ),
        };
        Failure::input(format!("no such service\n{next}"))
    })
}

fn progress_words(at: Progress) -> String {
    match at {
        Progress::Prepared { facts, candidates } => {
            format!("planning: {facts} facts, {candidates} withdrawals")
        }
        Progress::Round { rounds, .. } => format!("planning: round {rounds}"),
        Progress::Worlds { worlds } => format!("looking at {worlds} sampled worlds"),
        Progress::Comparing => "comparing with other plans".to_owned(),
    }
}

//! `cordon watch`: evidence as it is written, and plans that wait for it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use cordon_act::VolumeLimits;
use cordon_evidence::sigma::Level;
use cordon_incident::CaseSettings;
use jiff::SignedDuration;

use super::carry::{AtLeaseEnd, Execution, Planned, signers, signing};
use super::plan;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::estate;
use crate::input::logs::LogArguments;
use crate::input::rules::{self, RuleArguments};
use crate::input::waiting::Waiting;
use crate::live::executor::Hand;
use crate::live::session::{Session, Waits};
use crate::live::standing::Standing;
use crate::live::tail::Tail;
use crate::watch::Watch;

const EXAMPLES: &str = "\
A standing plan is approved beforehand, by two people as ever, and carried out as soon as every foothold that it was made
against is held: from --certainty on, by two signals that do not hang together. One signal never suffices, for an intruder
can write logs.

Examples:
  cordon watch /var/log/winlogbeat
  journalctl -f -o json | cordon watch --estate estate -
  cordon plan --estate estate --foothold pat -o if-pat.json
  cordon watch --estate estate --standing if-pat.json --approval dana.approval --approval lee.approval \\
    --allowed-signers signers /var/log/winlogbeat";

/// Follow logs while they are written, and carry standing plans out as soon as evidence calls for them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WatchCommand {
    #[command(flatten)]
    rules: RuleArguments,
    /// The folder of the estate [default: learned from the logs]
    #[arg(long, value_name = "DIR")]
    estate: Option<PathBuf>,
    #[command(flatten)]
    logs: LogArguments,
    /// Probability from which something is said to be held
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.5)]
    threshold: f64,
    /// Your word that outweighs inference, from when the name is first met: held=account:pat or clean=NAME
    #[arg(long, value_name = "held=ID|clean=ID")]
    pin: Vec<String>,
    /// Detections below this level are counted but not shown
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "high")]
    level: ShownFrom,
    /// A plan that is carried out when evidence holds all of its footholds
    #[arg(long, value_name = "PLAN", requires_all = ["estate", "allowed_signers"])]
    standing: Vec<PathBuf>,
    /// An approval of a standing plan, as `cordon approve` writes it
    #[arg(long = "approval", value_name = "FILE", num_args = 1.., requires = "standing")]
    approvals: Vec<PathBuf>,
    /// Who may approve: an OpenSSH allowed-signers file, with roles as namespaces
    #[arg(long, value_name = "FILE", env = "CORDON_ALLOWED_SIGNERS")]
    allowed_signers: Option<PathBuf>,
    /// Probability from which a foothold counts for a standing plan
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.9)]
    certainty: f64,
    /// How long the withdrawals of standing plans are valid unless renewed, as it was approved
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    lease: SignedDuration,
    /// What happens when that time is over and nobody answered, as it was approved
    #[arg(long, value_enum, value_name = "WHAT", default_value = "hold")]
    at_lease_end: AtLeaseEnd,
    /// Most targets of standing plans withdrawn in a minute at one point, as it was approved
    #[arg(long, value_name = "TARGETS", default_value_t = VolumeLimits::default().per_point_and_minute,
        value_parser = clap::value_parser!(u32).range(1..))]
    per_minute: u32,
    #[command(flatten)]
    execution: Execution,
}

/// From which level a detection is shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShownFrom {
    Low,
    Medium,
    High,
    Critical,
}

impl ShownFrom {
    const fn level(self) -> Level {
        match self {
            Self::Low => Level::Low,
            Self::Medium => Level::Medium,
            Self::High => Level::High,
            Self::Critical => Level::Critical,
        }
    }
}

pub(crate) fn run(arguments: &WatchCommand, console: &Console) -> Result<Answer, Failure> {
    let settings = CaseSettings {
        threshold: plan::threshold(arguments.threshold)?,
        ..CaseSettings::default()
    };
    let certainty = plan::threshold(arguments.certainty)?;
    let waiting = Waiting::new(&arguments.pin, &[])?;
    let rules = rules::load(&arguments.rules, console)?;
    let base = estate::load(arguments.estate.as_deref(), console)?;
    let standing = standing(arguments, console)?;
    let hand = hand(arguments, &standing)?;
    let (tail, logs) = Tail::open(&arguments.logs, console)?;
    let watch = Watch::new(base, Arc::clone(&rules), settings, waiting);
    let waiting = Waits {
        standing,
        hand,
        certainty,
    };
    let mut session = Session::new(watch, rules, waiting, arguments.level.level(), console);
    session.history(logs)?;
    session.follow(tail)
}

fn standing(arguments: &WatchCommand, console: &Console) -> Result<Vec<Standing>, Failure> {
    let (Some(folder), false) = (&arguments.estate, arguments.standing.is_empty()) else {
        return Ok(Vec::new());
    };
    let signatures = signing::read(&arguments.approvals)?;
    let one = |plan: &PathBuf| {
        let planned = Planned {
            plan: plan.clone(),
            estate: folder.clone(),
            lease: arguments.lease,
            at_lease_end: arguments.at_lease_end,
            per_minute: arguments.per_minute,
        };
        Standing::read(&planned, &signatures, console)
    };
    arguments.standing.iter().map(one).collect()
}

fn hand(arguments: &WatchCommand, standing: &[Standing]) -> Result<Option<Hand>, Failure> {
    let (Some(allowed), false) = (&arguments.allowed_signers, standing.is_empty()) else {
        return Ok(None);
    };
    let store = arguments.execution.place.open_or_make()?;
    let plans = standing.iter().map(|one| one.orders.clone()).collect();
    let actuator = arguments.execution.actuator.clone();
    Hand::start(store, actuator, signers(allowed)?, plans).map(Some)
}

//! `cordon watch`: evidence as it is written, and plans that wait for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::{Args, ValueEnum};
use cordon_act::Entry;
use cordon_estate::Entity;
use cordon_evidence::document::entity_name;
use cordon_evidence::pipeline;
use cordon_evidence::read::Workers;
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Correlator, Detection, Detector, Level, RuleSet, Scratch};
use cordon_incident::{CaseSettings, Effect};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::carry::{AtLeaseEnd, Execution, Planned, signers, signing};
use super::plan;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::estate;
use crate::input::logs::{LogArguments, Logs};
use crate::input::rules::{self, RuleArguments};
use crate::input::waiting::Waiting;
use crate::live::executor::{Due, Hand, Said};
use crate::live::standing::{INDEPENDENT_SIGNALS_MIN, Standing};
use crate::live::tail::{LOOK, Tail};
use crate::render;
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
    let mut session = Session {
        watch: Watch::new(base, Arc::clone(&rules), settings, waiting),
        detector: Detector::new(Arc::clone(&rules)),
        correlator: Correlator::new(&rules),
        rules,
        standing,
        hand,
        certainty,
        level: arguments.level.level(),
        console,
        ended: Ok(()),
        detections: 0,
    };
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

/// What is believed, and what is done about it.
struct Session<'a> {
    watch: Watch,
    detector: Detector,
    correlator: Correlator,
    rules: Arc<RuleSet>,
    standing: Vec<Standing>,
    hand: Option<Hand>,
    certainty: f64,
    level: Level,
    console: &'a Console,
    ended: Result<(), Failure>,
    detections: u64,
}

impl Session<'_> {
    /// Takes in what stands in the logs before they are followed.
    fn history(&mut self, mut logs: Logs) -> Result<(), Failure> {
        let mut progress = self.console.progress("reading", logs.bytes_total);
        let bytes_read = Arc::clone(&logs.bytes_read);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let detector = Detector::new(Arc::clone(&self.rules));
        let mut correlator = Correlator::new(&self.rules);
        let mut seen = 0_u64;
        pipeline::detect(
            &mut logs.stream,
            &detector,
            &mut correlator,
            Workers::new(threads),
            |record, detections| {
                self.take(record, detections);
                seen += 1;
                if seen.is_multiple_of(512) {
                    progress.at(bytes_read.load(Ordering::Relaxed));
                }
            },
        );
        self.correlator = correlator;
        drop(progress);
        self.due()
    }

    /// Follows the logs until nothing more can come.
    fn follow(&mut self, mut tail: Tail) -> Result<Answer, Failure> {
        self.greet(&tail)?;
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        loop {
            let some = tail.look(&mut |record| {
                found.clear();
                self.detector.detect(record, &mut scratch, &mut found);
                self.correlator.observe(record, &mut found);
                self.take(record, &found);
            });
            self.due()?;
            self.hear()?;
            if tail.ended() {
                return self.finish(&tail);
            }
            if !some {
                std::thread::sleep(LOOK);
            }
        }
    }

    fn greet(&self, tail: &Tail) -> Result<(), Failure> {
        let now = Timestamp::now();
        if self.console.json {
            return self
                .console
                .print_line(&json!({"kind": "following", "logs": tail.names(), "time": now}));
        }
        self.console.note(&format!("following {} logs", tail.followed()));
        for one in &self.standing {
            let names: Vec<&str> = one.awaited().collect();
            self.console.note(&format!(
                "plan {} waits for {}, approved until {:.0}",
                super::carry::short(&one.orders.plan_hash),
                names.join(" and "),
                one.approved_until
            ));
        }
        Ok(())
    }

    fn take(&mut self, record: &Record, detections: &[Detection]) {
        let effects = self.watch.take(record, detections);
        self.detections += detections.len() as u64;
        let said = self.say_detections(record, detections).and_then(|()| {
            effects.iter().try_for_each(|effect| match effect {
                Effect::FootholdsGained(entities) => self.say_held(entities),
                Effect::AccessLearned(_) => Ok(()),
            })
        });
        if self.ended.is_ok() {
            self.ended = said;
        }
    }

    fn say_detections(&self, record: &Record, detections: &[Detection]) -> Result<(), Failure> {
        let rules = detections
            .iter()
            .filter_map(|detection| self.rules.rule(detection.rule));
        for rule in rules.filter(|rule| rule.level >= self.level) {
            let entities = self.watch.named();
            if self.console.json {
                self.console.print_line(&json!({
                    "kind": "detection", "time": record.time, "rule_id": rule.rule_id, "rule_title": rule.title,
                    "level": rule.level.as_str(), "techniques": rule.techniques, "record": record.place.position,
                    "entities": entities,
                }))?;
            } else {
                let words = render::watch::detection(record.time, rule, &entities, self.console.paint);
                self.console.print(&words)?;
            }
        }
        Ok(())
    }

    fn say_held(&self, entities: &[Entity]) -> Result<(), Failure> {
        let case = self.watch.case();
        let suspicions = case.suspicions();
        for one in suspicions.iter().filter(|one| entities.contains(&one.entity)) {
            let name = entity_name(one.entity, case.estate());
            if self.console.json {
                self.console.print_line(&json!({
                    "kind": "foothold", "time": case.now(), "entity": name, "probability": one.probability,
                    "independent_signals": one.independent_signals,
                }))?;
            } else {
                let words = render::watch::held(case.now(), &name, one, self.console.paint);
                self.console.print(&words)?;
            }
        }
        Ok(())
    }

    /// Has every plan carried out that the evidence calls for.
    fn due(&mut self) -> Result<(), Failure> {
        std::mem::replace(&mut self.ended, Ok(()))?;
        let Some(hand) = &self.hand else { return Ok(()) };
        for one in &mut self.standing {
            if one.is_due(self.watch.case(), self.certainty) {
                let names: Vec<&str> = one.awaited().collect();
                self.console.warn(&format!(
                    "{} held by {INDEPENDENT_SIGNALS_MIN} independent signals or more: plan {} is carried out",
                    names.join(" and "),
                    super::carry::short(&one.orders.plan_hash)
                ));
                hand.carry_out(Due {
                    orders: one.orders.clone(),
                    signatures: one.signatures.clone(),
                })?;
            }
        }
        Ok(())
    }

    /// Says what was recorded since the last time.
    fn hear(&self) -> Result<(), Failure> {
        let said = self.hand.iter().flat_map(|hand| hand.said.try_iter());
        for said in said {
            match said {
                Said::Ready => {}
                Said::Recorded(entry) => self.say_entry(&entry)?,
                Said::NotBegun(why) => self.console.warn(&why),
                Said::Ended(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn say_entry(&self, entry: &Entry) -> Result<(), Failure> {
        if self.console.json {
            let now = Timestamp::now();
            return self
                .console
                .print_line(&json!({"kind": "entry", "time": now, "entry": entry}));
        }
        render::carry::show(entry, self.console);
        Ok(())
    }

    fn finish(&self, tail: &Tail) -> Result<Answer, Failure> {
        let footholds = self.watch.case().suspicions().len();
        if self.console.json {
            self.console.print_line(&json!({
                "kind": "ended", "detections": self.detections, "footholds": footholds,
                "unreadable": tail.unreadable(),
            }))?;
        } else {
            self.console.note(&format!(
                "the input ended: {} detections, {footholds} held, {} places could not be read",
                self.detections,
                tail.unreadable()
            ));
        }
        Ok(Answer::Yes)
    }
}

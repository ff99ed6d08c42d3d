//! `cordon detect`: evidence and footholds from logs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use cordon_evidence::ocsf::{self, EntityKind, Finding, NamedEntity};
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Detection, Detector, RuleSet};
use jiff::Timestamp;
use serde::Serialize;

use crate::console::{Console, stdout_failed};
use crate::failure::{Answer, Failure};
use crate::input::logs::{LogArguments, Logs};
use crate::input::rules::{self, RuleArguments};
use crate::input::{entity, estate, logs};
use crate::output;
use crate::render;
use crate::render::detect::{Found, Reading};
use crate::watch::{self, Watch};

const EXAMPLES: &str = "\
Examples:
  cordon detect /var/log/winlogbeat
  cordon detect --rules sigma/rules --estate estate -o evidence.json logs
  zcat auth.log.gz | cordon detect --json - | jq 'select(.level == \"high\")'";

/// Find evidence of an intruder in logs, and infer who and what may be held
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Detect {
    #[command(flatten)]
    rules: RuleArguments,
    /// The folder of the estate [default: learned from the logs]
    #[arg(long, value_name = "DIR")]
    estate: Option<PathBuf>,
    #[command(flatten)]
    logs: LogArguments,
    /// Probability from which something is shown as a foothold
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.5)]
    threshold: f64,
    /// An analyst's word that outweighs inference: held=ID or clean=ID
    #[arg(long, value_name = "held=ID|clean=ID")]
    pin: Vec<String>,
    /// Write detections in another format instead of the screen, one per line: ocsf for Detection Finding
    #[arg(long, value_enum, conflicts_with = "json")]
    format: Option<Format>,
    /// Write the evidence that `cordon plan --evidence` reads to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Formats for other products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// OCSF Detection Finding, class 2004
    Ocsf,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    rule_id: &'a str,
    rule_title: &'a str,
    level: &'static str,
    techniques: &'a [String],
    file: &'a str,
    record: u64,
    entities: &'a [String],
}

/// The last line of `--json`.
#[derive(Serialize)]
struct Last<'a> {
    events: u64,
    unreadable: u64,
    detections: u64,
    footholds: &'a [crate::input::evidence::Foothold],
}

pub(crate) fn run(arguments: &Detect, console: &Console) -> Result<Answer, Failure> {
    if let Some(path) = &arguments.output {
        output::check_writable(path)?;
    }
    let rules = rules::load(&arguments.rules, console)?;
    let base = estate::load(arguments.estate.as_deref(), console)?;
    let mut logs = logs::open(&arguments.logs, None, console)?;
    let mut watch = Watch::new(base, Arc::clone(&rules));
    let (found, total) = read(&mut logs, &rules, &mut watch, arguments.format, console)?;
    pin(&mut watch, &arguments.pin)?;
    let evidence = watch.evidence(arguments.threshold, &logs.names);
    if let Some(path) = &arguments.output {
        output::write_file(path, evidence.to_json()?.as_bytes())?;
    }
    let report = logs.stream.report();
    if arguments.format.is_some() {
        return Ok(Answer::Yes);
    }
    if console.json {
        let (events, unreadable) = (report.events, report.unreadable);
        console.print_line(&Last {
            events,
            unreadable,
            detections: total,
            footholds: &evidence.footholds,
        })?;
    } else {
        let reading = Reading::of(&logs);
        console.print(&render::detect::screen(
            &evidence,
            &found,
            &reading,
            console.width,
            console.paint,
        ))?;
    }
    Ok(Answer::Yes)
}

/// Takes the analyst's words to heart.
pub(crate) fn pin(watch: &mut Watch, pins: &[String]) -> Result<(), Failure> {
    for words in pins {
        let (held, id) = match words.split_once('=') {
            Some(("held", id)) => (true, id),
            Some(("clean", id)) => (false, id),
            _ => {
                return Err(Failure::input(format!(
                    "--pin {words}: write held=ID or clean=ID, as in held=account:pat"
                )));
            }
        };
        let entity = entity::find(watch.estate(), watch.directory(), id)?;
        watch.pin(entity, held);
    }
    Ok(())
}

/// Detections by rule, and how many there were.
type Summary = (Vec<Found>, u64);

fn read(
    logs: &mut Logs,
    rules: &Arc<RuleSet>,
    watch: &mut Watch,
    format: Option<Format>,
    console: &Console,
) -> Result<Summary, Failure> {
    let mut progress = console.progress("reading", logs.bytes_total);
    let mut by_rule: BTreeMap<u32, Found> = BTreeMap::new();
    let names = logs.names.clone();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut ended = Ok(());
    let mut total = 0;
    let explainer = format.map(|_| Detector::new(Arc::clone(rules)));
    watch::detect(logs, rules, &mut progress, |record, detections| {
        watch.take(record, detections);
        if detections.is_empty() || ended.is_err() {
            return;
        }
        total += detections.len() as u64;
        let entities = watch.named();
        for detection in detections {
            count(&mut by_rule, rules, detection, &entities);
        }
        if let Some(explainer) = &explainer {
            ended = findings(&mut out, explainer, &names, record, detections, &entities);
        } else if console.json {
            ended = lines(&mut out, rules, &names, record, detections, &entities);
        }
    });
    ended.and_then(|()| out.flush().map_err(stdout_failed))?;
    Ok((by_rule.into_values().collect(), total))
}

fn findings(
    out: &mut impl Write,
    detector: &Detector,
    names: &[String],
    record: &Record,
    detections: &[Detection],
    entities: &[String],
) -> Result<(), Failure> {
    let file = names
        .get(record.place.file.0 as usize)
        .map_or("?", String::as_str);
    let named: Vec<NamedEntity> = entities.iter().filter_map(|words| named(words)).collect();
    for detection in detections {
        if let Some(finding) = Finding::of_detection(detector, record, detection, file, named.clone()) {
            ocsf::write(&finding, out).map_err(stdout_failed)?;
        }
    }
    Ok(())
}

fn named(words: &str) -> Option<NamedEntity> {
    match words.split_once(':')? {
        ("account", name) => Some(NamedEntity::new(EntityKind::User, name)),
        ("system", name) => Some(NamedEntity::new(EntityKind::Host, name)),
        _ => None,
    }
}

fn count(by_rule: &mut BTreeMap<u32, Found>, rules: &RuleSet, detection: &Detection, entities: &[String]) {
    let Some(rule) = rules.rule(detection.rule) else {
        return;
    };
    let found = by_rule
        .entry(detection.rule.0)
        .or_insert_with(|| Found::new(rule, detection.time));
    found.add(detection.time, entities);
}

fn lines(
    out: &mut impl Write,
    rules: &RuleSet,
    names: &[String],
    record: &Record,
    detections: &[Detection],
    entities: &[String],
) -> Result<(), Failure> {
    for detection in detections {
        let Some(rule) = rules.rule(detection.rule) else {
            continue;
        };
        let line = Line {
            time: detection.time,
            rule_id: &rule.rule_id,
            rule_title: &rule.title,
            level: rule.level.as_str(),
            techniques: &rule.techniques,
            file: names
                .get(record.place.file.0 as usize)
                .map_or("?", String::as_str),
            record: detection.place.position,
            entities,
        };
        let text = serde_json::to_string(&line).map_err(|error| Failure::Bug(error.to_string()))?;
        writeln!(out, "{text}").map_err(stdout_failed)?;
    }
    Ok(())
}

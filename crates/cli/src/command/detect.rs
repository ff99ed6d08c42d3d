//! `cordon detect`: evidence and footholds from logs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use cordon_evidence::document::Foothold;
use cordon_evidence::infer::RuleKey;
use cordon_evidence::ocsf::{self, EntityKind, Finding, NamedEntity};
use cordon_evidence::record::Record;
use cordon_evidence::reported;
use cordon_evidence::sigma::{Detection, Detector, RuleSet};
use cordon_incident::CaseSettings;
use jiff::Timestamp;
use serde::Serialize;

use super::plan;
use crate::carry::record;
use crate::console::{Console, stdout_failed};
use crate::failure::{Answer, Failure};
use crate::input::logs::{LogArguments, Logs, Skipped};
use crate::input::record::Place;
use crate::input::rules::{self, RuleArguments};
use crate::input::waiting::Waiting;
use crate::input::{estate, evidence, logs};
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
    /// Your word that outweighs inference, from when the name is first met: held=account:pat or clean=NAME
    #[arg(long, value_name = "held=ID|clean=ID")]
    pin: Vec<String>,
    /// Leave out what Cordon refused itself: the state directory with its record
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
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
    /// Whose finding it is, if it is another product's.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
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
    footholds: &'a [Foothold],
    skipped: &'a [Skipped],
}

pub(crate) fn run(arguments: &Detect, console: &Console) -> Result<Answer, Failure> {
    if let Some(path) = &arguments.output {
        output::check_writable(path)?;
    }
    let settings = CaseSettings {
        threshold: plan::threshold(arguments.threshold)?,
        ..CaseSettings::default()
    };
    let waiting = Waiting::new(&arguments.pin, &[])?;
    let rules = rules::load(&arguments.rules, console)?;
    let base = estate::load(arguments.estate.as_deref(), console)?;
    let mut logs = logs::open(&arguments.logs, None, console)?;
    let mut watch = Watch::new(base, Arc::clone(&rules), settings, waiting);
    if let Some(state) = &arguments.state {
        watch.set_own_effects(&record::all(&*Place::of_state(state).open_to_read()?)?);
    }
    let (found, total) = read(&mut logs, &rules, &mut watch, arguments.format, console)?;
    let report = logs.stream.report();
    let evidence = watch.evidence(logs.names.clone(), report.unreadable)?;
    if let Some(path) = &arguments.output {
        output::write_file(path, evidence::to_json(&evidence)?.as_bytes())?;
    }
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
            skipped: &logs.skipped,
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
    let mut by_rule: BTreeMap<RuleKey, Found> = BTreeMap::new();
    let names = logs.names.clone();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut ended = Ok(());
    let mut total = 0;
    let explainer = format.map(|_| Detector::new(Arc::clone(rules)));
    watch::detect(logs, rules, &mut progress, |seen| {
        let (record, detections) = (seen.record, seen.detections);
        watch.take_in(seen);
        let finding = watch.finding();
        if (detections.is_empty() && finding.is_none()) || ended.is_err() {
            return;
        }
        total += detections.len() as u64 + u64::from(finding.is_some());
        let entities = watch.named();
        for detection in detections {
            count(&mut by_rule, rules, detection, &entities);
        }
        if let Some((rule, finding)) = finding {
            let title = reported::named(finding.shown_title(), &finding.product);
            let new = || Found::new(title, finding.level, record.time);
            by_rule
                .entry(rule)
                .or_insert_with(new)
                .add(record.time, &entities);
        }
        if let Some(explainer) = &explainer {
            ended = findings(&mut out, explainer, &names, record, detections, &entities);
        } else if console.json {
            let source = (record, names.as_slice());
            ended = lines(&mut out, rules, source, detections, &entities).and_then(|()| {
                finding.map_or(Ok(()), |(_, finding)| {
                    finding_line(&mut out, finding, source, &entities)
                })
            });
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
    let file = file_of(record, names);
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

fn count(
    by_rule: &mut BTreeMap<RuleKey, Found>,
    rules: &RuleSet,
    detection: &Detection,
    entities: &[String],
) {
    let Some(rule) = rules.rule(detection.rule) else {
        return;
    };
    let found = by_rule
        .entry(RuleKey(detection.rule.0))
        .or_insert_with(|| Found::new(rule.title.clone(), rule.level, detection.time));
    found.add(detection.time, entities);
}

fn lines(
    out: &mut impl Write,
    rules: &RuleSet,
    (record, names): (&Record, &[String]),
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
            product: None,
            level: rule.level.as_str(),
            techniques: &rule.techniques,
            file: file_of(record, names),
            record: detection.place.position,
            entities,
        };
        write_line(out, &line)?;
    }
    Ok(())
}

/// A finding of another product with the members of a detection.
fn finding_line(
    out: &mut impl Write,
    finding: &Finding,
    (record, names): (&Record, &[String]),
    entities: &[String],
) -> Result<(), Failure> {
    let line = Line {
        time: record.time,
        rule_id: &finding.rule_id,
        rule_title: finding.shown_title(),
        product: Some(&finding.product),
        level: finding.level.as_str(),
        techniques: &finding.techniques,
        file: file_of(record, names),
        record: record.place.position,
        entities,
    };
    write_line(out, &line)
}

fn file_of<'a>(record: &Record, names: &'a [String]) -> &'a str {
    names
        .get(record.place.file.0 as usize)
        .map_or("?", String::as_str)
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> Result<(), Failure> {
    let text = serde_json::to_string(line).map_err(|error| Failure::Bug(error.to_string()))?;
    writeln!(out, "{text}").map_err(stdout_failed)
}

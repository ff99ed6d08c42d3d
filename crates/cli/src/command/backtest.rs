//! `cordon backtest`: what Cordon would have done on a recorded intrusion.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use cordon_estate::Estate;
use cordon_incident::backtest::{BacktestSettings, Measured};
use cordon_incident::{Backtest, BacktestDocument, Case, CaseSettings, Truth};
use jiff::Timestamp;

use super::plan::{self, Planning};
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::logs::{self, LogArguments};
use crate::input::rules::{self, RuleArguments};
use crate::input::waiting::{Waiting, Word};
use crate::input::{estate, text};
use crate::{night, output, render, report, watch};

const EXAMPLES: &str = "\
Examples:
  cordon backtest recordings/purplesharp --truth recordings/purplesharp/truth.json
  cordon backtest --rules sigma/rules --estate estate --report night.html logs
  cordon backtest --rules sigma/rules logs --json | jq '.first_plan, .steps_blocked'";

/// Replay a recorded intrusion: when would a plan have been ready, what would it have blocked and denied
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BacktestCommand {
    #[command(flatten)]
    rules: RuleArguments,
    /// The folder of the estate [default: learned from the logs]
    #[arg(long, value_name = "DIR")]
    estate: Option<PathBuf>,
    /// What really happened, to measure against
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    #[command(flatten)]
    logs: LogArguments,
    #[command(flatten)]
    planning: Planning,
    /// Seconds assumed between a plan and its approval
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0.0,
        help_heading = "Planning"
    )]
    decision: f64,
    /// Write the plan as JSON to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a report of one self-contained HTML page
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(crate) fn run(arguments: &BacktestCommand, console: &Console) -> Result<Answer, Failure> {
    for file in arguments.output.iter().chain(&arguments.report) {
        output::check_writable(file)?;
    }
    let base = estate::load(arguments.estate.as_deref(), console)?;
    let replay = Replay {
        base,
        rules: &arguments.rules,
        truth: arguments.truth.as_deref(),
        logs: &arguments.logs,
        planning: &arguments.planning,
        decision_seconds: arguments.decision,
    };
    let document = replay.run(console)?;
    if let (Some(path), Some(plan)) = (&arguments.output, &document.plan_document) {
        output::write_file(path, plan::json(plan)?.as_bytes())?;
    }
    if let Some(path) = &arguments.report {
        write_report(path, "Backtest", &document, console)?;
    }
    if console.json {
        console.print_json(&document)?;
    } else {
        console.print(&render::backtest::screen(&document, console.width, console.paint))?;
    }
    Ok(Answer::Yes)
}

/// A replay to be run.
pub(crate) struct Replay<'a> {
    /// What is known of the estate beforehand.
    pub(crate) base: Estate,
    /// Which rules.
    pub(crate) rules: &'a RuleArguments,
    /// The truth, if it is known.
    pub(crate) truth: Option<&'a Path>,
    /// Which logs.
    pub(crate) logs: &'a LogArguments,
    /// How to plan.
    pub(crate) planning: &'a Planning,
    /// Seconds between a plan and its approval.
    pub(crate) decision_seconds: f64,
}

impl Replay<'_> {
    /// Replays the logs and measures.
    pub(crate) fn run(self, console: &Console) -> Result<BacktestDocument, Failure> {
        let rules = rules::load(self.rules, console)?;
        let truth = self.truth.map(read_truth).transpose()?;
        let settings = BacktestSettings {
            plan: plan::settings(self.planning)?,
            constraints: plan::constraints_beforehand(&self.base, self.planning)?,
            decision_seconds: seconds(self.decision_seconds)?,
        };
        let mut waiting = Waiting::new(&self.planning.pin, &self.planning.give_up)?;
        let mut logs = logs::open(self.logs, self.truth, console)?;
        let case_settings = CaseSettings {
            threshold: self.planning.threshold,
            ..CaseSettings::default()
        };
        let case = Case::new(self.base, rules.rules(), case_settings);
        let mut backtest = Backtest::new(case, settings, truth.as_ref());
        let begun = Instant::now();
        let mut progress = console.progress("replaying", logs.bytes_total);
        watch::detect(&mut logs, &rules, &mut progress, |seen| {
            let step = Instant::now();
            listen(&mut backtest, &mut waiting, seen.record.time);
            backtest.on_record(seen.record, seen.detections, &mut || step.elapsed().as_secs_f64());
        });
        let unreadable = logs.stream.report().unreadable;
        let last = backtest.case().now().unwrap_or(Timestamp::UNIX_EPOCH);
        listen(&mut backtest, &mut waiting, last);
        let case = backtest.case();
        waiting.finish(case.estate(), case.directory())?;
        plan::check_withdrawals(case.estate(), self.planning)?;
        Ok(backtest.finish(
            rules.rules(),
            Measured {
                files: logs.names,
                unreadable,
                seconds: begun.elapsed().as_secs_f64(),
            },
        ))
    }
}

/// Takes to heart what was said of names that have become known.
fn listen(backtest: &mut Backtest<'_>, waiting: &mut Waiting, time: Timestamp) {
    let case = backtest.case();
    for (entity, word) in waiting.ready(case.estate(), case.directory()) {
        let begun = Instant::now();
        match word {
            Word::GivenUp => backtest.constraints_mut().give_up.push(entity),
            Word::Held | Word::Clean => backtest.on_pin(entity, word == Word::Held, time, &mut || {
                begun.elapsed().as_secs_f64()
            }),
        }
    }
}

fn seconds(decision: f64) -> Result<f64, Failure> {
    if decision.is_finite() && decision >= 0.0 {
        return Ok(decision);
    }
    Err(Failure::input(format!(
        "--decision {decision}: write a number of seconds from 0 on"
    )))
}

fn read_truth(path: &Path) -> Result<Truth, Failure> {
    serde_json::from_str(&text(path)?).map_err(|error| {
        Failure::input(format!(
            "{}:{}:{}: not a truth file: {error}\nIts members are dataset, window, compromised_accounts, \
             compromised_hosts, hosts and steps.",
            path.display(),
            error.line(),
            error.column()
        ))
    })
}

/// Writes the report of a replay, if there was a plan.
pub(crate) fn write_report(
    path: &Path,
    title: &str,
    document: &BacktestDocument,
    console: &Console,
) -> Result<(), Failure> {
    let Some(plan) = &document.plan_document else {
        console.warn("no plan was made, so there is no report");
        return Ok(());
    };
    let title = match document.dataset.as_str() {
        "" => title.to_owned(),
        named => named.to_owned(),
    };
    let reasons = night::reasons(document);
    let (moments, run) = (night::moments(document), night::figures(document));
    let page = report::page(&report::Report {
        title,
        plan,
        reasons: &reasons,
        moments,
        run,
    });
    output::write_file(path, page.as_bytes())
}

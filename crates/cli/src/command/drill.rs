//! `cordon drill`: a rehearsal on the built-in retailer, nothing real touched.

use std::path::{Path, PathBuf};

use clap::Args;
use cordon_estate::Estate;
use cordon_sim::drill;
use cordon_sim::northgate::{self, Options};

use super::backtest::{self, Replay};
use super::estate::store_range;
use super::plan::{self, Planning};
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::logs::LogArguments;
use crate::input::rules::RuleArguments;
use crate::{output, render};

const EXAMPLES: &str = "\
Examples:
  cordon drill
  cordon drill --seed 7 --stores 200 --report drill/report.html
  cordon drill --json | jq '.plan_document.baselines'";

/// Rehearse an intrusion on the built-in retailer: its logs, the plan, the comparison
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Drill {
    /// Decides who plays which part; the same seed gives the same night
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Food stores of the retailer, 10 to 20,000
    #[arg(long, default_value_t = 2300, value_parser = clap::value_parser!(u32).range(store_range()))]
    stores: u32,
    /// Ordinary log records amid which the intruder's stand
    #[arg(long, value_name = "RECORDS", default_value_t = 100_000)]
    events: u32,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    planning: Planning,
    /// Write the logs, the truth and the plan to this folder
    #[arg(long, short, value_name = "DIR", default_value = "drill")]
    output: PathBuf,
    /// Write a report of one self-contained HTML page [default: report.html in the folder]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Drill, console: &Console) -> Result<Answer, Failure> {
    let folder = &arguments.output;
    let logs = folder.join("logs");
    output::make_folder(&logs)?;
    let report = arguments
        .report
        .clone()
        .unwrap_or_else(|| folder.join("report.html"));
    output::check_writable(&report)?;
    console.note(&format!("building Northgate with {} stores", arguments.stores));
    let options = Options {
        seed: arguments.seed,
        stores: arguments.stores,
        ..Options::default()
    };
    let estate = northgate::generate(&options);
    write_logs(&estate, arguments, options.epoch, &logs)?;
    let truth = folder.join("truth.json");
    let replay = Replay {
        base: estate,
        rules: &arguments.rules,
        truth: Some(&truth),
        logs: &LogArguments {
            logs: vec![logs.clone()],
            timezone: None,
            map: None,
        },
        planning: &arguments.planning,
        decision_seconds: 0.0,
    };
    let document = replay.run(console)?;
    backtest::write_report(&report, "Drill", &document, console)?;
    let plan_path = folder.join("plan.json");
    if let Some(plan) = &document.plan_document {
        output::write_file(&plan_path, plan::json(plan)?.as_bytes())?;
    }
    if console.json {
        console.print_json(&document)?;
        return Ok(Answer::Yes);
    }
    let text = render::backtest::screen(&document, console.width, console.paint);
    let places = format!(
        "Written: logs, truth.json and plan.json to {}, the report to {}\n",
        folder.display(),
        report.display()
    );
    console.print(&format!("{text}\n{places}"))?;
    Ok(Answer::Yes)
}

fn write_logs(
    estate: &Estate,
    arguments: &Drill,
    start: jiff::Timestamp,
    folder: &Path,
) -> Result<(), Failure> {
    let script = drill::script(estate, arguments.seed, start)
        .ok_or_else(|| Failure::Bug("the built-in retailer has no part for the intruder".to_owned()))?;
    for file in drill::logs(estate, &script, arguments.events) {
        output::write_file(&folder.join(&file.name), &file.bytes)?;
    }
    let truth = serde_json::to_string_pretty(&script.truth)
        .map_err(|error| Failure::Bug(format!("cannot write the truth as JSON: {error}")))?;
    output::write_file(&arguments.output.join("truth.json"), (truth + "\n").as_bytes())
}

//! `cordon estate learn`: an estate from what logs show in use.

use std::path::PathBuf;

use clap::Args;
use cordon_estate::learn::Learner;
use cordon_evidence::activity::Pairing;
use cordon_evidence::record::Record;
use jiff::Timestamp;
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::estate;
use crate::input::logs::{self, LogArguments};
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon estate learn /var/log/winlogbeat -o learned
  cordon estate learn logs --estate estate --until 2026-03-01T00:00:00Z -o estate-with-use";

/// Learn systems, accounts, zones and access in actual use from logs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Learn {
    #[command(flatten)]
    logs: LogArguments,
    /// Add what is learned to this estate [default: begin with nothing]
    #[arg(long, value_name = "DIR")]
    estate: Option<PathBuf>,
    /// Learn nothing from after this instant, such as when the intruder came
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Write the estate to this folder
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Replace the estate that is in the folder
    #[arg(long)]
    force: bool,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Learned {
    output: String,
    files: usize,
    events: u64,
    unreadable: u64,
    accounts: usize,
    systems: usize,
    zones: usize,
    accesses: usize,
}

pub(crate) fn run(arguments: &Learn, console: &Console) -> Result<Answer, Failure> {
    super::check_folder(&arguments.output, arguments.force)?;
    let base = estate::load(arguments.estate.as_deref(), console)?;
    let mut logs = logs::open(&arguments.logs, None, console)?;
    let mut learner = Learner::new(base, arguments.until);
    let mut progress = console.progress("learning", logs.bytes_total);
    let mut pairing = Pairing::new();
    let mut record = Record::default();
    while logs.stream.next_into(&mut record) {
        pairing.activities(&record, &mut |activity| learner.observe(&activity));
        progress.at(logs.bytes_read.load(std::sync::atomic::Ordering::Relaxed));
    }
    drop(progress);
    let estate = learner.into_estate();
    let files = super::write(&estate, &arguments.output)?;
    let report = logs.stream.report();
    if console.json {
        return console
            .print_json(&Learned {
                output: arguments.output.display().to_string(),
                files,
                events: report.events,
                unreadable: report.unreadable,
                accounts: estate.accounts.len(),
                systems: estate.systems.len(),
                zones: estate.zones.len(),
                accesses: estate.accesses.len(),
            })
            .map(|()| Answer::Yes);
    }
    let text = render::estate::screen(&estate, console.width, console.paint);
    console.print(&format!("{text}\nWritten to {}.\n", arguments.output.display()))?;
    Ok(Answer::Yes)
}

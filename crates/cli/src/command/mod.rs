//! One file per command: what it accepts, and what it does with it.

mod backtest;
pub(crate) mod carry;
mod completions;
mod detect;
mod drill;
mod estate;
pub(crate) mod ledger;
mod man;
mod plan;
mod verify;
mod watch;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::console::{ColourChoice, Console};
use crate::failure::{Answer, EXIT_BUG, EXIT_CODES, Failure};

/// Choose, in seconds, the least access to withdraw so that an intruder reaches nothing that matters and the
/// business keeps trading; and prove it.
#[derive(Debug, Parser)]
#[command(name = "cordon", version, after_help = EXIT_CODES, max_term_width = 100)]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    command: Command,
}

/// What every command accepts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct General {
    /// Write one JSON document (or one per line, for streams) to standard output and nothing else
    #[arg(long, global = true)]
    json: bool,
    /// Colour the output: on a terminal without NO_COLOR, always, or never
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true)]
    color: ColourChoice,
    /// Show no progress and no notes
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Drill(drill::Drill),
    Detect(detect::Detect),
    Watch(Box<watch::WatchCommand>),
    Plan(plan::Plan),
    Verify(verify::Verify),
    Backtest(backtest::BacktestCommand),
    Estate(estate::EstateCommand),
    Approve(carry::approve::Approve),
    Apply(carry::apply::Apply),
    Status(carry::status::Status),
    Renew(carry::renew::Renew),
    Resume(carry::resume::Resume),
    Lift(carry::lift::Lift),
    Doctor(carry::doctor::Doctor),
    Ledger(ledger::LedgerCommand),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the command line to its end and says how it ended.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let parsed = match CommandLine::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    let general = &parsed.general;
    let console = Console::new(general.color, general.json, general.quiet);
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| dispatch(&parsed.command, &console)));
    match ended {
        Ok(Ok(answer)) => answer.exit_code(),
        Ok(Err(failure)) => tell(&failure, &console),
        Err(_) => ExitCode::from(EXIT_BUG),
    }
}

fn dispatch(command: &Command, console: &Console) -> Result<Answer, Failure> {
    match command {
        Command::Drill(arguments) => drill::run(arguments, console),
        Command::Backtest(arguments) => backtest::run(arguments, console),
        Command::Detect(arguments) => detect::run(arguments, console),
        Command::Watch(arguments) => watch::run(arguments, console),
        Command::Plan(arguments) => plan::run(arguments, console),
        Command::Verify(arguments) => verify::run(arguments, console),
        Command::Estate(arguments) => estate::run(arguments, console),
        Command::Approve(arguments) => carry::approve::run(arguments, console),
        Command::Apply(arguments) => carry::apply::run(arguments, console),
        Command::Status(arguments) => carry::status::run(arguments, console),
        Command::Renew(arguments) => carry::renew::run(arguments, console),
        Command::Resume(arguments) => carry::resume::run(arguments, console),
        Command::Lift(arguments) => carry::lift::run(arguments, console),
        Command::Doctor(arguments) => carry::doctor::run(arguments, console),
        Command::Ledger(arguments) => ledger::run(arguments, console),
        Command::Completions(arguments) => completions::run(arguments, console),
        Command::Man(arguments) => man::run(arguments, console),
    }
}

/// Help and version go to standard output and are done; anything else is wrong use.
fn usage(error: &clap::Error) -> ExitCode {
    let asked_for_help = !error.use_stderr();
    // A closed pipe is the reader's choice.
    let _ = error.print();
    ExitCode::from(if asked_for_help { 0 } else { 2 })
}

fn tell(failure: &Failure, console: &Console) -> ExitCode {
    match failure {
        Failure::BrokenPipe => {}
        Failure::Bug(what) => console.error(&format!("{what}\n{REPORT_IT}")),
        Failure::Input(_) | Failure::Store(_) | Failure::Point(_) => console.error(&failure.to_string()),
    }
    failure.exit_code()
}

/// What to do about a bug.
const REPORT_IT: &str =
    "This is a bug in Cordon, not in what you gave it. Please report it with this text and the command line.";

fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let what = panic
        .payload()
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.payload().downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let text = format!(
        "error: {what} ({place}, version {})\n{REPORT_IT}\n",
        env!("CARGO_PKG_VERSION")
    );
    // Nobody can be told that standard error is gone.
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
}

/// The definition of the command line, for help, completions and the man page.
pub(crate) fn definition() -> clap::Command {
    CommandLine::command()
}

//! `cordon ledger`: the record of what was decided and done.

mod checkpoint;
mod export;
mod key;
mod show;
pub(crate) mod verify;
pub(crate) mod whole;

use clap::{Args, Subcommand};

use crate::console::Console;
use crate::failure::{Answer, Failure};

/// Verify, show, export or sign the record of what was decided and done
#[derive(Debug, Args)]
pub(crate) struct LedgerCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    Show(show::Show),
    Export(export::Export),
    Checkpoint(checkpoint::Checkpoint),
    Key(key::Key),
}

pub(crate) fn run(arguments: &LedgerCommand, console: &Console) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments, console),
        Command::Show(arguments) => show::run(arguments, console),
        Command::Export(arguments) => export::run(arguments, console),
        Command::Checkpoint(arguments) => checkpoint::run(arguments, console),
        Command::Key(arguments) => key::run(arguments, console),
    }
}

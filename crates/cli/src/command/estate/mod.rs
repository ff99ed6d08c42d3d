//! `cordon estate`: the organisation as Cordon knows it.

mod check;
mod generate;
mod import;
mod learn;
mod schema;
mod show;

use std::path::Path;

use clap::{Args, Subcommand};
use cordon_estate::Estate;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output;

pub(crate) use generate::store_range;

/// Look at, check, make or learn an estate: the organisation as Cordon knows it
#[derive(Debug, Args)]
pub(crate) struct EstateCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Show(show::Show),
    Import(import::Import),
    Learn(learn::Learn),
    Generate(generate::Generate),
    Schema(schema::Schema),
}

pub(crate) fn run(arguments: &EstateCommand, console: &Console) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, console),
        Command::Show(arguments) => show::run(arguments, console),
        Command::Import(arguments) => import::run(arguments, console),
        Command::Schema(arguments) => schema::run(arguments, console),
        Command::Learn(arguments) => learn::run(arguments, console),
        Command::Generate(arguments) => generate::run(arguments, console),
    }
}

/// Writes an estate as YAML files into a folder and says how many.
pub(crate) fn write(estate: &Estate, folder: &Path) -> Result<usize, Failure> {
    output::make_folder(folder)?;
    let files = cordon_estate::load::to_yaml(estate);
    for (name, text) in &files {
        output::write_file(&folder.join(name), text.as_bytes())?;
    }
    Ok(files.len())
}

//! `cordon estate`: the organisation as Cordon knows it.

mod check;
mod generate;
mod import;
mod learn;
mod schema;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cordon_estate::Estate;
use cordon_estate::load::{FILE_NAMES, is_estate_file, to_yaml};

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::{input, output};

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

/// Makes the folder for an estate, and makes sure that what is written there will not be mixed with another one: a
/// folder is read as a whole. With `replace`, files of names that Cordon gives are to be replaced, and only they.
pub(crate) fn check_folder(folder: &Path, replace: bool) -> Result<(), Failure> {
    output::make_folder(folder)?;
    let mut there: Vec<PathBuf> = input::files(&[folder.to_owned()])?;
    there.retain(|file| is_estate_file(&file.to_string_lossy()));
    let Some(first) = there.first() else { return Ok(()) };
    if !replace {
        return Err(Failure::input(format!(
            "{} has an estate already ({})\nName another folder, or add --force to replace it.",
            folder.display(),
            first.display()
        )));
    }
    let own = |file: &&PathBuf| !FILE_NAMES.iter().any(|name| **file == folder.join(name));
    match there.iter().find(own) {
        None => Ok(()),
        Some(other) => Err(Failure::input(format!(
            "{}: not a file that Cordon writes, and it would be read as part of the new estate\nMove it away, or name \
             another folder.",
            other.display()
        ))),
    }
}

/// Writes an estate as YAML files into a folder that [`check_folder`] has looked at, and says how many.
pub(crate) fn write(estate: &Estate, folder: &Path) -> Result<usize, Failure> {
    let files = to_yaml(estate);
    for (name, text) in &files {
        output::write_file(&folder.join(name), text.as_bytes())?;
    }
    for name in FILE_NAMES {
        if !files.iter().any(|(own, _)| own == name) {
            output::remove_file(&folder.join(name))?;
        }
    }
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_written_can_be_replaced() {
        let estate = cordon_sim::northgate::generate(&cordon_sim::northgate::Options {
            stores: 10,
            ..Default::default()
        });
        for (name, _) in to_yaml(&estate) {
            assert!(FILE_NAMES.contains(&name.as_str()), "{name}");
        }
        assert!(FILE_NAMES.iter().all(|name| is_estate_file(name)));
    }
}

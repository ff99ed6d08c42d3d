//! `cordon man`: the manual, from the same definition as the help.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  cordon man | man -l -
  cordon man -o /usr/local/share/man/man1";

/// Write the manual page to standard output, or one page per command to a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Man {
    /// Write cordon.1, cordon-plan.1 and so on to this folder
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Man, console: &Console) -> Result<Answer, Failure> {
    let mut definition = super::definition();
    definition.build();
    match &arguments.output {
        None => console.print(&String::from_utf8_lossy(&page(&definition)?))?,
        Some(folder) => {
            output::make_folder(folder)?;
            write_pages(&definition, "cordon", folder)?;
        }
    }
    Ok(Answer::Yes)
}

fn page(definition: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(definition.clone())
        .render(&mut text)
        .map_err(|error| Failure::Bug(format!("cannot write the manual: {error}")))?;
    Ok(text)
}

fn write_pages(definition: &clap::Command, name: &str, folder: &std::path::Path) -> Result<(), Failure> {
    output::write_file(&folder.join(format!("{name}.1")), &page(definition)?)?;
    for below in definition
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        write_pages(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(())
}

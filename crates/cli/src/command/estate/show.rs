//! `cordon estate show`: what is in an estate.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::estate;
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon estate show estate
  cordon estate show estate --json | jq '.services[].name'";

/// Show what an estate holds: systems, accounts, services, jewels, enforcement points
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    /// The folder of the estate
    #[arg(value_name = "DIR")]
    estate: PathBuf,
}

pub(crate) fn run(arguments: &Show, console: &Console) -> Result<Answer, Failure> {
    let estate = estate::load(Some(&arguments.estate), console)?;
    if console.json {
        console.print_json(&estate)?;
    } else {
        console.print(&render::estate::screen(&estate, console.width, console.paint))?;
    }
    Ok(Answer::Yes)
}

//! `cordon estate schema`: what an editor needs to complete and check estate files.

use clap::Args;

use crate::console::Console;
use crate::failure::{Answer, Failure};

const EXAMPLES: &str = "\
Examples:
  cordon estate schema > estate.schema.json
  # then, at the head of an estate file:
  # yaml-language-server: $schema=estate.schema.json";

/// Write the JSON Schema of estate files to standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Schema {}

pub(crate) fn run(_: &Schema, console: &Console) -> Result<Answer, Failure> {
    let schema = cordon_estate::schema();
    if console.json {
        console.print_json(&schema)?;
    } else {
        let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::Bug(error.to_string()))?;
        console.print(&(text + "\n"))?;
    }
    Ok(Answer::Yes)
}

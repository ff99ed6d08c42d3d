//! `cordon estate check`: every mistake in an estate, at once.

use std::path::PathBuf;

use clap::Args;
use cordon_estate::load::{Diagnostics, Severity};
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::estate;
use crate::render::quantity::counted;
use crate::render::style::Paint;

const EXAMPLES: &str = "\
Examples:
  cordon estate check estate
  cordon estate check estate --json | jq '.list[] | select(.severity == \"error\")'";

/// Say everything that is wrong with the files of an estate
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The folder of the estate, or one file
    #[arg(value_name = "DIR")]
    estate: PathBuf,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    files: usize,
    errors: usize,
    warnings: usize,
    #[serde(flatten)]
    diagnostics: &'a Diagnostics,
}

pub(crate) fn run(arguments: &Check, console: &Console) -> Result<Answer, Failure> {
    let read = estate::read(&arguments.estate)?;
    let (ok, diagnostics) = match &read.result {
        Ok(loaded) => (true, &loaded.warnings),
        Err(diagnostics) => (false, diagnostics),
    };
    let (errors, warnings) = (
        diagnostics.count(Severity::Error),
        diagnostics.count(Severity::Warning),
    );
    if console.json {
        console.print_json(&Checked {
            ok,
            files: read.files,
            errors,
            warnings,
            diagnostics,
        })?;
    } else {
        let text = diagnostics.render(console.paint == Paint::Colour);
        let verdict = format!(
            "{}: {}, {}, {}\n",
            arguments.estate.display(),
            counted(read.files as u64, "file", "files"),
            counted(errors as u64, "mistake", "mistakes"),
            counted(warnings as u64, "doubt", "doubts"),
        );
        console.print(&(text + &verdict))?;
    }
    Ok(if ok { Answer::Yes } else { Answer::No })
}

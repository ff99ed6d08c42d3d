//! `cordon ledger verify`: is the record whole?

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use cordon_ledger::export::{Line, Reading};
use cordon_ledger::limits::LINE_BYTES_MAX;
use cordon_ledger::{Verified, VerifierKey};
use serde::Serialize;

use super::whole::{Expected, Problem, kept, verify_store};
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::key;
use crate::input::record::Place;
use crate::render;

const EXAMPLES: &str = "\
Examples:
  cordon ledger verify
  cordon ledger verify --checkpoint monday.note --key \"$(cat ledger.pub)\"
  cordon ledger verify export.ndjson --key \"$(cat ledger.pub)\" --json | jq .problem";

/// Check that no entry of the record was changed, taken out or put in, and name the first that was
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// An export to verify instead of a store, as `cordon ledger export` writes it; `-` for standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["state", "database"])]
    export: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// A signed checkpoint, kept elsewhere, that the record must go on from; more than once if need be
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Vec<PathBuf>,
    /// The public key that checkpoints must be signed with, as `cordon ledger key` writes it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Answered {
    pub(crate) whole: bool,
    pub(crate) source: String,
    #[serde(flatten)]
    pub(crate) verified: Option<Verified>,
    pub(crate) checkpoints_signed: u64,
    pub(crate) checkpoints_not_signed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
}

pub(crate) fn run(arguments: &Verify, console: &Console) -> Result<Answer, Failure> {
    let key = arguments.key.as_deref().map(key::public).transpose()?;
    let mut expected = Expected::default();
    let source = match &arguments.export {
        Some(path) if path == Path::new("-") => "standard input".to_owned(),
        Some(path) => path.display().to_string(),
        None => arguments.place.shown()?,
    };
    let verdict = files(arguments, key.as_ref(), &mut expected)?;
    let verdict = match (verdict, &arguments.export) {
        (Err(problem), _) => Err(problem),
        (Ok(()), Some(path)) => verify_export(path, key.as_ref(), &mut expected)?,
        (Ok(()), None) => verify_place(&arguments.place, key.as_ref(), &mut expected)?,
    };
    let (verified, problem) = match verdict {
        Ok(verified) => (Some(verified), None),
        Err(problem) => (None, Some(problem)),
    };
    let answered = Answered {
        whole: problem.is_none(),
        source,
        verified,
        checkpoints_signed: expected.signed,
        checkpoints_not_signed: expected.unsigned,
        problem,
    };
    tell(&answered, console)?;
    Ok(if answered.whole { Answer::Yes } else { Answer::No })
}

fn tell(answered: &Answered, console: &Console) -> Result<(), Failure> {
    if console.json {
        return console.print_json(answered);
    }
    console.print(&render::ledger::verdict(answered, console.width, console.paint))
}

fn files(
    arguments: &Verify,
    key: Option<&VerifierKey>,
    expected: &mut Expected,
) -> Result<Result<(), Problem>, Failure> {
    let Some(key) = key else { return Ok(Ok(())) };
    for path in &arguments.checkpoint {
        if let Err(problem) = expected.add_file(path, key)? {
            return Ok(Err(problem));
        }
    }
    Ok(Ok(()))
}

fn verify_place(
    place: &Place,
    key: Option<&VerifierKey>,
    expected: &mut Expected,
) -> Result<Result<Verified, Problem>, Failure> {
    let store = place.open_to_read()?;
    for note in kept(store.as_ref())? {
        if let Err(problem) = expected.add_kept(&note, key) {
            return Ok(Err(problem));
        }
    }
    verify_store(store.as_ref(), expected.verifying(), |_, _| Ok(()))
}

fn verify_export(
    path: &Path,
    key: Option<&VerifierKey>,
    expected: &mut Expected,
) -> Result<Result<Verified, Problem>, Failure> {
    let mut reading = Reading::expecting(expected.verifying());
    let mut input = open(path)?;
    while let Some(line) = next_line(input.as_mut(), path)? {
        match reading.line(&line) {
            Err(broken) => return Ok(Err(broken.into())),
            Ok(Line::Checkpoint(note)) => {
                if let Err(problem) = expected.add_kept(&note, key) {
                    return Ok(Err(problem));
                }
            }
            Ok(Line::Entry(_) | Line::End) => {}
        }
    }
    Ok(reading.finish().map_err(Problem::from))
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path).map_err(|error| cannot_read(path, &error))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The next line, of which no more is read than any line of an export has. Bytes that are no text become such as no export has.
fn next_line(input: &mut dyn BufRead, path: &Path) -> Result<Option<String>, Failure> {
    let mut bytes = Vec::new();
    let limit = LINE_BYTES_MAX as u64 + 2;
    input
        .take(limit)
        .read_until(b'\n', &mut bytes)
        .map_err(|error| cannot_read(path, &error))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!(
        "cannot read {}: {error}\n`cordon ledger export -o FILE` writes what can be verified.",
        path.display()
    ))
}

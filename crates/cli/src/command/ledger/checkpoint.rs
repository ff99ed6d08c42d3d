//! `cordon ledger checkpoint`: sign how long the record is and what is in it.

use std::path::PathBuf;

use clap::Args;
use cordon_ledger::{SignedNote, Signer, Verified};
use cordon_store::Store;
use serde::Serialize;

use super::whole::{Expected, Problem, kept, verify_store};
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::key;
use crate::input::record::{Place, failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  cordon ledger checkpoint --key ledger.key -o monday.note
  cordon ledger checkpoint --key ledger.key | mail -s checkpoint auditor@example.org";

/// Sign how long the record is and what is in it, to be kept elsewhere: it tells a record that was rewritten
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Checkpoint {
    #[command(flatten)]
    place: Place,
    /// The key to sign with, as `cordon ledger key --new` makes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Write the checkpoint to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The answer as JSON.
#[derive(Serialize)]
struct Signed {
    checkpoint: String,
    entries: u64,
    root: cordon_ledger::Digest,
    key: String,
}

pub(crate) fn run(arguments: &Checkpoint, console: &Console) -> Result<Answer, Failure> {
    let signer = key::secret(&arguments.key)?;
    let mut store = arguments.place.open()?;
    let verified = match verify(store.as_ref(), &signer)? {
        Ok(verified) => verified,
        Err(problem) => {
            refuse(&problem, console);
            return Ok(Answer::No);
        }
    };
    let note = sign(&verified, &signer)?;
    store.keep_checkpoint(&note).map_err(|error| failure(&error))?;
    if let Some(path) = &arguments.output {
        output::write_file(path, note.to_string().as_bytes())?;
    }
    if console.json {
        console.print_json(&Signed {
            checkpoint: note.to_string(),
            entries: verified.head.entries,
            root: verified.root,
            key: signer.public().to_string(),
        })?;
    } else if arguments.output.is_none() {
        console.print(&note.to_string())?;
    }
    Ok(Answer::Yes)
}

/// Nothing is signed that does not go on from what was signed before.
fn verify(store: &dyn Store, signer: &Signer) -> Result<Result<Verified, Problem>, Failure> {
    let mut expected = Expected::default();
    for note in kept(store)? {
        if let Err(problem) = expected.add_kept(&note, Some(signer.public())) {
            return Ok(Err(problem));
        }
    }
    verify_store(store, expected.verifying(), |_, _| Ok(()))
}

/// Signs a whole record under the name of the key.
pub(super) fn sign(verified: &Verified, signer: &Signer) -> Result<SignedNote, Failure> {
    cordon_ledger::Checkpoint::of(verified, signer.public().name())
        .sign(signer)
        .map_err(|error| Failure::Bug(format!("cannot sign a checkpoint: {error}")))
}

/// Says why nothing is signed or exported.
pub(super) fn refuse(problem: &Problem, console: &Console) {
    let place = problem
        .entry
        .map(|index| format!("entry {index}: "))
        .unwrap_or_default();
    console.error(&format!(
        "the record is not whole: {place}{}\nNothing was signed. `cordon ledger verify` checks it again.",
        problem.text
    ));
}

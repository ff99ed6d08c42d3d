//! `cordon ledger export`: the record as lines of JSON, to be verified without the store.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use cordon_ledger::export::{checkpoint_line, end_line};
use cordon_ledger::{Checkpoint, Entry, Signer, Verified};
use cordon_store::Store;
use serde::Serialize;

use super::checkpoint::{refuse, sign};
use super::whole::{Expected, Problem, kept, verify_store};
use crate::console::{Console, stdout_failed};
use crate::failure::{Answer, Failure};
use crate::input::key;
use crate::input::record::Place;

const EXAMPLES: &str = "\
Examples:
  cordon ledger export -o record.ndjson --sign ledger.key
  cordon ledger export | jq 'select(.kind == \"withdrawal.applied\")'";

/// Write every entry with the signed checkpoints as lines of JSON, to be verified anywhere
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    #[command(flatten)]
    place: Place,
    /// Write to a file that only its owner can read, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sign a checkpoint of the whole record with the key in this file, and put it at the end
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
}

/// The answer as JSON, where the export itself goes to a file.
#[derive(Serialize)]
struct Exported<'a> {
    file: &'a Path,
    #[serde(flatten)]
    verified: Verified,
}

pub(crate) fn run(arguments: &Export, console: &Console) -> Result<Answer, Failure> {
    let signer = arguments.sign.as_deref().map(key::secret).transpose()?;
    let store = arguments.place.open_to_read()?;
    let Some(path) = &arguments.output else {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut put = |line: &str| writeln!(out, "{line}").map_err(stdout_failed);
        let answer = write(store.as_ref(), signer.as_ref(), &mut put)?;
        out.flush().map_err(stdout_failed)?;
        return Ok(told(answer.err().as_ref(), console));
    };
    match to_file(path, store.as_ref(), signer.as_ref())? {
        Ok(verified) if console.json => {
            console.print_json(&Exported { file: path, verified })?;
            Ok(Answer::Yes)
        }
        answer => Ok(told(answer.err().as_ref(), console)),
    }
}

fn told(problem: Option<&Problem>, console: &Console) -> Answer {
    let Some(problem) = problem else {
        return Answer::Yes;
    };
    refuse(problem, console);
    Answer::No
}

/// Writes beside the file first, so that no half of an export is ever taken for a whole one.
fn to_file(
    path: &Path,
    store: &dyn Store,
    signer: Option<&Signer>,
) -> Result<Result<Verified, Problem>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::input(format!(
            "cannot write {}: {error}\nName a file in a folder that exists and that you may write to.",
            path.display()
        ))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(cannot)?;
    let mut out = std::io::BufWriter::new(file);
    let mut put = |line: &str| writeln!(out, "{line}").map_err(cannot);
    let answer = write(store, signer, &mut put)?;
    let file = out.into_inner().map_err(|error| cannot(error.into_error()))?;
    if answer.is_ok() {
        file.persist(path).map_err(|error| cannot(error.error))?;
    }
    Ok(answer)
}

/// Writes the lines. The last is written only if the record is whole.
fn write(
    store: &dyn Store,
    signer: Option<&Signer>,
    put: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<Result<Verified, Problem>, Failure> {
    let (mut expected, mut notes) = (Expected::default(), BTreeMap::<u64, Vec<String>>::new());
    for note in kept(store)? {
        let added = expected.add_kept(&note, signer.map(Signer::public));
        let checkpoint = Checkpoint::unverified(&note);
        match (added, checkpoint) {
            (Ok(()), Ok(checkpoint)) => notes
                .entry(checkpoint.entries)
                .or_default()
                .push(note.to_string()),
            (Err(problem), _) => return Ok(Err(problem)),
            (Ok(()), Err(error)) => return Err(Failure::Bug(error.to_string())),
        }
    }
    for note in notes.remove(&0).unwrap_or_default() {
        put(&checkpoint_line(&note))?;
    }
    let verdict = verify_store(store, expected.verifying(), |entry: &Entry, so_far| {
        let line = entry.to_line().map_err(|error| Failure::Bug(error.to_string()))?;
        put(&line)?;
        let here = notes.remove(&so_far.head().entries).unwrap_or_default();
        here.iter().try_for_each(|note| put(&checkpoint_line(note)))
    })?;
    if let Ok(verified) = &verdict {
        if let Some(signer) = signer {
            put(&checkpoint_line(&sign(verified, signer)?.to_string()))?;
        }
        put(&end_line(verified))?;
    }
    Ok(verdict)
}

//! Is the record in a store whole?

use std::path::Path;

use cordon_ledger::{
    BrokenAt, Checkpoint, CheckpointError, Entry, NoteError, SignedNote, Verified, VerifierKey, Verifying,
};
use cordon_store::{Store, StoreError, entries};
use serde::Serialize;

use crate::failure::Failure;
use crate::input::record::failure;
use crate::input::text;

/// Why a record is not what it should be.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// The entry at which it shows, if it is an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<u64>,
    /// What is wrong.
    pub(crate) text: String,
}

impl From<BrokenAt> for Problem {
    fn from(broken: BrokenAt) -> Self {
        Self {
            entry: Some(broken.index),
            text: broken.why.to_string(),
        }
    }
}

/// Checkpoints whose roots a record must have.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// How many this key signed.
    pub(crate) signed: u64,
    /// How many it did not.
    pub(crate) unsigned: u64,
    roots: Vec<Checkpoint>,
}

impl Expected {
    /// Adds a checkpoint that lies beside the record: what others signed is expected too, but counted apart.
    pub(crate) fn add_kept(&mut self, note: &SignedNote, key: Option<&VerifierKey>) -> Result<(), Problem> {
        let checkpoint = Checkpoint::unverified(note).map_err(|error| problem(&error.to_string()))?;
        match key.map(|key| note.verify(key)) {
            Some(Ok(())) => self.signed += 1,
            None | Some(Err(NoteError::Unsigned)) => self.unsigned += 1,
            Some(Err(error)) => {
                let entries = checkpoint.entries;
                return Err(problem(&format!("the checkpoint of {entries} entries: {error}")));
            }
        }
        self.roots.push(checkpoint);
        Ok(())
    }

    /// Adds a checkpoint that was kept elsewhere, and that the key must have signed.
    pub(crate) fn add_file(
        &mut self,
        path: &Path,
        key: &VerifierKey,
    ) -> Result<Result<(), Problem>, Failure> {
        match Checkpoint::open(&text(path)?, key) {
            Ok(checkpoint) => {
                self.signed += 1;
                self.roots.push(checkpoint);
                Ok(Ok(()))
            }
            Err(
                error
                @ (CheckpointError::Form | CheckpointError::Note(NoteError::Form | NoteError::TooLarge)),
            ) => Err(Failure::input(format!(
                "{}: {error}\n`cordon ledger checkpoint` writes one.",
                path.display()
            ))),
            Err(error) => Ok(Err(problem(&format!("{}: {error}", path.display())))),
        }
    }

    /// A verification that demands them.
    pub(crate) fn verifying(&self) -> Verifying {
        let mut verifying = Verifying::new();
        for checkpoint in &self.roots {
            verifying.expect_root(checkpoint.entries, checkpoint.root);
        }
        verifying
    }
}

fn problem(text: &str) -> Problem {
    Problem {
        entry: None,
        text: text.to_owned(),
    }
}

/// Verifies a store from its first entry to its last, and hands over each entry that is good, with the verification so far.
pub(crate) fn verify_store(
    store: &dyn Store,
    mut verifying: Verifying,
    mut good: impl FnMut(&Entry, &Verifying) -> Result<(), Failure>,
) -> Result<Result<Verified, Problem>, Failure> {
    for entry in entries(store, 0) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(StoreError::Broken(broken)) => return Ok(Err(broken.into())),
            Err(error) => return Err(failure(&error)),
        };
        if let Err(broken) = verifying.push(&entry) {
            return Ok(Err(broken.into()));
        }
        good(&entry, &verifying)?;
    }
    Ok(verifying.finish().map_err(Problem::from))
}

/// The checkpoints that a store keeps.
pub(crate) fn kept(store: &dyn Store) -> Result<Vec<SignedNote>, Failure> {
    store.checkpoints().map_err(|error| failure(&error))
}

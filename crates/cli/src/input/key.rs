//! Keys that sign checkpoints.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use cordon_ledger::{Signer, VerifierKey};

use super::{cannot_read, text};
use crate::failure::Failure;

/// Others may read, write or run.
const OPEN_TO_OTHERS: u32 = 0o077;

/// Makes a key and keeps it in a new file that only its owner reads.
pub(crate) fn make(path: &Path, name: &str) -> Result<Signer, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::Bug(format!("the system gives no random bytes: {error}")))?;
    let signer = Signer::from_seed(name, &seed).map_err(|error| {
        Failure::input(format!(
            "--name {name}: {error}\nUse a name like a host's, as cordon.example.org."
        ))
    })?;
    seed.fill(0);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all((signer.secret_text() + "\n").as_bytes())?;
            file.sync_all()
        })
        .map_err(|error| {
            Failure::input(format!(
                "cannot make the key {}: {error}\nName a file that is not there, in a folder that you may write to.",
                path.display()
            ))
        })?;
    Ok(signer)
}

/// Reads a key that only its owner may read.
pub(crate) fn secret(path: &Path) -> Result<Signer, Failure> {
    let metadata = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    if metadata.mode() & OPEN_TO_OTHERS != 0 {
        return Err(Failure::input(format!(
            "others may read the key {0}\nRun `chmod 600 {0}`; if somebody may have read it, make a new one.",
            path.display()
        )));
    }
    Signer::from_secret_text(text(path)?.trim_end()).map_err(|error| {
        Failure::input(format!(
            "{}: {error}\n`cordon ledger key --new FILE` makes one.",
            path.display()
        ))
    })
}

/// A public key as written on the command line.
pub(crate) fn public(words: &str) -> Result<VerifierKey, Failure> {
    words.parse().map_err(|error| {
        Failure::input(format!(
            "--key {words}: {error}\n`cordon ledger key --show FILE` writes the public key of a private one."
        ))
    })
}

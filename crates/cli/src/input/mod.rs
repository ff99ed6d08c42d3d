//! What commands are given: logs, rules, estates, names of entities.

pub(crate) mod entity;
pub(crate) mod estate;
pub(crate) mod evidence;
pub(crate) mod graph;
pub(crate) mod key;
pub(crate) mod logs;
pub(crate) mod record;
pub(crate) mod rules;
pub(crate) mod waiting;
mod walk;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cordon_estate::limits::UNPACKED_BYTES_MAX;
use cordon_evidence::read::decompressed;

use crate::failure::Failure;

/// A file or folder that cannot be read, with what to do next.
fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    let next = match error.kind() {
        std::io::ErrorKind::NotFound => "Check the spelling and the folder you are in.",
        std::io::ErrorKind::PermissionDenied => {
            "Ask for the right to read it, or run as somebody who has it."
        }
        _ => "Check that it is a file or folder that can be read.",
    };
    Failure::input(format!("cannot read {}: {error}\n{next}", path.display()))
}

/// The files named, and those in the folders named.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(walk::files(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The whole of a file, decompressed if it is compressed with gzip or zstd.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| decompressed(Box::new(file)))
        .and_then(|input| input.take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot_read(path, &error))?;
    if bytes.len() as u64 > UNPACKED_BYTES_MAX {
        return Err(Failure::input(format!(
            "{}: more than {} GiB\nSplit it, and give its parts.",
            path.display(),
            UNPACKED_BYTES_MAX >> 30
        )));
    }
    Ok(bytes)
}

/// The whole of a text file, decompressed if it is compressed.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = bytes(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error
            .as_bytes()
            .iter()
            .take(good)
            .filter(|byte| **byte == b'\n')
            .count();
        Failure::input(format!(
            "{}:{line}: not UTF-8 text\nSave the file as UTF-8, or name another file.",
            path.display()
        ))
    })
}

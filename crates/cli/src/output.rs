//! Files that commands write. A file is complete or it is not there.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Writes a whole file, beside it first and then in its place, so that no half of it is ever seen.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if is_special(path) {
        return std::fs::write(path, bytes).map_err(|error| cannot_write(path, &error));
    }
    let beside = beside(path);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // Nothing to do if the rest cannot be removed: the error that counts is the first.
        let _ = std::fs::remove_file(&beside);
        cannot_write(path, &error)
    })
}

/// Finds out before long work whether a file could be written, without changing it.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    if is_special(path) {
        return Ok(());
    }
    let beside = beside(path);
    std::fs::File::create(&beside)
        .and_then(|_| std::fs::remove_file(&beside))
        .map_err(|error| cannot_write(path, &error))
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::input(format!(
            "cannot remove {}: {error}\nRemove it yourself: it is of an older estate.",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| {
        Failure::input(format!(
            "cannot make the folder {}: {error}\nName a folder that you may write to.",
            path.display()
        ))
    })
}

/// Devices and pipes are written to as they are.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!(
        "cannot write {}: {error}\nName a file in a folder that exists and that you may write to.",
        path.display()
    ))
}

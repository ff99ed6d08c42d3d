//! Every file below a folder, in an order that does not depend on the file system.

use std::path::{Path, PathBuf};

use super::cannot_read;
use crate::failure::Failure;

/// Deepest nesting of folders that is followed: deeper ones are a mistake or a loop.
const DEPTH_MAX: usize = 32;

/// Most files taken from one folder: beyond it somebody named the wrong folder.
const FILES_MAX: usize = 1_000_000;

/// The files below a folder, sorted, hidden ones left out; links to folders are not followed.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    enter(folder, 0, &mut found)?;
    Ok(found)
}

fn enter(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if depth > DEPTH_MAX || found.len() > FILES_MAX {
        return Err(Failure::input(format!(
            "{}: more than {DEPTH_MAX} folders deep, or more than {FILES_MAX} files\nName the folder that holds the \
             files you mean.",
            folder.display()
        )));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| cannot_read(folder, &error))?;
        let kind = entry
            .file_type()
            .map_err(|error| cannot_read(&entry.path(), &error))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push((entry.path(), kind.is_dir()));
        }
    }
    paths.sort();
    for (path, is_folder) in paths {
        if is_folder {
            enter(&path, depth + 1, found)?;
        } else if path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// True if the file's name ends so, compared without case.
pub(super) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let own = path
        .extension()
        .map(|own| own.to_string_lossy().to_ascii_lowercase());
    own.is_some_and(|own| extensions.contains(&own.as_str()))
}

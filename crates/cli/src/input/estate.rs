//! Estates: a folder of YAML files, or one file.

use std::path::Path;

use cordon_estate::Estate;
use cordon_estate::load::{Diagnostics, Severity};

use super::{text, walk};
use crate::console::Console;
use crate::failure::Failure;

/// What came of reading an estate.
pub(crate) struct Read {
    /// How many files were read.
    pub(crate) files: usize,
    /// The estate, or everything that is wrong with it.
    pub(crate) result: Result<cordon_estate::load::Loaded, Diagnostics>,
}

/// Reads the estate files of a folder and leaves judging them to the caller.
pub(crate) fn read(path: &Path) -> Result<Read, Failure> {
    let paths = if path.is_dir() {
        walk::files(path)?
    } else {
        vec![path.to_owned()]
    };
    let mut files = Vec::new();
    for file in paths
        .iter()
        .filter(|file| !path.is_dir() || cordon_estate::load::is_estate_file(&file.to_string_lossy()))
    {
        files.push((file.display().to_string(), text(file)?));
    }
    if files.is_empty() {
        return Err(Failure::input(format!(
            "{}: no estate file (*.yaml) in this folder\nSee `cordon estate generate --help` for an example to start \
             from.",
            path.display()
        )));
    }
    let borrowed: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let mut result = cordon_estate::load::load(&borrowed);
    if let Ok(loaded) = &mut result {
        for source in &mut loaded.estate.sources {
            *source = within(source, path);
        }
    }
    Ok(Read {
        files: files.len(),
        result,
    })
}

/// The name of a file in its estate, which is the same however the folder was written: plans are tied to it.
fn within(source: &str, estate: &Path) -> String {
    let source = Path::new(source);
    let inside = source
        .strip_prefix(estate)
        .ok()
        .filter(|inside| *inside != Path::new(""));
    let name = inside
        .or_else(|| source.file_name().map(Path::new))
        .unwrap_or(source);
    name.to_string_lossy().into_owned()
}

/// The estate of a folder; an empty one if none is named. Mistakes are a failure, doubts a warning.
pub(crate) fn load(path: Option<&Path>, console: &Console) -> Result<Estate, Failure> {
    let Some(path) = path else {
        return Ok(Estate::default());
    };
    match read(path)?.result {
        Ok(loaded) => {
            let doubts = loaded.warnings.count(Severity::Warning);
            if doubts > 0 {
                console.warn(&format!(
                    "{}: {doubts} doubtful entries; `cordon estate check {}` shows them",
                    path.display(),
                    path.display()
                ));
            }
            Ok(loaded.estate)
        }
        Err(diagnostics) => Err(Failure::input(format!(
            "{}: {} mistakes in the estate\n{diagnostics}",
            path.display(),
            diagnostics.count(Severity::Error)
        ))),
    }
}

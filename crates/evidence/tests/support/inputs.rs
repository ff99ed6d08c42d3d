//! Logs and rules for tests and benchmarks, of this crate and of those above it: recorded intrusions where they are
//! at hand, SigmaHQ's rules, and bytes in memory.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "helpers of tests; each uses some, may fail, and says why it is skipped"
)]

use std::fs::File;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_evidence::read::{Options, RecordStream, Source};
use cordon_evidence::record::FileId;
use cordon_evidence::sigma::RuleSet;

/// A part of the development data, in the folder that `CORDON_DATA` names or in `../shared/data` beside the
/// repository; says so if it is not there.
pub(crate) fn data(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("CORDON_DATA").map_or(beside, PathBuf::from);
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {part} here; set CORDON_DATA to a folder that has it");
    None
}

/// A recording, or a folder of recordings.
pub(crate) fn recording(name: &str) -> Option<PathBuf> {
    data("recordings").map(|folder| folder.join(name))
}

/// Every file below a folder whose name ends so, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// SigmaHQ's rules.
pub(crate) fn sigma() -> Option<Arc<RuleSet>> {
    let texts = rule_texts(&data("sigma")?);
    Some(Arc::new(RuleSet::load(&texts, NonZeroUsize::new(2).unwrap())))
}

/// The rule files below a folder as (name, text).
pub(crate) fn rule_texts(folder: &Path) -> Vec<(String, String)> {
    let text = |path: &PathBuf| (path.display().to_string(), std::fs::read_to_string(path).unwrap());
    files(folder, ".yml").iter().map(text).collect()
}

/// The records of some files, which are numbered in their order.
pub(crate) fn stream(paths: &[PathBuf], options: Options) -> RecordStream {
    let sources = paths.iter().zip(0..).map(|(path, number)| {
        let path = path.clone();
        Source {
            name: path.display().to_string(),
            file: FileId(number),
            receipt: None,
            open: Box::new(move || Ok(Box::new(File::open(&path)?))),
        }
    });
    RecordStream::new(sources.collect(), options)
}

/// The records of some files in memory, given as (name, bytes) and numbered in their order.
pub(crate) fn in_memory(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> RecordStream {
    let sources = files.into_iter().zip(0..).map(|((name, bytes), number)| Source {
        name,
        file: FileId(number),
        receipt: None,
        open: Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))),
    });
    RecordStream::new(sources.collect(), Options::default())
}

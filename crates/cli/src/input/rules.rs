//! Sigma rules: folders and files of YAML, or the starter pack.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use cordon_evidence::sigma::{RuleSet, starter_pack};

use super::{cannot_read, walk};
use crate::console::Console;
use crate::failure::Failure;

/// Rejected rules that are named; the rest are counted.
const REJECTED_SHOWN: usize = 5;

/// Which rules to look for.
#[derive(Debug, Args)]
pub(crate) struct RuleArguments {
    /// Sigma rules: a file or folder of YAML, more than once if need be [default: the starter pack]
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
}

/// Loads the rules and says which cannot be used.
pub(crate) fn load(arguments: &RuleArguments, console: &Console) -> Result<Arc<RuleSet>, Failure> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let set = if arguments.rules.is_empty() {
        RuleSet::load(starter_pack(), threads)
    } else {
        RuleSet::load(&files(&arguments.rules)?, threads)
    };
    let report = set.report();
    for rejected in report.rejected.iter().take(REJECTED_SHOWN) {
        let title = rejected
            .title
            .as_ref()
            .map(|title| format!(" ({title})"))
            .unwrap_or_default();
        console.warn(&format!(
            "{}{title}: rule not used: {}",
            rejected.file, rejected.reason
        ));
    }
    let rest = report.rejected.len().saturating_sub(REJECTED_SHOWN);
    if rest > 0 {
        console.warn(&format!("{rest} more rules are not used"));
    }
    if set.rules().is_empty() && !arguments.rules.is_empty() {
        return Err(Failure::input(
            "no usable rule found\nName a folder of Sigma rules (*.yml), or leave out --rules for the starter pack.",
        ));
    }
    Ok(Arc::new(set))
}

fn files(paths: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in walk::files(path)? {
                if walk::has_extension(&file, &["yml", "yaml"]) {
                    files.push(read(&file)?);
                }
            }
        } else {
            files.push(read(path)?);
        }
    }
    Ok(files)
}

/// A rule file that is no UTF-8 is read with replacement characters, and rejected by the parser if that matters.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
    Ok((
        path.display().to_string(),
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

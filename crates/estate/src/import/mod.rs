//! Estates from what other tools export.
//!
//! An importer takes bytes and returns what it could read with a report of the rest: what was skipped is counted, with
//! its reason and first places, and never fatal.

pub mod bloodhound;
pub mod csv;
pub mod edges;
mod graph;
mod report;

pub use report::{ImportReport, Imported, Skipped};

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive cannot be opened.
    #[error(
        "{name}: not a zip archive that can be read ({reason}); export it again, or unpack it and give its files"
    )]
    Archive {
        /// The file.
        name: String,
        /// What the reader said.
        reason: String,
    },
    /// There is nothing in the files that this importer knows.
    #[error("nothing to import: {help}")]
    Nothing {
        /// What was expected.
        help: &'static str,
    },
    /// A column that the mapping names is not there.
    #[error("{name}: no column `{column}`; its columns are {columns}")]
    Column {
        /// The file.
        name: String,
        /// The column that was asked for.
        column: String,
        /// Those that are there.
        columns: String,
    },
}

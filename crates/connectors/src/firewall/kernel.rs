//! Speaks to the kernel through `nft` and `conntrack`.

use std::time::Instant;

use cordon_act::{PointError, PointErrorKind};
use serde_json::Value;

use super::listing::Listing;
use super::transaction::{FAMILY, TABLE};
use crate::program::{Output, RunError, run};

/// Runs the programs, here or behind the configured words.
#[derive(Debug)]
pub(crate) struct Kernel {
    via: Vec<String>,
}

impl Kernel {
    /// A kernel that is reached by putting `via` before each command.
    pub(crate) const fn new(via: Vec<String>) -> Self {
        Self { via }
    }

    /// Cordon's table as it stands.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if it cannot be read, [`PointErrorKind::Denied`] without the right to.
    pub(crate) fn list(&self, until: Instant) -> Result<Listing, PointError> {
        // The tables are asked for first: an error text does not tell a missing table from a missing firewall.
        let tables = self.ask(&["nft", "-j", "list", "tables", FAMILY], until)?;
        let stands = tables
            .get("nftables")
            .and_then(Value::as_array)
            .ok_or_else(|| garbled("a list of tables was asked for"))?
            .iter()
            .any(|object| object.pointer("/table/name").and_then(Value::as_str) == Some(TABLE));
        if !stands {
            return Ok(Listing::default());
        }
        let table = self.ask(&["nft", "-j", "list", "table", FAMILY, TABLE], until)?;
        if table.get("nftables").and_then(Value::as_array).is_none() {
            return Err(garbled("a table was asked for"));
        }
        Ok(Listing::read(&table))
    }

    fn ask(&self, words: &[&str], until: Instant) -> Result<Value, PointError> {
        let output = self
            .run(words, b"", until)
            .map_err(|error| not_run(&error, PointErrorKind::Target))?;
        if !output.success {
            return Err(refused(&output));
        }
        serde_json::from_slice(&output.said).map_err(|_| garbled("JSON was asked for"))
    }

    /// Carries out one transaction.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if the kernel refused it (then nothing was changed), [`PointErrorKind::Unknown`] if nothing
    /// came back.
    pub(crate) fn change(&self, transaction: &Value, until: Instant) -> Result<(), PointError> {
        let output = self
            .run(
                &["nft", "-j", "-f", "-"],
                transaction.to_string().as_bytes(),
                until,
            )
            .map_err(|error| not_run(&error, PointErrorKind::Unknown))?;
        if output.success {
            return Ok(());
        }
        Err(refused(&output))
    }

    /// Deletes what the connection tracker knows by `filter`. That there is nothing is success.
    ///
    /// # Errors
    /// [`PointError`] if it could not be done.
    pub(crate) fn forget(&self, filter: &[String], until: Instant) -> Result<(), PointError> {
        let mut words = vec!["conntrack", "-D"];
        words.extend(filter.iter().map(String::as_str));
        let output = self
            .run(&words, b"", until)
            .map_err(|error| not_run(&error, PointErrorKind::Unknown))?;
        if output.success || output.complaint.contains("0 flow entries have been deleted") {
            return Ok(());
        }
        Err(refused(&output))
    }

    fn run(&self, words: &[&str], input: &[u8], until: Instant) -> Result<Output, RunError> {
        let mut all = self.via.clone();
        all.extend(words.iter().map(|word| (*word).to_owned()));
        run(&all, input, until)
    }
}

fn garbled(what: &str) -> PointError {
    PointError::new(
        PointErrorKind::Target,
        format!("{what}, and something else came back"),
    )
}

fn not_run(error: &RunError, late: PointErrorKind) -> PointError {
    let kind = match error {
        RunError::Missing(_) | RunError::Start(..) => PointErrorKind::Config,
        RunError::Late(_) | RunError::Oversized(_) => late,
    };
    PointError::new(kind, error)
}

fn refused(output: &Output) -> PointError {
    let denied = ["Operation not permitted", "Permission denied"];
    let kind = if denied.iter().any(|text| output.complaint.contains(text)) {
        PointErrorKind::Denied
    } else {
        PointErrorKind::Target
    };
    PointError::new(kind, format!("refused: {}", output.complaint))
}

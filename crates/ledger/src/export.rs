//! A ledger as lines of JSON, to be verified without the store it came from.
//!
//! Each line is one canonical JSON object ([`crate::canonical_text`]); other bytes for the same value are refused:
//!
//! - an entry: `body`, `digest`, `index`, `kind`, `previous`, `time`;
//! - a signed checkpoint of the entries so far: `checkpoint`, the note as text;
//! - last, once: `entries`, `format` (`cordon-ledger/1`), `head` (digest of the last entry) and `root`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::canonical_text;
use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::limits::LINE_BYTES_MAX;
use crate::note::SignedNote;
use crate::verify::{Broken, BrokenAt, Verified, Verifying};

/// What the last line calls the format.
pub const FORMAT: &str = "cordon-ledger/1";

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
    format: String,
    head: Digest,
    root: Digest,
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// An entry that goes on from those before.
    Entry(Entry),
    /// A checkpoint whose number of entries and root are those of the entries before it. Whether it is signed by whom it
    /// should be is for the caller to [`SignedNote::verify`].
    Checkpoint(SignedNote),
    /// The end, which fits.
    End,
}

/// Reads an export, line by line, and verifies it on the way.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    verifying: Verifying,
    ended: bool,
}

impl Reading {
    /// Starts at the first line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts at the first line with demands on the roots ([`Verifying::expect_root`]).
    #[must_use]
    pub fn expecting(verifying: Verifying) -> Self {
        Self {
            verifying,
            ended: false,
        }
    }

    /// Takes the next line, without its line end. A caller should read no more than [`LINE_BYTES_MAX`] bytes of it.
    ///
    /// # Errors
    /// If the record is broken there.
    pub fn line(&mut self, line: &str) -> Result<Line, BrokenAt> {
        if self.ended {
            return Err(self.broken(Broken::End));
        }
        if line.len() > LINE_BYTES_MAX {
            let why = format!("a line of more than {LINE_BYTES_MAX} bytes");
            return Err(self.broken(Broken::Unreadable(why)));
        }
        let value: Value = serde_json::from_str(line).map_err(|error| self.unreadable(&error))?;
        if value.get("format").is_some() {
            self.end(line, value)
        } else if let Some(note) = value.get("checkpoint").and_then(Value::as_str) {
            self.checkpoint(line, note)
        } else {
            self.entry(line, value)
        }
    }

    fn entry(&mut self, line: &str, value: Value) -> Result<Line, BrokenAt> {
        let index = self.verifying.head().entries;
        let entry: Entry = serde_json::from_value(value).map_err(|error| self.unreadable(&error))?;
        self.verifying.push(&entry)?;
        if entry.to_line().as_deref() != Ok(line) {
            let why = Broken::NotCanonical;
            return Err(BrokenAt { index, why });
        }
        Ok(Line::Entry(entry))
    }

    fn checkpoint(&self, line: &str, note: &str) -> Result<Line, BrokenAt> {
        if checkpoint_line(note) != line {
            return Err(self.broken_before(Broken::NotCanonical));
        }
        let unreadable = |why: String| self.broken_before(Broken::Unreadable(why));
        let note = SignedNote::parse(note).map_err(|error| unreadable(error.to_string()))?;
        let checkpoint = Checkpoint::unverified(&note).map_err(|error| unreadable(error.to_string()))?;
        if checkpoint.entries != self.verifying.head().entries || checkpoint.root != self.verifying.root() {
            return Err(self.broken_before(Broken::Root));
        }
        Ok(Line::Checkpoint(note))
    }

    fn end(&mut self, line: &str, value: Value) -> Result<Line, BrokenAt> {
        let canonical = canonical_text(&value).is_ok_and(|text| text == line);
        let end: End = serde_json::from_value(value).map_err(|error| self.unreadable(&error))?;
        let head = self.verifying.head();
        if end.entries > head.entries {
            let expected = end.entries;
            return Err(self.broken(Broken::Missing { expected }));
        }
        let fits =
            end.entries == head.entries && end.head == head.digest && end.root == self.verifying.root();
        if !fits || !canonical || end.format != FORMAT {
            return Err(self.broken_before(Broken::End));
        }
        self.ended = true;
        Ok(Line::End)
    }

    /// How far it has come.
    #[must_use]
    pub const fn verifying(&self) -> &Verifying {
        &self.verifying
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If the last line is missing, or a checkpoint promised more.
    pub fn finish(self) -> Result<Verified, BrokenAt> {
        if !self.ended {
            let why = "the last line is missing: the export is cut off".to_owned();
            return Err(self.broken(Broken::Unreadable(why)));
        }
        self.verifying.finish()
    }

    fn unreadable(&self, error: &serde_json::Error) -> BrokenAt {
        self.broken(Broken::Unreadable(error.to_string()))
    }

    /// At the entry that would come next.
    const fn broken(&self, why: Broken) -> BrokenAt {
        let index = self.verifying.head().entries;
        BrokenAt { index, why }
    }

    /// At the last entry that was read.
    const fn broken_before(&self, why: Broken) -> BrokenAt {
        let index = self.verifying.head().entries.saturating_sub(1);
        BrokenAt { index, why }
    }
}

/// The line of a signed checkpoint, without line end. It stands after the last entry it is about.
#[must_use]
pub fn checkpoint_line(note: &str) -> String {
    let note = canonical_text(&Value::from(note)).unwrap_or_default();
    format!(r#"{{"checkpoint":{note}}}"#)
}

/// The last line, without line end.
#[must_use]
pub fn end_line(verified: &Verified) -> String {
    let (head, root) = (verified.head, verified.root);
    format!(
        r#"{{"entries":{},"format":"{FORMAT}","head":"{}","root":"{root}"}}"#,
        head.entries, head.digest
    )
}

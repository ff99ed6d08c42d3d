//! Entries as both databases keep them: texts and bytes, compared on the way back with what was written.

use cordon_ledger::{Broken, BrokenAt, Digest, Entry, canonical_text};

use crate::error::StoreError;

/// A row of the table of entries.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) index: i64,
    pub(crate) time: String,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) previous: Vec<u8>,
    pub(crate) digest: Vec<u8>,
}

impl Row {
    /// The row that keeps an entry.
    pub(crate) fn of(entry: &Entry) -> Result<Self, StoreError> {
        Ok(Self {
            index: to_signed(entry.index)?,
            time: entry.time.to_string(),
            kind: entry.kind.clone(),
            body: canonical_text(&entry.body).map_err(cordon_ledger::DraftError::from)?,
            previous: entry.previous.as_bytes().to_vec(),
            digest: entry.digest.as_bytes().to_vec(),
        })
    }

    /// The entry that it keeps. Whether its digest fits is for a verification.
    pub(crate) fn into_entry(self) -> Result<Entry, BrokenAt> {
        let index = u64::try_from(self.index).unwrap_or_default();
        let broken = |why| BrokenAt { index, why };
        let unreadable = |why: String| broken(Broken::Unreadable(why));
        let digest = |bytes: &[u8]| Digest::try_from(bytes).map_err(|error| unreadable(error.to_string()));
        let entry = Entry {
            index,
            time: self
                .time
                .parse()
                .map_err(|_| unreadable("its time is none".to_owned()))?,
            body: serde_json::from_str(&self.body).map_err(|error| unreadable(error.to_string()))?,
            previous: digest(&self.previous)?,
            digest: digest(&self.digest)?,
            kind: self.kind,
        };
        let same =
            entry.time.to_string() == self.time && canonical_text(&entry.body).as_ref() == Ok(&self.body);
        if same {
            Ok(entry)
        } else {
            Err(broken(Broken::NotCanonical))
        }
    }

    /// The entry that it keeps, if its digest fits. New entries are chained to no other.
    pub(crate) fn into_last_entry(self) -> Result<Entry, BrokenAt> {
        let entry = self.into_entry()?;
        if entry.computed_digest().as_ref() == Ok(&entry.digest) {
            return Ok(entry);
        }
        Err(BrokenAt {
            index: entry.index,
            why: Broken::Digest,
        })
    }
}

/// Databases count with a sign.
pub(crate) fn to_signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Input(format!("{number} is more than a store can count")))
}

/// A count that a database gave.
pub(crate) fn from_signed(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

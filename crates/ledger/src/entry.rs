//! Entries and how their digests are computed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{CanonicalError, canonical_text, normalised};
use crate::digest::Digest;
use crate::limits::{BODY_BYTES_MAX, KIND_BYTES_MAX};

/// Separates digests of entries from digests of anything else. Another encoding would have another number.
const DOMAIN: &[u8] = b"cordon-ledger/entry/1";

/// What a caller wants written.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// When it happened, by the caller's clock.
    pub time: Timestamp,
    /// What sort of entry, in 1 to 64 visible ASCII characters, as `withdrawal.applied`.
    pub kind: String,
    /// What there is to say. It must hold no secret: nothing is ever removed from a ledger.
    pub body: Value,
}

/// An entry of the ledger.
///
/// The digest is SHA-256 over six fields, each preceded by its length in bytes as 8 bytes, most significant first:
///
/// 1. the ASCII text `cordon-ledger/entry/1`
/// 2. `index` as 8 bytes, most significant first
/// 3. `time` in RFC 3339 as in an export: UTC with `Z`, fractional digits only as far as they are not zero
/// 4. `kind`
/// 5. `body` as canonical JSON ([`canonical_text`](crate::canonical_text))
/// 6. `previous` as 32 bytes
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the ledger; the first is 0.
    pub index: u64,
    /// When it happened, by the writer's clock. It may be before that of the previous entry.
    pub time: Timestamp,
    /// What sort of entry.
    pub kind: String,
    /// What there is to say.
    pub body: Value,
    /// Digest of the previous entry; zeros for the first.
    pub previous: Digest,
    /// Digest of this entry.
    pub digest: Digest,
}

/// A draft cannot become an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The kind is empty, too long, or has other than visible ASCII characters.
    #[error("a kind of entry has 1 to {KIND_BYTES_MAX} visible ASCII characters")]
    Kind,
    /// The body is too large.
    #[error("the body of an entry has {bytes} bytes, {BODY_BYTES_MAX} at most")]
    BodyTooLarge {
        /// Bytes of its canonical text.
        bytes: usize,
    },
    /// The body has no canonical text.
    #[error("the body of an entry is {0}")]
    Body(#[from] CanonicalError),
    /// The ledger is full: no index is left.
    #[error("the ledger has as many entries as can be counted")]
    Full,
}

impl Entry {
    /// Makes the entry that follows `previous` from a draft.
    pub(crate) fn new(index: u64, draft: &Draft, previous: Digest) -> Result<Self, DraftError> {
        let mut entry = Self {
            index,
            time: draft.time,
            kind: draft.kind.clone(),
            body: normalised(draft.body.clone()),
            previous,
            digest: Digest::ZERO,
        };
        entry.digest = entry.computed_digest()?;
        Ok(entry)
    }

    /// The digest that its content has.
    ///
    /// # Errors
    /// If the content is over a limit, so that it can be no entry.
    pub fn computed_digest(&self) -> Result<Digest, DraftError> {
        check_kind(&self.kind)?;
        let body = canonical_text(&self.body)?;
        if body.len() > BODY_BYTES_MAX {
            return Err(DraftError::BodyTooLarge { bytes: body.len() });
        }
        Ok(Digest::of_fields(&[
            DOMAIN,
            &self.index.to_be_bytes(),
            self.time.to_string().as_bytes(),
            self.kind.as_bytes(),
            body.as_bytes(),
            self.previous.as_bytes(),
        ]))
    }

    /// The entry as one line of an export, without line end: its canonical JSON.
    ///
    /// # Errors
    /// If the body has no canonical text, so that it can be no entry.
    pub fn to_line(&self) -> Result<String, CanonicalError> {
        Ok(format!(
            r#"{{"body":{},"digest":"{}","index":{},"kind":{},"previous":"{}","time":"{}"}}"#,
            canonical_text(&self.body)?,
            self.digest,
            self.index,
            canonical_text(&Value::from(self.kind.as_str()))?,
            self.previous,
            self.time
        ))
    }
}

fn check_kind(kind: &str) -> Result<(), DraftError> {
    let length = 1..=KIND_BYTES_MAX;
    if length.contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(DraftError::Kind)
    }
}

//! Checkpoints (C2SP `tlog-checkpoint`): a note that says how long a record was and what its root was.
//!
//! The text has the lines origin, number of entries in decimal, root of the tree in base64, and perhaps more that are
//! kept but mean nothing here. The origin is the name of the key that signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::digest::Digest;
use crate::note::{NoteError, SignedNote, Signer, VerifierKey, is_name};
use crate::verify::Verified;

/// How long a record was, and what its root was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which record: the name of the key that signs its checkpoints.
    pub origin: String,
    /// How many entries it had.
    pub entries: u64,
    /// Root of the Merkle tree over them.
    pub root: Digest,
    /// Further lines.
    pub extensions: Vec<String>,
}

/// A checkpoint is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// As a note.
    #[error("not a checkpoint that can be trusted: {0}")]
    Note(#[from] NoteError),
    /// The text is not a checkpoint's.
    #[error("not a checkpoint: its lines are origin, number of entries, root in base64")]
    Form,
    /// It is of another record than the key is for.
    #[error("a checkpoint of {found}, and the key is for {expected}")]
    Origin {
        /// The origin of the checkpoint.
        found: String,
        /// The name of the key.
        expected: String,
    },
}

impl Checkpoint {
    /// The checkpoint of a whole ledger.
    #[must_use]
    pub fn of(verified: &Verified, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            entries: verified.head.entries,
            root: verified.root,
            extensions: Vec::new(),
        }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = BASE64.encode(self.root.as_bytes());
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.entries);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Signs it.
    ///
    /// # Errors
    /// If the key is for another origin, or an extension is not one line of text.
    pub fn sign(&self, signer: &Signer) -> Result<SignedNote, CheckpointError> {
        self.check_origin(signer.public())?;
        let text = self.text();
        if Self::from_text(&text)? != *self {
            return Err(CheckpointError::Form);
        }
        Ok(SignedNote::sign(&text, signer)?)
    }

    /// Reads the checkpoint of a note whose signatures nobody has checked.
    ///
    /// # Errors
    /// If it is none.
    pub fn unverified(note: &SignedNote) -> Result<Self, CheckpointError> {
        Self::from_text(note.text())
    }

    /// Reads a note that this key must have signed, and the checkpoint in it.
    ///
    /// # Errors
    /// If it is no signed checkpoint of the record that the key is for.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note)?;
        note.verify(key)?;
        let checkpoint = Self::unverified(&note)?;
        checkpoint.check_origin(key)?;
        Ok(checkpoint)
    }

    fn check_origin(&self, key: &VerifierKey) -> Result<(), CheckpointError> {
        if self.origin == key.name() {
            return Ok(());
        }
        Err(CheckpointError::Origin {
            found: self.origin.clone(),
            expected: key.name().to_owned(),
        })
    }

    fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form)?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Form);
        let (origin, entries, root) = (line()?, line()?, line()?);
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if !is_name(origin) || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Form);
        }
        Ok(Self {
            origin: origin.to_owned(),
            entries: parse_count(entries)?,
            root: parse_root(root)?,
            extensions,
        })
    }
}

/// A number in decimal without sign or leading zeros.
fn parse_count(text: &str) -> Result<u64, CheckpointError> {
    let number: u64 = text.parse().map_err(|_| CheckpointError::Form)?;
    if number.to_string() == text {
        Ok(number)
    } else {
        Err(CheckpointError::Form)
    }
}

fn parse_root(text: &str) -> Result<Digest, CheckpointError> {
    let bytes = BASE64.decode(text).map_err(|_| CheckpointError::Form)?;
    Digest::try_from(bytes.as_slice()).map_err(|_| CheckpointError::Form)
}

//! Signed notes and their keys (C2SP `signed-note`), with Ed25519.
//!
//! A note is a text that ends in a newline, a blank line, and signatures: `— name base64(id || signature)`. The id is the
//! first four bytes of SHA-256(name || newline || 0x01 || public key). A public key is written
//! `name+id in hexadecimal+base64(0x01 || key)`, as Go's `golang.org/x/mod/sumdb/note` reads it, and a private one
//! `PRIVATE+KEY+name+id+base64(0x01 || seed)`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};

use crate::digest::Digest;
use crate::limits::{NAME_BYTES_MAX, NOTE_BYTES_MAX, SIGNATURES_MAX};

/// The algorithm number of Ed25519 in notes.
const ED25519: u8 = 1;

/// What a private key starts with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has not the parts of a key.
    #[error("not a key of a signed note: it has the form name+hash+base64")]
    Form,
    /// The name is empty, too long, or has a space, a plus or a control character.
    #[error("a key's name has 1 to {NAME_BYTES_MAX} bytes without spaces, plus or control characters")]
    Name,
    /// It is for another algorithm.
    #[error("a key for an algorithm other than Ed25519")]
    Algorithm,
    /// The hash in it is not that of name and key.
    #[error("the key's hash does not fit its name and key: it was mistyped or changed")]
    Hash,
}

/// A note is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is longer than a note may be, or has too many signatures.
    #[error("longer than {NOTE_BYTES_MAX} bytes, or more than {SIGNATURES_MAX} signatures")]
    TooLarge,
    /// It has not the form of a signed note.
    #[error("not a signed note: a text, a blank line, then lines that start with a long dash")]
    Form,
    /// It has no signature by the key.
    #[error("not signed by this key")]
    Unsigned,
    /// A signature in the name of the key is wrong.
    #[error("the signature in this key's name is wrong: the note was changed, or forged")]
    Forged,
}

/// A public key that signs notes. Written and parsed in the form `name+hash+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// A private key that signs notes. Its seed shows neither in `Debug` nor in errors, and is wiped when dropped.
pub struct Signer {
    key: SigningKey,
    public: VerifierKey,
}

/// A text with signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl VerifierKey {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, &key),
            key,
        })
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, self.key.as_bytes())
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parse_key(text)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Form)?;
        let key = Self::new(name, key)?;
        if key.id == id {
            Ok(key)
        } else {
            Err(KeyError::Hash)
        }
    }
}

impl Signer {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// If the name is none.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// A key from its secret text.
    ///
    /// # Errors
    /// If it is none. The error does not repeat the text.
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let (name, id, seed) = parse_key(text.strip_prefix(PRIVATE).ok_or(KeyError::Form)?)?;
        let signer = Self::from_seed(name, &seed)?;
        if signer.public.id == id {
            Ok(signer)
        } else {
            Err(KeyError::Hash)
        }
    }

    /// The secret text, to be kept in a file that only its owner reads.
    #[must_use]
    pub fn secret_text(&self) -> String {
        let text = Written(&self.public.name, self.public.id, self.key.as_bytes());
        format!("{PRIVATE}{text}")
    }

    /// The public key that checks what this one signs.
    #[must_use]
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    fn sign(&self, text: &str) -> Signature {
        Signature {
            name: self.public.name.clone(),
            id: self.public.id,
            bytes: self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

impl SignedNote {
    /// Signs a text.
    ///
    /// # Errors
    /// If it can be no note's text: empty, too long, without newline at its end, or with control characters.
    pub fn sign(text: &str, signer: &Signer) -> Result<Self, NoteError> {
        check_text(text)?;
        Ok(Self {
            text: text.to_owned(),
            signatures: vec![signer.sign(text)],
        })
    }

    /// Reads a note. Signatures are not looked at yet.
    ///
    /// # Errors
    /// If it is too large or has not the form.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge);
        }
        let (text, below) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let lines = below.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures: Vec<Signature> = lines.split('\n').map(parse_signature).collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::TooLarge);
        }
        Ok(Self { text, signatures })
    }

    /// The text that is signed, with the newline at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names under which it claims to be signed.
    pub fn signed_by(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|one| one.name.as_str())
    }

    /// Checks that this key signed it. Signatures of others are ignored, as witnesses may add theirs.
    ///
    /// # Errors
    /// If there is no signature by the key, or any in its name is wrong.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let mut own = self
            .signatures
            .iter()
            .filter(|one| one.name == key.name && one.id == key.id)
            .peekable();
        if own.peek().is_none() {
            return Err(NoteError::Unsigned);
        }
        own.try_for_each(|one| {
            let signature = Ed25519::from_slice(&one.bytes).map_err(|_| NoteError::Forged)?;
            key.key
                .verify_strict(self.text.as_bytes(), &signature)
                .map_err(|_| NoteError::Forged)
        })
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|one| {
            let bytes = [&one.id, one.bytes.as_slice()].concat();
            writeln!(f, "— {} {}", one.name, BASE64.encode(bytes))
        })
    }
}

/// True if a key, or the log that it signs for, may be called that.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLarge);
    }
    let plain = |c: char| c == '\n' || c >= ' ';
    if text.len() > 1 && text.ends_with('\n') && text.chars().all(plain) {
        Ok(())
    } else {
        Err(NoteError::Form)
    }
}

fn parse_signature(line: &str) -> Result<Signature, NoteError> {
    let (name, encoded) = line
        .strip_prefix("— ")
        .and_then(|rest| rest.split_once(' '))
        .filter(|(name, _)| is_name(name))
        .ok_or(NoteError::Form)?;
    let bytes = BASE64.decode(encoded).map_err(|_| NoteError::Form)?;
    let (id, bytes) = bytes
        .split_first_chunk::<4>()
        .filter(|(_, bytes)| !bytes.is_empty())
        .ok_or(NoteError::Form)?;
    Ok(Signature {
        name: name.to_owned(),
        id: *id,
        bytes: bytes.to_vec(),
    })
}

fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest = Digest::of(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
    let [first, second, third, fourth, ..] = *digest.as_bytes();
    [first, second, third, fourth]
}

/// `name+id+base64(algorithm || bytes)`.
struct Written<'a>(&'a str, [u8; 4], &'a [u8; 32]);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, self.0, self.1, self.2)
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, name: &str, id: [u8; 4], bytes: &[u8; 32]) -> fmt::Result {
    let encoded = BASE64.encode([&[ED25519], bytes.as_slice()].concat());
    write!(f, "{name}+{:08x}+{encoded}", u32::from_be_bytes(id))
}

/// The name, id and 32 bytes of a key's text.
fn parse_key(text: &str) -> Result<(&str, [u8; 4], [u8; 32]), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, encoded) = rest.split_once('+').ok_or(KeyError::Form)?;
    if !is_name(name) {
        return Err(KeyError::Name);
    }
    if id.len() != 8 || !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(KeyError::Form);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?;
    if encoded.len() > 64 {
        return Err(KeyError::Form);
    }
    let bytes = BASE64.decode(encoded).map_err(|_| KeyError::Form)?;
    let (algorithm, bytes) = bytes.split_first().ok_or(KeyError::Form)?;
    if *algorithm != ED25519 {
        return Err(KeyError::Algorithm);
    }
    let bytes = bytes.try_into().map_err(|_| KeyError::Form)?;
    Ok((name, id.to_be_bytes(), bytes))
}

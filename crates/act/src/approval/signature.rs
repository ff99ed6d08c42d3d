//! One signature over one statement: whose it is, and whether it holds.

use jiff::Timestamp;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::limits::SIGNATURE_BYTES_MAX;
use super::{AllowedSigners, Role, Signer, armour};

/// Bit of a hardware key's flags that says that somebody touched it (OpenSSH's PROTOCOL.u2f).
const TOUCHED: u8 = 0x01;

/// Whose signature it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The person.
    pub person: String,
    /// The key, as `SHA256:` and the fingerprint.
    pub fingerprint: String,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a signature at all.
    #[error("this is no signature as `ssh-keygen -Y sign` writes it")]
    Garbage,
    /// Of a kind that is not verified here.
    #[error(
        "signatures of {0} keys are not supported: use an Ed25519 key, an ECDSA P-256 key or a hardware (sk) key"
    )]
    Unsupported(String),
    /// By nobody who is listed.
    #[error("the key {0} does not stand in the list of allowed signers")]
    UnknownKey(String),
    /// Given in another role.
    #[error(
        "the signature was given for {found:?}, and {wanted} is needed here (ssh-keygen -Y sign -n {wanted})"
    )]
    Namespace {
        /// The namespace of the signature.
        found: String,
        /// What is needed.
        wanted: Role,
    },
    /// It does not fit the statement.
    #[error("the signature by {0} does not fit the statement: one of both was changed after signing")]
    Wrong(String),
    /// One key under the names of two people.
    #[error("the key {fingerprint} stands under the names of different people ({}): nobody can say who signed", names.join(" and "))]
    TwoPeople {
        /// The key.
        fingerprint: String,
        /// The people.
        names: Vec<String>,
    },
    /// A person without that role.
    #[error("{person} may not sign in the role {role}")]
    NotInRole {
        /// Who.
        person: String,
        /// As what.
        role: Role,
    },
    /// The signer's key is not valid yet.
    #[error("the key of {person} is valid from {from} only")]
    NotYet {
        /// Who.
        person: String,
        /// From when.
        from: Timestamp,
    },
    /// The signer's key is not valid any more.
    #[error("the key of {person} was valid until {until}")]
    Over {
        /// Who.
        person: String,
        /// Until when.
        until: Timestamp,
    },
    /// A hardware key that nobody touched.
    #[error("the hardware key of {0} signed without being touched")]
    Untouched(String),
}

/// Verifies a signature over the exact bytes of `statement`, given in `role` by somebody who is allowed that role at `now`.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    statement: &str,
    signature: &str,
    role: Role,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<Signed, SignatureError> {
    let parsed = parse(signature)?;
    let key = PublicKey::from(parsed.public_key().clone());
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    if parsed.namespace() != role.namespace() {
        return Err(SignatureError::Namespace {
            found: parsed.namespace().chars().take(40).collect(),
            wanted: role,
        });
    }
    let lines: Vec<&Signer> = signers.of_key(key.key_data()).collect();
    let person = person(&lines, &fingerprint)?;
    touched(&parsed, &person)?;
    key.verify(role.namespace(), statement.as_bytes(), &parsed)
        .map_err(|_| SignatureError::Wrong(person.clone()))?;
    allowed(&lines, &person, role, now)?;
    Ok(Signed { person, fingerprint })
}

fn parse(text: &str) -> Result<SshSig, SignatureError> {
    if text.len() > SIGNATURE_BYTES_MAX {
        return Err(SignatureError::Garbage);
    }
    let parsed = SshSig::from_pem(text).map_err(|_| SignatureError::Garbage)?;
    let exact = armour::write(&parsed).is_some_and(|written| written == text);
    if !exact || parsed.version() != SshSig::VERSION || !parsed.reserved().is_empty() {
        return Err(SignatureError::Garbage);
    }
    if !is_supported(parsed.public_key()) {
        let name = parsed.public_key().algorithm().to_string();
        return Err(SignatureError::Unsupported(name.chars().take(60).collect()));
    }
    Ok(parsed)
}

/// True if signatures of this kind of key are verified here.
pub(super) fn is_supported(key: &KeyData) -> bool {
    match key.algorithm() {
        Algorithm::Ed25519 | Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => true,
        Algorithm::Ecdsa { curve } => curve == ssh_key::EcdsaCurve::NistP256,
        _ => false,
    }
}

fn person(lines: &[&Signer], fingerprint: &str) -> Result<String, SignatureError> {
    let mut names: Vec<&str> = lines.iter().map(|line| line.person.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => Err(SignatureError::UnknownKey(fingerprint.to_owned())),
        [one] => Ok((*one).to_owned()),
        more => Err(SignatureError::TwoPeople {
            fingerprint: fingerprint.to_owned(),
            names: more.iter().map(|name| (*name).to_owned()).collect(),
        }),
    }
}

/// A hardware key's signature ends with flags and a counter, which it signs too.
fn touched(signature: &SshSig, person: &str) -> Result<(), SignatureError> {
    let hardware = matches!(
        signature.public_key().algorithm(),
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
    );
    let flags = signature
        .signature_bytes()
        .iter()
        .rev()
        .nth(4)
        .copied()
        .unwrap_or(0);
    if hardware && flags & TOUCHED == 0 {
        return Err(SignatureError::Untouched(person.to_owned()));
    }
    Ok(())
}

/// At least one line of the key must allow the role now.
fn allowed(lines: &[&Signer], person: &str, role: Role, now: Timestamp) -> Result<(), SignatureError> {
    let mut refused = SignatureError::NotInRole {
        person: person.to_owned(),
        role,
    };
    for line in lines.iter().filter(|line| line.options.allows(role.namespace())) {
        match (line.options.valid_after, line.options.valid_before) {
            (Some(from), _) if now < from => {
                refused = SignatureError::NotYet {
                    person: person.to_owned(),
                    from,
                };
            }
            (_, Some(until)) if now > until => {
                refused = SignatureError::Over {
                    person: person.to_owned(),
                    until,
                };
            }
            _ => return Ok(()),
        }
    }
    Err(refused)
}

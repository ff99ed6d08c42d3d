//! The armour of a signature, held to one text for each signature.
//!
//! Readers of PEM and of SSH's wire format accept more than writers write: lengths that do not fit, preambles, other line lengths.
//! So what was read is written again, by PROTOCOL.sshsig, and must come out equal, byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::{Algorithm, PublicKey, SshSig};

/// The first line.
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
/// The last.
const END: &str = "-----END SSH SIGNATURE-----\n";
/// How long each line between is but the last, as `ssh-keygen` writes it.
const LINE_BYTES: usize = 70;
/// Flags and counter at the end of a hardware key's signature, outside the length of the signature proper (PROTOCOL.u2f).
const HARDWARE_TRAILER_BYTES: usize = 5;

/// The signature as `ssh-keygen -Y sign` writes it; nothing if it cannot be written.
pub(super) fn write(signature: &SshSig) -> Option<String> {
    let key = PublicKey::from(signature.public_key().clone()).to_bytes().ok()?;
    let mut bytes = b"SSHSIG".to_vec();
    bytes.extend(signature.version().to_be_bytes());
    string(&mut bytes, &key)?;
    string(&mut bytes, signature.namespace().as_bytes())?;
    string(&mut bytes, signature.reserved())?;
    string(&mut bytes, signature.hash_alg().as_str().as_bytes())?;
    string(&mut bytes, &inner(signature)?)?;

    let digits = STANDARD.encode(bytes);
    let mut text = BEGIN.to_owned();
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE_BYTES).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(END);
    Some(text)
}

/// The signature proper: its kind, its bytes and, for hardware keys, flags and counter.
fn inner(signature: &SshSig) -> Option<Vec<u8>> {
    let algorithm = signature.algorithm();
    let hardware = matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256);
    let data = signature.signature_bytes();
    let trailer = if hardware { HARDWARE_TRAILER_BYTES } else { 0 };
    let (proper, flags_and_counter) = data.split_at_checked(data.len().checked_sub(trailer)?)?;
    let mut bytes = Vec::new();
    string(&mut bytes, algorithm.as_str().as_bytes())?;
    string(&mut bytes, proper)?;
    bytes.extend(flags_and_counter);
    Some(bytes)
}

/// A string of SSH's wire format (RFC 4251, section 5): its length in four bytes, then its bytes.
fn string(bytes: &mut Vec<u8>, content: &[u8]) -> Option<()> {
    bytes.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    bytes.extend(content);
    Some(())
}

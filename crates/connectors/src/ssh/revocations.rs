//! The list of revoked keys (`RevokedKeys`) and its two traps: a missing or damaged one refuses every key, an empty one none.

use std::io::Read as _;
use std::path::Path;

use cordon_act::PointError;

use super::program;
use crate::deadline::Deadline;

/// How a list in binary form begins (OpenSSH, PROTOCOL.krl).
const MAGIC: &[u8] = b"SSHKRL\n\0";

/// What is wrong with a list, in words; `None` if nothing is.
///
/// # Errors
/// As [`program::run`].
pub(super) fn trouble(path: &Path, deadline: Deadline) -> Result<Option<String>, PointError> {
    let mut start = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    if let Err(error) = read {
        return Ok(Some(format!(
            "the list of revoked keys cannot be read ({error}), so sshd refuses every key"
        )));
    }
    if start.is_empty() {
        return Ok(Some(
            "the list of revoked keys is empty, so sshd lets every revoked key in".to_owned(),
        ));
    }
    if start == MAGIC {
        let arguments = ["-Q".as_ref(), "-l".as_ref(), "-f".as_ref(), path.as_os_str()];
        let ended = program::run("ssh-keygen", arguments, deadline)?;
        if ended.code == Some(0) {
            return Ok(None);
        }
    } else if is_list_of_keys(path) {
        return Ok(None);
    }
    Ok(Some(
        "the list of revoked keys is damaged, so sshd refuses every key".to_owned(),
    ))
}

/// The other form: public keys, one a line.
fn is_list_of_keys(path: &Path) -> bool {
    let is_key = |line: &str| {
        let line = line.trim();
        line.is_empty()
            || line.starts_with('#')
            || line.starts_with("ssh-")
            || line.starts_with("ecdsa-")
            || line.starts_with("sk-")
    };
    crate::kept_file::KeptFile::new(path.to_owned())
        .read()
        .is_ok_and(|text| text.lines().all(is_key))
}

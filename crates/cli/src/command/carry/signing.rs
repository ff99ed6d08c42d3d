//! Signatures by `ssh-keygen`, so that keys in files, in ssh-agent and on hardware all work.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cordon_act::approval::{Role, SignedStatement};

use crate::failure::Failure;

/// Longest signature in bytes.
const SIGNATURE_BYTES_MAX: usize = 16 * 1024;

/// Signs a statement in a role. With a public key file, the private key is asked for at ssh-agent.
pub(crate) fn sign(statement: String, role: Role, key: &Path) -> Result<SignedStatement, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::input(format!(
            "cannot sign with {}: {why}\nIt must be an SSH key (Ed25519 or ECDSA P-256), or its public half with the key in ssh-agent.",
            key.display()
        ))
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", role.namespace(), "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&format_args!("ssh-keygen does not start: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(statement.as_bytes())
            .map_err(|error| failed(&error))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    if !output.status.success() || output.stdout.len() > SIGNATURE_BYTES_MAX {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(&said.lines().next().unwrap_or("ssh-keygen failed")));
    }
    let signature = String::from_utf8(output.stdout).map_err(|error| failed(&error))?;
    Ok(SignedStatement { statement, signature })
}

/// Reads what `cordon approve` wrote.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<SignedStatement>, Failure> {
    paths
        .iter()
        .map(|path| {
            let json = crate::input::text(path)?;
            serde_json::from_str(&json).map_err(|error| {
                Failure::input(format!(
                    "{}:{}:{}: not an approval: {error}\n`cordon approve` writes one.",
                    path.display(),
                    error.line(),
                    error.column()
                ))
            })
        })
        .collect()
}

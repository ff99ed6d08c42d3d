//! Secrets of target servers: named in the configuration, read when needed, never printed.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Longest secret in bytes; a private key in PEM fits.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Where a secret is. The configuration names places only and never holds a secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretSource {
    /// A file that only the actuator's user can read; a line end at its end is not part of the secret.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A credential that systemd handed over (`LoadCredential=`), by name.
    Credential(String),
}

/// A secret in memory. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Why a secret could not be had, without the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error("the secret file {path} can be read by others: chmod 600 it")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// No such variable, or it is not text.
    #[error("the environment variable {0} with a secret is not set")]
    Environment(String),
    /// No credentials were handed over.
    #[error("systemd handed over no credential {0} (CREDENTIALS_DIRECTORY is not set)")]
    Credential(String),
    /// Too long to be one.
    #[error("the secret in {0} is longer than {SECRET_BYTES_MAX} bytes")]
    Long(String),
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be read, is too long, or its file is open to group or others.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::File(path) => read_file(path.clone(), true),
            Self::Environment(name) => std::env::var(name)
                .map(Secret)
                .map_err(|_| SecretError::Environment(name.clone())),
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| SecretError::Credential(name.clone()))?;
                // systemd guards that folder itself.
                read_file(PathBuf::from(folder).join(name), false)
            }
        }
    }
}

fn read_file(path: PathBuf, private: bool) -> Result<Secret, SecretError> {
    use std::io::Read as _;
    use std::os::unix::fs::MetadataExt as _;
    let failed = |source| SecretError::File {
        path: path.clone(),
        source,
    };
    let file = std::fs::File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if private && metadata.mode() & 0o077 != 0 {
        return Err(SecretError::Open { path });
    }
    let mut text = String::new();
    let read = file
        .take(SECRET_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if read as u64 > SECRET_BYTES_MAX {
        return Err(SecretError::Long(path.display().to_string()));
    }
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(Secret(text))
}

impl Secret {
    /// The secret itself. Hand it to the server and to nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_open_to_others_is_refused_and_the_secret_is_never_printed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "correct horse\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let source = SecretSource::File(path.clone());
        let error = source.read().unwrap_err();
        assert!(matches!(error, SecretError::Open { .. }));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secret = source.read().unwrap();
        assert_eq!(secret.reveal(), "correct horse");
        assert!(!format!("{secret:?} {error} {error:?}").contains("horse"));
    }
}

//! A try to log on, by the system's own `ssh` with a key for tries.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cordon_act::{PointError, PointErrorKind};
use serde::Deserialize;

use super::program;
use crate::deadline::Deadline;

/// What `ssh` ends with if it could not log on.
const NO_LOGON: i32 = 255;

/// How a logon is tried.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attempt {
    /// Where sshd listens.
    pub address: SocketAddr,
    /// File with the host key that sshd must show, as `known_hosts` has it for that address.
    pub known_hosts: PathBuf,
    /// Private key that every account accepts, for the probe of accounts.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// For the probe of a principal: private key whose certificate, in the file of the same name with `-cert.pub`, has that principal
    /// and no other.
    #[serde(default)]
    pub principals: BTreeMap<String, PathBuf>,
}

/// What a try came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It got through.
    Admitted,
    /// sshd did not accept the account with this key; it does not say why.
    Refused,
}

impl Attempt {
    /// Logs on, runs `true`, and hangs up. The account's name has been checked.
    ///
    /// # Errors
    /// `Config` if the host key is another or the key cannot be read; `Target` if sshd did not answer.
    pub(super) fn log_on(
        &self,
        account: &str,
        key: &Path,
        deadline: Deadline,
    ) -> Result<Outcome, PointError> {
        if let Err(error) = std::fs::File::open(key) {
            return Err(PointError::new(
                PointErrorKind::Config,
                format!("the key for tries, {}: {error}", key.display()),
            ));
        }
        let seconds = deadline.left()?.as_secs().max(1);
        let options = [
            "BatchMode=yes".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "IdentityAgent=none".to_owned(),
            "PreferredAuthentications=publickey".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "GlobalKnownHostsFile=none".to_owned(),
            "UpdateHostKeys=no".to_owned(),
            format!("UserKnownHostsFile={}", self.known_hosts.display()),
            format!("ConnectTimeout={seconds}"),
            "ConnectionAttempts=1".to_owned(),
            "ControlPath=none".to_owned(),
            "LogLevel=ERROR".to_owned(),
        ];
        let mut arguments = vec![
            "-n".to_owned(),
            "-T".to_owned(),
            "-F".to_owned(),
            "none".to_owned(),
        ];
        for option in options {
            arguments.extend(["-o".to_owned(), option]);
        }
        arguments.extend(["-p".to_owned(), self.address.port().to_string()]);
        arguments.extend(["-l".to_owned(), account.to_owned()]);
        arguments.extend(["-i".to_owned(), key.display().to_string()]);
        arguments.extend(["--".to_owned(), self.address.ip().to_string(), "true".to_owned()]);
        let ended = program::run("ssh", arguments, deadline)?;
        outcome(ended.code, &ended.err)
    }
}

fn outcome(code: Option<i32>, said: &str) -> Result<Outcome, PointError> {
    if code != Some(NO_LOGON) {
        return match code {
            Some(_) => Ok(Outcome::Admitted),
            None => Err(PointError::new(
                PointErrorKind::Target,
                "ssh was ended by a signal",
            )),
        };
    }
    if said.contains("Permission denied (") {
        return Ok(Outcome::Refused);
    }
    let kind = if said.contains("Host key verification failed") || said.contains("bad permissions") {
        PointErrorKind::Config
    } else {
        PointErrorKind::Target
    };
    Err(PointError::new(kind, format!("ssh: {}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_permission_denied_is_a_refusal() {
        let denied = "pat@127.0.0.1: Permission denied (publickey).\r\n";
        assert_eq!(outcome(Some(255), denied), Ok(Outcome::Refused));
        assert_eq!(outcome(Some(0), ""), Ok(Outcome::Admitted));
        assert_eq!(outcome(Some(1), "no such command"), Ok(Outcome::Admitted));
        let refused = "ssh: connect to host 127.0.0.1 port 1: Connection refused";
        assert_eq!(
            outcome(Some(255), refused).unwrap_err().kind,
            PointErrorKind::Target
        );
        let stranger = "Host key verification failed.";
        assert_eq!(
            outcome(Some(255), stranger).unwrap_err().kind,
            PointErrorKind::Config
        );
    }
}

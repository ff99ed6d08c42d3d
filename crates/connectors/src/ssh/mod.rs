//! SSH: logons and principals at one sshd, and the live sessions of accounts.
//!
//! An account is denied by a file of Cordon's own that sshd's configuration includes; a principal is taken from the account's principals
//! file. Files are replaced by rename only, tested before sshd reads them, and put back if the test fails. Then the account's sessions
//! are ended. `docs/enforcement-points/ssh.md` has the lines of the configuration.

mod account;
mod attempt;
mod daemon;
mod denials;
mod names;
mod principals;
mod processes;
mod program;
mod revocations;
mod right;

use std::path::PathBuf;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointName,
    PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::kept_file::KeptFile;
use account::Account;
pub use attempt::Attempt;
use attempt::Outcome;
use daemon::Daemon;
use names::input;
use processes::Processes;
use right::Right;

/// Most processes that a report names.
const LEFT_OVER_NAMED: usize = 10;

/// Where the sshd of this host has its files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What the estate calls this host. A right on another host is refused.
    pub host: String,
    /// Cordon's own file of denied accounts, which the configuration includes before any `Match`. It exists, if need be empty.
    pub denials: PathBuf,
    /// The folder of principals files, one for each account under its name (`AuthorizedPrincipalsFile folder/%u`). Without it,
    /// principals cannot be withdrawn.
    #[serde(default)]
    pub principals: Option<PathBuf>,
    /// The list of revoked keys (`RevokedKeys`), if there is one: a probe looks whether it is sound.
    #[serde(default)]
    pub revoked_keys: Option<PathBuf>,
    /// The program. Default `/usr/sbin/sshd`.
    #[serde(default = "default_program")]
    pub program: PathBuf,
    /// Its configuration. Default `/etc/ssh/sshd_config`.
    #[serde(default = "default_configuration")]
    pub configuration: PathBuf,
    /// The file to which it writes its process id (`PidFile`). Default `/run/sshd.pid`.
    #[serde(default = "default_pid_file")]
    pub pid_file: PathBuf,
    /// How a logon is tried. Without it, probes are inconclusive.
    #[serde(default)]
    pub probe: Option<Attempt>,
}

fn default_program() -> PathBuf {
    "/usr/sbin/sshd".into()
}

fn default_configuration() -> PathBuf {
    "/etc/ssh/sshd_config".into()
}

fn default_pid_file() -> PathBuf {
    "/run/sshd.pid".into()
}

#[derive(Debug)]
struct Ssh {
    name: PointName,
    host: String,
    daemon: Daemon,
    denials: KeptFile,
    principals: Option<PathBuf>,
    revoked_keys: Option<PathBuf>,
    attempt: Option<Attempt>,
}

/// A target in the words of sshd.
enum Order<'a> {
    Account(Account<'a>),
    Right(Right<'a>),
}

/// Makes the point. Nothing is read yet.
///
/// # Errors
/// `Config` if a path is not whole.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let paths = [
        &config.denials,
        &config.program,
        &config.configuration,
        &config.pid_file,
    ];
    if let Some(path) = paths.into_iter().find(|path| !path.is_absolute()) {
        return Err(PointError::new(
            PointErrorKind::Config,
            format!("{} is not a whole path", path.display()),
        ));
    }
    Ok(Box::new(Ssh {
        name: name.clone(),
        host: config.host,
        daemon: Daemon {
            program: config.program,
            configuration: config.configuration,
            pid_file: config.pid_file,
        },
        denials: KeptFile::new(config.denials),
        principals: config.principals,
        revoked_keys: config.revoked_keys,
        attempt: config.probe,
    }))
}

fn parse<T: DeserializeOwned>(target: &Target, state: &PointState) -> Result<T, PointError> {
    serde_json::from_value(state.0.clone()).map_err(|error| {
        PointError::new(
            PointErrorKind::Stale,
            format!("what is said to have stood about {target} is no such state: {error}"),
        )
    })
}

fn stale(target: &Target, now: &impl std::fmt::Debug) -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        format!("{target} was changed by somebody else: {now:?}"),
    )
}

fn absent() -> Observation {
    Observation {
        standing: Standing::Absent,
        state: PointState(serde_json::Value::Null),
        mark: None,
    }
}

/// From here on something has been changed, so that an error leaves open what stands.
fn unknown(error: PointError) -> PointError {
    PointError {
        kind: PointErrorKind::Unknown,
        ..error
    }
}

fn inconclusive(how: String) -> Probe {
    Probe {
        answer: ProbeAnswer::Inconclusive,
        how,
    }
}

impl Ssh {
    fn order<'a>(&'a self, target: &'a Target) -> Result<Order<'a>, PointError> {
        match target {
            Target::Account { account } => Ok(Order::Account(Account {
                name: names::account(account)?,
                daemon: &self.daemon,
                file: &self.denials,
            })),
            Target::Right { holder, right, on } => self.right(holder, right, on).map(Order::Right),
            _ => Err(input(format!(
                "{} withdraws accounts and principals, not {target}",
                self.name
            ))),
        }
    }

    fn right<'a>(&'a self, holder: &'a str, right: &'a str, on: &str) -> Result<Right<'a>, PointError> {
        if on != self.host {
            return Err(input(format!(
                "{} is the sshd of {}, not of {on}",
                self.name, self.host
            )));
        }
        let folder = self
            .principals
            .as_ref()
            .ok_or_else(|| input(format!("{} has no principals files", self.name)))?;
        let account = names::account(holder)?;
        Ok(Right {
            account,
            principal: names::principal(right)?,
            daemon: &self.daemon,
            file: KeptFile::new(folder.join(account)),
        })
    }

    /// Tries with a key. A refusal counts only where something is withdrawn, because sshd does not say why it refuses.
    fn attempt(
        &self,
        account: &str,
        key: Option<&PathBuf>,
        standing: Standing,
        deadline: Deadline,
    ) -> Result<Probe, PointError> {
        let (Some(attempt), Some(key)) = (&self.attempt, key) else {
            return Ok(inconclusive(format!(
                "no key is configured to try {account} with"
            )));
        };
        let outcome = attempt.log_on(account, key, deadline)?;
        let trouble = match &self.revoked_keys {
            Some(path) => revocations::trouble(path, deadline)?,
            None => None,
        };
        let mut how = format!(
            "ssh to {} as {account} with the key {}: ",
            attempt.address,
            key.display()
        );
        let withdrawn = matches!(standing, Standing::Withdrawn | Standing::Partly);
        let answer = match (outcome, withdrawn) {
            (Outcome::Admitted, _) => {
                how.push_str("it got through");
                ProbeAnswer::Admitted
            }
            (Outcome::Refused, true) if trouble.is_none() => {
                how.push_str("permission denied");
                ProbeAnswer::Refused
            }
            (Outcome::Refused, true) => {
                how.push_str("permission denied, but perhaps not for the withdrawal");
                ProbeAnswer::Inconclusive
            }
            (Outcome::Refused, false) => {
                how.push_str(
                    "permission denied though nothing is withdrawn; does the account accept that key?",
                );
                ProbeAnswer::Inconclusive
            }
        };
        if let Some(trouble) = trouble {
            how.push_str("; ");
            how.push_str(&trouble);
        }
        Ok(Probe { answer, how })
    }

    /// Words for the processes that outlive an account's sessions.
    fn left_over(&self, account: &str, deadline: Deadline) -> Result<String, PointError> {
        let Some(uid) = daemon::user_id(account, deadline)?.filter(|uid| *uid != 0) else {
            return Ok(String::new());
        };
        let found = Processes::now()?.left_over(uid, account, self.daemon.listener()?);
        if found.is_empty() {
            return Ok(String::new());
        }
        let named: Vec<&str> = found.iter().take(LEFT_OVER_NAMED).map(String::as_str).collect();
        Ok(format!(
            "; {} processes of {account} run outside sessions: {}",
            found.len(),
            named.join(", ")
        ))
    }
}

impl EnforcementPoint for Ssh {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Account, TargetKind::Right],
            holds_lease: false,
            survives_restart: true,
            leaves_open: "Processes that an account started to outlive its sessions (setsid, cron, user services) go on; each probe names \
                          them. Tunnels and files that such processes hold stay. Other ways into the host are not touched."
                .to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        match self.order(target)? {
            Order::Account(account) => account.observe(deadline),
            Order::Right(right) => right.observe(deadline),
        }
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        names::mark(applying.mark)?;
        match self.order(applying.target)? {
            Order::Account(account) => account.apply(applying, deadline),
            Order::Right(right) => right.apply(applying, deadline),
        }
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        match self.order(lifting.target)? {
            Order::Account(account) => account.lift(lifting, deadline),
            Order::Right(right) => right.lift(lifting, deadline),
        }
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let deadline = Deadline::after(deadline);
        let attempt = self.attempt.as_ref();
        let (account, key, seen) = match self.order(target)? {
            Order::Account(account) => {
                let key = attempt.and_then(|attempt| attempt.key.as_ref());
                (account.name, key, account.observe(deadline)?)
            }
            Order::Right(right) => {
                let key = attempt.and_then(|attempt| attempt.principals.get(right.principal));
                (right.account, key, right.observe(deadline)?)
            }
        };
        if seen.standing == Standing::Absent {
            return Ok(inconclusive(format!("{} has no account {account}", self.host)));
        }
        let mut probe = self.attempt(account, key, seen.standing, deadline)?;
        probe.how.push_str(&self.left_over(account, deadline)?);
        Ok(probe)
    }
}

//! Network admission by RADIUS: Wi-Fi, switch ports and VPN concentrators.
//!
//! Sessions are cut by Disconnect or Change-of-Authorization messages (RFC 5176) to each network access server; an account is refused
//! at FreeRADIUS by an entry in a file of refusals, and then cut.

mod exchange;
mod nas;
mod packet;
mod refusals;
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::SecretSource;
use crate::time_left::TimeLeft;
use packet::ATTRIBUTE_BYTES_MAX;
use server::Said;

/// What a withdrawal leaves open.
const LEAVES_OPEN: &str = "a session that a network access server does not tell this point about; after `sessions` the account may log on again \
     at once";

/// The network access servers of one network, and the server that admits to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The network access servers at which sessions are cut. Default: none; then sessions are no target.
    #[serde(default)]
    pub access_servers: Vec<AccessServer>,
    /// The FreeRADIUS on this machine at which accounts are refused. Default: none; then accounts are no target.
    #[serde(default)]
    pub server: Option<Server>,
}

/// A network access server that takes RFC 5176 messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AccessServer {
    /// Its address and UDP port (3799 by standard), such as `10.2.0.5:3799`.
    pub address: SocketAddr,
    /// The secret shared with it.
    pub secret: SecretSource,
    /// What it calls itself (`NAS-Identifier`), for servers that compare it. Default: not sent.
    #[serde(default)]
    pub identifier: Option<String>,
    /// How it is told to end what an account has open. Default: `disconnect`.
    #[serde(default)]
    pub cut: Cut,
    /// False for a server that signs its answers by the old authenticator alone, without `Message-Authenticator`. Default: true.
    #[serde(default = "yes")]
    pub require_message_authenticator: bool,
}

const fn yes() -> bool {
    true
}

/// How a network access server is told to end what is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// A Disconnect-Request (RFC 5176 section 2.1).
    #[default]
    Disconnect,
    /// A CoA-Request with `Service-Type = Authorize Only` (section 3.2): the server asks again whether the account may be there. It cuts
    /// only accounts that are refused.
    Reauthorize,
}

/// A FreeRADIUS on the same machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Server {
    /// Where it answers, a loopback address such as `127.0.0.1:1812`.
    pub address: SocketAddr,
    /// The secret of the client `127.0.0.1`.
    pub secret: SecretSource,
    /// The file of refusals that its hook reads, and nothing but refusals.
    pub refusals_file: PathBuf,
    /// The file with its process id.
    pub pid_file: PathBuf,
}

/// Makes the point; nothing is sent yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if there is nothing to speak to, or the FreeRADIUS is not at a loopback address.
pub fn connect(_name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let wrong = |text| Err(PointError::new(PointErrorKind::Config, text));
    if config.access_servers.is_empty() && config.server.is_none() {
        return wrong("neither a network access server nor a FreeRADIUS is configured");
    }
    if config
        .server
        .as_ref()
        .is_some_and(|server| !server.address.ip().is_loopback())
    {
        return wrong("the FreeRADIUS must be on this machine: its file and process are changed");
    }
    Ok(Box::new(Radius { config }))
}

struct Radius {
    config: Config,
}

/// What stands about an account.
struct Seen {
    /// Its entry in the file of refusals.
    entry: Option<String>,
    /// What the server says to it.
    said: Said,
}

impl Seen {
    /// True if the server does what the file says.
    fn is_in_force(&self) -> bool {
        match &self.entry {
            Some(entry) => {
                matches!(&self.said, Said::Refused(Some(words)) if entry.contains(words.as_str()))
                    || matches!(self.said, Said::Refused(None)) && refusals::mark(entry).is_none()
            }
            None => {
                !matches!(&self.said, Said::Refused(Some(words)) if words.starts_with(refusals::MARK_BEGINS))
            }
        }
    }

    fn observation(&self) -> Observation {
        Observation {
            standing: match (&self.entry, self.is_in_force()) {
                (None, true) => Standing::Open,
                (Some(_), true) => Standing::Withdrawn,
                (_, false) => Standing::Partly,
            },
            state: state(self.entry.as_deref()),
            mark: self.entry.as_deref().and_then(refusals::mark),
        }
    }
}

fn state(entry: Option<&str>) -> PointState {
    PointState(json!({ "refusal": entry }))
}

/// What stands about sessions: that these servers do not say which are open.
fn sessions_state() -> PointState {
    PointState(json!({"sessions": "not told"}))
}

fn check_name(name: &str) -> Result<(), PointError> {
    if name.is_empty()
        || name.len() > ATTRIBUTE_BYTES_MAX.min(NAME_BYTES_MAX)
        || name.chars().any(char::is_control)
    {
        return Err(PointError::new(
            PointErrorKind::Input,
            "a name must have 1 to 253 bytes and no control characters",
        ));
    }
    Ok(())
}

fn stale(target: &Target) -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        format_args!("{target} stands otherwise than expected: somebody else changed it"),
    )
}

impl Radius {
    fn kinds(&self) -> Vec<TargetKind> {
        let mut kinds = Vec::new();
        if !self.config.access_servers.is_empty() {
            kinds.push(TargetKind::Sessions);
        }
        if self.config.server.is_some() {
            kinds.push(TargetKind::Account);
        }
        kinds
    }

    /// The account that a target names and, for [`Target::Account`], the server that refuses it.
    fn which<'a>(&self, target: &'a Target) -> Result<(&'a str, Option<&Server>), PointError> {
        let cannot = || {
            PointError::new(
                PointErrorKind::Input,
                format_args!("{target} is nothing that this point can withdraw"),
            )
        };
        match target {
            Target::Sessions { account } if !self.config.access_servers.is_empty() => {
                check_name(account)?;
                Ok((account, None))
            }
            Target::Account { account } => {
                check_name(account)?;
                Ok((account, Some(self.config.server.as_ref().ok_or_else(cannot)?)))
            }
            _ => Err(cannot()),
        }
    }

    fn withdraw_account(
        &self,
        server: &Server,
        account: &str,
        applying: &Applying<'_>,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        let seen = server.see(account, time)?;
        let prior = &applying.prior.0;
        let ours = refusals::entry(account, applying.mark)?;
        let open_before = *prior == state(None).0;
        let is_ours = open_before && seen.entry.as_deref() == Some(&ours);
        if *prior != state(seen.entry.as_deref()).0 && !is_ours {
            return Err(stale(applying.target));
        }
        if seen.entry.is_some() && !is_ours {
            return Ok(seen.observation());
        }
        if !is_ours {
            server.refuse(account, &ours)?;
        }
        let seen = server.settle(account, time)?;
        self.cut(account, time)?;
        Ok(seen.observation())
    }

    fn give_account_back(
        server: &Server,
        account: &str,
        lifting: &Lifting<'_>,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        let seen = server.see(account, time)?;
        let prior = lifting.prior.0.get("refusal").and_then(Value::as_str);
        if state(prior) != *lifting.prior {
            return Err(stale(lifting.target));
        }
        if seen.entry.as_deref() != prior {
            let left = match lifting.left {
                Some(left) => left.clone(),
                None => state(Some(&refusals::entry(account, lifting.mark)?)),
            };
            if state(seen.entry.as_deref()) != left || prior.is_some() {
                return Err(stale(lifting.target));
            }
            server.admit(account)?;
        }
        Ok(server.settle(account, time)?.observation())
    }
}

impl EnforcementPoint for Radius {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: self.kinds(),
            holds_lease: false,
            survives_restart: true,
            leaves_open: LEAVES_OPEN.to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        match self.which(target)? {
            (account, Some(server)) => Ok(server.see(account, TimeLeft::starting(deadline))?.observation()),
            (_, None) => Ok(Observation {
                standing: Standing::Open,
                state: sessions_state(),
                mark: None,
            }),
        }
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let time = TimeLeft::starting(deadline);
        let (account, server) = self.which(applying.target)?;
        if let Some(server) = server {
            return self.withdraw_account(server, account, applying, time);
        }
        if *applying.prior != sessions_state() {
            return Err(stale(applying.target));
        }
        self.cut(account, time)?;
        Ok(Observation {
            standing: Standing::Withdrawn,
            state: sessions_state(),
            mark: None,
        })
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        match self.which(lifting.target)? {
            (account, Some(server)) => {
                Self::give_account_back(server, account, lifting, TimeLeft::starting(deadline))
            }
            (_, None) if *lifting.prior != sessions_state() => Err(stale(lifting.target)),
            // The account may log on again anyway.
            (_, None) => self.observe(lifting.target, deadline),
        }
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let (account, server) = self.which(target)?;
        let Some(server) = server else {
            return Ok(Probe {
                answer: ProbeAnswer::Inconclusive,
                how: "a network access server cannot be asked what an account has open".to_owned(),
            });
        };
        let said = server.ask(account, TimeLeft::starting(deadline))?;
        let (answer, what) = match said {
            Said::Refused(Some(words)) if words.starts_with(refusals::MARK_BEGINS) => (
                ProbeAnswer::Refused,
                format!("refused with the words of the withdrawal, {words}"),
            ),
            Said::Refused(_) => (ProbeAnswer::Inconclusive, "refused for another reason".to_owned()),
            Said::Asked => (ProbeAnswer::Admitted, "asked for a proof of who it is".to_owned()),
        };
        Ok(Probe {
            answer,
            how: format!(
                "{target}: FreeRADIUS was told the name as a client begins EAP, without a password, and the name was {what}"
            ),
        })
    }
}

/// True if this mark may stand in a file of refusals.
fn is_plain(mark: &Mark) -> bool {
    mark.0.starts_with(refusals::MARK_BEGINS)
        && mark.0.len() <= ATTRIBUTE_BYTES_MAX
        && mark
            .0
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
}

//! Cloud services and identity providers that speak SCIM 2.0 (RFC 7643, RFC 7644).
//!
//! An account is withdrawn by `active: false`, an application by leaving the group that gives it. Every change is conditional on the
//! version read before (`If-Match`) where the server has versions, and is read back: a success without a body proves nothing, and
//! servers exist that take the text `"False"` for true.

mod credential;
mod find;
mod patch;
mod state;

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointName,
    PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use serde::Deserialize;
use serde_json::Value;

pub use credential::Credential;

use crate::https::{Client, HttpsServer};
use crate::time_left::TimeLeft;
use credential::Authorization;
use patch::Outcome;
use state::{Seen, left_after};

/// How often a change is tried again when the thing got a new version in between though nothing that matters changed.
const TRIES_MAX: usize = 3;

/// What a withdrawal leaves open at a service of which nothing more is known.
const LEAVES_OPEN: &str =
    "sessions and tokens already given out, for as long as the service lets them live: SCIM cannot end them";

/// One SCIM server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The server; its address is that below which `/Users` lies.
    pub server: HttpsServer,
    /// With what Cordon shows who it is.
    pub credential: Credential,
    /// The server's ids of accounts, by logon name, for servers on which they cannot be found by name. Default: none; accounts are
    /// found by `userName`.
    #[serde(default)]
    pub users: BTreeMap<String, String>,
    /// The groups that give an application, by application: a group's display name. Default: the application is itself the name.
    #[serde(default)]
    pub applications: BTreeMap<String, String>,
    /// How the server lets one member be removed from a group. Default: `value-filter`.
    #[serde(default)]
    pub removal: Removal,
    /// What a withdrawn account can still do at this service and for how long, as tried out there; in words, for the plan. Default: that
    /// sessions and tokens live on for as long as the service lets them.
    #[serde(default)]
    pub leaves_open: Option<String>,
}

/// How a server lets one member be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// `members[value eq "…"]`, as RFC 7644 section 3.5.2.2 has it.
    #[default]
    ValueFilter,
    /// The whole list without the member, for servers that do not understand that. It is sent only with the version read, so that nobody
    /// who joined meanwhile is lost.
    ReplaceList,
}

/// Makes the point; nothing is sent yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if an address is not allowed or a file of certificates cannot be used.
pub fn connect(_name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    Ok(Box::new(Scim {
        client: Client::new(&config.server)?,
        authorization: Authorization::new(&config.credential)?,
        config,
    }))
}

struct Scim {
    config: Config,
    client: Client,
    authorization: Authorization,
}

impl Scim {
    /// Brings the target from `from` to `to`, if it is at one of them.
    fn bring(
        &mut self,
        target: &Target,
        from: &Value,
        to: &Value,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        for _ in 0..TRIES_MAX {
            let seen = self.see(target, time)?;
            if seen.state == *to {
                return Ok(seen.observation());
            }
            if seen.state != *from {
                break;
            }
            match self.change(&seen, to, time) {
                Ok(Outcome::Done) => return self.read_back(target, to, time),
                Ok(Outcome::OtherVersion) => {}
                Err(error) if error.kind == PointErrorKind::Unknown => {
                    return self.read_back(target, to, time).map_err(|_| error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(PointError::new(
            PointErrorKind::Stale,
            format_args!("{target} stands otherwise than expected: somebody else changed it"),
        ))
    }

    fn read_back(
        &mut self,
        target: &Target,
        wanted: &Value,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        let seen = self.see(target, time).map_err(|error| {
            PointError::new(
                PointErrorKind::Unknown,
                format_args!("the server took the change of {target}, but reading it back failed: {error}"),
            )
        })?;
        if seen.state == *wanted {
            return Ok(seen.observation());
        }
        Err(PointError::new(
            PointErrorKind::Unknown,
            format_args!("the server said that {target} was changed, but reading it back shows otherwise"),
        ))
    }
}

impl EnforcementPoint for Scim {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Account, TargetKind::Assignment],
            holds_lease: false,
            survives_restart: true,
            leaves_open: self
                .config
                .leaves_open
                .clone()
                .unwrap_or_else(|| LEAVES_OPEN.to_owned()),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.see(target, TimeLeft::starting(deadline))
            .map(Seen::observation)
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let prior = &applying.prior.0;
        self.bring(
            applying.target,
            prior,
            &left_after(prior),
            TimeLeft::starting(deadline),
        )
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let prior = &lifting.prior.0;
        let computed = left_after(prior);
        let left = lifting.left.map_or(&computed, |PointState(left)| left);
        self.bring(lifting.target, left, prior, TimeLeft::starting(deadline))
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let seen = self.see(target, TimeLeft::starting(deadline))?;
        let (answer, found) = match seen.standing {
            Standing::Withdrawn => (ProbeAnswer::Refused, "the server reads back that it is withdrawn"),
            Standing::Open => (ProbeAnswer::Admitted, "the server reads back that it is open"),
            Standing::Partly | Standing::Absent => {
                (ProbeAnswer::Inconclusive, "the server knows no such thing")
            }
        };
        Ok(Probe {
            answer,
            how: format!("{target}: {found}; a logon was not tried, because Cordon has nobody's password"),
        })
    }
}

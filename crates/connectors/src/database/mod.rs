//! Database: logons, live sessions and rights of roles of PostgreSQL.
//!
//! Each change is one transaction that holds the role, compares, changes and looks again; then open sessions are ended. Cordon's mark
//! is a line in the comment of the role. `docs/enforcement-points/database.md` has the rights that Cordon's role needs.

mod account;
mod attempt;
mod marks;
mod membership;
mod names;
mod privilege;
mod roles;
mod session;
mod sessions;
mod stream;
mod thing;

use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointName, Probe, Target,
    TargetKind,
};
use serde::Deserialize;

use crate::SecretSource;
use crate::deadline::Deadline;
use account::Logon;
use membership::Membership;
use names::Name;
use privilege::{Kind, Privilege};
use roles::input;
pub use session::Server;
use session::{Logon as As, Session};

/// How to reach the server, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Where the server is.
    pub server: Server,
    /// Cordon's role.
    pub role: String,
    /// Its password. None if the server knows it by its certificate or by the user of the process.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// The database that sessions of Cordon are in. Default `postgres`.
    #[serde(default = "default_database")]
    pub database: String,
    /// What to do about a privilege on a database that PUBLIC has too. Default: refuse.
    #[serde(default)]
    pub by_public: ByPublic,
    /// How a logon is tried. Without it, the probe of an account is inconclusive.
    #[serde(default)]
    pub probe: Option<Attempt>,
}

/// What to do about a privilege on a database that PUBLIC has, so that revoking it from one role does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByPublic {
    /// Refuse the withdrawal.
    #[default]
    Refuse,
    /// Revoke it from PUBLIC too, and grant it to every other role that can log in now. A role made during the withdrawal lacks it.
    Replace,
}

/// How a logon is tried without the password of the role: by a line of `pg_hba.conf` of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attempt {
    /// Where the server is, and Cordon's certificate if that is how the server knows it.
    pub server: Server,
    /// An empty database for tries only, to which that line lets Cordon log on as the roles it may withdraw.
    pub database: String,
}

fn default_database() -> String {
    "postgres".to_owned()
}

#[derive(Debug)]
struct Database {
    name: PointName,
    session: Session,
    by_public: ByPublic,
    attempt: Option<Attempt>,
}

/// A target in the words of the server.
enum Order<'a> {
    Logon(Logon<'a>),
    Sessions(Name<'a>),
    Membership(Membership<'a>),
    Privilege(Privilege<'a>),
}

/// Makes the point. Nothing is connected yet.
///
/// # Errors
/// `Input` if a name of the configuration cannot be one.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    Name::new(&config.role)?;
    Name::new(&config.database)?;
    let logon = As {
        role: config.role,
        database: config.database,
        password: config.password,
    };
    Ok(Box::new(Database {
        name: name.clone(),
        session: Session::new(config.server, logon)?,
        by_public: config.by_public,
        attempt: config.probe,
    }))
}

impl Database {
    fn order<'a>(&self, target: &'a Target) -> Result<Order<'a>, PointError> {
        match target {
            Target::Account { account } => Ok(Order::Logon(Logon(Name::new(account)?))),
            Target::Sessions { account } => Ok(Order::Sessions(Name::new(account)?)),
            Target::Right { holder, right, on } => self.right(holder, right, on),
            _ => Err(input(format!(
                "{} withdraws accounts, sessions and rights of roles, not {target}",
                self.name
            ))),
        }
    }

    fn right<'a>(&self, holder: &'a str, right: &'a str, on: &'a str) -> Result<Order<'a>, PointError> {
        let holder = Name::new(holder)?;
        Ok(match Kind::parse(right) {
            Some(kind) => Order::Privilege(Privilege {
                holder,
                kind,
                database: Name::new(on)?,
                by_public: self.by_public,
            }),
            None => Order::Membership(Membership {
                holder,
                role: Name::new(right)?,
            }),
        })
    }

    /// After an error nothing is known of the session, least of all whether it has a transaction open: it ends.
    fn kept<T>(&mut self, answer: Result<T, PointError>) -> Result<T, PointError> {
        if answer.is_err() {
            self.session.end();
        }
        answer
    }
}

impl EnforcementPoint for Database {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Account, TargetKind::Sessions, TargetKind::Right],
            holds_lease: false,
            survives_restart: true,
            leaves_open: "Roles that are members of a withdrawn role still use its rights (each probe names them), and so do functions that \
                          run with the rights of their owner, foreign servers and poolers that log on as another role. A superuser can \
                          undo it. Roles made while PUBLIC's privilege is replaced lack it until the lift."
                .to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let answer = match self.order(target)? {
            Order::Logon(thing) => thing::observe(&thing, &mut self.session, deadline),
            Order::Membership(thing) => thing::observe(&thing, &mut self.session, deadline),
            Order::Privilege(thing) => thing::observe(&thing, &mut self.session, deadline),
            Order::Sessions(role) => sessions::observe(role, &mut self.session, deadline),
        };
        self.kept(answer)
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let answer = match self.order(applying.target)? {
            Order::Logon(thing) => thing::apply(&thing, &mut self.session, applying, deadline),
            Order::Membership(thing) => thing::apply(&thing, &mut self.session, applying, deadline),
            Order::Privilege(thing) => thing::apply(&thing, &mut self.session, applying, deadline),
            Order::Sessions(role) => sessions::apply(role, &mut self.session, applying.prior, deadline),
        };
        self.kept(answer)
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let answer = match self.order(lifting.target)? {
            Order::Logon(thing) => thing::lift(&thing, &mut self.session, lifting, deadline),
            Order::Membership(thing) => thing::lift(&thing, &mut self.session, lifting, deadline),
            Order::Privilege(thing) => thing::lift(&thing, &mut self.session, lifting, deadline),
            // What was cut cannot be given back, and the role may log on again.
            Order::Sessions(role) => sessions::observe(role, &mut self.session, deadline),
        };
        self.kept(answer)
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let deadline = Deadline::after(deadline);
        let answer = match self.order(target)? {
            Order::Logon(thing) => {
                attempt::logon(thing.0, self.attempt.as_ref(), &mut self.session, deadline)
            }
            Order::Membership(thing) => attempt::membership(&thing, &mut self.session, deadline),
            Order::Privilege(thing) => attempt::privilege(&thing, &mut self.session, deadline),
            Order::Sessions(role) => sessions::probe(role, &mut self.session, deadline),
        };
        self.kept(answer)
    }
}

//! Anything else: a program of the user's own that is given an order as JSON and answers in JSON.
//!
//! The program is started by its path, without a shell, with an empty environment but for what is configured, in a process group of its
//! own that is killed when the deadline is over. `docs/enforcement-points/script.md` is the contract.

mod order;
mod run;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointName,
    Probe, Standing, Target,
};
use serde::Deserialize;

use crate::SecretSource;
use crate::time_left::TimeLeft;
use order::{Answer, Order};

/// How long the program may take to say what it can do.
const CAPABILITIES_DEADLINE: Duration = Duration::from_secs(10);

/// A program that withdraws and lifts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The program's whole path. It must belong to root or to the actuator's user, and nobody else may write to it.
    pub program: PathBuf,
    /// Arguments that it always gets, before none other. Default: none.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Its environment. Default: empty; not even a search path is handed on.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Variables of its environment whose values are secrets. Default: none.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// The folder in which it runs. Default: `/`.
    #[serde(default = "root")]
    pub folder: PathBuf,
}

fn root() -> PathBuf {
    PathBuf::from("/")
}

/// Makes the point; nothing is started yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if the program cannot be one: its path is not whole, or others may write to it.
pub fn connect(_name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    run::check(&config.program)?;
    Ok(Box::new(Script {
        config,
        capabilities: OnceCell::new(),
    }))
}

struct Script {
    config: Config,
    capabilities: OnceCell<Capabilities>,
}

/// Whose withdrawal stands, as far as it can be told.
enum Whose {
    /// What was there before.
    Nobody,
    /// This order's.
    Ours,
    /// Somebody else's.
    Other,
    /// The program leaves no marks: it must find out itself.
    Unmarked,
}

impl Script {
    fn ask<T: Answer>(&self, order: &Order<'_>, time: TimeLeft) -> Result<T, PointError> {
        order::check_names(order.target)?;
        let (answer, secrets) = run::run(&self.config, order, time)?;
        order::read(&answer, &secrets, order.verb)
    }

    fn look(&self, target: &Target, time: TimeLeft) -> Result<Observation, PointError> {
        self.ask(&Order::about("observe", target), time)
    }

    fn ask_capabilities(&self) -> Result<Capabilities, PointError> {
        let order = Order::new("capabilities");
        self.ask(&order, TimeLeft::starting(CAPABILITIES_DEADLINE))
    }
}

fn stale(target: &Target) -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        format_args!("{target} stands otherwise than expected: somebody else changed it"),
    )
}

impl EnforcementPoint for Script {
    /// What the program says; nothing, with the reason, if it does not say.
    fn capabilities(&self) -> Capabilities {
        if let Some(known) = self.capabilities.get() {
            return known.clone();
        }
        match self.ask_capabilities() {
            Ok(known) => self.capabilities.get_or_init(|| known).clone(),
            Err(error) => Capabilities {
                kinds: Vec::new(),
                holds_lease: false,
                survives_restart: false,
                leaves_open: format!("everything: the program does not say what it can do: {error}"),
            },
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.look(target, TimeLeft::starting(deadline))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let time = TimeLeft::starting(deadline);
        let seen = self.look(applying.target, time)?;
        let whose = if seen.state == *applying.prior {
            Whose::Nobody
        } else {
            match &seen.mark {
                Some(mark) if mark == applying.mark => Whose::Ours,
                Some(_) => Whose::Other,
                None => Whose::Unmarked,
            }
        };
        let is_withdrawn = seen.standing == Standing::Withdrawn;
        match whose {
            Whose::Other => return Err(stale(applying.target)),
            Whose::Nobody if is_withdrawn || seen.standing == Standing::Absent => return Ok(seen),
            // A lease is renewed by asking again.
            Whose::Ours if is_withdrawn && applying.lease_until.is_none() => return Ok(seen),
            Whose::Nobody | Whose::Ours | Whose::Unmarked => {}
        }
        let mut order = Order::about("apply", applying.target);
        order.prior = Some(applying.prior);
        order.mark = Some(applying.mark);
        order.lease_until = applying.lease_until;
        self.ask(&order, time)
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let time = TimeLeft::starting(deadline);
        let seen = self.look(lifting.target, time)?;
        if seen.state == *lifting.prior {
            return Ok(seen);
        }
        let is_left = lifting.left == Some(&seen.state);
        let is_other = seen.mark.as_ref().is_some_and(|mark| mark != lifting.mark);
        let was_changed = seen.mark.is_none() && lifting.left.is_some();
        if !is_left && (is_other || was_changed) {
            return Err(stale(lifting.target));
        }
        let mut order = Order::about("lift", lifting.target);
        order.prior = Some(lifting.prior);
        order.left = lifting.left;
        order.mark = Some(lifting.mark);
        let back: Observation = self.ask(&order, time)?;
        if back.state == *lifting.prior {
            return Ok(back);
        }
        Err(PointError::new(
            PointErrorKind::Unknown,
            format_args!(
                "the program says that it lifted {}, but something else than before stands",
                lifting.target
            ),
        ))
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        self.ask(&Order::about("probe", target), TimeLeft::starting(deadline))
    }
}

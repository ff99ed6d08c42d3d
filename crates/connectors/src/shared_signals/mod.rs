//! Services that take signals: OpenID CAEP and RISC events as signed Security Event Tokens (RFC 8417), pushed as RFC 8935 says.
//!
//! A signal goes one way. The receiver acknowledges that it has it and cannot be asked what it did. What is known, and all that is known,
//! is what it last acknowledged; since no server holds that, the point keeps it itself, in a folder, written before each signal leaves.

mod deliver;
mod event;
mod token;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, Probe, ProbeAnswer, Target, TargetKind,
};
use serde::Deserialize;

pub use event::{AccountSignal, Subject};
pub use token::key_set;

use crate::SecretSource;
use crate::https::{Client, HttpsServer};
use crate::time_left::TimeLeft;
use crate::told::{Memory, Record, Step, may_withdraw, must_lift, observation};
use event::Verb;
use token::SigningKey;

/// What a signal leaves open at a receiver of which nothing more is known.
const LEAVES_OPEN: &str = "whatever the receiver does not cut when it has the signal: it acknowledges signals and does not say what it did; \
     after `sessions` the account may log on again at once";

/// One receiver of signals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The receiver; its address is the whole one to which tokens are pushed.
    pub server: HttpsServer,
    /// A bearer token that the receiver asks for beside the signature. Default: none.
    #[serde(default)]
    pub bearer: Option<SecretSource>,
    /// Who signs, as the receiver knows it: the claim `iss`.
    pub issuer: String,
    /// For whom it is: the claim `aud`.
    pub audience: String,
    /// The private key in PEM (PKCS #8): P-256 signs with ES256, Ed25519 with EdDSA.
    pub key: SecretSource,
    /// The key's name in the set of keys that the receiver has: the header `kid`.
    pub key_id: String,
    /// How an account is named to the receiver.
    pub subject: Subject,
    /// The receiver's names of accounts, by logon name. Default: the logon name.
    #[serde(default)]
    pub subjects: BTreeMap<String, String>,
    /// What is signalled when an account is withdrawn. Default: nothing, and accounts are no target of this point.
    #[serde(default)]
    pub account: Option<AccountSignal>,
    /// True to name the subject inside the event as well, for receivers of drafts before Shared Signals 1.0. Default: false.
    #[serde(default)]
    pub subject_in_event: bool,
    /// A folder, writable by the actuator alone, that holds what the receiver acknowledged last.
    pub memory: PathBuf,
    /// What a withdrawn account can still do at this receiver and for how long, as tried out there; in words, for the plan.
    #[serde(default)]
    pub leaves_open: Option<String>,
}

/// Makes the point; nothing is sent yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if the address, the key or the folder cannot be used.
pub fn connect(_name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    Ok(Box::new(SharedSignals {
        client: Client::new(&config.server)?,
        key: SigningKey::read(&config.key)?,
        memory: Memory::open(&config.memory)?,
        config,
    }))
}

struct SharedSignals {
    config: Config,
    client: Client,
    key: SigningKey,
    memory: Memory,
}

impl SharedSignals {
    fn kinds(&self) -> Vec<TargetKind> {
        let mut kinds = vec![TargetKind::Sessions];
        if self.config.account.is_some() {
            kinds.push(TargetKind::Account);
        }
        kinds
    }

    fn check(&self, target: &Target) -> Result<(), PointError> {
        if self.kinds().contains(&target.kind()) {
            return Ok(());
        }
        Err(PointError::new(
            PointErrorKind::Input,
            format_args!("{target} is nothing that this receiver is sent signals about"),
        ))
    }

    /// Sends what `step` is about to do, and remembers it before and after.
    fn signal(
        &self,
        target: &Target,
        mark: &Mark,
        before: Option<&Record>,
        step: Step,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        let verb = if step == Step::Lifting {
            Verb::Lift
        } else {
            Verb::Withdraw
        };
        // What was begun and not acknowledged is sent again as it was, so that the receiver knows it for the same.
        let record = match before {
            Some(begun) if begun.step == step => begun.clone(),
            _ => Record::new(target, mark, step)?,
        };
        self.memory.keep(&record)?;
        match self.deliver(&record, verb, time) {
            Ok(()) => {}
            Err(error) if error.kind == PointErrorKind::Unknown => return Err(error),
            Err(error) => {
                self.memory.put_back(target, before)?;
                return Err(error);
            }
        }
        let after = (step == Step::Withdrawing).then_some(Record {
            step: Step::Withdrawn,
            ..record
        });
        self.memory.put_back(target, after.as_ref()).map_err(|error| {
            PointError::new(
                PointErrorKind::Unknown,
                format_args!("the receiver acknowledged the signal, but that could not be kept: {error}"),
            )
        })?;
        Ok(observation(after.as_ref()))
    }
}

impl EnforcementPoint for SharedSignals {
    fn capabilities(&self) -> Capabilities {
        let words = self.config.leaves_open.as_deref().unwrap_or(LEAVES_OPEN);
        Capabilities {
            kinds: self.kinds(),
            holds_lease: false,
            survives_restart: true,
            leaves_open: words.to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, _deadline: Duration) -> Result<Observation, PointError> {
        self.check(target)?;
        Ok(observation(self.memory.recall(target)?.as_ref()))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        self.check(applying.target)?;
        let now = self.memory.recall(applying.target)?;
        may_withdraw(now.as_ref(), applying.prior, applying.target)?;
        if now.as_ref().is_some_and(|record| record.step == Step::Withdrawn) {
            return Ok(observation(now.as_ref()));
        }
        let time = TimeLeft::starting(deadline);
        self.signal(
            applying.target,
            applying.mark,
            now.as_ref(),
            Step::Withdrawing,
            time,
        )
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        self.check(lifting.target)?;
        let now = self.memory.recall(lifting.target)?;
        if !must_lift(now.as_ref(), lifting.prior, lifting.target)? {
            return Ok(observation(now.as_ref()));
        }
        let time = TimeLeft::starting(deadline);
        self.signal(lifting.target, lifting.mark, now.as_ref(), Step::Lifting, time)
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        self.check(target)?;
        let now = self.memory.recall(target)?;
        let last = match now.map(|record| record.step) {
            None => "no signal is in force",
            Some(Step::Withdrawn) => "it acknowledged the withdrawal",
            Some(Step::Withdrawing) => "it did not acknowledge the withdrawal",
            Some(Step::Lifting) => "it did not acknowledge the lift",
        };
        self.verify(TimeLeft::starting(deadline))?;
        Ok(Probe {
            answer: ProbeAnswer::Inconclusive,
            how: format!(
                "{target}: the receiver takes signals (a verification event was acknowledged), and {last}; a signal goes one way, so what \
                 the receiver did cannot be told here"
            ),
        })
    }
}

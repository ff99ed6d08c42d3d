//! Anything that consumes OpenC2 (Language 1.0) over HTTPS: firewalls, endpoint agents, proxies, identity systems.
//!
//! A command is answered, but a consumer cannot be asked afterwards what it has in force: the language has no such query. As with signals,
//! what is known is what it last acknowledged, kept in a folder and written before each command leaves.

mod command;
mod send;

use std::path::PathBuf;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, Probe, ProbeAnswer, Target, TargetKind,
};
use jiff::Timestamp;
use serde::Deserialize;

pub use command::{Account, Host};
pub use send::{Features, features};

use crate::SecretSource;
use crate::https::{Client, HttpsServer};
use crate::time_left::TimeLeft;
use crate::told::{Memory, Record, Step, may_withdraw, must_lift, observation};
use command::{Detail, commands};

/// What a command leaves open at a consumer of which nothing more is known.
const LEAVES_OPEN: &str = "whatever the consumer does not cut: it acknowledges commands and cannot be asked what it has in force; streams that \
     are established may go on";

/// One consumer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The consumer; its address is the whole one, such as `https://filter.example/.well-known/openc2`.
    pub server: HttpsServer,
    /// A bearer token that it asks for. Default: none; consumers commonly want a client certificate instead.
    #[serde(default)]
    pub bearer: Option<SecretSource>,
    /// What Cordon calls itself (`from`). Default: `cordon`.
    #[serde(default = "cordon")]
    pub producer: String,
    /// What the consumer is called (`to`).
    pub consumer: String,
    /// The actuator profile that commands are for, such as `slpf` or `x-house`. With `slpf` (stateless packet filter), denials get rule
    /// numbers and are lifted by deleting these; with others they are lifted by `allow`.
    pub profile: String,
    /// Which actuator (`asset_id`). Default: whichever the consumer takes.
    #[serde(default)]
    pub asset_id: Option<String>,
    /// How a host is named. Default: by its addresses.
    #[serde(default)]
    pub host: Host,
    /// How an account is named. Default: not at all, and accounts are no target. Not with `slpf`.
    #[serde(default)]
    pub account: Option<Account>,
    /// True if the consumer itself ends what has a stop time. Default: false; then none is sent.
    #[serde(default)]
    pub holds_lease: bool,
    /// A folder, writable by the actuator alone, that holds what the consumer acknowledged last.
    pub memory: PathBuf,
    /// What a withdrawal leaves open here and for how long, as tried out there; in words, for the plan.
    #[serde(default)]
    pub leaves_open: Option<String>,
}

fn cordon() -> String {
    "cordon".to_owned()
}

/// The profile whose rules have numbers (OpenC2 Actuator Profile for Stateless Packet Filtering 1.0).
const PACKET_FILTER: &str = "slpf";

/// Makes the point; nothing is sent yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if the address, the profile or the folder cannot be used.
pub fn connect(_name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    Ok(Box::new(OpenC2::new(config)?))
}

struct OpenC2 {
    config: Config,
    client: Client,
    memory: Memory,
}

impl OpenC2 {
    fn new(config: Config) -> Result<Self, PointError> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 64
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !is_name(&config.profile) {
            return Err(PointError::new(
                PointErrorKind::Config,
                "the profile is no name of one",
            ));
        }
        if config.profile == PACKET_FILTER && (config.account.is_some() || config.host == Host::Device) {
            return Err(PointError::new(
                PointErrorKind::Config,
                "a packet filter (slpf) knows neither accounts nor devices, only addresses",
            ));
        }
        Ok(Self {
            client: Client::new(&config.server)?,
            memory: Memory::open(&config.memory)?,
            config,
        })
    }

    fn kinds(&self) -> Vec<TargetKind> {
        let mut kinds = vec![TargetKind::Flow, TargetKind::Host];
        if self.config.account.is_some() {
            kinds.push(TargetKind::Account);
        }
        kinds
    }

    /// Withdraws from `before` on, or renews what is withdrawn.
    fn withdraw(
        &self,
        target: &Target,
        mark: &Mark,
        before: Option<&Record>,
        stop: Option<Timestamp>,
        time: TimeLeft,
    ) -> Result<Observation, PointError> {
        let begun = before.filter(|record| record.step == Step::Withdrawing);
        let record = match begun {
            Some(begun) => begun.clone(),
            None => {
                let mut record = Record::new(target, mark, Step::Withdrawing)?;
                record.detail = Detail::new(&record, commands(&self.config, target)?.len(), stop)?.kept()?;
                record
            }
        };
        let detail = Detail::of(&record)?;
        self.memory.keep(&record)?;
        for (place, command) in commands(&self.config, target)?.iter().enumerate() {
            let order = command.withdraw(&self.config, &record, &detail, place);
            match self.send(&order, time) {
                Ok(()) => {}
                // Begun before, and its answer lost: the number is taken because it was done.
                Err(error) if begun.is_some() && error.number_is_taken => {}
                Err(error)
                    if place == 0 && begun.is_none() && error.error.kind != PointErrorKind::Unknown =>
                {
                    self.memory.put_back(target, before)?;
                    return Err(error.error);
                }
                Err(error) => return Err(error.of_some(place)),
            }
        }
        let after = Record {
            step: Step::Withdrawn,
            ..record
        };
        self.keep_done(target, Some(&after))?;
        Ok(observation(Some(&after)))
    }

    /// Lifts what a record stands for.
    fn give_back(&self, record: &Record, time: TimeLeft) -> Result<Observation, PointError> {
        let lifting = Record {
            step: Step::Lifting,
            ..record.clone()
        };
        // A rule may be missing if its denial was begun only, or if a lift of it was.
        let may_be_missing = record.step != Step::Withdrawn;
        let detail = Detail::of(&lifting)?;
        self.memory.keep(&lifting)?;
        for (place, command) in commands(&self.config, &record.target)?.iter().enumerate() {
            let order = command.lift(&self.config, &lifting, &detail, place);
            match self.send(&order, time) {
                Ok(()) => {}
                Err(error) if may_be_missing && self.config.profile == PACKET_FILTER => {
                    self.make_sure_it_is_gone(command, &lifting, &detail, place, time)
                        .map_err(|_| error.of_some(place))?;
                }
                Err(error)
                    if place == 0 && !may_be_missing && error.error.kind != PointErrorKind::Unknown =>
                {
                    self.memory.keep(record)?;
                    return Err(error.error);
                }
                Err(error) => return Err(error.of_some(place)),
            }
        }
        self.keep_done(&record.target, None)?;
        Ok(observation(None))
    }

    /// A packet filter cannot be asked for a rule, and refuses to delete one that is not there with the same words as any other failure.
    /// So the rule is made once more under its number: if that is taken, it is still there; else it was gone, and is deleted again.
    fn make_sure_it_is_gone(
        &self,
        command: &command::Command,
        record: &Record,
        detail: &Detail,
        place: usize,
        time: TimeLeft,
    ) -> Result<(), PointError> {
        self.send(&command.withdraw(&self.config, record, detail, place), time)
            .map_err(|error| error.error)?;
        self.send(&command.lift(&self.config, record, detail, place), time)
            .map_err(|error| error.error)
    }

    fn keep_done(&self, target: &Target, record: Option<&Record>) -> Result<(), PointError> {
        self.memory.put_back(target, record).map_err(|error| {
            PointError::new(
                PointErrorKind::Unknown,
                format_args!("the consumer did as it was told, but that could not be kept: {error}"),
            )
        })
    }
}

impl EnforcementPoint for OpenC2 {
    fn capabilities(&self) -> Capabilities {
        let words = self.config.leaves_open.as_deref().unwrap_or(LEAVES_OPEN);
        Capabilities {
            kinds: self.kinds(),
            holds_lease: self.config.holds_lease,
            survives_restart: true,
            leaves_open: words.to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, _deadline: Duration) -> Result<Observation, PointError> {
        commands(&self.config, target)?;
        Ok(observation(self.memory.recall(target)?.as_ref()))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let time = TimeLeft::starting(deadline);
        commands(&self.config, applying.target)?;
        let now = self.memory.recall(applying.target)?;
        may_withdraw(now.as_ref(), applying.prior, applying.target)?;
        let stop = applying.lease_until.filter(|_| self.config.holds_lease);
        let Some(record) = now.as_ref().filter(|record| record.step == Step::Withdrawn) else {
            return self.withdraw(applying.target, applying.mark, now.as_ref(), stop, time);
        };
        if stop <= Detail::of(record)?.stop {
            return Ok(observation(now.as_ref()));
        }
        if self.config.profile == PACKET_FILTER {
            // A rule's time cannot be changed, and two rules for the same are told apart by number only.
            return Err(PointError::new(
                PointErrorKind::Input,
                "a packet filter's rule cannot be renewed: lift it and withdraw again, or let Cordon hold the lease",
            ));
        }
        // The same command with a later time replaces the earlier.
        let renewed = Record {
            step: Step::Withdrawing,
            detail: Detail {
                stop,
                ..Detail::of(record)?
            }
            .kept()?,
            ..record.clone()
        };
        self.withdraw(applying.target, applying.mark, Some(&renewed), stop, time)
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        commands(&self.config, lifting.target)?;
        let now = self.memory.recall(lifting.target)?;
        match &now {
            Some(record) if must_lift(now.as_ref(), lifting.prior, lifting.target)? => {
                self.give_back(record, TimeLeft::starting(deadline))
            }
            Some(_) => Ok(observation(now.as_ref())),
            None => {
                must_lift(None, lifting.prior, lifting.target)?;
                Ok(observation(None))
            }
        }
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let commands = commands(&self.config, target)?;
        let offered = self.ask_features(TimeLeft::starting(deadline))?;
        for command in &commands {
            offered.check(command)?;
        }
        let last = match self.memory.recall(target)?.map(|record| record.step) {
            None => "no command is in force",
            Some(Step::Withdrawn) => "it acknowledged the withdrawal",
            Some(Step::Withdrawing) => "it did not acknowledge the withdrawal",
            Some(Step::Lifting) => "it did not acknowledge the lift",
        };
        Ok(Probe {
            answer: ProbeAnswer::Inconclusive,
            how: format!(
                "{target}: the consumer answers and says that it can do this, and {last}; it cannot be asked what it has in force, and the \
                 access itself was not tried from here"
            ),
        })
    }
}

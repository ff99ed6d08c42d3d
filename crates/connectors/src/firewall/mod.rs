//! The enforcement point `firewall`: flows and hosts at a Linux firewall, through nftables' JSON interface.
//!
//! Everything stands in Cordon's own table `inet cordon`; other tables are neither read nor changed. Each target has a chain and
//! sets of its own, because the kernel refuses overlapping elements in one set: so overlapping flows compose, and lifting one leaves
//! the others. The elements carry the lease as their timeout, and the mark as their comment: the kernel ends the withdrawal when
//! its lease ends, though Cordon be dead.
//!
//! Sources: libnftables-json(5), nft(8), conntrack(8).

mod kernel;
mod listing;
mod network;
mod path;
mod probing;
mod shape;
mod streams;
mod transaction;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, Standing, Target, TargetKind,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use kernel::Kernel;
use listing::Listing;
use shape::Shape;
use transaction::Writing;

/// Longest lease in seconds that is handed to the kernel: ten years.
const LEASE_SECONDS_MAX: u64 = 10 * 366 * 24 * 3600;

/// What a mark may be made of, and how long: it becomes a comment in the kernel, which holds 128 bytes.
const MARK_BYTES_MAX: usize = 64;

/// Most entries of each list of the configuration.
const CONFIG_ENTRIES_MAX: usize = 64;

/// How a firewall is reached and what is tried there.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Words put before `nft` and `conntrack`, to run them elsewhere: `[ssh, -oBatchMode=yes, cordon@firewall]`. Default: none, they run
    /// on this machine. `[ip, netns, exec, name]` does not work in the actuator, which gives up the right to enter namespaces.
    #[serde(default)]
    pub via: Vec<String>,
    /// Priority of the chains at their hooks. Lower comes earlier; a refusal is final wherever it falls. Default: -10, before the
    /// ordinary filter chains.
    #[serde(default = "default_priority")]
    pub priority: i32,
    /// TCP connections that must be possible before and after every withdrawal: Cordon's own path to what it steers. Default: none.
    #[serde(default)]
    pub own_path: Vec<OwnPath>,
    /// For how many seconds a withdrawal is made on trial, until the own path is found whole and it is confirmed. If it is not, the
    /// kernel ends it after that time. Default: 15; 2 to 300.
    #[serde(default = "default_confirm_seconds")]
    pub confirm_seconds: u64,
    /// TCP connections that a probe tries. Default: none; then a probe can tell nothing.
    #[serde(default)]
    pub probes: Vec<ProbeConfig>,
    /// The program that tries a connection where `via` is given, with its first arguments; address and port follow. It ends with 0
    /// if the connection was made. Default: `[nc, -z, -w, "2"]`.
    #[serde(default = "default_connect_program")]
    pub connect_program: Vec<String>,
}

/// A connection that must stay possible.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OwnPath {
    /// Where to: `10.0.0.5:443`, `[2001:db8::5]:443`.
    pub to: SocketAddr,
    /// Words put before the connecting program, to run it elsewhere. Default: none, the connection is made from here.
    #[serde(default)]
    pub via: Vec<String>,
}

/// A connection that a probe tries.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeConfig {
    /// The address that the connection comes from, as the firewall sees it. It says which targets the probe is for.
    pub from: IpAddr,
    /// Where to; something must listen there.
    pub to: SocketAddr,
    /// Words put before the connecting program, to run it on the host with the address `from`. Default: none, it is this host.
    #[serde(default)]
    pub via: Vec<String>,
}

const fn default_priority() -> i32 {
    -10
}

const fn default_confirm_seconds() -> u64 {
    15
}

fn default_connect_program() -> Vec<String> {
    ["nc", "-z", "-w", "2"].map(str::to_owned).to_vec()
}

/// Makes the point. Nothing is run yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if a value is out of its range.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let wrong = |what: &str| Err(PointError::new(PointErrorKind::Config, format!("{name}: {what}")));
    if !(2..=300).contains(&config.confirm_seconds) {
        return wrong("confirm-seconds must be from 2 to 300");
    }
    if config.own_path.len() > CONFIG_ENTRIES_MAX || config.probes.len() > CONFIG_ENTRIES_MAX {
        return wrong("own-path and probes may have 64 entries each");
    }
    if config.connect_program.is_empty() {
        return wrong("connect-program is empty");
    }
    Ok(Box::new(Firewall {
        kernel: Kernel::new(config.via.clone()),
        config,
    }))
}

struct Firewall {
    kernel: Kernel,
    config: Config,
}

/// What stands about one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    held: Held,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// A digest of what stands, if it is only a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<String>,
}

/// How much of a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Held {
    /// No element: nothing is refused. Empty sets and their rules may have stayed behind when a lease ended.
    None,
    /// All of it, on trial: it ends within seconds unless it is confirmed.
    Trial,
    /// Only a part, or in another form.
    Part,
    /// All of it.
    All,
}

impl State {
    fn value(&self) -> PointState {
        PointState(serde_json::json!(self))
    }

    fn is_of(&self, mark: &Mark) -> bool {
        self.mark.as_deref() == Some(&mark.0)
    }

    fn observation(&self) -> Observation {
        Observation {
            standing: match self.held {
                Held::None => Standing::Open,
                Held::Trial | Held::Part => Standing::Partly,
                Held::All => Standing::Withdrawn,
            },
            state: self.value(),
            mark: self.mark.clone().map(Mark),
        }
    }
}

impl Firewall {
    fn seen(&self, shape: &Shape, until: Instant) -> Result<(Listing, State), PointError> {
        let listing = self.kernel.list(until)?;
        let state = listing.state(shape);
        Ok((listing, state))
    }

    /// Makes the withdrawal: on trial first where the own path could be cut, then for good.
    fn withdraw(
        &self,
        shape: &Shape,
        listing: &Listing,
        mark: &Mark,
        lease_seconds: Option<u64>,
        until: Instant,
    ) -> Result<(), PointError> {
        path::must_be_open(&self.config, until)?;
        let trial_comment = listing::trial_comment(&mark.0);
        let confirm = self.config.confirm_seconds;
        let mut trial = Writing {
            priority: self.config.priority,
            is_led_to: listing.leads(listing::WITHDRAWN, &shape.chain()),
            comment: &trial_comment,
            lease_seconds: Some(lease_seconds.map_or(confirm, |most| most.min(confirm))),
        };
        let preparing = shape.preparing_rules();
        let is_prepared = !listing.tracks() && !preparing.is_empty();
        if is_prepared {
            self.kernel
                .change(&transaction::withdraw(shape, preparing, &trial), until)?;
            trial.is_led_to = true;
        }
        let begun = |error| {
            if is_prepared {
                self.unconfirmed(&error)
            } else {
                error
            }
        };
        if self.config.own_path.is_empty() && self.config.via.is_empty() {
            let writing = Writing {
                comment: &mark.0,
                lease_seconds,
                ..trial
            };
            let order = transaction::withdraw(shape, shape.rules(), &writing);
            return self.kernel.change(&order, until).map_err(begun);
        }
        let order = transaction::withdraw(shape, shape.rules(), &trial);
        self.kernel.change(&order, until).map_err(begun)?;
        if let Err(cut) = path::must_be_open(&self.config, until) {
            return Err(self.take_back(shape, &cut));
        }
        self.kernel
            .change(&transaction::renew(shape, &mark.0, lease_seconds), until)
            .map_err(|error| self.unconfirmed(&error))
    }

    /// Takes a trial back that cut the own path. If even that fails, the kernel does it when the trial's time is over.
    fn take_back(&self, shape: &Shape, cut: &PointError) -> PointError {
        // The deadline may be used up by waiting for connections; this must still be tried.
        let until = Instant::now() + Duration::from_secs(5);
        let taken = self
            .kernel
            .list(until)
            .and_then(|listing| self.kernel.change(&transaction::lift(shape, &listing), until));
        match taken {
            Ok(()) => PointError::new(
                PointErrorKind::Input,
                format!(
                    "this would cut Cordon's own path, so it was taken back: {}",
                    cut.text
                ),
            ),
            Err(_) => PointError::new(
                PointErrorKind::Unknown,
                format!(
                    "this cuts Cordon's own path and could not be taken back; the kernel ends it within {} s: {}",
                    self.config.confirm_seconds, cut.text
                ),
            ),
        }
    }

    fn unconfirmed(&self, error: &PointError) -> PointError {
        PointError::new(
            PointErrorKind::Unknown,
            format!(
                "made on trial but not confirmed; the kernel ends it within {} s: {}",
                self.config.confirm_seconds, error.text
            ),
        )
    }
}

impl EnforcementPoint for Firewall {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Flow, TargetKind::Host],
            holds_lease: true,
            survives_restart: false,
            leaves_open: "traffic that does not pass this firewall; a TCP stream that is silent for the whole \
                          withdrawal goes on after the lift; without a port, a TCP stream older than the tracking of \
                          connections here, and datagrams that the far side goes on sending after the connection is \
                          forgotten (minutes)"
                .to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        let (_, state) = self.seen(&Shape::of(target)?, until)?;
        Ok(state.observation())
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        let shape = Shape::of(applying.target)?;
        check_mark(applying.mark)?;
        let lease_seconds = lease_seconds(applying.lease_until, Timestamp::now())?;
        let (listing, state) = self.seen(&shape, until)?;
        let as_assumed = state.value() == *applying.prior;
        let ours = state.is_of(applying.mark);
        match state.held {
            Held::All if as_assumed => return Ok(state.observation()),
            Held::All if ours => {
                if listing.ends_before(&shape, lease_seconds) {
                    let renewal = transaction::renew(&shape, &applying.mark.0, lease_seconds);
                    self.kernel.change(&renewal, until)?;
                }
            }
            Held::None | Held::Part | Held::Trial if as_assumed => {
                self.withdraw(&shape, &listing, applying.mark, lease_seconds, until)?;
            }
            Held::Trial if ours => {
                self.withdraw(&shape, &listing, applying.mark, lease_seconds, until)?;
            }
            Held::None | Held::Trial | Held::Part | Held::All => return Err(stale(&state)),
        }
        streams::cut(&self.kernel, &shape, until)?;
        let (_, state) = self.seen(&shape, until).map_err(after_a_change)?;
        Ok(state.observation())
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        let shape = Shape::of(lifting.target)?;
        let (listing, state) = self.seen(&shape, until)?;
        let as_before = state.value() == *lifting.prior;
        if as_before && (state.held != Held::None || !listing.has_remains(&shape)) {
            return Ok(state.observation());
        }
        let as_left = lifting.left.is_some_and(|left| state.value() == *left);
        let ours = matches!(state.held, Held::All | Held::Trial) && state.is_of(lifting.mark);
        if !(as_before || as_left || ours) {
            return Err(stale(&state));
        }
        check_prior(lifting.prior)?;
        self.kernel.change(&transaction::lift(&shape, &listing), until)?;
        let (_, state) = self.seen(&shape, until).map_err(after_a_change)?;
        Ok(state.observation())
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let until = Instant::now() + deadline;
        probing::probe(&self.kernel, &self.config, &Shape::of(target)?, until)
    }
}

/// Nothing or a trial stood before: both are given back by taking the withdrawal away. A half-broken withdrawal is not rebuilt.
fn check_prior(prior: &PointState) -> Result<(), PointError> {
    match serde_json::from_value::<State>(prior.0.clone()) {
        Ok(state) if matches!(state.held, Held::None | Held::Trial) => Ok(()),
        Ok(_) => Err(PointError::new(
            PointErrorKind::Input,
            "before this withdrawal an incomplete one stood, which is not rebuilt: lift to open, or remove it by hand",
        )),
        Err(_) => Err(PointError::new(
            PointErrorKind::Stale,
            "the prior state is not one of this point's",
        )),
    }
}

fn check_mark(mark: &Mark) -> Result<(), PointError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
    if mark.0.is_empty() || mark.0.len() > MARK_BYTES_MAX || !mark.0.bytes().all(allowed) {
        return Err(PointError::new(
            PointErrorKind::Input,
            "a mark has letters, digits and colons only, at most 64",
        ));
    }
    Ok(())
}

/// Whole seconds until the lease ends, rounded down so that the kernel never holds it longer.
fn lease_seconds(lease_until: Option<Timestamp>, now: Timestamp) -> Result<Option<u64>, PointError> {
    let Some(end) = lease_until else {
        return Ok(None);
    };
    let left = end.as_millisecond().saturating_sub(now.as_millisecond()) / 1000;
    match u64::try_from(left) {
        Ok(0) | Err(_) => Err(PointError::new(
            PointErrorKind::Input,
            "the lease is over already",
        )),
        Ok(seconds) => Ok(Some(seconds.min(LEASE_SECONDS_MAX))),
    }
}

fn stale(state: &State) -> PointError {
    let mark = state.mark.as_deref().unwrap_or("none");
    PointError::new(
        PointErrorKind::Stale,
        format!(
            "in table inet cordon stands {:?} (mark {mark}), which was not assumed",
            state.held
        ),
    )
}

fn after_a_change(error: PointError) -> PointError {
    match error.kind {
        PointErrorKind::Target => PointError::new(
            PointErrorKind::Unknown,
            format!("changed, but what stands now could not be read: {}", error.text),
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_rounded_down_and_a_past_one_refused() {
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        let at = |millisecond| Some(Timestamp::from_millisecond(millisecond).unwrap());
        assert_eq!(lease_seconds(None, now).unwrap(), None);
        assert_eq!(lease_seconds(at(1_060_999), now).unwrap(), Some(60));
        for past in [0, 999_999, 1_000_999] {
            assert_eq!(
                lease_seconds(at(past), now).unwrap_err().kind,
                PointErrorKind::Input
            );
        }
        assert_eq!(
            lease_seconds(Some(Timestamp::MAX), now).unwrap(),
            Some(LEASE_SECONDS_MAX)
        );
    }

    #[test]
    fn a_mark_that_could_leave_its_comment_is_refused() {
        for text in ["", "cordon:\"", "a b", "a\nb", &"a".repeat(65)] {
            assert!(check_mark(&Mark::from(text)).is_err(), "{text:?}");
        }
        assert!(check_mark(&Mark::from("cordon:5eeb5eeb5eeb5eeb")).is_ok());
    }
}

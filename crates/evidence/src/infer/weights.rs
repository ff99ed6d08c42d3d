//! Every number of the inference, in one place, each with its reason.
//!
//! All of them are judgements, not measurements: they were chosen for what they make a mixture of signals say, and
//! the recordings under `cases/` and the public ones named in `benches/README.md` show how well that works. Log-odds
//! are natural logarithms.

use crate::bind::Role;
use crate::sigma::{Level, Status};

use cordon_estate::Means;

/// Log-odds that any one account or system is held before anything was seen: one in five hundred. On the day on
/// which somebody runs this, an intruder is likely inside, and holds a few of thousands.
pub const PRIOR_LOG_ODDS: f64 = -6.2;

/// Log-odds are kept within ± this: beyond it a probability says nothing more, and pins must stay movable.
pub const LOG_ODDS_BOUND: f64 = 12.0;

/// Most that one rule adds, however often and however gravely it fires: below the prior, so that no rule alone makes
/// anything more likely held than not. One signal never decides.
pub const RULE_LOG_ODDS_MAX: f64 = 6.0;

/// What a rule must add for its firing to count as a signal of its own. What adds less, ten of them would still say
/// little.
pub const SIGNAL_LOG_ODDS_MIN: f64 = 0.5;

/// A rule of less weight than this is context rather than an alarm: `medium` and below.
pub const ALARM_WEIGHT_MIN: f64 = 2.5;

/// Most that all rules below [`ALARM_WEIGHT_MIN`] together add to one entity. Several of them on one machine are most
/// often one habit of that machine seen from several sides (a management script, an update), so they do not multiply
/// like independent signs, and without one alarm or a use by somebody suspected they never make anything held.
pub const CONTEXT_LOG_ODDS_MAX: f64 = 4.0;

/// Log-odds of a pin: an analyst's word outweighs everything that inference can add up to.
pub const PIN_LOG_ODDS: f64 = 20.0;

/// What a rule of this level adds when it first fires for an entity. A critical rule of good standing with one more
/// signal of medium weight crosses one half; a critical rule alone does not: one signal never decides.
#[must_use]
pub const fn level_weight(level: Level) -> f64 {
    match level {
        Level::Informational => 0.1,
        Level::Low => 0.6,
        Level::Medium => 1.6,
        Level::High => 3.2,
        Level::Critical => 5.0,
    }
}

/// How much of its weight a rule keeps by its maturity. Most published rules are `test`; `experimental` ones are noisy.
#[must_use]
pub const fn status_factor(status: Status) -> f64 {
    match status {
        Status::Stable => 1.1,
        Status::Test | Status::Unstated => 1.0,
        Status::Experimental => 0.8,
        Status::Deprecated => 0.4,
        Status::Unsupported => 0.2,
    }
}

/// How much of its weight a rule keeps by its tactic: discovery is what administrators do all day, while credential
/// access, lateral movement and impact are rarely anybody's work. The largest factor of a rule's tactics counts.
#[must_use]
pub fn tactic_factor(tactics: &[String]) -> f64 {
    let factor = |tactic: &str| match tactic {
        "reconnaissance" | "resource-development" | "discovery" | "collection" => 0.7,
        "credential-access" | "lateral-movement" | "impact" => 1.15,
        _ => 1.0,
    };
    tactics
        .iter()
        .map(|tactic| factor(tactic))
        .fold(None, |most: Option<f64>, one| {
            Some(most.map_or(one, |m| m.max(one)))
        })
        .unwrap_or(1.0)
}

/// The weight of a rule before its base rate is known.
#[must_use]
pub fn rule_weight(level: Level, status: Status, tactics: &[String]) -> f64 {
    level_weight(level) * status_factor(status) * tactic_factor(tactics)
}

/// The share of a rule's weight that an entity takes by the part it plays in the record.
#[must_use]
pub const fn role_factor(role: Role) -> f64 {
    match role {
        Role::Actor | Role::Host => 1.0,
        // Where it came from is the intruder's more surely than where it was logged, but an address can be wrong.
        Role::Source => 0.9,
        // What was done to somebody says little of what he does: a sprayed account is a victim.
        Role::Target => 0.15,
        Role::TargetHost => 0.25,
        // The record keeper of what others did, such as a directory server that logs a refused logon.
        Role::Witness => 0.05,
    }
}

/// True for the parts that count towards a rule's base rate: a rule that names many victims of one actor is not
/// thereby a common one.
#[must_use]
pub const fn acts(role: Role) -> bool {
    matches!(role, Role::Actor | Role::Host | Role::Source)
}

/// Firing again adds little, a quarter of the first firing in all: a rule that fires three hundred times on one host in
/// a minute has found a habit of that host rather than three hundred signs of an intruder.
#[must_use]
pub fn repeat_factor(firings: u32) -> f64 {
    1.25 - 0.25 * 0.5_f64.powi(i32::try_from(firings.min(64)).unwrap_or(64) - 1)
}

/// The inverse document frequency of a rule that fired for `with` of `all` entities of one kind, scaled to 1 for one
/// among many. Robertson and Spärck Jones (1976) give the idea; the additions keep a handful of hosts from turning
/// the first firing into a common one.
#[must_use]
pub fn base_rate_factor(with: u32, all: u32) -> f64 {
    let all = f64::from(all.max(with)) + 3.0;
    let with = f64::from(with.max(1));
    ((all / with).ln() / all.ln()).clamp(0.05, 1.0)
}

/// The probability that an intruder who holds the source also holds the target after this successful use.
#[must_use]
pub const fn carry_to_system(means: Means) -> f64 {
    match means {
        // These end with a program of the account running on the target.
        Means::RemoteManagement | Means::Wmi | Means::Ssh | Means::RemoteDesktop | Means::Admin => 0.7,
        Means::Console => 0.5,
        Means::Database | Means::Web => 0.2,
        // Reading a share or asking a directory is what every workstation does all day.
        Means::FileShare => 0.04,
    }
}

/// The probability that an intruder who holds a system also holds an account that logs on from it: he sees the
/// keyboard and the memory, but may not have looked yet.
pub const CARRY_TO_ACCOUNT: f64 = 0.6;

/// The probability that an intruder who holds an account runs on the system where that account starts programs.
pub const CARRY_ACCOUNT_RUNS: f64 = 0.6;

/// The probability that an intruder who holds a system holds the account that starts programs there.
pub const CARRY_SYSTEM_RUNS: f64 = 0.5;

/// Below this probability nothing is carried: it would cost time and say nothing.
pub const CARRY_FLOOR: f64 = 0.05;

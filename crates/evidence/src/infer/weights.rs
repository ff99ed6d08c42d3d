//! Every number of the inference, in one place, each with its reason.
//!
//! All of them are judgements, not measurements: they were chosen for what they make a mixture of signals say, and
//! the recordings under `cases/` and the public ones named in `benches/README.md` show how well that works. Log-odds
//! are natural logarithms.

use std::sync::Arc;

use crate::bind::Role;
use crate::sigma::{Level, Rule, Status};

use cordon_estate::Means;

/// Log-odds that any one account or system is held before anything was seen: one in five hundred. On the day on
/// which somebody runs this, an intruder is likely inside, and holds a few of thousands.
pub const PRIOR_LOG_ODDS: f64 = -6.2;

/// Log-odds are kept within ± this: beyond it a probability says nothing more, and pins must stay movable.
pub const LOG_ODDS_BOUND: f64 = 12.0;

/// Most that one rule adds, however often and however gravely it fires: below the prior, so that no rule alone makes
/// anything more likely held than not. One signal never decides.
pub const RULE_LOG_ODDS_MAX: f64 = 6.0;

/// Most that a rule adds which [stands alone](RuleWeight::stands_alone), once it has fired on several records: above
/// the prior. Whoever copies the directory's secrets holds every account, whether or not another rule sees him, and
/// to wait for one is to wait too long. It still is one signal, so nothing is done without a person.
pub const ALONE_LOG_ODDS_MAX: f64 = 7.0;

/// Most that a rule adds after so many firings for one entity.
pub(super) const fn rule_log_odds_max(rule: &RuleWeight, firings: u32) -> f64 {
    if rule.stands_alone && firings > 1 {
        ALONE_LOG_ODDS_MAX
    } else {
        RULE_LOG_ODDS_MAX
    }
}

/// What a rule must add for its firing to count as a signal of its own. What adds less, ten of them would still say
/// little.
pub const SIGNAL_LOG_ODDS_MIN: f64 = 0.5;

/// A rule of less weight than this is context rather than an alarm: `medium` and below. It counts together with
/// other context only if they come within [`EPISODE_SECONDS`].
pub const ALARM_WEIGHT_MIN: f64 = 2.5;

/// A rule of less weight than this is minor: `low` and `informational`. So is context that names no technique: what
/// does not say what it saw is no independent sign.
pub const MINOR_WEIGHT_MAX: f64 = 1.0;

/// Most that all minor rules together add to one entity: they fire for what everybody does now and then, so that a
/// busy machine collects them, and without something graver they never make anything held.
pub const MINOR_LOG_ODDS_MAX: f64 = 2.0;

/// Of the rules of one technique the strongest counts in full, the next by this share of its own, the next by the
/// square, and so on: they see one thing from several sides (a management script, an update). Rules without a
/// technique in common are independent signs and add up. A rule of several techniques goes with the first rule seen
/// on the entity with which it shares one.
pub const SAME_TECHNIQUE_FACTOR: f64 = 0.5;

/// Context that is further apart than this does not add up: what an intruder does he does in one sitting, while an
/// administrator's machine collects one sign of each kind over the weeks.
pub const EPISODE_SECONDS: i64 = 3_600;

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

/// What the techniques of a rule say beyond its level, which tells how often its author expects it to be right and
/// not what it means if it is. A rule that has further techniques sees more than this one, and cannot say which.
fn gravity(techniques: &[String]) -> Gravity {
    let all = |among: &[&str]| {
        !techniques.is_empty()
            && techniques
                .iter()
                .all(|technique| among.contains(&technique.as_str()))
    };
    if all(&["T1003.006"]) {
        Gravity::Replication
    } else if all(&["T1003.003", "T1207", "T1484.002", "T1556.001", "T1558.001"]) {
        Gravity::Directory
    } else if all(&[
        "T1542.001",
        "T1542.003",
        "T1546.003",
        "T1547.002",
        "T1547.005",
        "T1547.008",
    ]) {
        Gravity::System
    } else {
        Gravity::Usual
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gravity {
    Usual,
    /// Programs that start with the system and as the system, by ways that ordinary software hardly uses: WMI
    /// subscriptions, authentication packages, firmware.
    System,
    /// The directory is taken: its database, a directory server of one's own, forged tickets, trusts.
    Directory,
    /// Secrets are asked of the directory as by one of its servers, which nobody does by hand.
    Replication,
}

/// What a rule says before its base rate is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleWeight {
    /// What it adds when it first fires, in log-odds.
    pub log_odds: f64,
    /// The numbers of its techniques without their parts: 1003 for `T1003.006`.
    pub techniques: Arc<[u16]>,
    /// True if several records of it decide with no other rule: see [`ALONE_LOG_ODDS_MAX`].
    pub stands_alone: bool,
}

impl RuleWeight {
    /// True if both may see the same thing.
    pub(super) fn shares(&self, other: &Self) -> bool {
        self.techniques
            .iter()
            .any(|technique| other.techniques.contains(technique))
    }

    /// That of a Sigma rule.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        rule_weight(rule.level, rule.status, &rule.tactics, &rule.techniques)
    }
}

/// The weight of a rule before its base rate is known. Techniques are written `T1003.006`.
#[must_use]
pub fn rule_weight(level: Level, status: Status, tactics: &[String], techniques: &[String]) -> RuleWeight {
    let gravity = if level >= Level::Medium {
        gravity(techniques)
    } else {
        Gravity::Usual
    };
    let graded = match gravity {
        Gravity::Usual => level_weight(level),
        Gravity::System => 1.5 * level_weight(level),
        Gravity::Directory | Gravity::Replication => level_weight(Level::Critical),
    };
    RuleWeight {
        log_odds: graded * status_factor(status) * tactic_factor(tactics),
        techniques: techniques
            .iter()
            .filter_map(|technique| number(technique))
            .collect(),
        stands_alone: gravity == Gravity::Replication,
    }
}

/// The number of a technique without its part.
fn number(technique: &str) -> Option<u16> {
    let digits = technique.trim_start_matches(['T', 't']);
    digits.split('.').next()?.parse().ok()
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

//! Footholds, jewels and paths as a plan shows them.

use serde::{Deserialize, Serialize};

/// A foothold that the plan is made against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FootholdEntry {
    /// `account:pat`, `system:WORKSTATION6`.
    pub entity: String,
    /// Its name alone.
    pub name: String,
    /// What kind of account or system it is, in words: "admin account", "domain controller".
    pub kind: String,
    /// How likely it is held, 0 to 1.
    pub probability: f64,
}

/// Whether the intruder can take a jewel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JewelState {
    /// It is itself a foothold, or nothing stands between a foothold and it: it may be taken already.
    MayBeTaken,
    /// It can be reached, plan or not.
    Reachable,
    /// It could be reached, and no longer can under the plan.
    Stopped,
    /// It cannot be reached even with nothing withdrawn.
    OutOfReach,
}

/// A jewel with what the plan means for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JewelEntry {
    /// `system:DC1`, `account:svc-backup`, `group:Domain Admins`.
    pub entity: String,
    /// Its name alone.
    pub name: String,
    /// What it is, in words.
    pub kind: String,
    /// True if nobody declared it and Cordon inferred it from its role.
    pub inferred: bool,
    /// True if no plan may leave it reachable.
    pub never: bool,
    /// Loss if it is taken.
    pub loss_pence: i64,
    /// What the plan means for it.
    pub state: JewelState,
    /// Earliest arrival with nothing withdrawn; none if it cannot be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_minutes_before: Option<f64>,
    /// Earliest arrival under the plan; none if it cannot be reached any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_minutes_after: Option<f64>,
    /// Minutes between the effect of the withdrawals that cut its path and the arrival at it; none unless stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_minutes: Option<f64>,
    /// The quickest way to it with nothing withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// The quickest way to it that the plan leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_after: Option<Path>,
}

/// One derivation, premises before what follows from them; the last step gains [`Self::to`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// What it arrives at, `kind:name`.
    pub to: String,
    /// When the intruder is there at the earliest.
    pub arrival_minutes: f64,
    /// The steps in order of time. A step is left out if it takes no time and only restates another.
    pub steps: Vec<Step>,
    /// How many steps were left out because the path was longer than [`crate::limits::PATH_STEPS_MAX`].
    #[serde(default)]
    pub steps_omitted: u32,
}

/// One step of a path: a rule with what it needs and what it gains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What the intruder uses, each as a fact in words or as `kind:name`; the entity that the step starts at first.
    pub from: Vec<String>,
    /// What is gained, as `kind:name` where it is an entity.
    pub to: String,
    /// The name of the rule.
    pub rule: String,
    /// The step in one sentence without a full stop: "logs on to FS1 as pat by remote desktop".
    pub text: String,
    /// The ATT&CK technique, such as `T1021.001`; none for a step that is no act of the intruder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technique: Option<String>,
    /// How long it takes.
    pub minutes: f64,
    /// When it is done at the earliest.
    pub arrival_minutes: f64,
    /// The withdrawals of the plan that make this step impossible, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut_by: Vec<super::WithdrawalId>,
}

/// What the intruder can reach, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureCount {
    /// Accounts whose credentials can be used.
    pub accounts: u32,
    /// Groups that can be acted for.
    pub groups: u32,
    /// Systems that can be run on.
    pub systems: u32,
    /// Zones that can be entered.
    pub zones: u32,
    /// Jewels among them.
    pub jewels: u32,
}

/// Exposure before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureEntry {
    /// With nothing withdrawn.
    pub before: ExposureCount,
    /// Under the plan.
    pub after: ExposureCount,
}

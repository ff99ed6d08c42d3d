//! What a backtest found, as a document.

use cordon_plan::PlanDocument;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of this document's shape.
pub const FORMAT: &str = "cordon-backtest/1";

/// What a backtest found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestDocument {
    /// [`FORMAT`].
    pub format: String,
    /// The recording, as its truth calls it; empty without a truth.
    pub dataset: String,
    /// Records read.
    pub events: u64,
    /// Lines or records that could not be read.
    pub unreadable: u64,
    /// Detections.
    pub detections: u64,
    /// When the first detection's record was known.
    pub first_detection: Option<Timestamp>,
    /// When the first plan that withdraws something was ready.
    pub first_plan: Option<Timestamp>,
    /// Seconds assumed between a plan and its approval.
    pub decision_seconds: f64,
    /// Probability from which an entity counts as a foothold.
    pub threshold: f64,
    /// Who counts as a foothold at the end, likeliest first.
    pub footholds: Vec<BacktestFoothold>,
    /// How many of them the truth does not say are held; `None` without a truth.
    pub footholds_wrong: Option<u32>,
    /// The plan that is measured: the one in force when it first refused the intruder anything (what the
    /// recording shows after that would not have happened), or else the last one.
    pub plan: Option<BacktestPlan>,
    /// Every plan made, with what gave rise to it, in order of time; the first [`REVISIONS_MAX`].
    pub revisions: Vec<BacktestRevision>,
    /// How many plans were made over the whole recording.
    pub plans_made: u32,
    /// Steps of the intruder in the truth.
    pub steps_total: u32,
    /// Those after the first plan.
    pub steps_after_plan: u32,
    /// Those that a withdrawal in force would have refused.
    pub steps_blocked: u32,
    /// Those that no withdrawal refuses and that still could not have followed: they start where the intruder only
    /// got by a step that was refused.
    pub steps_prevented: u32,
    /// Every step.
    pub steps: Vec<BacktestStep>,
    /// Network logons by others than the intruder, in the whole recording.
    pub legitimate_total: u64,
    /// Those after the first plan.
    pub legitimate_after_plan: u64,
    /// Those that a withdrawal in force would have refused.
    pub legitimate_denied: u64,
    /// How long the replay took; 0 if nobody measured it.
    pub seconds: f64,
    /// Records read each second.
    pub events_per_second: f64,
    /// The measured plan, whole.
    pub plan_document: Option<PlanDocument>,
}

/// An entity that counts as a foothold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestFoothold {
    /// Its name.
    pub name: String,
    /// `account` or `system`.
    pub kind: String,
    /// How likely it is held, 0 to 1.
    pub probability: f64,
    /// When anything first spoke of it.
    pub first_seen: Timestamp,
    /// Whether the truth says that it is held; `None` without a truth.
    pub held_in_truth: Option<bool>,
    /// Why, in words, strongest first.
    pub reasons: Vec<String>,
}

/// Most revisions listed.
pub const REVISIONS_MAX: usize = 100;

/// One plan among those made as evidence came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestRevision {
    /// When it was ready.
    pub decided: Timestamp,
    /// Who had come to count as a foothold, as `kind:name`; nobody if it was made because of an access newly learned.
    pub gained: Vec<String>,
    /// What it withdraws.
    pub withdrawals: Vec<String>,
}

/// The plan that is measured, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestPlan {
    /// When it was ready.
    pub decided: Timestamp,
    /// What it withdraws, in the order of execution.
    pub withdrawals: Vec<String>,
    /// What it costs.
    pub cost: i64,
    /// The proven gap to the best plan, 0 if it is the best.
    pub optimality_gap: f64,
}

/// One step of the intruder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestStep {
    /// When it happened.
    pub time: Timestamp,
    /// Its ATT&CK technique.
    pub technique: String,
    /// From where.
    pub from_host: String,
    /// To where.
    pub to_host: String,
    /// As whom.
    pub account: String,
    /// True if a plan was ready before it.
    pub after_plan: bool,
    /// The withdrawal that would have refused it.
    pub blocked_by: Option<String>,
    /// True if it starts where the intruder only got by a step that was refused.
    #[serde(default)]
    pub prevented: bool,
}

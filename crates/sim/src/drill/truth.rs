//! What really happened, in the format that `cordon backtest --truth` reads.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The truth of a drill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Which drill.
    pub dataset: String,
    /// First and last instant of the logs.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Accounts that the intruder comes to hold, in order.
    pub compromised_accounts: Vec<String>,
    /// Systems that the intruder comes to run on, in order.
    pub compromised_hosts: Vec<String>,
    /// Those systems and what they are.
    pub hosts: Vec<TruthHost>,
    /// What the intruder does, in order.
    pub steps: Vec<TruthStep>,
}

/// A system of the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthHost {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: String,
    /// Its addresses.
    pub ips: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthStep {
    /// When.
    pub time: Timestamp,
    /// ATT&CK technique.
    pub technique: String,
    /// From where; an address if it is outside.
    pub from_host: String,
    /// To where.
    pub to_host: String,
    /// With which account.
    pub account: String,
    /// What in the logs shows it.
    pub evidence: String,
}

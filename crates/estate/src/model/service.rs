//! Business services and what they require.

use serde::{Deserialize, Serialize};

use super::{AccessId, AccountId, Provenance, ServiceId, SystemId};

/// Money in pence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pence(pub i64);

/// What a service needs in order to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// All of these. An empty list is always met.
    All(Vec<Self>),
    /// Any one of these. An empty list is never met.
    Any(Vec<Self>),
    /// A system that runs and is on the network.
    System(SystemId),
    /// An account that can be used.
    Account(AccountId),
    /// An access that is given (a flow, a right, an assignment).
    Access(AccessId),
    /// Another service that is up, degraded counts.
    Service(ServiceId),
}

/// What keeps a part of a service going when its requirements fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fallback {
    /// What it is called.
    pub name: String,
    /// The share of the service that it carries, 0 to 1.
    pub capacity: f64,
    /// What it needs itself.
    pub requires: Requirement,
}

/// What an outage costs as it lasts: piecewise linear in hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostCurve {
    /// (hours since the outage began, pence per hour from then on), hours ascending from 0; empty costs nothing.
    /// Between two points the rate is interpolated; after the last it stays.
    pub points: Vec<(f64, Pence)>,
}

/// A business service, such as card payments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The name that people use, unique among services (compared without case).
    pub name: String,
    /// True if it must keep running whatever else is withdrawn.
    pub protected: bool,
    /// What it needs.
    pub requires: Requirement,
    /// What carries part of it when `requires` fails, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Fallback>,
    /// What an outage costs.
    #[serde(default)]
    pub cost: CostCurve,
    /// How long it can be down before the harm is grave, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerable_downtime_minutes: Option<f64>,
    /// How many people cannot work when it is down.
    #[serde(default)]
    pub people: u32,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

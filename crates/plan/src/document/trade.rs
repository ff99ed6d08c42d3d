//! Services, people and money as a plan shows them.

use serde::{Deserialize, Serialize};

/// How a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    /// As usual.
    Up,
    /// Partly, by a fallback.
    Degraded,
    /// Not at all.
    Down,
}

/// A service under the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEntry {
    /// Its name.
    pub name: String,
    /// True if it must keep running.
    pub protected: bool,
    /// How it runs under the plan.
    pub level: ServiceLevel,
    /// The share of it that runs, 0 to 1.
    pub capacity: f64,
    /// The fallback that carries it, if it is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// What that costs over the expected duration.
    pub cost_pence: i64,
    /// People who cannot work because of that.
    pub people: u32,
    /// True if the expected duration is longer than the service can be down.
    #[serde(default)]
    pub beyond_tolerable_downtime: bool,
    /// The withdrawals that it suffers from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because_of: Vec<super::WithdrawalId>,
}

/// Who cannot work as usual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeopleEntry {
    /// People who lose the use of something that they used, as far as is known.
    pub denied: u32,
    /// People who cannot work because their service is down or degraded.
    pub services_down: u32,
    /// Legitimate uses a day that are denied.
    pub uses_per_day: f64,
    /// Accounts by name that are disabled, at most [`crate::limits::PEOPLE_NAMED_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts_disabled: Vec<String>,
    /// How many accounts are disabled.
    pub accounts_disabled_total: u32,
    /// Sites by name that lose something, at most [`crate::limits::PEOPLE_NAMED_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// How many sites lose something.
    pub sites_total: u32,
}

/// What a set of withdrawals costs over the expected duration, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostEntry {
    /// Services that are down or degraded.
    pub services_pence: i64,
    /// The acts themselves: effort, risk, legitimate use denied.
    pub friction_pence: i64,
    /// What stays in reach beyond jewels.
    pub spread_pence: i64,
    /// Jewels that stay in reach and have a price.
    pub residual_pence: i64,
    /// All of it: what the plan minimises.
    pub total_pence: i64,
}

impl CostEntry {
    /// What the business feels: services and friction.
    #[must_use]
    pub const fn disruption_pence(&self) -> i64 {
        self.services_pence.saturating_add(self.friction_pence)
    }

    /// What the intruder may still do: spread and residual loss.
    #[must_use]
    pub const fn loss_pence(&self) -> i64 {
        self.spread_pence.saturating_add(self.residual_pence)
    }

    /// The same with the total set to the sum.
    #[must_use]
    pub const fn summed(mut self) -> Self {
        self.total_pence = self.disruption_pence().saturating_add(self.loss_pence());
        self
    }
}

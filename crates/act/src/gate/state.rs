//! What a gate remembers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::window::Window;
use crate::approval::Approver;
use crate::{LeaseEnd, Order, OrderId, Orders, PointName, Target};

/// Everything that must survive a restart. The parts can be kept in files of their own: one for each set of orders and one for each
/// point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateState {
    /// The orders that were approved, by their digest.
    pub registered: BTreeMap<String, Registered>,
    /// What happened at each point.
    pub points: BTreeMap<PointName, PointGate>,
    /// Digests of orders that are done with, with the end of their approval, until which it cannot be used again.
    pub finished: BTreeMap<String, Timestamp>,
}

/// A set of orders with its approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// The orders.
    pub orders: Orders,
    /// Who approved them.
    pub approvers: Vec<Approver>,
    /// Until when each order may be begun.
    pub until: Timestamp,
    /// True if two people said that no proof of a break-glass logon is needed.
    pub without_break_glass: bool,
    /// When they were registered.
    pub at: Timestamp,
    /// Which orders are to be lifted.
    #[serde(default)]
    pub given_up: BTreeMap<OrderId, GivenUp>,
    /// Which leases were made longer.
    #[serde(default)]
    pub renewed: BTreeMap<OrderId, Renewed>,
}

/// That an order is to be lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenUp {
    /// Since when.
    pub at: Timestamp,
    /// Who said so.
    pub by: Approver,
}

/// That a lease runs longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// Until when.
    pub until: Timestamp,
    /// Who said so.
    pub by: Approver,
}

/// What happened at one point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointGate {
    /// The highest epoch that was used.
    pub epoch: u64,
    /// How many applies were admitted in each second of the last minute.
    pub applied: Window,
    /// When the break-glass logon last worked.
    pub proven_at: Option<Timestamp>,
    /// When the first apply of an order was admitted, by digest and order.
    pub begun: BTreeMap<String, BTreeMap<OrderId, Timestamp>>,
    /// Since when something of an order stands that another order withdrew, by digest and order.
    pub joined: BTreeMap<String, BTreeMap<OrderId, Timestamp>>,
    /// What was withdrawn and with which prior state.
    #[serde(with = "pairs")]
    pub held: BTreeMap<Target, Held>,
}

/// What is remembered of a target that was withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// SHA-256 in hex of the prior state that was handed in first.
    pub prior: String,
    /// How many applies may have had an effect since; at 0 the next apply may bring another prior state.
    pub effects: u32,
    /// The digests of the orders on whose behalf that was.
    pub by: BTreeSet<String>,
    /// Epoch and number of the last change that was let through.
    #[serde(default)]
    pub latest: (u64, u64),
    /// Orders whose withdrawal was seen to stand and was begun while their lease ran, by digest. Until it is given back, what stood may be
    /// withdrawn again after the end of a lease that holds.
    #[serde(default)]
    pub stood: BTreeMap<String, BTreeSet<OrderId>>,
}

impl Held {
    /// True if it stood for an order before that order's lease ended.
    pub(super) fn has_stood(&self, digest: &str, id: &OrderId) -> bool {
        self.stood.get(digest).is_some_and(|orders| orders.contains(id))
    }
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Approved and not begun.
    Waiting,
    /// Not begun while that was approved and its lease ran.
    Lapsed(Timestamp),
    /// Its lease runs.
    Running(Timestamp),
    /// Its lease is over; it stays withdrawn until somebody answers.
    Overdue(Timestamp),
    /// Its lease is over, and it is lifted.
    Over(Timestamp),
    /// Somebody said that it be lifted.
    GivenUp,
}

impl Stand {
    /// True if it may be begun, or its lease runs.
    pub(super) const fn is_live(self) -> bool {
        matches!(self, Self::Waiting | Self::Running(_))
    }

    /// True if the order wants its placements withdrawn.
    pub(super) const fn holds(self) -> bool {
        matches!(self, Self::Waiting | Self::Running(_) | Self::Overdue(_))
    }
}

impl GateState {
    pub(super) fn stand(
        &self,
        digest: &str,
        registered: &Registered,
        order: &Order,
        now: Timestamp,
    ) -> Stand {
        if registered.given_up.contains_key(&order.id) {
            return Stand::GivenUp;
        }
        let end = registered.lease_end(order);
        let begun = self.is_begun(digest, order);
        match (begun, now < end, order.at_lease_end) {
            (false, _, _) if now >= registered.until => Stand::Lapsed(registered.until),
            (false, true, _) => Stand::Waiting,
            (false, false, _) => Stand::Lapsed(end),
            (true, true, _) => Stand::Running(end),
            (true, false, LeaseEnd::Lift) => Stand::Over(end),
            (true, false, LeaseEnd::Hold) => Stand::Overdue(end),
        }
    }

    /// True if something of the order was withdrawn, on its behalf or on another's.
    fn is_begun(&self, digest: &str, order: &Order) -> bool {
        self.is_begun_itself(digest, order)
            || self
                .points
                .get(&order.point)
                .is_some_and(|point| has(&point.joined, digest, &order.id))
    }

    /// True if something was withdrawn on the order's own behalf.
    pub(super) fn is_begun_itself(&self, digest: &str, order: &Order) -> bool {
        self.points
            .get(&order.point)
            .is_some_and(|point| has(&point.begun, digest, &order.id))
    }
}

fn has(orders: &BTreeMap<String, BTreeMap<OrderId, Timestamp>>, digest: &str, id: &OrderId) -> bool {
    orders.get(digest).is_some_and(|orders| orders.contains_key(id))
}

impl Registered {
    /// When the lease of an order ends: it began when the orders were registered.
    pub(super) fn lease_end(&self, order: &Order) -> Timestamp {
        let end = later_by_minutes(self.at, order.lease_minutes);
        let renewed = self.renewed.get(&order.id).map(|renewed| renewed.until);
        renewed.map_or(end, |renewed| renewed.max(end))
    }
}

fn later_by_minutes(from: Timestamp, minutes: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_mins(i64::from(minutes)))
        .unwrap_or(Timestamp::MAX)
}

/// A map whose keys are no text, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Held;
    use crate::Target;

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<Target, Held>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Target, Held>, D::Error> {
        Vec::<(Target, Held)>::deserialize(deserializer).map(|pairs| pairs.into_iter().collect())
    }
}

//! Orders: what a plan becomes when it is to be carried out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::limits::{ORDERS_MAX, TARGETS_PER_PLAN_MAX};
use crate::{Mark, OrderId, PointName, Target};

/// The version of this document's shape.
pub const FORMAT: &str = "cordon-orders/1";

/// Everything that is approved at once: the orders of one plan, in the order of execution, with their limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// [`FORMAT`].
    pub format: String,
    /// The hash of the exact plan, 64 hexadecimal digits.
    pub plan_hash: String,
    /// The organisation.
    pub organisation: String,
    /// What to do, first thing first.
    pub orders: Vec<Order>,
    /// How much may be done, how fast.
    pub limits: VolumeLimits,
    /// What may never be withdrawn, whatever the orders say: what protected services rest on, break-glass accounts, Cordon's own.
    pub never: Vec<Placement>,
}

/// One withdrawal of the plan at one enforcement point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// The plan's name of the withdrawal, such as `disable-account/account:pat`.
    pub withdrawal: String,
    /// What is done, in words.
    pub text: String,
    /// Where.
    pub point: PointName,
    /// The targets, each withdrawn and lifted by itself.
    pub targets: Vec<Target>,
    /// How long the withdrawal is valid unless renewed, in minutes from when the orders were accepted.
    pub lease_minutes: u32,
    /// What happens when the lease ends and nobody has answered.
    pub at_lease_end: LeaseEnd,
}

/// What becomes of a withdrawal whose lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseEnd {
    /// It is lifted.
    Lift,
    /// It stays, and is said to be overdue until somebody renews or lifts it.
    Hold,
}

/// One target at one enforcement point: what is observed, withdrawn and given back as one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Where.
    pub point: PointName,
    /// What.
    pub target: Target,
}

impl Placement {
    /// What to leave at the server to recognise Cordon's own act: the same for every order with this placement.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let text = serde_json::to_string(self).unwrap_or_default();
        Mark(format!(
            "cordon:{}",
            hex(&Sha256::digest(text.as_bytes()))
                .get(..16)
                .unwrap_or_default()
        ))
    }
}

impl std::fmt::Display for Placement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} at {}", self.target, self.point)
    }
}

/// How much may be withdrawn, how fast. What exceeds a limit needs one more approval, with the role `cordon-bulk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeLimits {
    /// Most targets withdrawn in a minute at one point. Never exceeded, approved or not: the rest waits. Orders that say more than the
    /// default need the further approval.
    pub per_point_and_minute: u32,
    /// Most targets of one plan without the further approval.
    pub per_plan: u32,
    /// Most accounts of the organisation, in thousandths of all, without the further approval. Up to
    /// [`crate::approval::limits::SHARE_FLOOR_ACCOUNTS`] accounts that are named never need it for their share's sake.
    pub accounts_per_mille: u32,
    /// How many accounts the organisation has, which the share is of.
    pub accounts: u32,
    /// How many targets the first wave, the canary, has; each further wave is four times as large.
    pub canary: u32,
}

impl Default for VolumeLimits {
    fn default() -> Self {
        Self {
            per_point_and_minute: 6_000,
            per_plan: 500,
            accounts_per_mille: 50,
            accounts: 0,
            canary: 1,
        }
    }
}

/// Why orders cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// Another shape.
    #[error("the orders are of format {0:?}, this version reads {FORMAT}")]
    Format(String),
    /// Not a hash.
    #[error("{0:?} is not the hash of a plan (64 hexadecimal digits)")]
    PlanHash(String),
    /// Nothing to do, or too much.
    #[error("{0}")]
    Count(String),
    /// Two orders of one name.
    #[error("two orders are called {0}")]
    Twice(OrderId),
    /// An order whose name is not of this plan.
    #[error("order {0} is not named after its plan")]
    Foreign(OrderId),
    /// A lease without length.
    #[error("order {0} has a lease of 0 minutes")]
    NoLease(OrderId),
}

impl Orders {
    /// What an approval binds to besides the plan's hash: SHA-256 in hex over the JSON of this document.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        hex(&Sha256::digest(text.as_bytes()))
    }

    /// The name of the order at a place of the plan, from 1.
    #[must_use]
    pub fn order_id(plan_hash: &str, place: usize) -> OrderId {
        let start: String = plan_hash.chars().take(12).collect();
        OrderId(format!("{start}-{place:02}"))
    }

    /// The order of a name.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<&Order> {
        // An order is named after its place, which `validate` sees to.
        let place =
            id.0.rsplit_once('-')
                .and_then(|(_, place)| place.parse::<usize>().ok());
        let named = self.orders.get(place.unwrap_or(0).wrapping_sub(1));
        named
            .filter(|order| order.id == *id)
            .or_else(|| self.orders.iter().find(|order| order.id == *id))
    }

    /// Every target with its point and order, in the order of execution.
    pub fn placements(&self) -> impl Iterator<Item = (&Order, Placement)> {
        self.orders.iter().flat_map(|order| {
            order.targets.iter().map(move |target| {
                (
                    order,
                    Placement {
                        point: order.point.clone(),
                        target: target.clone(),
                    },
                )
            })
        })
    }

    /// Checks what must hold of orders before anything else is asked of them.
    ///
    /// # Errors
    /// The first [`OrdersError`].
    pub fn validate(&self) -> Result<(), OrdersError> {
        if self.format != FORMAT {
            return Err(OrdersError::Format(self.format.chars().take(40).collect()));
        }
        if self.plan_hash.len() != 64 || !self.plan_hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(OrdersError::PlanHash(self.plan_hash.chars().take(80).collect()));
        }
        let targets: usize = self.orders.iter().map(|order| order.targets.len()).sum();
        if targets == 0 || self.orders.len() > ORDERS_MAX || targets > TARGETS_PER_PLAN_MAX {
            return Err(OrdersError::Count(format!(
                "{} orders with {targets} targets: at least one target, at most {ORDERS_MAX} orders and {TARGETS_PER_PLAN_MAX} targets",
                self.orders.len()
            )));
        }
        let mut names = BTreeSet::new();
        for (place, order) in self.orders.iter().enumerate() {
            if !names.insert(&order.id) {
                return Err(OrdersError::Twice(order.id.clone()));
            }
            if order.id != Self::order_id(&self.plan_hash, place + 1) {
                return Err(OrdersError::Foreign(order.id.clone()));
            }
            if order.lease_minutes == 0 {
                return Err(OrdersError::NoLease(order.id.clone()));
            }
        }
        Ok(())
    }
}

/// Bytes in hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

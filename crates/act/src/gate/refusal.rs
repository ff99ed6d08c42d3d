//! Why the gate says no, each rule in its own words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BREAK_GLASS_PROOF_MINUTES, REGISTERED_MAX};
use crate::{OrderId, Placement, PointErrorKind, PointName};

/// A refusal. Nothing was sent to the point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Refusal {
    /// Somebody with a higher epoch acts at this point.
    #[error("epoch {epoch} may not act at {point}: epoch {highest} has")]
    Fenced {
        /// Where.
        point: PointName,
        /// The caller's.
        epoch: u64,
        /// The highest seen.
        highest: u64,
    },
    /// A change without a claim to the point.
    #[error("a change at {point} needs an epoch from 1 on")]
    NoEpoch {
        /// Where.
        point: PointName,
    },
    /// A later call about the same target came before this one, or it is a copy.
    #[error("call {call} about {placement} comes too late: {latest} came before it")]
    Overtaken {
        /// About what.
        placement: Box<Placement>,
        /// The caller's number.
        call: u64,
        /// The number of the last that was let through.
        latest: u64,
    },
    /// The call lacks something that its verb needs.
    #[error("the call is not complete: {missing}")]
    Incomplete {
        /// What.
        missing: String,
    },
    /// No such orders.
    #[error("no orders with this digest or plan are registered")]
    NotRegistered,
    /// The orders have no such order, or it has no such placement.
    #[error("no registered order {order} orders {placement}")]
    NotOrdered {
        /// Which order.
        order: OrderId,
        /// What.
        placement: Box<Placement>,
    },
    /// The orders are not those that were approved, or cannot be.
    #[error("these orders cannot be registered: {reason}")]
    NotApproved {
        /// Why.
        reason: String,
    },
    /// What was approved was not begun in time.
    #[error("the approval ended {until}")]
    ApprovalOver {
        /// When.
        until: Timestamp,
    },
    /// The same approval was used before, and everything was lifted.
    #[error("these orders are done with and nothing of them stands: they need a new plan")]
    Finished,
    /// Too many orders.
    #[error("{REGISTERED_MAX} sets of orders are registered: lift some first")]
    Full,
    /// The order is to be lifted.
    #[error("order {order} is to be lifted")]
    GivenUp {
        /// Which.
        order: OrderId,
    },
    /// The lease is over.
    #[error("the lease of order {order} ended {until}")]
    LeaseOver {
        /// Which.
        order: OrderId,
        /// When.
        until: Timestamp,
    },
    /// It may never be withdrawn.
    #[error("{placement} is never withdrawn: it would take {why}")]
    Never {
        /// What.
        placement: Box<Placement>,
        /// What stands on the list.
        why: String,
    },
    /// Too few people who can lift would be left.
    #[error("{placement} is not withdrawn: fewer than two people who can lift would be left")]
    LastLifters {
        /// What.
        placement: Box<Placement>,
    },
    /// No proof of the break-glass logon.
    #[error("the break-glass logon of {point} was not proven within {BREAK_GLASS_PROOF_MINUTES} minutes")]
    BreakGlass {
        /// Where.
        point: PointName,
    },
    /// The prior state handed in is another than at first.
    #[error("the prior state of {placement} is not the one that was handed in first")]
    PriorDiffers {
        /// What.
        placement: Box<Placement>,
    },
    /// A state that is too large to be one.
    #[error("the prior state of {placement} is larger than a state may be")]
    PriorTooLarge {
        /// What.
        placement: Box<Placement>,
    },
    /// Not withdrawn through this gate.
    #[error("{placement} was not withdrawn here")]
    NeverApplied {
        /// What.
        placement: Box<Placement>,
    },
    /// Nobody said that it be lifted.
    #[error(
        "nobody with the right to it said that order {order} be lifted, and its lease does not end in a lift by now"
    )]
    LiftNotApproved {
        /// Which.
        order: OrderId,
    },
    /// Another order still withdraws it.
    #[error("{placement} is still withdrawn by order {order}")]
    StillHeld {
        /// What.
        placement: Box<Placement>,
        /// By which.
        order: OrderId,
    },
    /// So many in a minute.
    #[error("{limit} targets were withdrawn at {point} within a minute: wait {wait_seconds} s")]
    TooFast {
        /// Where.
        point: PointName,
        /// How many may be.
        limit: u32,
        /// How long to wait.
        wait_seconds: u32,
    },
}

impl Refusal {
    /// Who must act on it. That something was never withdrawn here, or was done with, says that what stands is not
    /// Cordon's.
    #[must_use]
    pub const fn kind(&self) -> PointErrorKind {
        match self {
            Self::NeverApplied { .. } | Self::Finished => PointErrorKind::Stale,
            Self::TooFast { .. } | Self::Overtaken { .. } | Self::Fenced { .. } => PointErrorKind::Target,
            _ => PointErrorKind::Denied,
        }
    }

    /// How long to wait before the same call would be admitted, in seconds; none if waiting does not help.
    #[must_use]
    pub const fn wait_seconds(&self) -> Option<u32> {
        match self {
            Self::TooFast { wait_seconds, .. } => Some(*wait_seconds),
            _ => None,
        }
    }
}

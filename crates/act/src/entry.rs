//! What is recorded: decisions, intents and effects, each an entry of the ledger.
//!
//! The state of every order and placement follows from these entries alone ([`crate::Book`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Observation, OrderId, Orders, Placement, PointErrorKind, PointName, PointState, ProbeAnswer};

/// One thing that happened, or is about to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry", content = "of")]
pub enum Entry {
    /// Orders were approved and accepted for execution.
    Accepted(Accepted),
    /// Before anything is changed: what stands, and the intent to withdraw it.
    Applying {
        /// What.
        placement: Placement,
        /// What stood when it was first looked at, to be given back.
        prior: Observation,
        /// The fencing epoch under which the server is asked.
        epoch: u64,
        /// How often it was asked before, plus one.
        attempt: u32,
    },
    /// The withdrawal stands.
    Applied {
        /// What.
        placement: Placement,
        /// What it left.
        left: PointState,
        /// Until when the server itself will hold it, if it holds leases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_lease_until: Option<Timestamp>,
        /// True if it was found standing after an unanswered request.
        adopted: bool,
    },
    /// The access was tried and refused, or could not be tried and stands as read back.
    Verified {
        /// What.
        placement: Placement,
        /// [`ProbeAnswer::Refused`] or [`ProbeAnswer::Inconclusive`].
        answer: ProbeAnswer,
        /// How it was tried.
        how: String,
    },
    /// The access was tried and got through: an alarm.
    Unverified {
        /// What.
        placement: Placement,
        /// How it was tried.
        how: String,
    },
    /// A request was refused or failed.
    Failed {
        /// What.
        placement: Placement,
        /// Which verb.
        verb: Verb,
        /// Who must act.
        kind: PointErrorKind,
        /// What the point said.
        text: String,
        /// How often in a row.
        attempt: u32,
    },
    /// Somebody else undid or changed what stands: an alarm.
    Drifted {
        /// What.
        placement: Placement,
        /// What is seen.
        seen: PointState,
    },
    /// Cordon must not decide this alone.
    NeedsPerson {
        /// What.
        placement: Placement,
        /// Why, in words.
        why: String,
    },
    /// The leases of an order ended, and it says that what stands stays.
    Overdue {
        /// Which.
        order: OrderId,
    },
    /// The lease of orders was renewed.
    Renewed {
        /// Which.
        orders: Vec<OrderId>,
        /// Until when.
        until: Timestamp,
        /// By whom.
        by: String,
    },
    /// Orders are to be lifted.
    LiftAsked {
        /// Which.
        orders: Vec<OrderId>,
        /// By whom; `lease` if their lease ended.
        by: String,
        /// True if what somebody else changed meanwhile is to be left as it is.
        accept_changes: bool,
    },
    /// Before anything is given back: the intent.
    Lifting {
        /// What.
        placement: Placement,
        /// The fencing epoch under which the server is asked.
        epoch: u64,
        /// How often it was asked before, plus one.
        attempt: u32,
    },
    /// The prior state stands again, or nothing was ever changed.
    Lifted {
        /// What.
        placement: Placement,
        /// What stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<PointState>,
    },
    /// The access was tried after the lift.
    LiftTried {
        /// What.
        placement: Placement,
        /// What came of it.
        answer: ProbeAnswer,
        /// How it was tried.
        how: String,
    },
    /// The probes of protected services were asked: before wave 0, and after each wave.
    ServicesProbed {
        /// The plan.
        plan_hash: String,
        /// How many waves were done before.
        wave: u32,
        /// The services whose probe failed.
        failing: Vec<String>,
    },
    /// The rest of a plan is not begun.
    Halted {
        /// The plan.
        plan_hash: String,
        /// Why, in words.
        why: String,
    },
    /// A person let a halted plan go on.
    Resumed {
        /// The plan.
        plan_hash: String,
        /// Who.
        by: String,
    },
}

/// Orders with what they were accepted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The orders.
    pub orders: Orders,
    /// Who approved, by name and key fingerprint.
    pub approved_by: Vec<String>,
    /// How break-glass logons were proven, point by point; empty only if overridden.
    pub break_glass: Vec<(PointName, String)>,
    /// Why the proof of a break-glass logon was overridden, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass_overridden: Option<String>,
}

/// What a point can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// [`crate::EnforcementPoint::observe`].
    Observe,
    /// [`crate::EnforcementPoint::apply`].
    Apply,
    /// [`crate::EnforcementPoint::lift`].
    Lift,
    /// [`crate::EnforcementPoint::probe`].
    Probe,
}

impl Entry {
    /// The placement that it is about, if it is about one.
    #[must_use]
    pub const fn placement(&self) -> Option<&Placement> {
        match self {
            Self::Applying { placement, .. }
            | Self::Applied { placement, .. }
            | Self::Verified { placement, .. }
            | Self::Unverified { placement, .. }
            | Self::Failed { placement, .. }
            | Self::Drifted { placement, .. }
            | Self::NeedsPerson { placement, .. }
            | Self::Lifting { placement, .. }
            | Self::Lifted { placement, .. }
            | Self::LiftTried { placement, .. } => Some(placement),
            _ => None,
        }
    }

    /// True if people must hear of it at once.
    #[must_use]
    pub const fn is_alarm(&self) -> bool {
        matches!(
            self,
            Self::Unverified { .. }
                | Self::Drifted { .. }
                | Self::NeedsPerson { .. }
                | Self::Overdue { .. }
                | Self::Halted { .. }
        )
    }
}

/// What the kind of every entry of this crate starts with in the ledger.
pub const KIND_PREFIX: &str = "withdrawal/";

/// An entry of the ledger that claims to be of this crate and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("entry {index} of the record cannot be read: {why}")]
pub struct UnreadableEntry {
    /// Its place in the ledger.
    pub index: u64,
    /// Why.
    pub why: String,
}

impl Entry {
    /// The entry as the ledger keeps it: its kind is [`KIND_PREFIX`] with the name of the variant, its body what that holds.
    ///
    /// # Errors
    /// If it cannot be JSON, which is a defect.
    pub fn draft(&self, time: Timestamp) -> Result<cordon_ledger::Draft, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        let name = value
            .get("entry")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let kind = format!("{KIND_PREFIX}{name}");
        let body = value
            .get_mut("of")
            .map(serde_json::Value::take)
            .unwrap_or_default();
        Ok(cordon_ledger::Draft { time, kind, body })
    }

    /// The entry that the ledger kept; none if it is not of this crate.
    ///
    /// # Errors
    /// [`UnreadableEntry`]: it was written by a newer version, or by somebody else.
    pub fn read(kept: &cordon_ledger::Entry) -> Result<Option<Self>, UnreadableEntry> {
        let Some(name) = kept.kind.strip_prefix(KIND_PREFIX) else {
            return Ok(None);
        };
        let value = serde_json::json!({"entry": name, "of": kept.body});
        let read = serde_json::from_value(value);
        read.map(Some).map_err(|error| UnreadableEntry {
            index: kept.index,
            why: error.to_string(),
        })
    }
}

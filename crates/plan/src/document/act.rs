//! Withdrawals as a plan lists them.

use std::fmt;

use cordon_estate::{AccessId, AccountId, GroupId, PointId, SystemId, ZoneId};
use serde::{Deserialize, Serialize};

/// One reversible act, by the ids of the estate that the plan was made from.
///
/// What it removes follows from the estate alone, so that a checker can expand it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verb")]
pub enum Act {
    /// Disable an account wherever it works.
    DisableAccount {
        /// The account.
        account: AccountId,
    },
    /// Disable every account of a group, nested members too, except break-glass accounts.
    DisableGroup {
        /// The group.
        group: GroupId,
    },
    /// End every session of an account, so that its credentials lie nowhere any more.
    EndSessions {
        /// The account.
        account: AccountId,
    },
    /// Give an account new credentials, so that stolen ones no longer work.
    ResetCredential {
        /// The account.
        account: AccountId,
    },
    /// Take one member out of one group.
    DropMembership {
        /// The membership.
        access: AccessId,
    },
    /// Close one flow.
    CloseFlow {
        /// The flow.
        access: AccessId,
    },
    /// Close every flow into a zone from anywhere else.
    CloseZone {
        /// The zone.
        zone: ZoneId,
    },
    /// End and refuse the remote access that one account or group has.
    BlockRemoteAccess {
        /// The remote access.
        access: AccessId,
    },
    /// End and refuse all remote access through one gateway.
    BlockGateway {
        /// The gateway.
        gateway: SystemId,
    },
    /// End and refuse all remote access.
    BlockAllRemoteAccess,
    /// Cut a system off the network.
    IsolateSystem {
        /// The system.
        system: SystemId,
    },
    /// Take one account's or group's assignment to an application.
    Unassign {
        /// The assignment.
        access: AccessId,
    },
    /// Take every assignment to an application.
    UnassignAll {
        /// The application.
        app: SystemId,
    },
    /// Take one right.
    TakeRight {
        /// The right.
        access: AccessId,
    },
    /// Stop one way of having credentials reset.
    SuspendRecovery {
        /// The recovery.
        access: AccessId,
    },
    /// Stop every way of having credentials reset.
    SuspendRecoveries,
}

/// The kind of an [`Act`], without what it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// [`Act::DisableAccount`].
    DisableAccount,
    /// [`Act::DisableGroup`].
    DisableGroup,
    /// [`Act::EndSessions`].
    EndSessions,
    /// [`Act::ResetCredential`].
    ResetCredential,
    /// [`Act::DropMembership`].
    DropMembership,
    /// [`Act::CloseFlow`].
    CloseFlow,
    /// [`Act::CloseZone`].
    CloseZone,
    /// [`Act::BlockRemoteAccess`].
    BlockRemoteAccess,
    /// [`Act::BlockGateway`].
    BlockGateway,
    /// [`Act::BlockAllRemoteAccess`].
    BlockAllRemoteAccess,
    /// [`Act::IsolateSystem`].
    IsolateSystem,
    /// [`Act::Unassign`].
    Unassign,
    /// [`Act::UnassignAll`].
    UnassignAll,
    /// [`Act::TakeRight`].
    TakeRight,
    /// [`Act::SuspendRecovery`].
    SuspendRecovery,
    /// [`Act::SuspendRecoveries`].
    SuspendRecoveries,
}

impl Act {
    /// What kind of act it is.
    #[must_use]
    pub const fn verb(self) -> Verb {
        match self {
            Self::DisableAccount { .. } => Verb::DisableAccount,
            Self::DisableGroup { .. } => Verb::DisableGroup,
            Self::EndSessions { .. } => Verb::EndSessions,
            Self::ResetCredential { .. } => Verb::ResetCredential,
            Self::DropMembership { .. } => Verb::DropMembership,
            Self::CloseFlow { .. } => Verb::CloseFlow,
            Self::CloseZone { .. } => Verb::CloseZone,
            Self::BlockRemoteAccess { .. } => Verb::BlockRemoteAccess,
            Self::BlockGateway { .. } => Verb::BlockGateway,
            Self::BlockAllRemoteAccess => Verb::BlockAllRemoteAccess,
            Self::IsolateSystem { .. } => Verb::IsolateSystem,
            Self::Unassign { .. } => Verb::Unassign,
            Self::UnassignAll { .. } => Verb::UnassignAll,
            Self::TakeRight { .. } => Verb::TakeRight,
            Self::SuspendRecovery { .. } => Verb::SuspendRecovery,
            Self::SuspendRecoveries => Verb::SuspendRecoveries,
        }
    }
}

impl Verb {
    /// The word of a withdrawal's id.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DisableAccount => "disable-account",
            Self::DisableGroup => "disable-group",
            Self::EndSessions => "end-sessions",
            Self::ResetCredential => "reset-credential",
            Self::DropMembership => "drop-membership",
            Self::CloseFlow => "close-flow",
            Self::CloseZone => "close-zone",
            Self::BlockRemoteAccess => "block-remote-access",
            Self::BlockGateway => "block-gateway",
            Self::BlockAllRemoteAccess => "block-all-remote-access",
            Self::IsolateSystem => "isolate-system",
            Self::Unassign => "unassign",
            Self::UnassignAll => "unassign-all",
            Self::TakeRight => "take-right",
            Self::SuspendRecovery => "suspend-recovery",
            Self::SuspendRecoveries => "suspend-recoveries",
        }
    }
}

/// The name of a withdrawal in documents, on the command line and in the ledger:
/// `verb/what`, such as `isolate-system/system:WORKSTATION6` or `take-right/account:pat>system:FS1:remote-desktop`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WithdrawalId(pub String);

impl fmt::Display for WithdrawalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<&str> for WithdrawalId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_none_at_all(number: &u32) -> bool {
    *number == 0
}

impl WithdrawalEntry {
    /// Seconds from the newest evidence by which it has to be begun; none as for the deadline. The order of execution is by this.
    #[must_use]
    pub fn begin_by_seconds(&self) -> Option<f64> {
        self.deadline_seconds
            .map(|deadline| deadline - self.effect_seconds)
    }
}

/// One withdrawal of a plan, with why it is there and what it takes away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithdrawalEntry {
    /// Its name.
    pub id: WithdrawalId,
    /// Its place in the order of execution, from 1.
    pub order: u32,
    /// What is done, by ids of the estate.
    pub act: Act,
    /// What is done, in words: "Isolate WORKSTATION6 from the network".
    pub text: String,
    /// What it is done to: entities as `kind:name`; the ends of an access, from first.
    pub entities: Vec<String>,
    /// The enforcement point, as a place in the estate's table.
    pub point: PointId,
    /// The name of the enforcement point.
    pub point_name: String,
    /// Seconds from the order until it takes effect, 95th percentile.
    pub effect_seconds: f64,
    /// The median of the same, if the estate tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_median_seconds: Option<f64>,
    /// Seconds from the newest evidence by which it has to be in effect: what it withdraws is used then for the first time, if the
    /// intruder is as fast as is assumed. None if the race is not counted or the intruder never uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<f64>,
    /// How many of the facts that it removes may be used before it takes effect: they do not count as removed.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub too_late: u32,
    /// What it does not end at once and for how long, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves_open: Option<String>,
    /// How surely it works, in (0, 1].
    pub certainty: f64,
    /// How many facts of the estate it removes.
    pub removes: u32,
    /// What the act itself costs: effort, risk and legitimate use denied; services are counted apart.
    pub friction_pence: i64,
    /// The jewels of which it cuts the path shown in [`super::JewelEntry::path`], as `kind:name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops_jewels: Vec<String>,
    /// Ways that nothing else in the plan stops, one for each jewel or entity it alone keeps out of reach, at most
    /// [`crate::limits::PATHS_PER_WITHDRAWAL_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<super::Path>,
    /// Services that are down and would not be without this act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub downs: Vec<String>,
    /// Services that are degraded and would be better without this act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degrades: Vec<String>,
    /// People who cannot work as usual because of this act.
    pub people: u32,
    /// Uses a day of the removed access that were legitimate as far as is known.
    pub uses_per_day: f64,
    /// What the best plan without this act costs more than this plan; none if there is no plan without it or the
    /// price was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal_price_pence: Option<i64>,
    /// What the best plan without this act would be; `None` as for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal_instead: Option<Vec<WithdrawalId>>,
    /// True if there is no plan at all without this act that keeps every jewel and protected service.
    #[serde(default)]
    pub indispensable: bool,
    /// True if a person forced it.
    #[serde(default)]
    pub forced: bool,
    /// What would make it needless, each by itself: footholds that are not held, then what could be done instead, the cheapest first;
    /// at most [`crate::limits::UNNECESSARY_IF_MAX`] of each. Empty if comparisons were not asked for, or if no single other act would do and
    /// the way does not begin at a foothold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnecessary_if: Vec<super::UnnecessaryIf>,
}

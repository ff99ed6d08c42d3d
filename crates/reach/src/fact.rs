//! Facts: what is so before the intruder moves (base), and what the intruder gains (derived).

use cordon_estate::{
    AccessId, AccountId, ControlKind, Entity, Estate, GroupId, Means, SystemId, Target, ZoneId,
};
use serde::{Deserialize, Serialize};

/// A fact of one compiled [`crate::Graph`], dense from 0: base facts first, then derived ones.
///
/// Ids mean nothing outside the graph that gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactId(pub u32);

impl FactId {
    /// The place of the fact in a table over all facts of its graph.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A fact that is given and that a withdrawal can switch off.
///
/// `Access`, `Enabled`, `Connected` and `Internet` stand unless withdrawn. The others stand only for what is
/// named as a foothold, and then unless withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// An access of the estate is given.
    Access(AccessId),
    /// The account is not disabled.
    Enabled(AccountId),
    /// The system is not cut off the network.
    Connected(SystemId),
    /// Foothold: the credential that the intruder holds for the account still works.
    Credential(AccountId),
    /// Foothold: the intruder is on the system.
    Presence(SystemId),
    /// Foothold: the intruder has a place in the zone, on no system that the estate knows.
    Within(ZoneId),
    /// Foothold: the intruder acts as some member of the group, it is not known which.
    Posing(GroupId),
    /// The company can be reached from outside.
    Internet,
}

impl Base {
    /// The base fact that stands for a foothold on an entity.
    #[must_use]
    pub const fn foothold(entity: Entity) -> Self {
        match entity {
            Entity::Account(account) => Self::Credential(account),
            Entity::Group(group) => Self::Posing(group),
            Entity::System(system) => Self::Presence(system),
            Entity::Zone(zone) => Self::Within(zone),
        }
    }
}

/// What a derived [`Derived::Granted`] fact lets the intruder do with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Run on the system, or on each system of the group, by this means once there is a network path.
    Run(Means),
    /// Take each member of the group by this control.
    Take(ControlKind),
    /// Have the credentials of each member account of the group reset by the help desk.
    Recover,
}

/// What carries a connection: the ports of one means, or every port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The ports of this means.
    Means(Means),
    /// Every port.
    Any,
}

/// A fact that the intruder gains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Derived {
    /// Holds working credentials of the account.
    Holds(AccountId),
    /// Holds them and the account is enabled.
    Uses(AccountId),
    /// Has what the members of the group have.
    ActsAs(GroupId),
    /// Runs code of their choice on the system.
    RunsOn(SystemId),
    /// Can open connections from the zone.
    OnZone(ZoneId),
    /// Can open connections from outside the company; the declared internet zone if there is one.
    OnInternet,
    /// Is on a connected system of which the zone is not known.
    OnUnplaced,
    /// Can connect to every system of the zone.
    ConnectsToZone(ZoneId, Carrier),
    /// Can connect to systems outside the company.
    ConnectsToInternet(Carrier),
    /// Can connect to every system of which the zone is not known.
    ConnectsToUnplaced(Carrier),
    /// Can connect to this one system by a flow that names it.
    ConnectsToSystem(SystemId, Carrier),
    /// May do something with a system or with each member of a group (an intermediate fact: it keeps rights on
    /// groups from becoming one rule for each pair).
    Granted(Target, Grant),
    /// Uses the application, without administering it.
    UsesApp(SystemId),
    /// Has every account's secret (from a directory copy, or as administrator of the identity provider).
    AccountsTaken,
    /// Has all that a domain controller holds.
    DirectoryTaken,
}

impl Derived {
    /// The fact that says that an entity is taken. For a zone it is a place in it.
    #[must_use]
    pub const fn taken(entity: Entity) -> Self {
        match entity {
            Entity::Account(account) => Self::Uses(account),
            Entity::Group(group) => Self::ActsAs(group),
            Entity::System(system) => Self::RunsOn(system),
            Entity::Zone(zone) => Self::OnZone(zone),
        }
    }
}

/// What a [`FactId`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Given.
    Base(Base),
    /// Gained.
    Derived(Derived),
}

impl Fact {
    /// The fact in words, with the names of the estate.
    #[must_use]
    pub fn text(&self, estate: &Estate) -> String {
        crate::words::fact(*self, estate)
    }
}

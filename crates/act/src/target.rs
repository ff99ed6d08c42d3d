//! What is withdrawn at an enforcement point, in words that the point understands.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+};
}

text_id!(
    /// The name of an enforcement point, as the estate and the actuator's configuration give it.
    PointName,
    /// The name of one order: the first twelve digits of the plan's hash, a dash, and its place in the plan.
    OrderId,
    /// What Cordon leaves at a server, where the server has room for it, to recognise its own act: `cordon:` and the
    /// first sixteen digits of a digest over point and target. Letters, digits and colons only.
    Mark,
);

/// The smallest thing that can be withdrawn and lifted by itself at one enforcement point.
///
/// Names are those of the server: a logon name, a group's common name, a database role. Two orders that withdraw equal targets at
/// one point overlap: the access comes back when the last of them is lifted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    /// An account cannot log on, and what it has open at this point is cut.
    Account {
        /// Its logon name.
        account: String,
    },
    /// What an account has open at this point is cut; it may log on again.
    Sessions {
        /// Its logon name.
        account: String,
    },
    /// An account or group is not a member of a group.
    Membership {
        /// The member's name.
        member: String,
        /// The group's name.
        group: String,
    },
    /// Remote access through this point is refused, and what is open is cut.
    RemoteAccess {
        /// For whom.
        whom: Whom,
    },
    /// Traffic from one place to another is refused, in the direction in which it is opened, established streams too.
    Flow {
        /// Where connections come from.
        from: Endpoint,
        /// Where they go.
        to: Endpoint,
        /// Which protocol; none is every one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<Protocol>,
        /// Which destination port; none is every one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    /// A host is cut off the network, both ways.
    Host {
        /// Its name, for people.
        name: String,
        /// Its addresses, as IPv4 or IPv6 text.
        addresses: Vec<String>,
    },
    /// A route of a front door answers with a holding page.
    Route {
        /// The name of the route as the front door's configuration has it.
        route: String,
    },
    /// A right on a system is taken: a database role's membership, an SSH principal, a remote-management right.
    Right {
        /// Who has it.
        holder: String,
        /// What it is called at the point.
        right: String,
        /// On what.
        on: String,
    },
    /// An account or group may not use an application.
    Assignment {
        /// Who was assigned.
        holder: String,
        /// The application.
        application: String,
    },
}

/// Whose remote access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// One account's.
    Account(String),
    /// That of every member of a group that the point knows.
    Group(String),
    /// Everybody's, but for those named.
    AllBut(Vec<String>),
}

/// One side of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Anywhere.
    Any,
    /// Networks in CIDR notation or single addresses, IPv4 and IPv6 mixed, sorted.
    Networks(Vec<String>),
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The kind of a [`Target`], without what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// [`Target::Account`].
    Account,
    /// [`Target::Sessions`].
    Sessions,
    /// [`Target::Membership`].
    Membership,
    /// [`Target::RemoteAccess`].
    RemoteAccess,
    /// [`Target::Flow`].
    Flow,
    /// [`Target::Host`].
    Host,
    /// [`Target::Route`].
    Route,
    /// [`Target::Right`].
    Right,
    /// [`Target::Assignment`].
    Assignment,
}

impl Target {
    /// What kind of target it is.
    #[must_use]
    pub const fn kind(&self) -> TargetKind {
        match self {
            Self::Account { .. } => TargetKind::Account,
            Self::Sessions { .. } => TargetKind::Sessions,
            Self::Membership { .. } => TargetKind::Membership,
            Self::RemoteAccess { .. } => TargetKind::RemoteAccess,
            Self::Flow { .. } => TargetKind::Flow,
            Self::Host { .. } => TargetKind::Host,
            Self::Route { .. } => TargetKind::Route,
            Self::Right { .. } => TargetKind::Right,
            Self::Assignment { .. } => TargetKind::Assignment,
        }
    }
}

fn endpoint(formatter: &mut fmt::Formatter<'_>, endpoint: &Endpoint) -> fmt::Result {
    match endpoint {
        Endpoint::Any => formatter.write_str("any"),
        Endpoint::Networks(networks) => formatter.write_str(&networks.join(",")),
    }
}

/// One line for people and for the ledger: `account pat`, `flow 10.1.0.0/16 > 10.2.0.0/16 tcp 5432`.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { account } => write!(formatter, "account {account}"),
            Self::Sessions { account } => write!(formatter, "sessions of {account}"),
            Self::Membership { member, group } => write!(formatter, "membership of {member} in {group}"),
            Self::RemoteAccess {
                whom: Whom::Account(name),
            } => write!(formatter, "remote access of {name}"),
            Self::RemoteAccess {
                whom: Whom::Group(name),
            } => write!(formatter, "remote access of group {name}"),
            Self::RemoteAccess {
                whom: Whom::AllBut(names),
            } if names.is_empty() => formatter.write_str("all remote access"),
            Self::RemoteAccess {
                whom: Whom::AllBut(names),
            } => {
                write!(formatter, "all remote access but that of {}", names.join(", "))
            }
            Self::Flow {
                from,
                to,
                protocol,
                port,
            } => {
                formatter.write_str("flow ")?;
                endpoint(formatter, from)?;
                formatter.write_str(" > ")?;
                endpoint(formatter, to)?;
                match protocol {
                    Some(Protocol::Tcp) => formatter.write_str(" tcp")?,
                    Some(Protocol::Udp) => formatter.write_str(" udp")?,
                    None => {}
                }
                port.map_or(Ok(()), |port| write!(formatter, " {port}"))
            }
            Self::Host { name, .. } => write!(formatter, "host {name}"),
            Self::Route { route } => write!(formatter, "route {route}"),
            Self::Right { holder, right, on } => write!(formatter, "right {right} of {holder} on {on}"),
            Self::Assignment { holder, application } => {
                write!(formatter, "assignment of {holder} to {application}")
            }
        }
    }
}

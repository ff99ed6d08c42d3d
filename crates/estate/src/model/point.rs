//! Enforcement points: where an access can be withdrawn.

use serde::{Deserialize, Serialize};

use super::{GroupId, Place, Provenance, SystemId};

/// What kind of server enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointKind {
    /// An LDAP directory.
    Ldap,
    /// Active Directory.
    ActiveDirectory,
    /// OpenVPN's management interface.
    Openvpn,
    /// A Linux firewall.
    Nftables,
    /// Host isolation by an endpoint agent that the company already runs.
    Edr,
    /// HAProxy's runtime API.
    Haproxy,
    /// PostgreSQL roles.
    Postgres,
    /// OpenSSH.
    Ssh,
    /// Network admission by RADIUS (RFC 5176).
    Radius,
    /// SCIM 2.0.
    Scim,
    /// An identity provider: sign-in and live sessions.
    IdentityProvider,
    /// The people of the help desk, told to reset nothing.
    HelpDesk,
    /// OpenC2 over HTTPS.
    Openc2,
    /// A script of the company's own.
    Script,
}

/// What an enforcement point can withdraw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Disable any account, or those of one group.
    Accounts(Option<GroupId>),
    /// Reset the credentials of any account: what was stolen no longer works.
    Credentials,
    /// Drop memberships of any group, or of one.
    Memberships(Option<GroupId>),
    /// Cut any system, or those in one place, off the network.
    Systems(Option<Place>),
    /// Close every flow that the point sees, or the one between two places.
    Flows(Option<(Place, Place)>),
    /// End and refuse remote access, for one account, a group or all, at any gateway or at one.
    RemoteAccess(Option<SystemId>),
    /// Take assignments of any application, or of one.
    Assignments(Option<SystemId>),
    /// Take rights on any system, or on one (database roles, SSH principals, remote management).
    Rights(Option<SystemId>),
    /// Suspend resets by the help desk or self-service.
    Recoveries,
}

/// A server of the company's own at which access can be withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnforcementPoint {
    /// The name that people use, unique among points (compared without case).
    pub name: String,
    /// What it is.
    pub kind: PointKind,
    /// What it can withdraw.
    pub guards: Vec<Guard>,
    /// Seconds from the order until the withdrawal takes effect, 95th percentile: what the race against the intruder counts with.
    pub effect_seconds: f64,
    /// The median of the same, if it is known, at most the 95th percentile; between the two a log-normal distribution is assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_median_seconds: Option<f64>,
    /// How surely a withdrawal works, in (0, 1].
    pub certainty: f64,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

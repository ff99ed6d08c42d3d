//! Systems, zones and sites.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Pence, Provenance, SiteId, ZoneId};

/// What a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SystemKind {
    /// A server of any make.
    Server,
    /// A person's desktop or laptop.
    Workstation,
    /// A point of sale.
    Till,
    /// A host of virtual machines.
    Hypervisor,
    /// What administers hypervisors.
    HypervisorManager,
    /// A directory server.
    DomainController,
    /// Keeps the backups.
    BackupServer,
    /// Signs people in to applications.
    IdentityProvider,
    /// A VPN, remote desktop or web gateway.
    Gateway,
    /// An application run by somebody else.
    SaasApp,
    /// A switch, router, access point or firewall.
    NetworkDevice,
}

/// That something must never be taken, and what its loss would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jewel {
    /// Loss if it is taken, in pence; `None` takes the default of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Pence>,
    /// True if no plan may leave it reachable whatever the price (the default).
    pub never: bool,
    /// True if nobody declared it and Cordon inferred it from its role.
    #[serde(default)]
    pub inferred: bool,
}

/// A machine or an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// The name that people use, unique among systems (compared without case).
    pub name: String,
    /// Other names of the same system: FQDN, `NAME$`, SID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: SystemKind,
    /// The part of the network it is in; a system of which this is not known is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneId>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Its addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// Kinds of data it holds, such as `personal-data`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    /// How many people work at it, if more than its sessions show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// Set if the intruder must never run on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jewel: Option<Jewel>,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

/// Whose network a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// Everything outside. An estate has at most one; an intruder is always there.
    Internet,
    /// The company's own.
    Internal,
}

/// A part of the network whose systems reach each other freely unless flows within it are declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// The name that people use, unique among zones (compared without case).
    pub name: String,
    /// Whose network it is.
    pub kind: ZoneKind,
    /// Its subnets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<IpNet>,
    /// True if a system in the zone may not reach its neighbours without a declared flow.
    #[serde(default)]
    pub isolated_members: bool,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

/// What happens at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteKind {
    /// A shop.
    Store,
    /// A funeral home.
    FuneralHome,
    /// A distribution centre.
    DistributionCentre,
    /// A call centre.
    CallCentre,
    /// An office.
    Office,
    /// A data centre.
    DataCentre,
}

/// A place where people work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// The name that people use, unique among sites (compared without case).
    pub name: String,
    /// What happens there.
    pub kind: SiteKind,
    /// How many people work there.
    pub people: u32,
    /// Where this fact comes from.
    pub provenance: Provenance,
}

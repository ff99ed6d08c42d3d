//! Access: that a holder of one thing can use another. Each access is a base fact that a plan can withdraw.

use serde::{Deserialize, Serialize};

use super::{AccountId, GroupId, Provenance, SystemId, ZoneId};

/// Who can hold an access. A system holds what its machine account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// One account.
    Account(AccountId),
    /// Every member of a group, nested members too.
    Group(GroupId),
    /// Whoever runs on a system.
    System(SystemId),
}

/// What can be a member of a group.
pub type Member = Principal;

/// What a control is over: the credentials of an account, the members of a group, or a system.
pub type Controlled = Principal;

/// What a right is on: one system, or every system that is a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// One system.
    System(SystemId),
    /// Every system that is a member, nested members too.
    Group(GroupId),
}

/// An end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Every system of a zone.
    Zone(ZoneId),
    /// One system.
    System(SystemId),
}

/// The transport of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The ports of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ports {
    /// Every port of every protocol.
    Any,
    /// One port.
    One(Protocol, u16),
}

impl Ports {
    /// True if a connection to `port` may pass.
    #[must_use]
    pub fn admits(self, protocol: Protocol, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::One(own_protocol, own_port) => own_protocol == protocol && own_port == port,
        }
    }
}

/// How a right lets its holder run on a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Logging on at the machine itself; no network is needed.
    Console,
    /// Remote desktop, port 3389.
    RemoteDesktop,
    /// Windows remote management (WinRM, PowerShell remoting), port 5985.
    RemoteManagement,
    /// File shares and remote services over SMB, port 445.
    FileShare,
    /// WMI and DCOM, port 135.
    Wmi,
    /// Secure shell, port 22.
    Ssh,
    /// A database login, port 5432 unless the flow says otherwise.
    Database,
    /// A web console or an API over HTTPS, port 443.
    Web,
    /// Administration by whatever way is open (local administrator, `AdminTo` in BloodHound).
    Admin,
}

impl Means {
    /// Every means, in a fixed order.
    pub const ALL: [Self; 9] = [
        Self::Console,
        Self::RemoteDesktop,
        Self::RemoteManagement,
        Self::FileShare,
        Self::Wmi,
        Self::Ssh,
        Self::Database,
        Self::Web,
        Self::Admin,
    ];

    /// The TCP ports any one of which carries this means; empty if it needs no network.
    #[must_use]
    pub const fn tcp_ports(self) -> &'static [u16] {
        match self {
            Self::Console => &[],
            Self::RemoteDesktop => &[3389],
            Self::RemoteManagement => &[5985, 5986],
            Self::FileShare => &[445],
            Self::Wmi => &[135],
            Self::Ssh => &[22],
            Self::Database => &[5432, 1433, 3306, 1521],
            Self::Web => &[443, 80, 8443],
            Self::Admin => &[445, 135, 3389, 5985, 5986, 22],
        }
    }
}

/// How a holder controls something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    /// Can set a new password.
    ResetPassword,
    /// Can enrol or reset a second factor.
    ResetSecondFactor,
    /// Can add members to a group.
    AddMember,
    /// Can rewrite the object's permissions or all of it (GenericAll, WriteDacl, Owns …).
    FullControl,
    /// Can read a secret of it (LAPS, gMSA, a vault entry).
    ReadSecret,
    /// Can ask for a ticket encrypted with its password and guess offline (Kerberoasting).
    RoastTicket,
    /// Can copy every secret of a directory (DCSync).
    ReplicateDirectory,
    /// Can act for others through delegation.
    Delegate,
    /// Runs as a virtual machine on it: who holds the hypervisor holds the guest.
    Hosts,
}

/// What an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum AccessKind {
    /// `member` belongs to `group`.
    Membership {
        /// The member.
        member: Member,
        /// The group.
        group: GroupId,
    },
    /// `holder` can run on `on` by `means`, given a network path for it.
    Right {
        /// Who can.
        holder: Principal,
        /// On what.
        on: Target,
        /// How.
        means: Means,
    },
    /// Credentials of `account` lie on `system`: whoever runs there can take them.
    Session {
        /// Whose credentials.
        account: AccountId,
        /// Where they lie.
        system: SystemId,
    },
    /// `holder` can take over `over`.
    Control {
        /// Who can.
        holder: Principal,
        /// Over what.
        over: Controlled,
        /// How.
        by: ControlKind,
    },
    /// `holder` can come in from the internet through `gateway` and is then in `into`.
    RemoteAccess {
        /// Who can.
        holder: Principal,
        /// The VPN or remote desktop gateway.
        gateway: SystemId,
        /// The zone of its address pool.
        into: ZoneId,
    },
    /// `holder` can use the application `app`.
    Assignment {
        /// Who can.
        holder: Principal,
        /// Which application.
        app: SystemId,
        /// True if the holder administers the application and so holds what it holds.
        admin: bool,
    },
    /// Connections from `from` to `to` pass.
    Flow {
        /// Where they start.
        from: Place,
        /// Where they end.
        to: Place,
        /// On which ports.
        ports: Ports,
    },
    /// Somebody in `from` who claims to be `of` can have a password or second factor reset by the help desk or
    /// by self-service.
    Recovery {
        /// Whose credentials can be had.
        of: Principal,
        /// From where one can ask.
        from: ZoneId,
    },
}

/// An access with where it is known from and how it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// What it is.
    #[serde(flatten)]
    pub kind: AccessKind,
    /// Where this fact comes from, and its use.
    pub provenance: Provenance,
}

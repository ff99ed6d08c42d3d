//! What people and programs were seen to do, with names as the logs have them.
//!
//! Logs become activities in `cordon-evidence`; here they become access in actual use. An activity borrows its
//! names from the record it was read from.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::model::{Means, Protocol};

/// An account as a log names it. At least one part is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountName<'a> {
    /// The bare name, or whatever stands in the field for it (`pat`, `CORP\pat`, `pat@corp.local`).
    pub name: Option<&'a str>,
    /// The domain, short or full.
    pub domain: Option<&'a str>,
    /// The security identifier.
    pub sid: Option<&'a str>,
}

/// A system as a log names it. At least one part is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemName<'a> {
    /// The host name, short or fully qualified.
    pub name: Option<&'a str>,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// Whether something was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was.
    Success,
    /// It was refused.
    Failure,
}

/// What was changed about an account or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectoryChange {
    /// An account was made.
    AccountCreated,
    /// An account was enabled.
    AccountEnabled,
    /// An account was disabled.
    AccountDisabled,
    /// A password was set by somebody else.
    PasswordReset,
    /// A second factor was enrolled or reset.
    SecondFactorReset,
    /// A member was added to a group.
    MemberAdded,
    /// A member was taken from a group.
    MemberRemoved,
}

/// One thing that was seen to happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activity<'a> {
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: ActivityKind<'a>,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActivityKind<'a> {
    /// An account logged on to a system, or failed to.
    Logon {
        /// Who.
        account: AccountName<'a>,
        /// To what.
        on: SystemName<'a>,
        /// From where, if it came over the network and the log says.
        from: Option<SystemName<'a>>,
        /// How; a network logon whose purpose is not known is [`Means::FileShare`].
        means: Means,
        /// Whether it was let in.
        outcome: Outcome,
        /// True if it leaves credentials on the system that can be taken (interactive, batch, service).
        leaves_credentials: bool,
        /// True if it got administrator rights.
        elevated: bool,
    },
    /// An account ran a program on a system, or did something there that needs to run on it.
    Runs {
        /// Who.
        account: AccountName<'a>,
        /// Where.
        on: SystemName<'a>,
    },
    /// An account was given administrator rights on a system, or did what needs them.
    Privileged {
        /// Who.
        account: AccountName<'a>,
        /// Where.
        on: SystemName<'a>,
    },
    /// An account asked the directory for a ticket to a service.
    Ticket {
        /// Who.
        account: AccountName<'a>,
        /// The account of the service that the ticket is for, if it is a user's account and the ticket is encrypted so
        /// weakly (RC4) that its password can be guessed from it.
        service: Option<AccountName<'a>>,
        /// The directory server that answered.
        issuer: SystemName<'a>,
        /// Where it asked from.
        from: Option<SystemName<'a>>,
        /// Whether it was given.
        outcome: Outcome,
    },
    /// A connection was seen.
    Flow {
        /// From where.
        from: SystemName<'a>,
        /// To where.
        to: SystemName<'a>,
        /// The transport.
        protocol: Protocol,
        /// The port at `to`.
        port: u16,
        /// Whether it passed.
        outcome: Outcome,
    },
    /// A system was seen to have an address.
    Address {
        /// The system, by name.
        system: SystemName<'a>,
        /// Its address.
        address: IpAddr,
    },
    /// Only a directory server writes such an event.
    DirectoryServer {
        /// The server.
        system: SystemName<'a>,
    },
    /// An account came in through a VPN or remote desktop gateway, or tried to.
    RemoteAccess {
        /// Who.
        account: AccountName<'a>,
        /// Through what.
        gateway: SystemName<'a>,
        /// From which address.
        from: Option<IpAddr>,
        /// Which address it was given inside.
        inside: Option<IpAddr>,
        /// Whether it was let in.
        outcome: Outcome,
    },
    /// An account signed in to an application, or tried to.
    SignIn {
        /// Who.
        account: AccountName<'a>,
        /// To which application; the identity provider itself if none is named.
        app: &'a str,
        /// From which address.
        from: Option<IpAddr>,
        /// Whether it was let in.
        outcome: Outcome,
    },
    /// Somebody changed an account or a group.
    DirectoryChange {
        /// Who did it.
        actor: AccountName<'a>,
        /// To whom.
        account: Option<AccountName<'a>>,
        /// The group concerned.
        group: Option<&'a str>,
        /// What.
        change: DirectoryChange,
    },
}

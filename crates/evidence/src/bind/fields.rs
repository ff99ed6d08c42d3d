//! Which field of which dialect names whom, in which part.

use super::Role;
use crate::record::{Dialect, Record};

/// Fields that together name an account; an empty name is no field.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccountField {
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
    pub(super) sid: &'static str,
    pub(super) role: Role,
}

/// Fields that together name a system; an empty name is no field.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemField {
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) role: Role,
}

/// The fields of one kind of record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) accounts: &'static [AccountField],
    pub(super) systems: &'static [SystemField],
    /// True if the host that wrote the record did nothing itself when a source is named.
    pub(super) host_is_witness: bool,
}

const fn account(name: &'static str, domain: &'static str, sid: &'static str, role: Role) -> AccountField {
    AccountField {
        name,
        domain,
        sid,
        role,
    }
}

const fn bare(name: &'static str, role: Role) -> AccountField {
    account(name, "", "", role)
}

const fn system(name: &'static str, address: &'static str, role: Role) -> SystemField {
    SystemField { name, address, role }
}

const SUBJECT: AccountField = account(
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectUserSid",
    Role::Actor,
);
const LOGON_ACCOUNT: AccountField =
    account("TargetUserName", "TargetDomainName", "TargetUserSid", Role::Actor);
const TARGET_ACCOUNT: AccountField = account(
    "TargetUserName",
    "TargetDomainName",
    "TargetUserSid",
    Role::Target,
);
const SYSMON_USER: AccountField = bare("User", Role::Actor);
const COMPUTER: SystemField = system("Computer", "", Role::Host);

/// Everything that acts on the host itself: Sysmon, PowerShell, services, tasks.
const WINDOWS_LOCAL: Table = Table {
    accounts: &[
        SUBJECT,
        SYSMON_USER,
        bare("SourceUser", Role::Actor),
        TARGET_ACCOUNT,
        bare("TargetUser", Role::Target),
    ],
    systems: &[COMPUTER],
    host_is_witness: false,
};

/// A connection: the other end is only looked at.
const WINDOWS_CONNECTION: Table = Table {
    accounts: &[SUBJECT, SYSMON_USER],
    systems: &[
        COMPUTER,
        system("DestinationHostname", "DestinationIp", Role::TargetHost),
    ],
    host_is_witness: false,
};

/// A logon that worked: the one who logs on is the actor, the host is where he then is.
const WINDOWS_LOGON: Table = Table {
    accounts: &[LOGON_ACCOUNT],
    systems: &[COMPUTER, system("WorkstationName", "IpAddress", Role::Source)],
    host_is_witness: true,
};

/// A logon that was refused: nobody is known to have acted; the account was tried.
const WINDOWS_REFUSED: Table = Table {
    accounts: &[SUBJECT, TARGET_ACCOUNT],
    systems: &[COMPUTER, system("WorkstationName", "IpAddress", Role::Source)],
    host_is_witness: true,
};

/// A logon with the credentials of somebody else: the target account is used, on the target server.
const WINDOWS_EXPLICIT: Table = Table {
    accounts: &[SUBJECT, TARGET_ACCOUNT],
    systems: &[COMPUTER, system("TargetServerName", "", Role::TargetHost)],
    host_is_witness: false,
};

/// A ticket: the directory server only gives it.
const WINDOWS_TICKET: Table = Table {
    accounts: &[
        LOGON_ACCOUNT,
        account("ServiceName", "", "ServiceSid", Role::Target),
    ],
    systems: &[COMPUTER, system("", "IpAddress", Role::Source)],
    host_is_witness: true,
};

/// Credential validation by NTLM: the directory server only checks.
const WINDOWS_VALIDATION: Table = Table {
    accounts: &[LOGON_ACCOUNT],
    systems: &[COMPUTER, system("Workstation", "", Role::Source)],
    host_is_witness: true,
};

/// Shares and directory objects, used from elsewhere.
const WINDOWS_REMOTE_OBJECT: Table = Table {
    accounts: &[SUBJECT],
    systems: &[COMPUTER, system("", "IpAddress", Role::Source)],
    host_is_witness: true,
};

/// Objects of the directory itself, read or changed: it is done to the directory server, by whom and from where ever.
const WINDOWS_DIRECTORY_OBJECT: Table = Table {
    accounts: &[SUBJECT],
    systems: &[system("Computer", "", Role::TargetHost)],
    host_is_witness: true,
};

/// Changes to accounts and groups: the directory server only carries them out.
const WINDOWS_DIRECTORY: Table = Table {
    accounts: &[
        SUBJECT,
        TARGET_ACCOUNT,
        account("MemberName", "", "MemberSid", Role::Target),
    ],
    systems: &[system("Computer", "", Role::Witness)],
    host_is_witness: true,
};

const OKTA: Table = Table {
    accounts: &[
        bare("actor.alternateId", Role::Actor),
        bare("target.alternateId", Role::Target),
    ],
    systems: &[system("", "client.ipAddress", Role::Source)],
    host_is_witness: true,
};

const ENTRA: Table = Table {
    accounts: &[
        bare("userPrincipalName", Role::Actor),
        bare("properties.userPrincipalName", Role::Actor),
        bare("initiatedBy.user.userPrincipalName", Role::Actor),
        bare("properties.initiatedBy.user.userPrincipalName", Role::Actor),
        bare("targetResources.userPrincipalName", Role::Target),
        bare("properties.targetResources.userPrincipalName", Role::Target),
    ],
    systems: &[
        system("", "ipAddress", Role::Source),
        system("", "callerIpAddress", Role::Source),
    ],
    host_is_witness: true,
};

const CLOUD_TRAIL: Table = Table {
    accounts: &[
        bare("userIdentity.userName", Role::Actor),
        bare("requestParameters.userName", Role::Target),
    ],
    systems: &[system("", "sourceIPAddress", Role::Source)],
    host_is_witness: true,
};

const ZEEK: Table = Table {
    accounts: &[bare("username", Role::Actor), bare("client", Role::Actor)],
    systems: &[
        system("", "id.orig_h", Role::Source),
        system("", "id.resp_h", Role::TargetHost),
    ],
    host_is_witness: true,
};

const OCSF: Table = Table {
    accounts: &[
        bare("actor.user.name", Role::Actor),
        bare("user.name", Role::Actor),
    ],
    systems: &[
        system("device.hostname", "device.ip", Role::Host),
        system("src_endpoint.hostname", "src_endpoint.ip", Role::Source),
        system("dst_endpoint.hostname", "dst_endpoint.ip", Role::TargetHost),
    ],
    host_is_witness: false,
};

const SYSLOG: Table = Table {
    accounts: &[bare("user", Role::Actor), bare("User", Role::Actor)],
    systems: &[
        system("Computer", "", Role::Host),
        system("hostname", "", Role::Host),
        system("", "src_ip", Role::Source),
    ],
    host_is_witness: true,
};

const OTHER: Table = Table {
    accounts: &[
        SUBJECT,
        SYSMON_USER,
        bare("user.name", Role::Actor),
        bare("user", Role::Actor),
        bare("source.user.name", Role::Actor),
    ],
    systems: &[
        COMPUTER,
        system("host.name", "", Role::Host),
        system("", "source.ip", Role::Source),
        system("", "destination.ip", Role::TargetHost),
    ],
    host_is_witness: false,
};

/// The table for a record.
pub(super) fn table(record: &Record) -> Table {
    match record.dialect {
        Dialect::Windows => windows(record),
        Dialect::Okta => OKTA,
        Dialect::Entra => ENTRA,
        Dialect::CloudTrail => CLOUD_TRAIL,
        Dialect::Zeek => ZEEK,
        Dialect::Ocsf => OCSF,
        Dialect::Syslog => SYSLOG,
        Dialect::Other => OTHER,
    }
}

fn windows(record: &Record) -> Table {
    let channel = record.text("Channel").unwrap_or_default();
    let event = record.int("EventID").unwrap_or_default();
    if channel.eq_ignore_ascii_case("Security") {
        return security(event);
    }
    match event {
        3 if channel.contains("Sysmon") => WINDOWS_CONNECTION,
        _ => WINDOWS_LOCAL,
    }
}

fn security(event: i64) -> Table {
    match event {
        4624 => WINDOWS_LOGON,
        4625 => WINDOWS_REFUSED,
        4648 => WINDOWS_EXPLICIT,
        4768..=4770 => WINDOWS_TICKET,
        // Pre-authentication failed: the account was only tried.
        4771 | 4772 => WINDOWS_REFUSED,
        4776 => WINDOWS_VALIDATION,
        4662 | 5136..=5139 | 5141 => WINDOWS_DIRECTORY_OBJECT,
        5140..=5145 | 4661 | 4663 | 4674 => WINDOWS_REMOTE_OBJECT,
        4720..=4767 | 4781 | 4794 => WINDOWS_DIRECTORY,
        _ => WINDOWS_LOCAL,
    }
}

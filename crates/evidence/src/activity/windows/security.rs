//! The Security log. Event numbers and fields: Microsoft, "Advanced security audit policy settings".

use std::net::IpAddr;

use cordon_estate::activity::{AccountName, ActivityKind, DirectoryChange, Outcome, SystemName};
use cordon_estate::{Means, Protocol};

use super::super::{Teller, is_machine, outcome, system_at, system_named};
use super::begins;

pub(super) fn tell(teller: &mut Teller<'_, '_>, event: i64) {
    match event {
        4624 => logon(teller, Outcome::Success),
        4625 => logon(teller, Outcome::Failure),
        4672 => privileged(teller),
        4688 => process(teller),
        4697 => privileged(teller),
        4768..=4771 => ticket(teller, event),
        4778 => reconnected(teller),
        5140 => share(teller),
        5145 => administrative_share(teller),
        5156 => flow(teller, Outcome::Success),
        5157 => flow(teller, Outcome::Failure),
        6272 | 6273 => network_policy(teller, event),
        4742 | 5136 | 5137 | 5141 => directory_server(teller),
        4662 if teller.text("ObjectServer") == Some("DS") => directory_server(teller),
        _ => change(teller, event),
    }
}

/// What a logon type says: by what means, over the network, and whether credentials stay behind.
#[derive(Clone, Copy)]
struct LogonType {
    means: Means,
    over_network: bool,
    leaves_credentials: bool,
}

const fn local() -> LogonType {
    LogonType {
        means: Means::Console,
        over_network: false,
        leaves_credentials: true,
    }
}

/// Logon types as numbers, or as some exports write them.
fn logon_type(teller: &Teller<'_, '_>) -> Option<LogonType> {
    let network = |means, leaves_credentials| LogonType {
        means,
        over_network: true,
        leaves_credentials,
    };
    match teller.record.int("LogonType").or_else(|| named_type(teller))? {
        2 | 4 | 5 | 7 | 9 | 11 | 13 => Some(local()),
        3 => Some(network(Means::FileShare, false)),
        // The password itself was sent: IIS with basic authentication, OpenSSH, CredSSP.
        8 => Some(network(cleartext_means(teller), true)),
        10 | 12 => Some(network(Means::RemoteDesktop, true)),
        _ => None,
    }
}

fn cleartext_means(teller: &Teller<'_, '_>) -> Means {
    let is_ssh = teller
        .text("ProcessName")
        .is_some_and(|path| super::remote::is_program(path, "sshd.exe"));
    if is_ssh { Means::Ssh } else { Means::FileShare }
}

fn named_type(teller: &Teller<'_, '_>) -> Option<i64> {
    const NAMES: [(&str, i64); 11] = [
        ("interactive", 2),
        ("network", 3),
        ("batch", 4),
        ("service", 5),
        ("unlock", 7),
        ("networkcleartext", 8),
        ("newcredentials", 9),
        ("remoteinteractive", 10),
        ("cachedinteractive", 11),
        ("cachedremoteinteractive", 12),
        ("cachedunlock", 13),
    ];
    let text = teller.text("LogonType")?.trim();
    // `3 - Network` and the like.
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        return text.get(..digits)?.parse().ok();
    }
    NAMES
        .iter()
        .find(|(name, _)| text.eq_ignore_ascii_case(name))
        .map(|(_, number)| *number)
}

fn logon(teller: &mut Teller<'_, '_>, outcome: Outcome) {
    let (Some(kind), Some(account), Some(on)) = (logon_type(teller), teller.target(), teller.host()) else {
        return;
    };
    let from = if kind.over_network { client(teller) } else { None };
    teller.tell(ActivityKind::Logon {
        account,
        on,
        from,
        means: kind.means,
        outcome,
        leaves_credentials: kind.leaves_credentials && outcome == Outcome::Success,
        elevated: is_elevated(teller),
    });
    if outcome == Outcome::Success && teller.text("AuthenticationPackageName") == Some("Kerberos") {
        machine_address(teller, account);
    }
}

/// The other end of a network logon. The address is what the server saw; the name is only what the client claims,
/// and counts where there is no address.
fn client<'r>(teller: &Teller<'r, '_>) -> Option<SystemName<'r>> {
    teller
        .system_at("IpAddress")
        .or_else(|| teller.text("WorkstationName").map(system_named))
}

fn is_elevated(teller: &Teller<'_, '_>) -> bool {
    teller
        .text("ElevatedToken")
        .is_some_and(|text| text.ends_with("1842") || text.eq_ignore_ascii_case("yes"))
}

/// A machine proved by Kerberos who it is: that address is its own.
fn machine_address(teller: &mut Teller<'_, '_>, account: AccountName<'_>) {
    let (Some(name), Some(address)) = (account.name, teller.address("IpAddress")) else {
        return;
    };
    let bare = name.split('@').next().unwrap_or(name);
    if bare.ends_with('$') && is_worth_telling(address) {
        teller.tell(ActivityKind::Address {
            system: system_named(bare),
            address,
        });
    }
}

fn is_worth_telling(address: IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast()
}

fn privileged(teller: &mut Teller<'_, '_>) {
    let (Some(account), Some(on)) = (teller.subject(), teller.host()) else {
        return;
    };
    if !is_machine(&account) {
        teller.tell(ActivityKind::Privileged { account, on });
    }
}

/// The new process may run as somebody else than who asked for it.
fn process(teller: &mut Teller<'_, '_>) {
    let target = teller.text("TargetUserName").and_then(|_| teller.target());
    let Some(account) = target.or_else(|| teller.subject()) else {
        return;
    };
    let (image, parent) = (teller.text("NewProcessName"), teller.text("ParentProcessName"));
    teller.started(account, image, parent);
}

/// RC4, by number: RFC 4757.
fn is_rc4(teller: &Teller<'_, '_>) -> bool {
    number(teller, "TicketEncryptionType").is_some_and(|kind| matches!(kind, 0x17 | 0x18))
}

/// A number in a field, written in hexadecimal or not.
fn number(teller: &Teller<'_, '_>, name: &str) -> Option<i64> {
    if let Some(number) = teller.record.int(name) {
        return Some(number);
    }
    let text = teller.text(name)?;
    i64::from_str_radix(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16).ok()
}

fn ticket(teller: &mut Teller<'_, '_>, event: i64) {
    directory_server(teller);
    let account = teller.account("TargetUserName", "TargetDomainName", "TargetSid");
    let (Some(account), Some(issuer)) = (account, teller.host()) else {
        return;
    };
    let outcome = outcome(event != 4771 && number(teller, "Status").is_none_or(|status| status == 0));
    let service = (event == 4769 && is_rc4(teller))
        .then(|| teller.account("ServiceName", "", "ServiceSid"))
        .flatten()
        .filter(|service| !is_machine(service) && service.name.is_none_or(|name| !begins(name, "krbtgt")));
    let kind = ActivityKind::Ticket {
        account,
        service,
        issuer,
        from: teller.system_at("IpAddress"),
        outcome,
    };
    teller.tell(kind);
    if outcome == Outcome::Success {
        machine_address(teller, account);
    }
}

fn directory_server(teller: &mut Teller<'_, '_>) {
    if let Some(system) = teller.host() {
        teller.tell(ActivityKind::DirectoryServer { system });
    }
}

fn reconnected(teller: &mut Teller<'_, '_>) {
    let (Some(account), Some(on)) = (teller.account("AccountName", "AccountDomain", ""), teller.host())
    else {
        return;
    };
    if let Some(from) = teller.system_at("ClientAddress") {
        teller.remote_logon(account, on, Some(from), Means::RemoteDesktop);
    }
}

fn share(teller: &mut Teller<'_, '_>) {
    let (Some(account), Some(on)) = (teller.subject(), teller.host()) else {
        return;
    };
    teller.tell(ActivityKind::Logon {
        account,
        on,
        from: teller.system_at("IpAddress"),
        means: Means::FileShare,
        outcome: Outcome::Success,
        leaves_credentials: false,
        elevated: is_administrative(teller.text("ShareName")),
    });
}

/// Files of a share are told of one by one: only those that need administrator rights say more than the logon did.
fn administrative_share(teller: &mut Teller<'_, '_>) {
    if is_administrative(teller.text("ShareName")) {
        share(teller);
    }
}

/// `ADMIN$`, and the roots of drives.
fn is_administrative(share: Option<&str>) -> bool {
    let Some(name) = share.and_then(|share| share.rsplit('\\').next()) else {
        return false;
    };
    let is_drive = name.len() == 2 && name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    name.ends_with('$') && (is_drive || name.eq_ignore_ascii_case("ADMIN$"))
}

fn flow(teller: &mut Teller<'_, '_>, outcome: Outcome) {
    let protocol = match teller.record.int("Protocol") {
        Some(6) => Protocol::Tcp,
        Some(17) => Protocol::Udp,
        _ => return,
    };
    let inbound = teller
        .text("Direction")
        .is_some_and(|text| text.ends_with("14592") || text.eq_ignore_ascii_case("inbound"));
    let addresses = (teller.address("SourceAddress"), teller.address("DestAddress"));
    let (Some(source), Some(destination)) = addresses else {
        return;
    };
    let Some(port) = teller
        .record
        .int("DestPort")
        .and_then(|port| u16::try_from(port).ok())
    else {
        return;
    };
    teller.connection(inbound, (source, destination), (protocol, port), outcome);
}

impl Teller<'_, '_> {
    /// A connection that the host saw; its own address is sure, the other end is only an address.
    pub(super) fn connection(
        &mut self,
        inbound: bool,
        (source, destination): (IpAddr, IpAddr),
        (protocol, port): (Protocol, u16),
        outcome: Outcome,
    ) {
        let own_end = if inbound { destination } else { source };
        let elsewhere = is_worth_telling(source) && is_worth_telling(destination) && source != destination;
        let Some(host) = self.host().filter(|_| elsewhere) else {
            return;
        };
        self.tell(ActivityKind::Address {
            system: host,
            address: own_end,
        });
        let own = SystemName {
            address: Some(own_end),
            ..host
        };
        let (from, to) = if inbound {
            (system_at(source), own)
        } else {
            (own, system_at(destination))
        };
        self.tell(ActivityKind::Flow {
            from,
            to,
            protocol,
            port,
            outcome,
        });
    }
}

/// A RADIUS server let somebody in (6272) or not (6273); only virtual ports are VPNs.
fn network_policy(teller: &mut Teller<'_, '_>, event: i64) {
    if !teller
        .text("NASPortType")
        .is_some_and(|kind| begins(kind, "Virtual"))
    {
        return;
    }
    let gateway = SystemName {
        name: teller.text("ClientName").or_else(|| teller.text("NASIdentifier")),
        address: teller.address("NASIPv4Address"),
    };
    let Some(account) = teller.subject().filter(|_| gateway != SystemName::default()) else {
        return;
    };
    teller.tell(ActivityKind::RemoteAccess {
        account,
        gateway,
        from: teller.address("CallingStationID"),
        inside: None,
        outcome: outcome(event == 6272),
    });
}

fn change(teller: &mut Teller<'_, '_>, event: i64) {
    let change = match event {
        4720 => DirectoryChange::AccountCreated,
        4722 => DirectoryChange::AccountEnabled,
        4724 => DirectoryChange::PasswordReset,
        4725 | 4726 => DirectoryChange::AccountDisabled,
        4728 | 4732 | 4756 => DirectoryChange::MemberAdded,
        4729 | 4733 | 4757 => DirectoryChange::MemberRemoved,
        _ => return,
    };
    let Some(actor) = teller.subject() else { return };
    let is_of_group = matches!(
        change,
        DirectoryChange::MemberAdded | DirectoryChange::MemberRemoved
    );
    let (account, group) = if is_of_group {
        (member(teller), teller.text("TargetUserName"))
    } else {
        (
            teller.account("TargetUserName", "TargetDomainName", "TargetSid"),
            None,
        )
    };
    teller.tell(ActivityKind::DirectoryChange {
        actor,
        account,
        group,
        change,
    });
}

/// `MemberName` is a distinguished name, whose parts are not the account's name: the SID says who it is. Some
/// shippers replace the SID by the name.
fn member<'r>(teller: &Teller<'r, '_>) -> Option<AccountName<'r>> {
    let text = teller.text("MemberSid")?;
    let (name, sid) = if begins(text, "S-1-") {
        (None, Some(text))
    } else {
        (Some(text), None)
    };
    Some(AccountName {
        name,
        domain: None,
        sid,
    })
}

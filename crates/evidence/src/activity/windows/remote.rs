//! Remote management, remote desktop and installed services, from the logs of those who provide them.

use cordon_estate::Means;
use cordon_estate::activity::{AccountName, ActivityKind, Outcome, SystemName};

use super::super::{Teller, account_named, parse_address, system_at};
use super::begins;
use crate::record::Record;

/// True if `path` is a path to a program of this name.
pub(super) fn is_program(path: &str, name: &str) -> bool {
    path.rsplit(['\\', '/'])
        .next()
        .is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Programs that exist only for a remote session: the host of PowerShell remoting, and what WMI was asked to start.
pub(super) fn means_of_program(image: Option<&str>, parent: Option<&str>) -> Option<Means> {
    if image.is_some_and(|path| is_program(path, "wsmprovhost.exe") || is_program(path, "winrshost.exe")) {
        return Some(Means::RemoteManagement);
    }
    parent
        .is_some_and(|path| is_program(path, "wmiprvse.exe"))
        .then_some(Means::Wmi)
}

/// 91: a shell was made for the writer of the event. 169: a user was authenticated.
pub(super) fn win_rm(teller: &mut Teller<'_, '_>, event: i64) {
    let account = match event {
        91 => teller.writer(),
        169 => teller.bare_account("username"),
        _ => None,
    };
    if let (Some(account), Some(on)) = (account, teller.host()) {
        teller.remote_logon(account, on, None, Means::RemoteManagement);
    }
}

/// 4103 and 4104: what PowerShell was told to do; its context says whether that was over the network, and by whom.
pub(super) fn power_shell(teller: &mut Teller<'_, '_>, event: i64) {
    let Some(on) = teller.host().filter(|_| matches!(event, 4103 | 4104)) else {
        return;
    };
    if let Some(account) = teller.writer() {
        teller.tell(ActivityKind::Runs { account, on });
    }
    let connected = teller.text("ContextInfo").and_then(connected_user);
    if let Some(user) = connected {
        teller.remote_logon(account_named(user), on, None, Means::RemoteManagement);
    }
}

/// The `Connected User` of a remoting session; a local one leaves it empty.
fn connected_user(context: &str) -> Option<&str> {
    let (_, after) = context.split_once("Connected User = ")?;
    let user = after.lines().next()?.trim();
    (!user.is_empty() && !user.contains(" = ")).then_some(user)
}

/// 1149: remote desktop let somebody in over the network.
pub(super) fn connection_manager(teller: &mut Teller<'_, '_>, event: i64) {
    let Some(on) = teller.host().filter(|_| event == 1149) else {
        return;
    };
    if let Some(account) = teller.account("Param1", "Param2", "") {
        let from = teller.system_at("Param3");
        teller.remote_logon(account, on, from, Means::RemoteDesktop);
    }
}

/// 21: a session was opened. 25: one was taken up again. Both at the machine (`LOCAL`) or from elsewhere.
pub(super) fn session_manager(teller: &mut Teller<'_, '_>, event: i64) {
    let Some(on) = teller.host().filter(|_| matches!(event, 21 | 25)) else {
        return;
    };
    let Some(account) = teller.bare_account("User") else {
        return;
    };
    let from = teller.system_at("Address");
    let means = if from.is_some() {
        Means::RemoteDesktop
    } else {
        Means::Console
    };
    teller.remote_logon(account, on, from, means);
}

/// 302: somebody came through a remote desktop gateway.
pub(super) fn gateway(teller: &mut Teller<'_, '_>, event: i64) {
    let Some(gateway) = teller.host().filter(|_| event == 302) else {
        return;
    };
    if let Some(account) = teller.bare_account("Username") {
        let from = teller.address("IpAddress");
        teller.tell(ActivityKind::RemoteAccess {
            account,
            gateway,
            from,
            inside: None,
            outcome: Outcome::Success,
        });
    }
}

/// 7045: who installs a service administers the machine. (`AccountName` is the account that the service runs as.)
pub(super) fn service_installed(teller: &mut Teller<'_, '_>, event: i64) {
    let Some(on) = teller.host().filter(|_| event == 7045) else {
        return;
    };
    if let Some(account) = teller.writer() {
        teller.tell(ActivityKind::Privileged { account, on });
    }
}

/// A logon somewhere else that a host says it is about to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Outgoing<'a> {
    /// The host that says so.
    pub(in super::super) from: SystemName<'a>,
    /// Where to.
    pub(in super::super) to: SystemName<'a>,
    /// As whom, if it says.
    pub(in super::super) account: Option<AccountName<'a>>,
    /// How.
    pub(in super::super) means: Option<Means>,
}

/// Security 4648 and WinRM 6.
pub(super) const fn is_outgoing(event: i64) -> bool {
    matches!(event, 4648 | 6)
}

/// What these two say. They prove nothing: see the module above.
pub(in super::super) fn outgoing(record: &Record) -> Option<Outgoing<'_>> {
    match record.int("EventID")? {
        4648 => explicit_credentials(record),
        6 => session_asked_for(record),
        _ => None,
    }
}

fn explicit_credentials(record: &Record) -> Option<Outgoing<'_>> {
    let server = record.text("TargetServerName")?;
    if server.eq_ignore_ascii_case("localhost") {
        return None;
    }
    Some(Outgoing {
        from: super::super::system_named(record.text("Computer")?),
        to: host_name(server),
        account: record.text("TargetUserName").map(account_named),
        means: record.text("TargetInfo").and_then(means_of_service),
    })
}

fn session_asked_for(record: &Record) -> Option<Outgoing<'_>> {
    let is_win_rm = |name: &str| {
        record
            .text(name)
            .is_some_and(|text| begins(text, "Microsoft-Windows-WinRM"))
    };
    if !is_win_rm("Provider_Name") && !is_win_rm("Channel") {
        return None;
    }
    let connection = record.text("connection")?;
    let connection = connection.split_once("://").map_or(connection, |(_, rest)| rest);
    let host = connection
        .split(['/', ':', '?'])
        .next()
        .filter(|host| !host.is_empty())?;
    Some(Outgoing {
        from: super::super::system_named(record.text("Computer")?),
        to: host_name(host),
        account: None,
        means: Some(Means::RemoteManagement),
    })
}

fn host_name(text: &str) -> SystemName<'_> {
    parse_address(text).map_or_else(|| super::super::system_named(text), system_at)
}

/// The service class of a service principal name.
fn means_of_service(name: &str) -> Option<Means> {
    const CLASSES: [(&str, Means); 7] = [
        ("wsman", Means::RemoteManagement),
        ("http", Means::RemoteManagement),
        ("termsrv", Means::RemoteDesktop),
        ("cifs", Means::FileShare),
        ("rpcss", Means::Wmi),
        ("mssqlsvc", Means::Database),
        ("restrictedkrbhost", Means::Wmi),
    ];
    let (class, _) = name.split_once('/')?;
    CLASSES
        .iter()
        .find(|(own, _)| class.eq_ignore_ascii_case(own))
        .map(|(_, means)| *means)
}

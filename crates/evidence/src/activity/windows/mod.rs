//! Windows events, by provider and event number.

mod remote;
mod security;
mod sysmon;

use cordon_estate::Means;
use cordon_estate::activity::{AccountName, ActivityKind, Outcome, SystemName};

use super::Teller;
use crate::record::Record;

pub(super) use remote::outgoing;

/// Which log an event is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Security,
    Sysmon,
    WinRm,
    PowerShell,
    RemoteConnections,
    LocalSessions,
    Gateway,
    Services,
}

/// Beginnings of provider names and of channel names; the names are Microsoft's.
const PROVIDERS: [(&str, Source); 8] = [
    ("Microsoft-Windows-Security-Auditing", Source::Security),
    ("Microsoft-Windows-Sysmon", Source::Sysmon),
    ("Microsoft-Windows-WinRM", Source::WinRm),
    ("Microsoft-Windows-PowerShell", Source::PowerShell),
    (
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
        Source::RemoteConnections,
    ),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager",
        Source::LocalSessions,
    ),
    ("Microsoft-Windows-TerminalServices-Gateway", Source::Gateway),
    ("Service Control Manager", Source::Services),
];

const CHANNELS: [(&str, Source); 2] = [("Security", Source::Security), ("System", Source::Services)];

fn source(record: &Record) -> Option<Source> {
    let named = |name: &str| {
        PROVIDERS
            .iter()
            .find(|(start, _)| begins(name, start))
            .map(|(_, source)| *source)
    };
    if let Some(source) = record.text("Provider_Name").and_then(named) {
        return Some(source);
    }
    let channel = record.text("Channel")?;
    named(channel).or_else(|| {
        CHANNELS
            .iter()
            .find(|(name, _)| channel.eq_ignore_ascii_case(name))
            .map(|(_, source)| *source)
    })
}

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Whether the event number is one of those that are read, here or as a hint of where a logon came from.
pub(super) fn is_telling(record: &Record) -> bool {
    record
        .int("EventID")
        .is_some_and(|event| is_read(event) || remote::is_outgoing(event))
}

pub(super) fn tell(teller: &mut Teller<'_, '_>) {
    let Some(event) = teller.record.int("EventID") else {
        return;
    };
    // Most events of a real log are none of these: they cost one look-up.
    if !is_read(event) {
        return;
    }
    match source(teller.record) {
        Some(Source::Security) => security::tell(teller, event),
        Some(Source::Sysmon) => sysmon::tell(teller, event),
        Some(Source::WinRm) => remote::win_rm(teller, event),
        Some(Source::PowerShell) => remote::power_shell(teller, event),
        Some(Source::RemoteConnections) => remote::connection_manager(teller, event),
        Some(Source::LocalSessions) => remote::session_manager(teller, event),
        Some(Source::Gateway) => remote::gateway(teller, event),
        Some(Source::Services) => remote::service_installed(teller, event),
        None => {}
    }
}

const fn is_read(event: i64) -> bool {
    matches!(
        event,
        1 | 3 | 21 | 25 | 91 | 169 | 302 | 1149 | 4103 | 4104 | 4624 | 4625 | 4662 | 4672 | 4688 | 4697
            | 4720..=4733 | 4742 | 4756 | 4757 | 4768..=4771 | 4778 | 5136 | 5137 | 5140 | 5141 | 5145
            | 5156 | 5157 | 6272 | 6273 | 7045
    )
}

impl<'r> Teller<'r, '_> {
    /// The host that wrote the record.
    fn host(&self) -> Option<SystemName<'r>> {
        self.text("Computer").map(super::system_named)
    }

    fn account(&self, name: &str, domain: &str, sid: &str) -> Option<AccountName<'r>> {
        let account = AccountName {
            name: self.text(name),
            domain: self.text(domain),
            sid: self.text(sid).filter(|sid| *sid != "S-1-0-0"),
        };
        (account.name.is_some() || account.sid.is_some()).then_some(account)
    }

    fn subject(&self) -> Option<AccountName<'r>> {
        self.account("SubjectUserName", "SubjectDomainName", "SubjectUserSid")
    }

    fn target(&self) -> Option<AccountName<'r>> {
        self.account("TargetUserName", "TargetDomainName", "TargetUserSid")
    }

    /// The account that the event log itself names as the one that wrote the event.
    fn writer(&self) -> Option<AccountName<'r>> {
        let sid = self.text("UserID").filter(|sid| begins(sid, "S-1-"))?;
        // NXLog names the writer beside its kind; without the kind, `AccountName` is the event's own.
        let (name, domain) = match self.text("AccountType") {
            Some(_) => (self.text("AccountName"), self.text("Domain")),
            None => (self.text("winlog.user.name"), self.text("winlog.user.domain")),
        };
        Some(AccountName {
            name,
            domain,
            sid: Some(sid),
        })
    }

    /// A program started by a person, and the remote session that it shows if it is the host process of one.
    fn started(&mut self, account: AccountName<'_>, image: Option<&str>, parent: Option<&str>) {
        let Some(on) = self.host() else { return };
        if super::is_machine(&account) {
            return;
        }
        if let Some(means) = remote::means_of_program(image, parent) {
            self.remote_logon(account, on, None, means);
        }
        self.tell(ActivityKind::Runs { account, on });
    }

    /// A remote session that was opened; it leaves no credentials unless it is a desktop.
    fn remote_logon(
        &mut self,
        account: AccountName<'_>,
        on: SystemName<'_>,
        from: Option<SystemName<'_>>,
        means: Means,
    ) {
        self.tell(ActivityKind::Logon {
            account,
            on,
            from,
            means,
            outcome: Outcome::Success,
            leaves_credentials: matches!(means, Means::RemoteDesktop | Means::Console),
            elevated: false,
        });
    }
}

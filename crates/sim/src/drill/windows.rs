//! Windows events as Winlogbeat 8 ships them.

use cordon_estate::{AccountId, SystemId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::stamp;
use super::scribe::{DNS_DOMAIN, DOMAIN, Scribe};

const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");
const SYSTEM: (&str, &str) = ("System", "Service Control Manager");
const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");
const NOBODY: &str = "S-1-5-18";

/// Ticket encryption: AES-256, and the RC4 that an intruder asks for because it is quickly guessed.
pub(super) const AES: &str = "0x12";
pub(super) const RC4: &str = "0x17";

/// A logon as the host that is logged on to writes it.
#[derive(Clone, Copy)]
pub(super) struct Logon {
    pub(super) account: AccountId,
    pub(super) on: SystemId,
    pub(super) from: Option<SystemId>,
    /// Windows logon type: 2 console, 3 network, 5 service, 10 remote desktop.
    pub(super) kind: u8,
    pub(super) elevated: bool,
}

/// A program start.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) account: AccountId,
    pub(super) on: SystemId,
    pub(super) image: &'a str,
    pub(super) command_line: &'a str,
    pub(super) parent: &'a str,
}

impl Scribe<'_> {
    fn event(
        &mut self,
        time: Timestamp,
        host: SystemId,
        (channel, provider): (&str, &str),
        id: u32,
        data: &[(&str, &str)],
    ) {
        let record = self.serial();
        let name = self.fqdn(host);
        let data: Map<String, Value> = data
            .iter()
            .map(|&(key, value)| (key.to_owned(), json!(value)))
            .collect();
        let failed = matches!(id, 4_625 | 4_771);
        let line = json!({
            "@timestamp": stamp(time),
            "agent": { "type": "winlogbeat", "version": "8.17.3" },
            "ecs": { "version": "8.0.0" },
            "event": {
                "code": id.to_string(),
                "kind": "event",
                "outcome": if failed { "failure" } else { "success" },
                "provider": provider,
            },
            "host": { "name": name },
            "log": { "level": "information" },
            "winlog": {
                "api": "wineventlog",
                "channel": channel,
                "computer_name": name,
                "event_data": data,
                "event_id": id.to_string(),
                "keywords": [if failed { "Audit Failure" } else { "Audit Success" }],
                "opcode": "Info",
                "provider_name": provider,
                "record_id": record,
            },
        });
        let log = self.log_of(host);
        self.write(log, time, line.to_string());
    }

    /// 4624, and 4672 if elevated.
    pub(super) fn logon(&mut self, time: Timestamp, logon: Logon) {
        let address = logon
            .from
            .map_or_else(|| "-".to_owned(), |from| self.address(from));
        let workstation = logon.from.map_or("-", |from| self.host(from));
        self.logon_from(time, logon, &address, workstation);
    }

    /// The same from an address that is no system of the estate.
    pub(super) fn logon_from(&mut self, time: Timestamp, logon: Logon, address: &str, workstation: &str) {
        let (sid, id) = (
            Self::sid(logon.account),
            format!("0x{:x}", 0x1_0000 + self.serial()),
        );
        let user = self.user(logon.account);
        let kind = logon.kind.to_string();
        let (process, package) = match logon.kind {
            2 | 10 => ("User32 ", "Negotiate"),
            5 => ("Advapi  ", "Negotiate"),
            _ => ("Kerberos", "Kerberos"),
        };
        let data = [
            ("SubjectUserSid", "S-1-0-0"),
            ("SubjectUserName", "-"),
            ("SubjectDomainName", "-"),
            ("SubjectLogonId", "0x0"),
            ("TargetUserSid", sid.as_str()),
            ("TargetUserName", user),
            ("TargetDomainName", DOMAIN),
            ("TargetLogonId", id.as_str()),
            ("LogonType", kind.as_str()),
            ("LogonProcessName", process),
            ("AuthenticationPackageName", package),
            ("WorkstationName", workstation),
            ("ProcessName", "-"),
            ("IpAddress", address),
            ("IpPort", if address == "-" { "-" } else { "50417" }),
            ("ImpersonationLevel", "%%1833"),
            ("ElevatedToken", if logon.elevated { "%%1842" } else { "%%1843" }),
        ];
        self.event(time, logon.on, SECURITY, 4_624, &data);
        if logon.elevated {
            let data = [
                ("SubjectUserSid", sid.as_str()),
                ("SubjectUserName", user),
                ("SubjectDomainName", DOMAIN),
                ("SubjectLogonId", id.as_str()),
                (
                    "PrivilegeList",
                    "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeDebugPrivilege",
                ),
            ];
            self.event(time, logon.on, SECURITY, 4_672, &data);
        }
    }

    /// 4625: a wrong password.
    pub(super) fn refused(&mut self, time: Timestamp, account: AccountId, on: SystemId, from: SystemId) {
        let (address, workstation) = (self.address(from), self.host(from));
        let data = [
            ("SubjectUserSid", NOBODY),
            ("SubjectUserName", "-"),
            ("SubjectDomainName", "-"),
            ("TargetUserSid", "S-1-0-0"),
            ("TargetUserName", self.user(account)),
            ("TargetDomainName", DOMAIN),
            ("Status", "0xc000006d"),
            ("SubStatus", "0xc000006a"),
            ("FailureReason", "%%2313"),
            ("LogonType", "3"),
            ("LogonProcessName", "NtLmSsp "),
            ("AuthenticationPackageName", "NTLM"),
            ("WorkstationName", workstation),
            ("IpAddress", address.as_str()),
            ("IpPort", "50233"),
        ];
        self.event(time, on, SECURITY, 4_625, &data);
    }

    /// 4768: the first ticket of the day.
    pub(super) fn first_ticket(
        &mut self,
        time: Timestamp,
        issuer: SystemId,
        account: AccountId,
        from: SystemId,
    ) {
        let (sid, address) = (Self::sid(account), format!("::ffff:{}", self.address(from)));
        let data = [
            ("TargetUserName", self.user(account)),
            ("TargetDomainName", DOMAIN),
            ("TargetSid", sid.as_str()),
            ("ServiceName", "krbtgt"),
            ("ServiceSid", "S-1-5-21-2214705813-1873902219-3316058077-502"),
            ("TicketOptions", "0x40810010"),
            ("Status", "0x0"),
            ("TicketEncryptionType", AES),
            ("PreAuthType", "2"),
            ("IpAddress", address.as_str()),
            ("IpPort", "50102"),
        ];
        self.event(time, issuer, SECURITY, 4_768, &data);
    }

    /// 4769: a ticket to a service; `service` is an account name or a machine's with `$`.
    pub(super) fn ticket(
        &mut self,
        time: Timestamp,
        issuer: SystemId,
        account: AccountId,
        from: SystemId,
        service: &str,
        encryption: &str,
    ) {
        let address = format!("::ffff:{}", self.address(from));
        let user = format!("{}@{}", self.user(account), DNS_DOMAIN.to_uppercase());
        let data = [
            ("TargetUserName", user.as_str()),
            ("TargetDomainName", "NORTHGATE.EXAMPLE"),
            ("ServiceName", service),
            ("ServiceSid", "S-1-5-21-2214705813-1873902219-3316058077-9999"),
            ("TicketOptions", "0x40810000"),
            ("TicketEncryptionType", encryption),
            ("IpAddress", address.as_str()),
            ("IpPort", "50340"),
            ("Status", "0x0"),
            ("LogonGuid", "{4f1d0a3c-5a1b-7c20-93aa-2a1b5b6f7e10}"),
            ("TransmittedServices", "-"),
        ];
        self.event(time, issuer, SECURITY, 4_769, &data);
    }

    /// 4724 and 4738: somebody else's password is set.
    pub(super) fn reset(&mut self, time: Timestamp, issuer: SystemId, by: AccountId, of: AccountId) {
        let (by_sid, of_sid) = (Self::sid(by), Self::sid(of));
        let data = [
            ("TargetUserName", self.user(of)),
            ("TargetDomainName", DOMAIN),
            ("TargetSid", of_sid.as_str()),
            ("SubjectUserSid", by_sid.as_str()),
            ("SubjectUserName", self.user(by)),
            ("SubjectDomainName", DOMAIN),
            ("SubjectLogonId", "0x8f3a11"),
        ];
        self.event(time, issuer, SECURITY, 4_724, &data);
        self.event(time, issuer, SECURITY, 4_738, &data);
    }

    /// 4648: a logon elsewhere with other credentials than one's own.
    pub(super) fn explicit(
        &mut self,
        time: Timestamp,
        by: AccountId,
        on: SystemId,
        used: AccountId,
        to: SystemId,
    ) {
        let (sid, target) = (Self::sid(by), self.fqdn(to));
        let data = [
            ("SubjectUserSid", sid.as_str()),
            ("SubjectUserName", self.user(by)),
            ("SubjectDomainName", DOMAIN),
            ("SubjectLogonId", "0x9911a2"),
            ("TargetUserName", self.user(used)),
            ("TargetDomainName", DOMAIN),
            ("TargetServerName", target.as_str()),
            ("TargetInfo", target.as_str()),
            ("ProcessName", "C:\\Windows\\System32\\mstsc.exe"),
            ("IpAddress", "-"),
            ("IpPort", "-"),
        ];
        self.event(time, on, SECURITY, 4_648, &data);
    }

    /// 5140: a share is opened.
    pub(super) fn share(
        &mut self,
        time: Timestamp,
        account: AccountId,
        on: SystemId,
        from: SystemId,
        share: &str,
    ) {
        let (sid, address, name) = (Self::sid(account), self.address(from), format!("\\\\*\\{share}"));
        let data = [
            ("SubjectUserSid", sid.as_str()),
            ("SubjectUserName", self.user(account)),
            ("SubjectDomainName", DOMAIN),
            ("SubjectLogonId", "0x71b20c"),
            ("ObjectType", "File"),
            ("IpAddress", address.as_str()),
            ("IpPort", "50519"),
            ("ShareName", name.as_str()),
            ("AccessMask", "0x1"),
        ];
        self.event(time, on, SECURITY, 5_140, &data);
    }

    /// 7045 and 4697: a service is installed.
    pub(super) fn service(&mut self, time: Timestamp, by: AccountId, on: SystemId, name: &str, image: &str) {
        let data = [
            ("ServiceName", name),
            ("ImagePath", image),
            ("ServiceType", "user mode service"),
            ("StartType", "demand start"),
            ("AccountName", "LocalSystem"),
        ];
        self.event(time, on, SYSTEM, 7_045, &data);
        let sid = Self::sid(by);
        let data = [
            ("SubjectUserSid", sid.as_str()),
            ("SubjectUserName", self.user(by)),
            ("SubjectDomainName", DOMAIN),
            ("ServiceName", name),
            ("ServiceFileName", image),
            ("ServiceType", "0x10"),
            ("ServiceStartType", "3"),
            ("ServiceAccount", "LocalSystem"),
        ];
        self.event(time, on, SECURITY, 4_697, &data);
    }

    /// Sysmon 1: a program starts.
    pub(super) fn start(&mut self, time: Timestamp, start: Start<'_>) {
        let serial = self.serial();
        let (user, utc) = (
            format!("{DOMAIN}\\{}", self.user(start.account)),
            stamp(time).replace('T', " ").replace('Z', ""),
        );
        let (guid, pid) = (
            format!("{{9b1e2c44-7f10-69a6-0000-{serial:012x}}}"),
            (1_000 + serial % 60_000).to_string(),
        );
        let file = start.image.rsplit('\\').next().unwrap_or(start.image);
        let data = [
            ("RuleName", "-"),
            ("UtcTime", utc.as_str()),
            ("ProcessGuid", guid.as_str()),
            ("ProcessId", pid.as_str()),
            ("Image", start.image),
            ("OriginalFileName", file),
            ("CommandLine", start.command_line),
            ("CurrentDirectory", "C:\\Windows\\system32\\"),
            ("User", user.as_str()),
            ("LogonId", "0x52c119"),
            ("TerminalSessionId", "2"),
            ("IntegrityLevel", "Medium"),
            ("ParentImage", start.parent),
            ("ParentCommandLine", start.parent),
            ("ParentUser", user.as_str()),
        ];
        self.event(time, start.on, SYSMON, 1, &data);
    }

    /// Sysmon 10: one program opens the memory of another.
    pub(super) fn opens(
        &mut self,
        time: Timestamp,
        account: AccountId,
        on: SystemId,
        source: &str,
        target: &str,
    ) {
        let user = format!("{DOMAIN}\\{}", self.user(account));
        let utc = stamp(time).replace('T', " ").replace('Z', "");
        let data = [
            ("RuleName", "-"),
            ("UtcTime", utc.as_str()),
            ("SourceImage", source),
            ("TargetImage", target),
            ("GrantedAccess", "0x1FFFFF"),
            (
                "CallTrace",
                "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2bcbe|C:\\Windows\\System32\\comsvcs.dll+29e20",
            ),
            ("SourceUser", user.as_str()),
            ("TargetUser", "NT AUTHORITY\\SYSTEM"),
        ];
        self.event(time, on, SYSMON, 10, &data);
    }
}

//! Windows: the channel gives the service, channel and event id the category.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{Mapping, Source};
use crate::record::{Dialect, FieldName, Record, Value};

/// Channel to Sigma service, after Sigma's own list of Windows services.
const SERVICES: &[(&str, &str)] = &[
    ("Application", "application"),
    ("Security", "security"),
    ("System", "system"),
    ("Microsoft-Windows-Sysmon/Operational", "sysmon"),
    ("Microsoft-Windows-PowerShell/Operational", "powershell"),
    ("PowerShellCore/Operational", "powershell"),
    ("Windows PowerShell", "powershell-classic"),
    ("Microsoft-Windows-TaskScheduler/Operational", "taskscheduler"),
    ("Microsoft-Windows-WMI-Activity/Operational", "wmi"),
    ("Microsoft-Windows-Windows Defender/Operational", "windefend"),
    (
        "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
        "firewall-as",
    ),
    ("Microsoft-Windows-Bits-Client/Operational", "bits-client"),
    ("DNS Server", "dns-server"),
    ("Microsoft-Windows-DNS-Server/Audit", "dns-server-audit"),
    ("Microsoft-Windows-DNS-Server/Analytical", "dns-server-analytic"),
    ("Microsoft-Windows-DNS Client Events/Operational", "dns-client"),
    ("Microsoft-Windows-DHCP-Server/Operational", "dhcp"),
    ("Microsoft-Windows-NTLM/Operational", "ntlm"),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "terminalservices-localsessionmanager",
    ),
    ("Microsoft-Windows-SmbClient/Security", "smbclient-security"),
    (
        "Microsoft-Windows-SmbClient/Connectivity",
        "smbclient-connectivity",
    ),
    (
        "Microsoft-Windows-SMBServer/Connectivity",
        "smbserver-connectivity",
    ),
    (
        "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
        "driver-framework",
    ),
    ("MSExchange Management", "msexchange-management"),
    ("Microsoft-Windows-PrintService/Admin", "printservice-admin"),
    (
        "Microsoft-Windows-PrintService/Operational",
        "printservice-operational",
    ),
    ("Microsoft-Windows-AppLocker/MSI and Script", "applocker"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Deployment", "applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Execution", "applocker"),
    (
        "Microsoft-Windows-CodeIntegrity/Operational",
        "codeintegrity-operational",
    ),
    (
        "Microsoft-Windows-Diagnosis-Scripted/Operational",
        "diagnosis-scripted",
    ),
    ("Microsoft-Windows-Shell-Core/Operational", "shell-core"),
    ("OpenSSH/Operational", "openssh"),
    ("Microsoft-Windows-LDAP-Client/Debug", "ldap"),
    (
        "Microsoft-Windows-Security-Mitigations/KernelMode",
        "security-mitigations",
    ),
    (
        "Microsoft-Windows-Security-Mitigations/UserMode",
        "security-mitigations",
    ),
    ("Microsoft-Windows-VHDMP/Operational", "vhdmp"),
    (
        "Microsoft-Windows-AppXDeploymentServer/Operational",
        "appxdeployment-server",
    ),
    ("Microsoft-Windows-AppxPackaging/Operational", "appxpackaging-om"),
    ("Microsoft-Windows-AppModel-Runtime/Admin", "appmodel-runtime"),
    ("Microsoft-Windows-LSA/Operational", "lsa-server"),
    ("Microsoft-Windows-CAPI2/Operational", "capi2"),
    (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        "certificateservicesclient-lifecycle-system",
    ),
    ("Microsoft-IIS-Configuration/Operational", "iis-configuration"),
    (
        "Microsoft-ServiceBus-Client/Operational",
        "microsoft-servicebus-client",
    ),
    ("Microsoft-ServiceBus-Client/Admin", "microsoft-servicebus-client"),
    ("Microsoft-Windows-Hyper-V-Worker-Admin", "hyper-v-worker"),
    (
        "Microsoft-Windows-Kernel-EventTracing/Admin",
        "kernel-event-tracing",
    ),
    (
        "Microsoft-Windows-Kernel-ShimEngine/Operational",
        "kernel-shimengine",
    ),
    ("Microsoft-Windows-SENSE/Operational", "sense"),
    ("Microsoft-Windows-Ntfs/Operational", "ntfs"),
    ("Directory Service", "directory-service"),
];

/// By the exact and by the lower-case name of the channel.
static SERVICE_OF_CHANNEL: LazyLock<FxHashMap<String, &'static str>> = LazyLock::new(|| {
    let exact = SERVICES
        .iter()
        .map(|(channel, service)| ((*channel).to_owned(), *service));
    let folded = SERVICES
        .iter()
        .map(|(channel, service)| (channel.to_lowercase(), *service));
    exact.chain(folded).collect()
});

pub(super) fn source(record: &Record) -> Source {
    let (channel, event_id) = channel_and_event(record);
    if channel == "Linux-Sysmon/Operational" {
        return Source::new("linux", &["sysmon"], sysmon(event_id, record));
    }
    match service(channel) {
        "sysmon" => Source::new("windows", &["sysmon"], sysmon(event_id, record)),
        "security" => security(event_id),
        "powershell" => Source::new("windows", &["powershell"], powershell(event_id)),
        "powershell-classic" => Source::new("windows", &["powershell-classic"], classic(event_id)),
        "windefend" => Source::new("windows", &["windefend"], &["antivirus"]).mapped(Mapping::Defender),
        service => Source::new("windows", &[service], &[]),
    }
}

/// All that decides the source of a Windows event: channel, event id, and what a registry key event did.
pub(in crate::sigma) fn key(record: &Record) -> Option<(&str, (i64, u8))> {
    if !matches!(record.dialect, Dialect::Windows) {
        return None;
    }
    let (channel, event_id) = channel_and_event(record);
    let deed = if event_id == 12 {
        registry_deed(record).map_or(1, |deed| 2 + deed as u8)
    } else {
        0
    };
    Some((channel, (event_id, deed)))
}

static CHANNEL: LazyLock<FieldName> = LazyLock::new(|| FieldName::new("Channel"));
static EVENT_ID: LazyLock<FieldName> = LazyLock::new(|| FieldName::new("EventID"));

fn channel_and_event(record: &Record) -> (&str, i64) {
    let channel = match record.get_named(&CHANNEL) {
        Some(Value::Str(text)) => text,
        _ => "",
    };
    let event_id = match record.get_named(&EVENT_ID) {
        Some(Value::Int(number)) => number,
        Some(Value::Str(text)) => text.trim().parse().unwrap_or(0),
        _ => 0,
    };
    (channel, event_id)
}

fn service(channel: &str) -> &'static str {
    let known = SERVICE_OF_CHANNEL.get(channel).copied();
    known
        .or_else(|| SERVICE_OF_CHANNEL.get(channel.to_lowercase().as_str()).copied())
        .unwrap_or("")
}

fn security(event_id: i64) -> Source {
    match event_id {
        4688 => Source::new("windows", &["security"], &["process_creation"]).mapped(Mapping::AuditedProcess),
        4657 => Source::new("windows", &["security"], &["registry_set", "registry_event"])
            .mapped(Mapping::AuditedRegistry),
        _ => Source::new("windows", &["security"], &[]),
    }
}

fn powershell(event_id: i64) -> &'static [&'static str] {
    match event_id {
        4103 => &["ps_module"],
        4104 => &["ps_script"],
        _ => &[],
    }
}

fn classic(event_id: i64) -> &'static [&'static str] {
    match event_id {
        400 => &["ps_classic_start"],
        600 => &["ps_classic_provider_start"],
        800 => &["ps_classic_script"],
        _ => &[],
    }
}

/// Sysmon event ids as its manual lists them. A registry event 12 is of keys added or of keys and values deleted;
/// which, says its `EventType`.
fn sysmon(event_id: i64, record: &Record) -> &'static [&'static str] {
    match event_id {
        1 => &["process_creation"],
        2 => &["file_change"],
        3 => &["network_connection"],
        4 | 16 => &["sysmon_status"],
        5 => &["process_termination"],
        6 => &["driver_load"],
        7 => &["image_load"],
        8 => &["create_remote_thread"],
        9 => &["raw_access_thread"],
        10 => &["process_access"],
        11 => &["file_event"],
        12 => registry_key(record),
        13 => &["registry_set", "registry_event"],
        14 => &["registry_rename", "registry_event"],
        15 => &["create_stream_hash"],
        17 | 18 => &["pipe_created"],
        19..=21 => &["wmi_event"],
        22 => &["dns_query"],
        23 | 26 => &["file_delete"],
        24 => &["clipboard_capture"],
        25 => &["process_tampering"],
        27 => &["file_block_executable"],
        28 => &["file_block_shredding"],
        29 => &["file_executable_detected"],
        255 => &["sysmon_error"],
        _ => &[],
    }
}

fn registry_key(record: &Record) -> &'static [&'static str] {
    match registry_deed(record) {
        Some(Deed::Added) => &["registry_add", "registry_event"],
        Some(Deed::Deleted) => &["registry_delete", "registry_event"],
        None => &["registry_add", "registry_delete", "registry_event"],
    }
}

#[derive(Clone, Copy)]
enum Deed {
    Added,
    Deleted,
}

/// NXLog has a field of the same name for the kind of log entry, so every field of the name is looked at.
fn registry_deed(record: &Record) -> Option<Deed> {
    record.all("EventType").find_map(|value| match value {
        Value::Str("CreateKey") => Some(Deed::Added),
        Value::Str("DeleteKey" | "DeleteValue") => Some(Deed::Deleted),
        _ => None,
    })
}

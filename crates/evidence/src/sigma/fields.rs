//! How the fields of a record become the fields that rules name.
//!
//! Rules of a category name the fields of the program that the category was first written for, Sysmon mostly. The
//! same fact has other names elsewhere, so a rule may also read a field by an *alias*: where a record has no field of
//! the name that the rule says, the field of the alias stands in for it. Nothing is copied: names are resolved once,
//! when the rules of a log source are compiled.
//!
//! | log source | rule field ← record field |
//! | --- | --- |
//! | Security 4688 as `process_creation` | `Image` ← `NewProcessName`, `ParentImage` ← `ParentProcessName`, `LogonId` ← `SubjectLogonId`; composed: `User` from the subject's domain and name, `IntegrityLevel` from `MandatoryLabel` |
//! | Security 4657 as `registry_set` | `Image` ← `ProcessName`; composed: `TargetObject` from `ObjectName` (its hive abbreviated) and `ObjectValueName`, `Details` from `NewValue` and its type |
//! | Defender, also as `antivirus` | `Signature` ← `Threat Name`, `Filename` ← `Path`, `NewValue` ← `New Value`, `OldValue` ← `Old Value` and others that Defender writes with a space |
//! | Entra sign-in | `ResultType` ← `status.errorCode`, `Status` ← `status.additionalDetails`, … |
//! | Entra audit | `properties.message`, `OperationName` ← `activityDisplayName`, … |
//! | Zeek `http` as `proxy`, `webserver` | `c-uri` ← `uri`, `cs-method` ← `method`, `sc-status` ← `status_code`, … |
//! | Zeek `conn` as `firewall` | `src_ip` ← `id.orig_h`, `dst_ip` ← `id.resp_h`, `dst_port` ← `id.resp_p` |
//!
//! Cloud records are compared by name without regard to case. Security 5156 is not read as `network_connection`: it
//! names programs by device, so that the exceptions of those rules, which name drives, would never apply.

use std::fmt::Write as _;

use super::source::Mapping;
use crate::record::Record;

/// Rule field, then the record fields that stand in for it, best first.
pub(super) type Alias = (&'static str, &'static [&'static str]);

pub(super) fn aliases(mapping: Mapping) -> &'static [Alias] {
    match mapping {
        Mapping::Plain | Mapping::Folded => &[],
        Mapping::AuditedProcess => AUDITED_PROCESS,
        Mapping::AuditedRegistry => AUDITED_REGISTRY,
        Mapping::Defender => DEFENDER,
        Mapping::EntraSignIn => ENTRA_SIGN_IN,
        Mapping::EntraAudit => ENTRA_AUDIT,
        Mapping::ZeekHttp => ZEEK_HTTP,
        Mapping::ZeekConn => ZEEK_CONN,
    }
}

/// Whether names are compared without regard to case.
pub(super) fn folds(mapping: Mapping) -> bool {
    matches!(
        mapping,
        Mapping::Folded | Mapping::EntraSignIn | Mapping::EntraAudit
    )
}

const AUDITED_PROCESS: &[Alias] = &[
    ("Image", &["NewProcessName"]),
    ("ParentImage", &["ParentProcessName"]),
    ("LogonId", &["SubjectLogonId"]),
];

const AUDITED_REGISTRY: &[Alias] = &[("Image", &["ProcessName"])];

const DEFENDER: &[Alias] = &[
    ("Signature", &["Threat Name"]),
    ("Filename", &["Path"]),
    ("NewValue", &["New Value"]),
    ("OldValue", &["Old Value"]),
    ("ProcessName", &["Process Name"]),
    ("SourceName", &["Source Name"]),
    ("ThreatName", &["Threat Name"]),
];

const ENTRA_SIGN_IN: &[Alias] = &[
    ("ResultType", &["status.errorCode", "properties.status.errorCode"]),
    (
        "ResultDescription",
        &["status.failureReason", "properties.status.failureReason"],
    ),
    (
        "Status",
        &["status.additionalDetails", "properties.status.additionalDetails"],
    ),
    ("Username", &["userPrincipalName", "properties.userPrincipalName"]),
    ("ClientApp", &["clientAppUsed", "properties.clientAppUsed"]),
    (
        "AuthenticationRequirement",
        &["properties.authenticationRequirement"],
    ),
    ("ResourceDisplayName", &["properties.resourceDisplayName"]),
    ("conditionalAccessStatus", &["properties.conditionalAccessStatus"]),
    ("userAgent", &["properties.userAgent"]),
    ("NetworkLocationDetails", &["properties.networkLocationDetails"]),
    ("RiskState", &["properties.riskState"]),
];

const ENTRA_AUDIT: &[Alias] = &[
    (
        "properties.message",
        &[
            "properties.activityDisplayName",
            "activityDisplayName",
            "operationName",
        ],
    ),
    (
        "OperationName",
        &["activityDisplayName", "properties.activityDisplayName"],
    ),
    (
        "ActivityDisplayName",
        &["properties.activityDisplayName", "operationName"],
    ),
    (
        "ActivityType",
        &[
            "activityDisplayName",
            "properties.activityDisplayName",
            "operationName",
        ],
    ),
    ("Category", &["properties.category"]),
    ("LoggedByService", &["properties.loggedByService"]),
    ("Status", &["result", "properties.result"]),
    ("properties.result", &["result"]),
    ("targetResources.type", &["properties.targetResources.type"]),
    (
        "Target",
        &[
            "targetResources.displayName",
            "properties.targetResources.displayName",
        ],
    ),
    (
        "Initiatedby",
        &[
            "initiatedBy.user.userPrincipalName",
            "properties.initiatedBy.user.userPrincipalName",
        ],
    ),
];

const ZEEK_HTTP: &[Alias] = &[
    ("c-uri", &["uri"]),
    ("c-uri-query", &["uri"]),
    ("cs-uri", &["uri"]),
    ("cs-uri-query", &["uri"]),
    ("cs-uri-stem", &["uri"]),
    ("c-useragent", &["user_agent"]),
    ("cs-user-agent", &["user_agent"]),
    ("cs-method", &["method"]),
    ("cs-host", &["host"]),
    ("r-dns", &["host"]),
    ("cs-referer", &["referrer"]),
    ("cs-referrer", &["referrer"]),
    ("sc-status", &["status_code"]),
    ("cs-version", &["version"]),
    ("src_ip", &["id.orig_h", "id_orig_h"]),
    ("dst_ip", &["id.resp_h", "id_resp_h"]),
];

const ZEEK_CONN: &[Alias] = &[
    ("src_ip", &["id.orig_h", "id_orig_h"]),
    ("src_port", &["id.orig_p", "id_orig_p"]),
    ("dst_ip", &["id.resp_h", "id_resp_h"]),
    ("dst_port", &["id.resp_p", "id_resp_p"]),
    ("action", &["conn_state"]),
];

/// Values put together from several fields of a record: rule field and text.
pub(super) type Composed = Vec<(&'static str, String)>;

pub(super) fn compose(mapping: Mapping, record: &Record, out: &mut Composed) {
    match mapping {
        Mapping::AuditedProcess => compose_process(record, out),
        Mapping::AuditedRegistry => compose_registry(record, out),
        _ => {}
    }
}

fn compose_process(record: &Record, out: &mut Composed) {
    // The target is stated when a process is started for somebody else.
    let named = |name: &'static str, domain: &'static str| {
        let name = record.text(name)?;
        Some(match record.text(domain) {
            Some(domain) => format!("{domain}\\{name}"),
            None => name.to_owned(),
        })
    };
    let user =
        named("TargetUserName", "TargetDomainName").or_else(|| named("SubjectUserName", "SubjectDomainName"));
    out.extend(user.map(|user| ("User", user)));
    let level = record.text("MandatoryLabel").and_then(integrity_level);
    out.extend(level.map(|level| ("IntegrityLevel", level.to_owned())));
}

/// The well-known SIDs of integrity levels (MS-DTYP §2.4.2.4) as Sysmon writes them.
fn integrity_level(sid: &str) -> Option<&'static str> {
    Some(match sid {
        "S-1-16-4096" => "Low",
        "S-1-16-8192" | "S-1-16-8448" => "Medium",
        "S-1-16-12288" => "High",
        "S-1-16-16384" => "System",
        _ => return None,
    })
}

fn compose_registry(record: &Record, out: &mut Composed) {
    if let Some(key) = record.text("ObjectName") {
        let mut object = abbreviate_hive(key);
        if let Some(value) = record.text("ObjectValueName") {
            let _ = write!(object, "\\{value}");
        }
        out.push(("TargetObject", object));
    }
    if let Some(value) = record.text("NewValue") {
        out.push(("Details", details(value, record.text("NewValueType"))));
    }
}

/// `\REGISTRY\MACHINE\SOFTWARE` as Sysmon writes it: `HKLM\SOFTWARE`.
fn abbreviate_hive(key: &str) -> String {
    const HIVES: &[(&str, &str)] = &[("\\REGISTRY\\MACHINE", "HKLM"), ("\\REGISTRY\\USER", "HKU")];
    let hive = HIVES.iter().find_map(|(long, short)| {
        let head = key.get(..long.len())?;
        let tail = key.get(long.len()..)?;
        head.eq_ignore_ascii_case(long).then(|| format!("{short}{tail}"))
    });
    hive.unwrap_or_else(|| key.to_owned())
}

/// `%%1876` is a 32-bit number and `%%1877` a 64-bit one, which Sysmon writes in hexadecimal.
fn details(value: &str, kind: Option<&str>) -> String {
    let number = value.strip_prefix("0x").map_or_else(
        || value.parse().ok(),
        |digits| u64::from_str_radix(digits, 16).ok(),
    );
    match (kind, number) {
        (Some("%%1876"), Some(number)) => format!("DWORD (0x{number:08x})"),
        (Some("%%1877"), Some(number)) => {
            format!("QWORD (0x{:08x}-0x{:08x})", number >> 32, number & 0xffff_ffff)
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hives_are_abbreviated_in_any_case() {
        assert_eq!(
            abbreviate_hive("\\REGISTRY\\MACHINE\\SOFTWARE\\X"),
            "HKLM\\SOFTWARE\\X"
        );
        assert_eq!(abbreviate_hive("\\Registry\\User\\S-1-5-18"), "HKU\\S-1-5-18");
        assert_eq!(abbreviate_hive("\\Other"), "\\Other");
        assert_eq!(abbreviate_hive("é"), "é");
    }

    #[test]
    fn numbers_are_written_as_sysmon_does() {
        assert_eq!(details("1", Some("%%1876")), "DWORD (0x00000001)");
        assert_eq!(details("0x10", Some("%%1876")), "DWORD (0x00000010)");
        assert_eq!(details("calc.exe", Some("%%1873")), "calc.exe");
    }
}

use jiff::Timestamp;

use super::*;
use crate::record::{FileId, RecordPlace, TimeBasis, Value};

fn record(dialect: Dialect, fields: &[(&str, &str)]) -> Record {
    let place = RecordPlace {
        file: FileId(0),
        position: 1,
    };
    let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Exact, place, dialect);
    for (name, value) in fields {
        record.push(name, value.parse().map_or(Value::Str(value), Value::Int));
    }
    record
}

fn described(dialect: Dialect, fields: &[(&str, &str)]) -> String {
    Source::of(&record(dialect, fields)).describe()
}

#[test]
fn windows_by_channel_and_event() {
    let sysmon = "Microsoft-Windows-Sysmon/Operational";
    let of = |channel, event| described(Dialect::Windows, &[("Channel", channel), ("EventID", event)]);
    assert_eq!(of(sysmon, "1"), "windows/sysmon/process_creation");
    assert_eq!(of(sysmon, "13"), "windows/sysmon/registry_set+registry_event");
    assert_eq!(of("Security", "4688"), "windows/security/process_creation");
    assert_eq!(of("security", "4624"), "windows/security/-");
    assert_eq!(
        of("Windows PowerShell", "400"),
        "windows/powershell-classic/ps_classic_start"
    );
    assert_eq!(of("Some-Vendor/Operational", "1"), "windows/-/-");
}

#[test]
fn a_registry_key_event_says_whether_it_added_or_deleted() {
    let of = |kind| {
        let fields = [
            ("Channel", "Microsoft-Windows-Sysmon/Operational"),
            ("EventID", "12"),
            ("EventType", kind),
        ];
        described(Dialect::Windows, &fields)
    };
    assert_eq!(of("CreateKey"), "windows/sysmon/registry_add+registry_event");
    assert_eq!(of("DeleteValue"), "windows/sysmon/registry_delete+registry_event");
}

#[test]
fn entra_by_category_or_fields() {
    assert_eq!(
        described(Dialect::Entra, &[("category", "SignInLogs")]),
        "azure/signinlogs/-"
    );
    assert_eq!(
        described(Dialect::Entra, &[("category", "AuditLogs")]),
        "azure/auditlogs/-"
    );
    assert_eq!(
        described(Dialect::Entra, &[("riskEventType", "maliciousIPAddress")]),
        "azure/riskdetection/-"
    );
    let pim = [("riskEventType", "noMfaOnRoleActivationAlertConfiguration")];
    assert_eq!(described(Dialect::Entra, &pim), "azure/pim/-");
}

#[test]
fn syslog_by_program() {
    assert_eq!(
        described(Dialect::Syslog, &[("program", "sshd")]),
        "linux/sshd+auth+syslog/-"
    );
    assert_eq!(
        described(Dialect::Syslog, &[("program", "/usr/sbin/CRON")]),
        "linux/cron+syslog/-"
    );
    assert_eq!(
        described(Dialect::Syslog, &[("program", "openvpn-server")]),
        "openvpn/openvpn+syslog/-"
    );
}

#[test]
fn a_rule_runs_where_all_it_states_holds() {
    let source = Source::of(&record(
        Dialect::Windows,
        &[("Channel", "Security"), ("EventID", "4688")],
    ));
    let rule = |product: &str, service: &str, category: &str| {
        let word = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        LogSource {
            product: word(product),
            service: word(service),
            category: word(category),
        }
    };
    assert!(source.runs(&rule("windows", "", "")));
    assert!(source.runs(&rule("windows", "", "process_creation")));
    assert!(source.runs(&rule("windows", "security", "")));
    assert!(!source.runs(&rule("windows", "system", "")));
    assert!(!source.runs(&rule("linux", "", "process_creation")));
    assert!(!source.runs(&rule("", "", "antivirus")));
}

#[test]
fn a_mapped_file_states_its_source() {
    let fields = [("logsource.product", "Fortigate"), ("logsource.service", "event")];
    assert_eq!(described(Dialect::Other, &fields), "fortigate/event/-");
}

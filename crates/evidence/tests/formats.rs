//! A small authored sample of every format, and what a rule finds in it.

mod support;

use cordon_evidence::read::{CsvMap, Format, Options};
use std::num::NonZeroUsize;
use std::sync::Arc;

use cordon_evidence::record::{Dialect, Record, TimeBasis, Value};
use cordon_evidence::sigma::{Detector, RuleSet, Scratch};
use support::{event_log, read, read_with};

fn time(record: &Record) -> String {
    record.time.to_string()
}

fn values<'a>(record: &'a Record, name: &'a str) -> Vec<Value<'a>> {
    record.all(name).collect()
}

#[test]
fn winlogbeat() {
    let (records, report) = read(include_bytes!("data/winlogbeat.jsonl"));
    assert_eq!((report.format, report.unreadable), (Format::JsonLines, 0));
    let record = &records[0];
    assert_eq!(record.dialect, Dialect::Windows);
    assert_eq!(record.get("EventID"), Some(Value::Int(4624)));
    assert_eq!(record.text("Channel"), Some("Security"));
    assert_eq!(record.text("EventData.Channel"), Some("not the log's"));
    assert_eq!(record.text("Computer"), Some("depot-fs1.north.example"));
    assert_eq!(record.text("TargetUserName"), Some("pat"));
    assert_eq!(record.int("LogonType"), Some(3));
    assert_eq!(record.int("EventRecordID"), Some(88123));
    assert_eq!(time(record), "2025-04-21T21:14:03.512Z");
    assert_eq!(record.received, Some("2025-04-21T21:14:05.001Z".parse().unwrap()));
    assert_eq!(record.time_basis, TimeBasis::Exact);
}

#[test]
fn a_json_array_over_many_lines() {
    let (records, report) = read(include_bytes!("data/sentinel.json"));
    assert_eq!((report.format, report.unreadable), (Format::JsonDocuments, 1));
    assert_eq!(report.places[0].position, 17);
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].place.position, 2);
    assert_eq!(records[1].place.position, 11);
    assert_eq!(
        values(&records[0], "nested.a"),
        [Value::Str("} ] {"), Value::Str("\"quoted\\")]
    );
    assert_eq!(
        records[0].text("Provider_Name"),
        Some("Microsoft-Windows-Security-Auditing")
    );
    assert_eq!(time(&records[1]), "2025-04-21T21:14:04.1Z");
}

#[test]
fn an_event_log_dumped_as_json() {
    let (records, _) = read(include_bytes!("data/evtx_dump.jsonl"));
    let record = &records[0];
    assert_eq!(record.int("EventID"), Some(104));
    assert_eq!(record.text("Channel"), Some("System"));
    assert_eq!(record.text("UserData.Channel"), Some("Security"));
    assert_eq!(record.text("SubjectUserName"), Some("admin-lee"));
    assert_eq!(record.text("Provider_Name"), Some("Microsoft-Windows-Eventlog"));
    assert_eq!(time(record), "2025-04-21T21:14:03.512Z");
}

#[test]
fn an_event_log_file() {
    let (records, report) = read(&event_log(&["pat", "żółw 🐢"]));
    assert_eq!(
        (report.format, report.unreadable, records.len()),
        (Format::Evtx, 0, 2)
    );
    let record = &records[1];
    assert_eq!(record.get("EventID"), Some(Value::Int(4624)));
    assert_eq!(record.get("LogonType"), Some(Value::Int(3)));
    assert_eq!(record.text("Channel"), Some("Security"));
    assert_eq!(record.text("TargetUserName"), Some("żółw 🐢"));
    assert_eq!(
        record.text("Provider_Name"),
        Some("Microsoft-Windows-Security-Auditing")
    );
    assert_eq!((record.place.position, record.dialect), (2, Dialect::Windows));
    assert_eq!(time(record), "2025-04-22T02:14:05Z");
}

/// Windows pads the name (`NtLmSsp `), rules say it without; elsewhere a space at the end stays.
#[test]
fn the_name_of_a_logon_process_loses_its_padding_however_the_event_came() {
    const FLAT: &str = r#"{"EventID":4624,"Channel":"Security","EventTime":"2025-04-21 21:14:03","LogonProcessName":"NtLmSsp ","Note":"x "}"#;
    const DUMPED: &str = r##"{"Event":{"System":{"EventID":4624,"Channel":"Security","TimeCreated":{"#attributes":{"SystemTime":"2025-04-21T21:14:03Z"}}},"EventData":{"LogonProcessName":"NtLmSsp ","Note":"x "}}}"##;
    const WINLOG: &str = r#"{"@timestamp":"2025-04-21T21:14:03Z","winlog":{"channel":"Security","event_id":"4624","event_data":{"LogonProcessName":"NtLmSsp ","Note":"x "}}}"#;
    const MAP: &str = "log-source: windows\ntime: { column: When }\ncolumns: { Process: LogonProcessName }\nconstants: { Channel: Security, EventID: \"4624\" }\n";
    let table = Options {
        csv_map: Some(CsvMap::from_yaml("m.yaml", MAP).unwrap()),
        ..Options::default()
    };
    let rule = "title: t\nid: 3f0c8a52-3f04-4a2c-9a53-0d6a8e0a7c11\nlogsource: {product: windows, service: security}\n\
        detection: {own: {EventID: 4624, LogonProcessName: NtLmSsp}, condition: own}\n";
    let rules = RuleSet::load(&[("t.yml", rule)], NonZeroUsize::MIN);
    let detector = Detector::new(Arc::new(rules));
    let came = [
        read(&event_log(&["pat"])),
        read(FLAT.as_bytes()),
        read(DUMPED.as_bytes()),
        read(WINLOG.as_bytes()),
        read_with(b"Process,Note,When\nNtLmSsp ,x ,2025-04-21T21:14:03Z\n", table),
    ];
    for (records, report) in came {
        let record = &records[0];
        assert_eq!(record.text("LogonProcessName"), Some("NtLmSsp"), "{report:?}");
        assert!(record.text("Note").is_none_or(|note| note == "x "), "{report:?}");
        let mut found = Vec::new();
        detector.detect(record, &mut Scratch::default(), &mut found);
        assert_eq!(found.len(), 1, "{report:?}");
    }
}

#[test]
fn a_truncated_event_log_gives_what_is_there_and_counts_the_rest() {
    let whole = event_log(&["a", "b", "c", "d"]);
    let end = whole.len() - whole.iter().rev().position(|byte| *byte != 0).unwrap();
    let (records, report) = read(&whole[..end - 40]);
    assert_eq!((records.len(), report.unreadable), (3, 1));
    assert_eq!(report.places[0].position, 4);
    let (records, report) = read(&whole[..4096]);
    assert_eq!((records.len(), report.unreadable), (0, 1));
    assert!(report.places[0].reason.contains("chunks"));
}

#[test]
fn a_broken_record_in_an_event_log_costs_only_itself() {
    let mut file = event_log(&["a", "b", "c"]);
    let second = memchr::memmem::find_iter(&file, b"\x2a\x2a\0\0").nth(1).unwrap();
    file[second..second + 4].copy_from_slice(b"oops");
    let (records, report) = read(&file);
    assert_eq!((records.len(), report.unreadable), (2, 1));
    assert_eq!(report.places[0].position, 2);
}

#[test]
fn okta() {
    let (records, _) = read(include_bytes!("data/okta.jsonl"));
    let record = &records[0];
    assert_eq!(record.dialect, Dialect::Okta);
    assert_eq!(record.text("eventType"), Some("user.mfa.factor.reset_all"));
    assert_eq!(
        values(record, "target.type"),
        [Value::Str("User"), Value::Str("AuthenticatorEnrollment")]
    );
    assert_eq!(record.get("outcome.reason"), Some(Value::Null));
    assert_eq!(record.get("securityContext.isProxy"), Some(Value::Bool(true)));
    assert_eq!(time(record), "2025-04-21T20:58:11.004Z");
}

#[test]
fn entra_audit_and_sign_in() {
    let (records, _) = read(include_bytes!("data/entra.jsonl"));
    let [audit, sign_in] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!((audit.dialect, sign_in.dialect), (Dialect::Entra, Dialect::Entra));
    assert_eq!(
        audit.text("properties.message"),
        Some("User registered security info")
    );
    assert_eq!(audit.text("LoggedByService"), Some("Authentication Methods"));
    assert_eq!(
        audit.text("TargetResources.ModifiedProperties.NewValue"),
        Some("phone")
    );
    assert!(audit.text("properties.targetResources").is_none());
    assert_eq!(time(audit), "2025-04-21T21:01:09.456Z");
    assert_eq!(audit.time_basis, TimeBasis::Exact);
    assert_eq!(sign_in.int("ResultType"), Some(50126));
    assert_eq!(sign_in.text("UserPrincipalName"), Some("pat@north.example"));
    assert_eq!(
        sign_in.text("AuthenticationRequirement"),
        Some("singleFactorAuthentication")
    );
}

#[test]
fn cloudtrail_in_its_wrapper() {
    let (records, report) = read(include_bytes!("data/cloudtrail.json"));
    assert_eq!((records.len(), report.unreadable), (2, 0), "{report:?}");
    assert_eq!(records[0].dialect, Dialect::CloudTrail);
    assert_eq!(
        records[0].text("requestParameters"),
        Some(r#"{"userName":"ops"}"#)
    );
    assert_eq!(records[0].text("requestParameters.userName"), Some("ops"));
    assert_eq!(records[1].text("eventName"), Some("DeleteBucket"));
}

#[test]
fn ocsf() {
    let (records, _) = read(include_bytes!("data/ocsf.jsonl"));
    assert_eq!(records[0].dialect, Dialect::Ocsf);
    assert_eq!(
        values(&records[0], "observables.value"),
        [Value::Str("pat"), Value::Str("203.0.113.9")]
    );
    assert_eq!(time(&records[0]), "2025-04-21T21:20:00.123Z");
}

#[test]
fn zeek_rows_are_typed_by_their_header() {
    let (records, report) = read(include_bytes!("data/zeek_conn.log"));
    assert_eq!(
        (report.format, records.len(), report.unreadable),
        (Format::ZeekTsv, 2, 1)
    );
    assert_eq!(report.places[0].position, 10);
    let record = &records[0];
    assert_eq!(record.dialect, Dialect::Zeek);
    assert_eq!(record.text("_path"), Some("conn"));
    assert_eq!(record.get("id.resp_p"), Some(Value::Int(3389)));
    assert_eq!(record.get("duration"), Some(Value::Float(1.5)));
    assert_eq!(record.get("local_orig"), Some(Value::Bool(true)));
    assert_eq!(
        values(record, "tunnel_parents"),
        [Value::Str("x"), Value::Str("y")]
    );
    assert_eq!(records[1].get("duration"), None);
    assert_eq!(time(record), "2025-04-21T21:20:00.25Z");
}

#[test]
fn zeek_json() {
    let (records, _) = read(include_bytes!("data/zeek.jsonl"));
    assert_eq!(records[0].dialect, Dialect::Zeek);
    assert_eq!(records[0].text("id.orig_h"), Some("10.4.0.17"));
    assert_eq!(time(&records[0]), "2025-04-21T21:20:00.25Z");
}

#[test]
fn csv_with_a_mapping() {
    let map = CsvMap::from_yaml("mapped.yaml", include_str!("data/mapped.yaml")).unwrap();
    let options = Options {
        csv_map: Some(map),
        local_time: cordon_evidence::read::LocalTime::Zone(jiff::tz::TimeZone::get("Europe/Berlin").unwrap()),
        ..Options::default()
    };
    let (records, report) = read_with(include_bytes!("data/mapped.csv"), options);
    assert_eq!(
        (report.format, records.len(), report.unreadable),
        (Format::Csv, 2, 1),
        "{report:?}"
    );
    assert_eq!(report.places[0].position, 4);
    let record = &records[0];
    assert_eq!((record.dialect, record.place.position), (Dialect::Windows, 2));
    assert_eq!(record.get("EventID"), Some(Value::Int(4624)));
    assert_eq!(record.text("Computer"), Some("till-2041"));
    assert_eq!(record.text("Note"), Some("one; two\nlines and \"quotes\""));
    assert_eq!(time(record), "2025-04-21T21:14:03Z");
    assert_eq!(records[1].place.position, 5);
}

#[test]
fn a_mapping_with_a_mistake_says_what_is_wrong() {
    let error = CsvMap::from_yaml("m.yaml", "time: { column: When }\ncolums: {}\n").unwrap_err();
    assert!(error.to_string().contains("colums"), "{error}");
}

#[test]
fn syslog_old_and_new() {
    let (records, report) = read(include_bytes!("data/syslog.log"));
    assert_eq!(
        (report.format, records.len(), report.unreadable),
        (Format::Syslog, 4, 1),
        "{report:?}"
    );
    assert_eq!(report.places[0].position, 5);
    let [vpn, ssh, new, audit] = records.as_slice() else {
        panic!()
    };
    assert_eq!(
        (vpn.text("hostname"), vpn.text("program"), vpn.int("pid")),
        (Some("vpn1"), Some("openvpn"), Some(812))
    );
    assert!(
        vpn.text("message")
            .unwrap()
            .starts_with("pat/203.0.113.9:51820 MULTI")
    );
    assert_eq!((vpn.int("facility"), vpn.int("severity")), (Some(4), Some(6)));
    assert_eq!(time(vpn), "2025-04-21T21:14:03Z");
    assert_eq!(ssh.text("program"), Some("sshd"));
    assert_eq!(new.text("auth@1.user"), Some("ops \"o\""));
    assert_eq!(new.text("message"), Some("Failed password for root"));
    assert_eq!(time(audit), "2025-04-21T21:14:06Z");
    assert_eq!(
        (audit.text("type"), audit.text("a0"), audit.text("a1")),
        (Some("EXECVE"), Some("id"), Some("-u"))
    );
}

#[test]
fn a_stray_quote_does_not_take_the_rest_of_the_file() {
    let map = CsvMap::from_yaml("m.yaml", "time: { column: t }").unwrap();
    let options = Options {
        csv_map: Some(map),
        ..Options::default()
    };
    let (records, report) = read_with(b"t,a\n1,x\n2,\"y\n3,z\n4,z\n", options);
    let positions: Vec<u64> = records.iter().map(|own| own.place.position).collect();
    assert_eq!((positions, report.unreadable), (vec![2, 3, 4, 5], 0));
    assert_eq!(records[1].text("a"), Some("y"));
}

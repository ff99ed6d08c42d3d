//! Tests of binding.

use cordon_estate::Estate;
use jiff::Timestamp;

use super::*;
use crate::record::{Dialect, FileId, RecordPlace, TimeBasis, Value};

fn record(dialect: Dialect, event: i64, channel: &str, fields: &[(&str, &str)]) -> Record {
    let place = RecordPlace {
        file: FileId(0),
        position: 1,
    };
    let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Exact, place, dialect);
    record.push("EventID", Value::Int(event));
    record.push("Channel", Value::Str(channel));
    for (name, value) in fields {
        record.push(name, Value::Str(value));
    }
    record
}

fn names(record: &Record) -> Vec<(String, Role)> {
    let mut directory = Directory::from_estate(&Estate::default());
    let mut named = Vec::new();
    bind(record, &mut directory, &mut named);
    named
        .iter()
        .map(|one| {
            let name = match one.entity {
                Entity::Account(id) => &directory.accounts()[id.index()].name,
                Entity::System(id) => &directory.systems()[id.index()].name,
                other => panic!("{other:?} is neither an account nor a system"),
            };
            (name.to_lowercase(), one.role)
        })
        .collect()
}

fn pairs(names: &[(String, Role)]) -> Vec<(&str, Role)> {
    names.iter().map(|(name, role)| (name.as_str(), *role)).collect()
}

#[test]
fn a_process_names_its_account_and_its_host() {
    let record = record(
        Dialect::Windows,
        4688,
        "Security",
        &[
            ("SubjectUserName", "pat"),
            ("SubjectDomainName", "CORP"),
            ("TargetUserName", "-"),
            ("Computer", "WS1.corp.local"),
        ],
    );
    let found = names(&record);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].1, found[1].1), (Role::Actor, Role::Host));
}

#[test]
fn a_logon_written_by_the_target_is_done_by_the_source() {
    let record = record(
        Dialect::Windows,
        4624,
        "Security",
        &[
            ("TargetUserName", "pat"),
            ("SubjectUserName", "DC1$"),
            ("Computer", "dc1"),
            ("WorkstationName", "ws1"),
            ("IpAddress", "10.0.1.5"),
        ],
    );
    assert_eq!(
        pairs(&names(&record)),
        [
            ("pat", Role::Actor),
            ("dc1", Role::Witness),
            ("ws1", Role::Source)
        ]
    );
}

#[test]
fn a_refused_logon_makes_the_account_a_target() {
    let record = record(
        Dialect::Windows,
        4625,
        "Security",
        &[
            ("TargetUserName", "lee"),
            ("SubjectUserName", "pat"),
            ("Computer", "ws1"),
            ("IpAddress", "-"),
        ],
    );
    assert_eq!(
        pairs(&names(&record)),
        [("pat", Role::Actor), ("lee", Role::Target), ("ws1", Role::Host)]
    );
}

#[test]
fn the_operating_system_is_nobody() {
    let record = record(
        Dialect::Windows,
        4688,
        "Security",
        &[
            ("SubjectUserName", "SYSTEM"),
            ("SubjectDomainName", "NT AUTHORITY"),
            ("Computer", "ws1"),
        ],
    );
    assert_eq!(pairs(&names(&record)), [("ws1", Role::Host)]);
}

#[test]
fn a_directory_object_is_the_servers_and_a_session_says_from_where() {
    let record = record(
        Dialect::Windows,
        4662,
        "Security",
        &[("SubjectUserName", "pat"), ("Computer", "dc1")],
    );
    let found = names(&record);
    assert_eq!(pairs(&found), [("pat", Role::Actor), ("dc1", Role::TargetHost)]);
    let mut named = Vec::new();
    let mut directory = Directory::from_estate(&Estate::default());
    bind(&record, &mut directory, &mut named);
    bind_source(&record, SystemId(7), &mut named, 0);
    assert_eq!(named[2].role, Role::Source);
    bind_source(&record, SystemId(0), &mut named, 0);
    assert_eq!(named.len(), 3, "its own session: {named:?}");
}

#[test]
fn a_command_line_names_the_known_systems_that_it_is_aimed_at() {
    let commands = [
        (r#"wmic /node:"WS6" process call create calc"#, true),
        (r"net use \\WS6\c$", true),
        (
            "x.exe lsadump::zerologon /target:ws6.corp.local /account:WS6$",
            true,
        ),
        ("Invoke-Command -ComputerName ws6 -ScriptBlock {}", true),
        ("schtasks /create /s 10.0.0.6 /tn x", true),
        ("backup.exe ws6.exe /account:ws6 -name ws6", false),
        ("wmic /node:unknown-host os get", false),
    ];
    for (command, expected) in commands {
        let mut directory = Directory::from_estate(&Estate::default());
        let mut named = Vec::new();
        let known = record(
            Dialect::Windows,
            3,
            "Microsoft-Windows-Sysmon/Operational",
            &[
                ("Computer", "ws1"),
                ("DestinationHostname", "ws6.corp.local"),
                ("DestinationIp", "10.0.0.6"),
            ],
        );
        bind(&known, &mut directory, &mut named);
        named.clear();
        let process = record(
            Dialect::Windows,
            4688,
            "Security",
            &[("Computer", "ws1"), ("CommandLine", command)],
        );
        bind(&process, &mut directory, &mut named);
        let aimed = named.iter().any(|one| one.role == Role::TargetHost);
        assert_eq!(aimed, expected, "{command}: {named:?}");
    }
}

#[test]
fn okta_names_who_did_it_and_to_whom() {
    let record = record(
        Dialect::Okta,
        0,
        "",
        &[
            ("actor.alternateId", "desk@corp.example"),
            ("target.alternateId", "pat@corp.example"),
            ("client.ipAddress", "203.0.113.9"),
        ],
    );
    let found = names(&record);
    assert_eq!(found.len(), 2, "an outside address is no system: {found:?}");
    assert_eq!((found[0].1, found[1].1), (Role::Actor, Role::Target));
}

#[test]
fn each_record_is_bound_by_itself() {
    let mut directory = Directory::from_estate(&Estate::default());
    let mut named = Vec::new();
    for _ in 0..3 {
        bind(
            &record(Dialect::Other, 1, "", &[("user", "pat")]),
            &mut directory,
            &mut named,
        );
    }
    assert_eq!(named.len(), 3, "each record is bound by itself");
}

#[test]
fn addresses_are_read_as_logs_write_them() {
    for (text, expected) in [
        ("10.0.0.1", Some("10.0.0.1")),
        ("::ffff:10.0.0.1", Some("10.0.0.1")),
        ("10.0.0.1:50123", Some("10.0.0.1")),
        ("[fd00::1]:443", Some("fd00::1")),
        ("fe80::1%eth0", Some("fe80::1")),
        ("LOCAL", None),
        ("", None),
    ] {
        assert_eq!(
            parse_address(text),
            expected.map(|text| text.parse().unwrap()),
            "{text}"
        );
    }
}

use std::io::Cursor;

use super::*;
use crate::read::{Options, RecordStream, Source};
use crate::record::FileId;

fn records(lines: &str) -> Vec<Record> {
    let bytes = lines.as_bytes().to_vec();
    let source = Source {
        name: "findings.json".to_owned(),
        file: FileId(0),
        receipt: None,
        open: Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())))),
    };
    RecordStream::new(vec![source], Options::default()).collect()
}

fn finding() -> Finding {
    Finding {
        time: "2025-04-22T01:12:13.456Z".parse().unwrap(),
        uid: "security.json#12:abc".to_owned(),
        title: "Service ticket with a weak cipher requested".to_owned(),
        description: "Two lines,\nthe second short.".to_owned(),
        rule_id: "abc".to_owned(),
        rule_title: "Service ticket with a weak cipher requested".to_owned(),
        level: Level::Medium,
        techniques: vec!["T1110.003".to_owned(), "T1558".to_owned()],
        tactics: vec!["credential-access".to_owned(), "stealth".to_owned()],
        entities: vec![
            NamedEntity::new(EntityKind::Host, "ws6.corp.example"),
            NamedEntity::new(EntityKind::Address, "10.9.0.14"),
            NamedEntity::new(EntityKind::User, "CORP\\pat"),
        ],
        evidence: vec![("TicketEncryptionType".to_owned(), "0x17".to_owned())],
        product: "Cordon".to_owned(),
        closed: false,
    }
}

#[test]
fn a_finding_comes_back_as_it_went_out() {
    let mut lines = Vec::new();
    let closed = Finding {
        closed: true,
        level: Level::Critical,
        ..finding()
    };
    write(&finding(), &mut lines).unwrap();
    write(&closed, &mut lines).unwrap();
    let read: Vec<Finding> = records(&String::from_utf8(lines).unwrap())
        .iter()
        .map(|record| parse(record).unwrap())
        .collect();
    assert_eq!(read, [finding(), closed]);
}

#[test]
fn what_the_schema_requires_is_there() {
    let json = to_json(&finding());
    for name in [
        "activity_id",
        "category_uid",
        "class_uid",
        "type_uid",
        "time",
        "severity_id",
    ] {
        assert!(json[name].is_i64(), "{name}");
    }
    assert_eq!(json["type_uid"], 200_401);
    assert_eq!(json["metadata"]["version"], "1.4.0");
    assert_eq!(json["metadata"]["product"]["name"], "Cordon");
    assert_eq!(json["finding_info"]["attacks"][0]["technique"]["uid"], "T1110");
    assert_eq!(json["finding_info"]["attacks"][2]["tactic"]["uid"], "TA0006");
}

#[test]
fn a_foreign_security_finding_is_read() {
    let line = r#"{"class_uid":2001,"activity_id":1,"time":1745284333456,"severity_id":4,
        "finding":{"title":"Credential dumping","uid":"f-1","desc":"lsass"},"metadata":{"product":{"name":"Some EDR"}},
        "attacks":[{"technique":{"uid":"T1003"},"sub_technique":{"uid":"T1003.001"},"tactics":[{"name":"Credential Access"}]}],
        "resources":[{"name":"WS6","type":"Device"},{"name":"pat","type":"User Account"}],
        "actor":{"user":{"name":"pat"}},"device":{"hostname":"ws6","ip":"10.9.0.14"}}"#;
    let found = parse(&records(&line.replace('\n', " "))[0]).unwrap();
    assert_eq!(
        (found.title.as_str(), found.level, found.product.as_str()),
        ("Credential dumping", Level::High, "Some EDR")
    );
    assert_eq!(found.techniques, ["T1003.001"]);
    assert_eq!(found.tactics, ["credential-access"]);
    let named = |kind, name: &str| NamedEntity::new(kind, name);
    assert_eq!(
        found.entities,
        [
            named(EntityKind::Host, "WS6"),
            named(EntityKind::Host, "ws6"),
            named(EntityKind::Address, "10.9.0.14"),
            named(EntityKind::User, "pat"),
        ]
    );
}

#[test]
fn an_incident_finding_is_read_as_far_as_it_goes() {
    let line = r#"{"class_uid":2005,"activity_id":1,"time":1745284333456,"severity_id":99,"desc":"Several alerts",
        "finding_info_list":[{"title":"First","uid":"i-1"},{"title":"Second","uid":"i-2"}],
        "observables":[{"name":"a","value":"pat@corp.example"},{"name":"b","type_id":2,"value":"10.9.0.14"}]}"#;
    let found = parse(&records(&line.replace('\n', " "))[0]).unwrap();
    assert_eq!(
        (found.title.as_str(), found.uid.as_str(), found.level),
        ("First", "i-1", Level::Medium)
    );
    assert_eq!(found.entities.len(), 2);
}

#[test]
fn another_class_is_refused_by_number() {
    let record = &records(r#"{"class_uid":3002,"activity_id":1,"time":1745284333456}"#)[0];
    assert_eq!(parse(record), Err(ClassNotRead(3002)));
}

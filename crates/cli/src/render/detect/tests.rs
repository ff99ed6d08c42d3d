use super::*;

fn found(title: &str, level: Level, count: u64, entities: &[&str]) -> Found {
    Found {
        title: title.to_owned(),
        level,
        count,
        first: "2026-03-03T07:00:00Z".parse().unwrap(),
        entities: entities.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn evidence() -> Evidence {
    serde_json::from_str(
        r#"{"window":["2026-03-03T06:00:00Z","2026-03-03T08:00:00Z"],"files":["logs/okta.jsonl","logs/dc1.evtx"],
        "footholds":[
        {"entity":"account:pat","probability":0.998,"first_seen":"2026-03-03T07:00:00Z","reasons":[
          {"because":"Second factor reset by the help desk: it was done to this account","log_odds":4.1,"file":0,
           "record":812},
          {"because":"used from WORKSTATION6 by remote desktop","times":3,"file":1,"record":77}]},
        {"entity":"system:WORKSTATION6","probability":1.0,"pinned":true}]}"#,
    )
    .unwrap()
}

#[test]
fn evidence_at_80_columns() {
    let reading = Reading {
        files: 2,
        events: 10_015,
        unreadable: 1,
        skipped: vec![Skipped {
            file: "logs/README.md".to_owned(),
            reason: "not a known log".to_owned(),
        }],
        places: vec!["logs/okta.jsonl:14: not JSON: expected `,` at column 7".to_owned()],
        times: Vec::new(),
    };
    let rules = [
        found("Directory service log cleared", Level::Low, 3, &["system:DC1"]),
        found(
            "Memory of the logon service read",
            Level::High,
            12,
            &["account:pat", "system:WORKSTATION6"],
        ),
    ];
    insta::assert_snapshot!(screen(&evidence(), &rules, &reading, 80, Paint::Never));
}

#[test]
fn nothing_found_at_80_columns() {
    let reading = Reading {
        files: 1,
        events: 5,
        ..Reading::default()
    };
    insta::assert_snapshot!(screen(&Evidence::default(), &[], &reading, 80, Paint::Never));
}

use cordon_plan::document::sample;
use jiff::Timestamp;

use super::*;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + seconds).unwrap()
}

fn foothold(name: &str, kind: &str, held: bool) -> BacktestFoothold {
    BacktestFoothold {
        name: name.to_owned(),
        kind: kind.to_owned(),
        probability: 0.97,
        first_seen: time(0),
        held_in_truth: Some(held),
        reasons: vec![
            "Memory of the logon service written to a file: it happened here (windows.jsonl:2877)".to_owned(),
        ],
    }
}

fn step(after: i64, technique: &str, to_host: &str, account: &str) -> BacktestStep {
    BacktestStep {
        time: time(after),
        technique: technique.to_owned(),
        from_host: "WORKSTATION5".to_owned(),
        to_host: to_host.to_owned(),
        account: account.to_owned(),
        after_plan: after > 1,
        blocked_by: None,
        prevented: false,
    }
}

fn steps() -> Vec<BacktestStep> {
    let mut steps = vec![
        step(0, "T1566", "WORKSTATION5", "pat"),
        step(1, "T1204", "WORKSTATION5", "pat"),
    ];
    steps.extend((0..7).map(|number| step(2, "T1110.003", "DC1", &format!("tried{number}"))));
    steps.push(BacktestStep {
        blocked_by: Some(sample().withdrawals[0].id.to_string()),
        ..step(8, "T1021.006", "DC1", "pat")
    });
    steps.extend([9, 11].map(|after| BacktestStep {
        from_host: "DC1".to_owned(),
        prevented: true,
        ..step(after, "T1003.006", "DC1", "pat")
    }));
    steps
}

fn document() -> BacktestDocument {
    let text = r#"{"format":"cordon-backtest/1","dataset":"small","events":26000,"unreadable":2,"detections":562,
        "first_detection":null,"first_plan":null,"decision_seconds":0,"threshold":0.5,"footholds":[],
        "footholds_wrong":1,"plan":null,"revisions":[],"plans_made":3,"steps_total":12,"steps_after_plan":10,
        "steps_blocked":1,"steps_prevented":2,"steps":[],"legitimate_total":35,"legitimate_after_plan":33,
        "legitimate_denied":1,"seconds":1.5,"events_per_second":17000.0,"plan_document":null}"#;
    BacktestDocument {
        first_detection: Some(time(0)),
        first_plan: Some(time(1)),
        footholds: vec![
            foothold("pat", "account", true),
            foothold("WORKSTATION5", "system", true),
            foothold("PRINTER9", "system", false),
        ],
        steps: steps(),
        plan_document: Some(sample()),
        ..serde_json::from_str(text).unwrap()
    }
}

#[test]
fn a_night_at_80_columns() {
    insta::assert_snapshot!(screen(&document(), 80, Paint::Never));
}

#[test]
fn a_night_in_which_nothing_was_detected() {
    let quiet = BacktestDocument {
        first_detection: None,
        first_plan: None,
        footholds: Vec::new(),
        plan_document: None,
        ..document()
    };
    insta::assert_snapshot!(screen(&quiet, 80, Paint::Never));
}

#[test]
fn a_long_night_is_told_in_a_few_lines() {
    let mut long = BacktestDocument {
        plan_document: None,
        ..document()
    };
    long.footholds = vec![foothold("a-system-with-a-long-name", "system", true); 30];
    for number in 0..40 {
        long.steps
            .push(step(20 + number, &format!("T{}", 1000 + number), "DC1", "pat"));
    }
    let text = screen(&long, 80, Paint::Never);
    assert!(text.lines().count() <= 28, "{} lines", text.lines().count());
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    assert!(text.contains("5 of 30"));
}

#[test]
fn how_much_later_is_said_in_english() {
    assert_eq!(later(0.0), "at the moment of");
    assert_eq!(later(0.2), "within a second of");
    assert_eq!(later(40.0), "40 s after");
    assert_eq!(later(3_600.0), "60 min after");
}

#[test]
fn words_are_cut_to_the_room() {
    assert_eq!(cut("abc def", 7), "abc def");
    assert_eq!(cut("abc defg", 6), "abc d…");
    assert_eq!(cut("日本語日本", 5), "日本…");
}

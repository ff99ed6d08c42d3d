//! A plan from approval to lift, with the real programs: `cordon`, `cordon-actuator`, `ssh-keygen`, and a script that keeps a deny list.

use cordon_testbed::{missing_program, skip};

use crate::bed::{self, Night};

pub(crate) const ESTATE: &str = "
zones:
  office: { subnets: [10.1.0.0/16] }
  data: { subnets: [10.2.0.0/16] }
systems:
  ws1: { kind: workstation, zone: office }
  dc1: { kind: domain-controller, zone: data, jewel: true }
accounts:
  pat: { kind: person }
  sam: { kind: person }
access:
  - { holder: [pat, sam], right: remote-desktop, on: dc1 }
  - { flow: office -> data, port: 3389 }
enforcement-points:
  list: { kind: script, guards: [accounts], effect: 2s }
";

/// A point that keeps a deny list, and the people.
pub(crate) fn night() -> Option<Night> {
    night_with("")
}

/// The same, with more in the actuator's configuration. The service `check` serves as long as `FOLDER/serves` ends well.
pub(crate) fn night_with(configuration: &str) -> Option<Night> {
    if let Some(program) = missing_program(&["jq", "flock"]) {
        skip(&format!("{program} is not installed"));
        return None;
    }
    if let Some(lacks) = bed::lacks() {
        skip(&lacks);
        return None;
    }
    let more = "points:
  list:
    kind: script
    config: { program: FOLDER/deny, environment: { DENY_LIST: FOLDER/run/list, PATH: '/usr/bin:/bin' } }
";
    let mut night = Night::new(ESTATE, &format!("{more}{configuration}"), None);
    night.folder.write("run/list", "");
    let down = night.folder.file("run/down");
    let script = include_str!("../../../../docs/enforcement-points/example-script.sh");
    // A server that does not answer is one that this file says is down.
    let check = format!("[ ! -e {down} ] || {{ echo 'no answer' >&2; exit 69; }}");
    let script = script.replacen('\n', &format!("\n{check}\n"), 1);
    let list = night.folder.file("run/list");
    for (name, text) in [
        ("deny", script),
        ("serves", format!("#!/bin/sh\n[ ! -s {list} ]\n")),
    ] {
        let _ = night.folder.program(name, &text);
    }
    night.start_actuator();
    Some(night)
}

/// Who is on the deny list.
pub(crate) fn list(night: &Night) -> String {
    std::fs::read_to_string(night.folder.file("run/list")).unwrap()
}

#[test]
fn a_plan_is_approved_carried_out_renewed_and_lifted() {
    let Some(night) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
    let apply = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let alone = night.ends(2, &[&apply[..], &["plan.dana"]].concat());
    assert!(alone.contains("not approved"), "{alone}");
    assert_eq!(list(&night), "");

    let said = night.apply(0, "plan", &[]);
    assert!(
        said.contains("tried and refused: account pat at list") && said.contains("in force"),
        "{said}"
    );
    assert_eq!(list(&night), "pat\n");
    let said = night.ends(0, &["status"]);
    assert!(
        said.contains("in force") && said.contains("  tried and refused: "),
        "{said}"
    );
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    assert!(
        night
            .ends(0, &["renew", "--all", "--lease", "9h", "--key", "dana"])
            .contains("8 h")
    );

    let said = night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert!(
        said.contains("given back: account pat at list") && said.contains("lifted"),
        "{said}"
    );
    assert_eq!(list(&night), "");
    assert!(night.ends(0, &["status"]).contains("Nothing is withdrawn"));
    assert!(night.ends(0, &["ledger", "verify"]).contains("Whole"));
    assert!(night.ends(0, &["doctor"]).contains("could be withdrawn tonight"));
}

#[test]
fn an_edited_plan_and_an_unreachable_actuator_are_told_apart() {
    let Some(night) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    let plan = std::fs::read_to_string(night.folder.file("plan.json")).unwrap();
    night
        .folder
        .write("edited.json", &plan.replace("Disable pat", "Disable sam"));
    let said = night.ends(
        2,
        &[
            "approve",
            "edited.json",
            "--estate",
            "estate",
            "--key",
            "dana",
            "-o",
            "x.approval",
        ],
    );
    assert!(said.contains("does not hold"), "{said}");
    let said = night.ends(1, &["doctor", "--actuator", "nowhere"]);
    assert!(
        said.contains("WRONG  the actuator") && said.contains("cannot be reached"),
        "{said}"
    );
    let lost = ["renew", "--all", "--key", "lee", "--actuator", "nowhere"];
    assert!(night.ends(3, &lost).contains("cannot be reached"));
}

#[test]
fn more_than_a_handful_of_accounts_needs_a_third_person_when_they_are_a_large_share() {
    let Some(night) = night() else { return };
    let people = ["ana", "ben", "cem", "dee", "eva", "fay"];
    let mut estate = ESTATE.to_owned();
    for name in people {
        estate = estate.replace(
            "accounts:\n",
            &format!("accounts:\n  {name}: {{ kind: person }}\n"),
        );
        let right = format!("access:\n  - {{ holder: {name}, right: remote-desktop, on: dc1 }}\n");
        estate = estate.replace("access:\n", &right);
    }
    night.folder.write("estate/estate.yaml", &estate);
    night.plan("plan", &[&people[..], &["ws1"]].concat(), &[]);
    night.approve_all("plan");
    let apply = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let two = night.ends(2, &[&apply[..], &["plan.dana", "plan.lee"]].concat());
    assert!(
        two.contains("6 of the organisation's 8 accounts") && two.contains("cordon-bulk"),
        "{two}"
    );
    assert_eq!(list(&night), "");
    night.apply(0, "plan", &[]);
    assert_eq!(list(&night).lines().count(), people.len());
    night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert_eq!(list(&night), "");
}

/// A rule for which a refused logon is as good as a proof.
const RULE: &str = "
title: Logons refused
id: 0b1b6f0e-2f5d-4a6a-9d1c-6c1f4d6f8a01
status: stable
logsource: { product: windows, service: security }
detection: { refused: { EventID: 4625 }, condition: refused }
level: critical
";

fn refused_logon(person: &str) -> String {
    let event = serde_json::json!({
        "@timestamp": jiff::Timestamp::now().to_string(),
        "winlog": {
            "channel": "Security", "event_id": 4625, "provider_name": "Microsoft-Windows-Security-Auditing",
            "computer_name": "dc1", "event_data": { "TargetUserName": person, "LogonType": "3" },
        },
    });
    format!("{event}\n")
}

#[test]
fn what_cordon_has_refused_itself_is_no_evidence() {
    let Some(night) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
    night.apply(0, "plan", &[]);
    night.folder.write("rule.yml", RULE);
    let suspected = |person: &str, more: &[&str]| -> bool {
        night.folder.write("logons.json", &refused_logon(person));
        let words = [
            "detect",
            "--rules",
            "rule.yml",
            "--json",
            "--estate",
            "estate",
            "--threshold",
            "0.005",
            "logons.json",
        ];
        let output = night.cordon(&[&words[..], more].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Logons refused"), "{said}");
        let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        let footholds = last.get("footholds").and_then(serde_json::Value::as_array);
        !footholds.unwrap().is_empty()
    };
    assert!(suspected("pat", &[]), "nobody says that it was Cordon");
    assert!(!suspected("pat", &["--state", "state"]));
    assert!(
        suspected("sam", &["--state", "state"]),
        "of sam nothing was withdrawn"
    );
}

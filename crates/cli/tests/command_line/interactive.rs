//! Somebody decides on standard input, and the plan follows.

use std::path::Path;

use serde_json::Value;

use super::running::{Ran, run, run_with_input};

struct Estate {
    folder: tempfile::TempDir,
}

impl Estate {
    fn generated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let estate = folder.path().join("estate").to_str().unwrap().to_owned();
        run(&["estate", "generate", "--stores", "10", "-o", &estate]).ended(0);
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn arguments(&self) -> Vec<String> {
        let (estate, evidence) = (self.path("estate"), self.path("estate/evidence.json"));
        [
            "plan",
            "--no-alternatives",
            "--estate",
            &estate,
            "--evidence",
            &evidence,
        ]
        .map(str::to_owned)
        .into()
    }

    /// Says some lines to a session.
    fn says(&self, more: &[&str], lines: &[&str]) -> Ran {
        let mut arguments = self.arguments();
        arguments.push("--interactive".into());
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_with_input(&arguments, lines.join("\n").as_bytes())
    }

    /// The hash of the plan made at once with the same decisions.
    fn at_once(&self, decisions: &[&str]) -> String {
        let mut arguments = self.arguments();
        arguments.extend(decisions.iter().map(|word| (*word).to_owned()));
        arguments.push("--json".into());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = run(&arguments);
        let plan: Value = serde_json::from_str(&ran.out).unwrap();
        let hash = plan.get("plan_hash").and_then(Value::as_str);
        hash.unwrap().to_owned()
    }

    fn written(&self, name: &str) -> Value {
        let path = self.path(name);
        serde_json::from_str(&std::fs::read_to_string(Path::new(&path)).unwrap()).unwrap()
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_written_is_the_plan_made_at_once_with_the_same_decisions() {
    let estate = Estate::generated();
    let file = estate.path("plan.json");
    let first = lines(&estate.says(&["--json"], &[]).ended(0));
    let withdrawals = first[0]["withdrawals"].as_array().unwrap();
    let id = withdrawals[0]["id"].as_str().unwrap();
    let entity = withdrawals[0]["entities"][0].as_str().unwrap();
    let said = [
        format!("refuse {id}"),
        "duration 48".to_owned(),
        format!("hold {entity}"),
        format!("write {file}"),
    ];
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let told = lines(&estate.says(&["--json"], &said));
    let pin = format!("held={entity}");
    let hash = estate.at_once(&["--refuse", id, "--hours", "48", "--pin", &pin]);
    assert_eq!(estate.written("plan.json")["plan_hash"], hash.as_str());
    let ids: Vec<&str> = told[1]["changed"]["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&id), "{told:?}");
}

#[test]
fn to_take_back_is_to_have_the_plan_before() {
    let estate = Estate::generated();
    let told = lines(&estate.says(&["--json"], &["refuse 1", "undo", "undo"]).ended(0));
    let changed: Vec<&Value> = told.iter().filter_map(|line| line.get("changed")).collect();
    assert_eq!(changed.len(), 2, "{told:?}");
    assert_eq!(changed[0]["added"], changed[1]["removed"]);
    assert_eq!(changed[0]["removed"], changed[1]["added"]);
    let by = |one: &Value| one["difference_pence"].as_i64().unwrap();
    assert!(
        by(changed[0]) > 0 && by(changed[0]) == -by(changed[1]),
        "{changed:?}"
    );
    assert_eq!(changed[1]["cost_pence"], told[0]["cost"]["total_pence"]);
    assert!(
        changed
            .iter()
            .all(|one| one["milliseconds"].as_f64().unwrap() >= 0.0)
    );
    let wrong = told.last().unwrap();
    assert_eq!(wrong["line"], 3);
    assert!(
        wrong["error"].as_str().unwrap().contains("nothing was said"),
        "{wrong}"
    );
}

#[test]
fn a_line_that_is_wrong_is_named_and_the_next_is_heard() {
    let estate = Estate::generated();
    let said = [
        "# what a script may say",
        "",
        "refuze 1",
        "refuse",
        "refuse 99",
        "refuse isolate-system/system:NOBODY",
        "hold account:nobody-at-all",
        "protect no-such-service",
        "duration -3",
        "write /no/such/folder/plan.json",
        "undo now",
        "help",
        "refuse 1",
        "show",
    ];
    let ran = estate.says(&[], &said).ended(0);
    for (line, words) in [
        (3, "Did you mean `refuse`?"),
        (4, "Write `refuse WITHDRAWAL`."),
        (5, "the plan has no number 99"),
        (6, "no such withdrawal in this estate"),
        (7, "nothing in the estate is called"),
        (8, "no such service"),
        (9, "is no duration"),
        (10, "cannot write"),
        (11, "stands alone"),
    ] {
        assert!(
            ran.err.contains(&format!("line {line}: {}: ", said[line - 1])),
            "{line}: {}",
            ran.err
        );
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    for words in [
        "take back the last of these",
        "proven least",
        " more · ",
        "Withdraw, in this order",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
}

#[test]
fn the_end_of_the_input_writes_what_was_decided_and_says_no_if_something_must_be_given_up() {
    let estate = Estate::generated();
    let (plan, report) = (estate.path("plan.json"), estate.path("plan.html"));
    let first = lines(&estate.says(&["--json"], &[]).ended(0));
    let services = first[0]["services"].as_array().unwrap();
    let names = services.iter().map(|service| service["name"].as_str().unwrap());
    let protect: Vec<String> = names.map(|name| format!("protect {name}")).collect();
    let said: Vec<&str> = protect
        .iter()
        .map(String::as_str)
        .chain(["quit", "refuse 1"])
        .collect();
    let ran = estate.says(&["-o", &plan, "--report", &report], &said);
    let written = estate.written("plan.json");
    let infeasible = written["outcome"] == "infeasible";
    assert_eq!(ran.code, i32::from(infeasible), "{}", ran.err);
    assert_eq!(
        written["constraints"]["protected"].as_array().unwrap().len(),
        protect.len()
    );
    assert_eq!(
        written["constraints"]
            .get("refused")
            .and_then(Value::as_array)
            .map_or(0, Vec::len),
        0
    );
    assert!(std::fs::read_to_string(&report).unwrap().contains("<html"));
}

#[test]
fn a_person_pins_and_gives_up_as_the_options_do() {
    let estate = Estate::generated();
    let first = lines(&estate.says(&["--json"], &[]).ended(0));
    let entity = |table: &str| first[0][table][0]["entity"].as_str().unwrap().to_owned();
    let (foothold, jewel) = (entity("footholds"), entity("jewels"));
    let file = estate.path("plan.json");
    let said = [
        format!("clean {foothold}"),
        format!("give-up {jewel}"),
        format!("write {file}"),
    ];
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    estate.says(&["--json"], &said).ended(0);
    let pin = format!("clean={foothold}");
    let hash = estate.at_once(&["--pin", &pin, "--give-up", &jewel]);
    assert_eq!(estate.written("plan.json")["plan_hash"], hash.as_str());
}

//! The main job on a small retailer, and bad input on the way.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::running::{run, run_with_input};

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn small(folder: &TempDir) -> String {
    let estate = path(folder, "estate");
    run(&["estate", "generate", "--stores", "10", "-o", &estate]).ended(0);
    estate
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn from_estate_to_plan_to_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let estate = small(&folder);
    run(&["estate", "check", &estate]).ended(0);
    let (evidence, plan, report) = (
        format!("{estate}/evidence.json"),
        path(&folder, "plan.json"),
        path(&folder, "plan.html"),
    );
    let planned = run(&[
        "plan",
        "--estate",
        &estate,
        "--evidence",
        &evidence,
        "-o",
        &plan,
        "--report",
        &report,
    ])
    .ended(0);
    assert!(planned.out.starts_with("Withdraw "), "{}", planned.out);
    assert!(
        planned.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        planned.out
    );
    assert!(
        std::fs::read_to_string(&report)
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    run(&["verify", &plan, "--estate", &estate]).ended(0);
    let edited = std::fs::read_to_string(&plan)
        .unwrap()
        .replacen("\"order\": 1", "\"order\": 7", 1);
    std::fs::write(&plan, edited).unwrap();
    let verdict = run(&["verify", &plan, "--estate", &estate, "--json"]).ended(1);
    assert_eq!(json(&verdict.out)["accepted"], false);
}

#[test]
fn a_plan_holds_however_the_folder_of_its_estate_is_written() {
    let folder = TempDir::new().unwrap();
    let estate = small(&folder);
    let plan = path(&folder, "plan.json");
    let words = ["plan", "--estate", &estate, "--no-alternatives", "-o", &plan];
    let evidence = path(&folder, "estate/evidence.json");
    run(&[&words[..], &["--evidence", &evidence]].concat()).ended(0);
    let around = format!("{estate}/../estate/");
    run(&["verify", &plan, "--estate", &around]).ended(0);
}

#[test]
fn two_runs_and_one_or_two_threads_write_the_same_plan() {
    let folder = TempDir::new().unwrap();
    let estate = small(&folder);
    let (plan, evidence) = (path(&folder, "plan.json"), format!("{estate}/evidence.json"));
    let words = [
        "plan",
        "--estate",
        &estate,
        "--evidence",
        &evidence,
        "-o",
        &plan,
        "--no-alternatives",
    ];
    let written = |threads: &str| {
        let worlds = ["--worlds", "40", "--confidence", "0", "--threads", threads];
        run(&[&words[..], &worlds].concat()).ended(0);
        let text = std::fs::read_to_string(&plan).unwrap();
        // How long it took is written too, and is all that differs.
        let (before, after) = text.split_once("\"seconds\":").unwrap();
        let end = after.find([',', '}', '\n']).unwrap();
        assert!(after[..end].trim().parse::<f64>().is_ok() && !after.contains("\"seconds\":"));
        format!("{before}{}", &after[end..])
    };
    let first = written("1");
    assert!(["1", "2", "2"].iter().all(|threads| written(threads) == first));
    let wrong = run(&[&words[..], &["--threads", "0"]].concat()).ended(2);
    assert!(wrong.err.contains("--threads"), "{}", wrong.err);
}

#[test]
fn a_plan_as_json_has_the_promised_members() {
    let folder = tempfile::tempdir().unwrap();
    let estate = small(&folder);
    let evidence = format!("{estate}/evidence.json");
    let ran = run(&[
        "plan",
        "--json",
        "--estate",
        &estate,
        "--evidence",
        &evidence,
        "--no-alternatives",
    ])
    .ended(0);
    let plan = json(&ran.out);
    for member in [
        "withdrawals",
        "cost",
        "optimality",
        "baselines",
        "jewels",
        "footholds",
        "plan_hash",
    ] {
        assert!(!plan[member].is_null(), "{member}");
    }
    assert_eq!(plan["format"], "cordon-plan/1");
}

#[test]
fn the_drill_ends_with_plan_comparison_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let out = path(&folder, "drill");
    let ran = run(&[
        "drill",
        "--stores",
        "10",
        "--events",
        "2000",
        "-o",
        &out,
        "--time-limit",
        "5",
    ])
    .ended(0);
    for words in [
        "first plan was ready",
        "pull everything",
        "do nothing",
        "this plan",
        "report.html",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let lines = ran.out.lines().count();
    assert!(lines <= 45, "{lines} lines do not fit a screen:\n{}", ran.out);
    let report = std::fs::read_to_string(format!("{out}/report.html")).unwrap();
    assert!(report.contains("What happened when"));
}

#[test]
fn detections_are_lines_of_json_and_a_last_one() {
    let line =
        r#"{"@timestamp":"2026-03-03T09:00:00Z","EventID":1102,"Channel":"Security","Hostname":"DC1"}"#;
    let ran = run_with_input(
        &["detect", "--json", "-"],
        format!("{line}\nnot json\n").as_bytes(),
    )
    .ended(0);
    let lines: Vec<Value> = ran.out.lines().map(json).collect();
    let last = lines.last().unwrap();
    for member in ["events", "unreadable", "detections", "footholds"] {
        assert!(!last[member].is_null(), "{member}");
    }
    assert_eq!(
        (last["events"].as_u64(), last["unreadable"].as_u64()),
        (Some(1), Some(1))
    );
    for one in &lines[..lines.len() - 1] {
        for member in [
            "time",
            "rule_id",
            "rule_title",
            "level",
            "techniques",
            "file",
            "record",
            "entities",
        ] {
            assert!(!one[member].is_null(), "{member}");
        }
    }
}

#[test]
fn findings_of_other_products_are_listed_with_title_and_product() {
    let finding = r#"{"class_uid":2004,"time":1760000000000,"severity_id":4,"activity_id":1,"finding_info":{"title":"Directory copied","uid":"1","analytic":{"uid":"r-7"}},"metadata":{"product":{"name":"Watchdog"},"version":"1.4.0"},"actor":{"user":{"name":"pat"}}}"#;
    let ran = run_with_input(&["detect", "--json", "-"], finding.as_bytes()).ended(0);
    let lines: Vec<Value> = ran.out.lines().map(json).collect();
    let (one, last) = (&lines[0], &lines[1]);
    for (member, expected) in [
        ("rule_id", "r-7"),
        ("rule_title", "Directory copied"),
        ("product", "Watchdog"),
        ("level", "high"),
    ] {
        assert_eq!(one[member], expected, "{one}");
    }
    assert_eq!(one["entities"], json(r#"["account:pat"]"#));
    assert_eq!(last["detections"], 1);
    let screen = run_with_input(&["detect", "--threshold", "0.01", "-"], finding.as_bytes())
        .ended(0)
        .out;
    assert!(screen.contains("Directory copied (Watchdog)"), "{screen}");
    assert!(screen.contains("Directory copied (Watchdog): did it"), "{screen}");
}

#[test]
fn detections_can_be_had_as_ocsf() {
    let line =
        r#"{"@timestamp":"2026-03-03T09:00:00Z","EventID":1102,"Channel":"Security","Hostname":"DC1"}"#;
    let ran = run_with_input(&["detect", "--format", "ocsf", "-"], line.as_bytes()).ended(0);
    assert!(!ran.out.is_empty(), "{}", ran.err);
    assert!(
        ran.out.lines().all(|line| json(line)["class_uid"] == 2004),
        "{}",
        ran.out
    );
}

#[test]
fn a_missing_file_is_named() {
    let ran = run(&["detect", "/nowhere/at-all.json"]).ended(2);
    assert!(ran.err.contains("/nowhere/at-all.json"), "{}", ran.err);
    let ran = run(&["plan", "--estate", "/nowhere", "--foothold", "pat"]).ended(2);
    assert!(ran.err.contains("/nowhere"), "{}", ran.err);
}

#[test]
fn noise_is_refused_or_counted_and_never_a_panic() {
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let ran = run_with_input(&["detect", "-"], &noise);
    assert!(ran.code == 0 || ran.code == 2, "{}", ran.err);
    let mut cut = b"ElfFile\0".to_vec();
    cut.extend_from_slice(&noise[..5_000]);
    let ran = run_with_input(&["detect", "-"], &cut);
    assert!(ran.code == 0 || ran.code == 2, "{}", ran.err);
    assert!(!ran.err.contains("panicked"));
    run_with_input(&["detect", "-"], b"").ended(0);
}

#[test]
fn broken_rules_are_listed_and_the_good_ones_used() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.yml"), "title: [unclosed\n  - x: {").unwrap();
    std::fs::write(folder.path().join("noise.yml"), [0xff, 0xfe, 0x00, 0x01]).unwrap();
    let rules = folder.path().to_str().unwrap();
    let ran = run_with_input(
        &["detect", "--rules", rules, "-"],
        b"{\"@timestamp\":\"2026-03-03T09:00:00Z\"}\n",
    )
    .ended(2);
    assert!(
        ran.err.contains("broken.yml") && ran.err.contains("no usable rule"),
        "{}",
        ran.err
    );
}

#[test]
fn an_estate_with_mistakes_is_a_no_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("estate.yaml"),
        "systems:\n  web: { kind: servr }\n  db: { zone: nowhere }\n",
    )
    .unwrap();
    let estate = folder.path().to_str().unwrap();
    let ran = run(&["estate", "check", estate]).ended(1);
    assert!(ran.out.contains("estate.yaml:2"), "{}", ran.out);
    let ran = run(&["plan", "--estate", estate, "--foothold", "web"]).ended(2);
    assert!(ran.err.contains("estate.yaml:2"), "{}", ran.err);
    let ran = run(&["estate", "check", estate, "--json"]).ended(1);
    assert_eq!(json(&ran.out)["ok"], false);
}

#[test]
fn an_unwritable_output_is_told_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let estate = small(&folder);
    for option in ["-o", "--report"] {
        let ran = run(&[
            "plan",
            "--estate",
            &estate,
            "--foothold",
            "x",
            option,
            "/nowhere/out",
        ])
        .ended(2);
        assert!(ran.err.contains("/nowhere/out"), "{}", ran.err);
    }
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn names_that_nothing_has_are_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    let estate = small(&folder);
    let cases: [(&[&str], &str); 4] = [
        (&["--foothold", "nobody-of-that-name"], "nobody-of-that-name"),
        (&["--foothold", "x=2"], "no probability"),
        (
            &["--foothold", "group:helpdesk", "--refuse", "nonsense"],
            "nonsense",
        ),
        (&["--foothold", "zone:internet", "--hours=-1"], "hours"),
    ];
    for (more, words) in cases {
        let arguments: Vec<&str> = ["plan", "--estate", &estate]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let ran = run(&arguments).ended(2);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn the_schema_is_json() {
    assert!(json(&run(&["estate", "schema"]).ended(0).out)["properties"].is_object());
}

#[test]
fn a_point_of_the_trade_off_is_a_plan_to_verify() {
    let folder = TempDir::new().unwrap();
    let estate = small(&folder);
    let (evidence, plan, report) = (
        path(&folder, "estate/evidence.json"),
        path(&folder, "plan.json"),
        path(&folder, "plan.html"),
    );
    let words = [
        "plan",
        "--estate",
        &estate,
        "--evidence",
        &evidence,
        "-o",
        &plan,
        "--report",
        &report,
        "--time-limit",
        "900",
    ];
    let front = run(&[&words[..], &["--front=3"]].concat()).ended(0);
    assert!(
        front.out.contains("The trade-off: each of these is a plan"),
        "{}",
        front.out
    );
    let proposed = json(&std::fs::read_to_string(&plan).unwrap());
    let points = proposed["alternatives"].as_array().unwrap().len();
    assert!(points >= 3, "{points} points");
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.contains("Disruption against what may still be lost"));
    run(&[&words[..], &["--front=3", "--point", "2"]].concat()).ended(0);
    let taken = json(&std::fs::read_to_string(&plan).unwrap());
    assert_eq!(taken["front"]["chosen"], 2);
    assert_eq!(taken["alternatives"][1]["chosen"], true);
    assert_eq!(taken["cost"], taken["alternatives"][1]["metrics"]["cost"]);
    run(&["verify", &plan, "--estate", &estate]).ended(0);
    let refused = run(&[&words[..], &["--front=3", "--point", "99"]].concat()).ended(2);
    assert!(refused.err.contains("no such point"), "{}", refused.err);
}

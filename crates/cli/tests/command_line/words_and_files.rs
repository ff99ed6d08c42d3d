//! An analyst's words about names, files that are no logs, folders that have an estate, broken event logs.

use std::path::{Path, PathBuf};

use super::running::{Ran, run, run_with_input};

const LINE: &str =
    r#"{"@timestamp":"2026-03-03T09:00:00Z","EventID":1102,"Channel":"Security","Hostname":"DC1"}"#;

fn logs(folder: &Path) -> String {
    let logs = folder.join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("dc1.jsonl"), format!("{LINE}\n")).unwrap();
    std::fs::write(logs.join("README.md"), "# What this is\n").unwrap();
    std::fs::write(logs.join("truth.json"), r#"{"dataset":"small","steps":[]}"#).unwrap();
    logs.to_str().unwrap().to_owned()
}

fn says(ran: &Ran, words: &[&str]) {
    for words in words {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn files_that_are_no_logs_are_skipped_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let ran = run(&["detect", &logs]).ended(0);
    says(&ran, &["README.md skipped", "truth.json skipped"]);
    assert!(ran.out.contains("1 event in 1 file"), "{}", ran.out);
    let ran = run(&["detect", &format!("{logs}/README.md")]).ended(2);
    says(&ran, &["README.md", "not a log that can be recognised"]);
    let truth = format!("{logs}/truth.json");
    let ran = run(&["backtest", &logs, "--truth", &truth, "--json"]).ended(0);
    assert!(
        ran.out.contains("\"dataset\":\"small\"") && ran.out.contains("\"events\":1,"),
        "{}",
        ran.out
    );
    assert!(!ran.err.contains("truth.json"), "{}", ran.err);
}

#[test]
fn a_pin_makes_a_foothold_and_an_unknown_one_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    for command in ["detect", "backtest"] {
        let ran = run(&[command, &logs, "--pin", "held=DC1"]).ended(0);
        assert!(ran.out.contains("DC1 system"), "{command}: {}", ran.out);
        let ran = run(&[command, &logs, "--pin", "held=DC11"]).ended(2);
        says(&ran, &["DC11", "Did you mean system:DC1?"]);
        let ran = run(&[command, &logs, "--pin", "DC1"]).ended(2);
        says(&ran, &["held=ID or clean=ID"]);
        let ran = run(&[command, &logs, "--threshold", "7"]).ended(2);
        says(&ran, &["--threshold 7"]);
    }
}

#[test]
fn what_a_backtest_is_told_is_never_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    for (option, name) in [
        ("--protect", "no-service"),
        ("--give-up", "system:NOBODY"),
        ("--refuse", "disable-account/account:nobody"),
        ("--force", "isolate-system/system:NOBODY"),
    ] {
        let ran = run(&["backtest", &logs, option, name]).ended(2);
        says(&ran, &[name]);
    }
    run(&["backtest", &logs, "--give-up", "DC1", "--hours", "2"]).ended(0);
}

#[test]
fn an_analysts_word_outweighs_the_evidence_of_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let estate = folder.path().join("estate").to_str().unwrap().to_owned();
    run(&["estate", "generate", "--stores", "10", "-o", &estate]).ended(0);
    let plan = |more: &[&str]| {
        let mut arguments = vec!["plan", "--estate", &estate, "--no-alternatives"];
        arguments.extend_from_slice(more);
        run(&arguments).ended(0).out
    };
    let held = plan(&["--pin", "held=NG-APP-0001"]);
    assert!(
        held.contains("NG-APP-0001") && held.contains("you say that it is held"),
        "{held}"
    );
    let evidence = format!("{estate}/evidence.json");
    let all = plan(&["--evidence", &evidence]);
    assert!(all.contains("svc-label-print"), "{all}");
    let without = plan(&["--evidence", &evidence, "--pin", "clean=svc-label-print"]);
    assert!(!without.contains("svc-label-print account"), "{without}");
}

#[test]
fn an_estate_is_not_written_over_another_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let estate = folder.path().join("estate");
    let name = estate.to_str().unwrap();
    let generate = |more: &[&str]| {
        let mut arguments = vec!["estate", "generate", "--stores", "10", "-o", name];
        arguments.extend_from_slice(more);
        run(&arguments)
    };
    generate(&[]).ended(0);
    says(&generate(&[]).ended(2), &["--force"]);
    std::fs::write(estate.join("access.estate.jsonl"), "{}\n").unwrap();
    generate(&["--force"]).ended(0);
    assert!(
        !estate.join("access.estate.jsonl").exists(),
        "of the older estate"
    );
    std::fs::write(estate.join("mine.yaml"), "systems: {}\n").unwrap();
    says(&generate(&["--force"]).ended(2), &["mine.yaml", "Move it away"]);
    assert!(estate.join("mine.yaml").exists());
}

/// A small event log of the recordings, if they are here.
fn event_log() -> Option<PathBuf> {
    let folder =
        PathBuf::from(std::env::var_os("CORDON_DATA")?).join("recordings/evtx-to-mitre/TA0002-Execution");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "evtx") {
                return Some(path);
            }
        }
    }
    None
}

#[test]
fn a_broken_event_log_is_read_as_far_as_it_goes() {
    let Some(log) = event_log() else { return };
    let whole = std::fs::read(log).unwrap();
    let mut torn = whole.clone();
    for byte in torn.iter_mut().skip(4096 + 512).step_by(97) {
        *byte ^= 0x5a;
    }
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..4096 + 700],
        &whole[..100],
        &torn,
    ] {
        let ran = run_with_input(&["detect", "-", "--json"], bytes);
        assert!(ran.code == 0 || ran.code == 2, "{}", ran.err);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        if ran.code == 0 {
            let last = ran.out.lines().last().unwrap_or_default();
            assert!(last.contains("\"unreadable\":"), "{last}");
        }
    }
}

/// A zstd frame that holds bytes as they are (RFC 8878, section 3.1): fewer than 65,536.
fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
    let size = u16::try_from(bytes.len()).unwrap();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b0110_0000];
    frame.extend((size - 256).to_le_bytes());
    let header = 1 | u32::from(size) << 3;
    frame.extend(&header.to_le_bytes()[..3]);
    frame.extend(bytes);
    frame
}

#[test]
fn a_compressed_export_is_imported_as_it_is() {
    let node = |id: u32, label: &str, name: &str| {
        format!(
            r#"{{"type":"node","id":"{id}","labels":["Base","{label}"],"properties":{{"name":"{name}","objectid":"S-1-5-21-1-2-3-{id}"}}}}"#
        )
    };
    let export = [
        node(1, "User", "PAT@EXAMPLE.COM"),
        node(2, "Computer", "WS1.EXAMPLE.COM"),
        r#"{"type":"relationship","id":"3","label":"AdminTo","start":{"id":"1","labels":["Base","User"]},"end":{"id":"2","labels":["Base","Computer"]},"properties":{}}"#.to_owned(),
    ]
    .join("\n");
    let folder = tempfile::tempdir().unwrap();
    let import = |file: &str, bytes: &[u8]| {
        let path = folder.path().join(file);
        std::fs::write(&path, bytes).unwrap();
        let output = folder.path().join(format!("{file}.estate"));
        let arguments = ["--json", "-o", output.to_str().unwrap(), path.to_str().unwrap()];
        let ran = run(&[&["estate", "import", "bloodhound"], &arguments[..]].concat()).ended(0);
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        ["accounts", "systems", "accesses"].map(|count| answer[count].as_u64().unwrap())
    };
    let plain = import("export.jsonl", export.as_bytes());
    assert_eq!(plain[..2], [1, 1]);
    assert_eq!(import("export.jsonl.zst", &zstd_frame(export.as_bytes())), plain);
    let mut broken = zstd_frame(export.as_bytes());
    broken.truncate(100);
    let path = folder.path().join("broken.zst");
    std::fs::write(&path, broken).unwrap();
    let output = folder.path().join("none");
    let ran = run(&[
        "estate",
        "import",
        "bloodhound",
        "-o",
        output.to_str().unwrap(),
        path.to_str().unwrap(),
    ])
    .ended(2);
    says(&ran, &["broken.zst", "cannot read"]);
}

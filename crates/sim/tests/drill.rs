//! The drill's logs are deterministic, have the shapes of real ones, and hold the story.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

use cordon_sim::drill::{LogFile, logs, script};
use cordon_sim::northgate::{Options, generate};
use serde_json::Value;

fn morning(seed: u64, events: u32) -> (cordon_sim::drill::Script, Vec<LogFile>) {
    let options = Options {
        seed,
        stores: 60,
        ..Options::default()
    };
    let estate = generate(&options);
    let script = script(&estate, seed, options.epoch).expect("a cast");
    let files = logs(&estate, &script, events);
    (script, files)
}

fn lines<'a>(files: &'a [LogFile], name: &str) -> Vec<&'a str> {
    let file = files.iter().find(|file| file.name == name).expect(name);
    std::str::from_utf8(&file.bytes).expect("UTF-8").lines().collect()
}

#[test]
fn same_seed_same_bytes() {
    assert_eq!(morning(5, 2_000), morning(5, 2_000));
    assert_ne!(morning(5, 2_000).1, morning(6, 2_000).1);
}

#[test]
fn about_as_many_records_as_asked_for() {
    let (_, files) = morning(1, 20_000);
    let records: usize = files
        .iter()
        .map(|file| file.bytes.iter().filter(|&&byte| byte == b'\n').count())
        .sum();
    assert!((20_000..20_400).contains(&records), "{records}");
    assert!(files.iter().all(|file| !file.bytes.is_empty()));
}

#[test]
fn windows_events_have_the_shape_of_winlogbeat() {
    let (_, files) = morning(1, 3_000);
    for name in [
        "windows-directory.jsonl",
        "windows-servers.jsonl",
        "windows-workstations.jsonl",
    ] {
        for line in lines(&files, name) {
            let event: Value = serde_json::from_str(line).expect("JSON");
            for path in [
                "/@timestamp",
                "/host/name",
                "/winlog/channel",
                "/winlog/event_id",
                "/event/code",
            ] {
                assert!(
                    event.pointer(path).is_some_and(Value::is_string),
                    "{path} in {line}"
                );
            }
            assert!(event.pointer("/winlog/event_data").is_some_and(Value::is_object));
        }
    }
}

#[test]
fn identity_events_have_the_shape_of_okta() {
    let (script, files) = morning(1, 3_000);
    let mut resets = 0;
    for line in lines(&files, "identity.jsonl") {
        let event: Value = serde_json::from_str(line).expect("JSON");
        for path in [
            "/published",
            "/eventType",
            "/actor/alternateId",
            "/client/ipAddress",
            "/outcome/result",
        ] {
            assert!(
                event.pointer(path).is_some_and(Value::is_string),
                "{path} in {line}"
            );
        }
        resets += usize::from(event["eventType"] == "user.mfa.factor.reset_all");
    }
    assert_eq!(resets, 1);
    assert!(
        script
            .truth
            .steps
            .iter()
            .any(|step| step.technique == "T1556.006")
    );
}

#[test]
fn the_gateway_writes_syslog_with_the_intruder_in_it() {
    let (script, files) = morning(1, 3_000);
    let vpn = lines(&files, "openvpn.log");
    assert!(vpn.iter().all(|line| line.starts_with("<29>1 2026-03-03T")));
    let victim = &script.truth.compromised_accounts[0];
    let named = vpn
        .iter()
        .filter(|line| line.contains(&format!("{victim}/203.0.113.66")))
        .count();
    assert_eq!(named, 3, "the victim's own logon is the intruder's only one");
}

#[test]
fn the_truth_is_in_order_and_reads_back() {
    let (script, _) = morning(3, 500);
    assert!(script.truth.steps.is_sorted_by_key(|step| step.time));
    assert_eq!(script.truth.steps.len(), 15);
    let text = serde_json::to_string(&script.truth).expect("JSON");
    assert_eq!(
        serde_json::from_str::<cordon_incident::Truth>(&text).expect("truth"),
        script.truth
    );
}

#[test]
fn the_unmanaged_jump_host_logs_nothing() {
    let (_, files) = morning(1, 3_000);
    for file in &files {
        let text = String::from_utf8_lossy(&file.bytes);
        assert!(!text.contains("\"computer_name\":\"ng-jmp-02."), "{}", file.name);
    }
}

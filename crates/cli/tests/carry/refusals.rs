//! What is refused, waited for or halted: with which exit code and in which words, and how it goes on.

use cordon_testbed::{is_root, run, skip, try_run};

use crate::bed::{Night, signer};
use crate::plain::{list, night, night_with};

/// A plan against `pat`, approved by all.
fn approved(night: &Night) {
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
}

fn both(night: &Night) {
    night.plan("plan", &["pat", "sam", "ws1"], &[]);
    night.approve_all("plan");
}

#[test]
fn a_key_that_nobody_listed_counts_for_nothing() {
    let Some(night) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    signer(&night.folder, "mallory");
    for (person, role) in [("dana", "approve"), ("lee", "approve"), ("kim", "bulk")] {
        night.approve("plan", person, role);
    }
    night.approve("plan", "mallory", "approve");
    let words = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let files = ["plan.dana", "plan.mallory", "plan.kim"];
    let said = night.ends(2, &[&words[..], &files].concat());
    assert!(
        said.contains("not approved") && said.contains("does not stand in the list"),
        "{said}"
    );
    assert_eq!(list(&night), "");
    night.apply(0, "plan", &[]);
    for command in [vec!["lift", "--all"], vec!["renew", "--all"]] {
        let said = night.ends(2, &[&command[..], &["--key", "mallory"]].concat());
        assert!(
            said.contains("the actuator refuses") && said.contains("does not stand in the list"),
            "{said}"
        );
    }
    assert_eq!(list(&night), "pat\n");
}

#[test]
fn an_approval_that_expired_and_a_plan_that_was_edited_carry_nothing_out() {
    let Some(night) = night() else { return };
    approved(&night);
    let words = ["approve", "plan.json", "--estate", "estate", "--key", "lee"];
    night.ends(0, &[&words[..], &["--expires", "1s", "-o", "plan.lee"]].concat());
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let said = night.apply(2, "plan", &[]);
    assert!(said.contains("what lee signed was valid until"), "{said}");
    night.approve("plan", "lee", "approve");
    // Shorter than what people approved, and the hash of the plan is as before.
    let said = night.apply(2, "plan", &["--lease", "1h"]);
    assert!(said.contains("for other orders of this plan"), "{said}");
    let plan = std::fs::read_to_string(night.folder.file("plan.json")).unwrap();
    night
        .folder
        .write("plan.json", &plan.replace("account:pat", "account:sam"));
    let said = night.apply(2, "plan", &[]);
    assert!(said.contains("does not hold"), "{said}");
    assert_eq!(list(&night), "");
    assert!(
        !night.folder.path().join("state").exists(),
        "nothing was accepted"
    );
}

#[test]
fn a_plan_against_a_break_glass_account_is_refused_before_anything_is_begun() {
    let rules = "rules: { never-accounts: [{ account: sam }] }\n";
    let Some(night) = night_with(rules) else { return };
    both(&night);
    let said = night.apply(2, "plan", &[]);
    assert!(
        said.contains("the actuator refuses the plan: account sam at list is never withdrawn"),
        "{said}"
    );
    assert_eq!(list(&night), "");
    assert!(night.ends(0, &["status"]).contains("Nothing is withdrawn"));
}

#[test]
fn a_server_that_is_down_is_tried_again_said_and_done_when_it_is_back() {
    let Some(night) = night() else { return };
    approved(&night);
    let down = night.folder.write("run/down", "");
    let said = night.apply(3, "plan", &["--wait", "20s"]);
    for words in [
        "try 1 to look failed",
        "try 2 to look failed",
        "no answer",
        "not done yet",
        "The same command goes on",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let status = night.ends(1, &["status"]);
    assert!(
        status.contains("not yet tried") && status.contains("! account pat"),
        "{status}"
    );
    std::fs::remove_file(&down).unwrap();
    night.apply(0, "plan", &[]);
    assert_eq!(list(&night), "pat\n");
    night.folder.write("run/down", "");
    let lift = ["lift", "--all", "--key", "lee"];
    let said = night.ends(3, &[&lift[..], &["--wait", "15s"]].concat());
    assert!(said.contains("not done yet"), "{said}");
    std::fs::remove_file(&down).unwrap();
    night.ends(0, &lift);
    assert_eq!(list(&night), "");
    assert!(night.ends(0, &["ledger", "verify"]).contains("Whole"));
}

/// A small file system of its own, gone when dropped.
struct Disk(String);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = try_run("umount", &["-l", &self.0]);
    }
}

#[test]
fn a_full_disk_is_said_and_after_room_was_made_it_goes_on() {
    let Some(night) = night() else { return };
    if !is_root() {
        return skip("mounting a small file system needs root");
    }
    approved(&night);
    let state = night.folder.file("state");
    std::fs::create_dir(&state).unwrap();
    run(
        "mount",
        &["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", &state],
    );
    let _disk = Disk(state.clone());
    // The record is begun, so that it is its growing that fails.
    night.ends(1, &["doctor", "--actuator", "nowhere"]);
    let filler = std::path::Path::new(&state).join("filler");
    let _ = std::fs::write(&filler, vec![0_u8; 2 << 20]);
    let said = night.apply(3, "plan", &[]);
    assert!(said.contains("Make room on that disk"), "{said}");
    std::fs::remove_file(&filler).unwrap();
    night.apply(0, "plan", &[]);
    assert_eq!(list(&night), "pat\n");
    let _ = std::fs::write(&filler, vec![0_u8; 2 << 20]);
    let lift = ["lift", "--all", "--key", "lee"];
    assert!(night.ends(3, &lift).contains("Make room on that disk"));
    std::fs::remove_file(&filler).unwrap();
    night.ends(0, &lift);
    assert_eq!(list(&night), "");
    assert!(night.ends(0, &["ledger", "verify"]).contains("Whole"));
}

#[test]
fn a_plan_that_hurts_a_service_halts_until_somebody_signs_that_it_may_go_on() {
    let service = "services: { tills: { command: [FOLDER/serves] } }\n";
    let Some(night) = night_with(service) else { return };
    both(&night);
    let said = night.apply(1, "plan", &[]);
    assert!(
        said.contains("the probes of protected services fail: tills"),
        "{said}"
    );
    assert_eq!(list(&night).lines().count(), 1, "the canary only");
    let hash = night.status()[0]["plan_hash"].as_str().unwrap()[..12].to_owned();
    assert!(night.ends(1, &["status"]).contains("! halted: after wave 1"));
    let resume = ["resume", &hash, "--key"];
    signer(&night.folder, "mallory");
    let said = night.ends(2, &[&resume[..], &["mallory"]].concat());
    assert!(
        said.contains("stays halted") && said.contains("does not stand in the list"),
        "{said}"
    );
    assert_eq!(list(&night).lines().count(), 1);
    let said = night.ends(0, &[&resume[..], &["dana"]].concat());
    assert!(said.contains("goes on: dana with the key SHA256:"), "{said}");
    assert_eq!(list(&night).lines().count(), 2);
    assert!(
        night
            .ends(2, &[&resume[..], &["dana"]].concat())
            .contains("is not halted")
    );
    assert!(
        night
            .ends(2, &["resume", "abcdef", "--key", "dana"])
            .contains("no plan's hash")
    );
    night.ends(0, &["lift", &hash, "--key", "lee"]);
    assert_eq!(list(&night), "");
}

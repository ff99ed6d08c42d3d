//! SSH against a real sshd with local accounts.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::ssh_bed::{DEADLINE, account, apply, bed, lift, mark, open, read, withdraw};
use cordon_act::{PointErrorKind, PointState, ProbeAnswer, Standing, Target};
use cordon_connectors::ssh::Config;
use cordon_testbed::wait_until;

#[test]
fn a_withdrawn_account_is_refused_its_sessions_end_and_what_outlives_them_is_named() {
    let Some(bed) = bed() else { return };
    // It is ready when what outlives it has left it and has its name.
    let mut pat = bed.server.session(
        &bed.pat,
        "setsid sleep 300 >/dev/null 2>&1 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do sleep 0.05; done; \
         echo ready; exec sleep 300",
    );
    let mut again = bed.server.session(&bed.pat, "echo ready; exec sleep 300");
    let mut sam = bed.server.session(&bed.sam, "echo ready; exec sleep 300");
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &bed.account());
    wait_until("the end of the sessions", 60, || {
        !pat.is_running() && !again.is_running()
    });
    assert!(sam.is_running());
    assert!(!bed.server.logs_on(&bed.pat) && bed.server.logs_on(&bed.sam));
    assert!(!bed.server.logs_on_with(&bed.pat, &bed.pat_certificate));
    let probe = point.probe(&bed.account(), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
    assert!(
        probe.how.contains("; 1 processes of") && probe.how.contains("outside sessions: sleep ("),
        "{}",
        probe.how
    );
    assert_eq!(left.mark, Some(mark()));
    lift(&mut *point, &bed.account(), &prior, Some(&left.state)).unwrap();
    assert!(bed.server.logs_on(&bed.pat));
}

#[test]
fn a_connection_that_has_not_logged_on_does_not_keep_the_old_configuration() {
    let Some(bed) = bed() else { return };
    let mut waiting = std::net::TcpStream::connect(("127.0.0.1", bed.server.port())).unwrap();
    waiting.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    waiting.write_all(b"SSH-2.0-waits\r\n").unwrap();
    waiting.read_exact(&mut [0; 8]).unwrap();
    withdraw(&mut *bed.point(), &bed.account());
    let start = Instant::now();
    // It ends, whether by an end or a reset.
    drop(waiting.read_to_end(&mut Vec::new()));
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "the connection stayed open"
    );
}

#[test]
fn a_withdrawal_outlives_a_restart_and_sessions_that_a_restart_left_are_found() {
    let Some(mut bed) = bed() else { return };
    let mut session = bed.server.session(&bed.pat, "echo ready; exec sleep 300");
    bed.server.restart();
    assert!(session.is_running());
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &bed.account());
    wait_until("the end of the session", 60, || !session.is_running());
    bed.server.restart();
    assert!(!bed.server.logs_on(&bed.pat));
    let seen = point.observe(&bed.account(), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Withdrawn, &left.state));
    lift(&mut *point, &bed.account(), &prior, None).unwrap();
    bed.server.restart();
    assert!(bed.server.logs_on(&bed.pat));
}

#[test]
fn what_is_on_disk_but_not_in_force_is_partly_withdrawn_and_the_next_order_finishes_it() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &bed.account());
    let denied = read(&bed.denials());
    lift(&mut *point, &bed.account(), &prior, Some(&left.state)).unwrap();
    // As after a crash between the file and the reload of a withdrawal.
    std::fs::write(bed.denials(), &denied).unwrap();
    assert!(bed.server.logs_on(&bed.pat));
    let seen = point.observe(&bed.account(), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Partly, &left.state));
    assert_eq!(apply(&mut *point, &bed.account(), &prior).unwrap(), left);
    assert!(!bed.server.logs_on(&bed.pat));
    // The same in a lift.
    std::fs::write(bed.denials(), "").unwrap();
    assert!(!bed.server.logs_on(&bed.pat));
    let after = lift(&mut *point, &bed.account(), &prior, Some(&left.state)).unwrap();
    assert_eq!(after.standing, Standing::Open);
    assert!(bed.server.logs_on(&bed.pat));
}

#[test]
fn a_configuration_that_sshd_would_refuse_is_never_loaded_and_the_file_is_put_back() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    let prior = point.observe(&bed.account(), DEADLINE).unwrap();
    let broken = format!("{}/broken.conf", bed.server.included_folder());
    std::fs::write(&broken, "Bogus yes\n").unwrap();
    let error = apply(&mut *point, &bed.account(), &prior.state).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    assert!(bed.server.logs_on(&bed.pat) && read(&bed.denials()).is_empty());
    std::fs::remove_file(&broken).unwrap();
    assert_eq!(point.observe(&bed.account(), DEADLINE).unwrap(), prior);
    // A file that the configuration does not include denies nobody: that shows after it is written, and it is put back.
    let mut elsewhere = bed.config();
    elsewhere.denials = format!("{}/elsewhere", bed.server.file("included")).into();
    std::fs::write(&elsewhere.denials, "# mine\n").unwrap();
    let written = std::fs::metadata(&elsewhere.denials).unwrap().modified().unwrap();
    let error = apply(&mut *open(elsewhere.clone()), &bed.account(), &prior.state).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    assert_eq!(std::fs::read_to_string(&elsewhere.denials).unwrap(), "# mine\n");
    assert_eq!(
        std::fs::metadata(&elsewhere.denials).unwrap().modified().unwrap(),
        written
    );
}

#[test]
fn a_change_by_somebody_else_is_stale_and_stays() {
    let Some(mut bed) = bed() else { return };
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &bed.account());
    // The second order of the same target saw it withdrawn already.
    assert_eq!(apply(&mut *point, &bed.account(), &left.state).unwrap(), left);
    let other = read(&bed.denials()).replace("0123456789abcdef", "fedcba9876543210");
    std::fs::write(bed.denials(), &other).unwrap();
    bed.server.reload();
    for answer in [
        apply(&mut *point, &bed.account(), &prior),
        lift(&mut *point, &bed.account(), &prior, Some(&left.state)),
        lift(&mut *point, &bed.account(), &prior, None),
    ] {
        assert_eq!(answer.unwrap_err().kind, PointErrorKind::Stale);
    }
    assert_eq!(read(&bed.denials()), other);

    let (prior, left) = withdraw(&mut *point, &bed.right());
    let changed = format!(
        "{}from=\"192.0.2.1\" login-{}\n",
        read(&bed.principals()),
        bed.pat.name()
    );
    std::fs::write(bed.principals(), &changed).unwrap();
    for answer in [
        apply(&mut *point, &bed.right(), &prior),
        lift(&mut *point, &bed.right(), &prior, Some(&left.state)),
        lift(&mut *point, &bed.right(), &prior, None),
    ] {
        assert_eq!(answer.unwrap_err().kind, PointErrorKind::Stale);
    }
    assert_eq!(read(&bed.principals()), changed);
}

#[test]
fn two_withdrawn_accounts_are_lifted_one_by_one() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    let sam = account(bed.sam.name());
    let (pat_prior, pat_left) = withdraw(&mut *point, &bed.account());
    let (sam_prior, sam_left) = withdraw(&mut *point, &sam);
    lift(&mut *point, &bed.account(), &pat_prior, Some(&pat_left.state)).unwrap();
    assert!(bed.server.logs_on(&bed.pat) && !bed.server.logs_on(&bed.sam));
    lift(&mut *point, &sam, &sam_prior, Some(&sam_left.state)).unwrap();
    assert!(bed.server.logs_on(&bed.sam) && read(&bed.denials()).is_empty());
}

#[test]
fn a_principal_is_taken_from_one_account_with_its_sessions_and_comes_back_with_its_options() {
    let Some(bed) = bed() else { return };
    let text = format!(
        "# ops\nno-pty login-{name} # by hand\nother\n",
        name = bed.pat.name()
    );
    std::fs::write(bed.principals(), &text).unwrap();
    let mut session = bed.server.session(&bed.pat, "echo ready; exec sleep 300");
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &bed.right());
    wait_until("the end of the session", 60, || !session.is_running());
    assert!(!bed.server.logs_on_with(&bed.pat, &bed.pat_certificate));
    // By its own key, which is another right, the account still logs on, and a second order leaves that alone.
    let mut again = bed.server.session(&bed.pat, "echo ready; exec sleep 300");
    assert_eq!(apply(&mut *point, &bed.right(), &prior).unwrap(), left);
    assert!(again.is_running());
    // As after a crash between the file and the cut.
    std::fs::write(
        bed.principals(),
        read(&bed.principals()).replace("abcdef]", "abcdef cutting]"),
    )
    .unwrap();
    let seen = point.observe(&bed.right(), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Partly, &left.state));
    assert_eq!(apply(&mut *point, &bed.right(), &prior).unwrap(), left);
    wait_until("the end of the session", 60, || !again.is_running());
    lift(&mut *point, &bed.right(), &prior, Some(&left.state)).unwrap();
    assert_eq!(read(&bed.principals()), text);
}

#[test]
fn a_refusal_because_of_the_list_of_revoked_keys_is_not_taken_for_the_withdrawal() {
    let Some(bed) = bed() else { return };
    let krl = bed.server.file("krl");
    let whole = std::fs::read(&krl).unwrap();
    let mut point = bed.point();
    withdraw(&mut *point, &bed.account());
    for (content, words) in [
        (Some(&whole[..20]), "damaged"),
        (None, "cannot be read"),
        (Some(&b"garbage\n"[..]), "damaged"),
    ] {
        match content {
            Some(content) => std::fs::write(&krl, content).unwrap(),
            None => std::fs::remove_file(&krl).unwrap(),
        }
        let probe = point.probe(&bed.account(), DEADLINE).unwrap();
        assert_eq!(probe.answer, ProbeAnswer::Inconclusive, "{}", probe.how);
        assert!(probe.how.contains(words), "{}", probe.how);
        let other = point.probe(&account(bed.sam.name()), DEADLINE).unwrap();
        assert_eq!(other.answer, ProbeAnswer::Inconclusive, "{}", other.how);
    }
    std::fs::write(&krl, "").unwrap();
    let probe = point.probe(&account(bed.sam.name()), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Admitted);
    assert!(probe.how.contains("empty"), "{}", probe.how);
    std::fs::write(&krl, whole).unwrap();
    let probe = point.probe(&bed.account(), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
}

#[test]
fn names_that_are_more_than_names_are_refused_and_unknown_ones_are_absent() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    for name in [
        "",
        "*",
        "pat\nDenyUsers *",
        "-oProxyCommand=x",
        "../pat",
        "pat sam",
    ] {
        let error = point.observe(&account(name), DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name:?}");
        let right = Target::Right {
            holder: bed.pat.name().to_owned(),
            right: name.replace(['*', '-', '.'], " "),
            on: "shell".to_owned(),
        };
        assert_eq!(
            point.observe(&right, DEADLINE).unwrap_err().kind,
            PointErrorKind::Input,
            "{name:?}"
        );
    }
    let elsewhere = Target::Right {
        holder: bed.pat.name().to_owned(),
        right: "ops".to_owned(),
        on: "another host".to_owned(),
    };
    assert_eq!(
        point.observe(&elsewhere, DEADLINE).unwrap_err().kind,
        PointErrorKind::Input
    );
    // A number is the id of a user to `getent`, not a name.
    for name in ["no-such-account", "0"] {
        let seen = point.observe(&account(name), DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Absent);
        let some = PointState(serde_json::json!({"mark": null, "elsewhere": false}));
        let error = apply(&mut *point, &account(name), &some).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input);
    }
}

#[test]
fn a_stopped_server_and_a_wrong_configuration_say_who_must_act() {
    let Some(mut bed) = bed() else { return };
    let prior = bed.point().observe(&bed.account(), DEADLINE).unwrap().state;
    let mut missing = bed.config();
    missing.denials = "/nonexistent/denials".into();
    assert_eq!(
        open(missing).observe(&bed.account(), DEADLINE).unwrap_err().kind,
        PointErrorKind::Config
    );
    let mut stranger = bed.config();
    let folder = cordon_testbed::Folder::new();
    let attempt = stranger.probe.as_mut().unwrap();
    attempt.known_hosts = folder.write("known_hosts", "").into();
    let error = open(stranger).probe(&bed.account(), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    bed.server.stop();
    let error = apply(&mut *bed.point(), &bed.account(), &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(read(&bed.denials()).is_empty());
}

/// The first example of a configuration on this point's page.
fn example() -> String {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/enforcement-points/ssh.md"
    ))
    .unwrap();
    let start = page.split_once("```yaml\n").unwrap().1;
    start.split_once("```").unwrap().0.to_owned()
}

/// Reads a configuration in which a choice is a map with one key, not a YAML tag.
fn parse(text: &str) -> Result<Config, yaml_serde::Error> {
    yaml_serde::with::singleton_map_recursive::deserialize(yaml_serde::Deserializer::from_str(text))
}

#[test]
fn the_example_on_the_page_is_a_configuration() {
    let config = parse(&example()).unwrap();
    assert_eq!(config.program, std::path::PathBuf::from("/usr/sbin/sshd"));
    open(config);
    assert!(parse(&format!("{}\nno-such-field: 1\n", example())).is_err());
}

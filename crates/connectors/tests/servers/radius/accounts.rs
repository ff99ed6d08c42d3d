//! Refusing accounts at FreeRADIUS.

use super::bed::*;

#[test]
fn an_account_is_refused_and_admitted_again_whatever_fails_between() {
    let world = || {
        let (radius, folder) = started()?;
        let config = Config {
            access_servers: vec![at_freeradius(&folder, &radius)],
            server: Some(server(&folder, &radius)),
        };
        Some(AtFreeRadius {
            radius,
            config,
            _folder: folder,
        })
    };
    // A FreeRADIUS takes a new file only every five seconds.
    let Some(runs) = sweep_among(6, world, &account("alice")) else {
        return;
    };
    assert_eq!(runs, 18);
}

#[test]
fn freeradius_takes_two_withdrawals_in_a_row_though_it_ignores_the_second_signal() {
    let Some((radius, folder)) = started() else { return };
    let config = Config {
        access_servers: Vec::new(),
        server: Some(server(&folder, &radius)),
    };
    let mut point = point(&config);
    let prior = point.observe(&account("alice"), DEADLINE).unwrap().state;
    apply(&mut *point, &account("alice"), &prior, DEADLINE).unwrap();
    apply(&mut *point, &account("Bob"), &prior, DEADLINE).unwrap();
    assert!(!radius.admits("alice") && !radius.admits("bob") && radius.admits("carol"));
    // Names are compared in small letters, on both sides.
    assert_eq!(
        point.probe(&account("ALICE"), DEADLINE).unwrap().answer,
        ProbeAnswer::Refused
    );
    lift(&mut *point, &account("alice"), &prior).unwrap();
    assert!(radius.admits("alice") && !radius.admits("bob"));
    lift(&mut *point, &account("Bob"), &prior).unwrap();
    assert!(radius.admits("bob"));
    assert_eq!(radius.refused(), "");
}

#[test]
fn a_restart_keeps_a_refusal_and_a_stopped_server_changes_nothing() {
    let Some((mut radius, folder)) = started() else {
        return;
    };
    let config = Config {
        access_servers: Vec::new(),
        server: Some(server(&folder, &radius)),
    };
    let mut point = point(&config);
    let target = account("alice");
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    radius.stop();
    let error = apply(&mut *point, &target, &prior, Duration::from_secs(3)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert_eq!(radius.refused(), "");
    radius.restart();
    apply(&mut *point, &target, &prior, DEADLINE).unwrap();
    radius.restart();
    assert!(!radius.admits("alice"));
    assert_eq!(
        point.observe(&target, DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
    lift(&mut *point, &target, &prior).unwrap();
    assert!(radius.admits("alice"));
}

#[test]
fn what_somebody_else_wrote_is_stale_and_stays() {
    let Some((mut radius, folder)) = started() else {
        return;
    };
    let config = Config {
        access_servers: Vec::new(),
        server: Some(server(&folder, &radius)),
    };
    let mut point = point(&config);
    let target = account("alice");
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let by_hand = "alice Auth-Type := Reject\n\tReply-Message := \"on leave\"\n";
    radius.set_refused(by_hand);
    let error = apply(&mut *point, &target, &prior, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    let error = lift(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    assert_eq!(radius.refused(), by_hand);
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Inconclusive
    );
    // Somebody took Cordon's refusal out: it stands as before, and there is nothing to lift.
    radius.set_refused("");
    assert_eq!(lift(&mut *point, &target, &prior).unwrap().state, prior);
}

#[test]
fn a_refusal_that_the_server_does_not_take_is_unknown_and_no_other_process_is_signalled() {
    let Some((radius, folder)) = started() else { return };
    let mut config = Config {
        access_servers: Vec::new(),
        server: Some(server(&folder, &radius)),
    };
    let own = folder.write("pid", &std::process::id().to_string());
    if let Some(server) = &mut config.server {
        server.pid_file = PathBuf::from(own);
    }
    let prior = PointState(json!({"refusal": null}));
    let error = apply(
        &mut *point(&config),
        &account("alice"),
        &prior,
        Duration::from_secs(10),
    )
    .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    let seen = point(&config).observe(&account("alice"), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    assert_eq!(seen.mark, Some(Mark::from(MARK)));
}

#[test]
fn names_are_data_to_freeradius_or_are_refused() {
    let Some((radius, folder)) = started() else { return };
    let config = Config {
        access_servers: Vec::new(),
        server: Some(server(&folder, &radius)),
    };
    let mut point = point(&config);
    let prior = PointState(json!({"refusal": null}));
    let long = "x".repeat(254);
    for name in [
        "",
        "a\nDEFAULT Auth-Type := Accept",
        "DEFAULT",
        "$INCLUDE /etc/passwd",
        "a\"b",
        "a\\",
        &long,
    ] {
        let error = apply(&mut *point, &account(name), &prior, DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name:?}: {error}");
    }
    assert_eq!(radius.refused(), "");
}

#[test]
fn odd_names_are_refused_at_freeradius_as_they_are() {
    // One server for each: it takes a new file only every five seconds.
    let refused = |name: &str| {
        let Some((radius, folder)) = started() else { return };
        let config = Config {
            access_servers: Vec::new(),
            server: Some(server(&folder, &radius)),
        };
        let mut point = point(&config);
        let prior = PointState(json!({"refusal": null}));
        apply(&mut *point, &account(name), &prior, DEADLINE).unwrap();
        assert_eq!(
            point.probe(&account(name), DEADLINE).unwrap().answer,
            ProbeAnswer::Refused,
            "{name}"
        );
        assert!(radius.admits("alice"), "{name} refused somebody else");
        lift(&mut *point, &account(name), &prior).unwrap();
    };
    std::thread::scope(|scope| {
        for name in ["o'neil, p.", "corp\\pat", "%{User-Name}", "# ärger"] {
            scope.spawn(move || refused(name));
        }
    });
}

#[test]
fn a_configuration_reads_as_documented_and_a_distant_freeradius_is_refused() {
    let config: Config = serde_json::from_value(json!({
        "access-servers": [{
            "address": "10.2.0.5:3799",
            "secret": {"file": "/etc/cordon/switch.secret"},
            "identifier": "switch-1",
            "cut": "reauthorize",
        }],
        "server": {
            "address": "10.2.0.6:1812",
            "secret": {"file": "/etc/cordon/radius.secret"},
            "refusals-file": "/etc/freeradius/3.0/cordon/refused",
            "pid-file": "/run/freeradius/freeradius.pid",
        },
    }))
    .unwrap();
    assert!(
        config
            .access_servers
            .iter()
            .all(|server| server.require_message_authenticator)
    );
    let error = connect(&PointName::from("wifi"), config).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
    let nothing: Config = serde_json::from_value(json!({})).unwrap();
    assert!(connect(&PointName::from("wifi"), nothing).is_err());
}

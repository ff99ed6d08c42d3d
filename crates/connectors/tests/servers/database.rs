//! The database against a real PostgreSQL, as a role with no more rights than the page asks for.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::time::{Duration, Instant};

use crate::database_bed::{Bed, DEADLINE, account, apply, bed, lift, mark, open, right, sessions, withdraw};
use cordon_act::{PointErrorKind, PointState, ProbeAnswer, Standing, Target};
use cordon_connectors::database::{Attempt, ByPublic, Config, Server};
use cordon_connectors::{ClientIdentity, SecretSource};

fn logs_on(bed: &Bed, role: &str) -> bool {
    bed.server
        .try_psql(role, "orders", "pw", "SELECT 1")
        .status
        .success()
}

#[test]
fn a_withdrawn_logon_is_refused_and_its_sessions_end_while_others_go_on() {
    let Some(bed) = bed() else { return };
    bed.server.psql(
        "ALTER ROLE app VALID UNTIL '2035-01-01' CONNECTION LIMIT 7; COMMENT ON ROLE app IS 'it''s billing'",
    );
    let mut app = bed.server.session("app", "orders", "pw", "SELECT 1");
    let mut other = bed.server.session("other", "orders", "pw", "SELECT 1");
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &account("app"));
    assert!(!logs_on(&bed, "app") && logs_on(&bed, "other"));
    cordon_testbed::wait_until("the end of the session", 60, || !app.is_running());
    assert!(app.said().contains("terminating connection"), "{}", app.said());
    assert!(other.is_running());
    assert_eq!(left.mark, Some(mark()));
    let comment = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'app'";
    assert_eq!(
        bed.server.psql(comment),
        "it's billing\n[cordon logon cordon:0123456789abcdef]\n"
    );
    let after = lift(&mut *point, &account("app"), &prior, Some(&left.state)).unwrap();
    assert_eq!((after.standing, &after.state), (Standing::Open, &prior));
    assert!(logs_on(&bed, "app"));
    assert_eq!(bed.server.psql(comment), "it's billing\n");
    assert_eq!(
        bed.server
            .psql("SELECT rolconnlimit, rolvaliduntil FROM pg_roles WHERE rolname = 'app'"),
        "7|2035-01-01 00:00:00+00\n"
    );
}

#[test]
fn a_probe_tells_a_withdrawn_logon_from_a_password_that_it_does_not_have() {
    let Some(bed) = bed() else { return };
    let point = |database: &str| {
        let mut config = bed.config();
        config.probe = Some(Attempt {
            server: bed.socket(),
            database: database.to_owned(),
        });
        open(config)
    };
    let asks = |database: &str| point(database).probe(&account("app"), DEADLINE).unwrap();
    assert_eq!(asks("cordon_probe").answer, ProbeAnswer::Admitted);
    for closed in [false, true] {
        if closed {
            withdraw(&mut *bed.point(), &account("app"));
        }
        // The server asks for the password, or pg_hba.conf says no with the same code 28000, before it looks at the role.
        for database in ["orders", "rejected"] {
            let probe = asks(database);
            assert_eq!(
                probe.answer,
                ProbeAnswer::Inconclusive,
                "{database}: {}",
                probe.how
            );
        }
    }
    let probe = asks("cordon_probe");
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
    assert!(
        probe.how.contains("not permitted to log in (28000)"),
        "{}",
        probe.how
    );
    let unknown = point("cordon_probe").probe(&account("nobody"), DEADLINE).unwrap();
    assert_eq!(unknown.answer, ProbeAnswer::Inconclusive);
    let mut unconfigured = bed.config();
    unconfigured.probe = None;
    let probe = open(unconfigured).probe(&account("app"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
}

#[test]
fn a_probe_over_tls_shows_a_client_certificate() {
    let Some(bed) = bed() else { return };
    if !bed.server.has_tls() {
        return cordon_testbed::skip("this PostgreSQL is built without TLS");
    }
    let (certificate, key) = bed.server.authority().sign("cordon-probe");
    bed.server.let_in("app");
    let mut config = bed.config();
    let mut server = bed.tls();
    if let Server::Tls { identity, .. } = &mut server {
        *identity = Some(ClientIdentity {
            certificate: certificate.into(),
            key: SecretSource::File(key.into()),
        });
    }
    config.probe = Some(Attempt {
        server,
        database: "cordon_probe".to_owned(),
    });
    let mut point = open(config);
    let probe = point.probe(&account("app"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Admitted, "{}", probe.how);
    withdraw(&mut *point, &account("app"));
    let probe = point.probe(&account("app"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
}

#[test]
fn other_ways_to_the_rights_of_a_withdrawn_role_are_named() {
    let Some(bed) = bed() else { return };
    bed.server.psql(
        "CREATE ROLE team; GRANT app TO team; CREATE ROLE eve LOGIN; GRANT team TO eve; GRANT app TO other",
    );
    let mut point = bed.point();
    withdraw(&mut *point, &account("app"));
    let probe = point.probe(&account("app"), DEADLINE).unwrap();
    assert!(
        probe.how.contains("as members, eve, other can log in"),
        "{}",
        probe.how
    );
}

#[test]
fn a_change_by_somebody_else_is_stale_and_stays() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    let prior = point.observe(&account("app"), DEADLINE).unwrap().state;
    bed.server.psql("ALTER ROLE app CONNECTION LIMIT 3");
    let error = apply(&mut *point, &account("app"), &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    assert!(logs_on(&bed, "app"));
    let (prior, left) = withdraw(&mut *point, &account("app"));
    // The second order of the same target saw it withdrawn already.
    assert_eq!(apply(&mut *point, &account("app"), &left.state).unwrap(), left);
    bed.server.psql("ALTER ROLE app CONNECTION LIMIT 0");
    for left in [Some(&left.state), None] {
        let error = lift(&mut *point, &account("app"), &prior, left).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Stale);
    }
    assert_eq!(
        bed.server
            .psql("SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'app'"),
        "f|0\n"
    );
}

#[test]
fn a_change_that_somebody_else_commits_meanwhile_is_stale() {
    let Some(bed) = bed() else { return };
    let mut point = bed.point();
    let prior = point.observe(&account("app"), DEADLINE).unwrap().state;
    // The other transaction commits when this session ends.
    let server = &bed.server;
    let _session = server.session("postgres", "postgres", "", "SELECT pg_advisory_lock(1)");
    let waiting = &|what: &str| {
        let waiting = format!("SELECT pid FROM pg_locks WHERE NOT granted AND {what}");
        let processes = server.psql(&waiting);
        processes
            .lines()
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            server.psql("BEGIN; ALTER ROLE app CONNECTION LIMIT 3; SELECT pg_advisory_lock(1); COMMIT")
        });
        cordon_testbed::wait_until("the other transaction", 60, || {
            !waiting("locktype = 'advisory'").is_empty()
        });
        // Whoever waits no longer than the deadline changes nothing.
        let start = Instant::now();
        let applying = cordon_act::Applying {
            target: &account("app"),
            prior: &prior,
            mark: &mark(),
            lease_until: None,
        };
        let error = point.apply(&applying, Duration::from_millis(500)).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{error}");
        assert!(start.elapsed() < Duration::from_secs(60));
        let given_up = waiting("locktype <> 'advisory'");
        scope.spawn(move || {
            cordon_testbed::wait_until("the withdrawal waits for the other", 60, || {
                !waiting("locktype <> 'advisory'").is_subset(&given_up)
            });
            server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        });
        apply(&mut *point, &account("app"), &prior)
    });
    assert_eq!(answer.unwrap_err().kind, PointErrorKind::Stale);
    assert_eq!(
        bed.server
            .psql("SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'app'"),
        "t|3\n"
    );
}

#[test]
fn a_withdrawal_outlives_a_restart_and_the_point_connects_again() {
    let Some(mut bed) = bed() else { return };
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &account("app"));
    bed.server.restart();
    let seen = point.observe(&account("app"), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Withdrawn, &left.state));
    assert!(!logs_on(&bed, "app"));
    lift(&mut *point, &account("app"), &prior, None).unwrap();
    bed.server.restart();
    assert!(logs_on(&bed, "app"));
}

#[test]
fn a_connection_limit_of_none_is_withdrawn_already() {
    let Some(bed) = bed() else { return };
    bed.server.psql("ALTER ROLE app CONNECTION LIMIT 0");
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &account("app"));
    assert_eq!(prior, left.state);
    let probe = point.probe(&account("app"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
    lift(&mut *point, &account("app"), &prior, Some(&left.state)).unwrap();
    assert_eq!(
        bed.server
            .psql("SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'app'"),
        "t|0\n"
    );
}

#[test]
fn a_session_that_has_made_itself_a_withdrawn_role_ends() {
    let Some(bed) = bed() else { return };
    let mut inside = bed.server.session("app", "orders", "pw", "SET ROLE readers");
    let target = right("app", "readers", "the orders database");
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &target);
    cordon_testbed::wait_until("the end of the session", 60, || !inside.is_running());
    let becomes = || {
        bed.server
            .try_psql("app", "orders", "pw", "SET ROLE readers")
            .status
            .success()
    };
    assert!(!becomes());
    // The role may log on again, and a second order leaves that session alone.
    let mut back = bed.server.session("app", "orders", "pw", "SELECT 1");
    assert_eq!(apply(&mut *point, &target, &prior).unwrap(), left);
    assert!(back.is_running());
    // As after a crash between the commit and the cut.
    bed.server.psql(&format!(
        "COMMENT ON ROLE app IS '{}'",
        bed.comment("app").replace(']', " cutting]")
    ));
    let seen = point.observe(&target, DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Partly, &left.state));
    assert_eq!(apply(&mut *point, &target, &prior).unwrap(), left);
    cordon_testbed::wait_until("the end of the session", 60, || !back.is_running());
    lift(&mut *point, &target, &prior, Some(&left.state)).unwrap();
    assert!(becomes());
    assert_eq!(bed.comment("app"), "");
}

#[test]
fn a_right_that_comes_by_another_role_is_only_partly_withdrawn() {
    let Some(bed) = bed() else { return };
    bed.server
        .psql("CREATE ROLE team; GRANT readers TO team; GRANT team TO app");
    let target = right("app", "readers", "");
    let mut point = bed.point();
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let left = apply(&mut *point, &target, &prior).unwrap();
    assert_eq!(left.standing, Standing::Partly);
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Admitted
    );
    let after = lift(&mut *point, &target, &prior, Some(&left.state)).unwrap();
    assert_eq!(after.state, prior);
}

#[test]
fn connect_that_public_has_is_refused_unless_it_may_be_replaced() {
    let Some(bed) = bed() else { return };
    let target = right("app", "CONNECT", "orders");
    let mut config = bed.config();
    config.by_public = ByPublic::Refuse;
    let mut point = open(config.clone());
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let error = apply(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    assert!(error.text.contains("PUBLIC"), "{error}");
    assert!(logs_on(&bed, "app"));

    config.by_public = ByPublic::Replace;
    let mut point = open(config);
    let mut app = bed.server.session("app", "orders", "pw", "SELECT 1");
    let mut elsewhere = bed.server.session("app", "cordon_probe", "pw", "SELECT 1");
    let mut other = bed.server.session("other", "orders", "pw", "SELECT 1");
    let (prior, left) = withdraw(&mut *point, &target);
    cordon_testbed::wait_until("the end of the session", 60, || !app.is_running());
    assert!(elsewhere.is_running() && other.is_running());
    assert!(!logs_on(&bed, "app") && logs_on(&bed, "other"));
    lift(&mut *point, &target, &prior, Some(&left.state)).unwrap();
    assert!(logs_on(&bed, "app"));
}

#[test]
fn connect_that_would_come_back_by_a_group_is_not_withdrawn_by_half() {
    let Some(bed) = bed() else { return };
    bed.server
        .psql("CREATE ROLE team; GRANT CONNECT ON DATABASE orders TO team; GRANT team TO app");
    let target = right("app", "connect", "orders");
    let before = bed.picture();
    let mut point = bed.point();
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let error = apply(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input, "{error}");
    assert_eq!(bed.picture(), before);
}

#[test]
fn superusers_cordons_own_role_and_what_it_may_not_do_are_refused() {
    let Some(bed) = bed() else { return };
    bed.server.psql("CREATE ROLE admin LOGIN SUPERUSER");
    let before = bed.picture();
    let mut point = bed.point();
    for (target, kind) in [
        (account("admin"), PointErrorKind::Denied),
        (sessions("admin"), PointErrorKind::Denied),
        (right("admin", "readers", ""), PointErrorKind::Denied),
        (account("cordon"), PointErrorKind::Input),
        (sessions("cordon"), PointErrorKind::Input),
        (account("pg_monitor"), PointErrorKind::Input),
    ] {
        let prior = point.observe(&target, DEADLINE).unwrap().state;
        let error = apply(&mut *point, &target, &prior).unwrap_err();
        assert_eq!(error.kind, kind, "{target}: {error}");
    }
    // A database whose owner Cordon's role is no member of.
    bed.server.psql("CREATE DATABASE ledger");
    bed.server
        .psql("REVOKE CONNECT ON DATABASE ledger FROM PUBLIC; GRANT CONNECT ON DATABASE ledger TO app");
    let target = right("app", "CONNECT", "ledger");
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let error = apply(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    bed.server.psql("DROP DATABASE ledger");
    // A role without CREATEROLE.
    let mut weak = bed.config();
    weak.role = "other".to_owned();
    let prior = point.observe(&account("app"), DEADLINE).unwrap().state;
    let error = apply(&mut *open(weak), &account("app"), &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    bed.server.psql("DROP ROLE admin");
    assert_eq!(bed.picture(), before);
}

#[test]
fn names_are_names_and_never_statements() {
    let Some(bed) = bed() else { return };
    let odd = "a\"b'; DROP ROLE other; --\n\\";
    let quoted = format!("\"{}\"", odd.replace('"', "\"\""));
    bed.server
        .psql(&format!("CREATE ROLE {quoted} LOGIN PASSWORD 'pw'"));
    bed.may_alter(&quoted);
    let mut point = bed.point();
    let (prior, left) = withdraw(&mut *point, &account(odd));
    assert_eq!(
        point.probe(&account(odd), DEADLINE).unwrap().answer,
        ProbeAnswer::Refused
    );
    lift(&mut *point, &account(odd), &prior, Some(&left.state)).unwrap();
    assert_eq!(
        bed.server
            .psql("SELECT count(*) FROM pg_roles WHERE rolname = 'other'"),
        "1\n"
    );
    let long = "x".repeat(64);
    for name in ["", "a\0b", long.as_str()] {
        for target in [
            account(name),
            sessions(name),
            right(name, "readers", ""),
            right("app", "CONNECT", name),
        ] {
            let error = point.observe(&target, DEADLINE).unwrap_err();
            assert_eq!(error.kind, PointErrorKind::Input, "{target:?}");
        }
    }
    for target in [
        account("nobody"),
        sessions("nobody"),
        right("app", "nobody", ""),
        right("app", "TEMP", "nowhere"),
    ] {
        let seen = point.observe(&target, DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Absent, "{target}");
        let some = PointState(serde_json::json!({"role": "nobody"}));
        let error = apply(&mut *point, &target, &some).unwrap_err();
        assert!(
            matches!(error.kind, PointErrorKind::Input | PointErrorKind::Stale),
            "{target}: {error}"
        );
    }
    let error = point
        .observe(
            &Target::Route {
                route: "orders".to_owned(),
            },
            DEADLINE,
        )
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
}

#[test]
fn wrong_credentials_an_untrusted_certificate_and_a_stopped_server_say_who_must_act() {
    let Some(mut bed) = bed() else { return };
    let fails = |config| open(config).observe(&account("app"), DEADLINE).unwrap_err();
    let mut wrong = bed.config();
    wrong.password = Some(bed.secret("wrong"));
    let error = fails(wrong);
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    let mut none = bed.config();
    none.password = None;
    assert_eq!(fails(none).kind, PointErrorKind::Config);
    let mut missing = bed.config();
    missing.password = Some(SecretSource::File("/nonexistent/password".into()));
    assert_eq!(fails(missing).kind, PointErrorKind::Config);
    let mut elsewhere = bed.config();
    elsewhere.database = "nowhere".to_owned();
    assert_eq!(fails(elsewhere).kind, PointErrorKind::Config);
    let stranger = cordon_testbed::Authority::new();
    let mut untrusted = bed.config();
    untrusted.server = bed.tls();
    if let Server::Tls { ca_file, .. } = &mut untrusted.server {
        *ca_file = stranger.certificate().into();
    }
    let error = fails(untrusted);
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    let mut over_socket = bed.config();
    over_socket.server = bed.socket();
    assert_eq!(
        open(over_socket)
            .observe(&account("app"), DEADLINE)
            .unwrap()
            .standing,
        Standing::Open
    );
    bed.server.stop();
    let error = fails(bed.config());
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
}

#[test]
fn hostile_servers_cost_no_more_than_the_deadline_and_the_bound() {
    // An endless row description, garbage, the end of the connection, and silence.
    let endless = [b"T\x7f\xff\xff\xff".to_vec(), vec![0; 16 * 1024 * 1024]].concat();
    for reply in [
        Some(endless),
        Some(b"\xff\x00HTTP/1.1 400\r\n".to_vec()),
        Some(Vec::new()),
        None,
    ] {
        let (folder, server) = crate::database_bed::hostile(reply);
        let mut point = open(crate::database_bed::config_without_password(server));
        let start = Instant::now();
        let error = point
            .observe(&account("app"), Duration::from_millis(1500))
            .unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{error}");
        assert!(start.elapsed() < Duration::from_secs(60) && error.text.len() <= 400);
        drop(folder);
    }
}

/// The first example of a configuration on this point's page.
fn example() -> String {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/enforcement-points/database.md"
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
    assert_eq!(config.by_public, ByPublic::Refuse);
    open(config);
    assert!(parse(&format!("{}\nno-such-field: 1\n", example())).is_err());
}

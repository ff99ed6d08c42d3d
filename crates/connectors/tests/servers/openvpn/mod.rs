//! The enforcement point `openvpn` against a real server, with real clients in namespaces.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod failing;
mod sweeping;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_act::sweep::World;
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target, Whom,
};
use cordon_connectors::openvpn;
use cordon_testbed::{Folder, VpnClient, VpnOptions, VpnServer, skip, wait_until};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(120);

fn server() -> Option<VpnServer> {
    server_with(VpnOptions::default())
}

fn server_with(options: VpnOptions) -> Option<VpnServer> {
    if let Some(lacks) = VpnServer::lacks() {
        skip(&lacks);
        return None;
    }
    Some(VpnServer::start(options))
}

fn config(server: &VpnServer, probes: &[(&str, &VpnClient)]) -> Value {
    let probes: Vec<Value> = probes
        .iter()
        .map(|(account, client)| {
            let via = ["ip", "netns", "exec", client.host().name()];
            json!({"account": account, "profile": client.profile(), "via": via})
        })
        .collect();
    json!({
        "management": {"unix": server.management_socket()},
        "client-config-dir": server.client_folder(),
        "groups": {"sales": ["pat", "sam"], "nobody": []},
        "probes": probes,
    })
}

fn point(config: &Value) -> Box<dyn EnforcementPoint> {
    try_point(config).unwrap()
}

fn try_point(config: &Value) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let config = serde_json::from_value(config.clone()).unwrap();
    openvpn::connect(&PointName::from("vpn"), config)
}

fn remote(whom: Whom) -> Target {
    Target::RemoteAccess { whom }
}

fn account(name: &str) -> Target {
    remote(Whom::Account(name.to_owned()))
}

fn all_but(names: &[&str]) -> Target {
    remote(Whom::AllBut(
        names.iter().map(|name| (*name).to_owned()).collect(),
    ))
}

fn sessions(name: &str) -> Target {
    Target::Sessions {
        account: name.to_owned(),
    }
}

/// A mark of its own for each target, as the engine gives.
fn mark_of(target: &Target) -> Mark {
    let sum = target
        .to_string()
        .bytes()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    Mark(format!("cordon:{sum:016x}"))
}

fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let applying = Applying {
        target,
        prior,
        mark: &mark_of(target),
        lease_until: None,
    };
    point.apply(&applying, DEADLINE)
}

/// Withdraws a target and returns what stood before and what was left.
fn withdraw(point: &mut dyn EnforcementPoint, target: &Target) -> (PointState, PointState) {
    let prior = point.observe(target, DEADLINE).unwrap().state;
    let left = apply(point, target, &prior).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn, "{target}: {left:?}");
    (prior, left.state)
}

fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    (prior, left): &(PointState, PointState),
) -> Result<Observation, PointError> {
    let lifting = Lifting {
        target,
        prior,
        left: Some(left),
        mark: &mark_of(target),
    };
    point.lift(&lifting, DEADLINE)
}

/// Every file of the client folder with its mode and content.
fn files(folder: &Path) -> BTreeMap<String, (u32, String)> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            let content = std::fs::read(entry.path()).unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, (mode, String::from_utf8_lossy(&content).into_owned()))
        })
        .collect()
}

fn write(server: &VpnServer, name: &str, content: &str) {
    std::fs::write(server.client_folder().join(name), content).unwrap();
}

#[test]
fn a_real_client_is_thrown_out_kept_out_and_let_in_again() {
    let Some(mut server) = server() else { return };
    let (mut pat, mut kim) = (server.client("pat"), server.client("kim"));
    let mut point = point(&config(&server, &[]));
    pat.launch_for_good();
    kim.launch_for_good();
    assert!(pat.gets_in(300) && kim.gets_in(300));
    let states = withdraw(&mut *point, &account("pat"));
    assert!(!pat.is_in() && kim.is_in());
    wait_until("the client comes back and is refused", 300, || {
        pat.said().contains("AUTH_FAILED")
    });
    assert!(!pat.is_in());
    let seen = point.observe(&account("pat"), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Withdrawn, &states.1));
    assert_eq!(seen.mark, Some(mark_of(&account("pat"))));
    // The withdrawal outlives the server.
    server.restart();
    // It notices only when nothing has come for a minute.
    assert!(kim.gets_in(300), "who is not meant comes back");
    assert!(!pat.tries_to_connect(5));
    lift(&mut *point, &account("pat"), &states).unwrap();
    pat.launch_for_good();
    assert!(pat.gets_in(300), "{}", pat.said());
    assert!(files(&server.client_folder()).is_empty());
}

#[test]
fn one_account_and_all_but_some_compose_in_every_order() {
    let Some(server) = server() else { return };
    write(&server, "DEFAULT", "push \"route 10.44.0.0 255.255.0.0\"\n");
    write(&server, "sam", "# sam's own\n");
    let before = files(&server.client_folder());
    let mut clients = [server.client("pat"), server.client("kim"), server.client("sam")];
    let mut point = point(&config(&server, &[]));
    let mut admitted = |expected: [bool; 3]| {
        for (client, expected) in clients.iter_mut().zip(expected) {
            assert_eq!(
                client.tries_to_connect(if expected { 120 } else { 4 }),
                expected,
                "{}",
                client.said()
            );
            client.stop();
        }
    };
    admitted([true, true, true]);
    // `kim` is excepted and blocked by name, `pat` is neither.
    for turned in [false, true] {
        let (first, second) = if turned {
            (account("kim"), all_but(&["kim"]))
        } else {
            (all_but(&["kim"]), account("kim"))
        };
        let first_states = withdraw(&mut *point, &first);
        let second_states = withdraw(&mut *point, &second);
        admitted([false, false, false]);
        lift(&mut *point, &first, &first_states).unwrap();
        admitted(if turned {
            [false, true, false]
        } else {
            [true, false, true]
        });
        lift(&mut *point, &second, &second_states).unwrap();
        assert_eq!(files(&server.client_folder()), before);
    }
    // A group within it, and a second withdrawal of all but others.
    let targets = [
        all_but(&["kim", "pat"]),
        remote(Whom::Group("sales".to_owned())),
        all_but(&["kim"]),
        account("pat"),
    ];
    let states: Vec<_> = targets
        .iter()
        .map(|target| withdraw(&mut *point, target))
        .collect();
    admitted([false, true, false]);
    for at in [2, 0, 1] {
        lift(&mut *point, &targets[at], &states[at]).unwrap();
    }
    admitted([false, true, true]);
    lift(&mut *point, &targets[3], &states[3]).unwrap();
    assert_eq!(files(&server.client_folder()), before);
}

#[test]
fn an_exclusive_server_admits_nobody_who_was_not_admitted_before() {
    let Some(server) = server_with(VpnOptions {
        exclusive: true,
        password: None,
    }) else {
        return;
    };
    write(&server, "pat", "");
    let before = files(&server.client_folder());
    let (mut pat, mut kim) = (server.client("pat"), server.client("kim"));
    let mut exclusive = config(&server, &[]);
    exclusive["client-config-exclusive"] = json!(true);
    let mut point = point(&exclusive);
    assert_eq!(
        point.observe(&account("kim"), DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
    let states = withdraw(&mut *point, &all_but(&["kim"]));
    assert!(!kim.tries_to_connect(4), "an exception admitted who had no file");
    assert!(!pat.tries_to_connect(4));
    lift(&mut *point, &all_but(&["kim"]), &states).unwrap();
    assert!(pat.tries_to_connect(120));
    assert_eq!(files(&server.client_folder()), before);
}

#[test]
fn a_session_is_cut_once_and_may_come_back() {
    let Some(server) = server() else { return };
    let mut pat = server.client("pat");
    let mut point = point(&config(&server, &[]));
    let target = sessions("pat");
    assert_eq!(
        point.observe(&target, DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
    pat.launch_for_good();
    assert!(pat.gets_in(300));
    let seen = point.observe(&target, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Open);
    assert_eq!(
        point.observe(&target, DEADLINE).unwrap(),
        seen,
        "nothing varies by itself"
    );
    let left = apply(&mut *point, &target, &seen.state).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    assert!(!pat.is_in());
    assert!(pat.gets_in(300), "it may enter again");
    // The same order again finds the old session gone and leaves the new one.
    let again = apply(&mut *point, &target, &seen.state).unwrap();
    assert_eq!(again.standing, Standing::Withdrawn);
    assert!(pat.is_in());
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Admitted
    );
    lift(&mut *point, &target, &(seen.state, left.state)).unwrap();
    let wrong = PointState(json!({"held": "all"}));
    assert_eq!(
        apply(&mut *point, &target, &wrong).unwrap_err().kind,
        PointErrorKind::Stale
    );
}

#[test]
fn names_with_special_characters_are_cut_and_kept_out() {
    let Some(server) = server() else { return };
    let mut other = server.client("kim");
    other.connect();
    for name in [
        "we\"ird na\\me; kill kim",
        "Pat $(id) `x` #1",
        "ünï@example.org",
        "-all",
    ] {
        let mut client = server.client(name);
        let mut point = point(&config(&server, &[(name, &client)]));
        client.connect();
        let states = withdraw(&mut *point, &account(name));
        assert!(!client.is_in(), "{name}");
        client.stop();
        let probe = point.probe(&account(name), DEADLINE).unwrap();
        assert_eq!(probe.answer, ProbeAnswer::Refused, "{name}: {}", probe.how);
        lift(&mut *point, &account(name), &states).unwrap();
        let probe = point.probe(&account(name), DEADLINE).unwrap();
        assert_eq!(probe.answer, ProbeAnswer::Admitted, "{name}: {}", probe.how);
    }
    assert!(other.is_in());
    assert!(files(&server.client_folder()).is_empty());
    for name in ["../pat", "DEFAULT", "pat\nkill kim", ".cordon.new"] {
        let error = point(&config(&server, &[]))
            .observe(&account(name), DEADLINE)
            .unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name:?}");
    }
}

#[test]
fn groups_come_from_a_file_too_and_an_unknown_one_is_absent() {
    let Some(server) = server() else { return };
    let folder = Folder::new();
    let mut with_file = config(&server, &[]);
    with_file["groups-file"] = json!(folder.write("groups", "ops: kim\n"));
    let mut point = point(&with_file);
    let ops = remote(Whom::Group("ops".to_owned()));
    let states = withdraw(&mut *point, &ops);
    assert!(files(&server.client_folder()).contains_key("kim"));
    lift(&mut *point, &ops, &states).unwrap();
    let unknown = remote(Whom::Group("unknown".to_owned()));
    let seen = point.observe(&unknown, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Absent);
    let error = apply(&mut *point, &unknown, &seen.state).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    with_file["groups-file"] = json!(folder.write("groups", "no colon\n"));
    let error = point.observe(&ops, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
}

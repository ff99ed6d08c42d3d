//! The enforcement point `openvpn` against a real server, with real clients in namespaces.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target, Whom,
};
use cordon_connectors::openvpn;
use cordon_testbed::{Folder, VpnClient, VpnOptions, VpnServer, skip, wait_until};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

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

/// A VPN whose client is in before each run and cut by it.
struct Vpn {
    client: VpnClient,
    excepted: VpnClient,
    server: VpnServer,
    /// The file that an administrator disables by hand.
    disable: Vec<&'static str>,
    saved: BTreeMap<String, (u32, String)>,
    decisive: bool,
}

impl World for Vpn {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        let probes = [("pat", &self.client), ("kim", &self.excepted)];
        let probes = if self.decisive { &probes[..] } else { &[] };
        point(&config(&self.server, probes))
    }

    fn picture(&mut self, _target: &Target) -> String {
        format!("{:#?}", files(&self.server.client_folder()))
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.client.stop();
        self.saved = files(&self.server.client_folder());
        for name in &self.disable {
            write(&self.server, name, "disable\n");
        }
        // The client of the last run is forgotten only when its pings run out.
        let mut seen = self.point();
        wait_until("nobody is connected", 20, || {
            let seen = seen.observe(&account("pat"), DEADLINE).unwrap();
            seen.standing == Standing::Withdrawn || seen.standing == Standing::Open
        });
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        for name in &self.disable {
            let path = self.server.client_folder().join(name);
            match self.saved.get(*name) {
                Some((_, content)) => std::fs::write(path, content).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
        }
    }

    fn before_run(&mut self, _target: &Target) {
        self.client.connect();
    }
}

fn sweep_over(target: &Target, disable: &[&'static str], decisive: bool) {
    let Some(server) = server() else { return };
    write(
        &server,
        "DEFAULT",
        "push \"route 10.44.0.0 255.255.0.0\"\n# the end",
    );
    write(&server, "pat", "ifconfig-push 10.93.0.77 255.255.255.0\n");
    write(&server, "sam", "");
    std::fs::set_permissions(
        server.client_folder().join("sam"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    let mut world = Vpn {
        client: server.client("pat"),
        excepted: server.client("kim"),
        server,
        disable: disable.to_vec(),
        saved: BTreeMap::new(),
        decisive,
    };
    let runs = sweep(&mut world, target).unwrap();
    assert_eq!(runs, 18);
}

#[test]
fn one_account_passes_the_sweep_with_a_client_that_tries() {
    sweep_over(&account("pat"), &["pat"], true);
}

#[test]
fn a_group_passes_the_sweep() {
    sweep_over(&remote(Whom::Group("sales".to_owned())), &["pat", "sam"], true);
}

#[test]
fn all_but_one_passes_the_sweep_with_clients_that_try() {
    sweep_over(&all_but(&["kim"]), &["DEFAULT", "pat", "sam"], true);
}

#[test]
fn all_passes_the_sweep_by_reading() {
    sweep_over(&all_but(&[]), &["DEFAULT", "pat", "sam"], false);
}

#[test]
fn a_real_client_is_thrown_out_kept_out_and_let_in_again() {
    let Some(mut server) = server() else { return };
    let (mut pat, mut kim) = (server.client("pat"), server.client("kim"));
    let mut point = point(&config(&server, &[]));
    pat.launch_for_good();
    kim.launch_for_good();
    assert!(pat.gets_in(20) && kim.gets_in(20));
    let states = withdraw(&mut *point, &account("pat"));
    assert!(!pat.is_in() && kim.is_in());
    wait_until("the client comes back and is refused", 30, || {
        pat.said().contains("AUTH_FAILED")
    });
    assert!(!pat.is_in());
    let seen = point.observe(&account("pat"), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Withdrawn, &states.1));
    assert_eq!(seen.mark, Some(mark_of(&account("pat"))));
    // The withdrawal outlives the server.
    server.restart();
    assert!(kim.gets_in(30), "who is not meant comes back");
    assert!(!pat.tries_to_connect(5));
    lift(&mut *point, &account("pat"), &states).unwrap();
    pat.launch_for_good();
    assert!(pat.gets_in(20), "{}", pat.said());
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
                client.tries_to_connect(if expected { 20 } else { 4 }),
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
    assert!(pat.tries_to_connect(20));
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
    assert!(pat.gets_in(20));
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
    assert!(pat.gets_in(30), "it may enter again");
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
fn what_somebody_else_changed_is_stale_and_untouched() {
    let Some(server) = server() else { return };
    let mut point = point(&config(&server, &[]));
    let target = account("pat");
    let states = withdraw(&mut *point, &target);
    let ours = files(&server.client_folder())["pat"].1.clone();
    for changed in [
        format!("{ours}push \"route 10.0.0.0 255.0.0.0\"\n"),
        "disable\n".to_owned(),
    ] {
        write(&server, "pat", &changed);
        let error = lift(&mut *point, &target, &states).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Stale);
        let error = apply(&mut *point, &target, &states.0).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Stale);
        assert_eq!(files(&server.client_folder())["pat"].1, changed);
    }
    // Who takes the line away has lifted it.
    std::fs::remove_file(server.client_folder().join("pat")).unwrap();
    let seen = lift(&mut *point, &target, &states).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Open, &states.0));
}

#[test]
fn a_withdrawal_that_broke_off_midway_is_finished_or_lifted() {
    let Some(server) = server() else { return };
    write(&server, "pat", "# pat\n");
    let before = files(&server.client_folder());
    let mut point = point(&config(&server, &[]));
    for target in [remote(Whom::Group("sales".to_owned())), all_but(&["kim"])] {
        let states = withdraw(&mut *point, &target);
        let whole = files(&server.client_folder());
        write(&server, "pat", "# pat\n");
        std::fs::write(server.client_folder().join(".cordon.new"), "torn").unwrap();
        let seen = point.observe(&target, DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Partly);
        let again = apply(&mut *point, &target, &states.0).unwrap();
        assert_eq!(again.state, states.1);
        assert_eq!(files(&server.client_folder()), whole);
        write(&server, "pat", "# pat\n");
        let lifting = Lifting {
            target: &target,
            prior: &states.0,
            left: None,
            mark: &mark_of(&target),
        };
        point.lift(&lifting, DEADLINE).unwrap();
        assert_eq!(files(&server.client_folder()), before);
    }
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

#[test]
fn a_file_that_is_none_is_not_followed() {
    let Some(server) = server() else { return };
    let folder = Folder::new();
    let elsewhere = folder.write("elsewhere", "untouched");
    std::os::unix::fs::symlink(&elsewhere, server.client_folder().join("pat")).unwrap();
    let error = point(&config(&server, &[]))
        .observe(&account("pat"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "untouched");
}

#[test]
fn the_password_is_said_and_a_wrong_one_is_denied() {
    let options = VpnOptions {
        exclusive: false,
        password: Some("correct horse".to_owned()),
    };
    let Some(server) = server_with(options) else {
        return;
    };
    let folder = Folder::new();
    let secret = |name: &str, text: &str| {
        let path = folder.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        json!({"file": path})
    };
    let mut protected = config(&server, &[]);
    let observe = |config: &Value| point(config).observe(&account("pat"), DEADLINE);
    assert_eq!(observe(&protected).unwrap_err().kind, PointErrorKind::Config);
    protected["password"] = secret("right", "correct horse\n");
    assert_eq!(observe(&protected).unwrap().standing, Standing::Open);
    // The same over TCP, whose other end leads to the server's socket.
    let address = lead_to(server.management_socket());
    protected["management"] = json!({"loopback": address});
    let states = withdraw(&mut *point(&protected), &account("pat"));
    lift(&mut *point(&protected), &account("pat"), &states).unwrap();
    for wrong in ["battery staple", "two\nlines"] {
        protected["password"] = secret("wrong", wrong);
        let error = observe(&protected).unwrap_err();
        let kinds = [PointErrorKind::Denied, PointErrorKind::Config];
        assert!(kinds.contains(&error.kind), "{error}");
        assert!(
            !format!("{error} {error:?}").contains(wrong),
            "an error told the password"
        );
    }
}

/// A TCP port of this host that leads to a Unix socket, for ever.
fn lead_to(socket: std::path::PathBuf) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = UnixStream::connect(&socket).unwrap();
            let (mut near_read, mut near) = (near.try_clone().unwrap(), near);
            let (mut far_read, mut far) = (far.try_clone().unwrap(), far);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut near_read, &mut far);
                let _ = far.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut far_read, &mut near);
                let _ = near.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    address
}

#[test]
fn a_server_that_is_away_or_busy_is_an_error_in_time_and_nothing_is_changed() {
    let Some(mut server) = server() else { return };
    let mut point = point(&config(&server, &[]));
    let prior = point.observe(&account("pat"), DEADLINE).unwrap().state;
    let applying = Applying {
        target: &account("pat"),
        prior: &prior,
        mark: &mark_of(&account("pat")),
        lease_until: None,
    };
    // Another program is attached: the server talks to one at a time.
    let other = UnixStream::connect(server.management_socket()).unwrap();
    let started = Instant::now();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(other);
    server.stop();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(files(&server.client_folder()).is_empty());
    server.restart();
    assert_eq!(
        point.apply(&applying, DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
}

#[test]
fn hostile_replies_are_bounded_errors() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("ccd")).unwrap();
    let endless_line = vec![b'x'; 1 << 20];
    let many_lines = b"CLIENT_LIST\tx\n".repeat(4 << 20);
    let replies: [&[u8]; 7] = [
        b"",
        b"\xff\xff\0\n\n\n",
        b"ENTER PASSWORD:",
        b">INFO\nERROR: no\n",
        b">INFO\nEND\n",
        &endless_line,
        &many_lines,
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let socket = folder.file(&format!("hostile-{number}"));
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut ask = [0; 16];
                let _ = stream.write_all(reply);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
                while matches!(stream.read(&mut ask), Ok(1..)) {}
            });
            let config = json!({"management": {"unix": socket}, "client-config-dir": folder.file("ccd")});
            let started = Instant::now();
            let error = point(&config)
                .observe(&account("pat"), Duration::from_secs(10))
                .unwrap_err();
            let kinds = [PointErrorKind::Target, PointErrorKind::Config];
            assert!(kinds.contains(&error.kind), "{number}: {error}");
            assert!(
                error.text.len() <= 400 && started.elapsed() < Duration::from_secs(12),
                "{number}"
            );
        });
    }
}

#[test]
fn a_missing_folder_is_a_wrong_configuration() {
    let Some(server) = server() else { return };
    let mut missing = config(&server, &[]);
    missing["client-config-dir"] = json!("/no/such/folder");
    let error = point(&missing).observe(&account("pat"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
}

#[test]
fn a_management_interface_elsewhere_or_without_a_password_is_refused() {
    let password = json!({"environment": "VPN_PASSWORD"});
    for wrong in [
        json!({"management": {"loopback": "192.0.2.1:7505"}, "client-config-dir": "/etc/openvpn/ccd", "password": password}),
        json!({"management": {"loopback": "127.0.0.1:7505"}, "client-config-dir": "/etc/openvpn/ccd"}),
        json!({"management": {"unix": "/run/m"}, "client-config-dir": "/c", "groups": {"g": ["../x"]}}),
    ] {
        assert_eq!(
            try_point(&wrong).err().unwrap().kind,
            PointErrorKind::Config,
            "{wrong}"
        );
    }
}

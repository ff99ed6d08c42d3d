//! The RADIUS point against FreeRADIUS, and against hostapd as a network access server with a client.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use cordon_connectors::SecretSource;
use cordon_connectors::radius::{AccessServer, Config, Cut, Server, connect};
use cordon_testbed::{AccessServer as Switch, Folder, FreeRadius, skip};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(25);
const MARK: &str = "cordon:0123456789abcdef";

fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

fn sessions(name: &str) -> Target {
    Target::Sessions {
        account: name.to_owned(),
    }
}

fn secret(folder: &Folder, name: &str, value: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.write(name, value);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

fn access_server(folder: &Folder, address: &str, shared: &str) -> AccessServer {
    AccessServer {
        address: address.parse().unwrap(),
        secret: secret(folder, "access-server", shared),
        identifier: None,
        cut: Cut::Disconnect,
        require_message_authenticator: true,
    }
}

/// FreeRADIUS 3.2.1 does not sign its Disconnect answers by Message-Authenticator.
fn at_freeradius(folder: &Folder, radius: &FreeRadius) -> AccessServer {
    AccessServer {
        require_message_authenticator: false,
        ..access_server(folder, &radius.cutting_address(), FreeRadius::SECRET)
    }
}

fn server(folder: &Folder, radius: &FreeRadius) -> Server {
    Server {
        address: radius.address().parse().unwrap(),
        secret: secret(folder, "server", FreeRadius::SECRET),
        refusals_file: PathBuf::from(radius.refusals()),
        pid_file: PathBuf::from(radius.pid_file()),
    }
}

fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("wifi"), config.clone()).unwrap()
}

fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
    deadline: Duration,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
    };
    point.apply(&applying, deadline)
}

fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point.lift(&lifting, DEADLINE)
}

fn started() -> Option<(FreeRadius, Folder)> {
    match FreeRadius::start() {
        Ok(radius) => Some((radius, Folder::new())),
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

struct AtFreeRadius {
    radius: FreeRadius,
    config: Config,
}

impl World for AtFreeRadius {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    /// What the file holds, and who really gets in.
    fn picture(&mut self, _target: &Target) -> String {
        let admits: Vec<bool> = ["alice", "bob"]
            .iter()
            .map(|name| self.radius.admits(name))
            .collect();
        format!("{admits:?}\n{}", self.radius.refused())
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.radius.set_refused("# by hand\nalice Auth-Type := Reject\n");
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.radius.set_refused("");
    }
}

#[test]
fn an_account_is_refused_and_admitted_again_whatever_fails_between() {
    let Some((radius, folder)) = started() else { return };
    let config = Config {
        access_servers: vec![at_freeradius(&folder, &radius)],
        server: Some(server(&folder, &radius)),
    };
    let mut world = AtFreeRadius { radius, config };
    sweep(&mut world, &account("alice")).unwrap();
}

/// A point at the switch, whose user logs on again after a lift, as users do.
struct WithUser {
    point: Box<dyn EnforcementPoint>,
    switch: Arc<Switch>,
}

impl EnforcementPoint for WithUser {
    fn capabilities(&self) -> Capabilities {
        self.point.capabilities()
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.switch.within(|| self.point.observe(target, deadline))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        self.switch.within(|| self.point.apply(applying, deadline))
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let done = self.switch.within(|| self.point.lift(lifting, deadline));
        self.switch.wait_for(true);
        done
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        self.switch.within(|| self.point.probe(target, deadline))
    }
}

struct AtSwitch {
    switch: Arc<Switch>,
    config: Config,
    _folder: Folder,
}

impl World for AtSwitch {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        Box::new(WithUser {
            point: point(&self.config),
            switch: Arc::clone(&self.switch),
        })
    }

    /// What the switch itself says of the port: that is so when it has acknowledged; packets are held back a moment later.
    fn picture(&mut self, _target: &Target) -> String {
        let stations = self.switch.stations();
        format!("authorized: {}", stations.contains("[AUTHORIZED]"))
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        false
    }
}

fn switched() -> Option<AtSwitch> {
    match Switch::start() {
        Ok(switch) => {
            let folder = Folder::new();
            let config = Config {
                access_servers: vec![AccessServer {
                    identifier: Some(Switch::IDENTIFIER.to_owned()),
                    ..access_server(&folder, Switch::ADDRESS, Switch::SECRET)
                }],
                server: Some(server(&folder, &switch.radius)),
            };
            Some(AtSwitch {
                switch: Arc::new(switch),
                config,
                _folder: folder,
            })
        }
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

#[test]
fn sessions_are_cut_at_a_real_switch_whatever_fails_between() {
    let Some(mut world) = switched() else { return };
    sweep(&mut world, &sessions("alice")).unwrap();
}

#[test]
fn a_client_is_cut_off_while_its_account_is_refused_and_comes_back_after_the_lift() {
    let Some(mut world) = switched() else { return };
    let switch = Arc::clone(&world.switch);
    let target = account("alice");
    let mut point = world.point();
    let prior = point.observe(&target, DEADLINE).unwrap();
    assert_eq!(prior.standing, Standing::Open);
    let prior = prior.state;

    let left = apply(&mut *point, &target, &prior, DEADLINE).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    switch.wait_for(false);
    switch.log_on();
    std::thread::sleep(Duration::from_secs(4));
    assert!(!switch.lets_through(), "a refused account came back");
    let probe = point.probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);

    // Waits until the client gets through again.
    assert_eq!(lift(&mut *point, &target, &prior).unwrap().state, prior);
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Admitted
    );
}

#[test]
fn a_switch_that_knows_no_such_session_has_nothing_open_and_one_that_refuses_says_why() {
    let Some(mut world) = switched() else { return };
    let prior = world
        .point()
        .observe(&sessions("nobody"), DEADLINE)
        .unwrap()
        .state;
    let done = apply(&mut *world.point(), &sessions("nobody"), &prior, DEADLINE).unwrap();
    assert_eq!(done.standing, Standing::Withdrawn);
    assert!(world.switch.lets_through());

    let mut tell = |change: &dyn Fn(&mut AccessServer)| {
        let before = world.config.clone();
        change(world.config.access_servers.first_mut().unwrap());
        let result = apply(
            &mut *world.point(),
            &sessions("alice"),
            &prior,
            Duration::from_secs(3),
        );
        world.config = before;
        result.unwrap_err()
    };
    let error = tell(&|server| server.identifier = Some("another".to_owned()));
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    // hostapd 2.10 takes Change-of-Authorization for one purpose of its own only.
    let error = tell(&|server| server.cut = Cut::Reauthorize);
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    let other = Folder::new();
    let error = tell(&|server| server.secret = secret(&other, "wrong", "not-the-secret"));
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(!error.text.contains("not-the-secret"));
    assert!(world.switch.lets_through());
}

#[test]
fn freeradius_as_access_server_takes_both_kinds_of_message() {
    let Some((radius, folder)) = started() else { return };
    for cut in [Cut::Disconnect, Cut::Reauthorize] {
        let server = AccessServer {
            cut,
            ..at_freeradius(&folder, &radius)
        };
        let config = Config {
            access_servers: vec![server],
            server: None,
        };
        assert_eq!(point(&config).capabilities().kinds, [TargetKind::Sessions]);
        let tell = |name: &str| {
            let prior = point(&config).observe(&sessions(name), DEADLINE).unwrap().state;
            apply(&mut *point(&config), &sessions(name), &prior, DEADLINE)
        };
        tell("alice").unwrap();
        let error = tell("carol").unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
        let error = tell("bob").unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    }
}

#[test]
fn all_access_servers_are_told_even_if_one_is_down() {
    let Some((radius, folder)) = started() else { return };
    let down = access_server(&folder, "127.0.0.1:9", "any");
    let up = at_freeradius(&folder, &radius);
    let prior = PointState(json!({"sessions": "not told"}));
    let begun = Instant::now();
    for (servers, kind) in [
        (vec![down.clone()], PointErrorKind::Target),
        (vec![down.clone(), up.clone()], PointErrorKind::Unknown),
        (vec![up, down], PointErrorKind::Unknown),
    ] {
        let config = Config {
            access_servers: servers,
            server: None,
        };
        let error = apply(&mut *point(&config), &sessions("alice"), &prior, DEADLINE).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it is known at once that nobody listens"
    );
}

/// An access server on loopback whose answers to each packet (by number, from 0) a closure writes; what came goes to the channel.
fn odd_access_server(
    answer: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, came) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        for number in 0.. {
            let Ok((count, from)) = socket.recv_from(&mut buffer) else {
                return;
            };
            let packet = buffer.get(..count).unwrap_or_default().to_vec();
            for reply in answer(number, &packet) {
                let _ = socket.send_to(&reply, from);
            }
            if sender.send(packet).is_err() {
                return;
            }
        }
    });
    (address, came)
}

#[test]
fn what_is_lost_is_sent_again_unchanged_and_hostile_replies_are_counted_and_not_believed() {
    let folder = Folder::new();
    let prior = PointState(json!({"sessions": "not told"}));
    let tell = |address: SocketAddr, seconds| {
        let config = Config {
            access_servers: vec![access_server(&folder, &address.to_string(), "xyzzy")],
            server: None,
        };
        apply(
            &mut *point(&config),
            &sessions("alice"),
            &prior,
            Duration::from_secs(seconds),
        )
        .unwrap_err()
    };
    let (address, came) = odd_access_server(|number, packet| {
        let id = packet.get(1).copied().unwrap_or_default();
        // An acknowledgement that nobody signed, one for another request, nonsense, and a packet that says it is longer than it is.
        let mut forged = vec![41, id, 0, 20];
        forged.extend([7; 16]);
        let mut other = forged.clone();
        other.splice(1..2, [id.wrapping_add(1)]);
        if number == 0 {
            vec![forged, other, b"x".to_vec(), vec![41, id, 255, 255, 1]]
        } else {
            vec![]
        }
    });
    let error = tell(address, 4);
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(error.text.contains("4 replies were not counted"), "{error}");
    let packets: Vec<Vec<u8>> = came.try_iter().collect();
    assert!(packets.len() >= 2, "{}", packets.len());
    assert!(packets.iter().all(|packet| Some(packet) == packets.first()));

    let (address, _came) = odd_access_server(|_, _| vec![vec![0; 4000]; 500]);
    let begun = Instant::now();
    let error = tell(address, 20);
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15), "a flood is given up");
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
        Duration::from_secs(4),
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
    for name in ["o'neil, p.", "corp\\pat", "%{User-Name}", "# ärger"] {
        apply(&mut *point, &account(name), &prior, DEADLINE).unwrap();
        assert_eq!(
            point.probe(&account(name), DEADLINE).unwrap().answer,
            ProbeAnswer::Refused,
            "{name}"
        );
        assert!(radius.admits("alice"), "{name} refused somebody else");
        lift(&mut *point, &account(name), &prior).unwrap();
    }
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

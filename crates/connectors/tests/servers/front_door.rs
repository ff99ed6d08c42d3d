//! The front door against a real HAProxy.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target,
};
use cordon_connectors::front_door::{Attempt, Config, connect};
use cordon_testbed::{Folder, HaProxy, missing_program, skip};

const DEADLINE: Duration = Duration::from_secs(60);

fn proxy() -> Option<HaProxy> {
    if let Some(program) = missing_program(&HaProxy::PROGRAMS) {
        skip(&format!("{program} is not installed"));
        return None;
    }
    Some(HaProxy::start())
}

fn config(proxy: &HaProxy) -> Config {
    let attempt = |path: &str| Attempt {
        url: proxy.url(path),
        address: None,
        ca_file: None,
    };
    Config {
        socket: proxy.socket().into(),
        map: proxy.map().into(),
        drain_seconds: 0,
        routes: [
            ("orders".to_owned(), attempt("/orders/1")),
            ("portal".to_owned(), attempt("/")),
        ]
        .into(),
    }
}

fn open(config: Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("front"), config).unwrap()
}

fn point(proxy: &HaProxy) -> Box<dyn EnforcementPoint> {
    open(config(proxy))
}

fn route(name: &str) -> Target {
    Target::Route {
        route: name.to_owned(),
    }
}

fn mark() -> Mark {
    Mark::from("cordon:0123456789abcdef")
}

fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let applying = Applying {
        target,
        prior,
        mark: &mark(),
        lease_until: None,
    };
    point.apply(&applying, DEADLINE)
}

fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
    left: Option<&PointState>,
) -> Result<Observation, PointError> {
    let lifting = Lifting {
        target,
        prior,
        left,
        mark: &mark(),
    };
    point.lift(&lifting, DEADLINE)
}

fn withdraw(point: &mut dyn EnforcementPoint, target: &Target) -> (PointState, Observation) {
    let prior = point.observe(target, DEADLINE).unwrap().state;
    let left = apply(point, target, &prior).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    (prior, left)
}

struct Front(HaProxy);

impl World for Front {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.0)
    }

    fn picture(&mut self, _target: &Target) -> String {
        let map = self.0.say(&format!("show map {}", self.0.map()));
        let entries: Vec<&str> = map
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.1))
            .collect();
        let stat = self.0.say("show stat -1 6 -1");
        let states: Vec<&str> = stat.lines().filter_map(|line| line.split(',').nth(17)).collect();
        format!(
            "in force {entries:?}, kept {:?}, states {states:?}, orders {}, portal {}",
            std::fs::read_to_string(self.0.map()).unwrap(),
            self.0.get("/orders/2").status,
            self.0.get("/x").status
        )
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        let map = self.0.map();
        assert_eq!(self.0.say(&format!("add map {map} orders by-hand")).trim(), "");
        std::fs::write(map, "# by hand\norders by-hand\n").unwrap();
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        let map = self.0.map();
        assert_eq!(self.0.say(&format!("del map {map} orders")).trim(), "");
        std::fs::write(map, "").unwrap();
    }
}

#[test]
fn sweep_over_a_route() {
    let Some(proxy) = proxy() else { return };
    let runs = sweep(&mut Front(proxy), &route("orders")).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runs, 18);
}

#[test]
fn the_holding_page_answers_for_one_route_while_the_other_serves() {
    let Some(proxy) = proxy() else { return };
    std::fs::write(proxy.map(), "# notes\nelsewhere   kept as it is\n").unwrap();
    let map = proxy.map();
    assert_eq!(
        proxy
            .say(&format!("add map {map} <<\nelsewhere kept as it is\n"))
            .trim(),
        ""
    );
    let mut point = point(&proxy);
    let (prior, left) = withdraw(&mut *point, &route("orders"));
    let held = proxy.get("/orders/7");
    assert_eq!(held.status, 503);
    assert!(
        held.text
            .to_lowercase()
            .contains("x-cordon-held: cordon:0123456789abcdef"),
        "{}",
        held.text
    );
    assert_eq!(proxy.get("/portal").status, 200);
    assert!(
        proxy
            .say(&format!("show map {map}"))
            .contains("elsewhere kept as it is")
    );
    let probe = point.probe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused);
    assert!(
        probe.how.contains("neighbour portal answered 200"),
        "{}",
        probe.how
    );
    assert_eq!(left.mark, Some(mark()));
    lift(&mut *point, &route("orders"), &prior, Some(&left.state)).unwrap();
    assert_eq!(
        std::fs::read_to_string(map).unwrap(),
        "# notes\nelsewhere   kept as it is\n"
    );
    assert_eq!(proxy.get("/orders/7").status, 200);
}

#[test]
fn a_request_in_flight_is_cut_at_once_and_only_on_its_route() {
    let Some(proxy) = proxy() else { return };
    let mut orders = proxy.request("/orders/stream").unwrap();
    let mut portal = proxy.request("/stream").unwrap();
    orders.read_exact(&mut [0; 60]).unwrap();
    portal.read_exact(&mut [0; 60]).unwrap();
    withdraw(&mut *point(&proxy), &route("orders"));
    let start = Instant::now();
    drop(orders.read_to_end(&mut Vec::new()));
    assert!(start.elapsed() < Duration::from_secs(60), "the stream went on");
    portal.read_exact(&mut [0; 200]).unwrap();
}

#[test]
fn a_request_that_ends_within_the_drain_time_is_not_cut() {
    let Some(proxy) = proxy() else { return };
    let mut draining = config(&proxy);
    draining.drain_seconds = 15;
    let mut stream = proxy.request("/orders/lines/20").unwrap();
    stream.read_exact(&mut [0; 60]).unwrap();
    let prior = PointState(serde_json::json!({"in_force": null, "kept": null}));
    let left = apply(&mut *open(draining), &route("orders"), &prior).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("\n18\n19\n"), "{rest:?}");
}

#[test]
fn a_request_that_outlasts_the_drain_time_is_cut_after_it() {
    let Some(proxy) = proxy() else { return };
    let mut draining = config(&proxy);
    draining.drain_seconds = 1;
    let mut stream = proxy.request("/orders/stream").unwrap();
    stream.read_exact(&mut [0; 60]).unwrap();
    let start = Instant::now();
    let (_, left) = withdraw(&mut *open(draining), &route("orders"));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(left.standing, Standing::Withdrawn);
    drop(stream.read_to_end(&mut Vec::new()));
}

#[test]
fn a_paused_route_with_something_in_flight_is_partly_withdrawn_and_a_second_order_finishes_it() {
    let Some(proxy) = proxy() else { return };
    let mut stream = proxy.request("/orders/stream").unwrap();
    stream.read_exact(&mut [0; 60]).unwrap();
    let mut point = point(&proxy);
    let prior = point.observe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(prior.standing, Standing::Open);
    // As after a crash between the file, the commit and the cut.
    std::fs::write(proxy.map(), format!("orders {}\n", mark())).unwrap();
    assert_eq!(
        point.observe(&route("orders"), DEADLINE).unwrap().standing,
        Standing::Partly
    );
    assert_eq!(
        proxy
            .say(&format!("add map {} orders {}", proxy.map(), mark()))
            .trim(),
        ""
    );
    assert_eq!(
        point.observe(&route("orders"), DEADLINE).unwrap().standing,
        Standing::Partly
    );
    let left = apply(&mut *point, &route("orders"), &prior.state).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
}

#[test]
fn a_withdrawal_outlives_reload_and_restart_and_so_does_a_lift() {
    let Some(mut proxy) = proxy() else { return };
    let mut point = point(&proxy);
    let (prior, left) = withdraw(&mut *point, &route("orders"));
    for restart in [HaProxy::reload, HaProxy::restart] {
        restart(&mut proxy);
        assert_eq!(proxy.get("/orders/1").status, 503);
        let seen = point.observe(&route("orders"), DEADLINE).unwrap();
        assert_eq!((seen.standing, &seen.state), (Standing::Withdrawn, &left.state));
    }
    let after = lift(&mut *point, &route("orders"), &prior, Some(&left.state)).unwrap();
    assert_eq!((after.standing, &after.state), (Standing::Open, &prior));
    for restart in [HaProxy::reload, HaProxy::restart] {
        restart(&mut proxy);
        assert_eq!(proxy.get("/orders/1").status, 200);
    }
}

#[test]
fn equal_marks_overlap_and_a_change_by_somebody_else_is_stale() {
    let Some(proxy) = proxy() else { return };
    let mut point = point(&proxy);
    let (prior, left) = withdraw(&mut *point, &route("orders"));
    // The second order of the same target saw it withdrawn already.
    let again = apply(&mut *point, &route("orders"), &left.state).unwrap();
    assert_eq!(again, left);
    let map = proxy.map();
    assert_eq!(proxy.say(&format!("set map {map} orders by-hand")).trim(), "");
    for answer in [
        apply(&mut *point, &route("orders"), &prior),
        lift(&mut *point, &route("orders"), &prior, Some(&left.state)),
        lift(&mut *point, &route("orders"), &prior, None),
    ] {
        assert_eq!(answer.unwrap_err().kind, PointErrorKind::Stale);
    }
    assert!(proxy.say(&format!("show map {map}")).contains("orders by-hand"));
    assert_eq!(
        std::fs::read_to_string(map).unwrap(),
        format!("orders {}\n", mark())
    );
}

#[test]
fn a_feigned_holding_page_is_no_refusal() {
    let Some(proxy) = proxy() else { return };
    let mut config = config(&proxy);
    config.routes.get_mut("orders").unwrap().url = proxy.url("/orders/feign/cordon:0123456789abcdef");
    let mut point = open(config);
    let probe = point.probe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Admitted, "{}", probe.how);
    assert!(
        proxy
            .get("/orders/feign/x")
            .text
            .contains("orders /orders/feign/x")
    );
}

#[test]
fn a_probe_over_tls_is_verified() {
    let Some(proxy) = proxy() else { return };
    let over_tls = |ca_file: String| {
        let mut config = config(&proxy);
        for (route, path) in [("orders", "/orders/1"), ("portal", "/")] {
            config.routes.insert(
                route.to_owned(),
                Attempt {
                    url: proxy.tls_url(path),
                    address: Some(proxy.tls_address()),
                    ca_file: Some(ca_file.clone().into()),
                },
            );
        }
        open(config)
    };
    let mut point = over_tls(proxy.authority().certificate());
    let probe = point.probe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Admitted, "{}", probe.how);
    withdraw(&mut *point, &route("orders"));
    let probe = point.probe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
    let stranger = cordon_testbed::Authority::new();
    let error = over_tls(stranger.certificate())
        .probe(&route("orders"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
}

#[test]
fn a_server_that_is_down_is_not_taken_for_a_withdrawal() {
    let Some(proxy) = proxy() else { return };
    assert_eq!(proxy.say("set server orders/one state maint").trim(), "");
    let probe = point(&proxy).probe(&route("orders"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive, "{}", probe.how);
}

#[test]
fn names_that_could_be_commands_are_refused_and_unknown_ones_are_absent() {
    let Some(proxy) = proxy() else { return };
    let mut point = point(&proxy);
    let before = proxy.say("show stat -1 7 -1").lines().count();
    for name in [
        "",
        "orders;shutdown frontend web",
        "orders\nshutdown frontend web",
        "a b",
        "orders\0",
        "é",
    ] {
        let error = point.observe(&route(name), DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name:?}");
        let state = PointState(serde_json::json!({"in_force": null, "kept": null}));
        let error = apply(&mut *point, &route(name), &state).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name:?}");
    }
    assert_eq!(proxy.say("show stat -1 7 -1").lines().count(), before);
    assert_eq!(proxy.get("/orders").status, 200);
    let seen = point.observe(&route("nowhere"), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Absent);
    let error = apply(&mut *point, &route("nowhere"), &seen.state).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    let account = Target::Account {
        account: "orders".to_owned(),
    };
    assert_eq!(
        point.observe(&account, DEADLINE).unwrap_err().kind,
        PointErrorKind::Input
    );
}

#[test]
fn a_socket_without_rights_a_wrong_map_and_a_stopped_server_say_who_must_act() {
    let Some(mut proxy) = proxy() else { return };
    let mut operator = config(&proxy);
    operator.socket = proxy.operator_socket().into();
    let prior = PointState(serde_json::json!({"in_force": null, "kept": null}));
    let error = apply(&mut *open(operator), &route("orders"), &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    assert_eq!(std::fs::read_to_string(proxy.map()).unwrap(), "");

    let folder = Folder::new();
    let mut other = config(&proxy);
    other.map = folder.write("other.map", "").into();
    assert_eq!(
        open(other).observe(&route("orders"), DEADLINE).unwrap_err().kind,
        PointErrorKind::Config
    );

    proxy.stop();
    let error = apply(&mut *point(&proxy), &route("orders"), &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert_eq!(std::fs::read_to_string(proxy.map()).unwrap(), "");
}

/// A runtime API that says `reply` to everything, or nothing at all.
fn hostile(folder: &Folder, reply: Option<Vec<u8>>) -> Config {
    let socket = folder.file("hostile.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match &reply {
                Some(reply) => drop(stream.write_all(reply)),
                None => silent.push(stream),
            }
        }
    });
    Config {
        socket: socket.into(),
        map: folder.write("cordon.map", "").into(),
        drain_seconds: 0,
        routes: [].into(),
    }
}

#[test]
fn hostile_replies_are_bounded_errors() {
    let endless = b"0x1 a b\n".repeat(512 * 1024);
    for reply in [
        b"\xff\xfe\x00".to_vec(),
        b"<html>".repeat(100),
        b"0x1 a b\n".to_vec(),
        endless,
        Vec::new(),
    ] {
        let folder = Folder::new();
        let mut point = open(hostile(&folder, Some(reply)));
        let error = point.observe(&route("orders"), DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target);
        assert!(error.text.len() <= 400 && !error.text.contains('\n'));
    }
}

#[test]
fn a_server_that_says_nothing_costs_no_more_than_the_deadline() {
    let folder = Folder::new();
    let mut point = open(hostile(&folder, None));
    let start = Instant::now();
    let error = point
        .observe(&route("orders"), Duration::from_millis(300))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// The first example of a configuration on this point's page.
fn example() -> String {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/enforcement-points/front_door.md"
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
    assert_eq!(config.routes.len(), 2);
    connect(&PointName::from("front"), config).unwrap();
    assert!(parse(&format!("{}\nno-such-field: 1\n", example())).is_err());
}

//! The enforcement point `firewall` against a real kernel: three hosts in namespaces, the one in the middle withdraws.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod failing;
mod leases;
mod sweeping;

use std::io::Read as _;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, Endpoint, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Protocol, Standing, Target,
};
use cordon_connectors::firewall;
use cordon_testbed::{FirewallBed, Folder, skip, wait_until};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(120);
const PORT: u16 = 5432;
const OTHER_PORT: u16 = 8080;

/// The bed with an echoing server on two ports at each end, or none where it cannot be had.
fn bed() -> Option<FirewallBed> {
    if let Some(lacks) = FirewallBed::lacks() {
        skip(&lacks);
        return None;
    }
    let bed = FirewallBed::new();
    for host in [&bed.server, &bed.client] {
        FirewallBed::serve_echo(host, PORT);
        FirewallBed::serve_echo(host, OTHER_PORT);
    }
    Some(bed)
}

fn in_namespace(name: &str) -> Value {
    json!(["ip", "netns", "exec", name])
}

/// Probes from both hosts to the other, on [`PORT`], in both families.
fn config(bed: &FirewallBed) -> Value {
    let mut probes = Vec::new();
    for (near, far) in FirewallBed::CLIENT.into_iter().zip(FirewallBed::SERVER) {
        for (from, to, host) in [(near, far, &bed.client), (far, near, &bed.server)] {
            let to = std::net::SocketAddr::new(to, PORT);
            probes.push(json!({"from": from, "to": to, "via": in_namespace(host.name())}));
        }
    }
    json!({"via": in_namespace(bed.router.name()), "probes": probes, "confirm-seconds": 60})
}

fn point(config: &Value) -> Box<dyn EnforcementPoint> {
    let config = serde_json::from_value(config.clone()).unwrap();
    firewall::connect(&PointName::from("edge"), config).unwrap()
}

fn flow(from: &[&str], to: &[&str], protocol: Option<Protocol>, port: Option<u16>) -> Target {
    let side = |texts: &[&str]| match texts {
        [] => Endpoint::Any,
        _ => Endpoint::Networks(texts.iter().map(|text| (*text).to_owned()).collect()),
    };
    Target::Flow {
        from: side(from),
        to: side(to),
        protocol,
        port,
    }
}

fn one_port() -> Target {
    flow(&["10.91.1.2"], &["10.91.2.2"], Some(Protocol::Tcp), Some(PORT))
}

fn whole_network() -> Target {
    flow(&["10.91.1.0/24"], &["10.91.2.0/24"], None, None)
}

fn host() -> Target {
    Target::Host {
        name: "server".to_owned(),
        addresses: FirewallBed::SERVER.map(|address| address.to_string()).to_vec(),
    }
}

fn mark() -> Mark {
    Mark::from("cordon:1111222233334444")
}

fn apply_for(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
    lease_seconds: Option<i64>,
) -> Result<Observation, PointError> {
    let lease_until =
        lease_seconds.map(|seconds| jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds));
    let applying = Applying {
        target,
        prior,
        mark: &mark(),
        lease_until,
    };
    point.apply(&applying, DEADLINE)
}

/// Withdraws a target and returns what stood before and what was left.
fn withdraw(point: &mut dyn EnforcementPoint, target: &Target) -> (PointState, PointState) {
    let prior = point.observe(target, DEADLINE).unwrap().state;
    let left = apply_for(point, target, &prior, None).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    assert_eq!(left.mark, Some(mark()));
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
        mark: &mark(),
    };
    point.lift(&lifting, DEADLINE)
}

/// The router's whole ruleset without what varies by itself.
fn ruleset(bed: &FirewallBed) -> String {
    let listed = bed.router.run("nft", &["list", "ruleset"]);
    let words: Vec<&str> = listed.split_inclusive([' ', '\n']).collect();
    let mut kept = String::new();
    let mut skipping = false;
    for word in words {
        if skipping && word.trim().parse::<u64>().is_ok() {
            skipping = false;
        } else if matches!(word.trim(), "packets" | "bytes") {
            skipping = true;
        } else {
            kept.push_str(word);
        }
    }
    kept
}

/// Gives the router the rules of an ordinary stateful firewall, and with them connection tracking.
fn be_stateful(bed: &FirewallBed) {
    let folder = Folder::new();
    let file = folder.write(
        "company.nft",
        "table inet filter {\n chain forward {\n type filter hook forward priority filter; policy accept;\n \
         ct state established,related accept\n }\n}\n",
    );
    bed.router.run("nft", &["-f", &file]);
}

fn can_open(bed: &FirewallBed, to: IpAddr, port: u16) -> bool {
    FirewallBed::open(&bed.client, to, port).is_some_and(|mut stream| FirewallBed::echoes(&mut stream))
}

#[test]
fn open_streams_are_cut_whoever_speaks() {
    let Some(bed) = bed() else { return };
    FirewallBed::serve_push(&bed.server, 9000);
    for to in FirewallBed::SERVER {
        for (port, withdrawn_port) in [(9000, Some(9000)), (9000, None)] {
            let target = flow(
                &["10.91.1.0/24", "fd91:1::/64"],
                &["10.91.2.0/24", "fd91:2::/64"],
                None,
                withdrawn_port,
            );
            let mut echoed = FirewallBed::open(&bed.client, to, PORT).unwrap();
            let mut pushed = FirewallBed::open(&bed.client, to, port).unwrap();
            assert!(FirewallBed::echoes(&mut echoed) && FirewallBed::is_pushed(&mut pushed));
            let mut point = point(&config(&bed));
            let states = withdraw(&mut *point, &target);
            assert!(
                !FirewallBed::is_pushed(&mut pushed),
                "{target}: a pushed stream goes on"
            );
            assert_eq!(
                FirewallBed::echoes(&mut echoed),
                withdrawn_port.is_some(),
                "{target}"
            );
            lift(&mut *point, &target, &states).unwrap();
            assert!(can_open(&bed, to, PORT));
        }
    }
}

#[test]
fn no_stream_is_learned_the_wrong_way_round_when_tracking_begins() {
    let Some(bed) = bed() else { return };
    FirewallBed::serve_push(&bed.server, 9000);
    // Nothing is tracked yet. So many streams are pushed that some packet falls between the beginning of tracking and the rules.
    let mut pushed: Vec<_> = (0..150)
        .map(|_| FirewallBed::open(&bed.client, FirewallBed::SERVER[0], 9000).unwrap())
        .collect();
    withdraw(&mut *point(&config(&bed)), &whole_network());
    // What was on its way comes first; a stream that passes the rules is pushed 50 times a second, and never silent for so long.
    received(&mut pushed);
    wait_until("no stream goes on", 60, || {
        std::thread::sleep(Duration::from_millis(500));
        received(&mut pushed) == 0
    });
}

/// Reads all that has arrived, without waiting, and says on how many streams there was something.
fn received(streams: &mut [std::net::TcpStream]) -> usize {
    let mut has_more = |stream: &mut std::net::TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let mut some = false;
        while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
            some = true;
        }
        some
    };
    streams.iter_mut().map(&mut has_more).filter(|more| *more).count()
}

#[test]
fn what_the_far_side_opens_passes() {
    let Some(bed) = bed() else { return };
    be_stateful(&bed);
    for (near, far) in FirewallBed::CLIENT.into_iter().zip(FirewallBed::SERVER) {
        let mut open = FirewallBed::open(&bed.server, near, PORT).unwrap();
        assert!(FirewallBed::echoes(&mut open));
        let target = flow(
            &["10.91.1.0/24", "fd91:1::/64"],
            &["10.91.2.0/24", "fd91:2::/64"],
            None,
            None,
        );
        let mut point = point(&config(&bed));
        let states = withdraw(&mut *point, &target);
        assert!(!can_open(&bed, far, PORT));
        assert!(
            FirewallBed::echoes(&mut open),
            "an open stream of the far side was cut"
        );
        let mut new = FirewallBed::open(&bed.server, near, PORT).expect("the far side may open");
        assert!(FirewallBed::echoes(&mut new));
        lift(&mut *point, &target, &states).unwrap();
    }
}

#[test]
fn an_isolated_host_is_cut_both_ways() {
    let Some(bed) = bed() else { return };
    let mut inward = FirewallBed::open(&bed.client, FirewallBed::SERVER[0], PORT).unwrap();
    let mut outward = FirewallBed::open(&bed.server, FirewallBed::CLIENT[1], PORT).unwrap();
    assert!(FirewallBed::echoes(&mut inward) && FirewallBed::echoes(&mut outward));
    let mut point = point(&config(&bed));
    let states = withdraw(&mut *point, &host());
    assert!(!FirewallBed::echoes(&mut inward) && !FirewallBed::echoes(&mut outward));
    for (near, far) in FirewallBed::CLIENT.into_iter().zip(FirewallBed::SERVER) {
        assert!(FirewallBed::open(&bed.client, far, PORT).is_none());
        assert!(FirewallBed::open(&bed.server, near, PORT).is_none());
    }
    lift(&mut *point, &host(), &states).unwrap();
    assert!(can_open(&bed, FirewallBed::SERVER[1], PORT));
}

#[test]
fn overlapping_flows_compose_in_every_order() {
    let Some(bed) = bed() else { return };
    let server = FirewallBed::SERVER[0];
    let mut point = point(&config(&bed));
    for turned in [false, true] {
        let before = ruleset(&bed);
        let wide = withdraw(&mut *point, &whole_network());
        let narrow = withdraw(&mut *point, &one_port());
        let isolated = withdraw(&mut *point, &host());
        lift(&mut *point, &host(), &isolated).unwrap();
        assert!(!can_open(&bed, server, PORT) && !can_open(&bed, server, OTHER_PORT));
        if turned {
            lift(&mut *point, &one_port(), &narrow).unwrap();
            assert!(!can_open(&bed, server, PORT), "the wider flow still holds");
            lift(&mut *point, &whole_network(), &wide).unwrap();
        } else {
            lift(&mut *point, &whole_network(), &wide).unwrap();
            assert!(!can_open(&bed, server, PORT), "the narrower flow still holds");
            assert!(can_open(&bed, server, OTHER_PORT));
            lift(&mut *point, &one_port(), &narrow).unwrap();
        }
        assert!(can_open(&bed, server, PORT));
        assert_eq!(ruleset(&bed), before);
    }
}

#[test]
fn networks_within_one_another_and_side_by_side_are_one_withdrawal() {
    let Some(bed) = bed() else { return };
    let target = flow(
        &["10.91.1.0/25", "10.91.1.128/25", "10.91.1.2"],
        &["10.91.2.2/24", "10.91.2.2"],
        None,
        None,
    );
    let mut point = point(&config(&bed));
    let states = withdraw(&mut *point, &target);
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Refused
    );
    lift(&mut *point, &target, &states).unwrap();
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn other_tables_are_left_alone() {
    let Some(bed) = bed() else { return };
    be_stateful(&bed);
    let before = ruleset(&bed);
    let mut open = FirewallBed::open(&bed.client, FirewallBed::SERVER[0], PORT).unwrap();
    assert!(FirewallBed::echoes(&mut open));
    let mut point = point(&config(&bed));
    let states = withdraw(&mut *point, &one_port());
    assert!(
        !FirewallBed::echoes(&mut open),
        "an accept of established streams elsewhere let it pass"
    );
    lift(&mut *point, &one_port(), &states).unwrap();
    assert_eq!(ruleset(&bed), before);
}

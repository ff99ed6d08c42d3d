//! The enforcement point `firewall` against a real kernel: three hosts in namespaces, the one in the middle withdraws.

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

const DEADLINE: Duration = Duration::from_secs(30);
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
    json!({"via": in_namespace(bed.router.name()), "probes": probes, "confirm-seconds": 5})
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

struct Edge {
    bed: FirewallBed,
    /// A withdrawal as an administrator has it in a file.
    by_hand: String,
    decisive: bool,
}

impl World for Edge {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&config(&self.bed))
    }

    fn picture(&mut self, _target: &Target) -> String {
        ruleset(&self.bed)
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        let folder = Folder::new();
        let file = folder.write("by-hand.nft", &self.by_hand);
        self.bed.router.run("nft", &["-f", &file]);
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.bed.router.run("nft", &["delete", "table", "inet", "cordon"]);
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        self.decisive
    }
}

fn sweep_over(target: &Target, decisive: bool) {
    let Some(bed) = bed() else { return };
    let mut made = point(&config(&bed));
    let states = withdraw(&mut *made, target);
    let by_hand = bed
        .router
        .run("nft", &["list", "table", "inet", "cordon"])
        .replace(&mark().0, "by hand");
    lift(&mut *made, target, &states).unwrap();
    let mut world = Edge {
        bed,
        by_hand,
        decisive,
    };
    let runs = sweep(&mut world, target).unwrap();
    assert_eq!(runs, 18);
}

#[test]
fn a_flow_to_one_port_passes_the_sweep() {
    sweep_over(&one_port(), true);
}

#[test]
fn a_flow_of_everything_in_ipv6_passes_the_sweep() {
    sweep_over(&flow(&["fd91:1::/64"], &["fd91:2::2"], None, None), true);
}

#[test]
fn a_flow_from_anywhere_in_both_families_passes_the_sweep() {
    sweep_over(
        &flow(&[], &["10.91.2.0/24", "fd91:2::/64"], None, Some(PORT)),
        true,
    );
}

#[test]
fn a_flow_of_datagrams_passes_the_sweep() {
    sweep_over(
        &flow(&["10.91.1.2"], &["10.91.2.2"], Some(Protocol::Udp), Some(53)),
        false,
    );
}

#[test]
fn a_host_passes_the_sweep() {
    sweep_over(&host(), true);
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
fn the_kernel_ends_a_lease_though_cordon_be_dead() {
    let Some(bed) = bed() else { return };
    let mut first = point(&config(&bed));
    assert!(first.capabilities().holds_lease);
    let prior = first.observe(&one_port(), DEADLINE).unwrap().state;
    let started = Instant::now();
    apply_for(&mut *first, &one_port(), &prior, Some(4)).unwrap();
    drop(first);
    assert!(!can_open(&bed, FirewallBed::SERVER[0], PORT));
    wait_until("the lease ends by itself", 20, || {
        can_open(&bed, FirewallBed::SERVER[0], PORT)
    });
    assert!(
        started.elapsed() >= Duration::from_secs(2),
        "it ended before its time"
    );

    let mut later = point(&config(&bed));
    let seen = later.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Open, &prior));
    // The empty sets that stayed behind go with the lift.
    lift(&mut *later, &one_port(), &(prior.clone(), prior.clone())).unwrap();
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn a_later_lease_renews_and_an_earlier_one_does_not_shorten() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let prior = point.observe(&one_port(), DEADLINE).unwrap().state;
    let first = apply_for(&mut *point, &one_port(), &prior, Some(20)).unwrap();
    for (lease_seconds, at_least) in [(20, 15), (600, 590), (30, 580)] {
        let again = apply_for(&mut *point, &one_port(), &prior, Some(lease_seconds)).unwrap();
        assert_eq!(again, first, "the state holds nothing that varies by itself");
        let listed = bed.router.run("nft", &["-j", "list", "table", "inet", "cordon"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let expires: Vec<u64> = listed["nftables"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|object| object.pointer("/set/elem/0/elem/expires")?.as_u64())
            .collect();
        assert_eq!(expires.len(), 2);
        assert!(expires.iter().all(|left| *left >= at_least), "{expires:?}");
    }
    let past = apply_for(&mut *point, &one_port(), &prior, Some(-5)).unwrap_err();
    assert_eq!(past.kind, PointErrorKind::Input);
}

#[test]
fn what_would_cut_cordons_own_path_is_taken_back() {
    let Some(bed) = bed() else { return };
    let mut with_path = config(&bed);
    let path = json!({"to": "10.91.2.2:8080", "via": in_namespace(bed.client.name())});
    with_path["own-path"] = json!([path]);
    let mut guarded = point(&with_path);
    let prior = guarded.observe(&whole_network(), DEADLINE).unwrap().state;
    let error = apply_for(&mut *guarded, &whole_network(), &prior, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    assert!(error.text.contains("own path"), "{error}");
    assert_eq!(ruleset(&bed), "");
    assert!(can_open(&bed, FirewallBed::SERVER[0], PORT));
    // What leaves the path whole is carried out.
    let states = withdraw(&mut *guarded, &one_port());
    assert!(!can_open(&bed, FirewallBed::SERVER[0], PORT));
    lift(&mut *guarded, &one_port(), &states).unwrap();

    // A path that is broken before says nothing about the withdrawal: nothing is begun.
    let path = json!({"to": "10.91.2.2:8081", "via": in_namespace(bed.client.name())});
    with_path["own-path"] = json!([path]);
    let error = apply_for(&mut *point(&with_path), &one_port(), &prior, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn a_trial_that_nobody_can_confirm_is_ended_by_the_kernel() {
    let Some(bed) = bed() else { return };
    let folder = Folder::new();
    // The way to the firewall breaks with the first transaction, as when a withdrawal cuts it.
    let script = format!(
        "#!/bin/sh\nif [ -e {0} ]; then exec sleep 60; fi\ncase \"$*\" in *-f*) : > {0};; esac\nexec ip netns exec {1} \"$@\"\n",
        folder.file("broken"),
        bed.router.name()
    );
    let via = executable(&folder, "via", &script);
    let mut cut_off = config(&bed);
    cut_off["via"] = json!([via]);
    cut_off["confirm-seconds"] = json!(3);
    let mut healthy = point(&config(&bed));
    let prior = healthy.observe(&one_port(), DEADLINE).unwrap().state;
    let applying = Applying {
        target: &one_port(),
        prior: &prior,
        mark: &mark(),
        lease_until: None,
    };
    let error = point(&cut_off)
        .apply(&applying, Duration::from_secs(1))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    wait_until("the trial ends by itself", 15, || {
        can_open(&bed, FirewallBed::SERVER[0], PORT)
    });
    assert_eq!(
        healthy.observe(&one_port(), DEADLINE).unwrap().standing,
        Standing::Open
    );
}

#[test]
fn a_trial_is_not_taken_for_a_withdrawal_and_can_be_finished() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let (prior, left) = withdraw(&mut *point, &one_port());
    let table = bed.router.run("nft", &["list", "table", "inet", "cordon"]);
    let trial = table.replace(&mark().0, &format!("{} trial", mark().0));
    let folder = Folder::new();
    let file = folder.write("trial.nft", &format!("delete table inet cordon\n{trial}"));
    bed.router.run("nft", &["-f", &file]);
    let seen = point.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    let again = apply_for(&mut *point, &one_port(), &prior, None).unwrap();
    assert_eq!(again.state, left);
    bed.router.run("nft", &["-f", &file]);
    lift(&mut *point, &one_port(), &(prior, left)).unwrap();
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn what_somebody_else_changed_is_stale() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let shape = |set: &str| {
        let listed = bed.router.run("nft", &["list", "sets", "inet"]);
        let name = listed.split_whitespace().find(|word| word.starts_with(set));
        name.unwrap().to_owned()
    };
    let states = withdraw(&mut *point, &one_port());
    bed.router
        .run("nft", &["flush", "set", "inet", "cordon", &shape("from4_")]);
    let seen = point.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    let damaged = ruleset(&bed);
    let error = lift(&mut *point, &one_port(), &states).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    let error = apply_for(&mut *point, &one_port(), &states.0, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    assert_eq!(ruleset(&bed), damaged);
    // Whoever has seen the damage may heal it.
    let healed = apply_for(&mut *point, &one_port(), &seen.state, None).unwrap();
    assert_eq!(healed.state, states.1);
    bed.router
        .run("nft", &["flush", "chain", "inet", "cordon", "withdrawn"]);
    assert_eq!(
        point.observe(&one_port(), DEADLINE).unwrap().standing,
        Standing::Partly
    );
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

#[test]
fn a_refusal_that_is_not_ours_is_no_withdrawal() {
    let Some(bed) = bed() else { return };
    let target = flow(&["10.91.1.2"], &["10.91.2.2"], None, None);
    let mut nothing_listens = config(&bed);
    nothing_listens["probes"] =
        json!([{"from": "10.91.1.2", "to": "10.91.2.2:6", "via": in_namespace(bed.client.name())}]);
    let probe = point(&nothing_listens).probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive, "{}", probe.how);
    nothing_listens["probes"] = json!([]);
    let probe = point(&nothing_listens).probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
}

fn executable(folder: &Folder, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.write(name, script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_firewall_that_answers_nonsense_or_nothing_is_a_bounded_error() {
    let folder = Folder::new();
    let scripts = [
        ("garbage", "echo not json", PointErrorKind::Target),
        ("other", "echo '[1, 2]'", PointErrorKind::Target),
        ("endless", "exec cat /dev/zero", PointErrorKind::Target),
        ("hanging", "exec sleep 60", PointErrorKind::Target),
        (
            "failing",
            "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1",
            PointErrorKind::Target,
        ),
        (
            "denying",
            "echo 'Operation not permitted' >&2; exit 1",
            PointErrorKind::Denied,
        ),
    ];
    for (name, script, kind) in scripts {
        let via = executable(&folder, name, &format!("#!/bin/sh\n{script}\n"));
        let mut point = point(&json!({"via": [via]}));
        let started = Instant::now();
        let error = point
            .observe(&one_port(), Duration::from_millis(1500))
            .unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(
            error.text.len() <= 400 && started.elapsed() < Duration::from_secs(20),
            "{name}"
        );
    }
    let mut missing = point(&json!({"via": ["/no/such/program"]}));
    let error = missing.observe(&one_port(), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
}

#[test]
fn without_the_right_to_change_the_firewall_it_is_denied() {
    let Some(bed) = bed() else { return };
    let mut powerless = config(&bed);
    let words = [
        "ip",
        "netns",
        "exec",
        bed.router.name(),
        "setpriv",
        "--reuid=65534",
        "--clear-groups",
    ];
    powerless["via"] = json!(words);
    let error = point(&powerless).observe(&one_port(), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    // One capability is enough.
    let mut able = powerless;
    let capability = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"].map(Value::from);
    able["via"].as_array_mut().unwrap().extend(capability);
    let mut point = point(&able);
    let states = withdraw(&mut *point, &one_port());
    lift(&mut *point, &one_port(), &states).unwrap();
}

#[test]
fn a_wrong_configuration_is_refused() {
    for wrong in [
        json!({"confirm-seconds": 1}),
        json!({"confirm-seconds": 301}),
        json!({"connect-program": []}),
    ] {
        let config = serde_json::from_value(wrong.clone()).unwrap();
        let error = firewall::connect(&PointName::from("edge"), config).err().unwrap();
        assert_eq!(error.kind, PointErrorKind::Config, "{wrong}");
    }
    assert!(serde_json::from_value::<firewall::Config>(json!({"skip-verification": true})).is_err());
}

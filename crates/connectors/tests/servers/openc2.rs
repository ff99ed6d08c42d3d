//! The OpenC2 point against a consumer on otupy, over TLS.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, Endpoint, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Protocol, Standing, Target, TargetKind,
};
use cordon_connectors::https::HttpsServer;
use cordon_connectors::openc2::{Account, Config, Host, connect, features};
use cordon_testbed::{Folder, OpenC2Consumer, Responder, response, skip};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(60);
const MARK: &str = "cordon:0123456789abcdef";

fn flow() -> Target {
    Target::Flow {
        from: Endpoint::Networks(vec!["10.1.0.0/16".to_owned(), "10.3.0.0/16".to_owned()]),
        to: Endpoint::Networks(vec!["10.2.0.7/32".to_owned()]),
        protocol: Some(Protocol::Tcp),
        port: Some(5432),
    }
}

fn host() -> Target {
    Target::Host {
        name: "pc-17".to_owned(),
        addresses: vec!["10.1.0.17".to_owned()],
    }
}

fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

fn apply(
    config: &Config,
    target: &Target,
    prior: &PointState,
    lease: Option<&str>,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: lease.map(|at| at.parse().unwrap()),
    };
    point(config).apply(&applying, DEADLINE)
}

fn lift(config: &Config, target: &Target, prior: &PointState) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point(config).lift(&lifting, DEADLINE)
}

fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("filter"), config.clone()).unwrap()
}

fn prior() -> PointState {
    PointState(json!({"last-order": "none"}))
}

fn config(folder: &Folder, address: &str, profile: &str) -> Config {
    let memory = folder.path().join(format!("memory-{profile}"));
    std::fs::create_dir_all(&memory).unwrap();
    let packet_filter = profile == "slpf";
    Config {
        server: HttpsServer {
            url: address.to_owned(),
            ca_file: None,
            client_certificate: None,
            plaintext_on_loopback: true,
        },
        bearer: None,
        producer: "cordon".to_owned(),
        consumer: "consumer.example".to_owned(),
        profile: profile.to_owned(),
        asset_id: Some(if packet_filter { "filter-1" } else { "house-1" }.to_owned()),
        host: if packet_filter {
            Host::Addresses
        } else {
            Host::Device
        },
        account: (!packet_filter).then(|| Account::Email {
            domain: Some("northgate.example".to_owned()),
        }),
        holds_lease: false,
        memory,
        leaves_open: None,
    }
}

struct Consumer {
    consumer: OpenC2Consumer,
    config: Config,
    folder: Folder,
}

impl Consumer {
    fn new(profile: &str) -> Option<Self> {
        match OpenC2Consumer::start() {
            Ok(consumer) => {
                let folder = Folder::new();
                let mut config = config(&folder, &consumer.address(), profile);
                config.server.ca_file = Some(PathBuf::from(consumer.authority()));
                Some(Self {
                    consumer,
                    config,
                    folder,
                })
            }
            Err(reason) => {
                skip(&reason);
                None
            }
        }
    }

    fn with_profile(&self, profile: &str) -> Config {
        Config {
            server: self.config.server.clone(),
            ..config(&self.folder, "https://127.0.0.1", profile)
        }
    }

    fn rules(&self) -> usize {
        self.consumer.settle();
        let rules: Value = serde_json::from_str(&self.consumer.filtered()).unwrap();
        rules.as_object().unwrap().len()
    }
}

impl World for Consumer {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    fn picture(&mut self, _target: &Target) -> String {
        self.consumer.settle();
        format!("{}\n{}", self.consumer.filtered(), self.consumer.house())
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        false
    }
}

fn sweep_over(profile: &str, target: &Target) {
    let Some(mut world) = Consumer::new(profile) else {
        return;
    };
    assert_eq!(sweep(&mut world, target).unwrap(), 17);
}

#[test]
fn a_flow_is_denied_by_a_packet_filter_and_given_back_whatever_fails_between() {
    sweep_over("slpf", &flow());
}

#[test]
fn a_host_is_denied_by_a_packet_filter_and_given_back_whatever_fails_between() {
    sweep_over("slpf", &host());
}

#[test]
fn flows_devices_and_accounts_are_withdrawn_by_another_profile_and_allowed_again() {
    let Some(mut world) = Consumer::new("x-house") else {
        return;
    };
    for target in [flow(), host(), account("alice")] {
        sweep(&mut world, &target).unwrap();
    }
}

#[test]
fn what_is_told_is_what_the_language_says() {
    let Some(world) = Consumer::new("x-house") else {
        return;
    };
    let mut config = world.config.clone();
    config.holds_lease = true;
    assert!(point(&config).capabilities().holds_lease);
    apply(&config, &host(), &prior(), Some("2031-01-01T00:00:00Z")).unwrap();
    let held = || -> Value { serde_json::from_str(&world.consumer.house()).unwrap() };
    let device = "device {\"hostname\": \"pc-17\"}";
    assert_eq!(
        held()[device],
        json!({"action": "contain", "until": 1_924_992_000_000_u64})
    );
    // A later lease renews; an earlier or the same one changes nothing.
    apply(&config, &host(), &prior(), Some("2031-01-02T00:00:00Z")).unwrap();
    assert_eq!(held()[device]["until"], json!(1_925_078_400_000_u64));
    apply(&config, &host(), &prior(), Some("2031-01-01T00:00:00Z")).unwrap();
    assert_eq!(held()[device]["until"], json!(1_925_078_400_000_u64));
    apply(&config, &account("alice"), &prior(), None).unwrap();
    assert_eq!(held()["email_addr \"alice@northgate.example\""]["action"], "deny");
    lift(&config, &host(), &prior()).unwrap();
    lift(&config, &account("alice"), &prior()).unwrap();
    assert_eq!(held(), json!({}));
}

#[test]
fn features_are_asked_and_a_pair_that_is_not_offered_is_found_by_the_probe() {
    let Some(world) = Consumer::new("slpf") else {
        return;
    };
    let offered = features(&world.config, DEADLINE).unwrap();
    assert!(offered.profiles.contains(&"slpf".to_owned()), "{offered:?}");
    assert!(
        offered.pairs["deny"].contains(&"ipv4_connection".to_owned()),
        "{offered:?}"
    );
    let probe = point(&world.config).probe(&flow(), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
    // otupy's packet filter has no IPv6.
    let v6 = Target::Host {
        name: "pc-6".to_owned(),
        addresses: vec!["fd00::6".to_owned()],
    };
    let error = point(&world.config).probe(&v6, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    let error = apply(&world.config, &v6, &prior(), None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    let seen = point(&world.config).observe(&v6, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Open, "a refusal leaves nothing behind");

    let mut other = world.config.clone();
    other.asset_id = Some("no-such".to_owned());
    assert!(features(&other, DEADLINE).is_err());
    let error = apply(&other, &flow(), &prior(), None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
}

#[test]
fn a_restart_of_the_consumer_neither_ends_nor_spoils_a_withdrawal() {
    let Some(mut world) = Consumer::new("slpf") else {
        return;
    };
    let config = world.config.clone();
    world.consumer.stop();
    let error = apply(&config, &flow(), &prior(), None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert_eq!(
        point(&config).observe(&flow(), DEADLINE).unwrap().standing,
        Standing::Open
    );
    world.consumer.restart();
    apply(&config, &flow(), &prior(), None).unwrap();
    assert_eq!(world.rules(), 2);
    world.consumer.restart();
    assert_eq!(world.rules(), 2);
    lift(&config, &flow(), &prior()).unwrap();
    assert_eq!(world.rules(), 0);
}

/// Hands requests on to the consumer by curl, and loses answers while `lost` is set; counts what was handed on.
fn losing(consumer: &OpenC2Consumer, lost: &Arc<AtomicBool>, count: &Arc<AtomicUsize>) -> Responder {
    let (authority, address) = (consumer.authority(), consumer.address());
    let (lost, count) = (Arc::clone(lost), Arc::clone(count));
    Responder::start(move |asked, stream| {
        let answer = cordon_testbed::run(
            "curl",
            &[
                "-sS",
                "--cacert",
                &authority,
                "--header",
                "Content-Type: application/openc2+json;version=1.0",
                "--data",
                &asked.body,
                &address,
            ],
        );
        count.fetch_add(1, Ordering::SeqCst);
        if !lost.load(Ordering::SeqCst) {
            let _ = std::io::Write::write_all(stream, &response(200, &answer));
        }
    })
}

#[test]
fn an_order_whose_answer_was_lost_is_taken_up_again_and_leaves_no_second_rule() {
    let Some(world) = Consumer::new("slpf") else {
        return;
    };
    let (lost, count) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let relay = losing(&world.consumer, &lost, &count);
    let mut config = world.config.clone();
    config.server.url = relay.address();
    config.server.ca_file = None;
    let told = |done: Result<Observation, PointError>| done.unwrap_err().kind;

    // The first of two denials arrives, its answer does not.
    assert_eq!(
        told(apply(&config, &flow(), &prior(), None)),
        PointErrorKind::Unknown
    );
    assert_eq!(world.rules(), 1);
    let seen = point(&config).observe(&flow(), DEADLINE).unwrap();
    assert_eq!(
        (seen.standing, seen.mark),
        (Standing::Partly, Some(Mark::from(MARK)))
    );
    lost.store(false, Ordering::SeqCst);
    apply(&config, &flow(), &prior(), None).unwrap();
    assert_eq!(world.rules(), 2);
    let before = count.load(Ordering::SeqCst);
    apply(&config, &flow(), &prior(), None).unwrap();
    assert_eq!(
        count.load(Ordering::SeqCst),
        before,
        "what is withdrawn is not told again"
    );

    // The same with the lift.
    lost.store(true, Ordering::SeqCst);
    assert_eq!(told(lift(&config, &flow(), &prior())), PointErrorKind::Unknown);
    assert_eq!(world.rules(), 1);
    lost.store(false, Ordering::SeqCst);
    assert_eq!(lift(&config, &flow(), &prior()).unwrap().state, prior());
    assert_eq!(world.rules(), 0);

    // And a withdrawal that was begun only is lifted whole.
    lost.store(true, Ordering::SeqCst);
    assert_eq!(
        told(apply(&config, &flow(), &prior(), None)),
        PointErrorKind::Unknown
    );
    lost.store(false, Ordering::SeqCst);
    lift(&config, &flow(), &prior()).unwrap();
    assert_eq!(world.rules(), 0);
}

#[test]
fn names_and_networks_are_data_or_are_refused() {
    let Some(world) = Consumer::new("x-house") else {
        return;
    };
    let long = "x".repeat(513);
    for name in ["", "a\nb", &long] {
        let error = apply(&world.config, &account(name), &prior(), None).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name}");
    }
    for name in ["", "pc 17", "pc\"17", "pc/17"] {
        let target = Target::Host {
            name: name.to_owned(),
            addresses: Vec::new(),
        };
        assert_eq!(
            apply(&world.config, &target, &prior(), None).unwrap_err().kind,
            PointErrorKind::Input
        );
    }
    let packet_filter = world.with_profile("slpf");
    for addresses in [vec!["10.0.0.0/40"], vec!["$(id)"], vec![], vec!["10.0.0.1"; 65]] {
        let target = Target::Host {
            name: "pc".to_owned(),
            addresses: addresses.into_iter().map(str::to_owned).collect(),
        };
        let error = apply(&packet_filter, &target, &prior(), None).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{error}");
    }
    assert_eq!(world.consumer.house(), "{}");
    let error = point(&packet_filter)
        .observe(&account("alice"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    assert_eq!(
        point(&packet_filter).capabilities().kinds,
        [TargetKind::Flow, TargetKind::Host]
    );
    let mut wrong = packet_filter;
    wrong.host = Host::Device;
    assert!(connect(&PointName::from("filter"), wrong).is_err());
}

#[test]
fn hostile_answers_are_no_acknowledgement_and_the_deadline_holds() {
    let folder = Folder::new();
    let mut config = config(&folder, "http://127.0.0.1:1", "x-house");
    let openc2 = |status: u16| {
        json!({"body": {"openc2": {"response": {"status": status, "status_text": "a\u{7}b".repeat(500)}}}})
            .to_string()
    };
    for (status, body, kind) in [
        (200, "<html>".to_owned(), PointErrorKind::Unknown),
        (200, "{}".to_owned(), PointErrorKind::Unknown),
        (200, openc2(500), PointErrorKind::Unknown),
        (200, openc2(102), PointErrorKind::Unknown),
        (200, openc2(400), PointErrorKind::Input),
        (200, openc2(401), PointErrorKind::Denied),
        (200, openc2(501), PointErrorKind::Config),
        (503, openc2(503), PointErrorKind::Target),
        (500, "oops".to_owned(), PointErrorKind::Unknown),
        (403, String::new(), PointErrorKind::Denied),
        (302, String::new(), PointErrorKind::Config),
    ] {
        let server = Responder::always(status, &body);
        config.server.url = server.address();
        let error = apply(&config, &host(), &prior(), None).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {error}");
        assert!(error.text.len() <= 400 && !error.text.chars().any(char::is_control));
        std::fs::remove_dir_all(&config.memory).unwrap();
        std::fs::create_dir_all(&config.memory).unwrap();
    }
    let slow = Responder::start(|_, _| std::thread::sleep(Duration::from_secs(120)));
    config.server.url = slow.address();
    let begun = Instant::now();
    let error = features(&config, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_configuration_reads_as_documented() {
    let config: Config = serde_json::from_value(json!({
        "server": {
            "url": "https://filter.example/.well-known/openc2",
            "client-certificate": {"certificate-file": "/etc/cordon/own.pem", "key": {"file": "/etc/cordon/own.key"}},
        },
        "consumer": "filter.example",
        "profile": "slpf",
        "asset-id": "filter-1",
        "host": "addresses",
        "holds-lease": true,
        "memory": "/var/lib/cordon/openc2",
    }))
    .unwrap();
    assert_eq!(config.producer, "cordon");
    let house: Config = serde_json::from_value(json!({
        "server": {"url": "https://id.example/.well-known/openc2"},
        "consumer": "id.example",
        "profile": "x-house",
        "host": "device",
        "account": {"email": {"domain": "northgate.example"}},
        "memory": "/var/lib/cordon/openc2",
    }))
    .unwrap();
    assert_eq!(house.host, Host::Device);
}

//! The point of shared signals against a receiver that verifies with PyJWT.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target, TargetKind,
};
use cordon_connectors::SecretSource;
use cordon_connectors::https::HttpsServer;
use cordon_connectors::shared_signals::{AccountSignal, Config, Subject, connect, key_set};
use cordon_testbed::{Folder, Receiver, Responder, missing_program, response, run, skip};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);
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

fn private(path: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

/// A new key made by openssl: `EC` (P-256) or `ED25519`.
fn key(folder: &Folder, kind: &str) -> SecretSource {
    let file = folder.file(&format!("{kind}.pem"));
    let mut arguments = vec!["genpkey", "-algorithm", kind, "-out", &file];
    if kind == "EC" {
        arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    run("openssl", &arguments);
    private(&file)
}

fn config(folder: &Folder, key_kind: &str) -> Config {
    let memory = folder.path().join("memory");
    std::fs::create_dir_all(&memory).unwrap();
    Config {
        server: HttpsServer {
            url: "https://127.0.0.1:1/events".to_owned(),
            ca_file: None,
            client_certificate: None,
            plaintext_on_loopback: true,
        },
        bearer: Some(private(&folder.write("bearer", Receiver::BEARER))),
        issuer: Receiver::ISSUER.to_owned(),
        audience: Receiver::AUDIENCE.to_owned(),
        key: key(folder, key_kind),
        key_id: "2026-1".to_owned(),
        subject: Subject::IssuerAndSubject {
            issuer: "https://id.example".to_owned(),
        },
        subjects: BTreeMap::new(),
        account: Some(AccountSignal::AccountDisabled {}),
        subject_in_event: false,
        memory,
        leaves_open: None,
    }
}

fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("shop"), config.clone()).unwrap()
}

fn apply(config: &Config, target: &Target, prior: &PointState) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
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

struct Shop {
    receiver: Receiver,
    config: Config,
    _folder: Folder,
    pictures: usize,
}

impl Shop {
    fn new(key_kind: &str) -> Option<Self> {
        if let Some(program) = missing_program(&["openssl"]) {
            skip(&format!("{program} is not installed"));
            return None;
        }
        let folder = Folder::new();
        let mut config = config(&folder, key_kind);
        match Receiver::start(&key_set(&config).unwrap().to_string()) {
            Ok(receiver) => {
                config.server.url = receiver.address();
                config.server.ca_file = Some(PathBuf::from(receiver.authority()));
                assert!(receiver.log_on("alice") && receiver.log_on("bob"));
                Some(Self {
                    receiver,
                    config,
                    _folder: folder,
                    pictures: 0,
                })
            }
            Err(reason) => {
                skip(&reason);
                None
            }
        }
    }

    fn received(&self) -> Vec<Value> {
        serde_json::from_str(&self.receiver.received()).unwrap()
    }

    fn state_of(&self, name: &str) -> Value {
        let all: Value = serde_json::from_str(&self.receiver.state()).unwrap();
        all.get(name).cloned().unwrap_or_default()
    }
}

impl World for Shop {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    /// What the receiver did. Sessions that were cut do not come back by themselves: at the end of a run, alice logs on again, as she
    /// may, and then all must be as before.
    fn picture(&mut self, _target: &Target) -> String {
        self.pictures += 1;
        if self.pictures == 3 {
            assert!(
                self.receiver.log_on("alice"),
                "alice may not log on after the lift"
            );
        }
        self.receiver.state()
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        false
    }

    fn before_run(&mut self, _target: &Target) {
        self.pictures = 0;
    }
}

#[test]
fn accounts_and_sessions_are_withdrawn_and_given_back_whatever_fails_between() {
    for (key_kind, signal) in [
        ("EC", AccountSignal::AccountDisabled {}),
        (
            "ED25519",
            AccountSignal::CredentialChange {
                credential_type: "password".to_owned(),
            },
        ),
    ] {
        let Some(mut shop) = Shop::new(key_kind) else {
            return;
        };
        shop.config.account = Some(signal);
        sweep(&mut shop, &account("alice")).unwrap();
        sweep(&mut shop, &sessions("alice")).unwrap();
        assert_eq!(shop.state_of("bob"), json!({"may_log_on": true, "sessions": 1}));
    }
}

#[test]
fn what_is_sent_is_what_the_specifications_say() {
    let Some(mut shop) = Shop::new("EC") else { return };
    shop.config
        .subjects
        .insert("a.smith".to_owned(), "alice".to_owned());
    let target = account("a.smith");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    apply(&shop.config, &target, &prior).unwrap();
    assert_eq!(
        shop.state_of("alice"),
        json!({"may_log_on": false, "sessions": 0})
    );
    assert!(!shop.receiver.log_on("alice"));
    lift(&shop.config, &target, &prior).unwrap();
    assert!(shop.receiver.log_on("alice"));

    let received = shop.received();
    let kinds: Vec<&str> = received
        .iter()
        .map(|claims| {
            claims["events"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(kinds, ["account-disabled", "session-revoked", "account-enabled"]);
    let first = &received[0];
    assert_eq!(first["txn"], MARK);
    assert_eq!(
        first["sub_id"],
        json!({"format": "iss_sub", "iss": "https://id.example", "sub": "alice"})
    );
    let says = &first["events"]["https://schemas.openid.net/secevent/risc/event-type/account-disabled"];
    assert_eq!(says["reason"], "hijacking");
    assert_eq!(says["event_timestamp"], first["iat"]);
    let ids: std::collections::BTreeSet<&str> = received
        .iter()
        .map(|claims| claims["jti"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), received.len());
}

#[test]
fn other_ways_to_name_a_subject_are_understood_and_a_name_that_is_none_is_refused() {
    let Some(mut shop) = Shop::new("ED25519") else {
        return;
    };
    shop.config.subject = Subject::Email {
        domain: Some("northgate.example".to_owned()),
    };
    shop.config.subject_in_event = true;
    let prior = point(&shop.config)
        .observe(&sessions("pat"), DEADLINE)
        .unwrap()
        .state;
    apply(&shop.config, &sessions("pat"), &prior).unwrap();
    let received = shop.received();
    let subject = json!({"format": "email", "email": "pat@northgate.example"});
    assert_eq!(received[0]["sub_id"], subject);
    let events = received[0]["events"].as_object().unwrap();
    assert_eq!(events.values().next().unwrap()["subject"], subject);

    shop.config.subject = Subject::Email { domain: None };
    let long = "x".repeat(513);
    for name in ["no-address", "", "a\nb", &long] {
        let error = apply(&shop.config, &sessions(name), &prior).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name}");
        // Nothing was sent, and nothing is remembered as sent.
        let seen = point(&shop.config).observe(&sessions(name), DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Open);
    }
    // Quotes and line ends of JSON are data.
    shop.config.subject = Subject::Opaque {};
    let odd = sessions("\"},{\\ärger");
    apply(&shop.config, &odd, &prior).unwrap();
    assert_eq!(shop.received()[1]["sub_id"]["id"], "\"},{\\ärger");
}

#[test]
fn a_signal_that_was_sent_and_not_acknowledged_is_unknown_and_sent_again_as_the_same() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = account("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    // A receiver that takes the signal and says nothing.
    let good = shop.config.server.clone();
    let mute = Responder::start(|_, _| {});
    shop.config.server.url = format!("{}/events", mute.address());
    let error = apply(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    let seen = point(&shop.config).observe(&target, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    assert_eq!(seen.mark, Some(Mark::from(MARK)));

    // After a lost answer a lift is signalled even if nothing was acknowledged.
    shop.config.server = good.clone();
    apply(&shop.config, &target, &prior).unwrap();
    let ids: Vec<Value> = shop
        .received()
        .iter()
        .map(|claims| claims["jti"].clone())
        .collect();
    shop.config.server.url = format!("{}/events", mute.address());
    let error = lift(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown);
    shop.config.server = good;
    assert_eq!(lift(&shop.config, &target, &prior).unwrap().state, prior);
    assert_eq!(shop.state_of("alice")["may_log_on"], json!(true));
    assert_eq!(ids.len(), 2);
    assert_eq!(shop.received().len(), 3);
}

#[test]
fn the_same_signal_sent_twice_is_the_same_token() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = sessions("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    let tokens = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&tokens);
    let mute = Responder::start(move |asked, _| kept.lock().unwrap().push(asked.body.clone()));
    shop.config.server.url = format!("{}/events", mute.address());
    for _ in 0..2 {
        let error = apply(&shop.config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Unknown);
    }
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
}

#[test]
fn a_refusal_is_told_apart_by_its_reason_and_leaves_nothing_behind() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = account("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    let good = shop.config.clone();
    let folder = Folder::new();
    let mut cases: Vec<(&str, Config, PointErrorKind)> = Vec::new();
    let mut changed = |what, kind, change: &dyn Fn(&mut Config)| {
        let mut config = good.clone();
        change(&mut config);
        cases.push((what, config, kind));
    };
    changed("issuer", PointErrorKind::Config, &|config| {
        config.issuer = "https://other.example".to_owned()
    });
    changed("audience", PointErrorKind::Config, &|config| {
        config.audience = "https://other.example".to_owned()
    });
    changed("key name", PointErrorKind::Config, &|config| {
        config.key_id = "other".to_owned()
    });
    changed("key", PointErrorKind::Config, &|config| {
        config.key = key(&folder, "EC")
    });
    changed("bearer", PointErrorKind::Denied, &|config| config.bearer = None);
    changed("authority", PointErrorKind::Config, &|config| {
        config.server.ca_file = None;
        if !std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
            config.issuer = "https://other.example".to_owned();
            config.server = good.server.clone();
        }
    });
    for (what, config, kind) in cases {
        let error = apply(&config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, kind, "{what}: {error}");
        assert!(!error.text.contains(Receiver::BEARER));
        assert_eq!(
            point(&config).observe(&target, DEADLINE).unwrap().standing,
            Standing::Open,
            "{what}"
        );
    }
    assert!(shop.received().is_empty());
    shop.receiver.stop();
    let error = apply(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert_eq!(
        point(&shop.config).observe(&target, DEADLINE).unwrap().standing,
        Standing::Open
    );
}

#[test]
fn hostile_answers_are_no_acknowledgement_and_the_deadline_holds() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    let target = sessions("alice");
    let prior = PointState(json!({"last-order": "none"}));
    for (status, body, kind) in [
        (200, "<html>Welcome</html>", PointErrorKind::Unknown),
        (204, "", PointErrorKind::Unknown),
        (302, "", PointErrorKind::Config),
        (400, "garbage", PointErrorKind::Target),
        (400, "{\"err\": 7}", PointErrorKind::Target),
        (403, "", PointErrorKind::Denied),
        (500, "", PointErrorKind::Unknown),
    ] {
        let server = Responder::always(status, body);
        config.server.url = server.address();
        let error = apply(&config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
        std::fs::remove_dir_all(&config.memory).unwrap();
        std::fs::create_dir_all(&config.memory).unwrap();
    }
    let slow = Responder::start(|_, _| std::thread::sleep(Duration::from_secs(6)));
    config.server.url = slow.address();
    let mark = Mark::from(MARK);
    let applying = Applying {
        target: &target,
        prior: &prior,
        mark: &mark,
        lease_until: None,
    };
    let begun = Instant::now();
    let error = point(&config)
        .apply(&applying, Duration::from_secs(1))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown);
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_second_signal_that_is_refused_leaves_the_withdrawal_unknown() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    let count = AtomicUsize::new(0);
    let server = Responder::start(move |_, stream| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = response(if first { 202 } else { 400 }, "");
        let _ = std::io::Write::write_all(stream, &answer);
    });
    config.server.url = server.address();
    let target = account("alice");
    let prior = point(&config).observe(&target, DEADLINE).unwrap().state;
    let error = apply(&config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert_eq!(
        point(&config).observe(&target, DEADLINE).unwrap().standing,
        Standing::Partly
    );
}

#[test]
fn a_probe_proves_that_signals_arrive_and_claims_no_more() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let before = shop.receiver.state();
    let probe = point(&shop.config).probe(&account("alice"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
    assert!(probe.how.contains("verification"));
    assert_eq!(shop.receiver.state(), before);
    assert_eq!(shop.received().len(), 1);
    shop.receiver.stop();
    let error = point(&shop.config)
        .probe(&account("alice"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    shop.receiver.restart();
    point(&shop.config).probe(&account("alice"), DEADLINE).unwrap();
}

#[test]
fn kinds_follow_the_configuration_and_a_spoiled_memory_is_said() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    config.account = None;
    assert_eq!(point(&config).capabilities().kinds, [TargetKind::Sessions]);
    let error = point(&config).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);

    let prior = PointState(json!({"last-order": "none"}));
    let server = Responder::always(202, "");
    config.server.url = server.address();
    apply(&config, &sessions("alice"), &prior).unwrap();
    let file = std::fs::read_dir(&config.memory)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(file, "{\"step\": ").unwrap();
    let error = point(&config).observe(&sessions("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);

    std::fs::set_permissions(
        &config.memory,
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let error = connect(&PointName::from("shop"), config.clone())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
    config.key = private(&folder.write("no-key", "s3cret that is no key"));
    let error = connect(&PointName::from("shop"), config).map(|_| ()).unwrap_err();
    assert!(error.kind == PointErrorKind::Config && !error.text.contains("s3cret"));
}

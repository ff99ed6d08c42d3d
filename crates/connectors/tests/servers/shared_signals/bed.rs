//! What the tests of this point have in common: servers, points and their worlds.

pub(crate) use cordon_act::sweep::{World, sweep};
pub(crate) use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target, TargetKind,
};
pub(crate) use cordon_connectors::SecretSource;
pub(crate) use cordon_connectors::https::HttpsServer;
pub(crate) use cordon_connectors::shared_signals::{AccountSignal, Config, Subject, connect, key_set};
pub(crate) use cordon_testbed::{Folder, Receiver, Responder, missing_program, response, run, skip};
pub(crate) use serde_json::{Value, json};
pub(crate) use std::collections::BTreeMap;
pub(crate) use std::path::PathBuf;
pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::time::{Duration, Instant};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const MARK: &str = "cordon:0123456789abcdef";

pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(crate) fn sessions(name: &str) -> Target {
    Target::Sessions {
        account: name.to_owned(),
    }
}

pub(crate) fn private(path: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

/// A new key made by openssl: `EC` (P-256) or `ED25519`.
pub(crate) fn key(folder: &Folder, kind: &str) -> SecretSource {
    let file = folder.file(&format!("{kind}.pem"));
    let mut arguments = vec!["genpkey", "-algorithm", kind, "-out", &file];
    if kind == "EC" {
        arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    run("openssl", &arguments);
    private(&file)
}

pub(crate) fn config(folder: &Folder, key_kind: &str) -> Config {
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

pub(crate) fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("shop"), config.clone()).unwrap()
}

pub(crate) fn apply(config: &Config, target: &Target, prior: &PointState) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
    };
    point(config).apply(&applying, DEADLINE)
}

pub(crate) fn lift(config: &Config, target: &Target, prior: &PointState) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point(config).lift(&lifting, DEADLINE)
}

pub(crate) struct Shop {
    pub(crate) receiver: Receiver,
    pub(crate) config: Config,
    pub(crate) _folder: Folder,
    pub(crate) pictures: usize,
}

impl Shop {
    pub(crate) fn new(key_kind: &str) -> Option<Self> {
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

    fn kept(&self, what: &str) -> Value {
        let all: Value = serde_json::from_str(&self.receiver.kept()).unwrap();
        all.get(what).cloned().unwrap_or_default()
    }

    pub(crate) fn received(&self) -> Vec<Value> {
        serde_json::from_value(self.kept("received")).unwrap()
    }

    /// Every account, whether it may log on and how many sessions it has.
    pub(crate) fn accounts(&self) -> Value {
        self.kept("accounts")
    }

    pub(crate) fn state_of(&self, name: &str) -> Value {
        self.accounts().get(name).cloned().unwrap_or_default()
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
        self.accounts().to_string()
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        false
    }

    fn before_run(&mut self, _target: &Target) {
        self.pictures = 0;
    }
}

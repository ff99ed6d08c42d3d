//! What the tests of SSH share: a server with two accounts.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::time::Duration;

use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointName, PointState, Standing,
    Target,
};
use cordon_connectors::ssh::{Attempt, Config, connect};
use cordon_testbed::{LocalAccount, SshServer, skip};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// sshd with two accounts, and keys with a certificate for the principal of each.
pub(crate) struct Bed {
    pub(crate) server: SshServer,
    pub(crate) pat: LocalAccount,
    pub(crate) sam: LocalAccount,
    pub(crate) pat_certificate: String,
    pub(crate) sam_certificate: String,
}

pub(crate) fn bed() -> Option<Bed> {
    if let Some(missing) = SshServer::missing() {
        skip(&format!("{missing} is missing"));
        return None;
    }
    let (pat, sam) = (LocalAccount::new(), LocalAccount::new());
    let server = SshServer::start(&[&pat, &sam]);
    let certificate = |account: &LocalAccount| server.certificate(&format!("login-{}", account.name()));
    Some(Bed {
        pat_certificate: certificate(&pat),
        sam_certificate: certificate(&sam),
        server,
        pat,
        sam,
    })
}

impl Bed {
    pub(crate) fn config(&self) -> Config {
        let file = |name: &str| self.server.file(name).into();
        Config {
            host: "shell".to_owned(),
            denials: self.denials().into(),
            principals: Some(self.server.principals_folder().into()),
            revoked_keys: Some(file("krl")),
            program: "/usr/sbin/sshd".into(),
            configuration: file("sshd_config"),
            pid_file: file("pid"),
            probe: Some(Attempt {
                address: ([127, 0, 0, 1], self.server.port()).into(),
                known_hosts: file("known_hosts"),
                key: Some(file("probe")),
                principals: [(
                    format!("login-{}", self.pat.name()),
                    self.pat_certificate.clone().into(),
                )]
                .into(),
            }),
        }
    }

    pub(crate) fn denials(&self) -> String {
        format!("{}/cordon.conf", self.server.included_folder())
    }

    pub(crate) fn principals(&self) -> String {
        format!("{}/{}", self.server.principals_folder(), self.pat.name())
    }

    pub(crate) fn point(&self) -> Box<dyn EnforcementPoint> {
        open(self.config())
    }

    pub(crate) fn account(&self) -> Target {
        account(self.pat.name())
    }

    pub(crate) fn right(&self) -> Target {
        Target::Right {
            holder: self.pat.name().to_owned(),
            right: format!("login-{}", self.pat.name()),
            on: "shell".to_owned(),
        }
    }
}

pub(crate) fn open(config: Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("ssh"), config).unwrap()
}

pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(crate) fn mark() -> Mark {
    Mark::from("cordon:0123456789abcdef")
}

pub(crate) fn apply(
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

pub(crate) fn lift(
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

pub(crate) fn withdraw(point: &mut dyn EnforcementPoint, target: &Target) -> (PointState, Observation) {
    let prior = point.observe(target, DEADLINE).unwrap().state;
    let left = apply(point, target, &prior).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    (prior, left)
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

//! What the tests of both directories share.

use std::time::Duration;

use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, Probe, Target,
};
use cordon_connectors::directory::{Config, connect};
use cordon_testbed::Folder;
use serde_json::{Value, json};

/// As long as a busy machine may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Marks as Cordon makes them.
pub(crate) const MARK: &str = "cordon:0123456789abcdef";
/// Another.
pub(crate) const OTHER_MARK: &str = "cordon:fedcba9876543210";

/// A secret in a file that only its owner reads, as the configuration names it.
pub(crate) fn secret(folder: &Folder, text: &str) -> Value {
    use std::os::unix::fs::PermissionsExt as _;
    let name: String = text.bytes().map(|octet| format!("{octet:02x}")).collect();
    let path = folder.write(&name, text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    json!({"file": path})
}

/// `base` with the keys of `more` in it, also in the objects in it.
pub(crate) fn with(base: &Value, more: Value) -> Value {
    let mut both = base.clone();
    merge(&mut both, more);
    both
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// A point of this configuration.
pub(crate) fn point(config: &Value) -> Box<dyn EnforcementPoint> {
    try_point(config).unwrap()
}

/// A point of this configuration, or why it is wrong.
pub(crate) fn try_point(config: &Value) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    connect(&PointName::from("directory"), config)
}

/// An account.
pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

/// A membership.
pub(crate) fn membership(member: &str, group: &str) -> Target {
    Target::Membership {
        member: member.to_owned(),
        group: group.to_owned(),
    }
}

/// The calls of a point with the deadline and the mark of the tests.
pub(crate) trait Calls {
    /// [`EnforcementPoint::observe`].
    fn see(&mut self, target: &Target) -> Observation;
    /// [`EnforcementPoint::apply`].
    fn withdraw(
        &mut self,
        target: &Target,
        prior: &PointState,
        mark: &str,
    ) -> Result<Observation, PointError>;
    /// [`EnforcementPoint::lift`].
    fn give_back(
        &mut self,
        target: &Target,
        prior: &PointState,
        left: Option<&PointState>,
    ) -> Result<Observation, PointError>;
    /// [`EnforcementPoint::probe`].
    fn try_it(&mut self, target: &Target) -> Probe;
}

impl Calls for Box<dyn EnforcementPoint> {
    fn see(&mut self, target: &Target) -> Observation {
        self.observe(target, DEADLINE).unwrap()
    }

    fn withdraw(
        &mut self,
        target: &Target,
        prior: &PointState,
        mark: &str,
    ) -> Result<Observation, PointError> {
        let mark = Mark::from(mark);
        let applying = Applying {
            target,
            prior,
            mark: &mark,
            lease_until: None,
        };
        self.apply(&applying, DEADLINE)
    }

    fn give_back(
        &mut self,
        target: &Target,
        prior: &PointState,
        left: Option<&PointState>,
    ) -> Result<Observation, PointError> {
        let mark = Mark::from(MARK);
        let lifting = Lifting {
            target,
            prior,
            left,
            mark: &mark,
        };
        self.lift(&lifting, DEADLINE)
    }

    fn try_it(&mut self, target: &Target) -> Probe {
        self.probe(target, DEADLINE).unwrap()
    }
}

/// The kind of the error that this must be.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, PointError>) -> PointErrorKind {
    result.unwrap_err().kind
}

//! Which kinds of enforcement point there are. A module is added by one line in [`KINDS`].

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_act::{EnforcementPoint, PointError, PointErrorKind, PointName};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The kind of a module that exports `Config` and `connect`.
#[allow(unused_macros, reason = "a build without any kind is possible")]
macro_rules! kind {
    ($name:literal, $module:ident) => {
        Kind {
            name: $name,
            runs_programs: false,
            read: |point, text| read(point, text, $crate::$module::connect),
        }
    };
    ($name:literal, $module:ident, runs programs) => {
        Kind {
            runs_programs: true,
            ..kind!($name, $module)
        }
    };
}

/// Every kind of enforcement point, by the name that the actuator's configuration gives it.
pub static KINDS: &[Kind] = &[
    #[cfg(feature = "database")]
    kind!("postgres", database),
    #[cfg(feature = "directory")]
    kind!("directory", directory, runs programs),
    kind!("nftables", firewall, runs programs),
    kind!("haproxy", front_door),
    #[cfg(feature = "https")]
    kind!("openc2", openc2),
    kind!("openvpn", openvpn, runs programs),
    kind!("radius", radius),
    #[cfg(feature = "https")]
    kind!("scim", scim),
    kind!("script", script, runs programs),
    kind!("ssh", ssh, runs programs),
    #[cfg(feature = "https")]
    kind!("shared-signals", shared_signals),
];

/// One kind of enforcement point.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the configuration.
    pub name: &'static str,
    /// True if its points start programs, so that the process may not be kept from it.
    pub runs_programs: bool,
    read: fn(&PointName, &Arc<str>) -> Result<Connector, yaml_serde::Error>,
}

/// A point that was made, or why it was not.
pub type Connected = Result<Box<dyn EnforcementPoint>, PointError>;

/// Makes the point, and makes it again after it failed badly.
pub type Connector = Box<dyn Fn() -> Connected + Send + Sync>;

/// The part of the configuration with one point in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part<C> {
    points: BTreeMap<String, Section<C>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section<C> {
    #[serde(rename = "kind")]
    _kind: String,
    config: C,
}

#[cfg_attr(not(test), allow(dead_code, reason = "a build without any kind is possible"))]
fn read<C: DeserializeOwned + 'static>(
    point: &PointName,
    text: &Arc<str>,
    connect: fn(&PointName, C) -> Connected,
) -> Result<Connector, yaml_serde::Error> {
    // Read once for its mistakes, and again for each connection, so that a configuration need not be copied.
    parse::<C>(text)?;
    let (point, text) = (point.clone(), Arc::clone(text));
    Ok(Box::new(move || {
        let config = parse::<C>(&text).map_err(|error| PointError::new(PointErrorKind::Config, error))?;
        let config =
            config.ok_or_else(|| PointError::new(PointErrorKind::Bug, "the point has no configuration"))?;
        connect(&point, config)
    }))
}

fn parse<C: DeserializeOwned>(text: &str) -> Result<Option<C>, yaml_serde::Error> {
    let part: Part<C> =
        yaml_serde::with::singleton_map_recursive::deserialize(yaml_serde::Deserializer::from_str(text))?;
    Ok(part.points.into_values().next().map(|section| section.config))
}

/// The kind of a name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// Reads the part of a configuration that holds exactly one point, at its own lines.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn connector(&self, point: &PointName, text: &Arc<str>) -> Result<Connector, yaml_serde::Error> {
        (self.read)(point, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Config {
        #[expect(dead_code, reason = "only read")]
        secret: crate::SecretSource,
        #[serde(default)]
        #[expect(dead_code, reason = "only read")]
        wait_seconds: u32,
    }

    fn refuse(_: &PointName, _: Config) -> Connected {
        Err(PointError::new(PointErrorKind::Target, "not here"))
    }

    fn line_of(text: &str) -> Option<usize> {
        let read = read(&PointName::from("vpn"), &Arc::from(text), refuse);
        read.err().and_then(|error| error.location()).map(|at| at.line())
    }

    #[test]
    fn a_mistake_is_found_at_its_line() {
        let good = "\n\npoints:\n  vpn:\n    kind: openvpn\n    config:\n      secret: { file: /etc/x }\n      wait-seconds: 3\n";
        assert_eq!(line_of(good), None);
        assert_eq!(
            line_of(&good.replace("wait-seconds: 3", "wait-seconds: soon")),
            Some(8)
        );
        assert_eq!(line_of(&good.replace("wait-seconds", "wait")), Some(8));
        assert!(line_of(&good.replace("file:", "files:")).is_some());
        let connector = read(&PointName::from("vpn"), &Arc::from(good), refuse).unwrap();
        assert_eq!(connector().err().unwrap().kind, PointErrorKind::Target);
    }

    #[test]
    fn no_two_kinds_have_one_name() {
        for (place, kind) in KINDS.iter().enumerate() {
            assert!(
                KINDS[..place].iter().all(|other| other.name != kind.name),
                "{}",
                kind.name
            );
        }
    }
}

//! Whom a target means: names of clients, by themselves, as a group, or all but some.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use cordon_act::limits::EXCEPTIONS_MAX;
use cordon_act::{PointError, PointErrorKind, Target, Whom};
use sha2::{Digest as _, Sha256};

use super::Config;
use super::folder::{DEFAULT, WRITTEN_ASIDE};

/// Longest name of a client in bytes: it is the name of a file.
const NAME_BYTES_MAX: usize = 255;

/// Largest file of groups in bytes.
const GROUPS_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most members of a group.
const MEMBERS_MAX: usize = 10_000;

/// Whom a target means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Sixteen digits of a digest over the target.
    pub(crate) digest: String,
    /// Which clients.
    pub(crate) whom: Clients,
}

/// Which clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clients {
    /// One.
    One(String),
    /// The members of a group.
    Members(BTreeSet<String>),
    /// A group that nobody knows.
    Unknown,
    /// Everybody but these.
    AllBut(BTreeSet<String>),
}

impl Scope {
    /// Whom a target of remote access means.
    ///
    /// # Errors
    /// [`PointErrorKind::Input`] if it is another target or a name cannot be, [`PointErrorKind::Config`] if the groups cannot be
    /// read.
    pub(crate) fn of(target: &Target, config: &Config) -> Result<Self, PointError> {
        let Target::RemoteAccess { whom } = target else {
            return Err(PointError::new(
                PointErrorKind::Input,
                "a VPN can withdraw remote access and sessions only",
            ));
        };
        let whom = match whom {
            Whom::Account(name) => Clients::One(client_name(name)?),
            Whom::Group(name) => match members(name, config)? {
                Some(members) => Clients::Members(members),
                None => Clients::Unknown,
            },
            Whom::AllBut(names) if names.len() > EXCEPTIONS_MAX => {
                return Err(PointError::new(
                    PointErrorKind::Input,
                    format!("at most {EXCEPTIONS_MAX} can be excepted"),
                ));
            }
            Whom::AllBut(names) => {
                let names: Result<_, PointError> = names.iter().map(|name| client_name(name)).collect();
                Clients::AllBut(names?)
            }
        };
        Ok(Self {
            digest: digest(target)?,
            whom,
        })
    }

    /// True if it means this client.
    pub(crate) fn covers(&self, name: &str) -> bool {
        match &self.whom {
            Clients::One(one) => one == name,
            Clients::Members(members) => members.contains(name),
            Clients::Unknown => false,
            Clients::AllBut(allowed) => !allowed.contains(name),
        }
    }
}

/// A name that can be a client's: what OpenVPN would take as the name of its file, unchanged.
///
/// # Errors
/// [`PointErrorKind::Input`] if it cannot.
pub(crate) fn client_name(name: &str) -> Result<String, PointError> {
    let reserved = [".", "..", DEFAULT, WRITTEN_ASIDE].contains(&name);
    let bytes = name.len();
    if reserved
        || bytes == 0
        || bytes > NAME_BYTES_MAX
        || name.contains('/')
        || name.chars().any(char::is_control)
    {
        return Err(PointError::new(
            PointErrorKind::Input,
            format!("{name:?} cannot be the name of a VPN client"),
        ));
    }
    Ok(name.to_owned())
}

fn members(group: &str, config: &Config) -> Result<Option<BTreeSet<String>>, PointError> {
    let listed = match config.groups.get(group) {
        Some(members) => Some(members.clone()),
        None => match &config.groups_file {
            Some(path) => read_groups(path)?.remove(group),
            None => None,
        },
    };
    let Some(listed) = listed else { return Ok(None) };
    if listed.len() > MEMBERS_MAX {
        return Err(PointError::new(
            PointErrorKind::Config,
            format!("the group {group:?} has more than {MEMBERS_MAX} members"),
        ));
    }
    listed
        .iter()
        .map(|name| client_name(name))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_groups(path: &Path) -> Result<BTreeMap<String, Vec<String>>, PointError> {
    let wrong = |what: String| {
        PointError::new(
            PointErrorKind::Config,
            format!("the groups file {}: {what}", path.display()),
        )
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(GROUPS_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > GROUPS_BYTES_MAX {
        return Err(wrong(format!("longer than {GROUPS_BYTES_MAX} bytes")));
    }
    parse_groups(&text).map_err(|line| wrong(format!("line {line} is not `group: member, member`")))
}

/// Reads lines `group: member, member`; empty lines and those that begin with `#` say nothing. The error is a line number.
fn parse_groups(text: &str) -> Result<BTreeMap<String, Vec<String>>, usize> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (group, members) = line.split_once(':').ok_or(index + 1)?;
        let members = members.split(',').map(str::trim).filter(|name| !name.is_empty());
        groups
            .entry(group.trim().to_owned())
            .or_default()
            .extend(members.map(str::to_owned));
    }
    Ok(groups)
}

fn digest(target: &Target) -> Result<String, PointError> {
    let text = serde_json::to_vec(target).map_err(|error| PointError::new(PointErrorKind::Bug, error))?;
    Ok(hex(&Sha256::digest(text)))
}

/// Sixteen digits of a digest.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_another_file_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "DEFAULT",
            "../passwd",
            "a/b",
            "a\nb",
            "a\0b",
            &"a".repeat(256),
        ] {
            assert_eq!(
                client_name(name).unwrap_err().kind,
                PointErrorKind::Input,
                "{name:?}"
            );
        }
        for name in [
            "pat",
            "Pat Example",
            "pat@example.org",
            "ünïcode",
            "a;b|c$(d)",
            "-rf",
        ] {
            assert_eq!(client_name(name).unwrap(), name);
        }
    }

    #[test]
    fn groups_are_read_line_by_line() {
        let groups = parse_groups("# staff\n\nsales: pat, sam\n sales : kim\nempty:\n").unwrap();
        assert_eq!(groups["sales"], ["pat", "sam", "kim"]);
        assert!(groups["empty"].is_empty());
        assert_eq!(parse_groups("ok: a\nno colon\n"), Err(2));
    }
}

//! Targets as commands of the OpenC2 language (Language Specification 1.0 section 3.4.1).

use std::net::IpAddr;

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{Endpoint, PointError, PointErrorKind, Protocol, Target};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Config, PACKET_FILTER};
use crate::told::Record;

/// Most commands that one target may come to.
const COMMANDS_MAX: usize = 64;
/// The smallest rule number given: below lie those that people give.
const RULE_NUMBER_MIN: u32 = 1 << 20;

/// How a host is named to a consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Host {
    /// By its addresses: `deny` of `ipv4_net` or `ipv6_net`.
    #[default]
    Addresses,
    /// By its name: `contain` of `device`.
    Device,
}

/// How an account is named to a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Account {
    /// By its mail address: `deny` of `email_addr`.
    Email {
        /// What follows the `@`; default: the name is already an address.
        #[serde(default)]
        domain: Option<String>,
    },
    /// By a target of the profile's own, such as `x-house:account`: `deny` of it.
    Extension {
        /// The target's name after the colon. Its value is the account's name.
        target: String,
    },
}

/// One thing that is denied or contained.
pub(super) struct Command {
    /// `deny` or `contain`.
    pub(super) action: &'static str,
    /// The target's name in the language.
    pub(super) name: String,
    what: Value,
}

/// What must be known to take a withdrawal back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Detail {
    /// The number of each command's rule.
    pub(super) rules: Vec<u32>,
    /// When the consumer ends it by itself.
    pub(super) stop: Option<Timestamp>,
}

impl Detail {
    /// Fresh numbers, out of the record's random name.
    pub(super) fn new(record: &Record, count: usize, stop: Option<Timestamp>) -> Result<Self, PointError> {
        let bug = |_| PointError::new(PointErrorKind::Bug, "a name that is no number");
        let digits = record.id.get(..7).unwrap_or_default();
        // 28 random bits above the smallest, and room for the others after it; below 2^31, as numbers commonly must be.
        let first = RULE_NUMBER_MIN + u32::from_str_radix(digits, 16).map_err(bug)?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Self {
            rules: (first..first.saturating_add(count)).collect(),
            stop,
        })
    }

    pub(super) fn of(record: &Record) -> Result<Self, PointError> {
        serde_json::from_value(record.detail.clone()).map_err(|error| {
            PointError::new(
                PointErrorKind::Config,
                format_args!("the memory of what was told is spoiled: {error}"),
            )
        })
    }

    pub(super) fn kept(&self) -> Result<Value, PointError> {
        serde_json::to_value(self).map_err(|error| PointError::new(PointErrorKind::Bug, error))
    }
}

impl Command {
    fn new(action: &'static str, name: &str, what: Value) -> Self {
        Self {
            action,
            name: name.to_owned(),
            what,
        }
    }

    /// The command that withdraws.
    pub(super) fn withdraw(&self, config: &Config, record: &Record, detail: &Detail, place: usize) -> Value {
        let mut arguments = json!({"response_requested": "complete"});
        if let Some(parts) = arguments.as_object_mut() {
            if let Some(stop) = detail.stop {
                parts.insert("stop_time".to_owned(), stop.as_millisecond().into());
            }
            if let Some(number) = detail
                .rules
                .get(place)
                .filter(|_| config.profile == PACKET_FILTER)
            {
                parts.insert(PACKET_FILTER.to_owned(), json!({ "insert_rule": number }));
            }
        }
        let target = json!({ self.name.as_str(): self.what });
        whole(
            config,
            self.action,
            &target,
            &arguments,
            &format!("{}-w{place}", record.id),
        )
    }

    /// The command that lifts.
    pub(super) fn lift(&self, config: &Config, record: &Record, detail: &Detail, place: usize) -> Value {
        let arguments = json!({"response_requested": "complete"});
        let id = format!("{}-l{place}", record.id);
        if config.profile == PACKET_FILTER {
            let target = json!({ "slpf:rule_number": detail.rules.get(place) });
            return whole(config, "delete", &target, &arguments, &id);
        }
        let target = json!({ self.name.as_str(): self.what });
        whole(config, "allow", &target, &arguments, &id)
    }
}

/// A command with its actuator.
pub(super) fn whole(config: &Config, action: &str, target: &Value, arguments: &Value, id: &str) -> Value {
    let specifiers = config
        .asset_id
        .as_ref()
        .map_or_else(|| json!({}), |asset| json!({ "asset_id": asset }));
    json!({
        "action": action,
        "target": target,
        "args": arguments,
        "actuator": { config.profile.as_str(): specifiers },
        "command_id": id,
    })
}

fn wrong(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Input, text)
}

/// The commands that a target comes to.
pub(super) fn commands(config: &Config, target: &Target) -> Result<Vec<Command>, PointError> {
    let commands = match target {
        Target::Flow {
            from,
            to,
            protocol,
            port,
        } => flow(from, to, *protocol, *port)?,
        Target::Host { name, addresses } => host(config.host, name, addresses)?,
        Target::Account { account } => vec![self::account(config, account)?],
        other => {
            return Err(wrong(format_args!(
                "an OpenC2 consumer is not told to withdraw {other}"
            )));
        }
    };
    if commands.is_empty() || commands.len() > COMMANDS_MAX {
        return Err(wrong(format_args!(
            "{target} comes to {} commands: from 1 to {COMMANDS_MAX} can be given",
            commands.len()
        )));
    }
    Ok(commands)
}

/// A network of one family, in CIDR notation.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    fn of(text: &str) -> Result<Self, PointError> {
        let bad = || wrong(format_args!("no network in CIDR notation: {text}"));
        let (address, length) = text
            .split_once('/')
            .map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(longest), str::parse).map_err(|_| bad())?;
        if length > longest {
            return Err(bad());
        }
        Ok(Self { address, length })
    }

    fn text(self) -> String {
        format!("{}/{}", self.address, self.length)
    }
}

fn networks(endpoint: &Endpoint) -> Result<Vec<Option<Network>>, PointError> {
    match endpoint {
        Endpoint::Any => Ok(vec![None]),
        Endpoint::Networks(networks) => networks.iter().map(|text| Network::of(text).map(Some)).collect(),
    }
}

fn flow(
    from: &Endpoint,
    to: &Endpoint,
    protocol: Option<Protocol>,
    port: Option<u16>,
) -> Result<Vec<Command>, PointError> {
    if port.is_some() && protocol.is_none() {
        return Err(wrong("a port without a protocol cannot be told in OpenC2"));
    }
    let mut commands = Vec::new();
    for source in networks(from)? {
        for destination in networks(to)? {
            for is_v4 in [true, false] {
                let fits =
                    |side: Option<Network>| side.is_none_or(|network| network.address.is_ipv4() == is_v4);
                if fits(source) && fits(destination) {
                    commands.push(connection(is_v4, source, destination, protocol, port));
                }
            }
        }
    }
    Ok(commands)
}

fn connection(
    is_v4: bool,
    source: Option<Network>,
    destination: Option<Network>,
    protocol: Option<Protocol>,
    port: Option<u16>,
) -> Command {
    let mut what = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            what.insert(name.to_owned(), value);
        }
    };
    put("src_addr", source.map(|network| network.text().into()));
    put("dst_addr", destination.map(|network| network.text().into()));
    put("dst_port", port.map(Value::from));
    let protocol = protocol.map(|protocol| match protocol {
        Protocol::Tcp => "tcp".into(),
        Protocol::Udp => "udp".into(),
    });
    put("protocol", protocol);
    // A connection must say something (section 3.4.1.11): from everywhere, then.
    if what.is_empty() {
        let everywhere = if is_v4 { "0.0.0.0/0" } else { "::/0" };
        what.insert("src_addr".to_owned(), everywhere.into());
    }
    let name = if is_v4 {
        "ipv4_connection"
    } else {
        "ipv6_connection"
    };
    Command::new("deny", name, Value::Object(what))
}

fn host(by: Host, name: &str, addresses: &[String]) -> Result<Vec<Command>, PointError> {
    if by == Host::Device {
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if name.is_empty() || name.len() > 253 || !name.bytes().all(is_host) {
            return Err(wrong("no name of a host (RFC 1123)"));
        }
        return Ok(vec![Command::new(
            "contain",
            "device",
            json!({ "hostname": name }),
        )]);
    }
    addresses
        .iter()
        .map(|text| {
            let network = Network::of(text)?;
            let name = if network.address.is_ipv4() {
                "ipv4_net"
            } else {
                "ipv6_net"
            };
            Ok(Command::new("deny", name, network.text().into()))
        })
        .collect()
}

fn account(config: &Config, account: &str) -> Result<Command, PointError> {
    if account.is_empty() || account.len() > NAME_BYTES_MAX || account.chars().any(char::is_control) {
        return Err(wrong("a name must have 1 to 512 bytes and no control characters"));
    }
    match &config.account {
        None => Err(wrong("this consumer is not told about accounts")),
        Some(Account::Extension { target }) => {
            let name = format!("{}:{target}", config.profile);
            Ok(Command::new("deny", &name, account.into()))
        }
        Some(Account::Email { domain }) => {
            let email = match domain {
                Some(domain) if !account.contains('@') => format!("{account}@{domain}"),
                _ => account.to_owned(),
            };
            if !email.contains('@') {
                return Err(wrong(
                    "the account's name is no mail address, and no domain is configured",
                ));
            }
            Ok(Command::new("deny", "email_addr", email.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(from: Endpoint, to: Endpoint, protocol: Option<Protocol>, port: Option<u16>) -> Vec<String> {
        let commands = flow(&from, &to, protocol, port).unwrap();
        commands
            .iter()
            .map(|command| {
                // Whether objects keep the order of their keys depends on what else is built.
                let sorted = cordon_ledger::canonical_text(&command.what).unwrap();
                format!("{} {sorted}", command.name)
            })
            .collect()
    }

    #[test]
    fn a_flow_is_told_for_each_pair_of_one_family() {
        let networks =
            |texts: &[&str]| Endpoint::Networks(texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(
            flows(
                networks(&["10.1.0.0/16", "fd00:1::/32"]),
                networks(&["10.2.0.7"]),
                Some(Protocol::Tcp),
                Some(443)
            ),
            [
                "ipv4_connection {\"dst_addr\":\"10.2.0.7/32\",\"dst_port\":443,\"protocol\":\"tcp\",\"src_addr\":\"10.1.0.0/16\"}"
            ]
        );
        assert_eq!(
            flows(Endpoint::Any, Endpoint::Any, None, None),
            [
                "ipv4_connection {\"src_addr\":\"0.0.0.0/0\"}",
                "ipv6_connection {\"src_addr\":\"::/0\"}"
            ]
        );
        for bad in ["10.1.0.0/33", "ten", "10.1.0.0/-1", "fd00::/129", ""] {
            assert!(
                flow(&networks(&[bad]), &Endpoint::Any, None, None).is_err(),
                "{bad}"
            );
        }
        assert!(flow(&Endpoint::Any, &Endpoint::Any, None, Some(1)).is_err());
    }
}

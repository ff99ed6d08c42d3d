//! What a withdrawal of a target looks like in the kernel: its sets with their networks, and its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{PointError, PointErrorKind, Protocol, Target};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::network::{self, Family, Network};

/// The chain that refuses: TCP with a reset, everything else with an ICMP error.
pub(crate) const REFUSE: &str = "refuse";

/// What the first rule of every flow is called.
pub(crate) const OPENED: &str = "opened";

/// Transport protocols with ports.
const WITH_PORTS: [&str; 5] = ["tcp", "udp", "udplite", "dccp", "sctp"];

/// A target as it stands in the kernel.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Sixteen digits of a digest over the target, in the names of its chain and sets.
    pub(crate) digest: String,
    /// What is withdrawn.
    pub(crate) what: What,
}

/// What is withdrawn.
#[derive(Debug)]
pub(crate) enum What {
    /// Traffic opened from one place to another.
    Flow {
        /// Where it is opened from.
        from: BTreeSet<Network>,
        /// Where to.
        to: BTreeSet<Network>,
        /// Only this protocol.
        protocol: Option<Protocol>,
        /// Only this destination port.
        port: Option<u16>,
    },
    /// All traffic from and to these addresses.
    Host {
        /// Its addresses.
        addresses: BTreeSet<Network>,
    },
}

/// One rule: what it is called in its comment, and its expressions before the verdict.
pub(crate) struct Rule {
    /// Its comment.
    pub(crate) name: String,
    /// Its matches.
    pub(crate) matches: Vec<Value>,
}

impl Shape {
    /// The shape of a target.
    ///
    /// # Errors
    /// [`PointErrorKind::Input`] if it is no flow or host, or its addresses cannot be read or do not fit together.
    pub(crate) fn of(target: &Target) -> Result<Self, PointError> {
        let wrong = |what: &str| PointError::new(PointErrorKind::Input, what);
        let what = match target {
            Target::Flow {
                from,
                to,
                protocol,
                port,
            } => What::Flow {
                from: network::of_endpoint(from)?,
                to: network::of_endpoint(to)?,
                protocol: *protocol,
                port: *port,
            },
            Target::Host { name, .. } if name.len() > NAME_BYTES_MAX => {
                return Err(wrong("the host's name is too long"));
            }
            Target::Host { addresses, .. } => What::Host {
                addresses: network::of_texts(addresses)?,
            },
            _ => return Err(wrong("a firewall can withdraw flows and hosts only")),
        };
        if matches!(what, What::Flow { port: Some(0), .. }) {
            return Err(wrong("port 0 is no port"));
        }
        let shape = Self {
            digest: digest(target)?,
            what,
        };
        if shape.families().is_empty() {
            return Err(wrong("one side of the flow has only IPv4, the other only IPv6"));
        }
        Ok(shape)
    }

    /// The families in which it has something to refuse.
    pub(crate) fn families(&self) -> Vec<Family> {
        let has = |networks: &BTreeSet<Network>, family| networks.iter().any(|one| one.family() == family);
        Family::ALL
            .into_iter()
            .filter(|family| match &self.what {
                What::Flow { from, to, .. } => has(from, *family) && has(to, *family),
                What::Host { addresses } => has(addresses, *family),
            })
            .collect()
    }

    /// The name of its chain.
    pub(crate) fn chain(&self) -> String {
        format!("target_{}", self.digest)
    }

    /// The name of one of its sets.
    fn set(&self, side: &str, family: Family) -> String {
        format!("{side}{}_{}", family.digit(), self.digest)
    }

    /// True if a set of this name is one that this target could have.
    pub(crate) fn owns_set(&self, name: &str) -> bool {
        name.ends_with(&format!("_{}", self.digest))
    }

    /// Its sets by name, each with its family and networks.
    pub(crate) fn sets(&self) -> BTreeMap<String, (Family, BTreeSet<Network>)> {
        let mut sets = BTreeMap::new();
        for family in self.families() {
            let mut put = |side: &str, networks: &BTreeSet<Network>| {
                let of_family = networks
                    .iter()
                    .filter(|one| one.family() == family)
                    .copied()
                    .collect();
                sets.insert(self.set(side, family), (family, of_family));
            };
            match &self.what {
                What::Flow { from, to, .. } => {
                    put("from", from);
                    put("to", to);
                }
                What::Host { addresses } => put("host", addresses),
            }
        }
        sets
    }

    /// Its rules, in order.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.families()
            .into_iter()
            .flat_map(|family| match &self.what {
                What::Flow { protocol, port, .. } => self.flow_rules(family, *protocol, *port),
                What::Host { .. } => self.host_rules(family),
            })
            .collect()
    }

    fn host_rules(&self, family: Family) -> Vec<Rule> {
        let set = self.set("host", family);
        [("from", "saddr"), ("to", "daddr")]
            .into_iter()
            .map(|(name, field)| Rule {
                name: format!("{name} {}", family.digit()),
                matches: vec![in_set(family, field, &set)],
            })
            .collect()
    }

    /// The rules of a flow.
    ///
    /// * `opened`: what the opening side sends; `answered`: what comes back. The connection tracker knows the direction, so a
    ///   connection that the far side opened passes.
    /// * `untracked`: what the tracker does not know, by its addresses alone.
    /// * `relearned`: a TCP packet from the far side that opens nothing. A stream that the far side pushes is learned anew in
    ///   reverse once its entry is gone (`nf_conntrack_tcp_loose`), and would go on.
    /// * `pushed`: the same of a datagram, which is recognised by its port alone.
    fn flow_rules(&self, family: Family, protocol: Option<Protocol>, port: Option<u16>) -> Vec<Rule> {
        let (from, to) = (self.set("from", family), self.set("to", family));
        let there = vec![in_set(family, "saddr", &from), in_set(family, "daddr", &to)];
        let back = vec![in_set(family, "saddr", &to), in_set(family, "daddr", &from)];
        let protocols = protocols(protocol, port);
        let rule = |name: &str, parts: &[&[Value]]| Rule {
            name: format!("{name} {}", family.digit()),
            matches: parts.concat(),
        };
        let destination = port_match("dport", port);
        let source = port_match("sport", port);
        let stray = [states(&["invalid", "untracked"])];
        let mut rules = vec![
            rule(
                "opened",
                &[&there, &protocols, &destination, &[direction("original")]],
            ),
            rule("answered", &[&back, &protocols, &source, &[direction("reply")]]),
            rule("untracked", &[&there, &protocols, &destination, &stray]),
        ];
        if protocol != Some(Protocol::Udp) {
            let opens_nothing = [states(&["invalid", "new", "untracked"]), opens_nothing()];
            rules.push(rule("relearned", &[&back, &opens_nothing, &tcp_port(port)]));
        }
        if protocol != Some(Protocol::Tcp) && port.is_some() {
            let fresh = [states(&["invalid", "new", "untracked"]), of_protocols(&["udp"])];
            rules.push(rule("pushed", &[&back, &fresh, &source]));
        }
        rules
    }

    /// The rules that stand in for the others while connection tracking begins. None for a host, whose rules need no tracking.
    ///
    /// The kernel starts to track before the rules that need it are in force. A packet of the far side in between would be learned
    /// as opening a stream in reverse, and the stream would pass for the far side's own. These rules let no such packet through.
    pub(crate) fn preparing_rules(&self) -> Vec<Rule> {
        let What::Flow { protocol, port, .. } = &self.what else {
            return Vec::new();
        };
        if *protocol == Some(Protocol::Udp) {
            return Vec::new();
        }
        let rule = |family: Family| {
            let (from, to) = (self.set("from", family), self.set("to", family));
            let mut matches = vec![in_set(family, "saddr", &to), in_set(family, "daddr", &from)];
            matches.push(opens_nothing());
            matches.extend(tcp_port(*port));
            Rule {
                name: format!("preparing {}", family.digit()),
                matches,
            }
        };
        self.families().into_iter().map(rule).collect()
    }

    /// True if a TCP connection from one address to another is refused by this target.
    pub(crate) fn refuses(&self, from: IpAddr, to: IpAddr, to_port: u16) -> bool {
        let within = |networks: &BTreeSet<Network>, address| networks.iter().any(|one| one.contains(address));
        match &self.what {
            What::Host { addresses } => within(addresses, from) || within(addresses, to),
            What::Flow {
                from: sources,
                to: destinations,
                protocol,
                port,
            } => {
                *protocol != Some(Protocol::Udp)
                    && port.is_none_or(|port| port == to_port)
                    && within(sources, from)
                    && within(destinations, to)
            }
        }
    }
}

fn digest(target: &Target) -> Result<String, PointError> {
    let text = serde_json::to_vec(target).map_err(|error| PointError::new(PointErrorKind::Bug, error))?;
    let digest = Sha256::digest(text);
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn is(left: &Value, right: &Value) -> Value {
    json!({"match": {"op": "==", "left": left, "right": right}})
}

fn field(protocol: &str, field: &str) -> Value {
    json!({"payload": {"protocol": protocol, "field": field}})
}

fn in_set(family: Family, side: &str, set: &str) -> Value {
    is(&field(family.header(), side), &json!(format!("@{set}")))
}

fn direction(direction: &str) -> Value {
    is(&json!({"ct": {"key": "direction"}}), &json!(direction))
}

fn states(states: &[&str]) -> Value {
    json!({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": states}})
}

/// TCP flags of which SYN stands without ACK: only such a packet opens a connection. This matches all others.
fn opens_nothing() -> Value {
    let flags = json!({"&": [field("tcp", "flags"), ["syn", "ack"]]});
    json!({"match": {"op": "!=", "left": flags, "right": "syn"}})
}

fn of_protocols(names: &[&str]) -> Value {
    let left = json!({"meta": {"key": "l4proto"}});
    match names {
        [one] => is(&left, &json!(one)),
        several => is(&left, &json!({"set": several})),
    }
}

fn protocols(protocol: Option<Protocol>, port: Option<u16>) -> Vec<Value> {
    match (protocol, port) {
        (Some(Protocol::Tcp), _) => vec![of_protocols(&["tcp"])],
        (Some(Protocol::Udp), _) => vec![of_protocols(&["udp"])],
        (None, Some(_)) => vec![of_protocols(&WITH_PORTS)],
        (None, None) => Vec::new(),
    }
}

fn port_match(side: &str, port: Option<u16>) -> Vec<Value> {
    port.map(|port| is(&field("th", side), &json!(port)))
        .into_iter()
        .collect()
}

fn tcp_port(port: Option<u16>) -> Vec<Value> {
    port.map(|port| is(&field("tcp", "sport"), &json!(port)))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_act::Endpoint;

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

    #[test]
    fn only_families_on_both_sides_have_sets() {
        let target = flow(&["10.0.0.0/8", "fd00::/8"], &["10.1.0.0/16"], None, None);
        let shape = Shape::of(&target).unwrap();
        assert_eq!(shape.families(), [Family::V4]);
        let any = Shape::of(&flow(&[], &["fd00::1"], None, Some(53))).unwrap();
        assert_eq!(any.families(), [Family::V6]);
        let error = Shape::of(&flow(&["10.0.0.1"], &["fd00::1"], None, None)).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for target in [
            flow(&["10.0.0.1 drop"], &[], None, None),
            flow(&[], &[], Some(Protocol::Tcp), Some(0)),
            Target::Host {
                name: "till".to_owned(),
                addresses: Vec::new(),
            },
            Target::Route {
                route: "shop".to_owned(),
            },
        ] {
            assert_eq!(
                Shape::of(&target).unwrap_err().kind,
                PointErrorKind::Input,
                "{target}"
            );
        }
    }

    #[test]
    fn a_flow_refuses_only_its_own_direction_and_port() {
        let shape = Shape::of(&flow(
            &["10.1.0.0/16"],
            &["10.2.0.0/16"],
            Some(Protocol::Tcp),
            Some(22),
        ))
        .unwrap();
        let (near, far) = ("10.1.0.9".parse().unwrap(), "10.2.0.9".parse().unwrap());
        assert!(shape.refuses(near, far, 22));
        assert!(!shape.refuses(far, near, 22));
        assert!(!shape.refuses(near, far, 23));
    }
}

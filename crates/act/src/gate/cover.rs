//! Whether one withdrawal takes what another would.

use std::net::IpAddr;

use super::rules::same_account;
use crate::{Endpoint, Target, Whom};

/// True if withdrawing `target` takes away what `other` stands for, at one point.
#[must_use]
pub fn covers(target: &Target, other: &Target) -> bool {
    if target == other {
        return true;
    }
    match (target, other) {
        (
            Target::Account { account },
            Target::Account { account: name } | Target::Sessions { account: name },
        )
        | (Target::Sessions { account }, Target::Sessions { account: name }) => same_account(account, name),
        (Target::RemoteAccess { whom }, Target::RemoteAccess { whom: of }) => covers_remote(whom, of),
        (
            Target::Flow {
                from,
                to,
                protocol,
                port,
            },
            Target::Flow {
                from: other_from,
                to: other_to,
                protocol: other_protocol,
                port: other_port,
            },
        ) => {
            (protocol.is_none() || protocol == other_protocol)
                && (port.is_none() || port == other_port)
                && contains(from, other_from)
                && contains(to, other_to)
        }
        (
            Target::Host { addresses, .. },
            Target::Host {
                addresses: others, ..
            },
        ) => others
            .iter()
            .any(|other| addresses.iter().any(|one| holds(one, other))),
        (Target::Host { addresses, .. }, Target::Flow { from, to, .. }) => {
            touches(addresses, from) || touches(addresses, to)
        }
        _ => false,
    }
}

fn covers_remote(whom: &Whom, of: &Whom) -> bool {
    match (whom, of) {
        (Whom::Account(one), Whom::Account(other)) => same_account(one, other),
        (Whom::AllBut(names), Whom::Account(account)) => {
            !names.iter().any(|name| same_account(name, account))
        }
        // Nobody here knows who is in a group, so all of it may be hit.
        (Whom::AllBut(_), Whom::Group(_)) => true,
        (Whom::AllBut(names), Whom::AllBut(others)) => names
            .iter()
            .all(|name| others.iter().any(|other| same_account(name, other))),
        _ => false,
    }
}

/// True if every address of `inner` is one of `outer`.
fn contains(outer: &Endpoint, inner: &Endpoint) -> bool {
    match (outer, inner) {
        (Endpoint::Any, _) => true,
        (Endpoint::Networks(_), Endpoint::Any) => false,
        (Endpoint::Networks(outer), Endpoint::Networks(inner)) => inner
            .iter()
            .all(|inner| outer.iter().any(|outer| holds(outer, inner))),
    }
}

/// True if a host's address is in the endpoint, or one of its networks in the address.
fn touches(addresses: &[String], endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Any => false,
        Endpoint::Networks(networks) => networks
            .iter()
            .any(|network| addresses.iter().any(|address| holds(address, network))),
    }
}

/// True if the network `inner` lies in the network `outer`; texts that are no networks compare as texts.
fn holds(outer: &str, inner: &str) -> bool {
    let (Some(outer_network), Some(inner_network)) = (network(outer), network(inner)) else {
        return outer == inner;
    };
    let ((outer_bits, outer_length, outer_width), (inner_bits, inner_length, inner_width)) =
        (outer_network, inner_network);
    outer_width == inner_width
        && outer_length <= inner_length
        && high_bits(outer_bits, outer_length, outer_width)
            == high_bits(inner_bits, outer_length, outer_width)
}

/// The bits of an address, how many of them count, and how many there are.
fn network(text: &str) -> Option<(u128, u32, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let (bits, width) = match address.trim().parse().ok()? {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let length = match length {
        Some(length) => length.parse().ok().filter(|length| *length <= width)?,
        None => width,
    };
    Some((bits, length, width))
}

const fn high_bits(bits: u128, length: u32, width: u32) -> u128 {
    match bits.checked_shr(width - length) {
        Some(high) => high,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protocol;

    fn flow(from: &str, to: &str, port: Option<u16>) -> Target {
        let side = |text: &str| match text {
            "any" => Endpoint::Any,
            networks => Endpoint::Networks(networks.split(',').map(str::to_owned).collect()),
        };
        Target::Flow {
            from: side(from),
            to: side(to),
            protocol: port.map(|_| Protocol::Tcp),
            port,
        }
    }

    #[test]
    fn a_wider_flow_covers_a_narrower_one() {
        let narrow = flow("10.1.2.0/24", "10.2.0.5", Some(5432));
        for (wide, wanted) in [
            (flow("any", "any", None), true),
            (flow("10.1.0.0/16", "10.2.0.0/16", Some(5432)), true),
            (flow("10.1.0.0/16", "10.2.0.0/16", None), true),
            (flow("10.1.0.0/16", "10.2.0.0/16", Some(5433)), false),
            (flow("10.1.2.0/25", "any", None), false),
            (flow("192.168.0.0/16,10.0.0.0/8", "0.0.0.0/0", None), true),
            (flow("::/0", "any", None), false),
        ] {
            assert_eq!(covers(&wide, &narrow), wanted, "{wide}");
        }
    }

    #[test]
    fn cutting_off_a_host_covers_its_flows() {
        let host = Target::Host {
            name: "db".to_owned(),
            addresses: vec!["10.2.0.5".to_owned(), "2001:db8::5".to_owned()],
        };
        assert!(covers(&host, &flow("any", "10.2.0.5", Some(5432))));
        assert!(covers(&host, &flow("2001:db8:0::5/128", "any", None)));
        assert!(!covers(&host, &flow("any", "10.2.0.6", None)));
    }

    #[test]
    fn an_account_covers_its_sessions_and_not_the_other_way_round() {
        let account = Target::Account {
            account: "SHOP\\Pat".to_owned(),
        };
        let sessions = Target::Sessions {
            account: "pat@shop.example".to_owned(),
        };
        assert!(covers(&account, &sessions));
        assert!(!covers(&sessions, &account));
    }
}

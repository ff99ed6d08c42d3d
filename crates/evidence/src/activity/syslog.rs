//! Syslog of sshd, sudo, OpenVPN and ESXi. The texts are those that the programs write.

use std::net::IpAddr;

use cordon_estate::Means;
use cordon_estate::activity::{ActivityKind, Outcome, SystemName};

use super::{Teller, account_named, outcome, parse_address, system_at, system_named};

pub(super) fn tell(teller: &mut Teller<'_, '_>) {
    let (Some(program), Some(message)) = (teller.text("program"), teller.text("message")) else {
        return;
    };
    let Some(host) = teller.text("hostname").map(host) else {
        return;
    };
    match program.rsplit('/').next().unwrap_or(program) {
        "sshd" | "sshd-session" => ssh(teller, host, message),
        "sudo" => sudo(teller, host, message),
        own if own.starts_with("openvpn") || own.starts_with("ovpn") => open_vpn(teller, host, message),
        "Hostd" | "hostd" | "vpxd" => esxi(teller, host, message),
        _ => {}
    }
}

/// Devices without a name write their address.
fn host(text: &str) -> SystemName<'_> {
    parse_address(text).map_or_else(|| system_named(text), system_at)
}

/// `Accepted publickey for pat from 10.0.0.5 port 50022 ssh2`, `Failed password for invalid user x from …`.
fn ssh(teller: &mut Teller<'_, '_>, on: SystemName<'_>, message: &str) {
    let outcome = match message.split(' ').next() {
        Some("Accepted") => Outcome::Success,
        Some("Failed") => Outcome::Failure,
        _ => return,
    };
    // The name is the client's to choose and may contain anything: the address is what follows the last ` from `.
    let Some((_, after)) = message.split_once(" for ") else {
        return;
    };
    let Some((name, place)) = after.rsplit_once(" from ") else {
        return;
    };
    let name = name.strip_prefix("invalid user ").unwrap_or(name);
    let from = place.split(' ').next().and_then(parse_address);
    teller.tell(ActivityKind::Logon {
        account: account_named(name),
        on,
        from: from.map(system_at),
        means: Means::Ssh,
        outcome,
        leaves_credentials: false,
        elevated: name == "root",
    });
}

/// `pat : TTY=pts/0 ; PWD=/home/pat ; USER=root ; COMMAND=/bin/ls`; a refusal has its reason before `TTY`.
fn sudo(teller: &mut Teller<'_, '_>, on: SystemName<'_>, message: &str) {
    let Some((name, rest)) = message.trim_start().split_once(" : ") else {
        return;
    };
    if !rest.starts_with("TTY=") || !rest.contains(" COMMAND=") {
        return;
    }
    let account = account_named(name.trim());
    teller.tell(ActivityKind::Runs { account, on });
    if rest.contains("USER=root ") {
        teller.tell(ActivityKind::Privileged { account, on });
    }
}

/// The line that says which inside address an authenticated client has, and the refusal; the server writes the first
/// at verbosity 3 and above: `pat/203.0.113.9:1194 MULTI: Learn: 10.8.0.6 -> pat/203.0.113.9:1194`,
/// `203.0.113.9:1194 SENT CONTROL [pat]: 'AUTH_FAILED' (status=1)`.
fn open_vpn(teller: &mut Teller<'_, '_>, gateway: SystemName<'_>, message: &str) {
    let Some(client) = learned(message).or_else(|| refused(message)) else {
        return;
    };
    teller.tell(ActivityKind::RemoteAccess {
        account: account_named(client.name),
        gateway,
        from: client.from,
        inside: client.inside,
        outcome: outcome(client.inside.is_some()),
    });
}

struct Client<'a> {
    name: &'a str,
    from: Option<IpAddr>,
    inside: Option<IpAddr>,
}

fn learned(message: &str) -> Option<Client<'_>> {
    let (_, after) = message.split_once("MULTI: Learn: ")?;
    let (inside, peer) = after.split_once(" -> ")?;
    // A client's own networks are learned as well, with their length; they are no address of the client.
    let inside = parse_address(inside)?;
    let (name, from) = peer.trim().rsplit_once('/')?;
    Some(Client {
        name,
        from: peer_address(from),
        inside: Some(inside),
    })
}

fn refused(message: &str) -> Option<Client<'_>> {
    let (peer, after) = message.split_once(" SENT CONTROL [")?;
    let (name, rest) = after.split_once("]: 'AUTH_FAILED")?;
    (!name.is_empty() && !rest.is_empty()).then_some(Client {
        name,
        from: peer.split(' ').find_map(peer_address),
        inside: None,
    })
}

/// `203.0.113.9:1194`, with `udp4:` and the like before it in newer versions.
fn peer_address(text: &str) -> Option<IpAddr> {
    const TRANSPORTS: [&str; 6] = ["udp4:", "udp6:", "tcp4-server:", "tcp6-server:", "udp:", "tcp:"];
    let bare = TRANSPORTS
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .unwrap_or(text);
    parse_address(bare)
}

/// `… Event 123 : User root@10.1.1.5 logged in as Mozilla/5.0`, `… Cannot login root@10.1.1.5`.
fn esxi(teller: &mut Teller<'_, '_>, on: SystemName<'_>, message: &str) {
    let (rest, outcome) = if let Some((_, rest)) = message.split_once(" : User ") {
        if !rest.contains(" logged in") {
            return;
        }
        (rest, Outcome::Success)
    } else if let Some((_, rest)) = message.split_once("Cannot login ") {
        (rest, Outcome::Failure)
    } else {
        return;
    };
    let Some((name, address)) = rest.split(' ').next().and_then(|who| who.rsplit_once('@')) else {
        return;
    };
    teller.tell(ActivityKind::Logon {
        account: account_named(name),
        on,
        from: parse_address(address).map(system_at),
        means: Means::Web,
        outcome,
        leaves_credentials: false,
        elevated: name.rsplit('\\').next() == Some("root"),
    });
}

//! Live connections to OpenLDAP, as its monitor lists them, and how they are cut on its own host.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use cordon_act::Standing;
use ldap3::Scope;

use super::failure::Failure;
use super::limits::CONNECTIONS_MAX;
use super::located::{Located, Peers, is_same_name};
use super::lookup::escape;
use super::session::{Deadline, Entry, Query, Session};

/// The attribute with the name that a connection is logged on as.
const WHO: &str = "monitorConnectionAuthzDN";
/// The attributes with the ends of a connection.
const ENDS: [&str; 2] = ["monitorConnectionLocalAddress", "monitorConnectionPeerAddress"];

/// Gives each account its live connections. One that has some is withdrawn only partly.
pub(super) fn find_connections(
    session: &mut Session,
    deadline: Deadline,
    base: &str,
    accounts: &mut [&mut Located],
) -> Result<(), Failure> {
    let condition = match accounts {
        [] => return Ok(()),
        [one] => format!("({WHO}={})", escape(&one.account.name)),
        _ => String::new(),
    };
    let query = Query {
        base: base.to_owned(),
        scope: Scope::Subtree,
        filter: format!("(&(objectClass=monitorConnection){condition})"),
        attributes: [WHO, ENDS[0], ENDS[1]].map(str::to_owned).to_vec(),
        control: None,
    };
    let listed = session.search_one(deadline, query)?;
    for account in accounts {
        let name = &account.account.name;
        let is_its = |connection: &&Entry| connection.text(WHO).is_some_and(|who| is_same_name(who, name));
        let mut count = 0;
        for connection in listed.iter().filter(is_its) {
            count += 1;
            account.connections.extend(peers(connection));
        }
        if count > 0 {
            account.standing = Standing::Partly;
        }
        account.connections.truncate(CONNECTIONS_MAX);
    }
    Ok(())
}

/// Both ends, if they are Internet addresses: `IP=127.0.0.1:636`, `IP=[::1]:636`.
fn peers(connection: &Entry) -> Option<Peers> {
    let [server, client] = ENDS.map(|attribute| end(connection.text(attribute)));
    Some(Peers {
        server: server?,
        client: client?,
    })
}

fn end(text: Option<&str>) -> Option<SocketAddr> {
    text?.strip_prefix("IP=")?.parse().ok()
}

/// Destroys the server's sockets of these connections. Only addresses that were read as such reach the program.
pub(super) fn cut(connections: &[Peers]) -> Result<(), Failure> {
    for Peers { server, client } in connections {
        let output = Command::new("ss")
            .args([
                "--kill",
                "--tcp",
                "--numeric",
                "--no-header",
                "state",
                "connected",
            ])
            .args(["src", &server.to_string(), "dst", &client.to_string()])
            .stdin(Stdio::null())
            .output()
            .map_err(|why| Failure::Config(format!("cut-connections needs the program ss: {why}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::Config(format!(
                "ss --kill ended with {}: {said}",
                output.status
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_internet_addresses_are_ends() {
        assert_eq!(
            end(Some("IP=127.0.0.1:636")),
            Some("127.0.0.1:636".parse().unwrap())
        );
        assert_eq!(end(Some("IP=[::1]:636")), Some("[::1]:636".parse().unwrap()));
        for other in [
            "PATH=/run/ldapi",
            "IP=127.0.0.1",
            "IP=$(id):1",
            "127.0.0.1:636",
            "IP=1.2.3.4:636 or dport 22",
        ] {
            assert_eq!(end(Some(other)), None);
        }
    }
}

//! HAProxy's runtime API (management guide, section 9.3): one command per connection over its unix socket.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use cordon_act::{PointError, PointErrorKind};

use crate::deadline::Deadline;

/// Longest reply in bytes: a map of ten thousand entries of a hundred bytes.
const REPLY_BYTES_MAX: u64 = 1024 * 1024;

/// Longest payload of one command in bytes. HAProxy takes a command into one buffer, 16 KiB unless tuned.
const PAYLOAD_BYTES_MAX: usize = 8 * 1024;

/// A name that no server has.
const NO_SERVER: &str = "cordon:none";

/// One entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
}

/// What a route has open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// The route's servers by name.
    pub(super) servers: Vec<String>,
    /// Requests that are at a server or wait for one.
    pub(super) in_flight: u64,
}

/// The runtime API at one socket.
#[derive(Debug)]
pub(super) struct Runtime {
    socket: PathBuf,
    map: String,
}

fn failed(kind: PointErrorKind, text: impl std::fmt::Display) -> PointError {
    PointError::new(kind, format!("HAProxy's runtime API: {text}"))
}

/// A reply that should have been empty.
fn expect_nothing(reply: &str) -> Result<(), PointError> {
    match reply.trim() {
        "" => Ok(()),
        text => Err(failed(refusal(text), text)),
    }
}

fn refusal(text: &str) -> PointErrorKind {
    if text.contains("Permission denied") {
        PointErrorKind::Denied
    } else if text.contains("Unknown map") {
        PointErrorKind::Config
    } else {
        PointErrorKind::Target
    }
}

impl Runtime {
    pub(super) fn new(socket: &Path, map: String) -> Self {
        Self {
            socket: socket.to_owned(),
            map,
        }
    }

    /// Sends one command and reads the reply to its end. `sent` is the kind of an error after the command may have arrived.
    fn ask(&self, command: &str, sent: PointErrorKind, deadline: Deadline) -> Result<String, PointError> {
        let mut stream = self.open(deadline)?;
        stream
            .write_all(command.as_bytes())
            .map_err(|error| failed(sent, error))?;
        let mut reply = Vec::new();
        let mut part = [0; 4096];
        loop {
            let left = deadline.left().map_err(|_| failed(sent, "no answer in time"))?;
            stream
                .set_read_timeout(Some(left))
                .map_err(|error| failed(sent, error))?;
            let read = match stream.read(&mut part) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(failed(sent, "no answer in time"));
                }
                Err(error) => return Err(failed(sent, error)),
            };
            reply.extend_from_slice(part.get(..read).unwrap_or_default());
            if reply.len() as u64 > REPLY_BYTES_MAX {
                return Err(failed(sent, "the reply is too long"));
            }
        }
        String::from_utf8(reply).map_err(|_| failed(sent, "the reply is not text"))
    }

    fn open(&self, deadline: Deadline) -> Result<UnixStream, PointError> {
        let stream = crate::unix_stream::connect(&self.socket, deadline.left()?).map_err(|error| {
            let kind = match error.kind() {
                ErrorKind::PermissionDenied => PointErrorKind::Denied,
                _ => PointErrorKind::Target,
            };
            failed(
                kind,
                format!("cannot connect to {}: {error}", self.socket.display()),
            )
        })?;
        stream
            .set_write_timeout(Some(deadline.left()?))
            .map_err(|error| failed(PointErrorKind::Target, error))?;
        Ok(stream)
    }

    /// A command that changes nothing that traffic could see.
    fn read(&self, command: &str, deadline: Deadline) -> Result<String, PointError> {
        self.ask(&format!("{command}\n"), PointErrorKind::Target, deadline)
    }

    /// A command that changes what traffic sees.
    fn change(&self, command: &str, deadline: Deadline) -> Result<(), PointError> {
        let reply = self.ask(&format!("{command}\n"), PointErrorKind::Unknown, deadline)?;
        expect_nothing(&reply)
    }

    /// The entries that are in force, in their order.
    pub(super) fn entries(&self, deadline: Deadline) -> Result<Vec<Entry>, PointError> {
        let reply = self.read(&format!("show map {}", self.map), deadline)?;
        reply
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                entry(line).ok_or_else(|| failed(refusal(line), format!("{}: {}", self.map, line.trim())))
            })
            .collect()
    }

    /// Puts `new` in the place of `old`, all at once: a new version is prepared, filled and committed. If the entries are no longer
    /// `old` just before the commit, nothing is done.
    pub(super) fn replace(&self, old: &[Entry], new: &[Entry], deadline: Deadline) -> Result<(), PointError> {
        let version = self.prepare(deadline)?;
        for payload in payloads(new) {
            // An empty line ends the payload.
            let command = format!("add map @{version} {} <<\n{payload}", self.map);
            expect_nothing(&self.read(&command, deadline)?)?;
        }
        if self.entries(deadline)? != old {
            return Err(failed(
                PointErrorKind::Stale,
                format!("somebody else is changing {}", self.map),
            ));
        }
        self.change(&format!("commit map @{version} {}", self.map), deadline)
    }

    fn prepare(&self, deadline: Deadline) -> Result<u32, PointError> {
        let reply = self.read(&format!("prepare map {}", self.map), deadline)?;
        reply
            .trim()
            .strip_prefix("New version created: ")
            .and_then(|version| version.parse().ok())
            .ok_or_else(|| failed(refusal(&reply), reply.trim()))
    }

    /// What a route has open; `None` if HAProxy has no such route.
    pub(super) fn traffic(&self, route: &str, deadline: Deadline) -> Result<Option<Traffic>, PointError> {
        // 2 is backends, 4 is servers; -1 is all of them.
        let reply = self.read(&format!("show stat {route} 6 -1"), deadline)?;
        if reply.trim() == "No such proxy." {
            return Ok(None);
        }
        traffic(route, &reply)
            .ok_or_else(|| failed(refusal(&reply), format!("show stat says {:.80}", reply.trim())))
    }

    /// Makes sure that this socket may cut requests, by asking to cut those of a server that does not exist.
    ///
    /// # Errors
    /// `Denied` if it is not of level admin.
    pub(super) fn may_cut(&self, route: &str, deadline: Deadline) -> Result<(), PointError> {
        let reply = self.read(&format!("shutdown sessions server {route}/{NO_SERVER}"), deadline)?;
        match reply.trim() {
            "No such server." => Ok(()),
            text => Err(failed(refusal(text), text)),
        }
    }

    /// Cuts every request that is at one server of a route.
    pub(super) fn cut(&self, route: &str, server: &str, deadline: Deadline) -> Result<(), PointError> {
        self.change(&format!("shutdown sessions server {route}/{server}"), deadline)
    }
}

/// `0x55f23ec36ef0 orders cordon:123`
fn entry(line: &str) -> Option<Entry> {
    let mut parts = line.splitn(3, ' ');
    let (address, key, value) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    address.strip_prefix("0x")?;
    (!key.is_empty()).then(|| Entry {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

/// Lines of entries, in parts that fit into a command.
fn payloads(entries: &[Entry]) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for entry in entries {
        let line = format!("{} {}\n", entry.key, entry.value);
        match payloads.last_mut() {
            Some(payload) if payload.len() + line.len() <= PAYLOAD_BYTES_MAX => payload.push_str(&line),
            _ => payloads.push(line),
        }
    }
    payloads
}

/// Reads `show stat` (management guide, section 9.1). The outer `None` is text that is no such table, or has more than one row of
/// the route; the inner one is a proxy without a backend side.
fn traffic(route: &str, reply: &str) -> Option<Option<Traffic>> {
    let mut lines = reply.lines();
    let columns: Vec<&str> = lines.next()?.strip_prefix("# ")?.split(',').collect();
    let place = |name: &str| columns.iter().position(|column| *column == name);
    let (proxy, server, kind) = (place("pxname")?, place("svname")?, place("type")?);
    let (queued, sessions) = (place("qcur")?, place("scur")?);
    let mut found = Traffic::default();
    let mut backends = 0;
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        if *fields.get(proxy)? != route {
            return None;
        }
        match *fields.get(kind)? {
            "1" => {
                backends += 1;
                found.in_flight += number(queued)?;
            }
            "2" => {
                let name = fields.get(server).filter(|name| super::is_proxy_name(name))?;
                found.servers.push((*name).to_owned());
                found.in_flight += number(sessions)?;
            }
            _ => return None,
        }
    }
    match backends {
        0 => Some(None),
        1 => Some(Some(found)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# pxname,svname,qcur,scur,type,\n";

    #[test]
    fn requests_at_servers_and_in_the_queue_are_counted_but_not_those_that_get_the_holding_page() {
        let reply = format!("{HEAD}orders,o1,9,2,2,\norders,o2,0,1,2,\norders,BACKEND,4,30,1,\n\n");
        let found = traffic("orders", &reply).unwrap().unwrap();
        assert_eq!(found.servers, ["o1", "o2"]);
        assert_eq!(found.in_flight, 2 + 1 + 4);
    }

    #[test]
    fn a_reply_that_is_no_table_of_the_route_is_refused() {
        for reply in [
            "",
            "hello",
            "# pxname,svname\norders,o1\n",
            &format!("{HEAD}portal,BACKEND,0,0,1,\n"),
            &format!("{HEAD}orders,BACKEND,x,0,1,\n"),
            &format!("{HEAD}orders,o1;shutdown frontend web,0,0,2,\n"),
            &format!("{HEAD}orders,BACKEND\n"),
        ] {
            assert_eq!(traffic("orders", reply), None, "{reply:?}");
        }
    }

    #[test]
    fn payloads_fit_into_a_command() {
        let entries: Vec<Entry> = (0..1000)
            .map(|number| Entry {
                key: format!("route-{number}"),
                value: "cordon:0123456789abcdef".to_owned(),
            })
            .collect();
        let payloads = payloads(&entries);
        assert!(payloads.len() > 1 && payloads.iter().all(|one| one.len() <= PAYLOAD_BYTES_MAX));
        assert_eq!(payloads.concat().lines().count(), 1000);
    }
}

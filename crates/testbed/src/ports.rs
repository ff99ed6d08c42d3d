//! Ports that are given to one test and to nobody else.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Mutex, PoisonError};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};

/// Ports that no connection gets by itself: the system gives those from 32,768 on (`ip_local_port_range`), so a port of
/// that range that is free now may be the near end of somebody's connection a moment later.
const FIRST: u16 = 12_000;
const END: u16 = 32_000;

/// What this process has taken. Each is held by a name in the abstract namespace of sockets, which ends with the process.
static TAKEN: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port of TCP and UDP on the loopback address that is free, and that no other test of this machine is given while this process lives.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (port, held) = in_turn(std::process::id())
        .find_map(|port| Some((port, take(port)?)))
        .expect("a port is free");
    taken.push(held);
    port
}

/// Every port once. Processes begin at different ones, so that they seldom meet.
fn in_turn(process: u32) -> impl Iterator<Item = u16> {
    let many = u32::from(END - FIRST);
    let first = process.wrapping_mul(61) % many;
    (0..many).map(move |step| {
        let offset = u16::try_from((first + step) % many).expect("it is less than a number of ports");
        FIRST + offset
    })
}

/// Takes a port unless a test has it or somebody uses it.
fn take(port: u16) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("cordon-test-port-{port}")).ok()?;
    let held = UnixListener::bind_addr(&name).ok()?;
    (!is_used(port)).then_some(held)
}

/// True if a socket of this network has the port, by the kernel's own list (proc(5)).
///
/// To listen there for a try would leave it taken for a moment: a program that another test starts just then has a copy of every open
/// socket until it runs.
fn is_used(port: u16) -> bool {
    let has_port = |line: &str| {
        let local = line.split_whitespace().nth(1)?;
        let (_, own) = local.rsplit_once(':')?;
        u16::from_str_radix(own, 16).ok()
    };
    ["tcp", "tcp6", "udp", "udp6"].iter().any(|table| {
        std::fs::read_to_string(format!("/proc/thread-self/net/{table}"))
            .is_ok_and(|text| text.lines().any(|line| has_port(line) == Some(port)))
    })
}

/// A TCP port on the loopback address at which nobody listens, and nobody can while this lives: whoever connects is refused.
#[derive(Debug)]
pub struct ClosedPort {
    port: u16,
    _bound: OwnedFd,
}

impl ClosedPort {
    /// Takes one.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn new() -> Self {
        let bound = socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .expect("there are sockets");
        bind(&bound, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = getsockname(&bound).expect("it is bound");
        let address = SocketAddrV4::try_from(address).expect("it has an IPv4 address");
        Self {
            port: address.port(),
            _bound: bound,
        }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Default for ClosedPort {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_port_is_given_once_and_can_be_bound() {
        let ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
        let mut different = ports.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), ports.len());
        assert!(ports.iter().all(|port| take(*port).is_none()));
        for port in ports {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }

    #[test]
    fn what_somebody_listens_on_is_not_given() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(take(port).is_none());
    }

    #[test]
    fn a_closed_port_refuses_and_stays_taken() {
        let closed = ClosedPort::new();
        let error = TcpStream::connect((Ipv4Addr::LOCALHOST, closed.port())).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, closed.port())).is_err());
    }
}

//! A client, a router and a server, each in a network namespace: what passes a firewall, without one's own network.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::{Namespace, is_root, missing_program};

/// How long a connection or an echo may take. What is refused is told so at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing must have been pushed to be believed: nobody tells a client that does not speak.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a server that pushes waits between its messages.
const PUSH_EVERY: Duration = Duration::from_millis(20);

/// Three hosts in a row with IPv4 and IPv6; the one in the middle forwards. Gone when dropped.
#[derive(Debug)]
pub struct FirewallBed {
    /// The host that opens connections.
    pub client: Namespace,
    /// The host in the middle, with the firewall.
    pub router: Namespace,
    /// The host that is connected to.
    pub server: Namespace,
}

impl FirewallBed {
    /// The client's addresses.
    pub const CLIENT: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(10, 91, 1, 2)),
        IpAddr::V6(Ipv6Addr::new(0xfd91, 1, 0, 0, 0, 0, 0, 2)),
    ];
    /// The server's addresses.
    pub const SERVER: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(10, 91, 2, 2)),
        IpAddr::V6(Ipv6Addr::new(0xfd91, 2, 0, 0, 0, 0, 0, 2)),
    ];

    /// Why it cannot be had here, if it cannot.
    #[must_use]
    pub fn lacks() -> Option<String> {
        if !is_root() {
            return Some("network namespaces need root".to_owned());
        }
        missing_program(&["ip", "nft", "conntrack", "nc", "sysctl"])
            .map(|program| format!("{program} is not installed"))
    }

    /// Builds it. Nothing is refused yet.
    ///
    /// # Panics
    /// If it cannot be built.
    #[must_use]
    pub fn new() -> Self {
        let bed = Self {
            client: Namespace::new("client"),
            router: Namespace::new("router"),
            server: Namespace::new("server"),
        };
        for host in [&bed.client, &bed.router, &bed.server] {
            // Else no host can ask for its neighbour before its link-local address is found to be its own.
            host.run("sysctl", &["-q", "-w", "net.ipv6.conf.default.accept_dad=0"]);
        }
        for (host, name, net) in [(&bed.client, "near", 1), (&bed.server, "far", 2)] {
            bed.router.join(
                name,
                &format!("10.91.{net}.1/24"),
                host,
                "out",
                &format!("10.91.{net}.2/24"),
            );
            let addresses = [
                (&bed.router, name, format!("fd91:{net}::1/64")),
                (host, "out", format!("fd91:{net}::2/64")),
            ];
            for (namespace, interface, address) in addresses {
                namespace.run("ip", &["addr", "add", &address, "dev", interface, "nodad"]);
            }
            let gateway = [format!("10.91.{net}.1"), format!("fd91:{net}::1")];
            host.run("ip", &["route", "add", "default", "via", &gateway[0]]);
            host.run("ip", &["-6", "route", "add", "default", "via", &gateway[1]]);
        }
        for setting in ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] {
            bed.router.run("sysctl", &["-q", "-w", setting]);
        }
        bed
    }

    /// Serves a port on every address of a host, for ever: what arrives is sent back, on many connections at once.
    ///
    /// # Panics
    /// If the port is taken.
    pub fn serve_echo(host: &Namespace, port: u16) {
        Self::serve(host, port, |mut stream| {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                let Some(came) = bytes.get(..count) else { return };
                if stream.write_all(came).is_err() {
                    return;
                }
            }
        });
    }

    /// Serves a port on every address of a host, for ever: each client is sent a byte 50 times a second, and nothing is read.
    ///
    /// # Panics
    /// If the port is taken.
    pub fn serve_push(host: &Namespace, port: u16) {
        Self::serve(host, port, |mut stream| {
            while stream.write_all(b".").is_ok() {
                std::thread::sleep(PUSH_EVERY);
            }
        });
    }

    fn serve(host: &Namespace, port: u16, talk: fn(TcpStream)) {
        let listener = host.inside(|| TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || talk(stream));
            }
        });
    }

    /// Opens a connection from a host; `None` if it is refused or not answered.
    ///
    /// # Panics
    /// If the socket cannot be set up.
    #[must_use]
    pub fn open(host: &Namespace, to: IpAddr, port: u16) -> Option<TcpStream> {
        let stream = host
            .inside(|| TcpStream::connect_timeout(&SocketAddr::new(to, port), PATIENCE))
            .ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Some(stream)
    }

    /// True if a stream to an echoing server still carries both ways.
    #[must_use]
    pub fn echoes(stream: &mut TcpStream) -> bool {
        let mut byte = [0];
        stream.write_all(b"x").is_ok() && matches!(stream.read(&mut byte), Ok(1))
    }

    /// True if more than what is already on its way arrives from a server that pushes.
    ///
    /// # Panics
    /// If the socket cannot be set up.
    #[must_use]
    pub fn is_pushed(stream: &mut TcpStream) -> bool {
        let mut bytes = [0; 4096];
        stream.set_nonblocking(true).unwrap();
        while matches!(stream.read(&mut bytes), Ok(1..)) {}
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        matches!(stream.read(&mut bytes), Ok(1..))
    }
}

impl Default for FirewallBed {
    fn default() -> Self {
        Self::new()
    }
}

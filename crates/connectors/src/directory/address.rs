//! Where a server is and how it is spoken to.

use std::net::IpAddr;
use std::path::PathBuf;

/// A host by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    /// Name, IPv4 address, or IPv6 address without brackets.
    pub(super) host: String,
    /// The TCP port.
    pub(super) port: u16,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// TLS from the start.
    Tls(HostPort),
    /// TLS after StartTLS (RFC 4511, section 4.14).
    StartTls(HostPort),
    /// Without TLS, to this host only.
    Loopback(HostPort),
    /// A Unix socket.
    Socket(PathBuf),
}

impl HostPort {
    /// Reads `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`.
    pub(super) fn read(text: &str, default_port: u16) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no host with an optional port");
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (
                host,
                rest.strip_prefix(':')
                    .or((rest.is_empty()).then_some(""))
                    .ok_or_else(wrong)?,
            )
        } else {
            text.split_once(':').unwrap_or((text, ""))
        };
        let is_right =
            |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b':');
        if host.is_empty() || !host.bytes().all(is_right) {
            return Err(wrong());
        }
        let port = match port {
            "" => default_port,
            digits => digits.parse().map_err(|_| wrong())?,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl Address {
    /// Reads a URL: `ldaps://`, `ldap://` or `ldapi://`.
    pub(super) fn read(url: &str, plaintext_on_loopback: bool) -> Result<Self, String> {
        if let Some(rest) = url.strip_prefix("ldapi://") {
            let path = PathBuf::from(rest.replace("%2F", "/").replace("%2f", "/"));
            return if path.is_absolute() {
                Ok(Self::Socket(path))
            } else {
                Err(format!("`{url}` names no socket: ldapi:///run/slapd/ldapi"))
            };
        }
        if let Some(rest) = url.strip_prefix("ldaps://") {
            return HostPort::read(rest.trim_end_matches('/'), 636).map(Self::Tls);
        }
        let rest = url
            .strip_prefix("ldap://")
            .ok_or_else(|| format!("`{url}` is neither ldaps://, ldap:// nor ldapi://"))?;
        let there = HostPort::read(rest.trim_end_matches('/'), 389)?;
        match (plaintext_on_loopback, there.is_loopback()) {
            (false, _) => Ok(Self::StartTls(there)),
            (true, true) => Ok(Self::Loopback(there)),
            (true, false) => Err(format!(
                "`{url}` is not on this host, so it is not spoken to without TLS"
            )),
        }
    }

    /// The host, unless it is a socket.
    pub(super) fn host(&self) -> Option<&HostPort> {
        match self {
            Self::Tls(there) | Self::StartTls(there) | Self::Loopback(there) => Some(there),
            Self::Socket(_) => None,
        }
    }

    /// Whether TLS is spoken.
    pub(super) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::StartTls(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(host: &str, port: u16) -> HostPort {
        HostPort {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn urls_say_how_a_server_is_reached() {
        let read = |url| Address::read(url, false);
        assert_eq!(
            read("ldaps://dc1.corp.test"),
            Ok(Address::Tls(there("dc1.corp.test", 636)))
        );
        assert_eq!(
            read("ldap://[::1]:3890/"),
            Ok(Address::StartTls(there("::1", 3890)))
        );
        assert_eq!(
            read("ldapi://%2Frun%2Fldapi"),
            Ok(Address::Socket(PathBuf::from("/run/ldapi")))
        );
        for wrong in [
            "http://a",
            "ldaps://",
            "ldaps://a:b",
            "ldaps://a b",
            "ldapi://x",
            "ldap://[::1",
            "ldap://[::1]x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plaintext_is_for_this_host_only() {
        assert_eq!(
            Address::read("ldap://127.0.0.1:389", true),
            Ok(Address::Loopback(there("127.0.0.1", 389)))
        );
        assert!(Address::read("ldap://10.0.0.1", true).is_err());
        assert!(Address::read("ldaps://10.0.0.1", true).unwrap().is_tls());
    }
}

//! A try of a route: one HTTP/1.1 request (RFC 9112), as a browser would make it.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use cordon_act::{PointError, PointErrorKind, ProbeAnswer};
use rustls::pki_types::ServerName;
use serde::Deserialize;

use super::config_error;
use crate::deadline::Deadline;

/// Largest head of a response in bytes; HAProxy's own buffer is as large.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The header by which the holding page is known, in small letters.
const HELD_HEADER: &str = "x-cordon-held";

/// The status of the holding page.
const HELD_STATUS: u16 = 503;

/// How a route is tried.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attempt {
    /// What is asked for with GET, such as `https://shop.example/orders/health`. It must lead to the route and change nothing.
    pub url: String,
    /// Where the front door listens, as address and port. Default: where the host of the URL leads.
    #[serde(default)]
    pub address: Option<SocketAddr>,
    /// With `https`: file with the authority that signed the front door's certificate, in PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// A checked [`Attempt`].
#[derive(Debug)]
pub(super) struct Place {
    url: String,
    /// Host and port as the URL has them, for the header.
    authority: String,
    host: String,
    port: u16,
    path: String,
    address: Option<SocketAddr>,
    ca_file: Option<PathBuf>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: u16,
    held_by: Option<String>,
}

impl Attempt {
    /// # Errors
    /// `Config` if the URL is none, or `https` has no authority.
    pub(super) fn place(&self) -> Result<Place, PointError> {
        let wrong = |why: &str| config_error(format!("the URL {:?} of a route {why}", self.url));
        if !self.url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("has a character that must be percent-encoded"));
        }
        let (scheme, rest) = self.url.split_once("://").ok_or_else(|| wrong("has no scheme"))?;
        let default_port = match (scheme, &self.ca_file) {
            ("http", None) => 80,
            ("https", Some(_)) => 443,
            ("https", None) => return Err(wrong("needs a ca-file")),
            ("http", Some(_)) => return Err(wrong("has a ca-file but is not https")),
            _ => return Err(wrong("is neither http nor https")),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (
                host,
                port.parse().map_err(|_| wrong("has no port that is a number"))?,
            ),
            _ => (authority, default_port),
        };
        if host.is_empty() || host.contains('@') {
            return Err(wrong("has no host, or a user"));
        }
        Ok(Place {
            url: self.url.clone(),
            authority: authority.to_owned(),
            host: host.to_owned(),
            port,
            path: if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            },
            address: self.address,
            ca_file: self.ca_file.clone(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.url)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        self.held_by
            .as_ref()
            .map_or(Ok(()), |by| write!(formatter, " with the holding page of {by:?}"))
    }
}

impl Answer {
    /// What it says of a route whose entry in the map in force is `value`. A holding page of another value than the map's is not
    /// HAProxy's: a server behind it could feign one.
    pub(super) fn means(&self, value: Option<&str>) -> ProbeAnswer {
        match (&self.held_by, value) {
            (Some(by), Some(value)) if by == value && self.status == HELD_STATUS => ProbeAnswer::Refused,
            // Whether a server behind it or the front door says so: nobody was served, but not because the route is paused.
            (None, _) if matches!(self.status, 502..=504) => ProbeAnswer::Inconclusive,
            (None, _) => ProbeAnswer::Admitted,
            (Some(_), _) => ProbeAnswer::Inconclusive,
        }
    }
}

impl Place {
    fn failed(&self, text: impl fmt::Display) -> PointError {
        PointError::new(PointErrorKind::Target, format!("GET {}: {text}", self.url))
    }

    /// An error of the stream: a certificate that the authority did not sign is for whoever configured it.
    fn broken(&self, error: &std::io::Error) -> PointError {
        let by_tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match by_tls {
            Some(rustls::Error::InvalidCertificate(_)) => config_error(format!("GET {}: {error}", self.url)),
            _ => self.failed(error),
        }
    }

    /// Asks once and reads the head of the response.
    ///
    /// # Errors
    /// `Target` if there is no answer of HTTP in time; `Config` if the authority cannot be read, or did not sign the
    /// certificate.
    pub(super) fn get(&self, deadline: Deadline) -> Result<Answer, PointError> {
        let mut stream = self.open(deadline)?;
        let Some(ca_file) = &self.ca_file else {
            return self.exchange(&mut stream, deadline);
        };
        let name = self.host.trim_matches(['[', ']']).to_owned();
        let name =
            ServerName::try_from(name).map_err(|error| config_error(format!("{}: {error}", self.url)))?;
        let client = crate::tls::client(ca_file, None)?;
        let session =
            rustls::ClientConnection::new(Arc::new(client), name).map_err(|error| self.failed(error))?;
        self.exchange(&mut rustls::StreamOwned::new(session, stream), deadline)
    }

    fn open(&self, deadline: Deadline) -> Result<TimedStream, PointError> {
        let address = match self.address {
            Some(address) => address,
            None => (self.host.trim_matches(['[', ']']), self.port)
                .to_socket_addrs()
                .map_err(|error| self.failed(error))?
                .next()
                .ok_or_else(|| self.failed("the host has no address"))?,
        };
        let stream =
            TcpStream::connect_timeout(&address, deadline.left()?).map_err(|error| self.failed(error))?;
        Ok(TimedStream { stream, deadline })
    }

    fn exchange(&self, stream: &mut (impl Read + Write), deadline: Deadline) -> Result<Answer, PointError> {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cordon-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.path, self.authority
        );
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.flush())
            .map_err(|error| self.broken(&error))?;
        let mut head = Vec::new();
        let mut part = [0; 1024];
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            if head.len() > HEAD_BYTES_MAX || deadline.is_over() {
                return Err(self.failed("no head of a response"));
            }
            match stream.read(&mut part) {
                Ok(0) => return Err(self.failed("the connection ended before a response")),
                Ok(read) => head.extend_from_slice(part.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
        parse(&head).ok_or_else(|| self.failed("the answer is not HTTP"))
    }
}

/// Reads the status and the one header of interest.
fn parse(head: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines
        .next()?
        .strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    let held_by = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case(HELD_HEADER))
        .map(|(_, value)| value.trim().to_owned());
    Some(Answer { status, held_by })
}

/// A stream of which each read and write has what is left of the time.
struct TimedStream {
    stream: TcpStream,
    deadline: Deadline,
}

impl TimedStream {
    fn left(&self) -> std::io::Result<std::time::Duration> {
        self.deadline.left().map_err(|_| ErrorKind::TimedOut.into())
    }
}

impl Read for TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for TimedStream {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(head: &str) -> Answer {
        parse(head.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn only_the_holding_page_with_the_value_of_the_map_is_a_refusal() {
        let held = answer("HTTP/1.1 503 Service Unavailable\nX-Cordon-Held: cordon:1\n\n");
        assert_eq!(held.means(Some("cordon:1")), ProbeAnswer::Refused);
        assert_eq!(held.means(Some("cordon:2")), ProbeAnswer::Inconclusive);
        assert_eq!(held.means(None), ProbeAnswer::Inconclusive);
        let feigned = answer("HTTP/1.1 200 OK\nX-Cordon-Held: cordon:1\n\n");
        assert_eq!(feigned.means(Some("cordon:1")), ProbeAnswer::Inconclusive);
        let down = answer("HTTP/1.1 503 Service Unavailable\n\n");
        assert_eq!(down.means(Some("cordon:1")), ProbeAnswer::Inconclusive);
        for served in ["200 OK", "302 Found", "401 Unauthorized", "500 Oops"] {
            let served = answer(&format!("HTTP/1.1 {served}\nA: b\n\n"));
            assert_eq!(served.means(Some("cordon:1")), ProbeAnswer::Admitted);
        }
    }

    #[test]
    fn urls_are_checked() {
        let place = |url: &str| {
            Attempt {
                url: url.to_owned(),
                address: None,
                ca_file: None,
            }
            .place()
        };
        let good = place("http://[::1]:8080/orders?x=1").unwrap();
        assert_eq!(
            (good.host.as_str(), good.port, good.path.as_str()),
            ("[::1]", 8080, "/orders?x=1")
        );
        assert_eq!(place("http://shop.example").unwrap().path, "/");
        for wrong in [
            "https://shop.example/",
            "ftp://x/",
            "shop.example",
            "http://a@b/",
            "http://a/\r\nX: y",
            "http://a:b/",
        ] {
            assert_eq!(place(wrong).unwrap_err().kind, PointErrorKind::Config, "{wrong}");
        }
    }
}

//! A request and its reply over UDP, with what gets lost sent again.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};

use super::packet::{Bad, Code, PACKET_BYTES_MAX, Reply, Request};
use crate::time_left::TimeLeft;
use crate::{Secret, SecretSource};

/// How long the first try waits for an answer; each later one waits twice as long, up to [`WAIT_MAX`] (after RFC 5080 section 2.2.1).
const WAIT_FIRST: Duration = Duration::from_millis(1000);
/// The longest wait of one try.
const WAIT_MAX: Duration = Duration::from_secs(8);
/// After this many bad replies to one request somebody is playing games.
const BAD_REPLIES_MAX: usize = 100;
/// After this many times that nobody listens at the port, nobody does.
const NOBODY_MAX: usize = 3;

/// Why there is no reply.
#[derive(Debug)]
pub(super) struct Silence {
    /// True if the request may have arrived.
    pub(super) sent: bool,
    /// What happened.
    pub(super) text: String,
}

impl Silence {
    fn before(text: impl std::fmt::Display) -> Self {
        Self {
            sent: false,
            text: text.to_string(),
        }
    }

    /// The error for a request that was to change something.
    pub(super) fn of_change(self) -> PointError {
        let kind = if self.sent {
            PointErrorKind::Unknown
        } else {
            PointErrorKind::Target
        };
        PointError::new(kind, self.text)
    }

    /// The error for a request that was only a question.
    pub(super) fn of_question(self) -> PointError {
        PointError::new(PointErrorKind::Target, self.text)
    }
}

/// Reads a shared secret.
pub(super) fn secret(source: &SecretSource) -> Result<Secret, PointError> {
    source
        .read()
        .map_err(|error| PointError::new(PointErrorKind::Config, error))
}

/// A request with a fresh identifier.
pub(super) fn request(
    code: Code,
    attributes: &[(u8, Vec<u8>)],
    secret: &Secret,
) -> Result<Request, PointError> {
    let mut random = [0_u8; 17];
    getrandom::fill(&mut random)
        .map_err(|error| PointError::new(PointErrorKind::Bug, format_args!("no random numbers: {error}")))?;
    Request::new(code, random, attributes, secret)
        .ok_or_else(|| PointError::new(PointErrorKind::Input, "a name is too long for a RADIUS packet"))
}

/// Sends a request until it is answered: the very same packet each time, so that the server knows it for the same (RFC 5176 section 2.3).
pub(super) fn exchange(
    address: SocketAddr,
    request: &Request,
    secret: &Secret,
    require_message_authenticator: bool,
    time: TimeLeft,
) -> Result<Reply, Silence> {
    let socket = socket(address).map_err(|error| Silence::before(format_args!("{address}: {error}")))?;
    let mut buffer = vec![0_u8; PACKET_BYTES_MAX];
    let mut bad: Vec<Bad> = Vec::new();
    let mut nobody = 0;
    let mut tries = 0_usize;
    let mut wait = WAIT_FIRST;
    while let Ok(left) = time.left() {
        let sent = socket.send(&request.bytes);
        nobody += usize::from(is_refused(&sent));
        tries += 1;
        let until = Instant::now() + wait.min(left);
        wait = (wait * 2).min(WAIT_MAX);
        while let Some(rest) = until
            .checked_duration_since(Instant::now())
            .filter(|rest| !rest.is_zero())
        {
            let _ = socket.set_read_timeout(Some(rest));
            let came = socket.recv(&mut buffer);
            nobody += usize::from(is_refused(&came));
            let Ok(count) = came else { break };
            let came = buffer.get(..count).unwrap_or_default();
            match request.reply(came, secret, require_message_authenticator) {
                Ok(reply) => return Ok(reply),
                Err(what) => bad.push(what),
            }
            if bad.len() >= BAD_REPLIES_MAX {
                return Err(silence(address, tries, &bad, true));
            }
        }
        if nobody >= NOBODY_MAX {
            // The kernel of the other side said so each time: no try arrived.
            return Err(silence(address, tries, &bad, nobody < tries));
        }
        if nobody > 0 {
            std::thread::sleep(Duration::from_millis(100).min(left));
        }
    }
    Err(silence(address, tries, &bad, tries > 0))
}

fn is_refused<T>(result: &std::io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

fn silence(address: SocketAddr, tries: usize, bad: &[Bad], sent: bool) -> Silence {
    let replies = bad.last().map_or_else(String::new, |last| {
        format!(
            "; {} replies were not counted, the last because {last}",
            bad.len()
        )
    });
    Silence {
        sent,
        text: format!("{address} did not answer {tries} tries{replies}"),
    }
}

fn socket(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Connected, so that packets of others do not come in.
    socket.connect(address)?;
    Ok(socket)
}

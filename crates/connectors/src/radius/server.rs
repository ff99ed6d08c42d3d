//! FreeRADIUS: refusing an account, and finding out that it does.

use std::io::Read as _;
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use rustix::process::{Pid, Signal, kill_process};

use super::exchange::{Silence, exchange, request, secret};
use super::packet::{Code, EAP_MESSAGE, NAS_IDENTIFIER, REPLY_MESSAGE, USER_NAME};
use super::refusals::Refusals;
use super::{Seen, Server};
use crate::time_left::TimeLeft;

/// How often the server is told to read the file again. It ignores what comes within five seconds of the last time, and within two of
/// its start, and says so nowhere but in its log.
const AGAIN_AFTER: Duration = Duration::from_millis(1000);
/// What the process of the server is called: by Debian, and by others.
const PROCESS_NAMES: [&str; 2] = ["freeradius", "radiusd"];

/// What the server says to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It refused, with these words if any.
    Refused(Option<String>),
    /// It asked for a proof of who it is.
    Asked,
}

impl Server {
    /// Reads the file and asks the server.
    pub(super) fn see(&self, account: &str, time: TimeLeft) -> Result<Seen, PointError> {
        let said = self.ask(account, time)?;
        Ok(Seen {
            entry: Refusals::open(&self.refusals_file)?.of(account),
            said,
        })
    }

    /// Begins EAP as a client does, with the name and no password. Nothing comes of it: no password is tried, and the server forgets it.
    pub(super) fn ask(&self, account: &str, time: TimeLeft) -> Result<Said, PointError> {
        let secret = secret(&self.secret)?;
        let attributes = [
            (USER_NAME, account.as_bytes().to_vec()),
            (NAS_IDENTIFIER, b"cordon".to_vec()),
            (EAP_MESSAGE, identity(account)),
        ];
        let request = request(Code::AccessRequest, &attributes, &secret)?;
        // On loopback, where nobody can be in between, older servers may leave out the Message-Authenticator.
        let reply = exchange(self.address, &request, &secret, false, time).map_err(Silence::of_question)?;
        Ok(match reply.code {
            Code::AccessReject => Said::Refused(
                reply
                    .first(REPLY_MESSAGE)
                    .map(|words| String::from_utf8_lossy(words).into_owned()),
            ),
            _ => Said::Asked,
        })
    }

    /// Writes an account's refusal.
    pub(super) fn refuse(&self, account: &str, entry: &str) -> Result<(), PointError> {
        let file = Refusals::open(&self.refusals_file)?;
        if file.of(account).is_some() {
            return Err(changed());
        }
        file.add(entry)
    }

    /// Takes an account's refusal out.
    pub(super) fn admit(&self, account: &str) -> Result<(), PointError> {
        Refusals::open(&self.refusals_file)?.remove(account)
    }

    /// Has the server read the file, again and again until it does what the file says.
    pub(super) fn settle(&self, account: &str, time: TimeLeft) -> Result<Seen, PointError> {
        let unknown = |error: PointError| {
            PointError::new(
                PointErrorKind::Unknown,
                format_args!(
                    "the file of refusals is written, but it is not certain that FreeRADIUS took it: {error}"
                ),
            )
        };
        loop {
            let seen = self.see(account, time).map_err(unknown)?;
            if seen.is_in_force() {
                return Ok(seen);
            }
            self.reload().map_err(unknown)?;
            let left = time.left().map_err(unknown)?;
            std::thread::sleep(AGAIN_AFTER.min(left));
        }
    }

    /// Has the server read the file. A time of change that it has not seen yet makes it look: one that it saw and passed over, because it
    /// came too soon, would never be looked at again.
    fn reload(&self) -> Result<(), PointError> {
        let fail = |kind, error: &dyn std::fmt::Display| {
            PointError::new(
                kind,
                format_args!("FreeRADIUS cannot be told to read its file: {error}"),
            )
        };
        std::fs::File::options()
            .append(true)
            .open(&self.refusals_file)
            .and_then(|file| file.set_modified(std::time::SystemTime::now()))
            .map_err(|error| fail(PointErrorKind::Config, &error))?;
        let pid = self
            .process()
            .map_err(|error| fail(PointErrorKind::Target, &error))?;
        kill_process(pid, Signal::HUP).map_err(|error| fail(PointErrorKind::Denied, &error))
    }

    /// The server's process, if the number in the file is still that of one.
    fn process(&self) -> std::io::Result<Pid> {
        let mut text = String::new();
        std::fs::File::open(&self.pid_file)?
            .take(32)
            .read_to_string(&mut text)?;
        let number: i32 = text.trim().parse().map_err(std::io::Error::other)?;
        let name = std::fs::read_to_string(format!("/proc/{number}/comm"))?;
        if !PROCESS_NAMES.contains(&name.trim()) {
            return Err(std::io::Error::other(
                "the number in its pid file is that of another process",
            ));
        }
        Pid::from_raw(number).ok_or_else(|| std::io::Error::other("no process id"))
    }
}

fn changed() -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        "somebody else changed the file of refusals just now",
    )
}

/// An EAP response with an identity (RFC 3748 section 5.1).
fn identity(account: &str) -> Vec<u8> {
    let length = u16::try_from(account.len() + 5).unwrap_or(u16::MAX).to_be_bytes();
    let mut message = vec![2, 0];
    message.extend(length);
    message.push(1);
    message.extend(account.bytes());
    message
}

//! The way to the actuator: one connection over its Unix socket, made when needed and made again when lost.
//!
//! An error says whether the request can have reached the actuator. One that was not sent whole was not done
//! ([`PointErrorKind::Target`]); one that was sent and not answered may have been ([`PointErrorKind::Unknown`]), unless it only reads.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon_act::wire::{ANSWER_BYTES_MAX, Answer, Ask, PROTOCOL, PointInfo, Request, Response};
use cordon_act::{PointError, PointErrorKind};

/// How long connecting and the greeting may take.
const GREETING: Duration = Duration::from_secs(10);

/// How much longer than its own deadline a request may take before nobody waits for it any more.
pub(crate) const MARGIN: Duration = Duration::from_secs(5);

/// A client of the actuator. It does one request at a time: whoever wants several at once has several.
#[derive(Debug)]
pub(crate) struct Client {
    path: PathBuf,
    stream: Option<BufReader<UnixStream>>,
    greeting: Option<Greeting>,
    last_id: u64,
}

/// What the actuator said of itself.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    /// Its points.
    pub(crate) points: Vec<PointInfo>,
    /// What protects it, in words.
    pub(crate) protections: Vec<String>,
}

impl Client {
    /// A client of the actuator whose socket is at `path`. Nothing is connected yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            stream: None,
            greeting: None,
            last_id: 0,
        }
    }

    /// What the actuator says of itself, from when it was last connected to.
    pub(crate) fn greeting(&mut self) -> Result<Greeting, PointError> {
        self.connected()?;
        let none = || PointError::new(PointErrorKind::Bug, "connected without a greeting");
        self.greeting.clone().ok_or_else(none)
    }

    /// Asks, and waits at most as long as the request says plus [`MARGIN`]. A request that only reads is asked once more if the
    /// connection turns out to be lost.
    ///
    /// An [`Answer::Failed`] comes back as the error that it holds.
    pub(crate) fn ask(&mut self, ask: Ask) -> Result<Answer, PointError> {
        let (wait, reads) = (time_for(&ask), only_reads(&ask));
        let reused = self.stream.is_some();
        let mut result = self.once(&ask, wait, reads);
        if reads && reused && self.stream.is_none() && result.is_err() {
            result = self.once(&ask, wait, reads);
        }
        match result? {
            Answer::Failed { error } => Err(error),
            answer => Ok(answer),
        }
    }

    fn once(&mut self, ask: &Ask, wait: Duration, reads: bool) -> Result<Answer, PointError> {
        self.connected()?;
        let answer = self.exchange(ask, wait, reads);
        if answer.is_err() {
            // A late answer must not be taken for that of the next request.
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, ask: &Ask, wait: Duration, reads: bool) -> Result<Answer, PointError> {
        let path = &self.path;
        let unanswered = if reads {
            PointErrorKind::Target
        } else {
            PointErrorKind::Unknown
        };
        let failed = |kind, error: &dyn std::fmt::Display| {
            PointError::new(kind, format_args!("the actuator at {}: {error}", path.display()))
        };
        let stream = self
            .stream
            .as_mut()
            .ok_or_else(|| failed(PointErrorKind::Target, &"not connected"))?;
        self.last_id += 1;
        let request = Request {
            id: self.last_id,
            ask: ask.clone(),
        };
        let mut line = serde_json::to_vec(&request).map_err(|error| failed(PointErrorKind::Bug, &error))?;
        line.push(b'\n');
        // A line without its end is never acted on.
        stream
            .get_mut()
            .write_all(&line)
            .map_err(|error| failed(PointErrorKind::Target, &error))?;
        let text = read_line(stream, wait).map_err(|error| failed(unanswered, &error))?;
        let response: Response = serde_json::from_slice(&text).map_err(|error| failed(unanswered, &error))?;
        if response.id == self.last_id || response.id == 0 {
            Ok(response.answer)
        } else {
            Err(failed(unanswered, &"it answered another request"))
        }
    }

    /// Connects unless there is a connection that the other side has not closed.
    fn connected(&mut self) -> Result<(), PointError> {
        if self.stream.as_mut().is_some_and(is_open) {
            return Ok(());
        }
        let failed = |error: io::Error| {
            let text = format_args!(
                "the actuator at {} cannot be reached: {error}",
                self.path.display()
            );
            PointError::new(PointErrorKind::Target, text)
        };
        let stream = UnixStream::connect(&self.path).map_err(failed)?;
        stream.set_write_timeout(Some(GREETING)).map_err(failed)?;
        self.stream = Some(BufReader::new(stream));
        let hello = Ask::Hello {
            protocol: PROTOCOL.to_owned(),
        };
        let answer = self.exchange(&hello, GREETING, true);
        if let Ok(Answer::Hello {
            points, protections, ..
        }) = answer
        {
            self.greeting = Some(Greeting { points, protections });
            return Ok(());
        }
        self.stream = None;
        Err(match answer {
            Ok(Answer::Failed { error }) | Err(error) => error,
            Ok(_) => PointError::new(PointErrorKind::Target, "the actuator greets in another way"),
        })
    }
}

/// True if the connection is not closed and nothing unasked has come.
fn is_open(stream: &mut BufReader<UnixStream>) -> bool {
    if !stream.buffer().is_empty() || stream.get_ref().set_nonblocking(true).is_err() {
        return false;
    }
    let waiting = stream.get_mut().read(&mut [0]);
    let blocking = stream.get_ref().set_nonblocking(false).is_ok();
    blocking && matches!(waiting, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The next line, without its end, within `wait`.
fn read_line(stream: &mut BufReader<UnixStream>, wait: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + wait;
    let mut line = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.get_ref().set_read_timeout(Some(left))?;
        let block = match stream.fill_buf() {
            Ok([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = block.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(block.len());
        line.extend(block.iter().take(taken));
        stream.consume(taken + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(line);
        }
        if line.len() > ANSWER_BYTES_MAX {
            return Err(io::Error::other("the answer is too long"));
        }
    }
}

/// True if asking twice is asking once.
const fn only_reads(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::Hello { .. }
            | Ask::Observe(_)
            | Ask::Probe(_)
            | Ask::ProveBreakGlass { .. }
            | Ask::Services { .. }
            | Ask::Registered {}
    )
}

/// How long an answer is waited for.
fn time_for(ask: &Ask) -> Duration {
    let milliseconds = match ask {
        Ask::Observe(reading) | Ask::Probe(reading) => reading.at.deadline_milliseconds,
        Ask::Apply { at, .. } | Ask::Lift { at, .. } | Ask::ProveBreakGlass { at } => {
            at.deadline_milliseconds
        }
        Ask::Services {
            deadline_milliseconds,
            ..
        } => *deadline_milliseconds,
        Ask::Hello { .. }
        | Ask::Register { .. }
        | Ask::PermitLift { .. }
        | Ask::Renew { .. }
        | Ask::Registered {} => 30_000,
    };
    Duration::from_millis(milliseconds) + MARGIN
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What a server does with one connection.
    type Serve = fn(BufReader<UnixStream>);

    fn answer(stream: &mut BufReader<UnixStream>) -> u64 {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let Ok(request) = serde_json::from_str::<Request>(&line) else {
            return 0;
        };
        let answer = match request.ask {
            Ask::Hello { protocol } => Answer::Hello {
                protocol,
                points: Vec::new(),
                protections: Vec::new(),
            },
            _ => Answer::Orders {
                registered: Vec::new(),
            },
        };
        let mut text = serde_json::to_vec(&Response {
            id: request.id,
            answer,
        })
        .unwrap();
        text.push(b'\n');
        stream.get_mut().write_all(&text).unwrap();
        request.id
    }

    /// A client of a server that serves one connection after another, each in its own way.
    fn client(ways: Vec<Serve>) -> (Client, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for way in ways {
                way(BufReader::new(listener.accept().unwrap().0));
            }
        });
        (Client::new(&path), folder)
    }

    fn changing() -> Ask {
        Ask::Apply {
            at: cordon_act::wire::Claim {
                point: "vpn".into(),
                epoch: 1,
                deadline_milliseconds: 1,
            },
            orders_digest: String::new(),
            withdrawals: Vec::new(),
        }
    }

    #[test]
    fn nobody_there_is_certainly_not_done() {
        let mut client = Client::new(Path::new("/no/such/socket"));
        assert_eq!(client.ask(changing()).unwrap_err().kind, PointErrorKind::Target);
        let (mut client, _folder) = client_that_hangs_up_at_the_greeting();
        assert_eq!(client.ask(changing()).unwrap_err().kind, PointErrorKind::Target);
    }

    fn client_that_hangs_up_at_the_greeting() -> (Client, tempfile::TempDir) {
        client(vec![drop])
    }

    #[test]
    fn a_change_that_was_sent_and_not_answered_may_be_done() {
        let lost: Serve = |mut stream| {
            answer(&mut stream);
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
        };
        let (mut client, _folder) = self::client(vec![lost, lost]);
        assert_eq!(client.ask(changing()).unwrap_err().kind, PointErrorKind::Unknown);
        let (mut client, _folder) = self::client(vec![lost, lost]);
        assert_eq!(
            client.ask(Ask::Registered {}).unwrap_err().kind,
            PointErrorKind::Target
        );
    }

    #[test]
    fn a_connection_that_was_closed_is_made_again() {
        let once: Serve = |mut stream| {
            answer(&mut stream);
            answer(&mut stream);
        };
        let (mut client, _folder) = client(vec![once, once]);
        client.ask(Ask::Registered {}).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        client.ask(Ask::Registered {}).unwrap();
    }
}

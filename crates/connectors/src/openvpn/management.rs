//! The management interface of an OpenVPN server: who is connected, and cutting them.
//!
//! OpenVPN serves one management client at a time, so each call connects, asks and leaves. Source: OpenVPN's
//! management-notes.txt.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};
use rustix::io::Errno;

use super::Management;
use super::status::{Client, Status};
use crate::Secret;

/// Longest line of a reply in bytes.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// Most bytes of one reply: some hundred thousand clients.
const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest name that is put into a command; OpenVPN cuts longer words.
const COMMAND_NAME_BYTES_MAX: usize = 200;

/// How long it is waited between looks whether those who were cut are gone.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long a look at what the server says may take.
const HEARD: Duration = Duration::from_millis(1);

/// What the server's log says of a client whose file has `disable`.
const REJECTED: &str = " MULTI: client has been rejected due to 'disable' directive";

/// What OpenVPN asks with, without a line end.
const PROMPT: &[u8] = b"ENTER PASSWORD:";

trait Connection: Read + Write {
    fn limit(&self, time: Duration) -> std::io::Result<()>;
}

impl Connection for UnixStream {
    fn limit(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

impl Connection for TcpStream {
    fn limit(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// A connection to the management interface.
pub(crate) struct Session {
    connection: Box<dyn Connection>,
    until: Instant,
    read: Vec<u8>,
}

impl Session {
    /// Connects, and says the password if one is asked for.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if the server does not answer, [`PointErrorKind::Denied`] if it refuses the password,
    /// [`PointErrorKind::Config`] if it asks for one and none is configured.
    pub(crate) fn open(
        place: &Management,
        password: Option<&Secret>,
        until: Instant,
    ) -> Result<Self, PointError> {
        let connection = connect(place, until).map_err(|error| {
            PointError::new(
                PointErrorKind::Target,
                format!("cannot connect to the management interface: {error}"),
            )
        })?;
        let mut session = Self {
            connection,
            until,
            read: Vec::new(),
        };
        session.greet(password)?;
        Ok(session)
    }

    fn greet(&mut self, password: Option<&Secret>) -> Result<(), PointError> {
        while !self.is_prompted() && !self.read.contains(&b'\n') {
            self.more()?;
        }
        if !self.is_prompted() {
            return Ok(());
        }
        let Some(password) = password else {
            return Err(PointError::new(
                PointErrorKind::Config,
                "the management interface asks for a password and none is configured",
            ));
        };
        self.read.drain(..PROMPT.len());
        self.send(password.reveal())?;
        while !self.is_prompted() && !self.read.contains(&b'\n') {
            self.more().map_err(|error| match error.kind {
                PointErrorKind::Target => denied(),
                _ => error,
            })?;
        }
        if self.is_prompted() || !self.line()?.starts_with("SUCCESS:") {
            return Err(denied());
        }
        Ok(())
    }

    fn is_prompted(&self) -> bool {
        self.read.starts_with(PROMPT)
    }

    /// Who is connected.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if the reply does not come, is too long or makes no sense.
    pub(crate) fn clients(&mut self) -> Result<Vec<Client>, PointError> {
        self.send("status 3")?;
        let mut status = Status::default();
        let mut bytes = 0;
        loop {
            let line = self.line()?;
            bytes += line.len();
            if bytes > REPLY_BYTES_MAX {
                return Err(nonsense("its list of clients is too long"));
            }
            match line.as_str() {
                "END" => {
                    return status
                        .clients()
                        .ok_or_else(|| nonsense("its list of clients has no header"));
                }
                line if line.starts_with('>') => {}
                line if line.starts_with("ERROR") => return Err(nonsense(line)),
                line => status.add(line),
            }
        }
    }

    /// Cuts every client that `chosen` names and looks until none is left; true if none is.
    ///
    /// # Errors
    /// As [`Self::clients`].
    pub(crate) fn cut(&mut self, chosen: impl Fn(&Client) -> bool) -> Result<bool, PointError> {
        let found = self.clients()?;
        for client in found.iter().filter(|client| chosen(client)) {
            self.kill(client)?;
        }
        loop {
            let left: Vec<Client> = self
                .clients()?
                .into_iter()
                .filter(|one| one.live && chosen(one))
                .collect();
            if left.is_empty() {
                return Ok(true);
            }
            if Instant::now() + LOOK_AGAIN >= self.until {
                return Ok(false);
            }
            std::thread::sleep(LOOK_AGAIN);
            for client in &left {
                self.command(&format!("client-kill {}", client.id))?;
            }
        }
    }

    /// Ends the sessions of a client at once. By its name where that can be said, because `client-kill` asks the client to leave
    /// and waits up to five seconds for it.
    fn kill(&mut self, client: &Client) -> Result<(), PointError> {
        match quoted(&client.name) {
            Some(name) => self.command(&format!("kill {name}")),
            None => self.command(&format!("client-kill {}", client.id)),
        }
    }

    /// Asks one client to leave for good.
    ///
    /// # Errors
    /// As [`Self::clients`].
    pub(crate) fn halt(&mut self, client: &Client) -> Result<(), PointError> {
        self.command(&format!("client-kill {} HALT", client.id))
    }

    /// Has the server say from now on what it writes to its log.
    ///
    /// # Errors
    /// As [`Self::clients`].
    pub(crate) fn listen(&mut self) -> Result<(), PointError> {
        self.command("log on")
    }

    /// True if the server has said that it rejected a client of this name. Needs [`Self::listen`]; what cannot be heard was not said.
    pub(crate) fn says_rejected(&mut self, name: &str) -> bool {
        let mut bytes = [0; 4096];
        let heard = self
            .connection
            .limit(HEARD)
            .and_then(|()| self.connection.read(&mut bytes));
        self.read.extend(bytes.iter().take(heard.unwrap_or_default()));
        while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.read.drain(..=end).collect();
            if is_rejection(&String::from_utf8_lossy(&line), name) {
                return true;
            }
        }
        if self.read.len() > LINE_BYTES_MAX {
            self.read.clear();
        }
        false
    }

    /// Sends a command and waits for its one-line reply. That it failed is seen by looking again.
    fn command(&mut self, command: &str) -> Result<(), PointError> {
        self.send(command)?;
        loop {
            let line = self.line()?;
            if line.starts_with("SUCCESS:") || line.starts_with("ERROR:") {
                return Ok(());
            }
            if !line.starts_with('>') {
                return Err(nonsense("it answered a command with something else"));
            }
        }
    }

    fn send(&mut self, line: &str) -> Result<(), PointError> {
        let left = self.left()?;
        self.connection
            .limit(left)
            .and_then(|()| self.connection.write_all(format!("{line}\n").as_bytes()))
            .map_err(|error| silent(&error))
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<String, PointError> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line)
                    .trim_end_matches(['\r', '\n'])
                    .to_owned());
            }
            self.more()?;
        }
    }

    /// Reads on within a line.
    fn more(&mut self) -> Result<(), PointError> {
        if self.read.len() > LINE_BYTES_MAX {
            return Err(nonsense("a line of its reply is too long"));
        }
        let left = self.left()?;
        let mut bytes = [0; 4096];
        let count = self
            .connection
            .limit(left)
            .and_then(|()| self.connection.read(&mut bytes))
            .map_err(|error| silent(&error))?;
        if count == 0 {
            return Err(nonsense("it closed the connection"));
        }
        self.read.extend(bytes.iter().take(count));
        Ok(())
    }

    fn left(&self) -> Result<Duration, PointError> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(silent(&ErrorKind::TimedOut.into()));
        }
        Ok(left)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.connection.limit(LOOK_AGAIN);
        let _ = self.connection.write_all(b"quit\n");
    }
}

fn connect(place: &Management, until: Instant) -> std::io::Result<Box<dyn Connection>> {
    match place {
        Management::Unix(path) => Ok(Box::new(connect_unix(path, until)?)),
        Management::Loopback(address) => Ok(Box::new(connect_tcp(*address, until)?)),
    }
}

fn connect_tcp(address: SocketAddr, until: Instant) -> std::io::Result<TcpStream> {
    let left = until.saturating_duration_since(Instant::now());
    TcpStream::connect_timeout(&address, left.max(Duration::from_millis(1)))
}

/// Connects without waiting: a connect to a socket whose queue is full would wait for ever.
fn connect_unix(path: &Path, until: Instant) -> std::io::Result<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match connect(&socket, &address) {
            Ok(()) => break,
            Err(Errno::AGAIN) if Instant::now() < until => std::thread::sleep(Duration::from_millis(50)),
            Err(error) => return Err(error.into()),
        }
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// A name as a word of a command, in double quotes with `\` before `"` and `\`; none if it cannot be said.
fn quoted(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > COMMAND_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return None;
    }
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("\"{escaped}\""))
}

/// True for the line of the log that says that a client of this name was rejected, such as
/// `>LOG:1795705452,N,pat/192.0.2.7:36247 MULTI: client has been rejected due to 'disable' directive`. Names are chosen by whoever issues
/// certificates, so the line must be exactly that.
fn is_rejection(line: &str, name: &str) -> bool {
    let text = line
        .trim_end()
        .strip_prefix(">LOG:")
        .and_then(|rest| rest.splitn(3, ',').nth(2));
    let from = text.and_then(|text| text.strip_suffix(REJECTED)?.strip_prefix(name)?.strip_prefix('/'));
    from.is_some_and(|from| {
        let from = from.strip_prefix("[AF_INET6]").unwrap_or(from);
        from.parse::<SocketAddr>().is_ok()
            || from.rsplit_once(':').is_some_and(|(address, port)| {
                address.parse::<std::net::IpAddr>().is_ok() && port.parse::<u16>().is_ok()
            })
    })
}

fn denied() -> PointError {
    PointError::new(
        PointErrorKind::Denied,
        "the management interface refused the password",
    )
}

fn nonsense(what: &str) -> PointError {
    PointError::new(
        PointErrorKind::Target,
        format!("the management interface: {what}"),
    )
}

fn silent(error: &std::io::Error) -> PointError {
    let late = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    let text = if late {
        "the management interface does not answer; another program may be attached to it".to_owned()
    } else {
        format!("the management interface: {error}")
    };
    PointError::new(PointErrorKind::Target, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_that_of_this_client_and_nothing_that_a_name_could_imitate() {
        let line = |text: &str| {
            format!(">LOG:1795705452,N,{text} MULTI: client has been rejected due to 'disable' directive\r\n")
        };
        assert!(is_rejection(&line("pat/192.0.2.7:36247"), "pat"));
        assert!(is_rejection(&line("pat/2001:db8::7:1194"), "pat"));
        for other in [
            "sam/192.0.2.7:36247",
            "pat/x/192.0.2.7:36247",
            "pat",
            "pat/",
            "patsy/192.0.2.7:1",
        ] {
            assert!(!is_rejection(&line(other), "pat"), "{other}");
        }
        let longer = line("pat/192.0.2.7:36247").replace("directive", "directive, once");
        assert!(!is_rejection(&longer, "pat"));
        assert!(!is_rejection(
            "pat/192.0.2.7:1 MULTI: client has been rejected due to 'disable' directive",
            "pat"
        ));
    }

    #[test]
    fn a_name_cannot_leave_its_word() {
        assert_eq!(quoted("pat"), Some("\"pat\"".to_owned()));
        assert_eq!(quoted("a\"b\\c d"), Some("\"a\\\"b\\\\c d\"".to_owned()));
        for name in ["", "a\nkill b", "a\rb", &"a".repeat(201)] {
            assert_eq!(quoted(name), None, "{name:?}");
        }
    }
}

//! Who may connect, and the threads that serve them.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::config::SocketConfig;
use super::connection::{Shared, serve};
use super::limits::{CONNECTIONS_MAX, TICK, WRITE_TIME};
use super::moment::within_a_moment;
use super::say;

/// The Unix socket.
pub(super) struct Socket {
    listener: UnixListener,
    config: SocketConfig,
}

impl Socket {
    /// Makes the socket beside its place and moves it over what a process that was killed left there. A socket at which somebody
    /// answers, and anything that is no socket, is left alone.
    pub(super) fn bind(config: &SocketConfig) -> Result<Self, String> {
        let path = &config.path;
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        vacant(path)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let _ = std::fs::remove_file(&beside);
        // Nobody else may connect between its making and the change of its mode.
        let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
        let listener = UnixListener::bind(&beside);
        rustix::process::umask(mask);
        let listener = listener.map_err(failed)?;
        if let Some(group) = config.group {
            std::os::unix::fs::chown(&beside, None, Some(group)).map_err(failed)?;
            std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
        }
        std::fs::rename(&beside, path).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self {
            listener,
            config: config.clone(),
        })
    }

    /// True if the peer's user or first group may connect.
    fn admits(&self, stream: &UnixStream) -> Result<bool, String> {
        let peer =
            rustix::net::sockopt::socket_peercred(stream.as_fd()).map_err(|error| error.to_string())?;
        let (user, group) = (peer.uid.as_raw(), peer.gid.as_raw());
        let nobody_named = self.config.users.is_empty() && self.config.groups.is_empty();
        let own = nobody_named && user == rustix::process::geteuid().as_raw();
        if own || self.config.users.contains(&user) || self.config.groups.contains(&group) {
            return Ok(true);
        }
        say(format_args!("refused a connection of user {user}, group {group}"));
        Ok(false)
    }
}

/// An error if somebody answers at the place or it is not ours to replace.
fn vacant(path: &Path) -> Result<(), String> {
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|error| format!("{}: {error}", path.display()))?,
    };
    if !metadata.file_type().is_socket() {
        return Err(format!("{} is there and is no socket", path.display()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("{} belongs to another user", path.display()));
    }
    within_a_moment(|| match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(format!("{}: another process answers there", path.display())),
    })
}

/// How many connections there are.
#[derive(Default)]
pub(super) struct Count(AtomicUsize);

impl Count {
    pub(super) fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// One more, if there is room, until it is dropped.
    fn one(self: &Arc<Self>) -> Option<One> {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        let one = One(Arc::clone(self));
        (before < CONNECTIONS_MAX).then_some(one)
    }
}

struct One(Arc<Count>);

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes connections of the Unix socket until the process is to end.
pub(super) fn unix(socket: &Socket, shared: &Arc<Shared>, count: &Arc<Count>) {
    while !shared.is_ending() {
        match socket.listener.accept() {
            Ok((stream, _)) => match socket.admits(&stream) {
                Ok(true) => start(shared, count, move |shared| {
                    stream.set_nonblocking(false)?;
                    stream.set_read_timeout(Some(TICK))?;
                    stream.set_write_timeout(Some(WRITE_TIME))?;
                    serve(stream, shared)
                }),
                Ok(false) => {}
                Err(error) => say(format_args!("refused a connection: {error}")),
            },
            Err(error) => pause(&error),
        }
    }
}

/// Takes connections of the TCP port until the process is to end.
pub(super) fn tcp(listener: &TcpListener, tls: &Arc<ServerConfig>, shared: &Arc<Shared>, count: &Arc<Count>) {
    while !shared.is_ending() {
        match listener.accept() {
            Ok((stream, from)) => {
                let tls = Arc::clone(tls);
                start(shared, count, move |shared| {
                    let served = secure(stream, tls).and_then(|stream| serve(stream, shared));
                    if let Err(error) = &served {
                        say(format_args!("connection of {from}: {error}"));
                    }
                    served
                });
            }
            Err(error) => pause(&error),
        }
    }
}

/// Shakes hands at once, so that a client without a certificate gets no further.
fn secure(stream: TcpStream, tls: Arc<ServerConfig>) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(WRITE_TIME))?;
    stream.set_write_timeout(Some(WRITE_TIME))?;
    stream.set_nodelay(true)?;
    let mut connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut socket = stream;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    socket.set_read_timeout(Some(TICK))?;
    Ok(StreamOwned::new(connection, socket))
}

fn start(
    shared: &Arc<Shared>,
    count: &Arc<Count>,
    serve: impl FnOnce(&Shared) -> io::Result<()> + Send + 'static,
) {
    let Some(one) = count.one() else {
        say(format_args!("refused a connection: there are {CONNECTIONS_MAX}"));
        return;
    };
    let shared = Arc::clone(shared);
    let thread = std::thread::Builder::new()
        .name("connection".to_owned())
        .spawn(move || {
            let _one = one;
            // A peer that goes away is no fault of ours.
            let _ = serve(&shared);
        });
    if let Err(error) = thread {
        say(format_args!("refused a connection: no thread: {error}"));
    }
}

fn pause(error: &io::Error) {
    if error.kind() != io::ErrorKind::WouldBlock {
        say(format_args!("cannot take a connection: {error}"));
    }
    std::thread::sleep(TICK / 4);
}

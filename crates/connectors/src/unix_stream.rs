//! Connections to unix sockets within a time: the standard library connects without end to a server that does not accept.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_socket, socket_with,
};

/// Connects to the socket at `path`.
///
/// # Errors
/// What the kernel says; `WouldBlock` if the server did not accept in time.
pub(crate) fn connect(path: &Path, time: Duration) -> std::io::Result<UnixStream> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // connect(2) on a unix socket waits as long as a send may.
    set_socket_timeout(&socket, Timeout::Send, Some(time))?;
    connect_socket(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

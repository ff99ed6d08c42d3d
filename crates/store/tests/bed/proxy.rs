//! A wire between a client and a server that can be cut at the worst moment.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// When the wire is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    Never = 0,
    /// The commit does not reach the server.
    BeforeCommit = 1,
    /// The commit reaches the server, and its answer is lost.
    AfterCommit = 2,
}

/// A port on the loopback address behind which a server seems to be.
pub(crate) struct Wire {
    port: u16,
    cut: Arc<AtomicU8>,
}

impl Wire {
    /// A wire to a server on this port.
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicU8::new(0));
        let told = Arc::clone(&cut);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (
                    client.unwrap(),
                    TcpStream::connect(("127.0.0.1", server)).unwrap(),
                );
                let (back_to, back_from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let told = Arc::clone(&told);
                std::thread::spawn(move || forward(client, server, &told));
                std::thread::spawn(move || forward(back_from, back_to, &AtomicU8::new(0)));
            }
        });
        Self { port, cut }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn cut(&self, when: Cut) {
        self.cut.store(when as u8, Ordering::SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, cut: &AtomicU8) {
    let mut buffer = [0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        // With its end, because `READ COMMITTED` is none.
        let commits = buffer[..count].windows(7).any(|window| window == b"COMMIT\0");
        let when = if commits { cut.load(Ordering::SeqCst) } else { 0 };
        if when == Cut::BeforeCommit as u8 {
            break;
        }
        if when == Cut::AfterCommit as u8 {
            // The client is gone first, so that no answer can reach it.
            let _ = from.shutdown(Shutdown::Both);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
        if when == Cut::AfterCommit as u8 {
            return;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

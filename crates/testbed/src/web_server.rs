//! A tiny web server: what stands behind a front door in tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a stream pauses between two lines.
const STREAM_PAUSE: Duration = Duration::from_millis(50);

/// A web server in a thread of this process, on a port of its own, gone when dropped.
///
/// It answers every GET with 200 and its name; `…/stream` with a line every 50 ms until somebody hangs up, `…/lines/N` with N such
/// lines and the end, `…/status/NNN` with that status, and it echoes `…/feign/VALUE` as the header `X-Cordon-Held`.
#[derive(Debug)]
pub struct WebServer {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl WebServer {
    /// Starts one that calls itself `name`.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let (name, seen) = (name.to_owned(), Arc::clone(&ends));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), name, ends) = (stream, name.clone(), Arc::clone(&seen)) else {
                    continue;
                };
                // A client that hangs up is none of our concern.
                std::thread::spawn(move || drop(serve(&stream, &name, &ends)));
            }
        });
        Self {
            address,
            ends,
            accepting: Some(accepting),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes the thread, which then sees that it should end.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn serve(stream: &TcpStream, name: &str, ends: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or("/");
    let mut out = stream;
    if path.ends_with("/stream") {
        return send_lines(out, usize::MAX, ends);
    }
    if let Some((_, count)) = path.rsplit_once("/lines/") {
        return send_lines(out, count.parse().unwrap_or(1), ends);
    }
    let status = path.rsplit_once("/status/").map_or("200", |(_, status)| status);
    let feigned = path
        .rsplit_once("/feign/")
        .map(|(_, value)| format!("X-Cordon-Held: {value}\r\n"))
        .unwrap_or_default();
    let body = format!("{name} {path}\n");
    write!(
        out,
        "HTTP/1.1 {status} Said\r\n{feigned}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn send_lines(mut out: &TcpStream, count: usize, ends: &AtomicBool) -> std::io::Result<()> {
    out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    for number in 0..count {
        if ends.load(Ordering::Relaxed) {
            return Ok(());
        }
        writeln!(out, "{number}")?;
        out.flush()?;
        std::thread::sleep(STREAM_PAUSE);
    }
    Ok(())
}

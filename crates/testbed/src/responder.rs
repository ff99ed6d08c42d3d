//! A server whose every answer a test writes itself: hostile, cut off, late, or handed on.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest request that is taken.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// All of it, as bytes.
    pub bytes: Vec<u8>,
    /// The request line and headers, as text.
    pub head: String,
    /// What comes after them, as text.
    pub body: String,
}

/// A plaintext HTTP server on loopback that lets a closure write to each connection after it has read the request. Each connection has a
/// thread of its own; nothing is kept open.
#[derive(Debug)]
pub struct Responder {
    port: u16,
    stopped: Arc<AtomicBool>,
}

impl Responder {
    /// Starts one.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, answer) = (Arc::clone(&stopped), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { port, stopped }
    }

    /// One that answers everything with the same status and body.
    #[must_use]
    pub fn always(status: u16, body: &str) -> Self {
        let answer = response(status, body);
        Self::start(move |_, stream| {
            let _ = stream.write_all(&answer);
        })
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its address, such as `http://127.0.0.1:4567`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// A whole response with a body of JSON.
#[must_use]
pub fn response(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Hands a request on to another server on loopback and returns its whole response. The server must close when it has answered, as
/// those of HTTP/1.0 do.
///
/// # Panics
/// If that server cannot be reached.
#[must_use]
pub fn hand_on(asked: &Asked, port: u16) -> Vec<u8> {
    let mut onward = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    onward.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    onward.write_all(&asked.bytes).unwrap();
    let mut answer = Vec::new();
    let _ = onward.read_to_end(&mut answer);
    answer
}

fn serve(mut stream: TcpStream, answer: &(dyn Fn(&Asked, &mut TcpStream) + Send + Sync)) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(120)));
    if let Some(asked) = read(&mut stream) {
        answer(&asked, &mut stream);
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut part = [0_u8; 4096];
    loop {
        if let Some(asked) = whole(&bytes) {
            return Some(asked);
        }
        let count = stream.read(&mut part).ok()?;
        if count == 0 || bytes.len() > REQUEST_BYTES_MAX {
            return None;
        }
        bytes.extend_from_slice(part.get(..count)?);
    }
}

fn whole(bytes: &[u8]) -> Option<Asked> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    let body = bytes.get(end + 4..)?;
    (body.len() >= length).then(|| Asked {
        bytes: bytes.to_vec(),
        body: String::from_utf8_lossy(body).into_owned(),
        head,
    })
}

//! One call and its reply.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_act::{PointError, PointErrorKind};
use ureq::SendBody;
use ureq::http::{Request, header};

use super::config::HttpsServer;
use super::failure::unanswered;
use super::{REPLY_BYTES_MAX, refused};
use crate::time_left::TimeLeft;

/// Largest block of response headers in bytes.
const HEADER_BYTES_MAX: usize = 32 * 1024;

/// A client of one server.
pub(crate) struct Client {
    base: String,
    agent: ureq::Agent,
}

/// How the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read.
    Get,
    /// Hand over.
    Post,
    /// Change a part.
    Patch,
}

/// What the server is asked.
pub(crate) struct Call<'a> {
    /// How.
    pub(crate) method: Method,
    /// What comes after the server's address, from its slash on, already escaped.
    pub(crate) path: &'a str,
    /// Headers beside those of the body.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body's media type and content.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// True if it is to change something, so that a lost answer is [`PointErrorKind::Unknown`].
    pub(crate) changes: bool,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The version that the server names, verbatim.
    pub(crate) etag: Option<String>,
    /// The body, at most [`REPLY_BYTES_MAX`] bytes.
    pub(crate) body: Vec<u8>,
}

/// A body that notes when it is first read: before that the server cannot have the whole request.
struct Noted {
    rest: std::io::Cursor<Vec<u8>>,
    read: Arc<AtomicBool>,
}

impl Read for Noted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.read.store(true, Ordering::SeqCst);
        self.rest.read(buffer)
    }
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`PointErrorKind::Config`] if the configuration cannot be used.
    pub(crate) fn new(server: &HttpsServer) -> Result<Self, PointError> {
        let base = server.base()?;
        let is_https = base.starts_with("https://");
        let mut settings = ureq::Agent::config_builder();
        if is_https {
            settings = settings.tls_config(server.tls()?);
        }
        let agent = settings
            .https_only(is_https)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .max_response_header_size(HEADER_BYTES_MAX)
            .user_agent("cordon")
            .build()
            .new_agent();
        Ok(Self { base, agent })
    }

    /// Makes one call.
    ///
    /// # Errors
    /// [`PointErrorKind::Unknown`] if a change may have arrived and no whole reply came; else [`PointErrorKind::Target`] or
    /// [`PointErrorKind::Config`] (TLS).
    pub(crate) fn send(&self, call: Call<'_>, time: TimeLeft) -> Result<Reply, PointError> {
        let left = time.left()?;
        let changes = call.changes;
        let read = Arc::new(AtomicBool::new(false));
        let request = self.request(call, &read)?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(left))
            .build();
        self.agent
            .run(request)
            .and_then(whole)
            .map_err(|error| unanswered(&error, changes && read.load(Ordering::SeqCst)))
    }

    fn request(
        &self,
        call: Call<'_>,
        read: &Arc<AtomicBool>,
    ) -> Result<Request<SendBody<'static>>, PointError> {
        let method = match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        };
        let mut builder = Request::builder()
            .method(method)
            .uri(format!("{}{}", self.base, call.path));
        for (name, value) in call.headers {
            builder = builder.header(name, value);
        }
        let body = match call.body {
            None => SendBody::none(),
            Some((media_type, bytes)) => {
                builder = builder
                    .header(header::CONTENT_TYPE, media_type)
                    .header(header::CONTENT_LENGTH, bytes.len());
                SendBody::from_owned_reader(Noted {
                    rest: std::io::Cursor::new(bytes),
                    read: Arc::clone(read),
                })
            }
        };
        builder
            .body(body)
            .map_err(|error| PointError::new(PointErrorKind::Input, error))
    }
}

fn whole(mut response: ureq::http::Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let etag = response
        .headers()
        .get(header::ETAG)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let status = response.status().as_u16();
    let body = response
        .body_mut()
        .with_config()
        .limit(REPLY_BYTES_MAX)
        .read_to_vec()?;
    Ok(Reply { status, etag, body })
}

impl Reply {
    /// True if the server says that it did what it was asked.
    pub(crate) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body as JSON; nesting is bounded by the reader.
    ///
    /// # Errors
    /// [`PointErrorKind::Target`] if it is none.
    pub(crate) fn json(&self, what: &str) -> Result<serde_json::Value, PointError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            PointError::new(
                PointErrorKind::Target,
                format_args!("{what}: the server's reply is not JSON: {error}"),
            )
        })
    }

    /// Itself if it is a success.
    ///
    /// # Errors
    /// What [`refused`] says.
    pub(crate) fn success(self, changes: bool, what: &str) -> Result<Self, PointError> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(refused(&self, changes, what))
        }
    }
}

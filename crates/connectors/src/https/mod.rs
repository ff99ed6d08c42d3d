//! JSON over HTTPS, as the points of cloud services and of OpenC2 speak it.
//!
//! Certificates are always verified: against the system's authorities, or against those of a file alone. No redirect is followed (it
//! would carry the secret elsewhere), no proxy of the environment is used, no connection is kept between calls, and replies are bounded.

mod client;
mod config;
mod failure;

pub use config::{ClientCertificate, HttpsServer};

pub(crate) use client::{Call, Client, Method, Reply};
pub(crate) use failure::refused;

/// Longest reply in bytes. A page of a thousand users of a directory is about two million.
pub(crate) const REPLY_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A text as one part of a path or query: everything but letters, digits and `-._~` as `%XX` (RFC 3986 section 2.3).
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

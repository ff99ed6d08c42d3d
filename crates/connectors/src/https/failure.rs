//! What a failed call means for whoever must act.

use cordon_act::{PointError, PointErrorKind};

use super::Reply;

/// Most characters of a server's own words that are repeated in an error.
const SERVER_WORDS_MAX: usize = 160;

/// Longest wait for a server's words to be read out of its reply, in bytes of that reply.
const SERVER_WORDS_BYTES_MAX: usize = 16 * 1024;

/// The error for a call that got no whole reply. `sent` says whether the server may have the whole request.
pub(super) fn unanswered(error: &ureq::Error, sent: bool) -> PointError {
    if sent {
        return PointError::new(
            PointErrorKind::Unknown,
            format_args!("the server was asked to change something, and its answer did not arrive: {error}"),
        );
    }
    if is_about_identity(error) {
        return PointError::new(
            PointErrorKind::Config,
            format_args!("the server could not prove by TLS that it is the one meant: {error}"),
        );
    }
    match error {
        ureq::Error::BodyExceedsLimit(most) => PointError::new(
            PointErrorKind::Target,
            format_args!("the server's reply is longer than {most} bytes"),
        ),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => PointError::new(
            PointErrorKind::Input,
            format_args!("no such address can be: {error}"),
        ),
        error => PointError::new(
            PointErrorKind::Target,
            format_args!("the server could not be reached or did not answer: {error}"),
        ),
    }
}

/// True if TLS came to nothing: a certificate that nobody trusted vouches for, or for another name. It may be wrapped as an error of I/O.
fn is_about_identity(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        ureq::Error::Io(inner) => inner.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        _ => false,
    }
}

/// The error for a reply that is no success. `changes` says whether the call was to change something.
pub(crate) fn refused(reply: &Reply, changes: bool, what: &str) -> PointError {
    let words = words(reply);
    let (kind, means) = match reply.status {
        401 | 407 => (
            PointErrorKind::Denied,
            "the server does not accept Cordon's credential",
        ),
        403 => (PointErrorKind::Denied, "the server refused Cordon's rights"),
        300..=399 => (
            PointErrorKind::Config,
            "the server points to another address: configure the final one",
        ),
        404 | 405 | 406 | 410 | 415 | 501 => (PointErrorKind::Config, "the server does not offer this here"),
        409 | 412 | 428 => (
            PointErrorKind::Stale,
            "what stands at the server is not what was expected",
        ),
        // An answer of this class says nothing about whether the work was done.
        500..=599 if changes => (
            PointErrorKind::Unknown,
            "the server failed and may have made the change",
        ),
        _ => (PointErrorKind::Target, "the server refused"),
    };
    PointError::new(
        kind,
        format_args!("{what}: {means} (status {}){words}", reply.status),
    )
}

/// What the server says went wrong, where it says so as SCIM, OAuth and RFC 8935 do: bounded and on one line.
fn words(reply: &Reply) -> String {
    let bytes = reply.body.get(..SERVER_WORDS_BYTES_MAX).unwrap_or(&reply.body);
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return String::new();
    };
    let said: String = [
        "detail",
        "error_description",
        "description",
        "status_text",
        "error",
        "err",
    ]
    .iter()
    .find_map(|name| value.get(name)?.as_str())
    .unwrap_or_default()
    .chars()
    .take(SERVER_WORDS_MAX)
    .collect();
    if said.is_empty() {
        said
    } else {
        format!(": {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, changes: bool) -> PointErrorKind {
        let reply = Reply {
            status,
            etag: None,
            body: b"{\"detail\": \"words\"}".to_vec(),
        };
        let error = refused(&reply, changes, "reading");
        assert!(error.text.ends_with(": words"));
        error.kind
    }

    #[test]
    fn a_failing_server_may_have_made_a_change_but_a_refusing_one_has_not() {
        assert_eq!(kind(503, true), PointErrorKind::Unknown);
        assert_eq!(kind(503, false), PointErrorKind::Target);
        assert_eq!(kind(400, true), PointErrorKind::Target);
        assert_eq!(kind(412, true), PointErrorKind::Stale);
        assert_eq!(kind(401, true), PointErrorKind::Denied);
        assert_eq!(kind(302, false), PointErrorKind::Config);
    }
}

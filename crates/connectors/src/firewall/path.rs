//! Tries TCP connections: Cordon's own path, and what a probe is to try.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};

use super::Config;
use crate::program::run;

/// How long one connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);

/// What a try of a connection came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    /// It was made.
    Made,
    /// It was not; why, in words.
    Failed(String),
}

/// Tries one connection, from here or behind `via`.
pub(crate) fn connect(config: &Config, via: &[String], to: SocketAddr, until: Instant) -> Try {
    let until = until.min(Instant::now() + CONNECT);
    if via.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Try::Failed("no time was left".to_owned());
        }
        return match TcpStream::connect_timeout(&to, left) {
            Ok(_) => Try::Made,
            Err(error) => Try::Failed(error.to_string()),
        };
    }
    let mut words = via.to_vec();
    words.extend(config.connect_program.iter().cloned());
    words.extend([to.ip().to_string(), to.port().to_string()]);
    match run(&words, b"", until) {
        Ok(output) if output.success => Try::Made,
        Ok(output) if output.complaint.is_empty() => Try::Failed("not connected".to_owned()),
        Ok(output) => Try::Failed(output.complaint),
        Err(error) => Try::Failed(error.to_string()),
    }
}

/// Tries Cordon's own path, all of it.
///
/// # Errors
/// [`PointErrorKind::Target`] with the first connection that cannot be made.
pub(crate) fn must_be_open(config: &Config, until: Instant) -> Result<(), PointError> {
    for path in &config.own_path {
        if let Try::Failed(why) = connect(config, &path.via, path.to, until) {
            return Err(PointError::new(
                PointErrorKind::Target,
                format!("the own path to {} is not open: {why}", path.to),
            ));
        }
    }
    Ok(())
}

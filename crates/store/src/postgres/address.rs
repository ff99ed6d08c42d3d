//! A database's URL, and whether what is sent to it can be read on the way.
//!
//! Without TLS only a Unix socket or the loopback address will do. Over a network the URL must say
//! `sslmode=verify-full&sslrootcert=FILE`: the server's certificate is then checked against the authorities in the file (PEM) and
//! against the host's name. `require` and `verify-ca` do the same here: TLS that is not checked protects from nobody.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::error::{FailureKind, StoreError};
use crate::limits::CONNECT_WAIT;
use crate::location::shown;

/// How to reach a database.
pub(super) struct Address {
    pub(super) config: Config,
    /// Authorities to check the server with; `None` for a connection without TLS that stays on this machine.
    pub(super) authorities: Option<PathBuf>,
    /// The URL without what is secret.
    pub(super) shown: String,
}

/// What the URL says of TLS.
enum Wish {
    Unsaid,
    Plain,
    Checked,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let shown = shown(url);
        let (rest, wish, authorities) = take_tls(url)?;
        let mut config = Config::from_str(&rest).map_err(|error| location(&shown, &error.to_string()))?;
        config.application_name("cordon");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        config
            .tcp_user_timeout(CONNECT_WAIT)
            .keepalives_idle(CONNECT_WAIT);
        let authorities = match (wish, authorities) {
            (Wish::Checked, Some(file)) => Some(file),
            (Wish::Checked, None) => return Err(location(&shown, "sslmode needs sslrootcert=FILE")),
            (Wish::Unsaid, Some(file)) => Some(file),
            (Wish::Plain, Some(_)) => return Err(location(&shown, "sslrootcert without TLS")),
            (Wish::Plain | Wish::Unsaid, None) if stays_here(&config) => None,
            _ => return Err(readable(&shown)),
        };
        config.ssl_mode(if authorities.is_some() {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        Ok(Self {
            config,
            authorities,
            shown,
        })
    }
}

/// Takes what is said of TLS out of a URL, because the client library knows less of it.
fn take_tls(url: &str) -> Result<(String, Wish, Option<PathBuf>), StoreError> {
    let (mut wish, mut authorities, mut kept) = (Wish::Unsaid, None, Vec::new());
    let (front, query) = url.split_once('?').unwrap_or((url, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "disable")) => wish = Wish::Plain,
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => wish = Wish::Checked,
            Some(("sslmode", "allow" | "prefer")) => wish = Wish::Unsaid,
            Some(("sslmode", _)) => return Err(location(&shown(url), "no such sslmode")),
            Some(("sslrootcert", file)) => authorities = Some(PathBuf::from(unescaped(file))),
            _ => kept.push(pair),
        }
    }
    let question = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{front}{question}{}", kept.join("&")), wish, authorities))
}

/// Undoes percent-encoding.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// True if every host is this machine.
fn stays_here(config: &Config) -> bool {
    let named = !config.get_hosts().is_empty() || !config.get_hostaddrs().is_empty();
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    });
    let by_address = config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    named && by_name && by_address
}

fn location(shown: &str, why: &str) -> StoreError {
    StoreError::failed(FailureKind::Location, format!("cannot use {shown}: {why}"))
}

fn readable(shown: &str) -> StoreError {
    StoreError::failed(
        FailureKind::Insecure,
        format!(
            "{shown} is on another machine, and the connection would not be protected (add \
             sslmode=verify-full&sslrootcert=FILE to the URL)"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(url: &str) -> Option<FailureKind> {
        Address::parse(url).err().and_then(|error| error.failure())
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        for url in [
            "postgres://cordon@localhost/cordon",
            "postgresql://cordon@127.0.0.1:5433/cordon?sslmode=disable",
            "postgres://cordon@[::1]/cordon?sslmode=prefer",
            "postgres://cordon@%2Frun%2Fpostgresql/cordon",
            "postgres:///cordon?host=/run/postgresql&user=cordon",
        ] {
            assert_eq!(kind(url), None, "{url}");
            assert!(Address::parse(url).unwrap().authorities.is_none(), "{url}");
        }
        for url in [
            "postgres://cordon@db.example/cordon",
            "postgres://cordon@db.example/cordon?sslmode=disable",
            "postgres://cordon@db.example/cordon?sslmode=prefer",
            "postgres://cordon@localhost,db.example/cordon",
            "postgres://cordon@localhost/cordon?hostaddr=192.0.2.1",
            "postgres://cordon@192.0.2.1/cordon",
        ] {
            assert_eq!(kind(url), Some(FailureKind::Insecure), "{url}");
        }
    }

    #[test]
    fn tls_needs_authorities() {
        let url =
            "postgres://cordon@db.example/cordon?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20db.pem&user=x";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.authorities, Some(PathBuf::from("/etc/ca db.pem")));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        for query in [
            "sslmode=require",
            "sslmode=maybe",
            "sslmode=disable&sslrootcert=f",
            "nonsense=1",
        ] {
            let url = format!("postgres://cordon:s3cret@localhost/cordon?{query}");
            let error = Address::parse(&url).err().unwrap();
            assert_eq!(error.failure(), Some(FailureKind::Location), "{query}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}

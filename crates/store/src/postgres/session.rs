//! A connection, made again when it was lost.

use std::path::Path;
use std::sync::Arc;

use postgres::{Client, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::failure::failed;
use super::schema;
use crate::error::{FailureKind, StoreError};

/// What every session starts with. Waiting is bounded; the server's own default may be to answer before it has flushed.
const SETTINGS: &str = "
SET lock_timeout = '10s';
SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
";

/// A connection to one database.
pub(super) struct Session {
    address: Address,
    client: Client,
    to_read: bool,
    lost: bool,
}

impl Session {
    /// Connects, and makes the tables if they are not there and it is not only to read.
    pub(super) fn open(address: Address, to_read: bool) -> Result<Self, StoreError> {
        let client = connect(&address, to_read)?;
        Ok(Self {
            address,
            client,
            to_read,
            lost: false,
        })
    }

    /// The connection, made again if it was lost.
    pub(super) fn client(&mut self) -> Result<&mut Client, StoreError> {
        if self.lost || self.client.is_closed() {
            self.client = connect(&self.address, self.to_read)?;
            self.lost = false;
        }
        Ok(&mut self.client)
    }

    /// Adds where the store is to what its storage said. After an error of the connection, the next call has a new one.
    pub(super) fn placed(&mut self, error: StoreError) -> StoreError {
        // The client itself may notice only later that it is closed.
        self.lost |=
            matches!(error, StoreError::Unknown(_)) || error.failure() == Some(FailureKind::Unreachable);
        place(&self.address, error)
    }
}

fn place(address: &Address, error: StoreError) -> StoreError {
    match error {
        StoreError::Failed { kind, what } => {
            StoreError::failed(kind, format!("the store {}: {what}", address.shown))
        }
        other => other,
    }
}

fn connect(address: &Address, to_read: bool) -> Result<Client, StoreError> {
    try_connect(address, to_read).map_err(|error| place(address, error))
}

fn try_connect(address: &Address, to_read: bool) -> Result<Client, StoreError> {
    let connected = match &address.authorities {
        None => address.config.connect(NoTls),
        Some(file) => address.config.connect(tls(file)?),
    };
    let mut client = connected.map_err(|error| failed(&error))?;
    client.batch_execute(SETTINGS).map_err(|error| failed(&error))?;
    check_server(&mut client)?;
    if to_read {
        client
            .batch_execute("SET default_transaction_read_only = on")
            .map_err(|error| failed(&error))?;
        if !schema::check(&mut client)? {
            let what = "the database has no tables of Cordon";
            return Err(StoreError::failed(FailureKind::Absent, what));
        }
    } else {
        schema::prepare(&mut client)?;
    }
    Ok(client)
}

/// Refuses a server that would lose what it says it has written, or cannot hold every text.
fn check_server(client: &mut Client) -> Result<(), StoreError> {
    let row = client
        .query_one(
            "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_encoding')",
            &[],
        )
        .map_err(|error| failed(&error))?;
    let setting = |place: usize| row.try_get::<_, String>(place).map_err(|error| failed(&error));
    for (place, name) in ["fsync", "full_page_writes"].into_iter().enumerate() {
        if setting(place)? != "on" {
            return Err(StoreError::failed(
                FailureKind::NotDurable,
                format!("the server has {name} off"),
            ));
        }
    }
    let encoding = setting(2)?;
    if encoding == "UTF8" {
        return Ok(());
    }
    let what = format!("the database has the encoding {encoding}, and UTF8 is needed");
    Err(StoreError::failed(FailureKind::Foreign, what))
}

fn tls(authorities: &Path) -> Result<MakeRustlsConnect, StoreError> {
    let unusable = |why: String| {
        let what = format!("cannot use the certificates in {}: {why}", authorities.display());
        StoreError::failed(FailureKind::Location, what)
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(authorities).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there are none".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

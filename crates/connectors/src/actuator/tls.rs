//! TLS for the port of the actuator, and for trying services.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use cordon_connectors::SecretSource;

use super::config::TcpConfig;

/// What the port needs: its own certificate, and authorities of which every client must have one.
pub(super) fn server(config: &TcpConfig) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = authorities(&config.client_ca)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider))
        .build()
        .map_err(|error| format!("{}: {error}", config.client_ca.display()))?;
    let chain = certificates(&config.certificate)?;
    let secret = SecretSource::File(config.key.clone())
        .read()
        .map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(secret.reveal().as_bytes())
        .map_err(|_| format!("{}: no private key in PEM", config.key.display()))?;
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| error.to_string())?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|error| format!("{}: {error}", config.certificate.display()))?;
    Ok(Arc::new(server))
}

/// A verified connection to `name`.
pub(super) fn connect(
    stream: TcpStream,
    name: &str,
    ca_file: Option<&Path>,
) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    let file = ca_file.ok_or("https needs a ca-file")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(authorities(file)?)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(|_| format!("{name} is no name of a server"))?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    Ok(StreamOwned::new(connection, stream))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|error| wrong(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&error))?;
    if found.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    Ok(found)
}

fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(store)
}

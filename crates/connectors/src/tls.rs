//! TLS towards servers: always verified, with the authority that the configuration names.

use std::path::Path;
use std::sync::Arc;

use cordon_act::{PointError, PointErrorKind};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::SecretSource;

/// Most certificates in one file. A bundle of public authorities has some 150.
const CERTIFICATES_MAX: usize = 1000;

/// How the client shows who it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientIdentity {
    /// File with its certificate, then the intermediate ones, in PEM.
    pub certificate: std::path::PathBuf,
    /// Its private key in PEM.
    pub key: SecretSource,
}

fn config(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Config, text)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PointError> {
    let failed = |error| {
        config(format!(
            "cannot read certificates from {}: {error}",
            path.display()
        ))
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .take(CERTIFICATES_MAX)
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if found.is_empty() {
        return Err(config(format!("{} holds no certificate in PEM", path.display())));
    }
    Ok(found)
}

/// A client that trusts the authorities in `ca_file` (PEM) and nobody else.
///
/// # Errors
/// `Config` if a file cannot be read or does not hold what it should.
pub(crate) fn client(ca_file: &Path, identity: Option<&ClientIdentity>) -> Result<ClientConfig, PointError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_file)? {
        roots
            .add(certificate)
            .map_err(|error| config(format!("{}: {error}", ca_file.display())))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(config)?
        .with_root_certificates(roots);
    let Some(identity) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let key = identity.key.read().map_err(config)?;
    // The text of the error could quote the key, so it is not shown.
    let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes())
        .map_err(|_| config("the private key of the client certificate is not PEM"))?;
    builder
        .with_client_auth_cert(certificates(&identity.certificate)?, key)
        .map_err(|_| config("the client certificate and its private key do not belong together"))
}

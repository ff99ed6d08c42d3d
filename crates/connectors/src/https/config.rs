//! Which server is meant and how it is known to be that one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_act::{PointError, PointErrorKind};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::SecretSource;

/// Where Debian and its kin keep the certificate authorities that the system trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Largest file of certificates in bytes. The system's has about 250,000.
const CERTIFICATE_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A server that is spoken to by HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpsServer {
    /// The address below which everything lies, such as `https://id.example/scim/v2`; without user, password, query or fragment.
    pub url: String,
    /// A file of certificate authorities in PEM that alone are trusted for this server; default: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A certificate of Cordon's own, for servers that ask for one.
    #[serde(default)]
    pub client_certificate: Option<ClientCertificate>,
    /// True to allow `http://` to a loopback address written as a number. Default: false. Nothing allows it to another address.
    #[serde(default)]
    pub plaintext_on_loopback: bool,
}

/// What Cordon shows to a server that asks who it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientCertificate {
    /// A file with the certificate and those that lead to its authority, in PEM.
    pub certificate_file: PathBuf,
    /// The private key, in PEM.
    pub key: SecretSource,
}

fn wrong(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Config, text)
}

impl HttpsServer {
    /// The address without a slash at its end.
    ///
    /// # Errors
    /// [`PointErrorKind::Config`] if it is not HTTPS (or plaintext as allowed), or has parts that it may not have.
    pub(crate) fn base(&self) -> Result<String, PointError> {
        let uri: ureq::http::Uri = self
            .url
            .parse()
            .map_err(|_| wrong("the server's url cannot be read"))?;
        let authority = uri
            .authority()
            .ok_or_else(|| wrong("the server's url has no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() || self.url.contains('#') {
            return Err(wrong(
                "the server's url must have no user, password, query or fragment",
            ));
        }
        let plaintext = uri.scheme_str() == Some("http");
        if plaintext && !(self.plaintext_on_loopback && is_loopback(authority.host())) {
            return Err(wrong(
                "the server's url must be https:// (http:// only to a loopback address, with plaintext-on-loopback)",
            ));
        }
        if !plaintext && uri.scheme_str() != Some("https") {
            return Err(wrong("the server's url must begin with https://"));
        }
        Ok(self.url.trim_end_matches('/').to_owned())
    }

    /// The TLS settings.
    ///
    /// # Errors
    /// [`PointErrorKind::Config`] if a file cannot be read or is not what it should be.
    pub(crate) fn tls(&self) -> Result<TlsConfig, PointError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let file = self.ca_file.as_deref().unwrap_or(Path::new(SYSTEM_AUTHORITIES));
        let authorities = certificates(file)?;
        let client = self
            .client_certificate
            .as_ref()
            .map(|shown| client_certificate(shown, &provider, &authorities))
            .transpose()?;
        Ok(TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&for_client(&authorities)))
            .client_cert(client)
            .unversioned_rustls_crypto_provider(provider)
            .build())
    }
}

fn is_loopback(host: &str) -> bool {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, PointError> {
    let size = std::fs::metadata(file)
        .map_err(|error| unreadable(file, &error))?
        .len();
    if size > CERTIFICATE_FILE_BYTES_MAX {
        return Err(wrong(format_args!("{} is too large", file.display())));
    }
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unreadable(file, &error))?
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(file, &error))?;
    if found.is_empty() {
        return Err(wrong(format_args!("no certificate in {}", file.display())));
    }
    Ok(found)
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> PointError {
    wrong(format_args!(
        "cannot read the certificates in {}: {error}",
        file.display()
    ))
}

fn for_client(certificates: &[CertificateDer<'static>]) -> Vec<Certificate<'static>> {
    certificates
        .iter()
        .map(|one| Certificate::from_der(one).to_owned())
        .collect()
}

/// The certificate and key as the client takes them, after rustls has accepted them: the client would panic on a pair that does not fit.
fn client_certificate(
    shown: &ClientCertificate,
    provider: &Arc<CryptoProvider>,
    authorities: &[CertificateDer<'static>],
) -> Result<ClientCert, PointError> {
    let chain = certificates(&shown.certificate_file)?;
    let secret = shown.key.read().map_err(wrong)?;
    let key = PrivateKeyDer::from_pem_slice(secret.reveal().as_bytes())
        .map_err(|_| wrong("the key of the client certificate is no private key in PEM"))?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    rustls::ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.clone(), key)
        .map_err(|_| wrong("the client certificate and its key do not fit each other"))?;
    let key = PrivateKey::from_pem(secret.reveal().as_bytes())
        .map_err(|_| wrong("the key of the client certificate is no private key in PEM"))?;
    Ok(ClientCert::new_with_certs(&for_client(&chain), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str, plaintext_on_loopback: bool) -> Result<String, PointError> {
        HttpsServer {
            url: url.to_owned(),
            ca_file: None,
            client_certificate: None,
            plaintext_on_loopback,
        }
        .base()
    }

    #[test]
    fn plaintext_is_for_loopback_numbers_with_the_setting_and_for_nothing_else() {
        assert_eq!(
            base("https://id.example/scim/v2/", false).unwrap(),
            "https://id.example/scim/v2"
        );
        assert!(base("http://127.0.0.1:80", true).is_ok());
        assert!(base("http://[::1]:80/a", true).is_ok());
        for (url, setting) in [
            ("http://127.0.0.1:80", false),
            ("http://localhost:80", true),
            ("http://id.example", true),
            ("http://127.0.0.1.example", true),
            ("ftp://127.0.0.1", true),
            ("https://user:secret@id.example", false),
            ("https://id.example/?a=b", false),
            ("id.example", false),
            ("", true),
        ] {
            let error = base(url, setting).unwrap_err();
            assert_eq!(error.kind, PointErrorKind::Config, "{url}");
            assert!(!error.text.contains("secret"));
        }
    }
}

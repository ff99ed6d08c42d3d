//! Connections to a directory: TCP or a Unix socket, TLS, the guard, and the client library behind it.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::address::{Address, HostPort};
use super::der;
use super::failure::Failure;
use super::guard;

/// A connection with the tasks that serve it. They run while the runtime does and end when this is closed or dropped.
pub(super) struct Connection {
    ldap: Ldap,
    tasks: JoinSet<()>,
    ended: Arc<OnceLock<String>>,
}

impl Connection {
    /// A handle for one operation. Operations of several handles are under way at once.
    pub(super) fn handle(&self) -> Ldap {
        self.ldap.clone()
    }

    /// The failure with the reason for which the connection ended, if that is why.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match (failure, self.ended.get()) {
            (Failure::Lost(_), Some(why)) => Failure::Lost(why.clone()),
            (other, _) => other,
        }
    }

    /// Ends it now.
    pub(super) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

/// What TLS needs: the authorities of a file, and nothing that could be switched off.
pub(super) fn tls_with(ca_file: &Path) -> Result<Arc<ClientConfig>, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("cannot read ca-file {}: {why}", ca_file.display());
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file).map_err(|why| unreadable(&why))? {
        let certificate = certificate.map_err(|why| unreadable(&why))?;
        authorities.add(certificate).map_err(|why| unreadable(&why))?;
    }
    if authorities.is_empty() {
        return Err(unreadable(&"it has no certificate"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Connects, without logging on.
pub(super) async fn open(address: &Address, tls: Option<&Arc<ClientConfig>>) -> Result<Connection, Failure> {
    match address {
        Address::Socket(path) => {
            let stream = UnixStream::connect(path).await;
            guarded(stream.map_err(|why| lost(&path.display(), &why))?).await
        }
        Address::Loopback(there) => guarded(tcp(there).await?).await,
        Address::Tls(there) => guarded(handshake(tcp(there).await?, there, tls).await?).await,
        Address::StartTls(there) => {
            let mut stream = tcp(there).await?;
            start_tls(&mut stream).await?;
            guarded(handshake(stream, there, tls).await?).await
        }
    }
}

fn lost(place: &dyn std::fmt::Display, why: &dyn std::fmt::Display) -> Failure {
    Failure::Lost(format!("cannot connect to {place}: {why}"))
}

/// A TCP connection.
pub(super) async fn tcp(there: &HostPort) -> Result<TcpStream, Failure> {
    let place = format!("{} port {}", there.host, there.port);
    let stream = TcpStream::connect((there.host.as_str(), there.port)).await;
    let stream = stream.map_err(|why| lost(&place, &why))?;
    stream.set_nodelay(true).map_err(|why| lost(&place, &why))?;
    Ok(stream)
}

/// Asks for TLS in the clear (RFC 4511, section 4.14.1). Not a byte after the answer is read before TLS begins.
async fn start_tls(stream: &mut TcpStream) -> Result<(), Failure> {
    const NAME: &[u8] = b"1.3.6.1.4.1.1466.20037";
    let request = der::encode(der::application(23), &der::encode(0x80, NAME));
    let message = der::encode_all(der::SEQUENCE, &[der::encode_number(1), request]);
    let sent = stream.write_all(&message).await;
    sent.map_err(|why| Failure::Lost(format!("StartTLS: {why}")))?;
    let answer = guard::read_message(stream).await?;
    match guard::result_of(&answer) {
        Ok((0, _)) => Ok(()),
        Ok((code, text)) => Err(Failure::Config(format!(
            "the server does not offer StartTLS (LDAP result {code}: {text})"
        ))),
        Err(_) => Err(Failure::Lost("the answer to StartTLS is none".to_owned())),
    }
}

async fn handshake(
    stream: TcpStream,
    there: &HostPort,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let tls = tls.ok_or_else(|| Failure::Config("TLS needs ca-file".to_owned()))?;
    let name = ServerName::try_from(there.host.clone())
        .map_err(|_| Failure::Config(format!("`{}` is no name for TLS", there.host)))?;
    let connected = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
    connected.map_err(|why| lost(&format!("{} with TLS", there.host), &why))
}

/// Puts the guard between the server and the client library.
async fn guarded<S>(server: S) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |why: std::io::Error| Failure::Lost(format!("a pair of sockets: {why}"));
    let (ours, library) = UnixStream::pair().map_err(failed)?;
    let stream = StdStream::Unix(library.into_std().map_err(failed)?);
    let settings = LdapConnSettings::new().set_std_stream(stream);
    let (driver, ldap) = LdapConnAsync::with_settings(settings, "ldapi://guarded").await?;
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_library, mut to_library) = ours.into_split();
    let ended = Arc::new(OnceLock::new());
    let why = Arc::clone(&ended);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(driver.drive().await) });
    tasks.spawn(async move {
        drop(tokio::io::copy(&mut from_library, &mut to_server).await);
        drop(to_server.shutdown().await);
    });
    tasks.spawn(async move {
        let error = guard::hand_on(&mut from_server, &mut to_library).await;
        drop(why.set(error.to_string()));
    });
    Ok(Connection { ldap, tasks, ended })
}

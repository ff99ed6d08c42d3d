//! One session with the server. Whatever goes wrong ends it, so that the server takes back what was not committed.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use serde::Deserialize;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::stream::{Allowance, Counted, Socket};
use crate::deadline::Deadline;
use crate::{ClientIdentity, SecretSource};

/// What a session sets for itself: no object of a user can stand in for one of the server's, and times are written one way.
const OPTIONS: &str =
    "-c search_path=pg_catalog -c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=error";

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Server {
    /// On this host, by its unix socket.
    Socket {
        /// The folder of the socket, such as `/var/run/postgresql`.
        folder: PathBuf,
        /// The port in the socket's name. Default 5432.
        #[serde(default = "default_port")]
        port: u16,
    },
    /// Over TCP with TLS, always verified.
    Tls {
        /// Its name or address, as its certificate has it.
        host: String,
        /// Its port. Default 5432.
        #[serde(default = "default_port")]
        port: u16,
        /// File with the authority that signed its certificate, in PEM. No other is trusted.
        ca_file: PathBuf,
        /// A certificate by which the client shows who it is, if the server wants one.
        #[serde(default)]
        identity: Option<ClientIdentity>,
    },
}

const fn default_port() -> u16 {
    5432
}

/// As whom, and to which database.
#[derive(Clone, Debug)]
pub(super) struct Logon {
    pub(super) role: String,
    pub(super) database: String,
    pub(super) password: Option<SecretSource>,
}

/// Why something failed, before it is said who must act.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server or the way to it said so.
    Postgres(tokio_postgres::Error),
    /// Anything else.
    Point(PointError),
}

impl From<PointError> for Failure {
    fn from(error: PointError) -> Self {
        Self::Point(error)
    }
}

impl From<Failure> for PointError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Postgres(error) => failed(&error),
            Failure::Point(error) => error,
        }
    }
}

/// A session, not yet opened, open, or ended by an error and then opened anew.
pub(super) struct Session {
    server: Server,
    logon: Logon,
    runtime: Runtime,
    open: Option<Open>,
    allowance: Allowance,
}

/// A client, and the work between it and the socket. Dropping it closes the socket, and the server takes an open transaction back.
struct Open {
    client: Client,
    /// None once it has ended.
    connection: Option<Connection>,
}

type Connection = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Session")
            .field("server", &self.server)
            .field("role", &self.logon.role)
            .finish_non_exhaustive()
    }
}

fn target(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Target, text)
}

/// What the server said, with its causes.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("PostgreSQL says: {} ({})", said.message(), said.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Who must act on an error of a step before the commit.
fn failed(error: &tokio_postgres::Error) -> PointError {
    let text = words(error);
    let kind = match error.as_db_error() {
        Some(said) => match said.code() {
            code if [
                SqlState::INSUFFICIENT_PRIVILEGE,
                SqlState::INVALID_PASSWORD,
                SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            ]
            .contains(code) =>
            {
                PointErrorKind::Denied
            }
            code if *code == SqlState::INVALID_CATALOG_NAME => PointErrorKind::Config,
            code if [
                SqlState::RESERVED_NAME,
                SqlState::DEPENDENT_PRIVILEGE_DESCRIPTORS_STILL_EXIST,
            ]
            .contains(code) =>
            {
                PointErrorKind::Input
            }
            // "tuple concurrently updated": somebody else committed a change of the same row first.
            _ if said.routine() == Some("simple_heap_update") => PointErrorKind::Stale,
            _ => PointErrorKind::Target,
        },
        None if text.starts_with("error performing TLS handshake") => PointErrorKind::Config,
        None if text.starts_with("invalid configuration") => PointErrorKind::Config,
        None => PointErrorKind::Target,
    };
    PointError::new(kind, text)
}

impl Session {
    /// # Errors
    /// `Bug` if this process can have no event loop.
    pub(super) fn new(server: Server, logon: Logon) -> Result<Self, PointError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| PointError::new(PointErrorKind::Bug, error))?;
        Ok(Self {
            server,
            logon,
            runtime,
            open: None,
            allowance: Allowance::new(),
        })
    }

    /// The role as which the session logs on.
    pub(super) fn role(&self) -> &str {
        &self.logon.role
    }

    /// Begins a verb: the session is open, and the server may send its allowance anew.
    ///
    /// # Errors
    /// As for a logon.
    pub(super) fn ready(&mut self, deadline: Deadline) -> Result<(), Failure> {
        self.allowance.renew();
        if self.open.as_ref().is_some_and(|open| !open.client.is_closed()) {
            // A server that restarted has closed the socket, but nobody has looked at it yet.
            if self.query("SELECT 1", &[], deadline).is_ok() {
                return Ok(());
            }
        }
        self.open = None;
        let open = within(
            &self.runtime,
            deadline,
            connect(&self.server, &self.logon, &self.allowance),
        )?;
        self.open = Some(open);
        Ok(())
    }

    /// Ends the session; what was not committed is taken back.
    pub(super) fn end(&mut self) {
        self.open = None;
    }

    /// The rows of one statement.
    ///
    /// # Errors
    /// What the server says, or that it did not answer in time; the session is then ended.
    pub(super) fn query(
        &mut self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
        deadline: Deadline,
    ) -> Result<Vec<Row>, Failure> {
        let open = self.open.as_mut().ok_or_else(ended)?;
        let asked = driven(&mut open.connection, open.client.query(statement, values));
        let answer = within(&self.runtime, deadline, asked);
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    /// Runs statements without an answer. Names and texts in them are quoted by `super::names`.
    ///
    /// # Errors
    /// As for [`Self::query`].
    pub(super) fn run(&mut self, statements: &str, deadline: Deadline) -> Result<(), Failure> {
        let open = self.open.as_mut().ok_or_else(ended)?;
        let asked = driven(&mut open.connection, open.client.batch_execute(statements));
        let answer = within(&self.runtime, deadline, asked);
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    /// Begins a transaction. The server gives up waiting for another one's when the deadline is over.
    ///
    /// # Errors
    /// As for [`Self::query`].
    pub(super) fn begin(&mut self, deadline: Deadline) -> Result<(), Failure> {
        let milliseconds = deadline.left()?.as_millis().max(1);
        self.run(
            &format!("BEGIN; SET LOCAL statement_timeout = {milliseconds}"),
            deadline,
        )
    }

    /// Ends a transaction in which nothing is to be kept.
    ///
    /// # Errors
    /// As for [`Self::query`].
    pub(super) fn end_transaction(&mut self, deadline: Deadline) -> Result<(), Failure> {
        self.run("ROLLBACK", deadline)
    }

    /// Commits. Without an answer, nobody knows.
    ///
    /// # Errors
    /// As for [`Self::query`] if the server says that it did not commit; else `Unknown`.
    pub(super) fn commit(&mut self, deadline: Deadline) -> Result<(), PointError> {
        self.run("COMMIT", deadline).map_err(|failure| match failure {
            Failure::Postgres(error) if error.as_db_error().is_some() => failed(&error),
            other => PointError {
                kind: PointErrorKind::Unknown,
                ..PointError::from(other)
            },
        })
    }
}

fn ended() -> PointError {
    target("the session has ended")
}

/// Does the connection's work until there is an answer.
async fn driven<T>(
    connection: &mut Option<Connection>,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let mut asked = std::pin::pin!(asked);
    std::future::poll_fn(|context| {
        // When it ends, for whatever reason, the client learns so.
        if connection
            .as_mut()
            .is_some_and(|work| work.as_mut().poll(context).is_ready())
        {
            *connection = None;
        }
        asked.as_mut().poll(context)
    })
    .await
    .map_err(Failure::Postgres)
}

/// Waits for an answer, but not past the deadline.
fn within<T>(
    runtime: &Runtime,
    deadline: Deadline,
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let left: Duration = deadline.left()?;
    runtime
        .block_on(async { tokio::time::timeout(left, asked).await })
        .unwrap_or_else(|_| Err(target("PostgreSQL did not answer in time").into()))
}

/// Opens a socket, shakes hands and logs on.
async fn connect(server: &Server, logon: &Logon, allowance: &Allowance) -> Result<Open, Failure> {
    let mut config = tokio_postgres::Config::new();
    config
        .user(&logon.role)
        .dbname(&logon.database)
        .application_name("cordon")
        .options(OPTIONS);
    if let Some(password) = &logon.password {
        let password = password
            .read()
            .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
        config.password(password.reveal());
    }
    match server {
        Server::Socket { folder, port } => {
            config.ssl_mode(SslMode::Disable);
            let stream = counted(Socket::Unix(open_unix(folder, *port).await?), allowance);
            let (client, connection) = config
                .connect_raw(stream, NoTls)
                .await
                .map_err(Failure::Postgres)?;
            Ok(Open {
                client,
                connection: Some(Box::pin(connection)),
            })
        }
        Server::Tls {
            host,
            port,
            ca_file,
            identity,
        } => {
            config.ssl_mode(SslMode::Require);
            let mut tls = MakeRustlsConnect::new(crate::tls::client(ca_file, identity.as_ref())?);
            let tls = MakeTlsConnect::<Counted>::make_tls_connect(&mut tls, host)
                .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
            let stream = TcpStream::connect((host.as_str(), *port))
                .await
                .map_err(|error| target(format!("cannot connect to {host}:{port}: {error}")))?;
            let stream = counted(Socket::Tcp(stream), allowance);
            let (client, connection) = config.connect_raw(stream, tls).await.map_err(Failure::Postgres)?;
            Ok(Open {
                client,
                connection: Some(Box::pin(connection)),
            })
        }
    }
}

fn counted(socket: Socket, allowance: &Allowance) -> Counted {
    Counted {
        socket,
        allowance: allowance.clone(),
    }
}

async fn open_unix(folder: &std::path::Path, port: u16) -> Result<UnixStream, PointError> {
    let path = folder.join(format!(".s.PGSQL.{port}"));
    UnixStream::connect(&path).await.map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::PermissionDenied => PointErrorKind::Denied,
            _ => PointErrorKind::Target,
        };
        PointError::new(kind, format!("cannot connect to {}: {error}", path.display()))
    })
}

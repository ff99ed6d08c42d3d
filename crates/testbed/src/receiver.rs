//! A receiver of Security Event Tokens, independent of what sends them.

use crate::process::listens;
use crate::python::turn_to_start;
use crate::{Folder, Python, Server, WebAuthority, free_port, try_run};

/// The packages, PyJWT 2.15.1 among them.
const REQUIREMENTS: &str = include_str!("../python/services.txt");
/// The receiver.
const PROGRAM: &str = include_str!("../python/receiver.py");

/// A private receiver of signals over TLS. It verifies tokens with PyJWT, revokes sessions and disables accounts when told to, and keeps
/// what it knows in a file.
#[derive(Debug)]
pub struct Receiver {
    folder: Folder,
    python: Python,
    authority: WebAuthority,
    arguments: Vec<String>,
    port: u16,
    server: Option<Server>,
}

impl Receiver {
    /// Whom it accepts tokens from.
    pub const ISSUER: &'static str = "https://response.example";
    /// For whom they must be.
    pub const AUDIENCE: &'static str = "https://shop.example";
    /// The bearer token that it asks for.
    pub const BEARER: &'static str = "s3cret-of-the-receiver";

    /// Starts one that verifies tokens with this set of keys (RFC 7517, as JSON).
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start(keys: &str) -> Result<Self, String> {
        if let Some(program) = crate::missing_program(&["curl", "openssl"]) {
            return Err(format!("{program} is not installed"));
        }
        let python = Python::with("services", REQUIREMENTS)?;
        let folder = Folder::new();
        let authority = WebAuthority::new(folder.path());
        let own = authority.issue("receiver");
        let port = free_port();
        let arguments = vec![
            folder.write("receiver.py", PROGRAM),
            port.to_string(),
            folder.write("keys.json", keys),
            Self::ISSUER.to_owned(),
            Self::AUDIENCE.to_owned(),
            Self::BEARER.to_owned(),
            folder.file("kept.json"),
            own.certificate,
            own.key,
        ];
        let mut receiver = Self {
            folder,
            python,
            authority,
            arguments,
            port,
            server: None,
        };
        receiver.restart();
        Ok(receiver)
    }

    /// Kills it, as a crash would, and starts it again.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = self.python.interpreter();
        command.args(&self.arguments);
        let _turn = turn_to_start();
        let mut server = Server::start(command, &self.folder.path().join("log"));
        server.wait_until("the receiver answers", 60, || {
            listens(self.port) && self.try_ask("/state", None).0 == 200
        });
        self.server = Some(server);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Where tokens are pushed to, such as `https://127.0.0.1:4567/events`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}/events", self.port)
    }

    /// The file of the authority that signed its certificate.
    #[must_use]
    pub fn authority(&self) -> String {
        self.authority.certificate()
    }

    /// What it keeps, as JSON: by `accounts`, whether each may log on and how many sessions it has; by `received`, the claims of every
    /// token that it took, in order.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn kept(&self) -> String {
        std::fs::read_to_string(self.folder.file("kept.json")).unwrap()
    }

    /// Logs a user on there; false if it may not.
    pub fn log_on(&self, account: &str) -> bool {
        let body = format!("{{\"account\": \"{account}\"}}");
        self.try_ask("/logon", Some(&body)).0 == 200
    }

    fn try_ask(&self, path: &str, body: Option<&str>) -> (u16, String) {
        let address = format!("https://127.0.0.1:{}{path}", self.port);
        let authority = self.authority();
        let mut arguments = vec![
            "-sS",
            "--max-time",
            "120",
            "--cacert",
            &authority,
            "--write-out",
            "\n%{http_code}",
        ];
        if let Some(body) = body {
            arguments.extend(["--data", body]);
        }
        arguments.push(&address);
        let output = try_run("curl", &arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n').unwrap_or_default();
        (status.parse().unwrap_or(0), body.to_owned())
    }
}

//! A SCIM server that holds everything in memory.

use crate::process::listens;
use crate::python::turn_to_start;
use crate::{Folder, Python, Server, free_port, run};

/// The packages, scim2-server 0.8.3 among them.
const REQUIREMENTS: &str = include_str!("../python/services.txt");

/// A private scim2-server (0.8.3) in plaintext on loopback, empty at first. It honours filters and versions and answers a change
/// with nothing.
#[derive(Debug)]
pub struct ScimServer {
    folder: Folder,
    python: Python,
    port: u16,
    server: Option<Server>,
}

impl ScimServer {
    /// Starts one.
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start() -> Result<Self, String> {
        if let Some(program) = crate::missing_program(&["curl"]) {
            return Err(format!("{program} is not installed"));
        }
        let mut scim = Self {
            folder: Folder::new(),
            python: Python::with("services", REQUIREMENTS)?,
            port: free_port(),
            server: None,
        };
        scim.restart();
        Ok(scim)
    }

    /// Starts it anew. It forgets everything.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = self.python.program("scim2-server");
        command.args(["--port", &self.port.to_string(), "--bearer-token", Self::TOKEN]);
        let _turn = turn_to_start();
        let mut server = Server::start(command, &self.folder.path().join("log"));
        server.wait_until("the SCIM server listens", 60, || listens(self.port));
        self.server = Some(server);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The token that it accepts.
    pub const TOKEN: &'static str = "s3cret-bearer-token";

    /// Its port on the loopback address.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its address, such as `http://127.0.0.1:4567`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks it something with curl, as an administrator would, and returns its JSON.
    ///
    /// # Panics
    /// If it refuses.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let authorization = format!("Authorization: Bearer {}", Self::TOKEN);
        let address = format!("{}{path}", self.address());
        let mut arguments = vec![
            "-sS",
            "--fail-with-body",
            "--max-time",
            "120",
            "--header",
            &authorization,
            "--header",
            "Content-Type: application/scim+json",
            "--request",
            method,
        ];
        if !body.is_empty() {
            arguments.extend(["--data", body]);
        }
        arguments.push(&address);
        run("curl", &arguments)
    }
}

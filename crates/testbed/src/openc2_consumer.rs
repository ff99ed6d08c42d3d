//! An OpenC2 consumer on otupy.

use crate::process::listens;
use crate::python::turn_to_start;
use crate::{Folder, Python, Server, WebAuthority, free_port, try_run, wait_until};

/// The packages, otupy 1.1.46 among them.
const REQUIREMENTS: &str = include_str!("../python/openc2.txt");
/// The consumer.
const PROGRAM: &str = include_str!("../python/consumer.py");

/// A private OpenC2 consumer over TLS: otupy's packet filter (profile `slpf`, asset `filter-1`) with rule numbers and times, and a profile
/// of the house (`x-house`, asset `house-1`) with devices, connections and mail addresses. What is in force is in files.
#[derive(Debug)]
pub struct OpenC2Consumer {
    folder: Folder,
    python: Python,
    authority: WebAuthority,
    arguments: Vec<String>,
    port: u16,
    server: Option<Server>,
}

impl OpenC2Consumer {
    /// Starts one.
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start() -> Result<Self, String> {
        if let Some(program) = crate::missing_program(&["curl", "openssl"]) {
            return Err(format!("{program} is not installed"));
        }
        let python = Python::with("openc2", REQUIREMENTS)?;
        let folder = Folder::new();
        let authority = WebAuthority::new(folder.path());
        let own = authority.issue("consumer");
        let port = free_port();
        let arguments = vec![
            folder.write("consumer.py", PROGRAM),
            port.to_string(),
            own.certificate,
            own.key,
            folder.path().to_str().unwrap().to_owned(),
        ];
        let mut consumer = Self {
            folder,
            python,
            authority,
            arguments,
            port,
            server: None,
        };
        consumer.restart();
        Ok(consumer)
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
        let (address, authority, port) = (self.address(), self.authority(), self.port);
        server.wait_until("the consumer answers", 60, || {
            listens(port)
                && try_run(
                    "curl",
                    &["-sS", "--max-time", "120", "--cacert", &authority, &address],
                )
                .status
                .success()
        });
        self.server = Some(server);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Where commands go, such as `https://127.0.0.1:4567/.well-known/openc2`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}/.well-known/openc2", self.port)
    }

    /// The file of the authority that signed its certificate.
    #[must_use]
    pub fn authority(&self) -> String {
        self.authority.certificate()
    }

    /// Waits until its packet filter has done what it was told: it acts a moment after it has answered.
    ///
    /// # Panics
    /// If it does not come to that.
    pub fn settle(&self) {
        let due = self.folder.file("due.json");
        wait_until("the packet filter has acted", 60, || {
            std::fs::read_to_string(&due).is_ok_and(|text| text == "[]")
        });
    }

    /// What its packet filter has in force: how many rules deny what, as JSON.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn filtered(&self) -> String {
        std::fs::read_to_string(self.folder.file("packet-filter.json")).unwrap()
    }

    /// What the profile of the house has in force, as JSON.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn house(&self) -> String {
        std::fs::read_to_string(self.folder.file("house.json")).unwrap()
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.server.as_ref().map(Server::said).unwrap_or_default()
    }
}

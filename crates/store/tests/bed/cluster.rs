//! A private PostgreSQL server.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use cordon_testbed::{Folder, Server, free_port, is_root, wait_until};

/// The user that servers run as when tests run as root: PostgreSQL refuses root.
const NOBODY: u32 = 65_534;

/// A cluster in a folder of its own, on a socket there and a port of its own; stopped and removed when dropped.
pub(crate) struct Cluster {
    server: Option<Server>,
    folder: Folder,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
}

impl Cluster {
    /// Starts one with further settings, or says why not.
    pub(crate) fn start(settings: &[&str]) -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL is not installed")?;
        let folder = Folder::new();
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut cluster = Self {
            server: None,
            folder,
            programs,
            port: free_port(),
            databases: AtomicU32::new(0),
        };
        let data = cluster.folder.file("data");
        let made = cluster
            .program("initdb")
            .args([
                "-D",
                &data,
                "-A",
                "trust",
                "-U",
                "cordon",
                "-E",
                "UTF8",
                "--no-sync",
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.start_server(settings);
        Ok(cluster)
    }

    fn start_server(&mut self, settings: &[&str]) {
        wait_until("PostgreSQL starts", 360, || {
            let mut command = self.program("postgres");
            command.args(["-D", &self.folder.file("data"), "-p", &self.port.to_string()]);
            command.arg("-k").arg(self.folder.path());
            for setting in [&["listen_addresses=127.0.0.1", "max_connections=40"], settings].concat() {
                command.args(["-c", setting]);
            }
            let mut server = Server::start(command, Path::new(&self.folder.file("log")));
            wait_until("PostgreSQL answers or ends", 180, || {
                !server.is_running() || self.sql("postgres", "SELECT 1").is_ok()
            });
            let up = server.is_running();
            // After a crash, the children of the old server end by themselves; until then a new one refuses to start.
            assert!(up || server.said().contains("still in use"), "{}", server.said());
            self.server = up.then_some(server);
            up
        });
    }

    /// Kills the server at once (SIGKILL), as a crash would, and starts it again.
    pub(crate) fn crash_and_start(&mut self) {
        self.server = None;
        self.start_server(&[]);
    }

    /// True if no session of Cordon's is open. That of a process that was killed lasts until the server has done what was sent last.
    pub(crate) fn has_no_writer(&self) -> bool {
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cordon'";
        self.sql("postgres", sessions).as_deref() == Ok("0")
    }

    /// The URL of a new, empty database.
    pub(crate) fn fresh(&self) -> String {
        let name = format!("fresh{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        self.url(&name)
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://cordon@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server, in which its user may write.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Makes a file in the folder the server's own, and readable by nobody else.
    pub(crate) fn own(&self, name: &str) {
        let path = self.folder.file(name);
        if is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, owner_only).unwrap();
    }

    /// Runs a statement with psql, as an administrator would.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let output = self
            .program("psql")
            .args([
                "-X",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "cordon",
                "-d",
                database,
                "-c",
                statement,
            ])
            .args(["-p", &self.port.to_string()])
            .arg("-h")
            .arg(self.folder.path())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Gives shared memory back; if it fails, the server is killed next.
        let _ = self
            .program("pg_ctl")
            .args(["-D", &self.folder.file("data"), "-m", "immediate", "stop"])
            .output();
    }
}

/// Where Debian and others keep the server's programs, the newest version first.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    versions.reverse();
    versions.extend([PathBuf::from("/usr/bin"), PathBuf::from("/usr/local/bin")]);
    let whole = |bin: &PathBuf| {
        ["initdb", "postgres", "pg_ctl", "psql"]
            .iter()
            .all(|name| bin.join(name).is_file())
    };
    versions.into_iter().find(whole)
}

//! A private PostgreSQL cluster.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::process::run_with_input;
use crate::{Authority, Folder, Server, command, free_port, is_root, missing_program, run};

/// Where Debian keeps the servers, one folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Where to look for the server's programs instead.
const BINARIES: &str = "CORDON_POSTGRES_BIN";

/// How many sessions have been opened, for the names of their logs.
static SESSIONS: AtomicU32 = AtomicU32::new(0);

/// A server, run by an unprivileged user, on a unix socket and on loopback with TLS.
///
/// A build without OpenSSL has the unix socket only. The environment variable `CORDON_POSTGRES_BIN` names a folder with the programs of
/// another version than Debian's newest.
///
/// `postgres`, the superuser, may use the socket without a password, and every role may so use the database `cordon_probe`. All other
/// logons need the role's password, over TCP also TLS. Logons to the database `rejected` are refused before anybody is asked who
/// they are. With a certificate for `cordon-probe`, members of the role `by_certificate` named in [`Self::let_in`] reach
/// `cordon_probe` over TLS.
#[derive(Debug)]
pub struct Postgres {
    folder: Folder,
    authority: Authority,
    programs: PathBuf,
    server: Server,
    port: u16,
    _initialised: Arc<Folder>,
}

impl Postgres {
    /// What must be installed and is not.
    #[must_use]
    pub fn missing() -> Option<String> {
        if programs().is_none() {
            return Some("postgresql".to_owned());
        }
        missing_program(&["psql", "setpriv", "openssl"])
    }

    /// Makes a cluster and starts it. The first of a process takes some seconds longer: every other starts from a copy.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL is installed");
        let folder = Folder::new();
        let authority = Authority::new();
        let (certificate, key) = authority.sign("localhost");
        for (from, to) in [
            (certificate, "server.pem"),
            (key, "server.key"),
            (authority.certificate(), "ca.pem"),
        ] {
            std::fs::copy(from, folder.file(to)).unwrap();
        }
        let initialised = initialised(&programs);
        run("cp", &["-a", &initialised.file("data"), &folder.file("data")]);
        if is_root() {
            run("chown", &["-R", "nobody:nogroup", &folder.file("")]);
        }
        configure(&folder, has_tls(&programs));
        let port = free_port();
        let server = launch(&programs, &folder, port);
        let mut cluster = Self {
            folder,
            authority,
            programs,
            server,
            port,
            _initialised: initialised,
        };
        cluster.wait();
        cluster
    }

    /// The folder of its unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> String {
        self.folder.file("")
    }

    /// Its port, in the name of the socket and on loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// True if it speaks TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        has_tls(&self.programs)
    }

    /// The authority that signed its certificate.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Its version, as `server_version_num`.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.psql("SHOW server_version_num").trim().parse().unwrap()
    }

    /// Runs statements as the superuser and returns the rows, columns parted by `|`.
    ///
    /// # Panics
    /// If the server refuses one.
    pub fn psql(&self, statements: &str) -> String {
        let output = self.try_psql("postgres", "postgres", "", statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs statements as a role, over the unix socket.
    ///
    /// # Panics
    /// If `psql` cannot be started.
    #[must_use]
    pub fn try_psql(&self, role: &str, database: &str, password: &str, statements: &str) -> Output {
        self.client(role, database, password)
            .args(["-c", statements])
            .output()
            .unwrap()
    }

    /// Every role with its comment, every membership, and who may do what on which database, as the catalogue has them.
    ///
    /// # Panics
    /// If the server does not answer.
    #[must_use]
    pub fn picture(&self) -> String {
        self.psql(
            "SELECT rolname, rolcanlogin, rolconnlimit, rolvaliduntil, rolconfig, shobj_description(oid, 'pg_authid') \
             FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1; \
             SELECT row_to_json(m)::jsonb - 'oid' FROM pg_auth_members m ORDER BY roleid, member, grantor; \
             SELECT datname, a FROM pg_database, unnest(coalesce(datacl, acldefault('d', datdba))) a ORDER BY 1, a::text",
        )
    }

    /// Opens a session of a role that does `statements` and then sleeps for an hour, and waits until it is there.
    ///
    /// # Panics
    /// If it cannot log on.
    #[must_use]
    pub fn session(&self, role: &str, database: &str, password: &str, statements: &str) -> Server {
        let mut client = self.client(role, database, password);
        client.args([
            "-c",
            statements,
            "-c",
            "SELECT 'ready'",
            "-c",
            "SELECT pg_sleep(3600)",
        ]);
        let log = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("session-{log}.log"));
        let mut session = Server::start(client, &log);
        session.wait_until("a session", 20, || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains("ready"))
        });
        session
    }

    /// Lets the certificate for `cordon-probe` log on as `role`.
    ///
    /// # Panics
    /// If the server does not take it.
    pub fn let_in(&self, role: &str) {
        self.folder
            .write("data/pg_ident.conf", &format!("any cordon-probe {role}\n"));
        self.psql(&format!(
            "CREATE ROLE by_certificate; GRANT by_certificate TO {role}; SELECT pg_reload_conf()"
        ));
    }

    /// Stops it as `systemctl restart` does, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.server = launch(&self.programs, &self.folder, self.port);
        self.wait();
    }

    /// Stops it (fast shutdown) and does not start it again.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stop(&mut self) {
        let stopped = unprivileged(&self.programs.join("pg_ctl"))
            .args(["-D", &self.folder.file("data"), "-m", "fast", "-w", "stop"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            stopped.status.success(),
            "{}",
            String::from_utf8_lossy(&stopped.stderr)
        );
        self.server.kill();
    }

    fn client(&self, role: &str, database: &str, password: &str) -> Command {
        let mut psql = command("psql");
        psql.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            role,
            "-d",
            database,
        ])
        .args(["-h", &self.socket_folder(), "-p", &self.port.to_string(), "-w"])
        .env("PGPASSWORD", password)
        .env("PGOPTIONS", "-c TimeZone=UTC")
        .stdin(Stdio::null());
        psql
    }

    fn wait(&mut self) {
        let (folder, port) = (self.socket_folder(), self.port.to_string());
        let is_ready = self.programs.join("pg_isready");
        self.server.wait_until("PostgreSQL", 30, || {
            Command::new(&is_ready)
                .args(["-q", "-h", &folder, "-p", &port])
                .status()
                .is_ok_and(|status| status.success())
        });
    }
}

/// A folder with a cluster that was never started and has the database `cordon_probe`, made once per process while any server lives.
fn initialised(programs: &Path) -> Arc<Folder> {
    static LAST: Mutex<Weak<Folder>> = Mutex::new(Weak::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = last.upgrade() {
        return folder;
    }
    let folder = Arc::new(Folder::new());
    if is_root() {
        run("chown", &["nobody:nogroup", &folder.file("")]);
    }
    let data = folder.file("data");
    let mut init = unprivileged(&programs.join("initdb"));
    init.args(["-D", &data, "-U", "postgres", "-A", "trust"])
        .args(["--no-sync", "--no-locale", "-E", "UTF8", "--wal-segsize=1"])
        .current_dir(folder.path());
    let mut single = unprivileged(&programs.join("postgres"));
    single
        .args(["--single", "-F", "-D", &data, "postgres"])
        .current_dir(folder.path());
    for (command, input) in [(init, ""), (single, "CREATE DATABASE cordon_probe\n")] {
        let output = run_with_input(command, input);
        assert!(output.status.success(), "{output:?}");
    }
    *last = Arc::downgrade(&folder);
    folder
}

/// The programs of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(BINARIES) {
        return Some(PathBuf::from(folder));
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").is_file().then_some(())?;
            Some((entry.file_name().to_str()?.parse().ok()?, programs))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs)
}

/// The program, as a user who is not root: the server refuses to be.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut outer = command("setpriv");
    outer
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
        .arg(program);
    outer
}

fn has_tls(programs: &Path) -> bool {
    Command::new(programs.join("pg_config"))
        .arg("--configure")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("openssl"))
}

/// Who may log on how, and what a small server needs.
fn configure(folder: &Folder, has_tls: bool) {
    let mut logons = "local all postgres trust\nlocal cordon_probe all trust\nlocal rejected all reject\n\
                      local all all scram-sha-256\n"
        .to_owned();
    let mut settings =
        "listen_addresses = '127.0.0.1'\nfsync = off\nmax_connections = 40\nshared_buffers = 4MB\n"
            .to_owned();
    if has_tls {
        logons.push_str(
            "hostssl cordon_probe +by_certificate 127.0.0.1/32 cert map=any\n\
             hostssl all all 127.0.0.1/32 scram-sha-256\n",
        );
        settings.push_str(
            "ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\nssl_ca_file = '../ca.pem'\n",
        );
    }
    folder.write("data/pg_hba.conf", &logons);
    folder.write("data/postgresql.conf", &settings);
}

fn launch(programs: &Path, folder: &Folder, port: u16) -> Server {
    let mut server = unprivileged(&programs.join("postgres"));
    server
        .arg("-D")
        .arg(folder.file("data"))
        .arg("-k")
        .arg(folder.file(""))
        .args(["-p", &port.to_string()])
        .current_dir(folder.path());
    Server::start(server, &folder.path().join("postgres.log"))
}

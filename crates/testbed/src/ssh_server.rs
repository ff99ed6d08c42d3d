//! A private sshd, and local accounts for it. Needs root.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::listens;
use crate::{Server, command, free_port, is_root, missing_program, run, try_run, wait_until};

/// Accounts and sessions made so far, for their names.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A local account without a password that is deleted, with its processes, when dropped.
#[derive(Debug)]
pub struct LocalAccount {
    name: String,
}

impl LocalAccount {
    /// Makes one. Its name is `cdn`, the process id and a count, so that tests do not meet.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let name = format!(
            "cdn{}x{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let account = Self { name };
        // Other tests make accounts too, and useradd does not wait for them.
        wait_until("useradd", 180, || {
            try_run(
                "useradd",
                &[
                    "--no-create-home",
                    "--shell",
                    "/bin/sh",
                    "--home-dir",
                    "/",
                    &account.name,
                ],
            )
            .status
            .success()
        });
        // An account without a password is not a locked one, which sshd refuses.
        wait_until("usermod", 180, || {
            try_run("usermod", &["-p", "*", &account.name]).status.success()
        });
        account
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its processes: ids and names.
    #[must_use]
    pub fn processes(&self) -> Vec<(i32, String)> {
        let output = try_run("ps", &["-o", "pid=,stat=,comm=", "-u", &self.name]);
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (id, state, name) = (words.next()?, words.next()?, words.next()?);
                (!state.starts_with('Z')).then(|| Some((id.parse().ok()?, name.to_owned())))?
            })
            .collect()
    }
}

impl Default for LocalAccount {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LocalAccount {
    fn drop(&mut self) {
        for _ in 0..100 {
            for (id, _) in self.processes() {
                if let Some(id) = Pid::from_raw(id) {
                    // It may have ended by itself.
                    let _ = kill_process(id, Signal::KILL);
                }
            }
            let deleted = try_run("userdel", &["--force", &self.name]).status.success();
            if deleted || !try_run("id", &[&self.name]).status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// sshd on loopback, with a certificate authority for its accounts.
///
/// Each account logs on with a key of its own, every account with the key for tries, and with certificates whose principal the
/// account's principals file names. `DenyUsers` comes from files `*.conf` in [`Self::included_folder`].
#[derive(Debug)]
pub struct SshServer {
    folder: TempDir,
    server: Server,
    port: u16,
}

impl SshServer {
    /// What must be installed, or is otherwise missing.
    #[must_use]
    pub fn missing() -> Option<String> {
        if !is_root() {
            return Some("root".to_owned());
        }
        missing_program(&["sshd", "ssh", "ssh-keygen", "useradd", "ps", "getent"])
    }

    /// Starts it for some accounts, each with the principal `login-NAME` in its principals file.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(accounts: &[&LocalAccount]) -> Self {
        // sshd refuses files below a folder that all may write to, such as the usual one for temporary files.
        let folder = tempfile::Builder::new()
            .prefix("cordon-")
            .tempdir_in("/run")
            .unwrap();
        run("chmod", &["755", folder.path().to_str().unwrap()]);
        // The folder that sshd gives the process before the logon as its root.
        std::fs::create_dir_all("/run/sshd").unwrap();
        for name in ["included", "principals", "keys"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let port = free_port();
        prepare(folder.path(), port, accounts);
        let server = launch(folder.path());
        let mut ssh = Self { folder, server, port };
        ssh.wait();
        ssh
    }

    /// Its port on loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path of one of its files: `sshd_config`, `pid`, `known_hosts`, `krl`, `ca.pub`, `probe` (the key for tries).
    ///
    /// # Panics
    /// If the path is not UTF-8.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The folder whose files `*.conf` the configuration includes. `cordon.conf` is there, and empty.
    #[must_use]
    pub fn included_folder(&self) -> String {
        self.file("included")
    }

    /// The folder with a principals file for each account.
    #[must_use]
    pub fn principals_folder(&self) -> String {
        self.file("principals")
    }

    /// Makes a key with a certificate for one principal and returns its path.
    ///
    /// # Panics
    /// If `ssh-keygen` fails.
    #[must_use]
    pub fn certificate(&self, principal: &str) -> String {
        let key = self.file(&format!("certificate-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        new_key(&key);
        let public = format!("{key}.pub");
        run(
            "ssh-keygen",
            &[
                "-q",
                "-s",
                &self.file("ca"),
                "-I",
                principal,
                "-n",
                principal,
                "-V",
                "+1h",
                &public,
            ],
        );
        key
    }

    /// True if an account can log on with its own key.
    #[must_use]
    pub fn logs_on(&self, account: &LocalAccount) -> bool {
        self.logs_on_with(account, &self.file(&format!("keys/{}.key", account.name())))
    }

    /// True if an account can log on with this key.
    ///
    /// # Panics
    /// If `ssh` cannot be started.
    #[must_use]
    pub fn logs_on_with(&self, account: &LocalAccount, key: &str) -> bool {
        self.client(account, key, "true")
            .output()
            .unwrap()
            .status
            .success()
    }

    /// Opens a session of an account in which `script` runs, and waits until the script has said `ready`.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn session(&self, account: &LocalAccount, script: &str) -> Server {
        let log = self
            .folder
            .path()
            .join(format!("session-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let key = self.file(&format!("keys/{}.key", account.name()));
        let mut session = Server::start(self.client(account, &key, script), &log);
        session.wait_until("a session", 30, || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains("ready"))
        });
        session
    }

    /// Makes it read its configuration, as `systemctl reload ssh` does.
    ///
    /// # Panics
    /// If it does not listen again.
    pub fn reload(&mut self) {
        let pid_file = self.file("pid");
        let written = || {
            let at = std::fs::metadata(&pid_file).and_then(|metadata| metadata.modified());
            at.ok().filter(|_| is_whole(&pid_file))
        };
        let before = written();
        let id = Pid::from_raw(i32::try_from(self.server.id()).unwrap()).unwrap();
        kill_process(id, Signal::HUP).unwrap();
        self.server.wait_until("sshd after a reload", 20, || {
            written().is_some_and(|now| Some(now) != before)
        });
    }

    /// Restarts it as `systemctl restart ssh` does: sessions go on.
    pub fn restart(&mut self) {
        self.stop();
        self.server = launch(self.folder.path());
        self.wait();
    }

    /// Stops it and does not start it again. Sessions go on.
    pub fn stop(&mut self) {
        self.server.kill();
        drop(std::fs::remove_file(self.file("pid")));
    }

    fn client(&self, account: &LocalAccount, key: &str, script: &str) -> Command {
        let mut ssh = command("ssh");
        for option in [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "LogLevel=ERROR",
            &format!("UserKnownHostsFile={}", self.file("known_hosts")),
        ] {
            ssh.args(["-o", option]);
        }
        ssh.args(["-n", "-F", "none", "-p", &self.port.to_string(), "-i", key])
            .args(["-l", account.name(), "127.0.0.1", script]);
        ssh
    }

    fn wait(&mut self) {
        let (pid_file, port) = (self.file("pid"), self.port);
        self.server
            .wait_until("sshd", 20, || is_whole(&pid_file) && listens(port));
    }
}

/// True if sshd has written its process id to the end: the file is there, and empty, a moment before.
fn is_whole(pid_file: &str) -> bool {
    std::fs::read_to_string(pid_file).is_ok_and(|text| text.ends_with('\n'))
}

fn new_key(path: &str) {
    run(
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path],
    );
}

/// Keys, principals and the configuration.
fn prepare(folder: &Path, port: u16, accounts: &[&LocalAccount]) {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    for name in ["host", "ca", "probe"] {
        new_key(&file(name));
    }
    for account in accounts {
        let key = file(&format!("keys/{}.key", account.name()));
        new_key(&key);
        std::fs::rename(format!("{key}.pub"), file(&format!("keys/{}", account.name()))).unwrap();
        write(
            &format!("principals/{}", account.name()),
            &format!("login-{}\n", account.name()),
        );
    }
    let host = std::fs::read_to_string(file("host.pub")).unwrap();
    write("known_hosts", &format!("[127.0.0.1]:{port} {host}"));
    // A list of revoked keys that is missing would refuse every key.
    run("ssh-keygen", &["-q", "-k", "-f", &file("krl")]);
    write("included/cordon.conf", "");
    write(
        "sshd_config",
        &format!(
            "Include {included}/*.conf\nPort {port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile {pid}\n\
             TrustedUserCAKeys {ca}\nAuthorizedPrincipalsFile {principals}/%u\nAuthorizedKeysFile {keys}/%u {probe}\n\
             RevokedKeys {krl}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n",
            included = file("included"),
            host = file("host"),
            pid = file("pid"),
            ca = file("ca.pub"),
            principals = file("principals"),
            keys = file("keys"),
            probe = file("probe.pub"),
            krl = file("krl"),
        ),
    );
}

fn launch(folder: &Path) -> Server {
    let mut sshd = command("sshd");
    sshd.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
    Server::start(sshd, &folder.join("sshd.log"))
}

//! OpenVPN: a server with its certificate authority, and clients, each in a network namespace.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Folder, Namespace, Server, is_root, missing_program, run};

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct VpnOptions {
    /// True for `ccd-exclusive`: a client without a file is refused.
    pub exclusive: bool,
    /// The password of its management interface, if it shall have one.
    pub password: Option<String>,
}

/// An OpenVPN server that is killed when dropped. It serves UDP in a namespace of its own; its management interface is a Unix
/// socket in its folder.
#[derive(Debug)]
pub struct VpnServer {
    namespace: Namespace,
    folder: Folder,
    options: VpnOptions,
    server: Option<Server>,
    joined: Cell<u8>,
    issued: Cell<u32>,
}

/// A client's key and certificate.
#[derive(Clone, Debug)]
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

impl VpnServer {
    /// Its address in the VPN.
    pub const INSIDE: &str = "10.93.0.1";

    /// Why it cannot be had here, if it cannot.
    #[must_use]
    pub fn lacks() -> Option<String> {
        if !is_root() {
            return Some("tunnel interfaces and network namespaces need root".to_owned());
        }
        if !Path::new("/dev/net/tun").exists() {
            return Some("there is no /dev/net/tun".to_owned());
        }
        missing_program(&["openvpn", "openssl", "ip", "ping"])
            .map(|program| format!("{program} is not installed"))
    }

    /// Makes a certificate authority and starts the server.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(options: VpnOptions) -> Self {
        let folder = Folder::new();
        std::fs::create_dir(folder.file("ccd")).unwrap();
        if let Some(password) = &options.password {
            folder.write("management-password", password);
        }
        let mut vpn = Self {
            namespace: Namespace::new("vpn"),
            folder,
            options,
            server: None,
            joined: Cell::new(0),
            issued: Cell::new(0),
        };
        vpn.make_authority();
        vpn.restart();
        vpn
    }

    /// Kills the server, as a crash would, and starts it anew with the same folder.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.stop();
        let _ = std::fs::remove_file(self.management_socket());
        let config = self.folder.write("server.conf", &self.configuration());
        let mut command = self.namespace.command("openvpn");
        command.args(["--config", &config]);
        let log = self.folder.path().join("server.log");
        let mut server = Server::start(command, &log);
        server.wait_until("the VPN server starts", 20, || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains("Initialization Sequence Completed"))
        });
        self.server = Some(server);
    }

    /// Kills the server.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Ends the session of a client at the server, as an administrator would: one that is gone without a word is forgotten only after a
    /// minute. No management password must be set.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn forget(&self, name: &str) {
        let mut stream = UnixStream::connect(self.management_socket()).unwrap();
        writeln!(stream, "kill {name}").unwrap();
        let answer = BufReader::new(stream)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.starts_with("SUCCESS") || line.starts_with("ERROR"))
            .expect("it answers");
        assert!(
            answer.contains("killed") || answer.contains("not found"),
            "{answer}"
        );
    }

    /// The folder with one file for each client (`client-config-dir`).
    #[must_use]
    pub fn client_folder(&self) -> PathBuf {
        self.folder.path().join("ccd")
    }

    /// The socket of its management interface.
    #[must_use]
    pub fn management_socket(&self) -> PathBuf {
        self.folder.path().join("management")
    }

    /// What the server has logged since its last start.
    #[must_use]
    pub fn said(&self) -> String {
        self.server.as_ref().map(Server::said).unwrap_or_default()
    }

    /// A host for a client, with a certificate for `name`. At most 250 for one server.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn client(&self, name: &str) -> VpnClient {
        let number = self.joined.get() + 1;
        self.joined.set(number);
        let host = Namespace::new("road");
        let (ours, theirs) = (format!("10.92.{number}.1/24"), format!("10.92.{number}.2/24"));
        self.namespace
            .join(&format!("road{number}"), &ours, &host, "out", &theirs);
        let identity = self.issue(name, "clientAuth");
        let profile = format!(
            "client\ndev tun0\ndev-type tun\nproto udp\nremote 10.92.{number}.1 1194\nnobind\nca {ca}\ncert {cert}\nkey {key}\n\
             remote-cert-tls server\nconnect-retry 1 2\nhand-window 120\ntls-timeout 1\nverb 3\n",
            ca = self.folder.file("ca.crt"),
            cert = identity.certificate.display(),
            key = identity.key.display(),
        );
        let profile = PathBuf::from(self.folder.write(&format!("client-{number}.ovpn"), &profile));
        VpnClient {
            host,
            profile,
            log: self.folder.path().join(format!("client-{number}.log")),
            process: None,
        }
    }

    fn configuration(&self) -> String {
        let file = |name: &str| self.folder.file(name);
        let password = if self.options.password.is_some() {
            file("management-password")
        } else {
            String::new()
        };
        let exclusive = if self.options.exclusive {
            "ccd-exclusive"
        } else {
            ""
        };
        format!(
            "dev tun0\ndev-type tun\ntopology subnet\nserver 10.93.0.0 255.255.255.0\nproto udp\nport 1194\nmultihome\n\
             ca {ca}\ncert {cert}\nkey {key}\ndh none\nclient-config-dir {ccd}\n{exclusive}\nping 2\nping-restart 60\n\
             push \"ping 2\"\npush \"ping-restart 60\"\nverb 3\n\
             management {management} unix {password}\n",
            ca = file("ca.crt"),
            cert = file("server.crt"),
            key = file("server.key"),
            ccd = file("ccd"),
            management = self.management_socket().display(),
        )
    }

    fn make_authority(&self) {
        let (key, certificate) = (self.folder.file("ca.key"), self.folder.file("ca.crt"));
        let mut arguments = vec!["req", "-x509", "-subj", "/CN=test authority", "-days", "30"];
        arguments.extend(["-keyout", &key, "-out", &certificate]);
        arguments.extend(NEW_KEY);
        run("openssl", &arguments);
        let server = self.issue("server", "serverAuth");
        std::fs::rename(server.certificate, self.folder.file("server.crt")).unwrap();
        std::fs::rename(server.key, self.folder.file("server.key")).unwrap();
    }

    fn issue(&self, name: &str, usage: &str) -> Identity {
        let number = self.issued.get();
        self.issued.set(number + 1);
        let file = |end: &str| self.folder.file(&format!("issued-{number}.{end}"));
        let (key, request, certificate) = (file("key"), file("csr"), file("crt"));
        let subject = format!("/CN={}", name.replace('\\', "\\\\").replace('/', "\\/"));
        let mut arguments = vec![
            "req", "-utf8", "-subj", &subject, "-keyout", &key, "-out", &request,
        ];
        arguments.extend(NEW_KEY);
        run("openssl", &arguments);
        let extensions = self.folder.write(
            &format!("issued-{number}.ext"),
            &format!("keyUsage=digitalSignature\nextendedKeyUsage={usage}\n"),
        );
        let (authority, authority_key) = (self.folder.file("ca.crt"), self.folder.file("ca.key"));
        let serial = (number + 1).to_string();
        let mut arguments = vec![
            "x509",
            "-req",
            "-in",
            &request,
            "-out",
            &certificate,
            "-days",
            "30",
        ];
        arguments.extend(["-CA", &authority, "-CAkey", &authority_key]);
        arguments.extend(["-set_serial", &serial, "-extfile", &extensions]);
        run("openssl", &arguments);
        Identity {
            certificate: certificate.into(),
            key: key.into(),
        }
    }
}

const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
];

/// A client of a [`VpnServer`], on a host of its own. Drop it before its server.
#[derive(Debug)]
pub struct VpnClient {
    host: Namespace,
    profile: PathBuf,
    log: PathBuf,
    process: Option<Server>,
}

impl VpnClient {
    /// Its host.
    #[must_use]
    pub const fn host(&self) -> &Namespace {
        &self.host
    }

    /// Its OpenVPN profile.
    #[must_use]
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Starts it anew and waits until it is in. Once cut, it ends rather than coming back.
    ///
    /// # Panics
    /// If it does not get in within five minutes.
    pub fn connect(&mut self) {
        self.launch(&["--remap-usr1", "SIGTERM"]);
        assert!(self.gets_in(300), "the client does not get in:\n{}", self.said());
    }

    /// Starts it anew as people run it: it comes back by itself, also after a refusal. Does not wait.
    pub fn launch_for_good(&mut self) {
        self.launch(&["--auth-retry", "nointeract"]);
    }

    /// Starts it anew and says whether it gets in within so many seconds.
    #[must_use]
    pub fn tries_to_connect(&mut self, seconds: u64) -> bool {
        self.launch(&["--remap-usr1", "SIGTERM"]);
        self.gets_in(seconds)
    }

    /// Waits until the tunnel carries, at most so many seconds; true if it does.
    #[must_use]
    pub fn gets_in(&mut self, seconds: u64) -> bool {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
        while std::time::Instant::now() < end {
            if self.is_in() {
                return true;
            }
            if !self.process.as_mut().is_some_and(Server::is_running) {
                return false;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        false
    }

    /// True if the tunnel carries now: the server's inner address answers.
    #[must_use]
    pub fn is_in(&self) -> bool {
        let mut ping: Command = self.host.command("ping");
        // One only, and none in its place: who was thrown out may be back a moment later.
        ping.args(["-c", "1", "-W", "5", "-q", VpnServer::INSIDE]);
        ping.output().is_ok_and(|output| output.status.success())
    }

    /// Ends it, as a computer that is switched off: the server is not told.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// What it has said since its last start.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.as_ref().map(Server::said).unwrap_or_default()
    }

    fn launch(&mut self, more: &[&str]) {
        self.stop();
        let mut command = self.host.command("openvpn");
        command.arg("--config").arg(&self.profile).args(more);
        self.process = Some(Server::start(command, &self.log));
    }
}

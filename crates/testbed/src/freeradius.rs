//! FreeRADIUS, with the hook by which Cordon refuses accounts, and a network access server with a client.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Folder, Namespace, Server, WebAuthority, command, free_port, is_root, missing_program};

/// The settings; `FOLDER`, `PORT`, `CUTTING` and `SECRET` are put in.
const SETTINGS: &str = include_str!("../radius/radiusd.conf");

/// A private FreeRADIUS with users `alice`, `bob` and `carol`, each with the password `pw`.
///
/// It reads refusals from a file of their own, before anything else, in the outer and the inner server. It takes PAP and PEAP.
#[derive(Debug)]
pub struct FreeRadius {
    folder: Folder,
    namespace: Option<Namespace>,
    port: u16,
    cutting: u16,
    server: Option<Server>,
}

impl FreeRadius {
    /// The secret of its clients.
    pub const SECRET: &'static str = "s3cret-of-the-nas";

    /// Starts one on loopback.
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start() -> Result<Self, String> {
        Self::start_at(None, free_port(), free_port())
    }

    fn start_at(namespace: Option<Namespace>, port: u16, cutting: u16) -> Result<Self, String> {
        if let Some(program) = missing_program(&["freeradius", "radclient", "openssl"]) {
            return Err(format!("{program} is not installed"));
        }
        let folder = Folder::new();
        let authority = WebAuthority::new(folder.path());
        let _ = authority.issue("radius");
        let settings = SETTINGS
            .replace("FOLDER", folder.path().to_str().unwrap())
            .replace("PORT", &port.to_string())
            .replace("CUTTING", &cutting.to_string())
            .replace("SECRET", Self::SECRET);
        folder.write("radiusd.conf", &settings);
        let users = ["alice", "bob", "carol"]
            .iter()
            .fold(String::new(), |mut text, name| {
                let _ = writeln!(text, "{name} Cleartext-Password := \"pw\"\n");
                text
            });
        folder.write("users", &users);
        folder.write("refused", "");
        let mut radius = Self {
            folder,
            namespace,
            port,
            cutting,
            server: None,
        };
        radius.restart();
        Ok(radius)
    }

    /// A command that will run where the server is.
    fn command(&self, program: &str) -> Command {
        match &self.namespace {
            Some(namespace) => namespace.command(program),
            None => command(program),
        }
    }

    /// Kills it, as a crash would, and starts it again.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = self.command("freeradius");
        command
            .arg("-d")
            .arg(self.folder.path())
            .args(["-f", "-P", "-l", "stdout"]);
        let log = self.folder.path().join("log");
        let mut server = Server::start(command, &log);
        server.wait_until("FreeRADIUS is ready", 30, || {
            std::fs::read_to_string(&log).is_ok_and(|said| said.contains("Ready to process"))
        });
        self.server = Some(server);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Where it answers, such as `127.0.0.1:4567`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where it takes Disconnect and CoA messages as a network access server would: it says yes for `alice`, administratively prohibited
    /// for `carol`, and no without a reason for others.
    #[must_use]
    pub fn cutting_address(&self) -> String {
        format!("127.0.0.1:{}", self.cutting)
    }

    /// The file of refusals.
    #[must_use]
    pub fn refusals(&self) -> String {
        self.folder.file("refused")
    }

    /// What that file holds.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn refused(&self) -> String {
        std::fs::read_to_string(self.refusals()).unwrap()
    }

    /// Writes that file as an administrator would, and restarts the server.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn set_refused(&mut self, text: &str) {
        self.folder.write("refused", text);
        self.restart();
    }

    /// The file with its process id.
    #[must_use]
    pub fn pid_file(&self) -> String {
        self.folder.file("pid")
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.server.as_ref().map(Server::said).unwrap_or_default()
    }

    /// True if a user gets in with the password `pw`, by PAP.
    #[must_use]
    pub fn admits(&self, name: &str) -> bool {
        let request = format!("User-Name=\"{name}\", User-Password=\"pw\", Message-Authenticator=0x00");
        self.ask("auth", &self.address(), Self::SECRET, &request)
            .contains("Access-Accept")
    }

    /// Sends a request with radclient and returns what that says.
    ///
    /// # Panics
    /// If radclient cannot be started.
    #[must_use]
    pub fn ask(&self, kind: &str, address: &str, secret: &str, request: &str) -> String {
        let mut child = self
            .command("radclient")
            .args(["-x", "-r", "3", "-t", "2", address, kind, secret])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A switch port with 802.1X: hostapd as network access server that takes Disconnect messages (RFC 5176), in a namespace with a
/// [`FreeRadius`], and a client `alice` behind it. What is not logged on is not let through. Needs root.
#[derive(Debug)]
pub struct AccessServer {
    // The processes go before the namespaces in which they run.
    _supplicant: Server,
    _enforcer: Server,
    hostapd: Server,
    /// The server that decides.
    pub radius: FreeRadius,
    client: Namespace,
    folder: Folder,
}

impl AccessServer {
    /// The secret of those who may disconnect.
    pub const SECRET: &'static str = "s3cret-of-the-das";
    /// Where it takes Disconnect messages, within its namespace.
    pub const ADDRESS: &'static str = "127.0.0.1:3799";
    /// What it calls itself.
    pub const IDENTIFIER: &'static str = "switch-1";

    /// Starts one and waits until `alice` is logged on.
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If something does not come up.
    pub fn start() -> Result<Self, String> {
        if !is_root() {
            return Err("it needs root".to_owned());
        }
        let programs = [
            "ip",
            "nft",
            "ping",
            "hostapd",
            "hostapd_cli",
            "wpa_supplicant",
            "wpa_cli",
        ];
        if let Some(program) = missing_program(&programs) {
            return Err(format!("{program} is not installed"));
        }
        let radius = FreeRadius::start_at(Some(Namespace::new("nas")), 1812, 3800)?;
        let client = Namespace::new("pc");
        let folder = Folder::new();
        let network = radius.namespace.as_ref().unwrap();
        network.join("port", "10.95.1.1/24", &client, "eth0", "10.95.1.2/24");
        network.run("nft", &["-f", &folder.write("rules", RULES)]);
        let hostapd = start_hostapd(network, &folder);
        let enforcer = start_enforcer(network, &folder);
        let supplicant = start_supplicant(&client, &folder, &radius.folder.file("authority.pem"));
        let server = Self {
            _supplicant: supplicant,
            _enforcer: enforcer,
            hostapd,
            radius,
            client,
            folder,
        };
        server.wait_for(true);
        Ok(server)
    }

    /// Does something on a thread in its namespace, so that sockets that are opened there lead to it.
    ///
    /// # Panics
    /// With what it panics with.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
        use std::os::fd::AsFd as _;
        let name = self.radius.namespace.as_ref().unwrap().name();
        let file = std::fs::File::open(format!("/run/netns/{name}")).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                act()
            });
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// True if the client gets through to the other side.
    #[must_use]
    pub fn lets_through(&self) -> bool {
        self.is_answered("5")
    }

    /// True if one packet of the client is answered within so many seconds.
    fn is_answered(&self, seconds: &str) -> bool {
        self.client
            .command("ping")
            .args(["-c", "1", "-W", seconds, "-q", "10.95.1.1"])
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// True if hostapd says that the port is open to the client. Packets follow a moment later.
    ///
    /// # Panics
    /// If hostapd does not answer.
    #[must_use]
    pub fn is_authorized(&self) -> bool {
        let network = self.radius.namespace.as_ref().unwrap();
        network
            .run(
                "hostapd_cli",
                &["-p", &self.folder.file("hostapd"), "-i", "port", "all_sta"],
            )
            .contains("[AUTHORIZED]")
    }

    /// The client tries to log on; wired clients do not try again by themselves.
    pub fn log_on(&self) {
        self.client.run(
            "wpa_cli",
            &["-p", &self.folder.file("supplicant"), "-i", "eth0", "reassociate"],
        );
    }

    /// Waits until the client gets through, or does not; to get through, it logs on.
    ///
    /// # Panics
    /// If it does not come to that, with what hostapd said.
    pub fn wait_for(&self, through: bool) {
        let what = if through {
            "the client gets through"
        } else {
            "the client is cut off"
        };
        let begun = Instant::now();
        let mut logged_on: Option<Instant> = None;
        while self.is_authorized() != through || self.is_answered("0.3") != through {
            assert!(
                begun.elapsed() < Duration::from_secs(180),
                "{what}: no\n{}",
                self.hostapd.said()
            );
            // Tried again after a while: what began just before a change ends as it stood before.
            if through && logged_on.is_none_or(|at| at.elapsed() > Duration::from_secs(4)) {
                self.log_on();
                logged_on = Some(Instant::now());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// hostapd for wires does not block frames itself: who is logged on is in a set.
const RULES: &str = "table inet admission {
  set admitted { type ether_addr; }
  chain input {
    type filter hook input priority 0; policy accept;
    iifname \"lo\" accept
    ether saddr @admitted accept
    drop
  }
}
";

fn start_hostapd(network: &Namespace, folder: &Folder) -> Server {
    let settings = folder.write(
        "hostapd.conf",
        &format!(
            "interface=port\ndriver=wired\nlogger_stdout=-1\nlogger_stdout_level=1\nctrl_interface={}\n\
             ieee8021x=1\neap_reauth_period=3600\nuse_pae_group_addr=1\nown_ip_addr=127.0.0.1\nnas_identifier={}\n\
             auth_server_addr=127.0.0.1\nauth_server_port=1812\nauth_server_shared_secret={}\n\
             radius_das_port=3799\nradius_das_client=127.0.0.1 {}\n\
             radius_das_require_event_timestamp=1\nradius_das_require_message_authenticator=1\n",
            folder.file("hostapd"),
            AccessServer::IDENTIFIER,
            FreeRadius::SECRET,
            AccessServer::SECRET
        ),
    );
    let mut command = network.command("hostapd");
    command.arg(settings);
    let log = folder.path().join("hostapd.log");
    let mut server = Server::start(command, &log);
    server.wait_until("hostapd is up", 20, || {
        std::fs::read_to_string(&log).is_ok_and(|said| said.contains("AP-ENABLED"))
    });
    server
}

fn start_enforcer(network: &Namespace, folder: &Folder) -> Server {
    let script = folder.program(
        "enforce",
        "#!/bin/sh\ncase \"$2\" in\n\
         AP-STA-CONNECTED) nft add element inet admission admitted \"{ $3 }\" ;;\n\
         AP-STA-DISCONNECTED) nft delete element inet admission admitted \"{ $3 }\" ;;\nesac\n",
    );
    let mut command = network.command("hostapd_cli");
    command.args(["-p", &folder.file("hostapd"), "-i", "port", "-a", &script]);
    Server::start(command, &folder.path().join("enforce.log"))
}

fn start_supplicant(client: &Namespace, folder: &Folder, authority: &str) -> Server {
    let settings = folder.write(
        "supplicant.conf",
        &format!(
            "ctrl_interface={}\nap_scan=0\nnetwork={{\n key_mgmt=IEEE8021X\n eap=PEAP\n identity=\"alice\"\n password=\"pw\"\n \
             ca_cert=\"{authority}\"\n phase2=\"auth=MSCHAPV2\"\n eapol_flags=0\n}}\n",
            folder.file("supplicant")
        ),
    );
    let mut command = client.command("wpa_supplicant");
    command.args(["-D", "wired", "-i", "eth0", "-c", &settings]);
    let mut server = Server::start(command, &folder.path().join("supplicant.log"));
    let socket = folder.path().join("supplicant").join("eth0");
    server.wait_until("the supplicant takes orders", 20, || socket.exists());
    server
}

//! A private HAProxy with two routes, each to a tiny web server.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use crate::web_server::WebServer;
use crate::{Authority, Folder, Server, command, free_port};

/// HAProxy with the routes (backends) `orders`, for paths that begin with `/orders`, and `portal`, for all others. Each has the
/// holding page of `docs/enforcement-points/front_door.md`.
#[derive(Debug)]
pub struct HaProxy {
    folder: Folder,
    server: Server,
    port: u16,
    tls_port: u16,
    authority: Authority,
    _orders: WebServer,
    _portal: WebServer,
}

/// What a plain HTTP client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// Status; 0 if there was no response.
    pub status: u16,
    /// Head and body as they came.
    pub text: String,
}

impl HaProxy {
    /// Programs that must be installed.
    pub const PROGRAMS: [&str; 2] = ["haproxy", "openssl"];

    /// Starts it as master and worker, with an empty map.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = Folder::new();
        let (orders, portal) = (WebServer::start("orders"), WebServer::start("portal"));
        let (port, tls_port, authority) = (free_port(), free_port(), Authority::new());
        let (certificate, key) = authority.sign("localhost");
        let both = [certificate, key].map(|file| std::fs::read_to_string(file).unwrap());
        folder.write("server.pem", &both.concat());
        folder.write("cordon.map", "");
        let text = configuration(&folder, [port, tls_port], [&orders, &portal]);
        folder.write("haproxy.cfg", &text);
        let server = launch(&folder);
        let mut proxy = Self {
            folder,
            server,
            port,
            tls_port,
            authority,
            _orders: orders,
            _portal: portal,
        };
        proxy.wait();
        proxy
    }

    /// The unix socket of its runtime API, level admin.
    #[must_use]
    pub fn socket(&self) -> String {
        self.folder.file("admin.sock")
    }

    /// A socket of the runtime API at which requests cannot be cut (level operator).
    #[must_use]
    pub fn operator_socket(&self) -> String {
        self.folder.file("operator.sock")
    }

    /// The map of paused routes.
    #[must_use]
    pub fn map(&self) -> String {
        self.folder.file("cordon.map")
    }

    /// The URL of a path, over HTTP.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The URL of a path, over HTTPS.
    #[must_use]
    pub fn tls_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.tls_port)
    }

    /// Where it speaks HTTPS.
    #[must_use]
    pub fn tls_address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.tls_port).into()
    }

    /// The authority that signed its certificate.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Asks for a path and reads what comes, at most for a minute.
    #[must_use]
    pub fn get(&self, path: &str) -> Got {
        let mut text = String::new();
        if let Ok(mut stream) = self.request(path) {
            // What came before a cut stays in the text.
            let mut bytes = Vec::new();
            drop(stream.read_to_end(&mut bytes));
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Got {
            status: status.unwrap_or(0),
            text,
        }
    }

    /// Sends a request and leaves the response to be read.
    ///
    /// # Errors
    /// If HAProxy takes no connection.
    pub fn request(&self, path: &str) -> std::io::Result<std::net::TcpStream> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        Ok(stream)
    }

    /// Says something to the runtime API, as an administrator would, and returns the reply.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn say(&self, text: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        writeln!(stream, "{text}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// What its map holds in force and on disk, the state of every server, and whether both routes serve.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn picture(&self) -> String {
        let map = self.say(&format!("show map {}", self.map()));
        let entries: Vec<&str> = map
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.1))
            .collect();
        let stat = self.say("show stat -1 6 -1");
        let states: Vec<&str> = stat.lines().filter_map(|line| line.split(',').nth(17)).collect();
        format!(
            "in force {entries:?}, kept {:?}, states {states:?}, orders {}, portal {}",
            std::fs::read_to_string(self.map()).unwrap(),
            self.get("/orders/2").status,
            self.get("/x").status
        )
    }

    /// Reloads the configuration and the map's file, as `systemctl reload` does, and waits until the new worker serves.
    ///
    /// # Panics
    /// If there is no new worker.
    pub fn reload(&mut self) {
        let before = self.worker();
        let master = i32::try_from(self.server.id()).unwrap();
        let master = rustix::process::Pid::from_raw(master).unwrap();
        let socket = self.socket();
        let mut looks = 0;
        self.server.wait_until("HAProxy's new worker", 20, || {
            // A master that has only just started is deaf for a moment, so it is told again every two seconds.
            if looks % 40 == 0 {
                rustix::process::kill_process(master, rustix::process::Signal::USR2).unwrap();
            }
            looks += 1;
            worker(&socket).is_some_and(|now| Some(now) != before)
        });
    }

    /// Kills it with its worker, as a crash would, and starts it again.
    pub fn restart(&mut self) {
        self.server.kill();
        self.server = launch(&self.folder);
        self.wait();
    }

    /// Kills it and does not start it again.
    pub fn stop(&mut self) {
        self.server.kill();
    }

    fn worker(&self) -> Option<String> {
        worker(&self.socket())
    }

    fn wait(&mut self) {
        let (socket, port) = (self.socket(), self.port);
        self.server.wait_until("HAProxy", 20, || {
            worker(&socket).is_some() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
    }
}

/// The process id of the worker that answers at a socket.
fn worker(socket: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(b"show info\n").ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    reply
        .lines()
        .find_map(|line| line.strip_prefix("Pid: "))
        .map(str::to_owned)
}

fn launch(folder: &Folder) -> Server {
    let mut haproxy = command("haproxy");
    haproxy.args(["-W", "-db", "-f"]).arg(folder.file("haproxy.cfg"));
    Server::start(haproxy, &folder.path().join("haproxy.log"))
}

fn configuration(folder: &Folder, [port, tls_port]: [u16; 2], [orders, portal]: [&WebServer; 2]) -> String {
    let path = |name: &str| folder.file(name);
    let map = path("cordon.map");
    let backend = |name: &str, server: &WebServer| {
        format!(
            "backend {name}
  http-request return status 503 content-type \"text/html; charset=utf-8\" lf-string \"<h1>Paused</h1>\" \
             hdr X-Cordon-Held \"%[be_name,map_str({map})]\" hdr Retry-After 600 hdr Cache-Control no-store \
             if {{ be_name,map_str({map}) -m found }}
  http-response del-header X-Cordon-Held
  server one {}
",
            server.address()
        )
    };
    format!(
        "global
  stats socket {} mode 600 level admin expose-fd listeners
  stats socket {} mode 600 level operator
  hard-stop-after 2s
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend web
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{tls_port} ssl crt {}
  use_backend orders if {{ path_beg /orders }}
  default_backend portal
{}{}",
        path("admin.sock"),
        path("operator.sock"),
        path("server.pem"),
        backend("orders", orders),
        backend("portal", portal)
    )
}

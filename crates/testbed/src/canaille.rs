//! Canaille, an OpenID provider with a SCIM server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use crate::process::listens;
use crate::python::{finish, turn_to_start};
use crate::{Folder, Python, Server, WebAuthority, free_port, run};

/// The packages, Canaille 0.3.6 among them.
const REQUIREMENTS: &str = include_str!("../python/canaille.txt");
/// What a person does at an OpenID provider.
const BROWSER: &str = include_str!("../python/browser.py");
/// What makes a signing key.
const KEY: &str = "from joserfc.jwk import RSAKey
key = RSAKey.generate_key(2048, {'use': 'sig', 'alg': 'RS256'}, private=True)
key.ensure_kid()
print('{' + ', '.join(f'{name} = \"{value}\"' for name, value in key.as_dict(private=True).items() if isinstance(value, str)) + '}')";

/// What runs statements on a database, one a line, and answers how many lines there are and the rows, or `!` and what is wrong.
const SQL: &str = "import sqlite3, sys
for statement in sys.stdin:
    try:
        with sqlite3.connect(sys.argv[1], timeout=60) as database:
            rows = ['|'.join(map(str, row)) for row in database.execute(statement)]
        text = ''.join(row + '\\n' for row in rows)
        print(text.count('\\n'), text, sep='\\n', end='', flush=True)
    except sqlite3.Error as error:
        print('!', error, flush=True)";

/// The password of every user of a [`Canaille`].
const PASSWORD: &str = "Us3r!passw0rd";

/// A private Canaille (0.3.6) over HTTPS with users `alice`, `bob` and `carol`, in a database of its own.
///
/// It ignores SCIM filters, answers a `count` with an error, and names group members by their logon name: a server as one meets them.
#[derive(Debug)]
pub struct Canaille {
    folder: Folder,
    python: Python,
    authority: WebAuthority,
    port: u16,
    server: Option<Server>,
    /// Kept running: an interpreter for each statement would cost more than the statement.
    sql: Mutex<Option<Conversation>>,
}

/// A program that answers orders, one a line. It is killed when dropped.
#[derive(Debug)]
struct Conversation {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Conversation {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            orders: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn order(&mut self, order: &str) -> String {
        assert!(!order.contains('\n'), "an order is a line");
        writeln!(self.orders, "{order}").unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Canaille {
    /// Starts one.
    ///
    /// # Errors
    /// Why it cannot be had here, for [`crate::skip`].
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start() -> Result<Self, String> {
        if let Some(program) = crate::missing_program(&["openssl", "curl"]) {
            return Err(format!("{program} is not installed"));
        }
        let python = Python::with("canaille", REQUIREMENTS)?;
        let model = python.prepared("model", |folder| prepare(&python, folder))?;
        let folder = Folder::new();
        std::fs::copy(model.join("db.sqlite"), folder.file("db.sqlite"))
            .map_err(|error| error.to_string())?;
        let key = std::fs::read_to_string(model.join("key")).map_err(|error| error.to_string())?;
        let authority = WebAuthority::new(folder.path());
        let port = free_port();
        let own = authority.issue("canaille");
        let more = format!(
            "[CANAILLE_HYPERCORN]\nBIND = \"127.0.0.1:{port}\"\nCERTFILE = \"{}\"\nKEYFILE = \"{}\"\n",
            own.certificate, own.key
        );
        write_settings(folder.path(), port, &key, &more);
        let mut canaille = Self {
            folder,
            python,
            authority,
            port,
            server: None,
            sql: Mutex::new(None),
        };
        canaille.restart();
        Ok(canaille)
    }

    /// Kills it, as a crash would, and starts it again.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = self.python.program("canaille");
        command
            .arg("run")
            .env("CANAILLE_CONFIG", self.folder.path().join("canaille.toml"))
            .current_dir(self.folder.path());
        let _turn = turn_to_start();
        let mut server = Server::start(command, &self.folder.path().join("log"));
        server.wait_until("Canaille answers", 60, || {
            listens(self.port) && self.try_get("/.well-known/openid-configuration", None).is_some()
        });
        self.server = Some(server);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Its address, such as `https://127.0.0.1:4567`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The file of the authority that signed its certificate.
    #[must_use]
    pub fn authority(&self) -> String {
        self.authority.certificate()
    }

    /// A client that may use SCIM: its name and secret, for client credentials at `/oauth/token`.
    #[must_use]
    pub const fn scim_client(&self) -> (&'static str, &'static str) {
        ("incident-response", "s3cret-of-the-client")
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.server.as_ref().map(Server::said).unwrap_or_default()
    }

    /// Runs its own command line on its database, as an administrator would.
    ///
    /// # Panics
    /// If that fails.
    pub fn administer(&self, arguments: &[&str]) -> String {
        let output = self
            .python
            .program("canaille")
            .args(arguments)
            .env("CANAILLE_CONFIG", self.folder.path().join("canaille.toml"))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "canaille {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs SQL on its database, as somebody who has the file, and returns the rows as text, a line each.
    ///
    /// # Panics
    /// If that fails.
    pub fn sql(&self, statement: &str) -> String {
        let mut sql = self.sql.lock().unwrap();
        let database = self.folder.file("db.sqlite");
        let sql = sql.get_or_insert_with(|| {
            Conversation::start(self.python.interpreter().args(["-c", SQL, &database]))
        });
        let answer = sql.order(statement);
        let lines: usize = answer
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{statement}: {answer}"));
        (0..lines).map(|_| sql.line()).collect()
    }

    /// One of its users with a browser.
    ///
    /// # Panics
    /// If the browser cannot be started.
    #[must_use]
    pub fn browser(&self, name: &str) -> Browser {
        let script = self.folder.write("browser.py", BROWSER);
        let mut command = self.python.interpreter();
        command.args([
            &script,
            &self.address(),
            &self.authority(),
            name,
            PASSWORD,
            "console",
            "s3cret-of-the-console",
        ]);
        Browser(Conversation::start(&mut command))
    }

    /// What its SCIM server says at `path` (from `/Users` on), read with curl and a token of its own.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn scim(&self, path: &str) -> String {
        self.try_get(&format!("/scim/v2{path}"), Some(&self.token()))
            .unwrap_or_else(|| panic!("no answer from {path}: {}", self.said()))
    }

    /// A token for its SCIM server.
    ///
    /// # Panics
    /// If it gives none.
    #[must_use]
    pub fn token(&self) -> String {
        let (name, secret) = self.scim_client();
        let answer = run(
            "curl",
            &[
                "-sS",
                "--fail",
                "--cacert",
                &self.authority(),
                "--user",
                &format!("{name}:{secret}"),
                "--data",
                "grant_type=client_credentials&scope=openid",
                &format!("{}/oauth/token", self.address()),
            ],
        );
        let from = answer.find("\"access_token\"").expect("an access token") + "\"access_token\"".len();
        let value = answer.get(from..).unwrap();
        value.split('"').nth(1).unwrap().to_owned()
    }

    fn try_get(&self, path: &str, token: Option<&str>) -> Option<String> {
        let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}"));
        let output = crate::try_run(
            "curl",
            &[
                "-sS",
                "--fail",
                "--max-time",
                "120",
                "--cacert",
                &self.authority(),
                "--header",
                &authorization,
                &format!("{}{path}", self.address()),
            ],
        );
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn write_settings(folder: &Path, port: u16, key: &str, more: &str) -> PathBuf {
    let file = folder.join("canaille.toml");
    let settings = format!(
        "SECRET_KEY = \"only-for-tests-0000000000000000000\"
SERVER_NAME = \"127.0.0.1:{port}\"
PREFERRED_URL_SCHEME = \"https\"
[CANAILLE]
DATABASE = \"sql\"
[CANAILLE_SQL]
DATABASE_URI = \"sqlite:///{}/db.sqlite\"
[CANAILLE_OIDC]
REQUIRE_NONCE = false
ACTIVE_JWKS = [{}]
[CANAILLE_SCIM]
ENABLE_SERVER = true
{more}",
        folder.display(),
        key.trim()
    );
    std::fs::write(&file, settings).unwrap();
    file
}

/// A database with users and clients, made once: every Canaille starts from a copy.
fn prepare(python: &Python, folder: &Path) -> Result<(), String> {
    let key = folder.join("key");
    let made = std::fs::File::create(&key).map_err(|error| error.to_string())?;
    let status = python.interpreter().args(["-c", KEY]).stdout(made).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("cannot make a signing key".to_owned());
    }
    let key = std::fs::read_to_string(&key).map_err(|error| error.to_string())?;
    let settings = write_settings(folder, 443, &key, "");
    let canaille = |arguments: &[&str]| {
        finish(
            python
                .program("canaille")
                .args(arguments)
                .env("CANAILLE_CONFIG", &settings)
                .current_dir(folder),
        )
    };
    canaille(&["install"])?;
    for name in ["alice", "bob", "carol"] {
        let mail = format!("{name}@northgate-example.org");
        canaille(&[
            "create",
            "user",
            "--user-name",
            name,
            "--password",
            PASSWORD,
            "--family-name",
            name,
            "--formatted-name",
            name,
            "--emails",
            &mail,
        ])?;
    }
    let console = "create client --client-id console --client-secret s3cret-of-the-console --client-name console \
         --redirect-uris https://127.0.0.1:9/back --grant-types authorization_code --grant-types refresh_token \
         --response-types code --scope openid --scope profile --scope offline_access \
         --token-endpoint-auth-method client_secret_basic --client-uri https://127.0.0.1:9";
    canaille(&console.split_whitespace().collect::<Vec<_>>())?;
    canaille(&["set", "client", "console", "--audience", "console"])?;
    let response = "create client --client-id incident-response --client-secret s3cret-of-the-client \
         --client-name response --grant-types client_credentials --scope openid \
         --token-endpoint-auth-method client_secret_basic --client-uri https://127.0.0.1:9";
    canaille(&response.split_whitespace().collect::<Vec<_>>())
}

/// A person with a browser, who keeps cookies and tokens.
#[derive(Debug)]
pub struct Browser(Conversation);

impl Browser {
    /// Logs on with the password, by the code flow.
    ///
    /// # Errors
    /// What the page said to somebody who did not get in.
    pub fn login(&mut self) -> Result<(), String> {
        let answer = self.0.order("login");
        if answer.contains("\"answer\": \"in\"") {
            Ok(())
        } else {
            Err(answer)
        }
    }

    /// The status of the profile page with the cookies of the last logon.
    pub fn session(&mut self) -> u16 {
        self.status("session")
    }

    /// The status of a try to have a new token for the refresh token.
    pub fn refresh(&mut self) -> u16 {
        self.status("refresh")
    }

    /// The status of a use of the access token.
    pub fn userinfo(&mut self) -> u16 {
        self.status("userinfo")
    }

    fn status(&mut self, order: &str) -> u16 {
        let answer = self.0.order(order);
        let digits: String = answer.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("{order}: {answer}"))
    }
}

//! What the tests of carrying out share: people with keys, a real `cordon-actuator`, and a state folder of `cordon`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use cordon_testbed::{Folder, Namespace, Server, missing_program, run};

/// The plans and approvals of one organisation, and the actuator that carries them out. The people are dana, lee and kim.
pub(crate) struct Night {
    pub(crate) folder: Folder,
    actuator: Option<Server>,
    /// Where the actuator runs, if not beside the test.
    namespace: Option<String>,
    /// The URL of the database of the record, if it is not in the state folder.
    pub(crate) database: Option<String>,
}

/// The actuator, which is built beside `cordon` when the whole workspace is tested.
fn actuator_program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_cordon")).with_file_name("cordon-actuator");
    program.is_file().then_some(program)
}

/// Why there can be no night here, if there can be none.
pub(crate) fn lacks() -> Option<String> {
    if let Some(program) = missing_program(&["ssh-keygen"]) {
        return Some(format!("{program} is not installed"));
    }
    match actuator_program() {
        None => Some("cordon-actuator is not built; test the whole workspace".to_owned()),
        Some(_) => None,
    }
}

impl Night {
    /// A folder with keys, an estate and a configuration of the actuator; `more` is what it says of points and rules, with `FOLDER` for
    /// the folder. Nothing runs yet.
    pub(crate) fn new(estate: &str, more: &str, namespace: Option<&Namespace>) -> Self {
        let folder = Folder::new();
        for name in ["estate", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        folder.write("estate/estate.yaml", estate);
        let signers: String = ["dana", "lee", "kim"]
            .iter()
            .map(|name| signer(&folder, name))
            .collect();
        folder.write("signers", &signers);
        let configuration = format!(
            "socket: {{ path: {socket} }}\nstate: {state}\nallowed-signers: {signers}\n{more}",
            socket = folder.file("run/socket"),
            state = folder.file("actuator"),
            signers = folder.file("signers"),
            more = more.replace("FOLDER", folder.path().to_str().unwrap()),
        );
        folder.write("actuator.yaml", &configuration);
        Self {
            folder,
            actuator: None,
            namespace: namespace.map(|namespace| namespace.name().to_owned()),
            database: None,
        }
    }

    /// Starts the actuator, which may have been killed before, and waits until it serves.
    pub(crate) fn start_actuator(&mut self) {
        let program = actuator_program().unwrap();
        let mut command = match &self.namespace {
            Some(namespace) => {
                let mut command = cordon_testbed::command("ip");
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(["run", &self.folder.file("actuator.yaml")]);
        let log = self.folder.path().join("actuator.log");
        let mut actuator = Server::start(command, &log);
        let serving = || std::fs::read_to_string(&log).is_ok_and(|said| said.contains("serving at"));
        actuator.wait_until("the actuator", 20, serving);
        self.actuator = Some(actuator);
    }

    /// Kills the actuator at once (SIGKILL).
    pub(crate) fn kill_actuator(&mut self) {
        if let Some(mut actuator) = self.actuator.take() {
            actuator.kill();
        }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("CORDON_STATE", self.folder.path().join("state"))
            .env("CORDON_ACTUATOR", self.folder.path().join("run/socket"))
            .env("CORDON_ALLOWED_SIGNERS", self.folder.path().join("signers"));
        if let Some(database) = &self.database {
            command.env("CORDON_DATABASE", database);
        }
        command
    }

    pub(crate) fn cordon(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts a command and leaves it running; what it says goes to a file.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        let log = std::fs::File::create(self.folder.file("cordon.log")).unwrap();
        self.command(words)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// What the last command that was left running has said.
    pub(crate) fn started_said(&self) -> String {
        std::fs::read_to_string(self.folder.file("cordon.log")).unwrap_or_default()
    }

    /// Runs a command that must end with this code, and returns what it said on both streams.
    pub(crate) fn ends(&self, code: i32, words: &[&str]) -> String {
        let output = self.cordon(words);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            output.status.code(),
            Some(code),
            "cordon {words:?}:\n{said}\nactuator:\n{}",
            self.actuator_said()
        );
        said
    }

    /// Runs a command and returns what it said, however it ended.
    pub(crate) fn ends_anyhow(&self, words: &[&str]) -> String {
        let output = self.cordon(words);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    pub(crate) fn actuator_said(&self) -> String {
        std::fs::read_to_string(self.folder.file("actuator.log")).unwrap_or_default()
    }

    /// Makes `NAME.json` of these footholds and of more words for `cordon plan`.
    pub(crate) fn plan(&self, name: &str, footholds: &[&str], more: &[&str]) -> String {
        let output = format!("{name}.json");
        let mut words = vec!["plan", "--estate", "estate", "-o", &output];
        for foothold in footholds {
            words.extend(["--foothold", foothold]);
        }
        words.extend(more);
        self.ends(0, &words)
    }

    /// Somebody approves a plan in a role; the file is `PLAN.PERSON`.
    pub(crate) fn approve(&self, plan: &str, person: &str, role: &str) {
        let (file, output) = (format!("{plan}.json"), format!("{plan}.{person}"));
        let words = ["approve", &file, "--estate", "estate", "--key", person];
        self.ends(0, &[&words[..], &["--as", role, "-o", &output]].concat());
    }

    /// Two people approve, and the third what is too much.
    pub(crate) fn approve_all(&self, plan: &str) {
        for (person, role) in [("dana", "approve"), ("lee", "approve"), ("kim", "bulk")] {
            self.approve(plan, person, role);
        }
    }

    /// The words that apply a plan that all approved.
    pub(crate) fn apply_words(plan: &str) -> Vec<String> {
        let mut words = vec!["apply".to_owned(), format!("{plan}.json")];
        words.extend(["--estate", "estate", "--approval"].map(str::to_owned));
        words.extend(["dana", "lee", "kim"].map(|person| format!("{plan}.{person}")));
        words
    }

    /// Applies a plan that all approved.
    pub(crate) fn apply(&self, code: i32, plan: &str, more: &[&str]) -> String {
        let words = Self::apply_words(plan);
        let words: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        self.ends(code, &words)
    }

    /// The rows of `cordon status --all --json`.
    pub(crate) fn status(&self) -> Vec<serde_json::Value> {
        let output = self.cordon(&["status", "--all", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Makes a key and returns its line of the allowed-signers file.
pub(crate) fn signer(folder: &Folder, name: &str) -> String {
    let file = folder.file(name);
    run(
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &file],
    );
    let public = std::fs::read_to_string(folder.file(&format!("{name}.pub"))).unwrap();
    format!("{name} {}\n", public.trim())
}

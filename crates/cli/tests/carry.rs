//! A plan from approval to lift, with the real programs: `cordon`, `cordon-actuator`, `ssh-keygen`, and a script that keeps a deny list.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cordon_testbed::{Folder, Server, missing_program, run, skip, wait_until};

const ESTATE: &str = "
zones:
  office: { subnets: [10.1.0.0/16] }
  data: { subnets: [10.2.0.0/16] }
systems:
  ws1: { kind: workstation, zone: office }
  dc1: { kind: domain-controller, zone: data, jewel: true }
accounts:
  pat: { kind: person }
access:
  - { holder: pat, right: remote-desktop, on: dc1 }
  - { flow: office -> data, port: 3389 }
enforcement-points:
  list: { kind: script, guards: [accounts], effect: 2s }
";

struct Night {
    folder: Folder,
    _actuator: Server,
}

/// The actuator, which is built beside `cordon` when the whole workspace is tested.
fn actuator_program() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_cordon")).with_file_name("cordon-actuator");
    program.is_file().then_some(program)
}

impl Night {
    fn start() -> Option<Self> {
        if let Some(program) = missing_program(&["ssh-keygen", "jq", "flock"]) {
            skip(&format!("{program} is not installed"));
            return None;
        }
        let Some(program) = actuator_program() else {
            skip("cordon-actuator is not built; test the whole workspace");
            return None;
        };
        let folder = Folder::new();
        std::fs::create_dir(folder.path().join("estate")).unwrap();
        folder.write("estate/estate.yaml", ESTATE);
        folder.write("list", "");
        let script = folder.write(
            "deny",
            include_str!("../../../docs/enforcement-points/example-script.sh"),
        );
        run("chmod", &["755", &script]);
        let signers: String = ["dana", "lee", "kim"]
            .iter()
            .map(|name| signer(&folder, name))
            .collect();
        folder.write("signers", &signers);
        let configuration = format!(
            "socket: {{ path: {socket} }}\nstate: {state}\nallowed-signers: {signers}\npoints:\n  list:\n    kind: script\n    \
             config: {{ program: {script}, environment: {{ DENY_LIST: {list}, PATH: \"/usr/bin:/bin\" }} }}\n",
            socket = folder.file("socket"),
            state = folder.file("actuator"),
            signers = folder.file("signers"),
            list = folder.file("list"),
        );
        let configuration = folder.write("actuator.yaml", &configuration);
        let mut command = Command::new(program);
        command.args(["run", &configuration]);
        let actuator = Server::start(command, &folder.path().join("actuator.log"));
        let socket = folder.path().join("socket");
        wait_until("the actuator's socket", 20, || socket.exists());
        Some(Self {
            folder,
            _actuator: actuator,
        })
    }

    fn cordon(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(words)
            .current_dir(self.folder.path())
            .env("CORDON_STATE", self.folder.path().join("state"))
            .env("CORDON_ACTUATOR", self.folder.path().join("socket"))
            .env("CORDON_ALLOWED_SIGNERS", self.folder.path().join("signers"))
            .output()
            .unwrap()
    }

    /// Runs a command that must end with this code, and returns what it said on both streams.
    fn ends(&self, code: i32, words: &[&str]) -> String {
        let output = self.cordon(words);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(code), "cordon {words:?}:\n{said}");
        said
    }

    fn list(&self) -> String {
        std::fs::read_to_string(self.folder.file("list")).unwrap()
    }
}

/// Makes a key and returns its line of the allowed-signers file.
fn signer(folder: &Folder, name: &str) -> String {
    run(
        "ssh-keygen",
        &[
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "",
            "-f",
            &folder.file(name),
        ],
    );
    let public = std::fs::read_to_string(folder.file(&format!("{name}.pub"))).unwrap();
    format!("{name} {}\n", public.trim())
}

#[test]
fn a_plan_is_approved_carried_out_renewed_and_lifted() {
    let Some(night) = Night::start() else { return };
    night.ends(
        0,
        &[
            "plan",
            "--estate",
            "estate",
            "--foothold",
            "pat",
            "--foothold",
            "ws1",
            "-o",
            "plan.json",
        ],
    );
    for (name, role) in [("dana", "approve"), ("lee", "approve"), ("kim", "bulk")] {
        let file = format!("{name}.approval");
        night.ends(
            0,
            &[
                "approve",
                "plan.json",
                "--estate",
                "estate",
                "--key",
                name,
                "--as",
                role,
                "-o",
                &file,
            ],
        );
    }
    let apply = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let alone = night.ends(2, &[&apply[..], &["dana.approval", "kim.approval"]].concat());
    assert!(alone.contains("not approved"), "{alone}");
    assert_eq!(night.list(), "");

    let said = night.ends(
        0,
        &[&apply[..], &["dana.approval", "lee.approval", "kim.approval"]].concat(),
    );
    assert!(
        said.contains("tried and refused: account pat at list") && said.contains("in force"),
        "{said}"
    );
    assert_eq!(night.list(), "pat\n");
    assert!(night.ends(0, &["status"]).contains("in force"));
    assert!(
        night
            .ends(0, &["renew", "--all", "--lease", "9h", "--key", "dana"])
            .contains("8 h")
    );

    let said = night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert!(
        said.contains("given back: account pat at list") && said.contains("lifted"),
        "{said}"
    );
    assert_eq!(night.list(), "");
    assert!(night.ends(0, &["status"]).contains("Nothing is withdrawn"));
    assert!(night.ends(0, &["ledger", "verify"]).contains("Whole"));
    assert!(night.ends(0, &["doctor"]).contains("could be withdrawn tonight"));
}

#[test]
fn an_edited_plan_and_an_unreachable_actuator_are_told_apart() {
    let Some(night) = Night::start() else { return };
    night.ends(
        0,
        &[
            "plan",
            "--estate",
            "estate",
            "--foothold",
            "pat",
            "--foothold",
            "ws1",
            "-o",
            "plan.json",
        ],
    );
    let plan = std::fs::read_to_string(night.folder.file("plan.json")).unwrap();
    night
        .folder
        .write("edited.json", &plan.replace("Disable pat", "Disable sam"));
    let said = night.ends(
        2,
        &[
            "approve",
            "edited.json",
            "--estate",
            "estate",
            "--key",
            "dana",
            "-o",
            "x.approval",
        ],
    );
    assert!(said.contains("does not hold"), "{said}");
    let said = night.ends(1, &["doctor", "--actuator", "nowhere"]);
    assert!(
        said.contains("WRONG  the actuator") && said.contains("cannot be reached"),
        "{said}"
    );
    let lost = ["renew", "--all", "--key", "lee", "--actuator", "nowhere"];
    assert!(night.ends(3, &lost).contains("cannot be reached"));
}

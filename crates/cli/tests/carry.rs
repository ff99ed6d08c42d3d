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

    fn approve(&self, name: &str, role: &str) {
        let file = format!("{name}.approval");
        let estate = ["approve", "plan.json", "--estate", "estate"];
        self.ends(
            0,
            &[&estate[..], &["--key", name, "--as", role, "-o", &file]].concat(),
        );
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
    for name in ["dana", "lee"] {
        night.approve(name, "approve");
    }
    let apply = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let alone = night.ends(2, &[&apply[..], &["dana.approval"]].concat());
    assert!(alone.contains("not approved"), "{alone}");
    assert_eq!(night.list(), "");

    // One account of one is no share that a third person must be asked for.
    let said = night.ends(0, &[&apply[..], &["dana.approval", "lee.approval"]].concat());
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
fn more_than_a_handful_of_accounts_needs_a_third_person_when_they_are_a_large_share() {
    let Some(night) = Night::start() else { return };
    let people = ["ana", "ben", "cem", "dee", "eva", "fay"];
    let mut estate = ESTATE.to_owned();
    let mut footholds = Vec::new();
    for name in people {
        estate = estate.replace(
            "accounts:\n",
            &format!("accounts:\n  {name}: {{ kind: person }}\n"),
        );
        let right = format!("access:\n  - {{ holder: {name}, right: remote-desktop, on: dc1 }}\n");
        estate = estate.replace("access:\n", &right);
        footholds.extend(["--foothold", name]);
    }
    night.folder.write("estate/estate.yaml", &estate);
    let plan = [
        "plan",
        "--estate",
        "estate",
        "--foothold",
        "ws1",
        "-o",
        "plan.json",
    ];
    night.ends(0, &[&plan[..], &footholds].concat());
    for (name, role) in [("dana", "approve"), ("lee", "approve"), ("kim", "bulk")] {
        night.approve(name, role);
    }
    let apply = ["apply", "plan.json", "--estate", "estate", "--approval"];
    let two = night.ends(2, &[&apply[..], &["dana.approval", "lee.approval"]].concat());
    assert!(
        two.contains("6 of the organisation's 7 accounts") && two.contains("cordon-bulk"),
        "{two}"
    );
    assert_eq!(night.list(), "");
    let three = ["dana.approval", "lee.approval", "kim.approval"];
    night.ends(0, &[&apply[..], &three].concat());
    assert_eq!(night.list().lines().count(), people.len());
    night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert_eq!(night.list(), "");
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

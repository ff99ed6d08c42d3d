//! The record: `cordon ledger`.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cordon_ledger::Draft;
use cordon_store::{file_in, open};
use serde_json::{Value, json};

use super::running::{Ran, cordon, run, run_with_input};

/// A state directory with a record, and what else a test puts beside it.
struct Record {
    folder: tempfile::TempDir,
}

impl Record {
    /// A record of three withdrawals in six entries.
    fn new() -> Self {
        let record = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for number in 0..3 {
            record.append(
                "withdrawal.intended",
                json!({"target": format!("account-{number}"), "minutes": 30}),
            );
            record.append(
                "withdrawal.applied",
                json!({"target": format!("account-{number}"), "note": "\u{1b}[31mred"}),
            );
        }
        record
    }

    fn append(&self, kind: &str, body: Value) {
        let draft = Draft {
            time: "2025-06-02T03:04:05.5Z".parse().unwrap(),
            kind: kind.to_owned(),
            body,
        };
        open(file_in(&self.path("state")).to_str().unwrap())
            .unwrap()
            .append(&[draft], &[])
            .unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Runs `cordon ledger` on it.
    fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        let state = self.file("state");
        run(&[&["ledger", command, "--state", &state], arguments].concat())
    }

    /// Makes a key and gives its file and the public key.
    fn key(&self) -> (String, String) {
        let file = self.file("ledger.key");
        let ran = run(&[
            "ledger",
            "key",
            "--new",
            &file,
            "--name",
            "cordon.example.org",
            "-q",
        ])
        .ended(0);
        (file, ran.out.trim().to_owned())
    }

    /// Changes the database behind Cordon's back, as one who has the file can.
    fn tamper(&self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len());
        let file = file_in(&self.path("state"));
        let mut bytes = std::fs::read(&file).unwrap();
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        bytes.splice(at..at + from.len(), to.bytes());
        std::fs::write(&file, bytes).unwrap();
    }
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(Path::new(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_whole_record_is_whole() {
    let record = Record::new();
    let ran = record.run("verify", &[]).ended(0);
    assert!(ran.out.contains("Whole: 6 entries"), "{}", ran.out);
    assert!(ran.out.contains("Nobody's signature was checked"), "{}", ran.out);
    let answer = document(&record.run("verify", &["--json"]).ended(0));
    assert_eq!(
        (&answer["whole"], &answer["head"]["entries"]),
        (&json!(true), &json!(6))
    );
    assert_eq!(answer.get("problem"), None);
}

#[test]
fn a_changed_entry_is_named() {
    let record = Record::new();
    record.tamper(
        r#""minutes":30,"target":"account-1""#,
        r#""minutes":30,"target":"account-7""#,
    );
    let ran = record.run("verify", &[]).ended(1);
    assert!(ran.out.contains("Broken at entry 2."), "{}", ran.out);
    let answer = document(&record.run("verify", &["--json"]).ended(1));
    assert_eq!(
        (&answer["whole"], &answer["problem"]["entry"]),
        (&json!(false), &json!(2))
    );
    let (key, _) = record.key();
    for command in [&["checkpoint", "--key"][..], &["export", "--sign"]] {
        let ran = record.run(command[0], &[command[1], &key]).ended(1);
        assert!(
            ran.err.contains("entry 2") && !ran.out.contains("cordon.example.org"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
    assert_eq!(
        record.run("export", &["-o", &record.file("out")]).ended(1).out,
        ""
    );
    assert!(!record.path("out").exists(), "no half of an export is left");
}

#[test]
fn a_record_that_is_not_there_is_bad_input_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").to_str().unwrap().to_owned();
    for command in ["verify", "show", "export"] {
        let ran = run(&["ledger", command, "--state", &state]).ended(2);
        assert!(
            ran.err.contains("cordon.sqlite") && ran.out.is_empty(),
            "{}",
            ran.err
        );
    }
    assert!(!Path::new(&state).exists());
    let ran = run(&["ledger", "verify", &format!("{state}/no.ndjson")]).ended(2);
    assert!(ran.err.contains("no.ndjson"), "{}", ran.err);
}

#[test]
fn a_store_that_fails_exits_with_3_and_shows_no_password() {
    for query in ["", "?sslmode=disable"] {
        let url = format!("postgres://cordon:s3cret@db.example.org/cordon{query}");
        let ran = run(&["ledger", "verify", "--database", &url]).ended(3);
        assert!(
            ran.err.contains("db.example.org") && !ran.err.contains("s3cret"),
            "{}",
            ran.err
        );
    }
    let ran = run(&["ledger", "show", "--database", "mysql://root:s3cret@db/x"]).ended(2);
    assert!(
        ran.err.contains("postgres://") && !ran.err.contains("s3cret"),
        "{}",
        ran.err
    );
}

#[test]
fn the_environment_says_where_the_record_is() {
    let record = Record::new();
    let output = cordon(&["ledger", "verify", "--json"])
        .env_remove("CORDON_DATABASE")
        .env("CORDON_STATE", record.path("state"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let output = cordon(&["ledger", "verify", "--state", &record.file("state")])
        .env("CORDON_DATABASE", "postgres://nobody@127.0.0.1:1/none")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "--state outweighs the environment");
    let output = cordon(&["ledger", "verify"])
        .env("CORDON_DATABASE", "postgres://nobody@127.0.0.1:1/none")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_key_is_kept_from_others() {
    let record = Record::new();
    let (key, public) = record.key();
    assert_eq!(mode(&key), 0o600);
    assert!(public.starts_with("cordon.example.org+"), "{public}");
    assert_eq!(
        run(&["ledger", "key", "--show", &key]).ended(0).out.trim(),
        public
    );
    let shown = document(&run(&["ledger", "key", "--show", &key, "--json"]).ended(0));
    assert_eq!(shown, json!({"name": "cordon.example.org", "key": public}));
    let before = std::fs::read(&key).unwrap();
    run(&["ledger", "key", "--new", &key]).ended(2);
    assert_eq!(std::fs::read(&key).unwrap(), before, "a key is never replaced");
    run(&[
        "ledger",
        "key",
        "--new",
        &record.file("other"),
        "--name",
        "a name",
    ])
    .ended(2);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let ran = record.run("checkpoint", &["--key", &key]).ended(2);
    assert!(ran.err.contains("chmod 600"), "{}", ran.err);
    std::fs::write(record.path("public"), &public).unwrap();
    std::fs::set_permissions(record.path("public"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let ran = record
        .run("checkpoint", &["--key", &record.file("public")])
        .ended(2);
    assert!(ran.err.contains("ledger key --new"), "{}", ran.err);
}

#[test]
fn a_checkpoint_tells_a_record_that_was_rewritten() {
    let record = Record::new();
    let (key, public) = record.key();
    let note = record.file("monday.note");
    record.run("checkpoint", &["--key", &key, "-o", &note]).ended(0);
    record.append("withdrawal.lifted", json!({"target": "account-0"}));
    let checked = ["--checkpoint", &note, "--key", &public];
    let answer = document(
        &record
            .run("verify", &[&checked[..], &["--json"]].concat())
            .ended(0),
    );
    assert_eq!(
        answer["checkpoints_signed"],
        json!(2),
        "the file's, and the one kept in the store"
    );

    let the_same = Record::new();
    the_same.run("verify", &checked).ended(0);
    let other = Record {
        folder: tempfile::tempdir().unwrap(),
    };
    for number in 0..7 {
        other.append(
            "withdrawal.intended",
            json!({"target": "nobody", "number": number}),
        );
    }
    let ran = other.run("verify", &checked).ended(1);
    assert!(ran.out.contains("Broken at entry 5."), "{}", ran.out);
    let shorter = Record {
        folder: tempfile::tempdir().unwrap(),
    };
    shorter.append(
        "withdrawal.intended",
        json!({"target": "account-0", "minutes": 30}),
    );
    let ran = shorter.run("verify", &checked).ended(1);
    assert!(
        ran.out.contains("Broken at entry 1.") && ran.out.contains("6 entries"),
        "{}",
        ran.out
    );
}

#[test]
fn a_forged_checkpoint_is_refused() {
    let record = Record::new();
    let (key, public) = record.key();
    let note = record.run("checkpoint", &["--key", &key]).ended(0).out;
    let write = |text: &str| {
        std::fs::write(record.path("note"), text).unwrap();
        record.file("note")
    };
    let ran = record.run(
        "verify",
        &[
            "--key",
            &public,
            "--checkpoint",
            &write(&note.replace("\n6\n", "\n5\n")),
        ],
    );
    let ran = ran.ended(1);
    assert!(ran.out.contains("Not what was signed."), "{}", ran.out);
    let ran = record
        .run("verify", &["--key", &public, "--checkpoint", &write("hello")])
        .ended(2);
    assert!(ran.err.contains("not a signed note"), "{}", ran.err);
    record.run("verify", &["--checkpoint", &write(&note)]).ended(2);
    record.run("verify", &["--key", "nonsense"]).ended(2);
}

#[test]
fn an_export_is_verified_without_the_store() {
    let record = Record::new();
    let (key, public) = record.key();
    record.run("checkpoint", &["--key", &key, "-q"]).ended(0);
    record.append("withdrawal.lifted", json!(null));
    let file = record.file("export.ndjson");
    record.run("export", &["--sign", &key, "-o", &file]).ended(0);
    assert_eq!(mode(&file), 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 7 + 2 + 1);
    let answer = document(&run(&["ledger", "verify", &file, "--key", &public, "--json"]).ended(0));
    assert_eq!(
        (&answer["whole"], &answer["checkpoints_signed"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        run_with_input(&["ledger", "verify", "-"], text.as_bytes())
            .ended(0)
            .code,
        0
    );

    let changed = text.replacen("account-2", "account-9", 1);
    let ran = run_with_input(&["ledger", "verify", "-"], changed.as_bytes()).ended(1);
    assert!(ran.out.contains("Broken at entry 4."), "{}", ran.out);
    let cut = text.lines().take(3).collect::<Vec<_>>().join("\n");
    let ran = run_with_input(&["ledger", "verify", "-"], cut.as_bytes()).ended(1);
    assert!(ran.out.contains("cut off"), "{}", ran.out);
    run_with_input(&["ledger", "verify", "-"], b"\xff\xfe\n").ended(1);
    let printed = record.run("export", &[]).ended(0).out;
    assert_eq!(
        run_with_input(&["ledger", "verify", "-", "--json"], printed.as_bytes())
            .ended(0)
            .code,
        0
    );
}

#[test]
fn the_table_has_the_newest_last_and_nothing_for_a_terminal_to_obey() {
    let record = Record::new();
    let ran = record.run("show", &[]).ended(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines.first().unwrap().trim_start().starts_with('0'),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("account-2") && !ran.out.contains('\u{1b}'),
        "{}",
        ran.out
    );
    let of = |arguments: &[&str]| -> Vec<u64> {
        let ran = record.run("show", &[arguments, &["--json"]].concat()).ended(0);
        let indexes = ran
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64());
        indexes.map(Option::unwrap).collect()
    };
    assert_eq!(of(&[]), [0, 1, 2, 3, 4, 5]);
    assert_eq!(of(&["--last", "2"]), [4, 5]);
    assert_eq!(of(&["--kind", "withdrawal.applied"]), [1, 3, 5]);
    assert_eq!(of(&["--kind", "withdrawal", "--last", "1"]), [5]);
    assert!(of(&["--kind", "with"]).is_empty(), "a kind is not half a word");
}

#[test]
fn entries_are_followed_as_they_are_written() {
    let record = Record::new();
    let state = record.file("state");
    let mut child = cordon(&[
        "ledger", "show", "--state", &state, "--last", "1", "--follow", "--json",
    ])
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.next().unwrap().contains("\"index\":5"));
    record.append("withdrawal.lifted", json!({"target": "account-0"}));
    let followed = lines.next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        followed.contains("\"index\":6") && followed.contains("withdrawal.lifted"),
        "{followed}"
    );
}

//! What the process that holds the secrets must never link, and how much it may.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that read hostile logs, decide, or serve many people. None of their code runs where the secrets are.
const NEVER: [&str; 9] = [
    "cordon-estate",
    "cordon-evidence",
    "cordon-reach",
    "cordon-trade",
    "cordon-plan",
    "cordon-incident",
    "cordon-sim",
    "cordon-server",
    "cordon-cli",
];

/// Most packages that the crate names itself.
const DIRECT_MAX: usize = 40;

/// Most packages that are linked, this one and those of the workspace among them. `docs/dependencies.md` says why so many.
const LINKED_MAX: usize = 185;

/// What `cargo tree` says, one package a line, each once: its name.
fn tree(depth: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-p",
            "cordon-connectors",
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}", "--depth", depth])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.split(" (").next().unwrap().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn nothing_that_reads_logs_or_decides_runs_where_the_secrets_are() {
    let linked = tree("100");
    assert!(
        linked.iter().any(|one| one.starts_with("cordon-act ")),
        "{linked:?}"
    );
    for never in NEVER {
        assert!(
            !linked.iter().any(|one| one.split(' ').next() == Some(never)),
            "the actuator links {never}"
        );
    }
}

#[test]
fn what_is_linked_stays_within_its_caps() {
    let direct = tree("1").len() - 1;
    assert!(
        direct <= DIRECT_MAX,
        "{direct} packages named, {DIRECT_MAX} at most"
    );
    let linked = tree("100").len();
    assert!(
        linked <= LINKED_MAX,
        "{linked} packages linked, {LINKED_MAX} at most"
    );
}

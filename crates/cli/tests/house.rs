//! The walls of the house: which crate may use which, how much may be depended on, how long a file may be.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate may use, the table of `ARCHITECTURE.md`. A crate that is not here may not exist.
const MAY_USE: &[(&str, &[&str])] = &[
    ("estate", &[]),
    ("ledger", &[]),
    ("store", &["ledger"]),
    ("evidence", &["estate"]),
    ("reach", &["estate"]),
    ("trade", &["estate"]),
    ("plan", &["estate", "reach", "trade"]),
    ("incident", &["estate", "evidence", "reach", "trade", "plan"]),
    (
        "sim",
        &["estate", "evidence", "reach", "trade", "plan", "incident"],
    ),
    (
        "cli",
        &[
            "estate", "ledger", "store", "evidence", "reach", "trade", "plan", "incident", "sim",
        ],
    ),
];

/// Packages outside the workspace that the pure crates must never link: they reach out of the process.
const NEVER_IN_PURE: &[&str] = &["tokio", "async-std", "reqwest", "hyper", "ureq", "socket2", "mio"];

/// Crates that do no I/O, read no clock and draw no randomness of their own.
const PURE: &[&str] = &[
    "estate", "ledger", "evidence", "reach", "trade", "plan", "incident",
];

/// Most packages in the lock file. A newcomer compiles all of them.
const LOCKED_PACKAGES_MAX: usize = 250;

/// Most packages outside the workspace that one crate may name itself.
const DIRECT_DEPENDENCIES_MAX: usize = 20;

/// Longest source file in lines.
const FILE_LINES_MAX: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The dependencies of every member by kind: (`None` for normal, `Some("dev")` …), without the prefix `cordon-`.
fn members(metadata: &Value) -> BTreeMap<String, Vec<(Option<String>, String)>> {
    let ids: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| ids.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let name = package["name"]
                .as_str()
                .unwrap()
                .strip_prefix("cordon-")
                .unwrap()
                .to_owned();
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    (
                        one["kind"].as_str().map(str::to_owned),
                        one["name"].as_str().unwrap().to_owned(),
                    )
                })
                .collect();
            (name, dependencies)
        })
        .collect()
}

#[test]
fn crates_use_only_what_their_level_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (name, dependencies) in members(&metadata()) {
        let may_use = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("crate {name} is not in the layering table"));
        for (kind, dependency) in dependencies {
            let Some(short) = dependency.strip_prefix("cordon-") else {
                continue;
            };
            let for_tests = kind.as_deref() == Some("dev");
            assert!(
                may_use.contains(&short) || short == name || for_tests,
                "crate {name} must not use {short}: see ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn every_crate_of_the_table_exists() {
    let members = members(&metadata());
    for (name, _) in MAY_USE {
        assert!(
            members.contains_key(*name),
            "the layering table names {name}, which does not exist"
        );
    }
}

#[test]
fn pure_crates_link_no_network_client() {
    let members = members(&metadata());
    for name in PURE {
        for (kind, dependency) in &members[*name] {
            assert!(
                kind.as_deref() == Some("dev") || !NEVER_IN_PURE.contains(&dependency.as_str()),
                "crate {name} must stay pure and not link {dependency}"
            );
        }
    }
}

#[test]
fn dependencies_stay_within_their_caps() {
    let metadata = metadata();
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let locked = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(
        locked <= LOCKED_PACKAGES_MAX,
        "{locked} packages locked, {LOCKED_PACKAGES_MAX} at most"
    );
    for (name, dependencies) in members(&metadata) {
        let is_outside = |name: &str| !name.starts_with("cordon-");
        let direct = dependencies
            .iter()
            .filter(|(kind, dependency)| kind.is_none() && is_outside(dependency))
            .count();
        assert!(
            direct <= DIRECT_DEPENDENCIES_MAX,
            "crate {name} names {direct} packages, {DIRECT_DEPENDENCIES_MAX} at most"
        );
    }
}

#[test]
fn every_direct_dependency_is_justified() {
    let page = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    for (name, dependencies) in members(&metadata()) {
        for (_, dependency) in dependencies {
            assert!(
                dependency.starts_with("cordon-") || page.contains(&format!("`{dependency}`")),
                "crate {name} uses {dependency}, which docs/dependencies.md does not justify"
            );
        }
    }
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_source_file_is_a_giant() {
    let mut found = Vec::new();
    source_files(&root().join("crates"), &mut found);
    assert!(
        found.len() > 20,
        "only {} files found: is this the right folder?",
        found.len()
    );
    for path in found {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(
            lines <= FILE_LINES_MAX,
            "{} has {lines} lines, {FILE_LINES_MAX} at most: split it by meaning",
            path.display()
        );
    }
}

/// Calls by which a crate would reach out of the process or read the clock, outside tests.
const OUTSIDE_WORLD: &[&str] = &[
    "std::fs::",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process::",
    "std::env::",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::rng",
];

#[test]
fn pure_crates_touch_neither_files_nor_clocks() {
    for name in PURE {
        let mut found = Vec::new();
        source_files(&root().join("crates").join(name).join("src"), &mut found);
        for path in found {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for call in OUTSIDE_WORLD {
                assert!(
                    !code.contains(call),
                    "{} must stay pure but has {call}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_store_says_what_is_durable() {
    let mut found = Vec::new();
    source_files(&root().join("crates"), &mut found);
    let mut stores = 0;
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let in_tests = path.components().any(|part| part.as_os_str() == "tests");
        if in_tests || !(code.contains("Commit for") || code.contains("Durable::by(")) {
            continue;
        }
        let within = |part: &str| path.starts_with(root().join("crates").join(part));
        assert!(
            within("store/src") || within("ledger/src"),
            "{} must not say what is durable: only a completed write of the store does",
            path.display()
        );
        stores += usize::from(within("store/src"));
    }
    assert!(
        stores >= 2,
        "SQLite and PostgreSQL are no longer found: is the search still right?"
    );
}

#[test]
fn ci_runs_the_tests() {
    let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(script.contains("make test"));
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for needed in [
        "fmt --all --check",
        "clippy",
        "-D warnings",
        "test --locked --workspace",
    ] {
        assert!(makefile.contains(needed), "make test no longer runs `{needed}`");
    }
}

#[test]
fn every_crate_is_described_with_what_it_must_never_do() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, _) in MAY_USE {
        let heading = format!("### `{name}`");
        let section = page
            .split(&heading)
            .nth(1)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md lacks {heading}"));
        let section = section.split("\n### ").next().unwrap();
        assert!(
            section.contains("Must never"),
            "the section of {name} does not end in what it must never do"
        );
    }
}

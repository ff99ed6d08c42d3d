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
    ("testbed", &[]),
    ("evidence", &["estate"]),
    ("reach", &["estate"]),
    ("trade", &["estate"]),
    ("act", &["ledger"]),
    ("store", &["ledger"]),
    ("plan", &["estate", "reach", "trade"]),
    ("connectors", &["ledger", "act", "store"]),
    (
        "incident",
        &["estate", "ledger", "evidence", "reach", "trade", "act", "plan"],
    ),
    (
        "sim",
        &[
            "estate", "ledger", "evidence", "reach", "trade", "act", "store", "plan", "incident",
        ],
    ),
    (
        "cli",
        &[
            "estate", "ledger", "evidence", "reach", "trade", "act", "store", "plan", "incident", "sim",
        ],
    ),
];

/// Crates that only tests may use.
const ONLY_FOR_TESTS: &[&str] = &["testbed"];

/// Packages outside the workspace that the pure crates must never link: they reach out of the process.
const NEVER_IN_PURE: &[&str] = &[
    "tokio",
    "async-std",
    "reqwest",
    "hyper",
    "ureq",
    "socket2",
    "mio",
    "rustix",
    "rustls",
    "ldap3",
    "postgres",
    "tokio-postgres",
    "rusqlite",
    "getrandom",
];

/// Crates that do no I/O, read no clock and draw no randomness of their own.
const PURE: &[&str] = &[
    "estate", "ledger", "evidence", "reach", "trade", "act", "plan", "incident",
];

/// Most packages in the lock file, which names those of every feature and platform. 414 are there. More than half came with
/// execution on real servers: TLS (`rustls` with `ring`), LDAP (`ldap3`), PostgreSQL (`tokio-postgres`, `postgres`), SQLite,
/// OpenSSH signatures and HTTPS, each a protocol that nobody should write anew during an intrusion.
const LOCKED_PACKAGES_MAX: usize = 420;

/// Most packages that one crate may name itself.
const DIRECT_DEPENDENCIES_MAX: usize = 20;

/// Those with another limit. `connectors` speaks the protocol of every server there is a point for.
const DIRECT_DEPENDENCIES_MAX_OF: &[(&str, usize)] = &[("connectors", 40), ("cli", 25)];

/// How many direct dependencies a crate may name.
fn direct_dependencies_max(name: &str) -> usize {
    DIRECT_DEPENDENCIES_MAX_OF
        .iter()
        .find(|(one, _)| *one == name)
        .map_or(DIRECT_DEPENDENCIES_MAX, |(_, most)| *most)
}

/// Longest source file in lines.
const FILE_LINES_MAX: usize = 500;

/// Longest file of tests in lines.
const TEST_FILE_LINES_MAX: usize = 800;

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

/// Programs that a user runs must not start servers of their own.
#[test]
fn crates_for_tests_are_used_by_tests_only() {
    let mut users = 0;
    for (name, dependencies) in members(&metadata()) {
        for (kind, dependency) in dependencies {
            let for_tests = dependency
                .strip_prefix("cordon-")
                .is_some_and(|short| ONLY_FOR_TESTS.contains(&short));
            users += usize::from(for_tests);
            assert!(
                !for_tests || kind.as_deref() == Some("dev"),
                "crate {name} uses {dependency} outside its tests"
            );
        }
    }
    assert!(users > 0, "nobody uses the crates that are only for tests");
}

/// Defects are planted to show that tests find them: no crate may ask for them but the simulation's own feature.
#[test]
fn no_program_is_built_with_planted_defects() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            for feature in dependency["features"].as_array().unwrap() {
                let feature = feature.as_str().unwrap();
                assert!(
                    !["planted-bugs", "execution"].contains(&feature),
                    "{} asks for {feature} of {}",
                    package["name"],
                    dependency["name"]
                );
            }
        }
        if let Some(default) = package["features"]["default"].as_array() {
            assert!(
                default
                    .iter()
                    .all(|one| one != "execution" && one != "planted-bugs"),
                "{} has planted defects by default",
                package["name"]
            );
        }
    }
}

/// The actuator holds the secrets: what reads logs, plans or draws intruders must not be in its process, also by no detour.
#[test]
fn the_actuator_links_no_reader_of_logs() {
    let members = members(&metadata());
    let mut linked = BTreeSet::new();
    let mut waiting = vec!["connectors".to_owned()];
    while let Some(name) = waiting.pop() {
        for (kind, dependency) in &members[&name] {
            if let Some(short) = dependency.strip_prefix("cordon-")
                && kind.as_deref() != Some("dev")
                && linked.insert(short.to_owned())
            {
                waiting.push(short.to_owned());
            }
        }
    }
    assert!(
        linked.contains("act"),
        "the actuator does not even link act: {linked:?}"
    );
    for never in [
        "estate", "evidence", "reach", "trade", "plan", "incident", "sim", "cli",
    ] {
        assert!(!linked.contains(never), "the actuator links {never}");
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
        let direct = dependencies.iter().filter(|(kind, _)| kind.is_none()).count();
        let most = direct_dependencies_max(&name);
        assert!(
            direct <= most,
            "crate {name} names {direct} packages, {most} at most"
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
        let of_tests = path.ends_with("tests.rs") || path.iter().any(|folder| folder == "tests");
        let most = if of_tests {
            TEST_FILE_LINES_MAX
        } else {
            FILE_LINES_MAX
        };
        assert!(
            lines <= most,
            "{} has {lines} lines, {most} at most: split it by meaning",
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
fn ci_runs_the_tests() {
    let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(script.contains("make test"));
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for needed in [
        "fmt --all --check",
        "clippy",
        "-D warnings",
        "test --locked --workspace",
        "test --locked --workspace --features cordon-sim/execution --test execution",
        "clippy --locked --workspace --features cordon-sim/execution --test execution",
        "install-missing.sh servers",
    ] {
        assert!(makefile.contains(needed), "make test no longer runs `{needed}`");
    }
}

/// `Durable` is worth what stands behind it: only the stores may say that something is on disk.
#[test]
fn only_stores_promise_durability() {
    let mut found = Vec::new();
    source_files(&root().join("crates"), &mut found);
    let mut stores = 0;
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let promises = code
            .lines()
            .any(|line| line.starts_with("impl") && line.contains(concat!("Commit", " for ")));
        let of_store = path.starts_with(root().join("crates/store/src"));
        stores += usize::from(promises && of_store);
        assert!(
            !promises || of_store,
            "{} promises durability, which only a store may",
            path.display()
        );
    }
    assert_eq!(stores, 3, "SQLite, PostgreSQL, and the one in memory");
    let store = std::fs::read_to_string(root().join("crates/store/src/lib.rs")).unwrap();
    let for_tests = "#[cfg(feature = \"memory\")]\npub mod memory;";
    assert!(store.contains(for_tests), "what lies in memory is for tests only");
}

/// What a test of a real server needs must be in the lists that `make test` installs.
#[test]
fn the_packages_of_tests_are_package_names() {
    let folder = root().join("crates/testbed/packages");
    let mut lists = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        lists += 1;
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let is_name = line
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
            assert!(
                is_name && !line.starts_with('-') && !line.is_empty(),
                "{}: {line:?} is no name of a package",
                path.display()
            );
        }
    }
    assert!(lists > 0, "no list of packages");
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

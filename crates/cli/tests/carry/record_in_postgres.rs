//! A plan whose record is kept in a real PostgreSQL, over TLS, by a role with a password.

use cordon_testbed::{Folder, Postgres, skip};

use crate::bed::Night;
use crate::plain;

const PASSWORD: &str = "kept-out-of-everything";

/// A database of the role `keeper`, on a server that keeps what it says it keeps, and its URL.
fn database() -> Option<(Postgres, String)> {
    if let Some(missing) = Postgres::missing() {
        skip(&format!("{missing} is not installed"));
        return None;
    }
    let server = Postgres::start();
    if !server.has_tls() {
        skip("this PostgreSQL was built without TLS");
        return None;
    }
    for statement in [
        "ALTER SYSTEM SET fsync = on",
        "SELECT pg_reload_conf()",
        &format!("CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'"),
        "CREATE DATABASE record OWNER keeper",
    ] {
        server.psql(statement);
    }
    let (port, authority) = (server.port(), server.authority().certificate());
    let url = format!(
        "postgres://keeper:{PASSWORD}@localhost:{port}/record?sslmode=verify-full&sslrootcert={authority}"
    );
    Some((server, url))
}

fn night() -> Option<(Postgres, Night)> {
    let mut night = plain::night()?;
    let (server, url) = database()?;
    night.database = Some(url);
    Some((server, night))
}

/// Every file below a folder that holds the text.
fn files_with(folder: &Folder, text: &str) -> Vec<String> {
    let mut folders = vec![folder.path().to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let holds = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                found.extend(holds.then(|| path.display().to_string()));
            }
        }
    }
    found
}

#[test]
fn a_night_whose_record_is_in_a_database_can_be_verified_shown_and_exported() {
    let Some((server, night)) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
    night.apply(0, "plan", &[]);
    assert_eq!(plain::list(&night), "pat\n");
    night.ends(0, &["lift", "--all", "--key", "lee"]);
    assert_eq!(plain::list(&night), "");

    let verified = night.ends(0, &["ledger", "verify"]);
    assert!(verified.contains("Whole: "), "{verified}");
    let shown = night.ends(0, &["ledger", "show"]);
    assert!(shown.contains("account pat at list"), "{shown}");
    night.ends(0, &["ledger", "export", "-o", "export.ndjson"]);
    let exported = std::fs::read_to_string(night.folder.file("export.ndjson")).unwrap();
    let counted = server.try_psql("postgres", "record", "", "SELECT count(*) FROM cordon_entry");
    let entries = String::from_utf8(counted.stdout).unwrap();
    let entries: u64 = entries.trim().parse().unwrap();
    let ends: serde_json::Value = serde_json::from_str(exported.lines().last().unwrap()).unwrap();
    assert_eq!(ends["entries"], entries, "{exported}");
    assert_eq!(exported.lines().count() as u64, entries + 1, "{exported}");
    let again = night.ends(0, &["ledger", "verify", "export.ndjson"]);
    assert!(again.contains("Whole: "), "{again}");

    let said = [verified, shown, exported, night.actuator_said()].concat();
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(files_with(&night.folder, PASSWORD), Vec::<String>::new());
}

#[test]
fn a_row_that_an_administrator_changed_is_named() {
    let Some((server, night)) = night() else { return };
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
    night.apply(0, "plan", &[]);
    let changed = server.try_psql(
        "postgres",
        "record",
        "",
        "ALTER TABLE cordon_entry DISABLE TRIGGER USER; \
         UPDATE cordon_entry SET body = '8' WHERE idx = 3",
    );
    assert!(changed.status.success(), "{changed:?}");
    let said = night.ends(1, &["ledger", "verify"]);
    assert!(said.contains("entry 3"), "{said}");
}

#[test]
fn a_database_that_is_gone_is_the_store_that_fails_and_nothing_is_withdrawn() {
    let Some((mut server, night)) = night() else {
        return;
    };
    night.plan("plan", &["pat", "ws1"], &[]);
    night.approve_all("plan");
    night.apply(0, "plan", &[]);
    night.ends(0, &["lift", "--all", "--key", "lee"]);
    server.stop();
    let said = night.apply(3, "plan", &[]);
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(plain::list(&night), "");
}

//! The store in an SQLite file.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may fail loudly, and say how far they are"
)]

mod bed;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;

use bed::{at, crash, draft, drafts, refused, suite, verified};
use cordon_ledger::{Broken, BrokenAt};
use cordon_store::{FailureKind, SqliteStore, Store, StoreError, file_in, open, open_to_read};
use cordon_testbed::{Folder, is_root, run, skip};
use rusqlite::Connection;
use serde_json::{Value, json};

/// How often the writer is killed.
const KILLS: usize = 60;

/// How often several make one store at once.
const STARTS: usize = 60;

fn location(folder: &Folder) -> String {
    file_in(&folder.path().join("state")).to_str().unwrap().to_owned()
}

#[test]
fn the_suite() {
    let mut folders = Vec::new();
    suite::run(|| {
        folders.push(Folder::new());
        location(folders.last().unwrap())
    });
}

/// Who opens a store while another makes its tables sees all of them or none, and nothing of another program.
#[test]
fn a_store_that_is_just_being_made_is_a_store() {
    for _ in 0..STARTS {
        let folder = Folder::new();
        let location = location(&folder);
        let start = Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (location, start) = (&location, &start);
                scope.spawn(move || {
                    start.wait();
                    if number % 2 == 0 {
                        open(location).unwrap();
                    } else if let Err(error) = open_to_read(location) {
                        assert_eq!(error.failure(), Some(FailureKind::Absent), "{error}");
                    }
                });
            }
        });
    }
}

/// A process has one set of locks on a file, and closing any descriptor of it gives all of them up. SQLite knows that of its own
/// descriptors only, so a store that is opened must not open and close the file beside it.
#[test]
fn opening_a_store_again_keeps_the_locks_of_this_process() {
    let folder = Folder::new();
    let location = location(&folder);
    let mut store = open(&location).unwrap();
    store.append(&drafts(1), &[]).unwrap();
    let before = locks(&location);
    assert!(!before.is_empty(), "an open store holds a lock");
    drop(open(&location).unwrap());
    drop(open_to_read(&location).unwrap());
    assert_eq!(locks(&location), before);
}

/// The locks on a file, as the system lists them, without their numbers.
fn locks(location: &str) -> Vec<String> {
    let inode = format!(":{} ", std::fs::metadata(location).unwrap().ino());
    let all = std::fs::read_to_string("/proc/locks").unwrap();
    let of_the_file = all.lines().filter(|line| line.contains(&inode));
    of_the_file
        .map(|line| line.split_once(": ").unwrap().1.to_owned())
        .collect()
}

#[test]
fn the_writer() {
    crash::write_if_told();
}

#[test]
fn what_was_durable_survives_a_killed_writer() {
    let folder = Folder::new();
    let location = location(&folder);
    let (mut promised, mut there) = (0, 0);
    for _ in 0..KILLS {
        promised = crash::write_until_killed(&location, "the_writer").max(promised);
        let now = crash::check(&location, promised);
        assert!(now > there, "the writer wrote nothing");
        there = now;
    }
    println!("killed {KILLS} times; {promised} entries promised, {there} there");
}

#[test]
fn only_the_owner_may_read_the_files() {
    let folder = Folder::new();
    let location = location(&folder);
    let mut store = open(&location).unwrap();
    store.append(&drafts(1), &[]).unwrap();
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        mode(Path::new(&location).parent().unwrap().to_str().unwrap()),
        0o700
    );
    for file in ["", "-wal", "-shm"] {
        assert_eq!(mode(&format!("{location}{file}")), 0o600, "{file}");
    }
}

#[test]
fn a_place_where_others_may_write_is_refused() {
    for (path, mode) in [("state/cordon.sqlite", 0o666), ("state", 0o777)] {
        let folder = Folder::new();
        let location = location(&folder);
        drop(open(&location).unwrap());
        std::fs::set_permissions(folder.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
        for error in [refused(open(&location)), refused(open_to_read(&location))] {
            assert_eq!(error.failure(), Some(FailureKind::Insecure), "{error}");
            assert!(error.to_string().contains("chmod"), "{error}");
        }
    }
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = Folder::new();
    let text = folder.write("text", &"This is no database. ".repeat(100));
    let other = folder.file("other.sqlite");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let newer = folder.file("newer.sqlite");
    drop(open(&newer).unwrap());
    Connection::open(&newer)
        .unwrap()
        .execute_batch("PRAGMA user_version = 2")
        .unwrap();
    for (path, kind) in [
        (&text, FailureKind::Foreign),
        (&other, FailureKind::Foreign),
        (&newer, FailureKind::Newer),
        (&folder.path().to_str().unwrap().to_owned(), FailureKind::Foreign),
    ] {
        let before = std::fs::read(path).ok();
        for error in [refused(open(path)), refused(open_to_read(path))] {
            assert_eq!(error.failure(), Some(kind), "{path}: {error}");
            assert!(error.to_string().contains(path), "{error}");
        }
        assert_eq!(std::fs::read(path).ok(), before, "{path} was changed");
    }
}

/// Opens the file as a program other than Cordon would.
fn tamper(location: &str, statements: &str) {
    Connection::open(location)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
}

const WITHOUT_GUARDS: &str = "DROP TRIGGER entry_is_never_changed; DROP TRIGGER entry_is_never_removed;";

#[test]
fn entries_are_neither_changed_nor_removed_by_mistake() {
    let folder = Folder::new();
    let location = location(&folder);
    open(&location).unwrap().append(&drafts(2), &[]).unwrap();
    let connection = Connection::open(&location).unwrap();
    for statement in ["UPDATE entry SET body = '1'", "DELETE FROM entry WHERE idx = 1"] {
        let error = connection.execute_batch(statement).unwrap_err().to_string();
        assert!(error.contains("never"), "{error}");
    }
}

#[test]
fn a_tampered_entry_is_named() {
    for (change, index, why) in [
        (
            "UPDATE entry SET body = '{\"number\":7}' WHERE idx = 1",
            1,
            Broken::Digest,
        ),
        (
            "UPDATE entry SET body = '{\"number\": 1}' WHERE idx = 1",
            1,
            Broken::NotCanonical,
        ),
        (
            "UPDATE entry SET time = '2025-06-02T03:04:05.123456789+00:00' WHERE idx = 2",
            2,
            Broken::NotCanonical,
        ),
        ("UPDATE entry SET kind = 'other' WHERE idx = 0", 0, Broken::Digest),
        (
            "UPDATE entry SET previous = zeroblob(32) WHERE idx = 2",
            2,
            Broken::Digest,
        ),
        ("DELETE FROM entry WHERE idx = 1", 1, Broken::Index { found: 2 }),
    ] {
        let folder = Folder::new();
        let location = location(&folder);
        open(&location).unwrap().append(&drafts(4), &[]).unwrap();
        tamper(
            &location,
            &format!(
                "{WITHOUT_GUARDS} PRAGMA ignore_check_constraints = 1; {}",
                relaxed(change)
            ),
        );
        assert_eq!(first_broken(&location), BrokenAt { index, why }, "{change}");
    }
}

/// The first entry needs the zeros for itself.
fn relaxed(change: &str) -> String {
    change.replace("zeroblob(32)", "randomblob(32)")
}

fn first_broken(location: &str) -> BrokenAt {
    let store = open_to_read(location).unwrap();
    let mut verifying = cordon_ledger::Verifying::new();
    for entry in cordon_store::entries(store.as_ref(), 0) {
        match entry {
            Ok(entry) => {
                if let Err(broken) = verifying.push(&entry) {
                    return broken;
                }
            }
            Err(StoreError::Broken(broken)) => return broken,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the record is whole");
}

#[test]
fn nothing_is_chained_to_a_tampered_end() {
    let folder = Folder::new();
    let location = location(&folder);
    let mut store = open(&location).unwrap();
    store.append(&drafts(3), &[]).unwrap();
    tamper(
        &location,
        &format!("{WITHOUT_GUARDS} UPDATE entry SET body = 'false' WHERE idx = 2"),
    );
    let error = refused(store.append(&drafts(1), &[]));
    assert!(
        matches!(
            error,
            StoreError::Broken(BrokenAt {
                index: 2,
                why: Broken::Digest
            })
        ),
        "{error}"
    );
}

#[test]
fn a_damaged_file_is_an_error_that_says_so() {
    let folder = Folder::new();
    let location = location(&folder);
    open(&location).unwrap().append(&drafts(400), &[]).unwrap();
    let mut bytes = std::fs::read(&location).unwrap();
    let length = bytes.len();
    bytes[4096..length - 4096].fill(0xa5);
    std::fs::write(&location, bytes).unwrap();
    let error = open(&location).and_then(|mut store| store.append(&drafts(1), &[]).map(|_| ()));
    let error = refused(error);
    assert_eq!(error.failure(), Some(FailureKind::Corrupt), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
}

#[test]
fn a_writer_that_hangs_does_not_hang_the_others_for_ever() {
    let folder = Folder::new();
    let location = location(&folder);
    let mut store = open(&location).unwrap();
    let hanging = Connection::open(&location).unwrap();
    hanging.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = refused(store.append(&drafts(1), &[]));
    assert_eq!(error.failure(), Some(FailureKind::Busy), "{error}");
    hanging.execute_batch("ROLLBACK").unwrap();
    store.append(&drafts(1), &[]).unwrap();
}

#[test]
fn a_store_in_memory_does_the_same() {
    let mut store = SqliteStore::in_memory().unwrap();
    let claim = store
        .claim("vpn", "drill", at(0), std::time::Duration::from_secs(60))
        .unwrap();
    store.append(&drafts(3), &[claim.fence()]).unwrap();
    assert_eq!(verified(&store).head.entries, 3);
}

/// A small file system of its own, gone when dropped.
struct Disk {
    folder: Folder,
}

impl Disk {
    fn new(size: &str) -> Self {
        let folder = Folder::new();
        let path = folder.path().to_str().unwrap();
        run(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=700"),
                "cordon-test",
                path,
            ],
        );
        Self { folder }
    }

    fn remount(&self, options: &str) {
        let path = self.folder.path().to_str().unwrap();
        run("mount", &["-o", &format!("remount,{options}"), path]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// False, with the reason said, where no file system can be mounted.
fn can_mount() -> bool {
    let allowed = is_root()
        && Command::new("unshare")
            .args(["-m", "true"])
            .status()
            .is_ok_and(|status| status.success());
    if !allowed {
        skip("mounting a small file system needs root");
    }
    allowed
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_lost() {
    if !can_mount() {
        return;
    }
    let disk = Disk::new("1m");
    let location = location(&disk.folder);
    let mut store = open(&location).unwrap();
    let mut durable = 0;
    let error = loop {
        let two = [draft(json!(durable)), draft(Value::from("x".repeat(50_000)))];
        match store.append(&two, &[]) {
            Ok(appended) => durable = appended.durable.head().entries,
            Err(error) => break error,
        }
    };
    assert_eq!(error.failure(), Some(FailureKind::Full), "{error}");
    assert!(error.to_string().contains("Make room"), "{error}");
    assert!(durable > 4 && durable % 2 == 0, "{durable} written");
    assert_eq!(
        verified(store.as_ref()).head.entries,
        durable,
        "a part of an append is there"
    );
    refused(store.append(&[draft(Value::from("x".repeat(500_000)))], &[]));
    disk.remount("size=8m");
    store.append(&drafts(2), &[]).unwrap();
    drop(store);
    assert_eq!(
        verified(open_to_read(&location).unwrap().as_ref()).head.entries,
        durable + 2
    );
}

#[test]
fn a_read_only_disk_is_read_and_not_written() {
    if !can_mount() {
        return;
    }
    let disk = Disk::new("4m");
    let location = location(&disk.folder);
    open(&location).unwrap().append(&drafts(3), &[]).unwrap();
    disk.remount("ro");
    let error = refused(open(&location));
    assert_eq!(error.failure(), Some(FailureKind::ReadOnly), "{error}");
    let mut store = open_to_read(&location).unwrap();
    assert_eq!(verified(store.as_ref()).head.entries, 3);
    assert_eq!(
        refused(store.append(&drafts(1), &[])).failure(),
        Some(FailureKind::ReadOnly)
    );
    let error = refused(open(&format!("{}/new/store", disk.folder.path().display())));
    assert_eq!(error.failure(), Some(FailureKind::ReadOnly), "{error}");
}

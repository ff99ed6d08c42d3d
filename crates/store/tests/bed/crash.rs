//! A process that appends until it is killed, and what must hold afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use cordon_store::{open, open_to_read};
use serde_json::json;

use super::{draft, verified};

/// Tells the test program that it is the writer, and where it writes.
const LOCATION: &str = "CORDON_TEST_WRITER";

/// The whole of the writer's process: appends batches of 1 to 5 entries, and says each time how many entries are durable. Returns
/// if this process is not one.
pub(crate) fn write_if_told() {
    let Some(location) = std::env::var_os(LOCATION) else {
        return;
    };
    let mut store = open(location.to_str().unwrap()).unwrap();
    let mut out = std::io::stdout().lock();
    for round in 0_u64.. {
        let size = 1 + round % 5;
        let batch = format!("{} {round}", std::process::id());
        let drafts = (0..size).map(|place| draft(json!({"batch": batch, "place": place, "size": size})));
        let durable = store.append(&drafts.collect::<Vec<_>>(), &[]).unwrap().durable;
        writeln!(out, "\ndurable {}", durable.head().entries).unwrap();
        out.flush().unwrap();
    }
}

/// Starts the writer, kills it (SIGKILL) at a random moment after its first word, and gives the last number that it promised.
pub(crate) fn write_until_killed(location: &str, test: &str) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(LOCATION, location)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let killed_after = Duration::from_micros(random_below(40_000));
    let (mut promised, mut killing) = (0, None);
    for line in out.lines().map_while(Result::ok) {
        let Some(number) = line.strip_prefix("durable ") else {
            continue;
        };
        // The last line may be cut off by the kill.
        promised = number.parse().unwrap_or(promised).max(promised);
        if killing.is_none() {
            let id = child.id().to_string();
            killing = Some(std::thread::spawn(move || {
                std::thread::sleep(killed_after);
                assert!(
                    Command::new("kill")
                        .args(["-KILL", &id])
                        .status()
                        .unwrap()
                        .success()
                );
            }));
        }
    }
    killing.expect("the writer wrote").join().unwrap();
    child.wait().unwrap();
    promised
}

/// Everything promised is there, the chain holds, and no batch is torn.
pub(crate) fn check(location: &str, promised: u64) -> u64 {
    let store = open_to_read(location).unwrap();
    let there = verified(store.as_ref()).head.entries;
    assert!(
        there >= promised,
        "{promised} entries were promised, {there} are there"
    );
    let mut expected = 0;
    for entry in cordon_store::entries(store.as_ref(), 0) {
        let body = entry.unwrap().body;
        assert_eq!(body["place"], expected, "a batch was torn");
        expected = (expected + 1) % body["size"].as_u64().unwrap();
    }
    assert_eq!(expected, 0, "the last batch was torn");
    there
}

/// Randomness that the standard library draws for its hash tables.
fn random_below(bound: u64) -> u64 {
    use std::hash::BuildHasher as _;
    std::collections::hash_map::RandomState::new().hash_one(0) % bound
}

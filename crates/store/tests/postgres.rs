//! The store in PostgreSQL, on private servers that the tests start.
#![cfg(feature = "postgres")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests may fail loudly, and say how far they are"
)]

mod bed;

use bed::cluster::Cluster;
use bed::{crash, drafts, refused, suite, verified};
use cordon_ledger::{Broken, BrokenAt};
use cordon_store::{FailureKind, StoreError, open, open_to_read};
use cordon_testbed::skip;

/// How often the writer is killed.
const KILLS: usize = 50;

/// A private server, or `None` with the reason said.
fn cluster(settings: &[&str]) -> Option<Cluster> {
    Cluster::start(settings).inspect_err(|why| skip(why)).ok()
}

#[test]
fn the_suite() {
    let Some(cluster) = cluster(&[]) else { return };
    suite::run(|| cluster.fresh());
}

#[test]
fn the_suite_where_the_server_defaults_to_less() {
    let settings = [
        "synchronous_commit=off",
        "default_transaction_isolation=serializable",
    ];
    let Some(cluster) = cluster(&settings) else { return };
    suite::run(|| cluster.fresh());
}

#[test]
fn the_writer() {
    crash::write_if_told();
}

#[test]
fn what_was_durable_survives_a_killed_writer_and_a_killed_server() {
    let Some(mut cluster) = cluster(&[]) else { return };
    let location = cluster.fresh();
    let (mut promised, mut there) = (0, 0);
    for round in 0..KILLS {
        promised = crash::write_until_killed(&location, "the_writer").max(promised);
        if round % 10 == 9 {
            cluster.crash_and_start();
        }
        let now = crash::check(&location, promised);
        assert!(now > there, "the writer wrote nothing");
        there = now;
    }
    println!("killed {KILLS} times; {promised} entries promised, {there} there");
}

#[test]
fn a_connection_that_was_lost_is_made_again() {
    let Some(mut cluster) = cluster(&[]) else { return };
    let mut store = open(&cluster.fresh()).unwrap();
    store.append(&drafts(2), &[]).unwrap();
    cluster.crash_and_start();
    // The first call may find out that the connection is gone; nothing was sent, so it is no unknown outcome.
    if let Err(error) = store.append(&drafts(1), &[]) {
        assert_eq!(error.failure(), Some(FailureKind::Unreachable), "{error}");
        store.append(&drafts(1), &[]).unwrap();
    }
    assert_eq!(verified(store.as_ref()).head.entries, 3);
}

#[test]
fn tampering_is_refused_or_named() {
    let Some(cluster) = cluster(&[]) else { return };
    let location = cluster.fresh();
    open(&location).unwrap().append(&drafts(4), &[]).unwrap();
    for statement in [
        "UPDATE cordon_entry SET kind = 'x'",
        "DELETE FROM cordon_entry",
        "TRUNCATE cordon_entry",
    ] {
        assert!(
            cluster
                .sql("fresh0", statement)
                .unwrap_err()
                .contains("never changed"),
            "{statement}"
        );
    }
    cluster
        .sql("fresh0", "ALTER TABLE cordon_entry DISABLE TRIGGER USER")
        .unwrap();
    cluster
        .sql("fresh0", "UPDATE cordon_entry SET body = '8' WHERE idx = 3")
        .unwrap();
    let error = refused(open(&location).unwrap().append(&drafts(1), &[]));
    assert!(
        matches!(
            error,
            StoreError::Broken(BrokenAt {
                index: 3,
                why: Broken::Digest
            })
        ),
        "{error}"
    );
}

#[test]
fn a_server_that_cannot_be_used_is_refused_with_what_to_do() {
    let Some(cluster) = cluster(&["fsync=off"]) else {
        return;
    };
    let location = cluster.fresh();
    let error = refused(open(&location));
    assert_eq!(error.failure(), Some(FailureKind::NotDurable), "{error}");
    assert!(error.to_string().contains("fsync"), "{error}");
    let error = refused(open(&cluster.url("nowhere")));
    assert_eq!(error.failure(), Some(FailureKind::Absent), "{error}");
    drop(cluster);
    let error = refused(open(&location));
    assert_eq!(error.failure(), Some(FailureKind::Unreachable), "{error}");
}

#[test]
fn other_versions_encodings_and_rights_are_refused() {
    let Some(cluster) = cluster(&[]) else { return };
    let location = cluster.fresh();
    drop(open(&location).unwrap());
    cluster
        .sql("fresh0", "UPDATE cordon_version SET version = 2")
        .unwrap();
    assert_eq!(refused(open(&location)).failure(), Some(FailureKind::Newer));
    assert_eq!(
        refused(open_to_read(&location)).failure(),
        Some(FailureKind::Newer)
    );
    cluster
        .sql(
            "postgres",
            "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        )
        .unwrap();
    assert_eq!(
        refused(open(&cluster.url("latin"))).failure(),
        Some(FailureKind::Foreign)
    );
    cluster.sql("postgres", "CREATE ROLE reader LOGIN").unwrap();
    let url = cluster.fresh();
    let as_reader = url.replace("cordon@", "reader@");
    assert_eq!(refused(open(&as_reader)).failure(), Some(FailureKind::Denied));
    open(&url).unwrap().append(&drafts(2), &[]).unwrap();
    assert_eq!(
        refused(open_to_read(&as_reader)).failure(),
        Some(FailureKind::Denied)
    );
    cluster
        .sql("fresh1", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        .unwrap();
    assert_eq!(
        verified(open_to_read(&as_reader).unwrap().as_ref()).head.entries,
        2
    );
}

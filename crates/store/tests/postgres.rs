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
#[path = "bed/cluster.rs"]
mod cluster;
#[path = "bed/proxy.rs"]
mod proxy;

use std::process::Command;

use bed::{crash, drafts, refused, suite, verified};
use cluster::Cluster;
use cordon_ledger::{Broken, BrokenAt};
use cordon_store::{FailureKind, StoreError, open, open_to_read};
use cordon_testbed::{skip, wait_until};
use proxy::{Cut, Wire};

/// How often the writer is killed.
const KILLS: usize = 50;

/// A private server, or `None` with the reason said.
fn start(settings: &[&str]) -> Option<Cluster> {
    Cluster::start(settings).inspect_err(|why| skip(why)).ok()
}

#[test]
fn the_suite() {
    let Some(cluster) = start(&[]) else { return };
    suite::run(|| cluster.fresh());
}

#[test]
fn the_suite_where_the_server_defaults_to_less() {
    let settings = [
        "synchronous_commit=off",
        "default_transaction_isolation=serializable",
    ];
    let Some(cluster) = start(&settings) else { return };
    suite::run(|| cluster.fresh());
}

#[test]
fn the_writer() {
    crash::write_if_told();
}

#[test]
fn what_was_durable_survives_a_killed_writer_and_a_killed_server() {
    let Some(mut cluster) = start(&[]) else { return };
    let location = cluster.fresh();
    let (mut promised, mut there) = (0, 0);
    for round in 0..KILLS {
        promised = crash::write_until_killed(&location, "the_writer").max(promised);
        if round % 10 == 9 {
            cluster.crash_and_start();
        }
        wait_until("the session of the killed writer ends", 60, || {
            cluster.has_no_writer()
        });
        let now = crash::check(&location, promised);
        assert!(now > there, "the writer wrote nothing");
        there = now;
    }
    println!("killed {KILLS} times; {promised} entries promised, {there} there");
}

#[test]
fn a_connection_that_was_lost_is_made_again() {
    let Some(mut cluster) = start(&[]) else { return };
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
    let Some(cluster) = start(&[]) else { return };
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
    let Some(cluster) = start(&["fsync=off"]) else {
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
    let Some(cluster) = start(&[]) else { return };
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

/// Certificates made with openssl: an authority, and a server's for `localhost` signed by it. `None` without openssl.
fn certificates(cluster: &Cluster, host: &str) -> Option<String> {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(cluster.folder().path())
            .output()
            .ok()?;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(())
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"
    ))?;
    openssl(&format!(
        "req {key} -keyout server.key -out server.csr -subj /CN=server"
    ))?;
    cluster
        .folder()
        .write("names", &format!("subjectAltName=DNS:{host}\n"));
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
    )?;
    cluster.own("server.key");
    cluster.own("server.pem");
    for (name, value) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
        let file = cluster.folder().file(value);
        cluster
            .sql("postgres", &format!("ALTER SYSTEM SET {name} = '{file}'"))
            .unwrap();
    }
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
    cluster.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    wait_until("TLS is on", 60, || {
        cluster.sql("postgres", "SHOW ssl").as_deref() == Ok("on")
    });
    Some(cluster.folder().file("ca.pem"))
}

#[test]
fn tls_is_used_and_checked() {
    let Some(cluster) = start(&[]) else { return };
    let Some(authority) = certificates(&cluster, "localhost") else {
        return skip("openssl is not installed");
    };
    let url = cluster.fresh().replace("127.0.0.1", "localhost");
    let checked = format!("{url}?sslmode=verify-full&sslrootcert={authority}");
    let mut store = open(&checked).unwrap();
    store.append(&drafts(1), &[]).unwrap();
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND application_name = 'cordon'";
    assert_eq!(cluster.sql("postgres", encrypted).as_deref(), Ok("1"));
    drop(store);

    let other = start(&[]).and_then(|other| Some((certificates(&other, "localhost")?, other)));
    let (stranger, _other) = other.unwrap();
    let by_number = cluster.url("fresh0");
    for wrong in [
        format!("{url}?sslmode=verify-full&sslrootcert={stranger}"),
        format!("{by_number}?sslmode=verify-full&sslrootcert={authority}"),
    ] {
        let error = refused(open(&wrong));
        assert_eq!(error.failure(), Some(FailureKind::Insecure), "{wrong}: {error}");
    }
    for unusable in ["/nonexistent.pem", &cluster.folder().file("names")] {
        let error = refused(open(&format!("{url}?sslrootcert={unusable}")));
        assert_eq!(error.failure(), Some(FailureKind::Location), "{error}");
    }
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_wanted() {
    let (Some(cluster), Some(with)) = (start(&[]), start(&[])) else {
        return;
    };
    let Some(authority) = certificates(&with, "localhost") else {
        return skip("openssl is not installed");
    };
    let url = cluster.fresh().replace("127.0.0.1", "localhost");
    let error = refused(open(&format!("{url}?sslmode=require&sslrootcert={authority}")));
    assert_eq!(error.failure(), Some(FailureKind::Insecure), "{error}");
}

#[test]
fn a_commit_whose_answer_is_lost_is_neither_done_nor_failed() {
    let Some(cluster) = start(&[]) else { return };
    let direct = cluster.fresh();
    let wire = Wire::to(cluster.port());
    let mut store = open(&direct.replace(&cluster.port().to_string(), &wire.port().to_string())).unwrap();
    store.append(&drafts(1), &[]).unwrap();
    let other = open_to_read(&direct).unwrap();
    for (cut, there) in [
        (Cut::AfterCommit, 3),
        (Cut::BeforeCommit, 3),
        (Cut::AfterCommit, 5),
    ] {
        wire.cut(cut);
        let error = refused(store.append(&drafts(2), &[]));
        assert!(matches!(error, StoreError::Unknown(_)), "{error}");
        assert!(error.to_string().contains("nobody knows"), "{error}");
        wire.cut(Cut::Never);
        wait_until("the server has finished", 60, || {
            other.head().unwrap().entries == there
        });
    }
    // The same store goes on, from where the ledger really ends.
    store.append(&drafts(1), &[]).unwrap();
    assert_eq!(verified(store.as_ref()).head.entries, 6);
}

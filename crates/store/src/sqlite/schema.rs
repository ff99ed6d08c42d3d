//! The tables, and which version of them a file has.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failed;
use crate::error::{FailureKind, StoreError};

/// `Crdn`: marks the file as Cordon's (SQLite's `application_id`).
const APPLICATION: i64 = 0x4372_646e;

/// The version of the tables below (SQLite's `user_version`).
const VERSION: i64 = 1;

/// The tables of version 1. Triggers refuse what an append-only record never does; whoever has the file can drop them, so they
/// guard against mistakes, and the chain against the rest.
const TABLES: &str = "
CREATE TABLE entry (
    idx      INTEGER PRIMARY KEY CHECK (idx >= 0),
    time     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    body     TEXT NOT NULL,
    previous BLOB NOT NULL UNIQUE CHECK (length(previous) = 32),
    digest   BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
) STRICT;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'an entry of the ledger is never changed');
END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'an entry of the ledger is never removed');
END;
CREATE TABLE claim (
    resource TEXT PRIMARY KEY,
    holder   TEXT,
    epoch    INTEGER NOT NULL CHECK (epoch > 0),
    until    TEXT NOT NULL
) STRICT;
CREATE TABLE checkpoint (
    entries INTEGER NOT NULL CHECK (entries >= 0),
    note    TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE flushed (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO flushed VALUES (1, 0);
";

/// Makes the tables if the file is new; refuses files of others and of newer versions.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    if look(connection)? {
        return Ok(());
    }
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(|e| failed(&e))?;
    // Another process may have made them in the meantime.
    if !check(&transaction)? {
        transaction.execute_batch(TABLES).map_err(|e| failed(&e))?;
        set(&transaction, "application_id", APPLICATION)?;
        set(&transaction, "user_version", VERSION)?;
    }
    transaction.commit().map_err(|e| failed(&e))
}

/// True if the file has the tables of this version, false if it is empty. Looks in a transaction of its own, so that a file whose
/// tables are just being made has all of them and their marks, or none.
pub(super) fn look(connection: &Connection) -> Result<bool, StoreError> {
    let transaction = connection.unchecked_transaction().map_err(|e| failed(&e))?;
    check(&transaction)
}

/// As [`look`], within the transaction that is running.
fn check(connection: &Transaction<'_>) -> Result<bool, StoreError> {
    let application = get(connection, "SELECT application_id FROM pragma_application_id")?;
    let version = get(connection, "SELECT user_version FROM pragma_user_version")?;
    let tables = get(connection, "SELECT count(*) FROM sqlite_schema")?;
    match (application, version) {
        (APPLICATION, VERSION) => Ok(true),
        (APPLICATION, newer) if newer > VERSION => Err(StoreError::failed(
            FailureKind::Newer,
            format!("the store has version {newer} of its tables, and this program knows up to {VERSION}"),
        )),
        (0, 0) if tables == 0 => Ok(false),
        _ => Err(StoreError::failed(
            FailureKind::Foreign,
            "the file is an SQLite database of another program",
        )),
    }
}

fn get(connection: &Connection, query: &str) -> Result<i64, StoreError> {
    connection
        .query_row(query, [], |row| row.get(0))
        .map_err(|e| failed(&e))
}

fn set(connection: &Connection, pragma: &str, value: i64) -> Result<(), StoreError> {
    connection
        .pragma_update(None, pragma, value)
        .map_err(|e| failed(&e))
}

//! The tables, and which version of them a database has.

use postgres::{Client, GenericClient, IsolationLevel};

use super::failure::failed;
use crate::error::{FailureKind, StoreError};

/// The version of the tables below.
const VERSION: i64 = 1;

/// What every writer holds while it writes, so that one at a time goes on from the end. The number is arbitrary and the same
/// for all programs that use the database: `Crdn` and a one.
const WRITER: i64 = 0x4372_646e_0000_0001;

/// The tables of version 1. Triggers refuse what an append-only record never does; the owner of the tables can drop them, so they
/// guard against mistakes, and the chain against the rest.
const TABLES: &str = "
CREATE TABLE cordon_version (version BIGINT NOT NULL);
CREATE TABLE cordon_entry (
    idx      BIGINT PRIMARY KEY CHECK (idx >= 0),
    time     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    body     TEXT NOT NULL,
    previous BYTEA NOT NULL UNIQUE CHECK (length(previous) = 32),
    digest   BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32)
);
CREATE FUNCTION cordon_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry of the ledger is never changed or removed';
END $$;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON cordon_entry
    FOR EACH STATEMENT EXECUTE FUNCTION cordon_refuse();
CREATE TABLE cordon_claim (
    resource TEXT PRIMARY KEY,
    holder   TEXT,
    epoch    BIGINT NOT NULL CHECK (epoch > 0),
    until    TEXT NOT NULL
);
CREATE TABLE cordon_checkpoint (
    entries BIGINT NOT NULL CHECK (entries >= 0),
    number  BIGSERIAL PRIMARY KEY,
    note    TEXT NOT NULL
);
INSERT INTO cordon_version VALUES (1);
";

/// Asks the catalogue as the statement's snapshot sees it: `to_regclass` may answer from a cache that is older than the turn to
/// write, so that two programs would both make the tables.
const IS_THERE: &str = "
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname = 'cordon_version' AND n.nspname = ANY (current_schemas(false))
)";

/// Makes the tables if there are none; refuses those of newer versions.
pub(super) fn prepare(client: &mut Client) -> Result<(), StoreError> {
    if check(client)? {
        return Ok(());
    }
    let mut transaction = begin(client)?;
    // Another process may have made them in the meantime.
    if !check(&mut transaction)? {
        transaction
            .batch_execute(TABLES)
            .map_err(|error| failed(&error))?;
    }
    transaction.commit().map_err(|error| failed(&error))
}

/// True if the database has the tables of this version, false if it has none.
pub(super) fn check(client: &mut impl GenericClient) -> Result<bool, StoreError> {
    let there: bool = client
        .query_one(IS_THERE, &[])
        .and_then(|row| row.try_get(0))
        .map_err(|error| failed(&error))?;
    if !there {
        return Ok(false);
    }
    let version: i64 = client
        .query_one("SELECT version FROM cordon_version", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|error| failed(&error))?;
    if version == VERSION {
        return Ok(true);
    }
    Err(StoreError::failed(
        FailureKind::Newer,
        format!("the store has version {version} of its tables, and this program knows up to {VERSION}"),
    ))
}

/// Waits for the turn to write, and says whether this transaction may.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock($1), current_setting('transaction_read_only')";

/// A transaction that no other writer runs beside. `READ COMMITTED` whatever the server's default is: what is read after the
/// writer's turn has come must be what the last one committed.
pub(super) fn begin(client: &mut Client) -> Result<postgres::Transaction<'_>, StoreError> {
    let mut transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .map_err(|error| failed(&error))?;
    let read_only: String = transaction
        .query_one(TAKE_TURN, &[&WRITER])
        .and_then(|row| row.try_get(1))
        .map_err(|error| failed(&error))?;
    if read_only == "off" {
        return Ok(transaction);
    }
    let what = "the session, or the server as a standby, is read-only";
    Err(StoreError::failed(FailureKind::ReadOnly, what))
}

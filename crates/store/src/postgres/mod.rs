//! A store in a PostgreSQL database, for several servers.

mod address;
mod claims;
mod failure;
mod schema;
mod session;

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use cordon_ledger::{Chain, CheckpointError, Commit, Draft, Durable, Entry, Head, SignedNote};
use jiff::Timestamp;
use postgres::{Client, GenericClient, Statement, Transaction};

use self::address::Address;
use self::failure::{commit_failed, failed};
use self::session::Session;
use crate::claim::{Claim, Fence, Wanted};
use crate::error::{FailureKind, StoreError};
use crate::limits::{CHECKPOINTS_MAX, READ_BYTES_MAX, READ_ENTRIES_MAX};
use crate::row::{Row, to_signed};
use crate::{Appended, Store, check_amounts, checkpoint_entries};

/// A store in a PostgreSQL database. A lost connection is made again at the next call.
pub struct PostgresStore {
    session: RefCell<Session>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The session knows the password.
        f.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// Connects to write, and makes the tables if they are not there.
    ///
    /// # Errors
    /// [`StoreError::Failed`] with what to do.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        Self::connect(url, false)
    }

    /// Connects to read only.
    ///
    /// # Errors
    /// [`StoreError::Failed`] with what to do.
    pub fn open_to_read(url: &str) -> Result<Self, StoreError> {
        Self::connect(url, true)
    }

    fn connect(url: &str, to_read: bool) -> Result<Self, StoreError> {
        let session = Session::open(Address::parse(url)?, to_read)?;
        Ok(Self {
            session: RefCell::new(session),
        })
    }

    /// Runs one piece of work on the connection.
    fn with<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let in_use = |_| StoreError::failed(FailureKind::Busy, "the connection is in use");
        let mut session = self.session.try_borrow_mut().map_err(in_use)?;
        let answer = session.client().and_then(work);
        answer.map_err(|error| session.placed(error))
    }
}

impl Store for PostgresStore {
    fn append(&mut self, drafts: &[Draft], fences: &[Fence]) -> Result<Appended, StoreError> {
        check_amounts(drafts, fences)?;
        self.with(|client| append(schema::begin(client)?, drafts, fences))
    }

    fn read(&self, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError> {
        self.with(|client| read(client, from_index, at_most))
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.with(head)
    }

    fn claim(
        &mut self,
        resource: &str,
        holder: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Claim, StoreError> {
        let wanted = Wanted::new(resource, holder, now, duration)?;
        self.with(|client| claims::claim(schema::begin(client)?, &wanted))
    }

    fn release(&mut self, claim: &Claim) -> Result<(), StoreError> {
        self.with(|client| claims::release(schema::begin(client)?, claim))
    }

    fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.with(claims::all)
    }

    fn keep_checkpoint(&mut self, note: &SignedNote) -> Result<(), StoreError> {
        self.with(|client| keep_checkpoint(schema::begin(client)?, note))
    }

    fn checkpoints(&self) -> Result<Vec<SignedNote>, StoreError> {
        self.with(notes)
    }
}

/// A transaction that has written entries.
struct Committing<'a> {
    transaction: Transaction<'a>,
    head: Head,
}

impl Commit for Committing<'_> {
    type Error = StoreError;

    /// With `synchronous_commit` and `fsync` on, both made sure of when the session began, the server answers after it has flushed.
    fn commit(self) -> Result<Head, StoreError> {
        self.transaction.commit().map_err(|error| commit_failed(&error))?;
        Ok(self.head)
    }
}

fn append(
    mut transaction: Transaction<'_>,
    drafts: &[Draft],
    fences: &[Fence],
) -> Result<Appended, StoreError> {
    for fence in fences {
        fence.check(claims::standing(&mut transaction, &fence.resource)?.as_ref())?;
    }
    let mut chain = Chain::from(head(&mut transaction)?);
    let insert = transaction
        .prepare("INSERT INTO cordon_entry (idx, time, kind, body, previous, digest) VALUES ($1, $2, $3, $4, $5, $6)")
        .map_err(|error| failed(&error))?;
    let mut entries = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let entry = chain.next(draft)?;
        keep(&mut transaction, &insert, &entry)?;
        entries.push(entry);
    }
    let durable = Durable::by(Committing {
        transaction,
        head: chain.head(),
    })?;
    Ok(Appended { entries, durable })
}

fn keep(transaction: &mut Transaction<'_>, insert: &Statement, entry: &Entry) -> Result<(), StoreError> {
    let row = Row::of(entry)?;
    transaction
        .execute(
            insert,
            &[
                &row.index,
                &row.time,
                &row.kind,
                &row.body,
                &row.previous,
                &row.digest,
            ],
        )
        .map(|_| ())
        .map_err(|error| failed(&error))
}

fn head(client: &mut impl GenericClient) -> Result<Head, StoreError> {
    let last = "SELECT idx, time, kind, body, previous, digest FROM cordon_entry ORDER BY idx DESC LIMIT 1";
    Ok(
        match client.query_opt(last, &[]).map_err(|error| failed(&error))? {
            None => Head::EMPTY,
            Some(found) => Head::after(&row(&found)?.into_last_entry()?),
        },
    )
}

/// Pages are cut by bytes in the database already: a server sends a whole answer before the client can stop it.
fn read(client: &mut Client, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError> {
    let Ok(from) = i64::try_from(from_index) else {
        return Ok(Vec::new());
    };
    let at_most = to_signed(at_most.min(READ_ENTRIES_MAX) as u64)?;
    let bytes_max = to_signed(READ_BYTES_MAX as u64)?;
    let select = "
        SELECT idx, time, kind, body, previous, digest FROM (
            SELECT *, sum(octet_length(body)) OVER (ORDER BY idx) - octet_length(body) AS before
            FROM (SELECT * FROM cordon_entry WHERE idx >= $1 ORDER BY idx LIMIT $2) AS page
        ) AS counted WHERE before <= $3 ORDER BY idx";
    let rows = client
        .query(select, &[&from, &at_most, &bytes_max])
        .map_err(|error| failed(&error))?;
    rows.iter().map(|found| Ok(row(found)?.into_entry()?)).collect()
}

fn keep_checkpoint(mut transaction: Transaction<'_>, note: &SignedNote) -> Result<(), StoreError> {
    let entries = checkpoint_entries(note, head(&mut transaction)?)?;
    // No index could hold a note, and no other writer runs beside this one.
    let insert = "INSERT INTO cordon_checkpoint (entries, note) SELECT $1, $2
                  WHERE NOT EXISTS (SELECT 1 FROM cordon_checkpoint WHERE entries = $1 AND note = $2)";
    transaction
        .execute(insert, &[&entries, &note.to_string()])
        .map_err(|error| failed(&error))?;
    transaction.commit().map_err(|error| commit_failed(&error))
}

fn notes(client: &mut Client) -> Result<Vec<SignedNote>, StoreError> {
    let newest_first = "SELECT note FROM cordon_checkpoint ORDER BY entries DESC, number DESC LIMIT $1";
    let rows = client
        .query(newest_first, &[&to_signed(CHECKPOINTS_MAX as u64)?])
        .map_err(|error| failed(&error))?;
    rows.iter()
        .rev()
        .map(|row| {
            let note: &str = row.try_get(0).map_err(|error| failed(&error))?;
            Ok(SignedNote::parse(note).map_err(CheckpointError::from)?)
        })
        .collect()
}

fn row(row: &postgres::Row) -> Result<Row, StoreError> {
    let read = || -> Result<Row, postgres::Error> {
        Ok(Row {
            index: row.try_get(0)?,
            time: row.try_get(1)?,
            kind: row.try_get(2)?,
            body: row.try_get(3)?,
            previous: row.try_get(4)?,
            digest: row.try_get(5)?,
        })
    };
    read().map_err(|error| failed(&error))
}

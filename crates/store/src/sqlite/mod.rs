//! A store in one SQLite file: write-ahead log, `synchronous = FULL`. Several processes may have it open; it must lie on a
//! local disk, because the log's index is shared memory.

mod claims;
mod files;
mod schema;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon_ledger::{Chain, Commit, Draft, Durable, Entry, Head, SignedNote};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::claim::{Claim, Fence, Wanted};
use crate::error::{FailureKind, StoreError};
use crate::limits::{BUSY_WAIT, CHECKPOINTS_MAX, READ_BYTES_MAX, READ_ENTRIES_MAX};
use crate::row::{Row, to_signed};
use crate::{Appended, Store, check_amounts, checkpoint_entries};

/// How long to let another have its turn.
const TURN: Duration = Duration::from_millis(5);

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the file to write, and makes it (mode 0600) and its folder (mode 0700) if they are not there.
    ///
    /// # Errors
    /// [`StoreError::Failed`] with what to do.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        files::prepare(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut store = Self::connect(path, path, flags)?;
        store.prepare().map_err(|error| store.placed(error))?;
        Ok(store)
    }

    /// Opens a file that is there, to read only.
    ///
    /// # Errors
    /// [`StoreError::Failed`] with what to do.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        files::check(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Self::connect(path, path, flags)?;
        match schema::look(&store.connection) {
            Err(error) if cannot_share(&error) && !files::has_log(path) => Self::open_unchanging(path),
            answer => store.checked(answer),
        }
    }

    /// On read-only storage the log's index cannot be made. If there is no log, the file alone is the store.
    fn open_unchanging(path: &Path) -> Result<Self, StoreError> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let store = Self::connect(&unchanging_uri(path)?, path, flags)?;
        let answer = schema::look(&store.connection);
        store.checked(answer)
    }

    /// A store in memory, for drills and tests: nothing survives the process, whatever [`Durable`] says.
    ///
    /// # Errors
    /// If SQLite has no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory().map_err(|e| failed(&e))?;
        schema::prepare(&mut connection)?;
        Ok(Self {
            connection,
            path: PathBuf::from(":memory:"),
        })
    }

    fn connect(target: impl AsRef<Path>, path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(target, flags).map_err(|error| failed(&error))?;
        connection
            .busy_timeout(BUSY_WAIT)
            .map_err(|error| failed(&error))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn checked(self, answer: Result<bool, StoreError>) -> Result<Self, StoreError> {
        match answer {
            Ok(true) => Ok(self),
            Ok(false) => Err(StoreError::failed(
                FailureKind::Absent,
                format!("{} is empty", self.path.display()),
            )),
            Err(error) => Err(self.placed(error)),
        }
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        // Looked at first, so that a file of another program is left as it is.
        schema::look(&self.connection)?;
        self.use_log()?;
        for (pragma, value) in [
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            ("trusted_schema", "OFF"),
        ] {
            self.connection
                .pragma_update(None, pragma, value)
                .map_err(|error| failed(&error))?;
        }
        schema::prepare(&mut self.connection)
    }

    fn use_log(&self) -> Result<(), StoreError> {
        let mode = self.log_mode()?;
        if mode == "wal" {
            return Ok(());
        }
        let what = format!("this storage cannot hold a write-ahead log (it stays in mode {mode})");
        Err(StoreError::failed(FailureKind::Other, what))
    }

    /// Asks for the write-ahead log, and gives the mode that the file then has. Two that ask at once may each wait for the other to
    /// stop reading, which SQLite answers at once and not after [`BUSY_WAIT`]; so they are asked again.
    fn log_mode(&self) -> Result<String, StoreError> {
        let since = Instant::now();
        loop {
            let ask = "PRAGMA journal_mode = WAL";
            let answer = self.connection.query_row(ask, [], |row| row.get(0));
            match answer.map_err(|error| failed(&error)) {
                Err(error) if error.failure() == Some(FailureKind::Busy) && since.elapsed() < BUSY_WAIT => {
                    std::thread::sleep(TURN);
                }
                answer => return answer,
            }
        }
    }

    /// Adds where the store is to what its storage said.
    fn placed(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Failed { kind, what } => {
                StoreError::failed(kind, format!("the store {}: {what}", self.path.display()))
            }
            other => other,
        }
    }

    /// A transaction that no other writer runs beside.
    fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(|error| failed(&error))
    }

    fn write(&mut self, drafts: &[Draft], fences: &[Fence]) -> Result<Appended, StoreError> {
        let transaction = self.begin()?;
        for fence in fences {
            fence.check(claims::standing(&transaction, &fence.resource)?.as_ref())?;
        }
        let mut chain = Chain::from(head(&transaction)?);
        let mut entries = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let entry = chain.next(draft)?;
            insert(&transaction, &entry)?;
            entries.push(entry);
        }
        if drafts.is_empty() {
            // Something must be written for the log to be flushed.
            execute(&transaction, "UPDATE flushed SET number = number + 1", [])?;
        }
        let durable = Durable::by(Committing {
            transaction,
            head: chain.head(),
        })?;
        Ok(Appended { entries, durable })
    }

    fn rows(&self, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError> {
        let Ok(from) = i64::try_from(from_index) else {
            return Ok(Vec::new());
        };
        let at_most = to_signed(at_most.min(READ_ENTRIES_MAX) as u64)?;
        let mut statement = self
            .connection
            .prepare(
                "SELECT idx, time, kind, body, previous, digest FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2",
            )
            .map_err(|error| failed(&error))?;
        let rows = statement
            .query_map((from, at_most), row)
            .map_err(|error| failed(&error))?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let row = row.map_err(|error| failed(&error))?;
            bytes += row.body.len();
            entries.push(row.into_entry()?);
            if bytes > READ_BYTES_MAX {
                break;
            }
        }
        Ok(entries)
    }

    fn notes(&self) -> Result<Vec<SignedNote>, StoreError> {
        let newest_first = "SELECT note FROM checkpoint ORDER BY entries DESC, rowid DESC LIMIT ?1";
        let mut statement = self
            .connection
            .prepare(newest_first)
            .map_err(|error| failed(&error))?;
        let notes = statement
            .query_map([to_signed(CHECKPOINTS_MAX as u64)?], |row| {
                row.get::<_, String>(0)
            })
            .map_err(|error| failed(&error))?;
        let mut parsed = Vec::new();
        for note in notes {
            let note = note.map_err(|error| failed(&error))?;
            parsed.push(SignedNote::parse(&note).map_err(cordon_ledger::CheckpointError::from)?);
        }
        parsed.reverse();
        Ok(parsed)
    }
}

impl Store for SqliteStore {
    fn append(&mut self, drafts: &[Draft], fences: &[Fence]) -> Result<Appended, StoreError> {
        check_amounts(drafts, fences)?;
        self.write(drafts, fences).map_err(|error| self.placed(error))
    }

    fn read(&self, from_index: u64, at_most: usize) -> Result<Vec<Entry>, StoreError> {
        self.rows(from_index, at_most).map_err(|error| self.placed(error))
    }

    fn head(&self) -> Result<Head, StoreError> {
        head(&self.connection).map_err(|error| self.placed(error))
    }

    fn claim(
        &mut self,
        resource: &str,
        holder: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Claim, StoreError> {
        let wanted = Wanted::new(resource, holder, now, duration)?;
        let claimed = self
            .begin()
            .and_then(|transaction| claims::claim(transaction, &wanted));
        claimed.map_err(|error| self.placed(error))
    }

    fn release(&mut self, claim: &Claim) -> Result<(), StoreError> {
        claims::release(&self.connection, claim).map_err(|error| self.placed(error))
    }

    fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        claims::all(&self.connection).map_err(|error| self.placed(error))
    }

    fn keep_checkpoint(&mut self, note: &SignedNote) -> Result<(), StoreError> {
        let entries = checkpoint_entries(note, self.head()?)?;
        let insert = "INSERT INTO checkpoint (entries, note) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        execute(&self.connection, insert, (entries, note.to_string())).map_err(|error| self.placed(error))
    }

    fn checkpoints(&self) -> Result<Vec<SignedNote>, StoreError> {
        self.notes().map_err(|error| self.placed(error))
    }
}

/// A transaction that has written entries.
struct Committing<'a> {
    transaction: Transaction<'a>,
    head: Head,
}

impl Commit for Committing<'_> {
    type Error = StoreError;

    /// With `synchronous = FULL`, SQLite returns from the commit after the log was flushed to the disk.
    fn commit(self) -> Result<Head, StoreError> {
        match self.transaction.commit() {
            Ok(()) => Ok(self.head),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                Err(StoreError::Unknown(error.to_string()))
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

fn head(connection: &Connection) -> Result<Head, StoreError> {
    let last = "SELECT idx, time, kind, body, previous, digest FROM entry ORDER BY idx DESC LIMIT 1";
    let found = connection
        .query_row(last, [], row)
        .optional()
        .map_err(|error| failed(&error))?;
    Ok(match found {
        None => Head::EMPTY,
        Some(row) => Head::after(&row.into_last_entry()?),
    })
}

fn insert(connection: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let row = Row::of(entry)?;
    execute(
        connection,
        "INSERT INTO entry (idx, time, kind, body, previous, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (row.index, row.time, row.kind, row.body, row.previous, row.digest),
    )
}

fn execute(
    connection: &Connection,
    statement: &str,
    values: impl rusqlite::Params,
) -> Result<(), StoreError> {
    connection
        .execute(statement, values)
        .map(|_| ())
        .map_err(|error| failed(&error))
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        index: row.get(0)?,
        time: row.get(1)?,
        kind: row.get(2)?,
        body: row.get(3)?,
        previous: row.get(4)?,
        digest: row.get(5)?,
    })
}

/// The file as a URI that promises that nothing changes it.
fn unchanging_uri(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| {
        StoreError::failed(
            FailureKind::Other,
            format!(
                "the path {} is not text, and the storage is read-only",
                path.display()
            ),
        )
    })?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{escaped}?immutable=1"))
}

fn cannot_share(error: &StoreError) -> bool {
    matches!(error.failure(), Some(FailureKind::ReadOnly | FailureKind::Denied))
}

/// What an error of SQLite means for a person.
fn failed(error: &rusqlite::Error) -> StoreError {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FailureKind::Full,
        // The index of the log in memory is a file too, and cannot be made on a full disk.
        _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => FailureKind::Full,
        Some(ErrorCode::ReadOnly) => FailureKind::ReadOnly,
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => FailureKind::Denied,
        Some(ErrorCode::DatabaseCorrupt) => FailureKind::Corrupt,
        Some(ErrorCode::NotADatabase) => FailureKind::Foreign,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FailureKind::Busy,
        _ => FailureKind::Other,
    };
    StoreError::failed(kind, error.to_string())
}

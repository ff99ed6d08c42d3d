//! The table of claims.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{execute, failed};
use crate::claim::{Claim, Standing, Wanted};
use crate::error::{FailureKind, StoreError};
use crate::row::{from_signed, to_signed};

/// What stands of a resource.
pub(super) fn standing(connection: &Connection, resource: &str) -> Result<Option<Standing>, StoreError> {
    let select = "SELECT holder, epoch, until FROM claim WHERE resource = ?1";
    let found: Option<(Option<String>, i64, String)> = connection
        .query_row(select, [resource], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(|error| failed(&error))?;
    found
        .map(|(holder, epoch, until)| {
            Ok(Standing {
                holder,
                epoch: from_signed(epoch),
                until: time(&until)?,
            })
        })
        .transpose()
}

/// Decides on a claim, keeps it and commits.
pub(super) fn claim(transaction: Transaction<'_>, wanted: &Wanted<'_>) -> Result<Claim, StoreError> {
    let claim = wanted.decide(standing(&transaction, wanted.resource)?)?;
    execute(
        &transaction,
        "INSERT INTO claim (resource, holder, epoch, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (resource) DO UPDATE SET holder = ?2, epoch = ?3, until = ?4",
        (
            &claim.resource,
            &claim.holder,
            to_signed(claim.epoch)?,
            claim.until.to_string(),
        ),
    )?;
    transaction.commit().map_err(|error| failed(&error))?;
    Ok(claim)
}

/// Gives a claim back if it is the current one. The epoch stays, so that the next is higher.
pub(super) fn release(connection: &Connection, claim: &Claim) -> Result<(), StoreError> {
    execute(
        connection,
        "UPDATE claim SET holder = NULL WHERE resource = ?1 AND holder = ?2 AND epoch = ?3",
        (&claim.resource, &claim.holder, to_signed(claim.epoch)?),
    )
}

/// All that are held.
pub(super) fn all(connection: &Connection) -> Result<Vec<Claim>, StoreError> {
    let select =
        "SELECT resource, holder, epoch, until FROM claim WHERE holder IS NOT NULL ORDER BY resource";
    let mut statement = connection.prepare(select).map_err(|error| failed(&error))?;
    let rows = statement
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .map_err(|error| failed(&error))?;
    rows.map(|row| {
        let (resource, holder, epoch, until) = row.map_err(|error| failed(&error))?;
        Ok(Claim {
            resource,
            holder,
            epoch: from_signed(epoch),
            until: time(&until)?,
        })
    })
    .collect()
}

fn time(text: &str) -> Result<Timestamp, StoreError> {
    let corrupt = || StoreError::failed(FailureKind::Corrupt, "the end of a claim is no time");
    text.parse().map_err(|_| corrupt())
}

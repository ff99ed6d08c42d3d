//! The table of claims.

use jiff::Timestamp;
use postgres::{Client, GenericClient, Row, Transaction};

use super::failure::{commit_failed, failed};
use crate::claim::{Claim, Standing, Wanted};
use crate::error::{FailureKind, StoreError};
use crate::row::{from_signed, to_signed};

/// What stands of a resource.
pub(super) fn standing(
    client: &mut impl GenericClient,
    resource: &str,
) -> Result<Option<Standing>, StoreError> {
    let select = "SELECT holder, epoch, until FROM cordon_claim WHERE resource = $1";
    let found = client
        .query_opt(select, &[&resource])
        .map_err(|error| failed(&error))?;
    found
        .map(|row| {
            Ok(Standing {
                holder: row.try_get(0).map_err(|error| failed(&error))?,
                epoch: epoch(&row, 1)?,
                until: time(&row, 2)?,
            })
        })
        .transpose()
}

/// Decides on a claim, keeps it and commits.
pub(super) fn claim(mut transaction: Transaction<'_>, wanted: &Wanted<'_>) -> Result<Claim, StoreError> {
    let claim = wanted.decide(standing(&mut transaction, wanted.resource)?)?;
    let upsert = "INSERT INTO cordon_claim (resource, holder, epoch, until) VALUES ($1, $2, $3, $4)
                  ON CONFLICT (resource) DO UPDATE SET holder = $2, epoch = $3, until = $4";
    let (epoch, until) = (to_signed(claim.epoch)?, claim.until.to_string());
    transaction
        .execute(upsert, &[&claim.resource, &claim.holder, &epoch, &until])
        .map_err(|error| failed(&error))?;
    transaction.commit().map_err(|error| commit_failed(&error))?;
    Ok(claim)
}

/// Gives a claim back if it is the current one. The epoch stays, so that the next is higher.
pub(super) fn release(mut transaction: Transaction<'_>, claim: &Claim) -> Result<(), StoreError> {
    let update = "UPDATE cordon_claim SET holder = NULL WHERE resource = $1 AND holder = $2 AND epoch = $3";
    transaction
        .execute(
            update,
            &[&claim.resource, &claim.holder, &to_signed(claim.epoch)?],
        )
        .map_err(|error| failed(&error))?;
    transaction.commit().map_err(|error| commit_failed(&error))
}

/// All that are held.
pub(super) fn all(client: &mut Client) -> Result<Vec<Claim>, StoreError> {
    let select = "SELECT resource, holder, epoch, until FROM cordon_claim WHERE holder IS NOT NULL \
                  ORDER BY resource COLLATE \"C\"";
    let rows = client.query(select, &[]).map_err(|error| failed(&error))?;
    rows.iter()
        .map(|row| {
            Ok(Claim {
                resource: row.try_get(0).map_err(|error| failed(&error))?,
                holder: row.try_get(1).map_err(|error| failed(&error))?,
                epoch: epoch(row, 2)?,
                until: time(row, 3)?,
            })
        })
        .collect()
}

fn epoch(row: &Row, place: usize) -> Result<u64, StoreError> {
    row.try_get(place)
        .map(from_signed)
        .map_err(|error| failed(&error))
}

fn time(row: &Row, place: usize) -> Result<Timestamp, StoreError> {
    let text: &str = row.try_get(place).map_err(|error| failed(&error))?;
    let corrupt = || StoreError::failed(FailureKind::Corrupt, "the end of a claim is no time");
    text.parse().map_err(|_| corrupt())
}

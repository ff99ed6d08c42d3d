//! The store of a night: entries in order, claims with epochs, and a write that is all or nothing.

use std::collections::BTreeMap;

use cordon_act::{Book, Entry, PointName};
use jiff::{SignedDuration, Timestamp};

/// How long a claim lasts without being taken again.
pub(super) const CLAIM_SECONDS: i64 = 30;

#[derive(Clone, Copy, Debug)]
struct Claim {
    holder: usize,
    epoch: u64,
    until: Timestamp,
}

/// What is durable.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Every entry with its time and who wrote it: which executor in which life.
    pub(super) entries: Vec<(Timestamp, Entry, (usize, u32))>,
    /// What they come to.
    pub(super) book: Book,
    claims: BTreeMap<PointName, Claim>,
}

/// Another executor holds one of the claims that a write rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fenced(pub(super) PointName);

impl Record {
    /// Claims a point, if nobody else holds it. A new holder has a higher epoch.
    pub(super) fn claim(&mut self, point: &PointName, holder: usize, now: Timestamp) -> Option<u64> {
        let until = now
            .checked_add(SignedDuration::from_secs(CLAIM_SECONDS))
            .unwrap_or(Timestamp::MAX);
        let claim = self.claims.entry(point.clone()).or_insert(Claim {
            holder,
            epoch: 1,
            until,
        });
        if claim.holder != holder {
            if claim.until > now {
                return None;
            }
            *claim = Claim {
                holder,
                epoch: claim.epoch + 1,
                until,
            };
        }
        claim.until = claim.until.max(until);
        Some(claim.epoch)
    }

    /// A restarted executor is another holder than the one before: its late requests must not be taken for the new one's.
    pub(super) fn release(&mut self, holder: usize) {
        for claim in self.claims.values_mut().filter(|claim| claim.holder == holder) {
            claim.holder = usize::MAX;
            claim.until = Timestamp::MIN;
        }
    }

    /// Whether every claim that a write rests on is still held.
    pub(super) fn check(&self, claims: &[(PointName, u64)]) -> Result<(), Fenced> {
        for (point, epoch) in claims {
            if self.claims.get(point).is_none_or(|claim| claim.epoch != *epoch) {
                return Err(Fenced(point.clone()));
            }
        }
        Ok(())
    }

    /// Appends one entry of a write whose claims were checked.
    pub(super) fn append(&mut self, time: Timestamp, entry: &Entry, author: (usize, u32)) {
        self.book.record(time, entry);
        self.entries.push((time, entry.clone(), author));
    }

    /// What others wrote since an executor last looked.
    pub(super) fn since(&self, seen: usize, reader: (usize, u32)) -> Vec<(Timestamp, Entry)> {
        let new = self
            .entries
            .iter()
            .skip(seen)
            .filter(|(_, _, author)| *author != reader);
        new.map(|(time, entry, _)| (*time, entry.clone())).collect()
    }
}

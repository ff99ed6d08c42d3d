//! What an import read and what it did not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Estate;

/// What came of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The estate.
    pub estate: Estate,
    /// What was read and skipped.
    pub report: ImportReport,
}

/// What was read, what was skipped and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// How many of each sort were read.
    pub read: BTreeMap<String, u64>,
    /// What was not used, by reason.
    pub skipped: BTreeMap<String, Skipped>,
    /// What was taken as given without anybody having said so.
    pub assumptions: Vec<String>,
}

/// Things skipped for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// Where the first of them are.
    pub first_places: Vec<String>,
}

/// So many places are kept for each reason.
const PLACES_MAX: usize = 5;

/// So many different reasons and sorts are kept, against input that makes up new ones without end.
const REASONS_MAX: usize = 500;

impl ImportReport {
    /// How much was skipped in all.
    #[must_use]
    pub fn skipped_count(&self) -> u64 {
        self.skipped.values().map(|skipped| skipped.count).sum()
    }

    pub(super) fn read(&mut self, what: &str) {
        if let Some(count) = self.read.get_mut(what) {
            *count += 1;
        } else if self.read.len() < REASONS_MAX {
            self.read.insert(what.to_owned(), 1);
        }
    }

    pub(super) fn skip(&mut self, reason: &str, place: impl FnOnce() -> String) {
        if !self.skipped.contains_key(reason) {
            let reason = if self.skipped.len() < REASONS_MAX {
                reason
            } else {
                "other reasons"
            };
            self.skipped.entry(reason.to_owned()).or_default();
        }
        let key = if self.skipped.contains_key(reason) {
            reason
        } else {
            "other reasons"
        };
        if let Some(skipped) = self.skipped.get_mut(key) {
            skipped.count += 1;
            if skipped.first_places.len() < PLACES_MAX {
                skipped.first_places.push(place());
            }
        }
    }
}

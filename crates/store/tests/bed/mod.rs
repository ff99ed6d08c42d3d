//! What the tests of both databases share.

pub(crate) mod crash;
pub(crate) mod suite;

use cordon_ledger::{Draft, Verified, Verifying};
use cordon_store::{Store, StoreError, entries};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// An instant, so many seconds after the start of the tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2025-06-02T03:04:05.123456789Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub(crate) fn draft(body: Value) -> Draft {
    Draft {
        time: at(0),
        kind: "test.entry".to_owned(),
        body,
    }
}

pub(crate) fn drafts(count: usize) -> Vec<Draft> {
    (0..count)
        .map(|number| draft(json!({ "number": number })))
        .collect()
}

/// Verifies all that is stored.
pub(crate) fn verified(store: &dyn Store) -> Verified {
    let mut verifying = Verifying::new();
    for entry in entries(store, 0) {
        verifying.push(&entry.unwrap()).unwrap();
    }
    let verified = verifying.finish().unwrap();
    assert_eq!(verified.head, store.head().unwrap());
    verified
}

/// What was refused.
pub(crate) fn refused<T>(answer: Result<T, StoreError>) -> StoreError {
    answer.err().expect("it is refused")
}

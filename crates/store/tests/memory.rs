//! The store in memory keeps what every store must, and fails as it is told.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests may fail loudly, and say how far they are"
)]
#![allow(dead_code, reason = "what only stores on disk need")]

mod bed;

use bed::suite::{self, Place};
use bed::{drafts, refused, verified};
use cordon_store::memory::{Fault, MemoryStorage};
use cordon_store::{Store, StoreError};

impl Place for MemoryStorage {
    fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(Self::open(self)))
    }

    fn open_to_read(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(Self::open_to_read(self)?))
    }
}

#[test]
fn the_suite() {
    suite::run(MemoryStorage::default);
}

#[test]
fn it_fails_as_it_is_told() {
    let storage = MemoryStorage::default();
    let mut store = storage.open();
    for (fault, there) in [
        (Fault::Fails, 0),
        (Fault::LostUntold, 0),
        (Fault::WrittenUntold, 2),
    ] {
        storage.fail_next(Some(fault));
        let error = refused(store.append(&drafts(2), &[]));
        assert_eq!(
            matches!(error, StoreError::Unknown(_)),
            fault != Fault::Fails,
            "{error}"
        );
        assert_eq!(verified(&store).head.entries, there);
    }
    store.append(&drafts(1), &[]).unwrap();
    assert_eq!(verified(&storage.open()).head.entries, 3);
}

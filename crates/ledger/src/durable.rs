//! The token that says that entries are on stable storage.

use crate::chain::Head;
use crate::entry::Entry;

/// Proof that all entries up to some index survive a crash. Nothing may be changed on a server before its intent is
/// covered by one.
///
/// # What is enforced, and by what
/// - By the type: its fields are private, it has no `Default` and cannot be deserialised; the only way to one is
///   [`Durable::by`], which gives it after [`Commit::commit`] returned without error, and the transaction is spent.
/// - By a test (`crates/cli/tests/house.rs`): outside tests, only the crate `store` implements [`Commit`].
/// - By review: that the `commit` of each store returns only when the database has promised durability, and that the
///   head that it gives is that of the entries it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable {
    head: Head,
}

/// A transaction that has written entries and can be made durable. Only stores implement it.
pub trait Commit {
    /// Why it could not be committed, or that nobody knows whether it was.
    type Error;

    /// Commits, and returns only when the storage has promised that what was written survives a crash. Gives the head of the
    /// ledger as the transaction left it.
    ///
    /// # Errors
    /// If that was not promised.
    fn commit(self) -> Result<Head, Self::Error>;
}

impl Durable {
    /// Commits a transaction; what it wrote, and everything before, is durable from then on.
    ///
    /// # Errors
    /// Those of the commit.
    pub fn by<C: Commit>(transaction: C) -> Result<Self, C::Error> {
        transaction.commit().map(|head| Self { head })
    }

    /// The head up to which entries are durable.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// True if the entry is among those that are durable, provided that it is of the same ledger. Of the last of them that is
    /// checked by its digest.
    #[must_use]
    pub fn covers(&self, entry: &Entry) -> bool {
        let after = Head::after(entry);
        after.entries < self.head.entries || after == self.head
    }

    /// True if the entry with this index is durable.
    #[must_use]
    pub const fn covers_index(&self, index: u64) -> bool {
        index < self.head.entries
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Chain, Draft};

    struct Promised(Result<Head, &'static str>);

    impl Commit for Promised {
        type Error = &'static str;
        fn commit(self) -> Result<Head, &'static str> {
            self.0
        }
    }

    #[test]
    fn covers_what_was_written_and_nothing_after() {
        let draft = |body| Draft {
            time: jiff::Timestamp::UNIX_EPOCH,
            kind: "test".to_owned(),
            body,
        };
        let mut chain = Chain::default();
        let first = chain.next(&draft(json!(1))).unwrap();
        let second = chain.next(&draft(json!(2))).unwrap();
        let mut fork = Chain::from(Head::after(&first));
        let other = fork.next(&draft(json!(3))).unwrap();
        let third = chain.next(&draft(json!(4))).unwrap();

        assert_eq!(Durable::by(Promised(Err("no promise"))), Err("no promise"));
        let durable = Durable::by(Promised(Ok(Head::after(&second)))).unwrap();
        assert!(durable.covers(&first) && durable.covers(&second));
        assert!(!durable.covers(&other) && !durable.covers(&third));
        assert!(durable.covers_index(1) && !durable.covers_index(2));
        assert!(!Durable::by(Promised(Ok(Head::EMPTY))).unwrap().covers(&first));
    }
}

//! Defects that can be planted, one for each invariant of `docs/execution.md`, to show that the proof under faults would find them.
//!
//! Only with the feature `planted-bugs`, which nothing but tests turns on.

use std::cell::Cell;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// 1: the point is asked before the intent is durable.
    AsksBeforeWriting,
    /// 2: what was seen last is taken for the prior state, by the reconciler, the book and the gate.
    TakesLastPrior,
    /// 3: the never list and the accounts that may never be withdrawn are not looked at before orders are accepted, nor by the gate's own
    /// rules.
    SparesNobody,
    /// 4: the gate heeds the never list of the orders at hand only, not those of others.
    HeedsOwnNeverOnly,
    /// 5: the lift of one order gives back what another still holds.
    LiftsWhatIsHeld,
    /// 6: the gate lets an older epoch through.
    IgnoresEpoch,
    /// 7: a lift that was asked for is taken for done.
    ForgetsLifts,
    /// 8: two signatures suffice, whoever gave them.
    CountsSignatures,
    /// 9: everything is begun at once.
    IgnoresWaves,
    /// 10: a withdrawal is no own effect any more while what it caused may still come.
    ForgetsOwnEffectsEarly,
    /// 11: of the prior state only whether it was open is recorded, which is not enough to give it back.
    RecordsNoWayBack,
    /// 12: the gate lets a server hold as long as the executor asks.
    TrustsLease,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// A defect that is planted in this thread until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Planted(());

impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}

/// Plants a defect, or none, in this thread.
pub fn plant(bug: Option<Bug>) -> Planted {
    PLANTED.set(bug);
    Planted(())
}

/// True if this defect is planted in this thread.
#[must_use]
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

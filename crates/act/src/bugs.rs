//! Defects that can be planted, for some of the invariants, to show that the proof under faults would find them.
//!
//! Only with the feature `planted-bugs`, which nothing but tests turns on.

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// The point is asked before the intent is durable.
    AsksBeforeWriting,
    /// The lift of one order gives back what another still holds.
    LiftsWhatIsHeld,
    /// Everything is begun at once.
    IgnoresWaves,
    /// A lift that was asked for is taken for done.
    ForgetsLifts,
}

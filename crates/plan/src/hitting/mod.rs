//! The implicit hitting set: derivations are too many to write down, so they are found as they are violated.
//!
//! Solve the master under the derivations known so far, ask the oracle what can still be derived under its choice, add
//! those derivations as rows, repeat until nothing new is violated (Moreno-Centeno and Karp 2013; Chandrasekaran,
//! Karp, Moreno-Centeno and Vempala 2011; Davies and Bacchus 2011 for MaxSAT). The master knows fewer derivations
//! than there are, so its bound bounds the real problem; its choice, priced with everything that the oracle derives,
//! is a real plan. When the two meet, the plan is proven.

mod classes;
mod minimal;
mod solve;

pub use classes::Classes;
pub(crate) use solve::choose;
pub use solve::{Limits, Round, Solution, Tools, Verdict, solve};

use crate::kernel::Lists;
use crate::master::{Budget, Node};

/// One derivation found for each of some targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Sets of columns, ascending: choosing any one of a set cuts the derivation.
    pub sets: Lists<u32>,
    /// (target, index into [`Self::sets`]) for every target that can be derived, by target.
    pub found: Vec<(u32, u32)>,
    /// Targets that can be derived and of which no derivation was asked for, by target.
    pub also: Vec<u32>,
}

impl Derived {
    /// Every target that can be derived.
    pub fn targets(&self) -> impl Iterator<Item = u32> {
        let found = self.found.iter().map(|(target, _)| *target);
        found.chain(self.also.iter().copied())
    }
}

/// What can still be derived under a choice of columns.
pub trait Oracle {
    /// One derivation for every target that can be derived when the chosen columns are withdrawn.
    ///
    /// No set may have a chosen column in it; a set is empty if nothing cuts the derivation. With `hard_only`, only
    /// targets that must be kept are looked at.
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Derived;

    /// The same for all targets, but no derivation is needed of those that are flagged: it is enough to tell that there is one.
    fn derive_all_but(&mut self, chosen: &[bool], flagged: &[bool]) -> Derived {
        let _ = flagged;
        self.derive(chosen, false)
    }
}

/// The whole problem without its derivations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// What each column costs, in pence, 0 or more.
    pub columns: Vec<i64>,
    /// Columns that a person forced (`true`) or refused (`false`).
    pub fixed: Vec<Option<bool>>,
    /// What choosing columns takes down.
    pub nodes: Vec<Node>,
    /// What each target costs if it can be derived, in pence, 0 or more; `None` if that may not be.
    pub targets: Vec<Option<i64>>,
    /// How much may be lost at most, priced by target; none for any. A target without a price may not be lost as it is.
    pub budget: Option<Budget>,
}

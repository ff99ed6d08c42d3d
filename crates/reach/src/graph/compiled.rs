//! One rule as it is held.

use crate::{FactId, RuleKind};

/// No fact: an empty slot of a rule.
pub(crate) const NONE: u32 = u32::MAX;

/// A Horn rule: at most two derived premises and three base facts, 28 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) conclusion: u32,
    /// Derived premises; the first is always there.
    pub(crate) premises: [u32; 2],
    /// Base facts that must stand.
    pub(crate) base: [u32; 3],
    pub(crate) kind: u8,
}

impl Rule {
    pub(crate) const EMPTY: Self = Self {
        conclusion: NONE,
        premises: [NONE; 2],
        base: [NONE; 3],
        kind: 0,
    };

    pub(crate) const fn new(kind: RuleKind, conclusion: FactId, premise: FactId) -> Self {
        Self {
            conclusion: conclusion.0,
            premises: [premise.0, NONE],
            base: [NONE; 3],
            kind: kind.code(),
        }
    }

    pub(crate) const fn and(mut self, premise: FactId) -> Self {
        self.premises[1] = premise.0;
        self
    }

    /// Adds a base fact that must stand. A fourth is never needed.
    pub(crate) fn given(mut self, fact: FactId) -> Self {
        if let Some(slot) = self.base.iter_mut().find(|slot| **slot == NONE) {
            *slot = fact.0;
        }
        self
    }

    pub(crate) const fn first(&self) -> u32 {
        self.premises[0]
    }

    pub(crate) const fn second(&self) -> u32 {
        self.premises[1]
    }

    pub(crate) fn kind(&self) -> RuleKind {
        RuleKind::from_code(self.kind).unwrap_or(RuleKind::HaveRight)
    }

    /// Every premise: derived ones, then base facts.
    pub(crate) fn all_premises(&self) -> impl Iterator<Item = FactId> + use<> {
        self.premises
            .into_iter()
            .chain(self.base)
            .filter(|fact| *fact != NONE)
            .map(FactId)
    }
}

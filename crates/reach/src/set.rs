//! A set of facts, one bit each.

use cordon_estate::Bits;

use crate::FactId;

/// A set of facts of one graph. Facts beyond its size are never in it until inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactSet {
    bits: Bits,
}

impl FactSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { bits: Bits::new() }
    }

    /// The empty set with room for facts below `facts`, so that inserting those allocates nothing.
    #[must_use]
    pub fn with_room(facts: usize) -> Self {
        Self {
            bits: Bits::with_room(facts),
        }
    }

    /// True if the fact is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, fact: FactId) -> bool {
        self.bits.contains(fact.index())
    }

    /// Adds a fact; true if it was not in the set.
    #[inline]
    pub fn insert(&mut self, fact: FactId) -> bool {
        self.bits.insert(fact.index())
    }

    /// Removes a fact; true if it was in the set.
    pub fn remove(&mut self, fact: FactId) -> bool {
        self.bits.remove(fact.index())
    }

    /// Adds every fact of another set.
    pub fn extend_from(&mut self, other: &Self) {
        self.bits.extend_from(&other.bits);
    }

    /// True if no fact is in both sets.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.bits.is_disjoint(&other.bits)
    }

    /// Removes every fact and keeps the room.
    pub fn clear(&mut self) {
        self.bits.clear();
    }

    /// How many facts are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// True if the set has no fact.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// The facts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = FactId> + '_ {
        self.bits.iter().map(|place| FactId(place as u32))
    }
}

impl FromIterator<FactId> for FactSet {
    fn from_iter<I: IntoIterator<Item = FactId>>(facts: I) -> Self {
        let mut set = Self::new();
        set.extend(facts);
        set
    }
}

impl Extend<FactId> for FactSet {
    fn extend<I: IntoIterator<Item = FactId>>(&mut self, facts: I) {
        for fact in facts {
            self.insert(fact);
        }
    }
}

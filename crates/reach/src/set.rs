//! A set of facts, one bit each.

use crate::FactId;

/// A set of facts of one graph: 64 facts a word. Facts beyond its size are never in it until inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactSet {
    words: Vec<u64>,
}

impl FactSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// The empty set with room for facts below `facts`, so that inserting those allocates nothing.
    #[must_use]
    pub fn with_room(facts: usize) -> Self {
        Self {
            words: vec![0; facts.div_ceil(64)],
        }
    }

    /// True if the fact is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, fact: FactId) -> bool {
        self.words
            .get(fact.index() / 64)
            .is_some_and(|word| word >> (fact.0 % 64) & 1 == 1)
    }

    /// Adds a fact; true if it was not in the set.
    pub fn insert(&mut self, fact: FactId) -> bool {
        let place = fact.index() / 64;
        if place >= self.words.len() {
            self.words.resize(place + 1, 0);
        }
        let bit = 1u64 << (fact.0 % 64);
        self.words.get_mut(place).is_some_and(|word| {
            let fresh = *word & bit == 0;
            *word |= bit;
            fresh
        })
    }

    /// Removes a fact; true if it was in the set.
    pub fn remove(&mut self, fact: FactId) -> bool {
        let bit = 1u64 << (fact.0 % 64);
        self.words.get_mut(fact.index() / 64).is_some_and(|word| {
            let held = *word & bit != 0;
            *word &= !bit;
            held
        })
    }

    /// Adds every fact of another set.
    pub fn extend_from(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (own, others) in self.words.iter_mut().zip(&other.words) {
            *own |= others;
        }
    }

    /// True if no fact is in both sets.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.words
            .iter()
            .zip(&other.words)
            .all(|(own, others)| own & others == 0)
    }

    /// Removes every fact and keeps the room.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// How many facts are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True if the set has no fact.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The facts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = FactId> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                (left != 0).then(|| {
                    left &= left - 1;
                    FactId((place * 64) as u32 + bit)
                })
            })
        })
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

//! A set of places in dense tables, one bit each.

/// A set of places in a table, 64 a word. Places beyond its size are never in it until inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// The empty set with room for places below `places`, so that inserting those allocates nothing.
    #[must_use]
    pub fn with_room(places: usize) -> Self {
        Self {
            words: vec![0; places.div_ceil(64)],
        }
    }

    /// True if the place is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, place: usize) -> bool {
        self.words
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Adds a place; true if it was not in the set.
    #[inline]
    pub fn insert(&mut self, place: usize) -> bool {
        let word = place / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let bit = 1u64 << (place % 64);
        self.words.get_mut(word).is_some_and(|word| {
            let fresh = *word & bit == 0;
            *word |= bit;
            fresh
        })
    }

    /// Removes a place; true if it was in the set.
    #[inline]
    pub fn remove(&mut self, place: usize) -> bool {
        let bit = 1u64 << (place % 64);
        self.words.get_mut(place / 64).is_some_and(|word| {
            let held = *word & bit != 0;
            *word &= !bit;
            held
        })
    }

    /// Adds every place of another set.
    pub fn extend_from(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (own, others) in self.words.iter_mut().zip(&other.words) {
            *own |= others;
        }
    }

    /// True if no place is in both sets.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.words
            .iter()
            .zip(&other.words)
            .all(|(own, others)| own & others == 0)
    }

    /// Removes every place and keeps the room.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// How many places are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True if the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The places, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(word, bits)| {
            let mut left = *bits;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                (left != 0).then(|| {
                    left &= left - 1;
                    word * 64 + bit
                })
            })
        })
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut bits = Self::new();
        for place in places {
            bits.insert(place);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Bits;

    proptest! {
        #[test]
        fn it_is_a_set(changes in prop::collection::vec((any::<bool>(), 0..300_usize), 0..60)) {
            let (mut bits, mut set) = (Bits::with_room(70), BTreeSet::new());
            for (adds, place) in changes {
                if adds {
                    prop_assert_eq!(bits.insert(place), set.insert(place));
                } else {
                    prop_assert_eq!(bits.remove(place), set.remove(&place));
                }
                prop_assert_eq!(bits.contains(place), set.contains(&place));
            }
            prop_assert_eq!(bits.len(), set.len());
            prop_assert_eq!(bits.is_empty(), set.is_empty());
            prop_assert!(bits.iter().eq(set.iter().copied()));
        }

        #[test]
        fn joining_and_overlap_are_those_of_sets(
            one in prop::collection::btree_set(0..200_usize, 0..20),
            other in prop::collection::btree_set(0..200_usize, 0..20),
        ) {
            let (mut bits, others): (Bits, Bits) = (one.iter().copied().collect(), other.iter().copied().collect());
            prop_assert_eq!(bits.is_disjoint(&others), one.is_disjoint(&other));
            bits.extend_from(&others);
            prop_assert!(bits.iter().eq(one.union(&other).copied()));
        }
    }
}

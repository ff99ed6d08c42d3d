//! Sets of numbers, each kept once.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::Lists;

const NONE: u32 = u32::MAX;

/// Sets by number, in the order in which they came. A set is its ascending list.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    sets: Lists<u32>,
    /// The newest set with a hash, and for each set an older one with the same hash.
    newest: FxHashMap<u64, u32>,
    older: Vec<u32>,
}

impl Sets {
    /// The number of a set, a new one if it was not known.
    pub fn number(&mut self, set: &[u32]) -> u32 {
        let mut hasher = FxHasher::default();
        set.iter().for_each(|&item| hasher.write_u32(item));
        let hash = hasher.finish();
        let newest = self.newest.get(&hash).copied().unwrap_or(NONE);
        let mut same = newest;
        while same != NONE {
            if self.sets.of(same) == set {
                return same;
            }
            same = self.older.get(same as usize).copied().unwrap_or(NONE);
        }
        let number = self.sets.len() as u32;
        self.sets.push(set.iter().copied());
        self.older.push(newest);
        self.newest.insert(hash, number);
        number
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sets.len()
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The set of a number.
    #[must_use]
    pub fn of(&self, number: u32) -> &[u32] {
        self.sets.of(number)
    }

    /// The places that sets have when sorted, by number.
    #[must_use]
    pub fn ranks(&self) -> Vec<u32> {
        // The first two items decide nearly always, and compare as one number; what is missing comes before all else.
        let item = |set: &[u32], place: usize| set.get(place).map_or(0, |item| u64::from(*item) + 1);
        let key = |set: &[u32]| u128::from(item(set, 0)) << 64 | u128::from(item(set, 1));
        let mut order: Vec<(u128, u32)> = (0..)
            .zip(self.sets.iter())
            .map(|(number, set)| (key(set), number))
            .collect();
        order.sort_unstable_by(|one, other| {
            one.0
                .cmp(&other.0)
                .then_with(|| self.of(one.1).cmp(self.of(other.1)))
        });
        let mut ranks = vec![0; order.len()];
        for (rank, (_, number)) in (0..).zip(order) {
            if let Some(slot) = ranks.get_mut(number as usize) {
                *slot = rank;
            }
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::Sets;

    #[test]
    fn equal_sets_have_one_number_and_ranks_are_those_of_sorting() {
        let mut sets = Sets::default();
        let lists: [&[u32]; 5] = [&[3, 4], &[], &[3], &[3, 4], &[1, 9]];
        let numbers: Vec<u32> = lists.iter().map(|list| sets.number(list)).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 3]);
        assert_eq!(sets.of(3), [1, 9]);
        assert_eq!(sets.ranks(), [3, 0, 2, 1]);
    }
}

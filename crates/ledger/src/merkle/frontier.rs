//! The root of a growing tree, in the space of a few digests.

use super::{empty_root, leaf_hash, node_hash};
use crate::digest::Digest;

/// What must be kept of a tree to add leaves and know its root: the roots of the perfect trees that it falls into, one for
/// each bit that is set in its number of leaves, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    leaves: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier of a tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            leaves: 0,
            peaks: Vec::new(),
        }
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut hash = leaf_hash(leaf);
        let mut pairs = self.leaves;
        while pairs % 2 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            pairs /= 2;
        }
        self.peaks.push(hash);
        self.leaves += 1;
        debug_assert_eq!(self.peaks.len(), self.leaves.count_ones() as usize);
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        fold_peaks(&self.peaks)
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

/// The root over perfect trees of falling size.
pub(super) fn fold_peaks(peaks: &[Digest]) -> Digest {
    peaks
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or_else(empty_root)
}

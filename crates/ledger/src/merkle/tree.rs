//! A tree that can prove things: every hash of a perfect subtree is kept, 64 bytes for each leaf.

use super::frontier::fold_peaks;
use super::{ConsistencyProof, InclusionProof, leaf_hash, node_hash};
use crate::digest::Digest;

/// A growing tree in memory.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// At level `h`, the roots of the perfect subtrees with 2ʰ leaves, from the left.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// How many leaves it has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.levels.first().map_or(0, |hashes| hashes.len() as u64)
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut hash = leaf_hash(leaf);
        let mut height = 0;
        loop {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(height) else {
                return;
            };
            level.push(hash);
            let [.., left, right] = level.as_slice() else {
                return;
            };
            if level.len() % 2 == 1 {
                return;
            }
            hash = node_hash(left, right);
            height += 1;
        }
    }

    /// The root of the tree as it was when it had so many leaves; `None` if it never had.
    #[must_use]
    pub fn root_at(&self, leaves: u64) -> Option<Digest> {
        (leaves <= self.leaves()).then(|| self.subtree(0, leaves))
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.subtree(0, self.leaves())
    }

    /// Proves that the leaf with this index is in the tree with so many leaves (RFC 9162, section 2.1.3.1). `None` if the
    /// tree never had so many, or the index is not among them.
    #[must_use]
    pub fn prove_inclusion(&self, index: u64, leaves: u64) -> Option<InclusionProof> {
        if index >= leaves || leaves > self.leaves() {
            return None;
        }
        let (mut start, mut end) = (0, leaves);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.subtree(middle, end));
                end = middle;
            } else {
                path.push(self.subtree(start, middle));
                start = middle;
            }
        }
        path.reverse();
        Some(InclusionProof { index, leaves, path })
    }

    /// Proves that the tree with `second` leaves goes on from the one with `first` (RFC 9162, section 2.1.4.1). `None` if the
    /// tree never had so many leaves, or `first` is above `second`.
    #[must_use]
    pub fn prove_consistency(&self, first: u64, second: u64) -> Option<ConsistencyProof> {
        if first > second || second > self.leaves() {
            return None;
        }
        let path = if first == 0 {
            Vec::new()
        } else {
            self.consistency_path(first, second)
        };
        Some(ConsistencyProof { first, second, path })
    }

    fn consistency_path(&self, first: u64, second: u64) -> Vec<Digest> {
        let (mut start, mut end) = (0, second);
        let mut path = Vec::new();
        while end != first {
            let middle = start + split(end - start);
            if first <= middle {
                path.push(self.subtree(middle, end));
                end = middle;
            } else {
                path.push(self.subtree(start, middle));
                start = middle;
            }
        }
        // A subtree that starts the old tree is the old root itself, which the verifier has.
        if start > 0 {
            path.push(self.subtree(start, end));
        }
        path.reverse();
        path
    }

    /// The root over the leaves from `start` up to `end`, where `start` is a multiple of a power of two that is no smaller
    /// than the number of leaves.
    fn subtree(&self, start: u64, end: u64) -> Digest {
        let mut peaks = Vec::new();
        let mut at = start;
        while at < end {
            let height = (end - at).ilog2();
            peaks.extend(self.perfect(height, at >> height));
            at += 1 << height;
        }
        fold_peaks(&peaks)
    }

    fn perfect(&self, height: u32, place: u64) -> Option<Digest> {
        let level = self.levels.get(usize::try_from(height).ok()?)?;
        level.get(usize::try_from(place).ok()?).copied()
    }
}

/// The largest power of two below a number of at least 2: where RFC 9162 parts a tree.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

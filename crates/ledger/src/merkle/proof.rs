//! Proofs, and how they are checked without the tree.

use serde::{Deserialize, Serialize};

use super::{empty_root, leaf_hash, node_hash};
use crate::digest::Digest;
use crate::limits::PROOF_DIGESTS_MAX;

/// That a leaf is in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// Place of the leaf; the first is 0.
    pub index: u64,
    /// Leaves of the tree.
    pub leaves: u64,
    /// Hashes of the other child at each node, from the leaf up.
    pub path: Vec<Digest>,
}

/// That a tree goes on from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    /// Leaves of the earlier tree.
    pub first: u64,
    /// Leaves of the later tree.
    pub second: u64,
    /// The hashes of RFC 9162, section 2.1.4.1, in its order.
    pub path: Vec<Digest>,
}

/// A proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It has too many digests or too few, or speaks of an impossible tree.
    #[error("the proof has the wrong shape")]
    Shape,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

impl InclusionProof {
    /// Checks that the leaf stands at its index in the tree with this root (RFC 9162, section 2.1.3.2).
    ///
    /// # Errors
    /// If that is not proved.
    pub fn verify(&self, leaf: &[u8], root: &Digest) -> Result<(), ProofError> {
        if self.index >= self.leaves || self.path.len() > PROOF_DIGESTS_MAX {
            return Err(ProofError::Shape);
        }
        let mut place = self.index;
        let mut last = self.leaves - 1;
        let mut hash = leaf_hash(leaf);
        for sibling in &self.path {
            if last == 0 {
                return Err(ProofError::Shape);
            }
            if place % 2 == 1 || place == last {
                hash = node_hash(sibling, &hash);
                climb_to_left_child(&mut place, &mut last);
            } else {
                hash = node_hash(&hash, sibling);
            }
            place /= 2;
            last /= 2;
        }
        same(last == 0, &hash, root)
    }
}

impl ConsistencyProof {
    /// Checks that the tree with `second_root` goes on from the one with `first_root` (RFC 9162, section 2.1.4.2).
    ///
    /// # Errors
    /// If that is not proved.
    pub fn verify(&self, first_root: &Digest, second_root: &Digest) -> Result<(), ProofError> {
        if self.first > self.second || self.path.len() > PROOF_DIGESTS_MAX {
            return Err(ProofError::Shape);
        }
        if self.first == self.second {
            return same(self.path.is_empty(), first_root, second_root);
        }
        if self.first == 0 {
            return same(self.path.is_empty(), first_root, &empty_root());
        }
        let mut hashes = self.path.iter();
        let start = if self.first.is_power_of_two() {
            *first_root
        } else {
            *hashes.next().ok_or(ProofError::Shape)?
        };
        self.climb(start, hashes, first_root, second_root)
    }

    fn climb<'a>(
        &self,
        start: Digest,
        hashes: impl Iterator<Item = &'a Digest>,
        first_root: &Digest,
        second_root: &Digest,
    ) -> Result<(), ProofError> {
        let mut place = self.first - 1;
        let mut last = self.second - 1;
        while place % 2 == 1 {
            place /= 2;
            last /= 2;
        }
        let (mut old, mut new) = (start, start);
        for hash in hashes {
            if last == 0 {
                return Err(ProofError::Shape);
            }
            if place % 2 == 1 || place == last {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
                climb_to_left_child(&mut place, &mut last);
            } else {
                new = node_hash(&new, hash);
            }
            place /= 2;
            last /= 2;
        }
        same(last == 0, &old, first_root)?;
        same(true, &new, second_root)
    }
}

/// Goes up over the levels at which a node at the right edge has no sibling.
fn climb_to_left_child(place: &mut u64, last: &mut u64) {
    while place.is_multiple_of(2) && *place != 0 {
        *place /= 2;
        *last /= 2;
    }
}

fn same(shape: bool, found: &Digest, expected: &Digest) -> Result<(), ProofError> {
    if !shape {
        return Err(ProofError::Shape);
    }
    if found == expected {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

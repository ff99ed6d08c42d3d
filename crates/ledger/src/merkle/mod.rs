//! The Merkle tree of RFC 9162, section 2.1 (the same as in RFC 6962), with SHA-256.
//!
//! A leaf's hash is SHA-256 of the byte 0 and the leaf, a node's is SHA-256 of the byte 1 and its two children. The leaf of
//! a ledger's entry is the 32 bytes of its digest.

mod frontier;
mod proof;
mod tree;

#[cfg(test)]
mod tests;

pub use frontier::Frontier;
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use tree::Tree;

use crate::digest::Digest;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest::of(&[&[0], leaf])
}

/// The hash of a node with two children.
fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of a tree without leaves.
fn empty_root() -> Digest {
    Digest::of(&[])
}

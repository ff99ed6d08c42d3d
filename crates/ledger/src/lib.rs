//! The append-only record: entries chained by digest, a Merkle tree over them, signed checkpoints.
//!
//! Nothing here does I/O, reads a clock or knows what an entry is about. A store hands drafts to a [`Chain`] and keeps
//! what comes back; anyone can [`verify`] it later, from an [`export`], without the store.
//!
//! # What proves what
//! - The **chain**: each entry holds the digest of the one before, so a change, a gap or a swap is found and named.
//! - The **tree** (RFC 9162, section 2.1): that an entry is in the record, and that a longer record continues a shorter
//!   one, shown by a few dozen digests instead of all entries.
//! - A **checkpoint** (C2SP `tlog-checkpoint`): how long the record was and what its tree's root was, signed. Kept
//!   elsewhere, it is what tells a record that was rewritten as a whole.

mod canonical;
mod chain;
mod checkpoint;
mod digest;
mod durable;
mod entry;
pub mod export;
pub mod limits;
pub mod merkle;
mod note;
mod verify;

pub use canonical::{CanonicalError, canonical_text, normalised};
pub use chain::{Chain, Head};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use digest::{Digest, NotADigest};
pub use durable::{Commit, Durable};
pub use entry::{Draft, DraftError, Entry};
pub use note::{KeyError, NoteError, SignedNote, Signer, VerifierKey};
pub use verify::{Broken, BrokenAt, Verified, Verifying, verify};

//! How large anything may be, each with its reason.

/// Largest body of an entry as canonical JSON, in bytes. The orders of a plan that disables 10,000 accounts have 3 MB.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Deepest nesting of a body. What is written must be readable again, and JSON readers commonly stop at 128.
pub const BODY_DEPTH_MAX: usize = 64;

/// Longest kind of an entry in bytes: a few dotted words.
pub const KIND_BYTES_MAX: usize = 64;

/// Longest line of an export in bytes: the largest body, and what stands around it.
pub const LINE_BYTES_MAX: usize = BODY_BYTES_MAX + 4 * 1024;

/// Longest signed note in bytes. A checkpoint with every signature allowed has a third of it.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;

/// Most signatures on one note: the signer and its witnesses.
pub const SIGNATURES_MAX: usize = 32;

/// Longest name of a key or origin in bytes; both are written like a host name with a path.
pub const NAME_BYTES_MAX: usize = 256;

/// Most digests of a Merkle proof: a tree of 2⁶⁴ leaves has no longer one, and a consistency proof one more.
pub const PROOF_DIGESTS_MAX: usize = 65;

/// Most places listed at which the clock went back; beyond it they are counted.
pub const CLOCK_WENT_BACK_LISTED_MAX: usize = 100;

//! Bounds on everything that grows with the estate, each with its reason.

/// Most paths listed for one withdrawal: a person reads a few, and the rest say the same.
pub const PATHS_PER_WITHDRAWAL_MAX: usize = 3;

/// Most steps shown of one path: no published intrusion needs more, and a page stays a page.
pub const PATH_STEPS_MAX: usize = 40;

/// Most accounts or sites named in a document; beyond it the number is given.
pub const PEOPLE_NAMED_MAX: usize = 50;

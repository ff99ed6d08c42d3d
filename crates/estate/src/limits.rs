//! Bounds on everything that comes from outside, each with its reason.

/// Longest name of anything, in bytes. Distinguished names in real directories stay under 1 KiB.
pub const NAME_BYTES_MAX: usize = 1_024;

/// Most entities of one kind. Ids are `u32`; ten million leaves room for every published estate.
pub const ENTITIES_MAX: usize = 10_000_000;

/// Most accesses in one estate: the goal for exposure is ten million rules.
pub const ACCESSES_MAX: usize = 20_000_000;

/// Most aliases, and most addresses, that a directory keeps of one entity beside the declared ones. A laptop that
/// moves takes a few addresses a day; beyond this the oldest address is forgotten, and a new alias is not kept.
pub const LEARNED_NAMES_MAX: usize = 64;

//! Bounds on what is learned: logs can be crafted.

/// Most learned accesses.
pub const LEARNED_ACCESSES_MAX: usize = 5_000_000;

/// Most (access, user) pairs remembered to count the people of an access; beyond it people are undercounted.
pub const USER_PAIRS_MAX: usize = 8_000_000;

/// Most learned zones.
pub const ZONES_MAX: usize = 100_000;

/// Up to this many learned zones, each is assumed to reach each other; beyond it only those seen to talk.
pub const ZONES_ASSUMED_OPEN_MAX: usize = 24;

/// Ports from here on are handed out for one connection (RFC 6335); they name no service.
pub const EPHEMERAL_PORT_MIN: u16 = 49_152;

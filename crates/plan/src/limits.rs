//! Bounds on everything that grows with the estate, each with its reason.

/// Most paths listed for one withdrawal: a person reads a few, and the rest say the same.
pub const PATHS_PER_WITHDRAWAL_MAX: usize = 3;

/// Most steps shown of one path: no published intrusion needs more, and a page stays a page.
pub const PATH_STEPS_MAX: usize = 40;

/// Most accounts or sites named in a document; beyond it the number is given.
pub const PEOPLE_NAMED_MAX: usize = 50;

/// Nodes that the own search may visit before the integer program takes over: under a tenth of a second on masters of
/// a hundred rows, and nearly all real masters take fewer than a hundred nodes.
pub const SEARCH_NODES_MAX: u64 = 4_000;

/// Nodes of a whole solve before the best plan so far is returned with its gap.
pub const MASTER_NODES_MAX: u64 = 2_000_000;

/// Most rows of a master among which rows that contain another are looked for; the search is quadratic.
pub const DOMINATED_ROWS_MAX: usize = 3_000;

/// Most columns among which beaten ones are looked for.
pub const BEATEN_COLUMNS_MAX: usize = 20_000;

/// Most times a round looks for further derivations that share no column with those found.
pub const DISJOINT_MAX: u32 = 24;

/// Most sets of columns remembered between runs: a few hundred bytes each, so some tens of megabytes.
pub const CUT_SETS_MAX: usize = 200_000;

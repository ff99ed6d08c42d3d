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

/// Largest estate file in bytes. An estate of 57,000 staff written out takes about 30 MB.
pub const FILE_BYTES_MAX: usize = 512 * 1_024 * 1_024;

/// Deepest nesting in an estate file. The format itself needs eight levels; requirements may nest further.
pub const YAML_DEPTH_MAX: usize = 64;

/// Most values in an estate file. A million accesses take six million, at 64 bytes each.
pub const YAML_NODES_MAX: usize = 12_000_000;

/// Most values that anchors hold and aliases repeat in an estate file, against aliases of aliases of aliases.
pub const YAML_COPIES_MAX: usize = 100_000;

/// Most diagnostics that are kept: nobody reads more, and a binary file would give millions.
pub const DIAGNOSTICS_MAX: usize = 1_000;

/// Most accesses that one entry with lists may stand for, against a product of long lists.
pub const ACCESSES_PER_ENTRY_MAX: usize = 1_000_000;

/// Most bytes that an archive is unpacked to. A domain of a hundred thousand objects takes a
/// few hundred MiB; a zip bomb must not take all memory.
pub const UNPACKED_BYTES_MAX: u64 = 2 * 1_024 * 1_024 * 1_024;

/// Most files in an archive. SharpHound splits its output into parts, a few hundred at most.
pub const ARCHIVE_ENTRIES_MAX: usize = 10_000;

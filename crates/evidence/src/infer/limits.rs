//! Bounds on what inference remembers: an intruder who writes logs must not be able to fill memory.

/// Most different rules remembered for one entity; more than this add nothing that the first did not say.
pub const RULES_PER_ENTITY_MAX: usize = 64;

/// Most different carriers remembered for one entity.
pub const CARRIERS_PER_ENTITY_MAX: usize = 64;

/// Most entities under suspicion at a time; names in logs can be made up.
pub const ENTITIES_MAX: usize = 1_000_000;

/// Most contributions listed for one suspicion.
pub const CONTRIBUTIONS_MAX: usize = 8;

/// Most stretches of Cordon's own acts remembered.
pub const OWN_EFFECTS_MAX: usize = 100_000;

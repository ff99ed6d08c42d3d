//! Bounds on what a finding may carry.

/// Most entities taken from one finding: an incident may list a whole site, which says nothing about any one of them.
pub(super) const ENTITIES_MAX: usize = 64;

/// Most evidence fields taken from one finding.
pub(super) const EVIDENCE_MAX: usize = 64;

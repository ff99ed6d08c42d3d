//! What is assumed where the estate does not say.

use cordon_estate::{AccessKind, Estate, SystemKind};

use crate::Pace;

/// Where a system stands of which no zone is known (an application run by somebody else stands outside).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unplaced {
    /// It may stand in any internal zone: it can be reached from each, and reaches the systems of each. What is
    /// not known must not make an estate look safer than it is.
    #[default]
    Anywhere,
    /// It stands with its like, apart from every zone: only flows that name it cross.
    Apart,
}

/// How an estate is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where systems without a zone stand.
    pub unplaced: Unplaced,
    /// How long each kind of rule takes.
    pub pace: Pace,
}

/// True if the estate says nothing of its network: no system has a zone, no flow and no remote access is known.
/// Whoever is outside is then taken to be on it already, or no stolen credential could ever be used.
#[must_use]
pub(crate) fn network_unknown(estate: &Estate) -> bool {
    let placed = estate.systems.iter().any(|system| system.zone.is_some());
    !placed
        && !estate.accesses.iter().any(|access| {
            matches!(
                access.kind,
                AccessKind::Flow { .. } | AccessKind::RemoteAccess { .. }
            )
        })
}

/// True if a system of this kind holds a whole directory.
pub(crate) const fn holds_directory(kind: SystemKind) -> bool {
    matches!(kind, SystemKind::DomainController)
}

/// True if who runs a system of this kind can sign in as everybody.
pub(crate) const fn signs_everybody_in(kind: SystemKind) -> bool {
    matches!(kind, SystemKind::IdentityProvider)
}

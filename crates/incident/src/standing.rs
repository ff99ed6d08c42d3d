//! Standing plans: approved by people beforehand, carried out as soon as the evidence holds every foothold they were made against.
//!
//! Evidence is what an intruder can write. So a foothold counts here only if two signals that do not hang together speak for it, or an analyst
//! said so.

use cordon_estate::Entity;
use cordon_evidence::infer::Suspicion;

/// Signals that must speak for each foothold and do not hang together.
pub const INDEPENDENT_SIGNALS_MIN: u32 = 2;

/// What a plan waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    footholds: Vec<Entity>,
    met: bool,
}

impl Awaited {
    /// A plan that was made against these. One that was made against nobody waits for ever.
    #[must_use]
    pub const fn new(footholds: Vec<Entity>) -> Self {
        Self {
            footholds,
            met: false,
        }
    }

    /// True once, when every foothold is among these suspicions and is borne out.
    pub fn is_met(&mut self, held: &[Suspicion]) -> bool {
        if self.met || self.footholds.is_empty() {
            return false;
        }
        let is_held = |entity: &Entity| held.iter().any(|one| one.entity == *entity && is_borne_out(one));
        self.met = self.footholds.iter().all(is_held);
        self.met
    }
}

/// An analyst's word decides; without one, one signal never does.
const fn is_borne_out(suspicion: &Suspicion) -> bool {
    match suspicion.pinned {
        Some(held) => held,
        None => suspicion.independent_signals >= INDEPENDENT_SIGNALS_MIN,
    }
}

#[cfg(test)]
mod tests {
    use cordon_estate::{AccountId, SystemId};
    use jiff::Timestamp;

    use super::*;

    const PAT: Entity = Entity::Account(AccountId(0));
    const DESK: Entity = Entity::System(SystemId(0));

    fn suspicion(entity: Entity, independent_signals: u32, pinned: Option<bool>) -> Suspicion {
        Suspicion {
            entity,
            probability: 0.99,
            first_seen: Timestamp::UNIX_EPOCH,
            pinned,
            independent_signals,
            contributions: Vec::new(),
        }
    }

    fn both() -> Awaited {
        Awaited::new(vec![PAT, DESK])
    }

    #[test]
    fn one_signal_never_suffices_however_likely_it_makes_a_foothold() {
        let (one, two) = (suspicion(DESK, 1, None), suspicion(DESK, 2, None));
        let pat = suspicion(PAT, 2, None);
        assert!(!both().is_met(&[pat.clone(), one]));
        assert!(both().is_met(&[pat, two]));
    }

    #[test]
    fn every_foothold_must_be_held_and_only_once_is_it_said() {
        let (pat, desk) = (suspicion(PAT, 3, None), suspicion(DESK, 2, None));
        let mut awaited = both();
        assert!(!awaited.is_met(std::slice::from_ref(&pat)));
        assert!(awaited.is_met(&[desk.clone(), pat.clone()]));
        assert!(!awaited.is_met(&[desk, pat.clone()]));
        assert!(!Awaited::new(Vec::new()).is_met(&[pat]));
    }

    #[test]
    fn an_analysts_word_outweighs_signals_either_way() {
        let pat = suspicion(PAT, 2, None);
        assert!(both().is_met(&[pat.clone(), suspicion(DESK, 0, Some(true))]));
        assert!(!both().is_met(&[pat, suspicion(DESK, 5, Some(false))]));
    }
}

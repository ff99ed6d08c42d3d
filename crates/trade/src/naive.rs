//! The states of services by the definition: ask every tree, again and again, until nothing changes.

use cordon_estate::{Estate, Requirement};

use crate::{Lost, ServiceState};

/// The state of every service when something is lost; the same answer as [`crate::Services::states`].
#[must_use]
pub fn states(estate: &Estate, lost: &Lost) -> Vec<ServiceState> {
    let mut states = vec![ServiceState::Up; estate.services.len()];
    loop {
        let next: Vec<ServiceState> = (0..estate.services.len())
            .map(|index| state(estate, lost, &states, index))
            .collect();
        if next == states {
            return states;
        }
        states = next;
    }
}

fn state(estate: &Estate, lost: &Lost, states: &[ServiceState], index: usize) -> ServiceState {
    let Some(service) = estate.services.get(index) else {
        return ServiceState::Down;
    };
    if met(estate, lost, states, &service.requires) {
        return ServiceState::Up;
    }
    let mut best = ServiceState::Down;
    for fallback in &service.fallbacks {
        if fallback.capacity > 1.0 - best.missing() && met(estate, lost, states, &fallback.requires) {
            best = ServiceState::Degraded(fallback.capacity.min(1.0));
        }
    }
    best
}

fn met(estate: &Estate, lost: &Lost, states: &[ServiceState], requirement: &Requirement) -> bool {
    let part = |part: &Requirement| met(estate, lost, states, part);
    match requirement {
        Requirement::All(parts) => parts.iter().all(part),
        Requirement::Any(parts) => parts.iter().any(part),
        Requirement::System(id) => !lost.systems.contains(id.index()),
        Requirement::Access(id) => !lost.accesses.contains(id.index()),
        Requirement::Account(id) => {
            let was_enabled = estate.account(*id).is_none_or(|account| account.enabled);
            was_enabled && !lost.accounts.contains(id.index())
        }
        Requirement::Service(id) => states
            .get(id.index())
            .is_some_and(|state| *state != ServiceState::Down),
    }
}

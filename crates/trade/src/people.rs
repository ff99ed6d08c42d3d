//! How many people cannot work.

use cordon_estate::{AccessKind, AccountKind, Bits, Estate, System};
use serde::{Deserialize, Serialize};

use crate::{Lost, ServiceState};

/// People who cannot work. Accounts are counted once however often they are hit; people who are known only as
/// a number (at a system, at a site, in a service) cannot be told apart from them, hence the two totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// People known by an account: it is disabled, or they work at a system that is cut off.
    pub known: u32,
    /// Further people at systems that are cut off, never more at a site than work there.
    pub at_systems: u32,
    /// People of services that are down, and their share of those carried in part.
    pub in_services: u32,
}

impl People {
    /// Counts them. `states` are those of the services under the same losses.
    #[must_use]
    pub fn count(estate: &Estate, lost: &Lost, states: &[ServiceState]) -> Self {
        let mut known: Bits = lost
            .accounts
            .iter()
            .filter(|account| is_person(estate, *account))
            .collect();
        let sessions = people_at_lost_systems(estate, lost, &mut known);
        Self {
            known: known.len() as u32,
            at_systems: further_people(estate, lost, &sessions),
            in_services: in_services(estate, states),
        }
    }

    /// At least so many: the services' people may be the same as those at the systems.
    #[must_use]
    pub fn at_least(self) -> u32 {
        self.known.saturating_add(self.at_systems).max(self.in_services)
    }

    /// At most so many.
    #[must_use]
    pub const fn at_most(self) -> u32 {
        self.known
            .saturating_add(self.at_systems)
            .saturating_add(self.in_services)
    }
}

fn is_person(estate: &Estate, account: usize) -> bool {
    estate
        .accounts
        .get(account)
        .is_some_and(|account| matches!(account.kind, AccountKind::Person | AccountKind::Admin))
}

/// Adds who works at a lost system; returns how many each system has.
fn people_at_lost_systems(estate: &Estate, lost: &Lost, known: &mut Bits) -> Vec<u32> {
    let mut sessions = vec![0u32; estate.systems.len()];
    for access in &estate.accesses {
        if let AccessKind::Session { account, system } = access.kind
            && lost.systems.contains(system.index())
            && is_person(estate, account.index())
            && works_at(estate.system(system))
            && let Some(count) = sessions.get_mut(system.index())
        {
            *count += 1;
            known.insert(account.index());
        }
    }
    sessions
}

/// An administrator's session on a server is not where they work.
fn works_at(system: Option<&System>) -> bool {
    use cordon_estate::SystemKind::{Till, Workstation};
    system.is_some_and(|system| matches!(system.kind, Workstation | Till) || system.people.is_some())
}

fn further_people(estate: &Estate, lost: &Lost, sessions: &[u32]) -> u32 {
    let mut at_sites = vec![0u32; estate.sites.len()];
    let mut elsewhere = 0u32;
    for place in lost.systems.iter() {
        let Some(system) = estate.systems.get(place) else {
            continue;
        };
        let counted = sessions.get(place).copied().unwrap_or(0);
        let further = system.people.unwrap_or(0).saturating_sub(counted);
        match system.site.and_then(|site| at_sites.get_mut(site.index())) {
            Some(count) => *count = count.saturating_add(further),
            None => elsewhere = elsewhere.saturating_add(further),
        }
    }
    let capped = at_sites
        .iter()
        .zip(&estate.sites)
        .map(|(count, site)| (*count).min(site.people));
    capped.fold(elsewhere, u32::saturating_add)
}

fn in_services(estate: &Estate, states: &[ServiceState]) -> u32 {
    let idle = estate.services.iter().zip(states);
    idle.map(|(service, state)| (f64::from(service.people) * state.missing()).round() as u32)
        .fold(0, u32::saturating_add)
}

//! The same meaning where few facts stand: what nothing stands for is not asked about.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{AccessId, AccessKind, Entity, Estate, SystemId, SystemKind};

use super::gained::Gained;
use super::{Intruder, of_kind, says_nothing_of_its_network};
use crate::{Base, Derived, Options};

/// An estate asked many times what follows from few facts.
///
/// No access that does not stand, no account that is not enabled and no system that is not connected gives anything,
/// but for systems that hold a directory or sign everybody in; so it is enough to ask about those that stand.
#[derive(Debug)]
pub struct FewFacts<'e> {
    estate: &'e Estate,
    options: &'e Options,
    /// Systems that give something even if nothing of their own stands.
    directories: Vec<SystemId>,
    network_unknown: bool,
    /// Empty between two questions.
    gained: Gained,
}

impl<'e> FewFacts<'e> {
    /// Over an estate; takes one look at each system and access.
    #[must_use]
    pub fn new(estate: &'e Estate, options: &'e Options) -> Self {
        let systems = estate.systems_with_ids();
        let directories = systems.filter(|(_, system)| {
            matches!(
                system.kind,
                SystemKind::DomainController | SystemKind::IdentityProvider
            )
        });
        Self {
            estate,
            options,
            directories: directories.map(|(id, _)| id).collect(),
            network_unknown: says_nothing_of_its_network(estate),
            gained: Gained::nothing(estate),
        }
    }

    /// Everything that can be reached from the footholds while nothing stands but these facts: as
    /// [`super::reach`] has it, without [`Derived::Holds`] of accounts that are not enabled among them.
    #[must_use]
    pub fn reach(&mut self, footholds: &[Entity], standing: &BTreeSet<Base>) -> BTreeMap<Derived, u32> {
        let mut systems: BTreeSet<SystemId> = self.directories.iter().copied().collect();
        let (mut accounts, mut accesses) = (Vec::new(), Vec::new());
        for fact in standing {
            match *fact {
                Base::Access(id) => accesses.extend(self.access(id)),
                Base::Enabled(id) => accounts.push(id),
                Base::Connected(id) => drop(systems.insert(id)),
                _ => {}
            }
        }
        let intruder = Intruder {
            estate: self.estate,
            options: self.options,
            stands: &|fact, _| standing.contains(&fact),
            accounts,
            systems: systems.into_iter().collect(),
            flows: of_kind(&accesses, |kind| matches!(kind, AccessKind::Flow { .. })),
            members: super::members(&accesses),
            opened: super::network::Opened::new(),
            accesses,
            network_unknown: self.network_unknown,
            gained: &mut self.gained,
            inside: None,
            changed: false,
        };
        let mut gained = intruder.everything(footholds);
        gained.retain(|fact, _| match *fact {
            Derived::Holds(id) => standing.contains(&Base::Enabled(id)),
            _ => true,
        });
        gained
    }

    fn access(&self, id: AccessId) -> Option<(AccessId, AccessKind)> {
        let access = self.estate.access(id)?;
        Some((id, access.kind))
    }
}

//! What the intruder has, and since when: one slot for each thing that an estate can give.

use std::collections::BTreeMap;

use cordon_estate::Estate;

use crate::Derived;

const NEVER: u32 = u32::MAX;

/// The second at which each fact was gained.
#[derive(Debug)]
pub(super) struct Gained {
    accounts: usize,
    groups: usize,
    systems: usize,
    zones: usize,
    seconds: Vec<u32>,
    /// What was gained, each once, so that nothing else has to be looked through.
    facts: Vec<Derived>,
}

impl Gained {
    pub(super) fn nothing(estate: &Estate) -> Self {
        let mut gained = Self {
            accounts: estate.accounts.len(),
            groups: estate.groups.len(),
            systems: estate.systems.len(),
            zones: estate.zones.len(),
            seconds: Vec::new(),
            facts: Vec::new(),
        };
        let [.., end] = gained.starts();
        gained.seconds.resize(end, NEVER);
        gained
    }

    /// Where the slots of each kind start, behind four of their own: accounts held, accounts used, groups, systems,
    /// applications, zones; and where they end.
    const fn starts(&self) -> [usize; 7] {
        let held = 4;
        let used = held + self.accounts;
        let groups = used + self.accounts;
        let systems = groups + self.groups;
        let applications = systems + self.systems;
        let zones = applications + self.systems;
        [
            held,
            used,
            groups,
            systems,
            applications,
            zones,
            zones + self.zones,
        ]
    }

    /// None for what the estate does not have, and for steps between, of which nothing is told.
    fn slot(&self, fact: Derived) -> Option<usize> {
        let [held, used, groups, systems, applications, zones, _] = self.starts();
        let one_of = |start: usize, id: usize, of: usize| (id < of).then_some(start + id);
        match fact {
            Derived::OnInternet => Some(0),
            Derived::OnUnplaced => Some(1),
            Derived::DirectoryTaken => Some(2),
            Derived::AccountsTaken => Some(3),
            Derived::Holds(id) => one_of(held, id.index(), self.accounts),
            Derived::Uses(id) => one_of(used, id.index(), self.accounts),
            Derived::ActsAs(id) => one_of(groups, id.index(), self.groups),
            Derived::RunsOn(id) => one_of(systems, id.index(), self.systems),
            Derived::UsesApp(id) => one_of(applications, id.index(), self.systems),
            Derived::OnZone(id) => one_of(zones, id.index(), self.zones),
            Derived::ConnectsToZone(..)
            | Derived::ConnectsToInternet(_)
            | Derived::ConnectsToUnplaced(_)
            | Derived::ConnectsToSystem(..)
            | Derived::Granted(..) => None,
        }
    }

    /// The second at which a fact was gained; none if it was not.
    pub(super) fn when(&self, fact: Derived) -> Option<u32> {
        let at = self.seconds.get(self.slot(fact)?).copied();
        at.filter(|at| *at != NEVER)
    }

    /// True if that is news: the fact was not gained so early before.
    pub(super) fn gain(&mut self, at: u32, fact: Derived) -> bool {
        let slot = self.slot(fact).and_then(|slot| self.seconds.get_mut(slot));
        let Some(known) = slot.filter(|known| at < **known) else {
            return false;
        };
        if *known == NEVER {
            self.facts.push(fact);
        }
        *known = at;
        true
    }

    /// Everything that was gained; nothing is gained any more then.
    pub(super) fn take(&mut self) -> BTreeMap<Derived, u32> {
        let facts = std::mem::take(&mut self.facts);
        let told = facts.into_iter().filter_map(|fact| {
            let slot = self.slot(fact)?;
            let at = std::mem::replace(self.seconds.get_mut(slot)?, NEVER);
            Some((fact, at))
        });
        told.collect()
    }
}

//! Which fact has which number.
//!
//! Each kind of entity has a run of numbers in the order of its entities, so that most numbers are one addition.
//! Facts of one entity are neighbours: chaining reads them together, and memory is what it waits for.

use cordon_estate::{
    AccessId, AccessKind, AccountId, Estate, GroupId, Place, SystemId, SystemKind, Target, ZoneId,
};

use super::masks::{self, GRANTS, Masks};
use crate::{Base, Carrier, Derived, Fact, FactId, Grant};

/// Carriers: one for each means that needs the network, and one for every port.
pub(crate) const CARRIERS: u32 = 9;
/// The place of [`Carrier::Any`].
pub(crate) const ANY: u32 = 8;
const NO_DOOR: u32 = u32::MAX;

/// The carrier of a place below [`CARRIERS`].
fn carrier(place: u32) -> Carrier {
    match GRANTS.get(place as usize) {
        Some(Grant::Run(means)) => Carrier::Means(*means),
        _ => Carrier::Any,
    }
}

fn carrier_place(carrier: Carrier) -> Option<u32> {
    match carrier {
        Carrier::Any => Some(ANY),
        Carrier::Means(means) => masks::bit(Grant::Run(means)),
    }
}

/// Starts of the runs of numbers, in order.
#[derive(Clone, Copy, Debug, Default)]
struct Starts {
    enabled: u32,
    connected: u32,
    credential: u32,
    presence: u32,
    within: u32,
    posing: u32,
    internet: u32,
    accounts: u32,
    groups: u32,
    systems: u32,
    app: u32,
    on: u32,
    accounts_taken: u32,
    directory_taken: u32,
    to_zone: u32,
    to_system: u32,
    end: u32,
}

/// A place on the network: a zone of the estate, or one of two that it need not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

#[derive(Debug, Default)]
pub(crate) struct Numbering {
    starts: Starts,
    zones: u32,
    internet: u32,
    pub(crate) system_grants: Masks,
    pub(crate) group_grants: Masks,
    /// For each system, the number of its own door: set if a flow names it as its end.
    doors: Vec<u32>,
    behind_doors: Vec<SystemId>,
}

impl Numbering {
    /// `kinds` are those of all accesses of the estate, in order.
    pub(crate) fn of(estate: &Estate, kinds: &[AccessKind]) -> Self {
        let (system_grants, group_grants) = masks::of_estate(estate, kinds);
        let (doors, behind_doors) = doors(estate, kinds);
        let zones = estate.zones.len() as u32;
        let mut numbering = Self {
            starts: Starts::default(),
            zones,
            internet: estate.internet().map_or(zones, |zone| zone.0),
            system_grants,
            group_grants,
            doors,
            behind_doors,
        };
        numbering.starts = numbering.lay_out(estate);
        numbering
    }

    fn lay_out(&self, estate: &Estate) -> Starts {
        let mut next = 0u32;
        let mut run = |length: usize| {
            let start = next;
            next = next.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
            start
        };
        run(estate.accesses.len());
        let (accounts, groups) = (estate.accounts.len(), estate.groups.len());
        let (systems, slots) = (estate.systems.len(), estate.zones.len() + 2);
        Starts {
            enabled: run(accounts),
            connected: run(systems),
            credential: run(accounts),
            presence: run(systems),
            within: run(estate.zones.len()),
            posing: run(groups),
            internet: run(1),
            accounts: run(accounts * 2),
            groups: run(self.group_grants.count() as usize),
            systems: run(self.system_grants.count() as usize),
            app: run(systems),
            on: run(slots),
            accounts_taken: run(1),
            directory_taken: run(1),
            to_zone: run(slots * CARRIERS as usize),
            to_system: run(self.behind_doors.len() * CARRIERS as usize),

            end: run(0),
        }
    }

    /// How many base facts there are; derived facts follow them.
    pub(crate) const fn base_facts(&self) -> u32 {
        self.starts.accounts
    }

    /// How many facts there are.
    pub(crate) const fn facts(&self) -> u32 {
        self.starts.end
    }

    pub(crate) fn base(&self, base: Base) -> Option<FactId> {
        let starts = &self.starts;
        match base {
            Base::Access(id) => within(0, starts.enabled, id.0),
            Base::Enabled(id) => within(starts.enabled, starts.connected, id.0),
            Base::Connected(id) => within(starts.connected, starts.credential, id.0),
            Base::Credential(id) => within(starts.credential, starts.presence, id.0),
            Base::Presence(id) => within(starts.presence, starts.within, id.0),
            Base::Within(id) => within(starts.within, starts.posing, id.0),
            Base::Posing(id) => within(starts.posing, starts.internet, id.0),
            Base::Internet => Some(FactId(starts.internet)),
        }
    }

    pub(crate) fn derived(&self, derived: Derived) -> Option<FactId> {
        let starts = &self.starts;
        match derived {
            Derived::Holds(id) => within(starts.accounts, starts.groups, id.0.checked_mul(2)?),
            Derived::Uses(id) => within(starts.accounts, starts.groups, id.0.checked_mul(2)? + 1),
            Derived::ActsAs(id) => Some(FactId(starts.groups + self.group_grants.entity(id.index())?)),
            Derived::RunsOn(id) => Some(FactId(starts.systems + self.system_grants.entity(id.index())?)),
            Derived::UsesApp(id) => within(starts.app, starts.on, id.0),
            Derived::OnZone(id) => self.on(self.slot_of_zone(id)?),
            Derived::OnInternet => self.on(self.internet_slot()),
            Derived::OnUnplaced => self.on(self.unplaced_slot()),
            Derived::AccountsTaken => Some(FactId(starts.accounts_taken)),
            Derived::DirectoryTaken => Some(FactId(starts.directory_taken)),
            Derived::ConnectsToZone(id, by) => self.to_slot(self.slot_of_zone(id)?, carrier_place(by)?),
            Derived::ConnectsToInternet(by) => self.to_slot(self.internet_slot(), carrier_place(by)?),
            Derived::ConnectsToUnplaced(by) => self.to_slot(self.unplaced_slot(), carrier_place(by)?),
            Derived::ConnectsToSystem(id, by) => self.to_system(id, carrier_place(by)?),
            Derived::Granted(on, grant) => self.granted(on, masks::bit(grant)?),
        }
    }

    pub(crate) fn on(&self, slot: Slot) -> Option<FactId> {
        within(self.starts.on, self.starts.accounts_taken, slot.0)
    }

    pub(crate) fn to_slot(&self, slot: Slot, carrier: u32) -> Option<FactId> {
        within(
            self.starts.to_zone,
            self.starts.to_system,
            slot.0 * CARRIERS + carrier,
        )
    }

    pub(crate) fn to_system(&self, system: SystemId, carrier: u32) -> Option<FactId> {
        let door = *self.doors.get(system.index())?;
        (door != NO_DOOR).then_some(())?;
        within(self.starts.to_system, self.starts.end, door * CARRIERS + carrier)
    }

    pub(crate) fn granted(&self, on: Target, bit: u32) -> Option<FactId> {
        let number = match on {
            Target::System(id) => self.starts.systems + self.system_grants.rank(id.index(), bit)?,
            Target::Group(id) => self.starts.groups + self.group_grants.rank(id.index(), bit)?,
        };
        Some(FactId(number))
    }

    /// Where a system stands: its zone, or outside for an application run by somebody else, or unplaced.
    pub(crate) fn slot_of_system(&self, estate: &Estate, id: SystemId) -> Option<Slot> {
        let system = estate.system(id)?;
        let known = system.zone.and_then(|zone| self.slot_of_zone(zone));
        Some(known.unwrap_or(match system.kind {
            SystemKind::SaasApp => self.internet_slot(),
            _ => self.unplaced_slot(),
        }))
    }

    pub(crate) fn slot_of_zone(&self, id: ZoneId) -> Option<Slot> {
        (id.0 < self.zones).then_some(Slot(id.0))
    }

    pub(crate) const fn internet_slot(&self) -> Slot {
        Slot(self.internet)
    }

    pub(crate) const fn unplaced_slot(&self) -> Slot {
        Slot(self.zones + 1)
    }

    pub(crate) fn describe(&self, fact: FactId) -> Option<Fact> {
        if fact.0 < self.starts.accounts {
            self.describe_base(fact.0).map(Fact::Base)
        } else {
            self.describe_derived(fact.0).map(Fact::Derived)
        }
    }

    fn describe_base(&self, number: u32) -> Option<Base> {
        let starts = &self.starts;
        Some(match number {
            n if n < starts.enabled => Base::Access(AccessId(n)),
            n if n < starts.connected => Base::Enabled(AccountId(n - starts.enabled)),
            n if n < starts.credential => Base::Connected(SystemId(n - starts.connected)),
            n if n < starts.presence => Base::Credential(AccountId(n - starts.credential)),
            n if n < starts.within => Base::Presence(SystemId(n - starts.presence)),
            n if n < starts.posing => Base::Within(ZoneId(n - starts.within)),
            n if n < starts.internet => Base::Posing(GroupId(n - starts.posing)),
            n if n == starts.internet => Base::Internet,
            _ => return None,
        })
    }

    fn describe_derived(&self, number: u32) -> Option<Derived> {
        let starts = &self.starts;
        Some(match number {
            n if n < starts.accounts => return None,
            n if n < starts.groups => describe_account(n - starts.accounts),
            n if n < starts.systems => match self.group_grants.find(n - starts.groups)? {
                (index, None) => Derived::ActsAs(GroupId(index)),
                (index, Some(grant)) => Derived::Granted(Target::Group(GroupId(index)), grant),
            },
            n if n < starts.app => match self.system_grants.find(n - starts.systems)? {
                (index, None) => Derived::RunsOn(SystemId(index)),
                (index, Some(grant)) => Derived::Granted(Target::System(SystemId(index)), grant),
            },
            n if n < starts.on => Derived::UsesApp(SystemId(n - starts.app)),
            n if n < starts.accounts_taken => self.describe_on(n - starts.on),
            n if n == starts.accounts_taken => Derived::AccountsTaken,
            n if n == starts.directory_taken => Derived::DirectoryTaken,
            n if n < starts.to_system => self.describe_to_slot(n - starts.to_zone),
            n => self.describe_to_system(n - starts.to_system)?,
        })
    }

    const fn describe_on(&self, slot: u32) -> Derived {
        if slot < self.zones {
            Derived::OnZone(ZoneId(slot))
        } else if slot == self.zones {
            Derived::OnInternet
        } else {
            Derived::OnUnplaced
        }
    }

    fn describe_to_slot(&self, offset: u32) -> Derived {
        let (slot, by) = (offset / CARRIERS, carrier(offset % CARRIERS));
        if slot < self.zones {
            Derived::ConnectsToZone(ZoneId(slot), by)
        } else if slot == self.zones {
            Derived::ConnectsToInternet(by)
        } else {
            Derived::ConnectsToUnplaced(by)
        }
    }

    fn describe_to_system(&self, offset: u32) -> Option<Derived> {
        let system = *self.behind_doors.get((offset / CARRIERS) as usize)?;
        Some(Derived::ConnectsToSystem(system, carrier(offset % CARRIERS)))
    }
}

/// What is held and what is used of an account lie side by side.
const fn describe_account(offset: u32) -> Derived {
    let id = AccountId(offset / 2);
    if offset.is_multiple_of(2) {
        Derived::Holds(id)
    } else {
        Derived::Uses(id)
    }
}

fn within(start: u32, end: u32, offset: u32) -> Option<FactId> {
    let number = start.checked_add(offset)?;
    (number < end).then_some(FactId(number))
}

fn doors(estate: &Estate, kinds: &[AccessKind]) -> (Vec<u32>, Vec<SystemId>) {
    let mut doors = vec![NO_DOOR; estate.systems.len()];
    for kind in kinds {
        if let AccessKind::Flow {
            to: Place::System(id),
            ..
        } = *kind
            && let Some(door) = doors.get_mut(id.index())
        {
            *door = 0;
        }
    }
    let mut behind = Vec::new();
    for (index, door) in doors.iter_mut().enumerate().filter(|(_, door)| **door == 0) {
        *door = behind.len() as u32;
        behind.push(SystemId(index as u32));
    }
    (doors, behind)
}

//! Which grants exist on which systems and groups, one bit each, numbered densely.

use cordon_estate::{AccessKind, ControlKind, Estate, Means, Principal, Target};

use crate::Grant;

/// Every grant, in the order of its bit.
pub(crate) const GRANTS: [Grant; 15] = [
    Grant::Run(Means::RemoteDesktop),
    Grant::Run(Means::RemoteManagement),
    Grant::Run(Means::FileShare),
    Grant::Run(Means::Wmi),
    Grant::Run(Means::Ssh),
    Grant::Run(Means::Database),
    Grant::Run(Means::Web),
    Grant::Run(Means::Admin),
    Grant::Take(ControlKind::ResetPassword),
    Grant::Take(ControlKind::ResetSecondFactor),
    Grant::Take(ControlKind::ReadSecret),
    Grant::Take(ControlKind::RoastTicket),
    Grant::Take(ControlKind::Delegate),
    Grant::Take(ControlKind::Hosts),
    Grant::Recover,
];

/// The bit of a grant; `None` for one that no rule uses (a console needs somebody there in person).
pub(crate) fn bit(grant: Grant) -> Option<u32> {
    GRANTS
        .iter()
        .position(|one| *one == grant)
        .map(|place| place as u32)
}

const RUN_BITS: u16 = 0xff;
const ADMIN_BIT: u16 = 1 << 7;
/// Reading the secret of a system, or delegation to it, amounts to administering it.
const AS_ADMIN_BITS: u16 = 1 << 10 | 1 << 12;

/// What a grant on a group amounts to on a member system.
pub(crate) const fn on_member_system(bits: u16) -> u16 {
    (bits & RUN_BITS) | if bits & AS_ADMIN_BITS == 0 { 0 } else { ADMIN_BIT }
}

/// One mask for each entity of a kind, and where its block of numbers starts: one for the entity itself, so that
/// what is read together lies together, and one for each grant.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    bits: Vec<u16>,
    starts: Vec<u32>,
}

impl Masks {
    fn empty(count: usize) -> Self {
        Self {
            bits: vec![0; count],
            starts: Vec::new(),
        }
    }

    fn add(&mut self, index: usize, bits: u16) -> bool {
        self.bits.get_mut(index).is_some_and(|own| {
            let before = *own;
            *own |= bits;
            *own != before
        })
    }

    fn number(&mut self) {
        let mut next = 0;
        self.starts = Vec::with_capacity(self.bits.len() + 1);
        for bits in &self.bits {
            self.starts.push(next);
            next += 1 + bits.count_ones();
        }
        self.starts.push(next);
    }

    pub(crate) fn of(&self, index: usize) -> u16 {
        self.bits.get(index).copied().unwrap_or(0)
    }

    /// The number of the entity itself, if it exists.
    pub(crate) fn entity(&self, index: usize) -> Option<u32> {
        (index < self.bits.len()).then(|| self.starts.get(index).copied())?
    }

    /// The number of a grant on an entity, if it exists.
    pub(crate) fn rank(&self, index: usize, bit: u32) -> Option<u32> {
        let bits = self.of(index);
        (bits >> bit & 1 == 1).then_some(())?;
        let below = bits & ((1 << bit) - 1);
        Some(self.starts.get(index)? + 1 + below.count_ones())
    }

    /// The entity of a number, and the grant unless it is the number of the entity itself.
    pub(crate) fn find(&self, rank: u32) -> Option<(u32, Option<Grant>)> {
        let index = self
            .starts
            .partition_point(|start| *start <= rank)
            .checked_sub(1)?;
        let Some(nth) = (rank - self.starts.get(index)?).checked_sub(1) else {
            return Some((index as u32, None));
        };
        let bits = self.of(index);
        let bit = (0..16).filter(|bit| bits >> bit & 1 == 1).nth(nth as usize)?;
        Some((index as u32, Some(*GRANTS.get(bit)?)))
    }

    pub(crate) fn count(&self) -> u32 {
        self.starts.last().copied().unwrap_or(0)
    }
}

/// The grants that rules can conclude: those that accesses give, passed down to nested groups and to systems.
/// Each group's mask grows at most fifteen times, so the pass is linear in the memberships.
pub(crate) fn of_estate(estate: &Estate, kinds: &[AccessKind]) -> (Masks, Masks) {
    let mut systems = Masks::empty(estate.systems.len());
    let mut groups = Masks::empty(estate.groups.len());
    for kind in kinds {
        match given(kind) {
            Some((Target::System(id), bits)) => systems.add(id.index(), bits),
            Some((Target::Group(id), bits)) => groups.add(id.index(), bits),
            None => false,
        };
    }
    pass_down(estate, kinds, &mut groups, &mut systems);
    systems.number();
    groups.number();
    (systems, groups)
}

/// The grant that an access gives on a system or a group.
pub(crate) fn grant_of(kind: &AccessKind) -> Option<(Target, Grant)> {
    match *kind {
        AccessKind::Right { on, means, .. } => Some((on, Grant::Run(means))),
        AccessKind::Control {
            over: Principal::Group(id),
            by,
            ..
        } => Some((Target::Group(id), Grant::Take(by))),
        AccessKind::Control {
            over: Principal::System(id),
            by: ControlKind::FullControl | ControlKind::ReadSecret | ControlKind::Delegate,
            ..
        } => Some((Target::System(id), Grant::Run(Means::Admin))),
        AccessKind::Recovery {
            of: Principal::Group(id),
            ..
        } => Some((Target::Group(id), Grant::Recover)),
        _ => None,
    }
}

fn given(kind: &AccessKind) -> Option<(Target, u16)> {
    let (target, grant) = grant_of(kind)?;
    Some((target, 1 << bit(grant)?))
}

fn pass_down(estate: &Estate, kinds: &[AccessKind], groups: &mut Masks, systems: &mut Masks) {
    let nested = Nested::of(estate, kinds);
    let mut waiting: Vec<usize> = (0..estate.groups.len())
        .filter(|group| groups.of(*group) != 0)
        .collect();
    while let Some(group) = waiting.pop() {
        let bits = groups.of(group);
        for member in nested.of_group(group) {
            match *member {
                Principal::Group(id) if groups.add(id.index(), bits) => waiting.push(id.index()),
                Principal::System(id) => {
                    systems.add(id.index(), on_member_system(bits));
                }
                _ => {}
            }
        }
    }
}

/// Groups and systems in each group, as one array.
struct Nested {
    starts: Vec<u32>,
    members: Vec<Principal>,
}

impl Nested {
    fn of(estate: &Estate, kinds: &[AccessKind]) -> Self {
        let memberships = || {
            kinds.iter().filter_map(|kind| match *kind {
                AccessKind::Membership { member, group }
                    if !matches!(member, Principal::Account(_)) && group.index() < estate.groups.len() =>
                {
                    Some((group, member))
                }
                _ => None,
            })
        };
        let rows = estate.groups.len();
        let (starts, places) = super::rows::group_by(rows, memberships().map(|(group, _)| group.0));
        let mut members = vec![Principal::Account(cordon_estate::AccountId(0)); places.len()];
        for ((_, member), place) in memberships().zip(places) {
            if let Some(slot) = members.get_mut(place as usize) {
                *slot = member;
            }
        }
        Self { starts, members }
    }

    fn of_group(&self, group: usize) -> &[Principal] {
        super::rows::row(&self.starts, &self.members, group)
    }
}

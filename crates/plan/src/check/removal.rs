//! What an act removes, straight from the accesses of the estate.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{
    AccessId, AccessKind, AccountId, AccountKind, Estate, GroupId, Place, Principal, ZoneId,
};
use cordon_reach::Base;

use crate::document::Act;

/// The accesses of an estate as acts speak of them.
#[derive(Debug)]
pub(super) struct Removal<'e> {
    estate: &'e Estate,
    /// Accesses that say the same, ascending.
    alike: BTreeMap<AccessKind, Vec<AccessId>>,
    sessions: BTreeMap<AccountId, Vec<AccessId>>,
    /// Who is in each group directly, and in which groups each is.
    members: BTreeMap<GroupId, Vec<Principal>>,
    groups: BTreeMap<Principal, Vec<GroupId>>,
    /// Flows, remote accesses, assignments and recoveries, which acts take in bulk.
    gates: Vec<(AccessId, AccessKind)>,
}

impl<'e> Removal<'e> {
    pub(super) fn new(estate: &'e Estate) -> Self {
        let mut removal = Self {
            estate,
            alike: BTreeMap::new(),
            sessions: BTreeMap::new(),
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            gates: Vec::new(),
        };
        for (id, access) in estate.accesses_with_ids() {
            removal.alike.entry(access.kind).or_default().push(id);
            match access.kind {
                AccessKind::Session { account, .. } => removal.sessions.entry(account).or_default().push(id),
                AccessKind::Membership { member, group } => {
                    removal.members.entry(group).or_default().push(member);
                    removal.groups.entry(member).or_default().push(group);
                }
                AccessKind::Flow { .. }
                | AccessKind::RemoteAccess { .. }
                | AccessKind::Assignment { .. }
                | AccessKind::Recovery { .. } => removal.gates.push((id, access.kind)),
                AccessKind::Right { .. } | AccessKind::Control { .. } => {}
            }
        }
        removal
    }

    /// Every base fact that an act removes, ascending.
    pub(super) fn removes(&self, act: Act) -> Vec<Base> {
        let mut facts = match act {
            Act::DisableAccount { account } => vec![Base::Enabled(account)],
            Act::ResetCredential { account } => vec![Base::Credential(account)],
            Act::IsolateSystem { system } => vec![Base::Connected(system)],
            Act::DisableGroup { group } => self.accounts_in(group).into_iter().map(Base::Enabled).collect(),
            Act::EndSessions { account } => accesses(self.sessions.get(&account)),
            Act::CloseZone { .. }
            | Act::BlockGateway { .. }
            | Act::BlockAllRemoteAccess
            | Act::UnassignAll { .. }
            | Act::SuspendRecoveries => {
                let gates = self.gates.iter();
                let own = gates.filter(|(_, kind)| self.is_gate_of(act, kind));
                own.map(|(id, _)| Base::Access(*id)).collect()
            }
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => {
                let kind = self.estate.access(access).map(|one| one.kind);
                accesses(kind.and_then(|kind| self.alike.get(&kind)))
            }
        };
        facts.retain(|fact| self.exists(*fact) && !self.belongs_to_break_glass(*fact));
        facts.sort_unstable();
        facts
    }

    fn is_gate_of(&self, act: Act, kind: &AccessKind) -> bool {
        match (act, *kind) {
            (Act::CloseZone { zone }, AccessKind::Flow { from, to, .. }) => {
                to == Place::Zone(zone) && self.zone_of(from) != Some(zone)
            }
            (Act::BlockGateway { gateway: own }, AccessKind::RemoteAccess { gateway, .. }) => gateway == own,
            (Act::UnassignAll { app: own }, AccessKind::Assignment { app, .. }) => app == own,
            (Act::BlockAllRemoteAccess, AccessKind::RemoteAccess { .. })
            | (Act::SuspendRecoveries, AccessKind::Recovery { .. }) => true,
            _ => false,
        }
    }

    /// The first access that says the same as another.
    pub(super) fn first_like(&self, id: AccessId) -> AccessId {
        let alike = self.estate.access(id).and_then(|one| self.alike.get(&one.kind));
        alike.and_then(|ids| ids.first()).copied().unwrap_or(id)
    }

    /// The accounts of a group, nested members too.
    fn accounts_in(&self, group: GroupId) -> BTreeSet<AccountId> {
        let (mut seen, mut accounts) = (BTreeSet::from([group]), BTreeSet::new());
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for member in self.members.get(&group).into_iter().flatten() {
                match *member {
                    Principal::Account(id) => drop(accounts.insert(id)),
                    Principal::Group(inner) if seen.insert(inner) => open.push(inner),
                    Principal::Group(_) | Principal::System(_) => {}
                }
            }
        }
        accounts
    }

    /// The groups that an account is in, directly or by nesting.
    pub(super) fn groups_around(&self, account: AccountId) -> BTreeSet<GroupId> {
        let mut seen = BTreeSet::new();
        let mut open = vec![Principal::Account(account)];
        while let Some(member) = open.pop() {
            for &group in self.groups.get(&member).into_iter().flatten() {
                if seen.insert(group) {
                    open.push(Principal::Group(group));
                }
            }
        }
        seen
    }

    /// True if the estate has what a fact speaks of.
    pub(super) fn exists(&self, fact: Base) -> bool {
        match fact {
            Base::Access(id) => self.estate.access(id).is_some(),
            Base::Enabled(id) | Base::Credential(id) => self.estate.account(id).is_some(),
            Base::Connected(id) | Base::Presence(id) => self.estate.system(id).is_some(),
            Base::Within(id) => self.estate.zone(id).is_some(),
            Base::Posing(id) => self.estate.group(id).is_some(),
            Base::Internet => true,
        }
    }

    pub(super) fn zone_of(&self, place: Place) -> Option<ZoneId> {
        match place {
            Place::Zone(zone) => Some(zone),
            Place::System(system) => self.estate.system(system)?.zone,
        }
    }

    pub(super) fn belongs_to_break_glass(&self, fact: Base) -> bool {
        let account = match fact {
            Base::Enabled(id) | Base::Credential(id) => Some(id),
            Base::Access(id) => match self.estate.access(id).map(|access| access.kind) {
                Some(AccessKind::Session { account, .. }) => Some(account),
                Some(
                    AccessKind::Membership {
                        member: Principal::Account(account),
                        ..
                    }
                    | AccessKind::Right {
                        holder: Principal::Account(account),
                        ..
                    }
                    | AccessKind::Control {
                        holder: Principal::Account(account),
                        ..
                    }
                    | AccessKind::RemoteAccess {
                        holder: Principal::Account(account),
                        ..
                    }
                    | AccessKind::Assignment {
                        holder: Principal::Account(account),
                        ..
                    },
                ) => Some(account),
                _ => None,
            },
            _ => None,
        };
        let account = account.and_then(|id| self.estate.account(id));
        account.is_some_and(|account| account.kind == AccountKind::BreakGlass)
    }
}

fn accesses(ids: Option<&Vec<AccessId>>) -> Vec<Base> {
    ids.into_iter().flatten().copied().map(Base::Access).collect()
}

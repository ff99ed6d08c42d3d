//! Look-ups over an estate that candidates need, each linear to build.

use cordon_estate::{AccessId, AccessKind, AccountId, Estate, GroupId, Principal};
use rustc_hash::FxHashMap;

/// Accesses by what they are about.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Direct groups of each principal.
    groups: FxHashMap<Principal, Vec<GroupId>>,
    /// Direct members of each group.
    members: FxHashMap<GroupId, Vec<Principal>>,
    /// Sessions of each account.
    sessions: FxHashMap<AccountId, Vec<AccessId>>,
    /// The first access of the same kind, for those that have an earlier one.
    repeats: FxHashMap<AccessId, AccessId>,
    /// The other way round: what repeats an access.
    repeated_by: FxHashMap<AccessId, Vec<AccessId>>,
    /// Remote accesses, assignments, recoveries and flows: few, and asked for in bulk.
    pub(super) gates: Vec<AccessId>,
}

impl Index {
    /// Indexes an estate.
    #[must_use]
    pub fn new(estate: &Estate) -> Self {
        let mut index = Self::default();
        let mut first: FxHashMap<AccessKind, AccessId> = FxHashMap::default();
        first.reserve(estate.accesses.len());
        for (id, access) in estate.accesses_with_ids() {
            let earlier = *first.entry(access.kind).or_insert(id);
            if earlier != id {
                index.repeats.insert(id, earlier);
                index.repeated_by.entry(earlier).or_default().push(id);
            }
            match access.kind {
                AccessKind::Membership { member, group } => {
                    index.groups.entry(member).or_default().push(group);
                    index.members.entry(group).or_default().push(member);
                }
                AccessKind::Session { account, .. } => index.sessions.entry(account).or_default().push(id),
                AccessKind::RemoteAccess { .. }
                | AccessKind::Assignment { .. }
                | AccessKind::Recovery { .. }
                | AccessKind::Flow { .. } => index.gates.push(id),
                AccessKind::Right { .. } | AccessKind::Control { .. } => {}
            }
        }
        index
    }

    /// The first access that says the same as this one.
    #[must_use]
    pub fn first_like(&self, id: AccessId) -> AccessId {
        self.repeats.get(&id).copied().unwrap_or(id)
    }

    /// Every access that says the same as this one, itself among them, ascending.
    #[must_use]
    pub fn all_like(&self, id: AccessId) -> Vec<AccessId> {
        let first = self.first_like(id);
        let mut all = vec![first];
        all.extend(self.repeated_by.get(&first).into_iter().flatten());
        all
    }

    /// The groups that a principal is directly in.
    #[must_use]
    pub fn groups_of(&self, principal: Principal) -> &[GroupId] {
        self.groups.get(&principal).map_or(&[], Vec::as_slice)
    }

    /// The sessions of an account, ascending.
    #[must_use]
    pub fn sessions_of(&self, account: AccountId) -> &[AccessId] {
        self.sessions.get(&account).map_or(&[], Vec::as_slice)
    }

    /// The accounts of a group, nested members too, ascending.
    #[must_use]
    pub fn accounts_of(&self, group: GroupId) -> Vec<AccountId> {
        let mut seen = vec![group];
        let mut accounts = Vec::new();
        let mut place = 0;
        while let Some(&group) = seen.get(place) {
            place += 1;
            for member in self.members.get(&group).map_or(&[][..], Vec::as_slice) {
                match *member {
                    Principal::Account(account) => accounts.push(account),
                    Principal::Group(inner) if !seen.contains(&inner) => seen.push(inner),
                    Principal::Group(_) | Principal::System(_) => {}
                }
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// True if an account is in a group, directly or by nesting.
    #[must_use]
    pub fn is_member(&self, account: AccountId, group: GroupId) -> bool {
        let mut seen: Vec<GroupId> = self.groups_of(Principal::Account(account)).to_vec();
        let mut place = 0;
        while let Some(&inner) = seen.get(place) {
            if inner == group {
                return true;
            }
            place += 1;
            for &outer in self.groups_of(Principal::Group(inner)) {
                if !seen.contains(&outer) {
                    seen.push(outer);
                }
            }
        }
        false
    }

    /// The groups that an account is in, directly or by nesting.
    #[must_use]
    pub fn groups_around(&self, account: AccountId) -> Vec<GroupId> {
        let mut groups = self.groups_of(Principal::Account(account)).to_vec();
        let mut place = 0;
        while let Some(&group) = groups.get(place) {
            place += 1;
            for &outer in self.groups_of(Principal::Group(group)) {
                if !groups.contains(&outer) {
                    groups.push(outer);
                }
            }
        }
        groups
    }

    /// How many people a principal stands for.
    #[must_use]
    pub fn people(&self, principal: Principal) -> u32 {
        match principal {
            Principal::Account(_) => 1,
            Principal::Group(group) => self.accounts_of(group).len() as u32,
            Principal::System(_) => 0,
        }
    }
}

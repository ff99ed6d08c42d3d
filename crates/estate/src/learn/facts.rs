//! The accesses known so far, found by what they are, and their use.

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use super::limits::{LEARNED_ACCESSES_MAX, USER_PAIRS_MAX};
use crate::{Access, AccessId, AccessKind, Estate, Group, GroupId, Origin, Provenance, Usage};

#[derive(Debug, Default)]
pub(super) struct Facts {
    known: FxHashMap<AccessKind, AccessId>,
    users: FxHashSet<(AccessId, u32)>,
    groups: FxHashMap<String, GroupId>,
}

impl Facts {
    pub(super) fn of(estate: &Estate) -> Self {
        let known = estate
            .accesses_with_ids()
            .map(|(id, access)| (access.kind, id))
            .collect();
        let groups = estate
            .groups_with_ids()
            .map(|(id, group)| (group.name.to_lowercase(), id))
            .collect();
        Self {
            known,
            users: FxHashSet::default(),
            groups,
        }
    }

    /// The access of this kind, new if need be; `None` if there are too many.
    pub(super) fn add(
        &mut self,
        estate: &mut Estate,
        kind: AccessKind,
        provenance: Provenance,
    ) -> Option<AccessId> {
        if let Some(id) = self.known.get(&kind) {
            return Some(*id);
        }
        if self.known.len() >= LEARNED_ACCESSES_MAX {
            return None;
        }
        let id = estate.add_access(Access { kind, provenance });
        self.known.insert(kind, id);
        Some(id)
    }

    /// Counts one use by one user.
    pub(super) fn used(&mut self, estate: &mut Estate, kind: AccessKind, user: u32, time: Timestamp) {
        let Some(id) = self.add(estate, kind, Provenance::new(Origin::Learned)) else {
            return;
        };
        let is_new_user = self.users.len() < USER_PAIRS_MAX && self.users.insert((id, user));
        let Some(access) = estate.accesses.get_mut(id.index()) else {
            return;
        };
        let usage = access.provenance.usage.get_or_insert(Usage {
            first_seen: time,
            last_seen: time,
            uses: 0,
            people: 0,
        });
        usage.first_seen = usage.first_seen.min(time);
        usage.last_seen = usage.last_seen.max(time);
        usage.uses = usage.uses.saturating_add(1);
        usage.people = usage.people.saturating_add(u32::from(is_new_user));
    }

    /// The group of this name, new if need be.
    pub(super) fn group(&mut self, name: &str, estate: &mut Estate) -> Option<GroupId> {
        if name.is_empty() || name.len() > crate::limits::NAME_BYTES_MAX {
            return None;
        }
        let folded = name.to_lowercase();
        if let Some(id) = self.groups.get(&folded) {
            return Some(*id);
        }
        let id = estate.add_group(Group {
            name: name.to_owned(),
            aliases: Vec::new(),
            jewel: None,
            provenance: Provenance::new(Origin::Learned),
        });
        self.groups.insert(folded, id);
        Some(id)
    }
}

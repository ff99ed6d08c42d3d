//! The entities of an estate by the names that documents give them.

use std::collections::BTreeMap;

use cordon_estate::{Entity, Estate};

use crate::candidates::entity_name;

/// Every entity by its name, `kind:name`.
pub(super) struct Names(BTreeMap<String, Entity>);

impl Names {
    pub(super) fn new(estate: &Estate) -> Self {
        let accounts = estate.accounts_with_ids().map(|(id, _)| Entity::Account(id));
        let groups = estate.groups_with_ids().map(|(id, _)| Entity::Group(id));
        let systems = estate.systems_with_ids().map(|(id, _)| Entity::System(id));
        let zones = estate.zones_with_ids().map(|(id, _)| Entity::Zone(id));
        let mut names = BTreeMap::new();
        for entity in accounts.chain(groups).chain(systems).chain(zones) {
            names.entry(entity_name(estate, entity)).or_insert(entity);
        }
        Self(names)
    }

    pub(super) fn entity(&self, name: &str) -> Option<Entity> {
        self.0.get(name).copied()
    }
}

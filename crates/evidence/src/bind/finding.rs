//! Whom and what a finding of another product names.

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::names::{Directory, Holder};
use cordon_estate::{Entity, SystemId};

use super::{Named, Role, add, parse_address};
use crate::ocsf::{EntityKind, Finding, NamedEntity};

/// Appends what `finding` names to `named`: users as those who acted, hosts as where it happened, addresses as where
/// it came from.
pub fn bind_finding(finding: &Finding, directory: &mut Directory, named: &mut Vec<Named>) {
    let start = named.len();
    for one in &finding.entities {
        if let Some(found) = entity(one, directory) {
            add(named, start, found);
        }
    }
}

fn entity(one: &NamedEntity, directory: &mut Directory) -> Option<Named> {
    let name = one.name.as_str();
    match one.kind {
        EntityKind::User => {
            let account = AccountName {
                name: Some(name),
                ..AccountName::default()
            };
            let entity = match directory.holder(&account)? {
                Holder::Account(id) => Entity::Account(id),
                Holder::System(id) => Entity::System(directory.canonical(id)),
            };
            Some(Named {
                entity,
                role: Role::Actor,
            })
        }
        EntityKind::Host => {
            let system = SystemName {
                name: Some(name),
                address: None,
            };
            directory.system(&system).map(|id| at(id, directory, Role::Host))
        }
        EntityKind::Address => {
            let system = SystemName {
                name: None,
                address: parse_address(name),
            };
            system.address?;
            directory
                .system(&system)
                .map(|id| at(id, directory, Role::Source))
        }
    }
}

fn at(id: SystemId, directory: &Directory, role: Role) -> Named {
    Named {
        entity: Entity::System(directory.canonical(id)),
        role,
    }
}

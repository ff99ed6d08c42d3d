//! Entities as people write them: `account:pat`, `system:WORKSTATION6`, or a bare name where only one thing has it.

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate, GroupId, ZoneId};

use crate::failure::Failure;

/// Finds the entity that a person means.
pub(crate) fn find(estate: &Estate, directory: &Directory, words: &str) -> Result<Entity, Failure> {
    let found: Vec<Entity> = match words.split_once(':') {
        Some(("account", name)) => account(directory, name).into_iter().collect(),
        Some(("system", name)) => system(directory, name).into_iter().collect(),
        Some(("group", name)) => group(estate, name).into_iter().collect(),
        Some(("zone", name)) => zone(estate, name).into_iter().collect(),
        _ => [
            account(directory, words),
            system(directory, words),
            group(estate, words),
            zone(estate, words),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(Failure::input(format!(
            "nothing in the estate is called `{words}`\nWrite account:NAME, system:NAME, group:NAME or zone:NAME."
        ))),
        several => {
            let names: Vec<String> = several.iter().map(|entity| written(estate, *entity)).collect();
            Err(Failure::input(format!(
                "`{words}` may mean {}\nWrite one of these.",
                names.join(" or ")
            )))
        }
    }
}

/// `account:pat`, `system:WORKSTATION6`.
pub(crate) fn written(estate: &Estate, entity: Entity) -> String {
    let kind = match entity {
        Entity::Account(_) => "account",
        Entity::Group(_) => "group",
        Entity::System(_) => "system",
        Entity::Zone(_) => "zone",
    };
    format!("{kind}:{}", estate.name(entity))
}

fn account(directory: &Directory, name: &str) -> Option<Entity> {
    directory
        .resolve_account(&AccountName {
            name: Some(name),
            ..AccountName::default()
        })
        .map(Entity::Account)
}

fn system(directory: &Directory, name: &str) -> Option<Entity> {
    let named = SystemName {
        name: Some(name),
        address: name.parse().ok(),
    };
    directory.resolve_system(&named).map(Entity::System)
}

fn group(estate: &Estate, name: &str) -> Option<Entity> {
    let same = |own: &str| own.eq_ignore_ascii_case(name);
    let position = estate
        .groups
        .iter()
        .position(|group| same(&group.name) || group.aliases.iter().any(|own| same(own)));
    position.map(|index| Entity::Group(GroupId(index as u32)))
}

fn zone(estate: &Estate, name: &str) -> Option<Entity> {
    let position = estate
        .zones
        .iter()
        .position(|zone| zone.name.eq_ignore_ascii_case(name));
    position.map(|index| Entity::Zone(ZoneId(index as u32)))
}

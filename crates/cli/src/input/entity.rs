//! Entities as people write them: `account:pat`, `system:WORKSTATION6`, or a bare name where only one thing has it.

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::load::nearest;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate, GroupId, ZoneId};
use cordon_evidence::document::entity_name;

use crate::failure::Failure;

/// Finds the entity that a person means.
pub(crate) fn find(estate: &Estate, directory: &Directory, words: &str) -> Result<Entity, Failure> {
    match called(estate, directory, words).as_slice() {
        [only] => Ok(*only),
        [] => Err(unknown(estate, words)),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|entity| entity_name(*entity, estate))
                .collect();
            Err(Failure::input(format!(
                "`{words}` may mean {}\nWrite one of these.",
                names.join(" or ")
            )))
        }
    }
}

/// Everything that is called so, one of each kind at most.
pub(crate) fn called(estate: &Estate, directory: &Directory, words: &str) -> Vec<Entity> {
    match words.split_once(':') {
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
    }
}

fn unknown(estate: &Estate, words: &str) -> Failure {
    let next = match meant(estate, words) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Write account:NAME, system:NAME, group:NAME or zone:NAME.".to_owned(),
    };
    Failure::input(format!("nothing in the estate is called `{words}`\n{next}"))
}

/// What somebody who wrote this probably meant, as `kind:name`.
pub(crate) fn meant(estate: &Estate, words: &str) -> Option<String> {
    let (kind, name) = match words.split_once(':') {
        Some((kind @ ("account" | "system" | "group" | "zone"), name)) => (Some(kind), name),
        _ => (None, words),
    };
    let accounts = estate.accounts.iter().map(|one| ("account", one.name.as_str()));
    let systems = estate.systems.iter().map(|one| ("system", one.name.as_str()));
    let groups = estate.groups.iter().map(|one| ("group", one.name.as_str()));
    let zones = estate.zones.iter().map(|one| ("zone", one.name.as_str()));
    let all: Vec<(&str, &str)> = accounts
        .chain(systems)
        .chain(groups)
        .chain(zones)
        .filter(|(own, _)| kind.is_none_or(|kind| kind == *own))
        .collect();
    let near = nearest(name, all.iter().map(|(_, name)| *name))?;
    let (kind, name) = all.iter().find(|(_, name)| *name == near)?;
    Some(format!("{kind}:{name}"))
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

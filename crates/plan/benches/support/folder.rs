//! An estate and its evidence from a folder.

use std::path::Path;

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_plan::Foothold;

/// The estate that a folder holds, if it holds one.
pub(crate) fn estate(folder: &Path) -> Option<Estate> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let name = entry.path().display().to_string();
        if cordon_estate::load::is_estate_file(&name) {
            files.push((name, std::fs::read_to_string(entry.path()).ok()?));
        }
    }
    files.sort();
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    Some(cordon_estate::load::load(&borrowed).ok()?.estate)
}

/// What the evidence names, or else the first account.
pub(crate) fn held(folder: &Path, estate: &Estate) -> Vec<Foothold> {
    let text = std::fs::read_to_string(folder.join("evidence.json")).unwrap_or_default();
    let evidence: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let named = evidence.get("footholds").and_then(|list| list.as_array());
    let found: Vec<Foothold> = named
        .into_iter()
        .flatten()
        .filter_map(|one| {
            Some(Foothold {
                entity: entity(estate, one.get("entity")?.as_str()?)?,
                probability: one.get("probability")?.as_f64()?,
            })
        })
        .collect();
    if found.is_empty() {
        let entity = Entity::Account(AccountId(0));
        return vec![Foothold {
            entity,
            probability: 1.0,
        }];
    }
    found
}

fn entity(estate: &Estate, name: &str) -> Option<Entity> {
    let (kind, name) = name.split_once(':')?;
    match kind {
        "account" => {
            let place = estate.accounts.iter().position(|account| account.name == name)?;
            Some(Entity::Account(AccountId(place as u32)))
        }
        "system" => {
            let place = estate.systems.iter().position(|system| system.name == name)?;
            Some(Entity::System(SystemId(place as u32)))
        }
        _ => None,
    }
}

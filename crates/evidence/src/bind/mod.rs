//! Whom and what a record speaks of, as entities of the estate.
//!
//! Each dialect names its actors and objects in fields of its own; a small table per dialect says which field plays
//! which part. Names become entities by the rules of [`cordon_estate::names`]; machine accounts are their systems,
//! and well-known accounts of the operating system are nobody.

mod command;
mod fields;
mod finding;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::names::{Directory, Holder};
use cordon_estate::{AccountId, Entity, SystemId};
use serde::{Deserialize, Serialize};

use crate::record::Record;
pub use finding::bind_finding;

use fields::{AccountField, SystemField, Table};

/// The part that an entity plays in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Who did it.
    Actor,
    /// Where it was done.
    Host,
    /// From where it was done.
    Source,
    /// To whom it was done.
    Target,
    /// To which system it was done.
    TargetHost,
    /// Who only wrote it down.
    Witness,
}

/// An entity that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// Which.
    pub entity: Entity,
    /// Its part.
    pub role: Role,
}

/// Most entities taken from one record; real records name five at most, lists in crafted ones could name thousands.
pub const NAMED_PER_RECORD_MAX: usize = 16;

/// Appends what `record` names to `named`, each entity once with its strongest part, in a fixed order. New names are
/// taken up in `directory`.
pub fn bind(record: &Record, directory: &mut Directory, named: &mut Vec<Named>) {
    let table = fields::table(record);
    let start = named.len();
    for field in table.accounts {
        if let Some(entity) = account(record, field, directory) {
            add(
                named,
                start,
                Named {
                    entity,
                    role: field.role,
                },
            );
        }
    }
    for field in table.systems {
        for entity in systems(record, field, directory) {
            add(
                named,
                start,
                Named {
                    entity,
                    role: field.role,
                },
            );
        }
    }
    if let Some(command) = record.text("CommandLine") {
        command::aimed_at(command, directory, named, start);
    }
    witness(table, named, start);
}

/// Adds from where `record` was done to what [`bind`] appended to `named` from `start` on, known from elsewhere: its
/// logon session.
pub fn bind_source(record: &Record, source: SystemId, named: &mut Vec<Named>, start: usize) {
    let entity = Entity::System(source);
    let role = Role::Source;
    add(named, start, Named { entity, role });
    witness(fields::table(record), named, start);
}

fn add(named: &mut Vec<Named>, start: usize, one: Named) {
    let own = named.get_mut(start..).unwrap_or_default();
    if let Some(known) = own.iter_mut().find(|known| known.entity == one.entity) {
        known.role = known.role.min(one.role);
    } else if own.len() < NAMED_PER_RECORD_MAX {
        named.push(one);
    }
}

/// Where a record is written by a bystander about somebody elsewhere (a logon server about a client), the writer is
/// a witness once the source is known.
fn witness(table: Table, named: &mut [Named], start: usize) {
    let own = named.get_mut(start..).unwrap_or_default();
    let elsewhere = own.iter().any(|one| one.role == Role::Source);
    if table.host_is_witness && elsewhere {
        for one in own.iter_mut().filter(|one| one.role == Role::Host) {
            one.role = Role::Witness;
        }
    }
}

fn account(record: &Record, field: &AccountField, directory: &mut Directory) -> Option<Entity> {
    let text = |name: &str| if name.is_empty() { None } else { record.text(name) };
    let name = AccountName {
        name: text(field.name),
        domain: text(field.domain),
        sid: text(field.sid),
    };
    name.name.or(name.sid)?;
    match directory.holder(&name)? {
        Holder::Account(id) => Some(Entity::Account(id)),
        Holder::System(id) => Some(Entity::System(directory.canonical(id))),
    }
}

fn systems<'a>(
    record: &'a Record,
    field: &'a SystemField,
    directory: &'a mut Directory,
) -> impl Iterator<Item = Entity> + 'a {
    let name = if field.name.is_empty() {
        None
    } else {
        record.text(field.name)
    };
    let address = if field.address.is_empty() {
        None
    } else {
        record.text(field.address)
    };
    let address = address.and_then(parse_address);
    let system = (name.is_some() || address.is_some())
        .then(|| directory.system(&SystemName { name, address }))
        .flatten()
        .map(|id| Entity::System(directory.canonical(id)));
    system.into_iter()
}

/// An address as logs write it: bare, IPv4 inside IPv6, with a zone or a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim().trim_start_matches('[');
    let bare = bare.split(['%', ']']).next().unwrap_or(bare);
    let address = bare
        .parse()
        .ok()
        .or_else(|| bare.rsplit_once(':')?.0.parse().ok())?;
    Some(match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    })
}

/// The accounts among `named`.
pub fn accounts(named: &[Named]) -> impl Iterator<Item = AccountId> + '_ {
    named.iter().filter_map(|one| {
        if let Entity::Account(id) = one.entity {
            Some(id)
        } else {
            None
        }
    })
}

/// The systems among `named`.
pub fn named_systems(named: &[Named]) -> impl Iterator<Item = SystemId> + '_ {
    named.iter().filter_map(|one| {
        if let Entity::System(id) = one.entity {
            Some(id)
        } else {
            None
        }
    })
}

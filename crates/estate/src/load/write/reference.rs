//! Names that stand for something declared elsewhere, with their kind where the name alone could be read as another's.

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use super::Writer;
use super::text::{quoted, scalar};
use crate::load::keys::KINDS;
use crate::{Entity, Place, Principal, Target};

impl Writer<'_> {
    pub(super) fn principal(&self, principal: Principal) -> String {
        scalar(&self.principal_name(principal)).into_owned()
    }

    pub(super) fn principal_name(&self, principal: Principal) -> String {
        let others = [
            ("account", &self.accounts),
            ("group", &self.groups),
            ("system", &self.systems),
        ];
        let (kind, entity) = match principal {
            Principal::Account(id) => ("account", Entity::Account(id)),
            Principal::Group(id) => ("group", Entity::Group(id)),
            Principal::System(id) => ("system", Entity::System(id)),
        };
        said_plain(kind, self.estate.name(entity), &others)
    }

    pub(super) fn target(&self, target: Target) -> String {
        scalar(&self.target_name(target)).into_owned()
    }

    pub(super) fn target_name(&self, target: Target) -> String {
        let others = [("group", &self.groups), ("system", &self.systems)];
        match target {
            Target::System(id) => said_plain("system", self.estate.name(Entity::System(id)), &others),
            Target::Group(id) => said_plain("group", self.estate.name(Entity::Group(id)), &others),
        }
    }

    pub(super) fn place(&self, place: Place) -> String {
        scalar(&self.place_name(place)).into_owned()
    }

    pub(super) fn place_name(&self, place: Place) -> String {
        let others = [("zone", &self.zones), ("system", &self.systems)];
        let (kind, entity) = match place {
            Place::Zone(id) => ("zone", Entity::Zone(id)),
            Place::System(id) => ("system", Entity::System(id)),
        };
        said_plain(kind, self.estate.name(entity), &others)
    }

    pub(super) fn ends(&self, from: Place, to: Place) -> String {
        let (from, to) = (self.place_name(from), self.place_name(to));
        if from.contains("->") || to.contains("->") {
            return format!("{{ from: {}, to: {} }}", scalar(&from), scalar(&to));
        }
        match (scalar(&from), scalar(&to)) {
            (Cow::Borrowed(from), Cow::Borrowed(to)) => format!("{from} -> {to}"),
            _ => quoted(&format!("{from} -> {to}")),
        }
    }
}

/// A name where only one kind can stand: with that kind if it looks like a name with its kind.
pub(super) fn single(kind: &str, name: &str) -> String {
    said(kind, name, &[])
}

/// A name, with its kind where the name alone could be read as another's.
pub(super) fn said(kind: &str, name: &str, others: &[(&str, &FxHashSet<String>)]) -> String {
    scalar(&said_plain(kind, name, others)).into_owned()
}

pub(super) fn said_plain(kind: &str, name: &str, others: &[(&str, &FxHashSet<String>)]) -> String {
    let folded = name.to_lowercase();
    let prefixed = name
        .split_once(':')
        .is_some_and(|(word, _)| KINDS.contains(&word));
    let shared = others.iter().filter(|(_, names)| names.contains(&folded)).count() > 1;
    if prefixed || shared {
        format!("{kind}:{name}")
    } else {
        name.to_owned()
    }
}

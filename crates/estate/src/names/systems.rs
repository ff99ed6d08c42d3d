//! Systems by name and address.

use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::fold::{folded, kept};
use super::{Known, syntax};
use crate::activity::SystemName;
use crate::limits::{ENTITIES_MAX, LEARNED_NAMES_MAX};
use crate::{Estate, SystemId, ZoneKind};

/// A system as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSystem {
    /// The name to show: the declared one, or the first that a log had.
    pub name: String,
    /// Its other names, as first written.
    pub aliases: Vec<String>,
    /// The addresses that it was declared or seen with.
    pub addresses: Vec<IpAddr>,
    /// Set if this turned out to be another one, which then stands for both.
    pub merged_into: Option<SystemId>,
    /// True if it is in the estate that the directory was made from.
    pub declared: bool,
    /// True as long as only its address is known.
    nameless: bool,
    known: Known,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    to: SystemId,
    declared: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Short {
    One(SystemId),
    Ambiguous,
}

/// What a name was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This one.
    One(SystemId),
    /// More than one, so none.
    Ambiguous,
    /// Not known.
    Nothing,
}

/// The systems, and everything that leads to one.
#[derive(Debug, Default)]
pub(super) struct Systems {
    pub(super) entries: Vec<KnownSystem>,
    names: FxHashMap<Box<str>, SystemId>,
    /// First labels of full names, where no system has that very name.
    shorts: FxHashMap<Box<str>, Short>,
    addresses: FxHashMap<IpAddr, Bound>,
    inside: Vec<IpNet>,
    pub(super) refused: u64,
}

impl Systems {
    pub(super) fn from_estate(estate: &Estate) -> Self {
        let mut systems = Self {
            inside: inside(estate),
            ..Self::default()
        };
        for (id, system) in estate.systems_with_ids() {
            let full = system
                .aliases
                .iter()
                .chain([&system.name])
                .any(|name| label(name).is_some());
            systems.entries.push(KnownSystem {
                name: system.name.clone(),
                aliases: system.aliases.clone(),
                addresses: system.addresses.clone(),
                merged_into: None,
                declared: true,
                nameless: false,
                known: if full { Known::Stated } else { Known::Open },
            });
            for name in system.aliases.iter().chain([&system.name]) {
                systems.declare(name, id);
            }
            for address in system
                .addresses
                .iter()
                .filter_map(|address| syntax::useful(*address))
            {
                systems.addresses.entry(address).or_insert(Bound {
                    to: id,
                    declared: true,
                });
            }
        }
        systems
    }

    fn declare(&mut self, name: &str, id: SystemId) {
        let name = kept(name.trim_end_matches('$').trim_end_matches('.'));
        if let Some(label) = label(&name) {
            let short = self.shorts.entry(label.into()).or_insert(Short::One(id));
            if *short != Short::One(id) {
                *short = Short::Ambiguous;
            }
        }
        self.names.entry(name).or_insert(id);
    }

    /// The system of this name, in lower case or not.
    pub(super) fn find(&self, name: &str) -> Found {
        folded(name, |name| self.find_folded(name))
    }

    fn find_folded(&self, name: &str) -> Found {
        if let Some(&id) = self.names.get(name) {
            return Found::One(id);
        }
        let Some(label) = label(name) else {
            return match self.shorts.get(name) {
                Some(Short::One(id)) => Found::One(*id),
                Some(Short::Ambiguous) => Found::Ambiguous,
                None => Found::Nothing,
            };
        };
        match self.names.get(label) {
            Some(&id)
                if self
                    .entries
                    .get(id.index())
                    .is_some_and(|entry| entry.known != Known::Stated) =>
            {
                Found::One(id)
            }
            _ => Found::Nothing,
        }
    }

    pub(super) fn resolve(&self, name: &SystemName<'_>) -> Option<SystemId> {
        match syntax::system(name) {
            (Some(name), _) => match self.find(name) {
                Found::One(id) => Some(id),
                Found::Ambiguous | Found::Nothing => None,
            },
            (None, Some(address)) => self.addresses.get(&address).map(|bound| bound.to),
            (None, None) => None,
        }
    }

    pub(super) fn meet(&mut self, name: &SystemName<'_>) -> Option<SystemId> {
        let (name, address) = syntax::system(name);
        let Some(name) = name else {
            return self.meet_address(address?);
        };
        let outside = address.is_some_and(|address| !self.is_inside(address));
        let id = self.meet_name(name, address.filter(|_| !outside), outside)?;
        if let Some(address) = address.filter(|_| !outside) {
            self.bind(address, id, false);
        }
        Some(id)
    }

    fn meet_name(&mut self, name: &str, address: Option<IpAddr>, outside: bool) -> Option<SystemId> {
        match self.find(name) {
            Found::Ambiguous => None,
            Found::One(id) => {
                self.adopt(id, name);
                Some(id)
            }
            Found::Nothing if outside => None,
            Found::Nothing => self.name_or_add(name, address),
        }
    }

    /// A new name: of the system known so far only by its address, or of a new one.
    fn name_or_add(&mut self, name: &str, address: Option<IpAddr>) -> Option<SystemId> {
        let nameless = address
            .and_then(|address| self.addresses.get(&address))
            .map(|bound| bound.to)
            .filter(|id| self.entries.get(id.index()).is_some_and(|entry| entry.nameless));
        let shown = self.shown(name).to_owned();
        let id = match nameless {
            Some(id) => id,
            None => self.add(shown.clone())?,
        };
        if let Some(entry) = self.entries.get_mut(id.index()) {
            entry.nameless = false;
            entry.known = Known::Unstated;
            entry.name = shown.clone();
        }
        self.names.insert(kept(&shown), id);
        self.adopt(id, name);
        Some(id)
    }

    /// The first label where nothing else is called that, else the whole name.
    fn shown<'n>(&self, name: &'n str) -> &'n str {
        match label(name) {
            Some(short) if self.find(short) == Found::Nothing => short,
            _ => name,
        }
    }

    fn meet_address(&mut self, address: IpAddr) -> Option<SystemId> {
        if let Some(bound) = self.addresses.get(&address) {
            return Some(bound.to);
        }
        if !self.is_inside(address) {
            return None;
        }
        let id = self.add(address.to_string())?;
        if let Some(entry) = self.entries.get_mut(id.index()) {
            entry.nameless = true;
            entry.addresses.push(address);
        }
        self.addresses.insert(
            address,
            Bound {
                to: id,
                declared: false,
            },
        );
        Some(id)
    }

    fn add(&mut self, name: String) -> Option<SystemId> {
        if self.entries.len() >= ENTITIES_MAX {
            self.refused = self.refused.saturating_add(1);
            return None;
        }
        let id = SystemId(u32::try_from(self.entries.len()).ok()?);
        self.entries.push(KnownSystem {
            name,
            aliases: Vec::new(),
            addresses: Vec::new(),
            merged_into: None,
            declared: false,
            nameless: false,
            known: Known::Unstated,
        });
        Some(id)
    }

    /// Keeps a further name of a system.
    fn adopt(&mut self, id: SystemId, name: &str) {
        if folded(name, |name| self.names.contains_key(name)) {
            return;
        }
        let Some(entry) = self.entries.get_mut(id.index()) else {
            return;
        };
        if entry.aliases.len() >= LEARNED_NAMES_MAX {
            return;
        }
        entry.aliases.push(name.to_owned());
        if label(name).is_some() && entry.known == Known::Unstated {
            entry.known = Known::Stated;
        }
        self.names.insert(kept(name), id);
    }

    /// Notes that `id` has `address`. A first binding holds against a later one unless that one is `sure`.
    pub(super) fn bind(&mut self, address: IpAddr, id: SystemId, sure: bool) {
        let found = self.addresses.get(&address).copied();
        match found {
            Some(bound) if bound.to == id || bound.declared => return,
            Some(bound) => {
                let nameless = self
                    .entries
                    .get(bound.to.index())
                    .is_some_and(|entry| entry.nameless);
                if !nameless && !sure {
                    return;
                }
                if nameless && let Some(entry) = self.entries.get_mut(bound.to.index()) {
                    entry.merged_into = Some(id);
                }
            }
            None => {}
        }
        self.addresses.insert(
            address,
            Bound {
                to: id,
                declared: false,
            },
        );
        if let Some(entry) = self.entries.get_mut(id.index())
            && !entry.addresses.contains(&address)
        {
            if entry.addresses.len() >= LEARNED_NAMES_MAX {
                entry.addresses.remove(0);
            }
            entry.addresses.push(address);
        }
    }

    pub(super) fn canonical(&self, id: SystemId) -> SystemId {
        self.entries
            .get(id.index())
            .and_then(|entry| entry.merged_into)
            .unwrap_or(id)
    }

    fn is_inside(&self, address: IpAddr) -> bool {
        syntax::is_private(address)
            || self.addresses.contains_key(&address)
            || self.inside.iter().any(|net| net.contains(&address))
    }
}

fn label(name: &str) -> Option<&str> {
    name.split_once('.')
        .map(|(label, _)| label)
        .filter(|label| !label.is_empty())
}

/// The public subnets of the estate's own zones; private ones are inside anyway.
fn inside(estate: &Estate) -> Vec<IpNet> {
    let own = estate.zones.iter().filter(|zone| zone.kind == ZoneKind::Internal);
    let nets = own.flat_map(|zone| zone.subnets.iter().copied());
    let mut nets: Vec<IpNet> = nets.filter(|net| !syntax::is_private(net.network())).collect();
    nets.sort_unstable();
    IpNet::aggregate(&nets)
}

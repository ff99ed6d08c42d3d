//! An estate from an Active Directory graph: objects by their identifiers, and relations in BloodHound's words.
//!
//! Organisational units, containers, group policies and domains have no type of their own in an estate. What somebody
//! can do with one is kept by two groups, made where they are needed: `control of X` (whoever controls X acts as it,
//! and it controls what X holds or is linked to) and `systems in X` (rights on X are rights on these).

mod finish;
mod labels;

use rustc_hash::{FxHashMap, FxHashSet};

use super::report::{ImportReport, Imported};
use crate::limits::{ACCESSES_MAX, ENTITIES_MAX};
use crate::{
    Access, AccessKind, Account, AccountId, AccountKind, ControlKind, Estate, Group, GroupId, Jewel, Means,
    Origin, Principal, Provenance, SourceId, System, SystemId, SystemKind, Target, Zone, ZoneId, ZoneKind,
};
use labels::{control, is_tier_zero, means};

/// The types of directory objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ObjectKind {
    User,
    Computer,
    Group,
    /// Organisational unit, container, group policy or domain.
    Holder,
}

/// A directory object as an importer read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) sid: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) enabled: bool,
    pub(super) administrative: bool,
    pub(super) has_service_name: bool,
    pub(super) operating_system: String,
    pub(super) directory_server: bool,
    pub(super) is_domain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Account(AccountId),
    System(SystemId),
    Group(GroupId),
    Holder(usize),
}

struct HolderObject {
    name: String,
    is_domain: bool,
    control: Option<GroupId>,
    systems: Option<GroupId>,
}

/// Builds the estate.
pub(super) struct GraphImport {
    pub(super) estate: Estate,
    pub(super) report: ImportReport,
    known: FxHashMap<String, Known>,
    names: FxHashSet<(ObjectKind, String)>,
    accesses: FxHashSet<AccessKind>,
    holders: Vec<HolderObject>,
    /// (what holds, what is held)
    contained: Vec<(usize, Known)>,
    roastable: Vec<AccountId>,
    provenance: Provenance,
    zone: Option<ZoneId>,
}

fn inferred() -> Option<Jewel> {
    Some(Jewel {
        loss: None,
        never: true,
        inferred: true,
    })
}

impl GraphImport {
    pub(super) fn new(source: &str) -> Self {
        let mut estate = Estate::default();
        estate.sources.push(source.to_owned());
        Self {
            estate,
            report: ImportReport::default(),
            known: FxHashMap::default(),
            names: FxHashSet::default(),
            accesses: FxHashSet::default(),
            holders: Vec::new(),
            contained: Vec::new(),
            roastable: Vec::new(),
            provenance: Provenance::new(Origin::Imported { source: SourceId(0) }),
            zone: None,
        }
    }

    pub(super) fn knows(&self, key: &str) -> bool {
        self.known.contains_key(key)
    }

    /// Adds an object under its key; a second one of the same key is ignored.
    pub(super) fn object(&mut self, key: &str, kind: ObjectKind, mut object: Object) {
        if self.known.contains_key(key) {
            return;
        }
        if self.known.len() >= ENTITIES_MAX {
            return self
                .report
                .skip("more objects than an estate can hold", || object.name.clone());
        }
        object.name = self.unique(kind, &object.name, key);
        object.aliases.extend(object.sid.clone());
        let known = match kind {
            ObjectKind::User => Known::Account(self.account(object)),
            ObjectKind::Computer => Known::System(self.system(object)),
            ObjectKind::Group => Known::Group(self.group(object)),
            ObjectKind::Holder => self.holder(object),
        };
        self.known.insert(key.to_owned(), known);
    }

    /// A name that no other of the kind has: with the key where it is taken or empty.
    fn unique(&mut self, kind: ObjectKind, name: &str, key: &str) -> String {
        let name = name.trim();
        let free = !name.is_empty() && self.names.insert((kind, name.to_lowercase()));
        if free {
            return name.to_owned();
        }
        let own = format!("{name} [{key}]").trim().to_owned();
        self.names.insert((kind, own.to_lowercase()));
        own
    }

    fn account(&mut self, object: Object) -> AccountId {
        let kind = match (object.has_service_name, object.administrative) {
            (true, _) => AccountKind::Service,
            (false, true) => AccountKind::Admin,
            (false, false) => AccountKind::Person,
        };
        let id = self.estate.add_account(Account {
            name: object.name,
            aliases: object.aliases,
            kind,
            site: None,
            enabled: object.enabled,
            jewel: None,
            provenance: self.provenance,
        });
        if object.has_service_name {
            self.roastable.push(id);
        }
        id
    }

    fn system(&mut self, object: Object) -> SystemId {
        let system = object.operating_system.to_lowercase();
        let server = ["server", "linux", "unix", "red hat"]
            .iter()
            .any(|word| system.contains(word));
        let kind = match (object.directory_server, server || system.is_empty()) {
            (true, _) => SystemKind::DomainController,
            (false, true) => SystemKind::Server,
            (false, false) => SystemKind::Workstation,
        };
        let zone = Some(self.zone());
        self.estate.add_system(System {
            name: object.name,
            aliases: object.aliases,
            kind,
            zone,
            site: None,
            addresses: Vec::new(),
            holds: Vec::new(),
            people: None,
            jewel: if object.directory_server { inferred() } else { None },
            provenance: self.provenance,
        })
    }

    /// A graph of rights says nothing of networks: everything is taken to reach everything.
    fn zone(&mut self) -> ZoneId {
        if let Some(zone) = self.zone {
            return zone;
        }
        self.report
            .assumptions
            .push("no networks in this export: all systems are taken to be in one zone `network`".to_owned());
        let zone = self.estate.add_zone(Zone {
            name: "network".to_owned(),
            kind: ZoneKind::Internal,
            subnets: Vec::new(),
            isolated_members: false,
            provenance: Provenance::new(Origin::Assumed),
        });
        self.zone = Some(zone);
        zone
    }

    fn group(&mut self, object: Object) -> GroupId {
        let tier_zero = object.sid.as_deref().is_some_and(is_tier_zero);
        self.estate.add_group(Group {
            name: object.name,
            aliases: object.aliases,
            jewel: if tier_zero { inferred() } else { None },
            provenance: self.provenance,
        })
    }

    fn holder(&mut self, object: Object) -> Known {
        let (name, is_domain) = (object.name, object.is_domain);
        self.holders.push(HolderObject {
            name,
            is_domain,
            control: None,
            systems: None,
        });
        Known::Holder(self.holders.len() - 1)
    }

    /// Adds a relation in BloodHound's words; what cannot be used is counted.
    pub(super) fn relation(&mut self, label: &str, from: &str, to: &str, place: &dyn Fn() -> String) {
        let ends = self.known.get(from).copied().zip(self.known.get(to).copied());
        let Some((from, to)) = ends else {
            return self
                .report
                .skip(&format!("{label} of an object that is not in the export"), place);
        };
        if label == "GetChanges" {
            return self
                .report
                .skip("GetChanges copies nothing without GetChangesAll", place);
        }
        match self.related(label, from, to) {
            Some(()) => self.report.read(label),
            None => self
                .report
                .skip(&format!("{label} means nothing between these objects"), place),
        }
    }

    fn related(&mut self, label: &str, from: Known, to: Known) -> Option<()> {
        match label {
            "MemberOf" => self.membership(from, to),
            "HasSession" => self.session(from, to),
            "Contains" => {
                let Known::Holder(holder) = from else { return None };
                self.contained.push((holder, to));
                Some(())
            }
            // Whoever controls a policy controls what it is linked to.
            "GpLink" | "GPLink" => self.control(from, to, ControlKind::FullControl),
            _ => match (means(label), control(label, self.is_domain(to))) {
                (Some(means), _) => self.right(from, to, means),
                (None, Some(by)) => self.control(from, to, by),
                (None, None) => None,
            },
        }
    }

    fn is_domain(&self, known: Known) -> bool {
        matches!(known, Known::Holder(index) if self.holders.get(index).is_some_and(|holder| holder.is_domain))
    }

    fn add(&mut self, kind: AccessKind, provenance: Provenance) -> Option<()> {
        if self.accesses.len() < ACCESSES_MAX && self.accesses.insert(kind) {
            self.estate.add_access(Access { kind, provenance });
        }
        Some(())
    }

    fn membership(&mut self, from: Known, to: Known) -> Option<()> {
        let Known::Group(group) = to else { return None };
        let member = match from {
            Known::Holder(_) => return None,
            other => self.principal(other),
        };
        self.add(AccessKind::Membership { member, group }, self.provenance)
    }

    fn session(&mut self, from: Known, to: Known) -> Option<()> {
        // BloodHound draws it from the computer; some generators the other way round.
        let (account, system) = match (from, to) {
            (Known::System(system), Known::Account(account))
            | (Known::Account(account), Known::System(system)) => (account, system),
            _ => return None,
        };
        self.add(AccessKind::Session { account, system }, self.provenance)
    }

    fn right(&mut self, from: Known, to: Known, means: Means) -> Option<()> {
        let holder = self.principal(from);
        let on = match to {
            Known::System(system) => Target::System(system),
            Known::Group(group) => Target::Group(group),
            Known::Holder(index) => Target::Group(self.systems_in(index)?),
            Known::Account(_) => return None,
        };
        self.add(AccessKind::Right { holder, on, means }, self.provenance)
    }

    fn control(&mut self, from: Known, to: Known, by: ControlKind) -> Option<()> {
        let (holder, over) = (self.principal(from), self.principal(to));
        self.add(AccessKind::Control { holder, over, by }, self.provenance)
    }

    /// What acts: a unit, policy or domain by the group of those who control it.
    fn principal(&mut self, known: Known) -> Principal {
        match known {
            Known::Account(id) => Principal::Account(id),
            Known::System(id) => Principal::System(id),
            Known::Group(id) => Principal::Group(id),
            Known::Holder(index) => Principal::Group(self.control_of(index)),
        }
    }

    fn control_of(&mut self, index: usize) -> GroupId {
        let Some(holder) = self.holders.get(index) else {
            return GroupId(u32::MAX);
        };
        if let Some(group) = holder.control {
            return group;
        }
        let (name, jewel) = (
            format!("control of {}", holder.name),
            if holder.is_domain { inferred() } else { None },
        );
        let group = self.made_group(&name, jewel);
        if let Some(holder) = self.holders.get_mut(index) {
            holder.control = Some(group);
        }
        group
    }

    fn systems_in(&mut self, index: usize) -> Option<GroupId> {
        let holder = self.holders.get(index)?;
        if let Some(group) = holder.systems {
            return Some(group);
        }
        let name = format!("systems in {}", holder.name);
        let group = self.made_group(&name, None);
        self.holders.get_mut(index)?.systems = Some(group);
        Some(group)
    }

    fn made_group(&mut self, name: &str, jewel: Option<Jewel>) -> GroupId {
        let provenance = Provenance::new(Origin::Inferred);
        let name = self.unique(ObjectKind::Group, name, "made by the import");
        self.estate.add_group(Group {
            name,
            aliases: Vec::new(),
            jewel,
            provenance,
        })
    }
}

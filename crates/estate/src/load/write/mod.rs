//! An estate as the files that [`super::load`] reads: one line for each thing, so that versions compare well.

mod lines;
mod reference;
mod services;
mod text;

use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use self::reference::single;
use self::text::{Fields, origin, scalar, section};
use super::accesses::ports_text;
use super::entities::default_zone_kind;
use super::words::Word;
use crate::{Access, AccessKind, AccountKind, Estate, Principal};

/// The estate as (file name, text) pairs. What has nothing in it makes no file. Loading them gives the same estate,
/// but that accesses may be in another order and that facts are declared in these files now (facts learned,
/// assumed, inferred or imported stay so).
#[must_use]
pub fn to_yaml(estate: &Estate) -> Vec<(String, String)> {
    let writer = Writer::new(estate);
    let files = [
        ("organisation.yaml", writer.organisation()),
        ("network.yaml", writer.network()),
        ("accounts.yaml", writer.accounts()),
        ("groups.yaml", writer.groups()),
        ("systems.yaml", writer.systems()),
        writer.accesses(),
        ("services.yaml", writer.services()),
        ("enforcement-points.yaml", writer.points()),
    ];
    files
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

/// Every name that [`to_yaml`] gives a file.
pub const FILE_NAMES: [&str; 9] = [
    "organisation.yaml",
    "network.yaml",
    "accounts.yaml",
    "groups.yaml",
    "systems.yaml",
    "access.yaml",
    "access.estate.jsonl",
    "services.yaml",
    "enforcement-points.yaml",
];

/// With more accesses than these nobody reads them, and JSON lines load several times as fast.
const YAML_ACCESSES_MAX: usize = 10_000;

struct Writer<'e> {
    estate: &'e Estate,
    /// Names in lower case, for those that need their kind beside them.
    accounts: FxHashSet<String>,
    groups: FxHashSet<String>,
    systems: FxHashSet<String>,
    zones: FxHashSet<String>,
    services: FxHashSet<String>,
    /// Members of each group that are written with it.
    members: Vec<Vec<Principal>>,
}

fn folded<'e>(names: impl Iterator<Item = &'e String>) -> FxHashSet<String> {
    names.map(|name| name.to_lowercase()).collect()
}

impl<'e> Writer<'e> {
    fn new(estate: &'e Estate) -> Self {
        let mut writer = Self {
            estate,
            accounts: folded(estate.accounts.iter().map(|account| &account.name)),
            groups: folded(estate.groups.iter().map(|group| &group.name)),
            systems: folded(estate.systems.iter().map(|system| &system.name)),
            zones: folded(estate.zones.iter().map(|zone| &zone.name)),
            services: folded(estate.services.iter().map(|service| &service.name)),
            members: vec![Vec::new(); estate.groups.len()],
        };
        for access in &estate.accesses {
            if let AccessKind::Membership { member, group } = access.kind
                && writer.goes_with_group(access)
                && let Some(list) = writer.members.get_mut(group.index())
            {
                list.push(member);
            }
        }
        writer
    }

    /// True for a membership that says no more than its group's list of members does.
    fn goes_with_group(&self, access: &Access) -> bool {
        let AccessKind::Membership { group, .. } = access.kind else {
            return false;
        };
        let group_origin = self.estate.group(group).map(|group| origin(group.provenance));
        access.provenance.usage.is_none() && group_origin == Some(origin(access.provenance))
    }

    fn organisation(&self) -> String {
        match self.estate.organisation.as_str() {
            "" => String::new(),
            name => format!("organisation: {}\n", scalar(name)),
        }
    }

    fn network(&self) -> String {
        let mut text = String::new();
        let zones = self.estate.zones.iter().map(|zone| {
            let mut fields = Fields::default();
            if zone.kind != default_zone_kind(&zone.name) {
                fields.add("kind", zone.kind.word());
            }
            fields.list(
                "subnets",
                zone.subnets
                    .iter()
                    .map(|net| scalar(&net.to_string()).into_owned()),
            );
            fields.flag("isolated-members", zone.isolated_members);
            fields.provenance(zone.provenance);
            (zone.name.as_str(), fields.done())
        });
        section(&mut text, "zones", zones);
        let sites = self.estate.sites.iter().map(|site| {
            let mut fields = Fields::default();
            fields.add("kind", site.kind.word());
            fields.add("people", site.people);
            fields.provenance(site.provenance);
            (site.name.as_str(), fields.done())
        });
        section(&mut text, "sites", sites);
        text
    }

    fn accounts(&self) -> String {
        let mut text = String::new();
        let accounts = self.estate.accounts.iter().map(|account| {
            let mut fields = Fields::default();
            if account.kind != AccountKind::Person {
                fields.add("kind", account.kind.word());
            }
            fields.names("aliases", &account.aliases);
            if let Some(site) = account.site.and_then(|id| self.estate.site(id)) {
                fields.add("site", scalar(&site.name));
            }
            if !account.enabled {
                fields.add("enabled", "false");
            }
            fields.jewel(account.jewel);
            fields.provenance(account.provenance);
            (account.name.as_str(), fields.done())
        });
        section(&mut text, "accounts", accounts);
        text
    }

    fn groups(&self) -> String {
        let mut text = String::new();
        let groups = self
            .estate
            .groups
            .iter()
            .zip(&self.members)
            .map(|(group, members)| {
                let mut fields = Fields::default();
                fields.names("aliases", &group.aliases);
                fields.jewel(group.jewel);
                fields.list("members", members.iter().map(|member| self.principal(*member)));
                fields.provenance(group.provenance);
                (group.name.as_str(), fields.done())
            });
        section(&mut text, "groups", groups);
        text
    }

    fn systems(&self) -> String {
        let mut text = String::new();
        let systems = self.estate.systems.iter().map(|system| {
            let mut fields = Fields::default();
            fields.add("kind", system.kind.word());
            fields.names("aliases", &system.aliases);
            if let Some(zone) = system.zone.and_then(|id| self.estate.zone(id)) {
                fields.add("zone", single("zone", &zone.name));
            }
            if let Some(site) = system.site.and_then(|id| self.estate.site(id)) {
                fields.add("site", scalar(&site.name));
            }
            fields.list(
                "addresses",
                system
                    .addresses
                    .iter()
                    .map(|address| scalar(&address.to_string()).into_owned()),
            );
            fields.names("holds", &system.holds);
            if let Some(people) = system.people {
                fields.add("people", people);
            }
            fields.jewel(system.jewel);
            fields.provenance(system.provenance);
            (system.name.as_str(), fields.done())
        });
        section(&mut text, "systems", systems);
        text
    }

    /// As YAML, or as JSON lines where there are many.
    fn accesses(&self) -> (&'static str, String) {
        let accesses = || {
            self.estate
                .accesses
                .iter()
                .filter(|access| !self.goes_with_group(access))
        };
        let mut text = String::new();
        if accesses().count() > YAML_ACCESSES_MAX {
            accesses().for_each(|access| lines::access(self, access, &mut text));
            return ("access.estate.jsonl", text);
        }
        for access in accesses() {
            if text.is_empty() {
                text.push_str("access:\n");
            }
            let mut fields = self.access(access.kind);
            fields.provenance(access.provenance);
            let _ = writeln!(text, "  - {}", fields.done());
        }
        ("access.yaml", text)
    }

    fn access(&self, kind: AccessKind) -> Fields {
        let mut fields = Fields::default();
        let estate = self.estate;
        let system = |id| {
            single(
                "system",
                estate.system(id).map_or("?", |system| system.name.as_str()),
            )
        };
        let zone = |id| single("zone", estate.zone(id).map_or("?", |zone| zone.name.as_str()));
        match kind {
            AccessKind::Membership { member, group } => {
                fields.add("member", self.principal(member));
                fields.add(
                    "of",
                    single(
                        "group",
                        estate.group(group).map_or("?", |group| group.name.as_str()),
                    ),
                );
            }
            AccessKind::Right { holder, on, means } => {
                fields.add("holder", self.principal(holder));
                fields.add("right", means.word());
                fields.add("on", self.target(on));
            }
            AccessKind::Session { account, system: on } => {
                fields.add(
                    "session",
                    single(
                        "account",
                        estate
                            .account(account)
                            .map_or("?", |account| account.name.as_str()),
                    ),
                );
                fields.add("on", system(on));
            }
            AccessKind::Control { holder, over, by } => {
                fields.add("holder", self.principal(holder));
                fields.add("control", by.word());
                fields.add("over", self.principal(over));
            }
            AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            } => {
                fields.add("holder", self.principal(holder));
                fields.add("remote-access", system(gateway));
                fields.add("into", zone(into));
            }
            AccessKind::Assignment { holder, app, admin } => {
                fields.add("holder", self.principal(holder));
                fields.add("application", system(app));
                fields.flag("admin", admin);
            }
            AccessKind::Flow { from, to, ports } => {
                fields.add("flow", self.ends(from, to));
                fields.add("port", ports_text(ports));
            }
            AccessKind::Recovery { of, from } => {
                fields.add("recovery", self.principal(of));
                fields.add("from", zone(from));
            }
        }
        fields
    }
}

//! What can be wrong although every line can be read.

use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::diagnostic::{Severity, Span};
use super::reader::{Kind, Reader};
use crate::{AccessKind, Estate, Principal, Requirement, ServiceId, SystemId, ZoneKind};

impl Reader<'_> {
    pub(super) fn check(&mut self) {
        self.check_empty();
        self.check_internet();
        self.check_subnets();
        self.check_addresses();
        self.check_aliases();
        self.check_service_cycles();
        self.check_group_cycles();
        self.check_protected();
    }

    fn check_empty(&mut self) {
        let estate = &self.estate;
        let entities =
            estate.accounts.len() + estate.groups.len() + estate.systems.len() + estate.zones.len();
        if self.whole && entities + estate.services.len() + estate.sites.len() + estate.points.len() == 0 {
            let message = match self.files.len() {
                0 => "the estate has no files".to_owned(),
                _ => "the estate is empty: no system, account, zone or service in any file".to_owned(),
            };
            let help = "write a file such as systems.yaml, or import or learn the estate".to_owned();
            self.found
                .whole(Severity::Error, "empty-estate", message, Some(help));
        }
    }

    fn check_internet(&mut self) {
        let zones = self.estate.zones_with_ids();
        let outside: Vec<u32> = zones
            .filter(|(_, zone)| zone.kind == ZoneKind::Internet)
            .map(|(id, _)| id.0)
            .collect();
        for id in outside.iter().skip(1) {
            let span = self.defined_at(Kind::Zone, *id);
            let help = "an estate has at most one; make this `kind: internal`".to_owned();
            self.found.error(
                "second-internet",
                span,
                "a second zone of kind internet".to_owned(),
                Some(help),
            );
        }
    }

    /// Subnets of different zones that overlap. In order of address and size, one that overlaps lies inside the last
    /// that is still open.
    fn check_subnets(&mut self) {
        let mut nets: Vec<(IpNet, u32)> = Vec::new();
        for (id, zone) in self.estate.zones_with_ids() {
            nets.extend(zone.subnets.iter().map(|net| (net.trunc(), id.0)));
        }
        nets.sort_by_key(|(net, id)| (net.network(), net.prefix_len(), *id));
        let mut open: Vec<(IpNet, u32)> = Vec::new();
        for (net, id) in nets {
            while open.last().is_some_and(|(outer, _)| !outer.contains(&net)) {
                open.pop();
            }
            if let Some((outer, other)) = open.last().copied().filter(|(_, other)| *other != id) {
                self.overlap(net, id, outer, other);
            }
            open.push((net, id));
        }
    }

    fn overlap(&mut self, net: IpNet, id: u32, outer: IpNet, other: u32) {
        let name = |id: u32| {
            self.estate
                .zones
                .get(id as usize)
                .map_or("?", |zone| zone.name.as_str())
        };
        let message = format!(
            "subnet {net} of zone `{}` is inside {outer} of zone `{}`",
            name(id),
            name(other)
        );
        let span = self.defined_at(Kind::Zone, id);
        if net == outer {
            let help = "a subnet belongs to one zone; remove it from the other".to_owned();
            self.found.error("subnet-twice", span, message, Some(help));
        } else {
            let help =
                "addresses there are taken to be in the smaller one; split the larger if that is wrong"
                    .to_owned();
            self.found.warning("subnets-overlap", span, message, Some(help));
        }
    }

    fn check_addresses(&mut self) {
        let mut owners: FxHashMap<IpAddr, u32> = FxHashMap::default();
        let mut twice = Vec::new();
        for (id, system) in self.estate.systems_with_ids() {
            for address in &system.addresses {
                match owners.get(address) {
                    Some(owner) if *owner != id.0 => twice.push((*address, id, *owner)),
                    Some(_) => {}
                    None => {
                        owners.insert(*address, id.0);
                    }
                }
            }
        }
        for (address, id, owner) in twice {
            let first = self
                .estate
                .system(SystemId(owner))
                .map_or("?", |system| system.name.as_str());
            let message = format!("`{first}` has the address {address} too");
            let help = format!("logs that name only the address are taken to mean `{first}`");
            self.found.warning(
                "address-twice",
                self.table(Kind::System).span(id.0),
                message,
                Some(help),
            );
        }
    }

    fn check_aliases(&mut self) {
        let accounts = self
            .estate
            .accounts
            .iter()
            .map(|account| (account.name.as_str(), account.aliases.as_slice()));
        let systems = self
            .estate
            .systems
            .iter()
            .map(|system| (system.name.as_str(), system.aliases.as_slice()));
        let clashes = [
            (Kind::Account, alias_clashes(accounts)),
            (Kind::System, alias_clashes(systems)),
        ];
        for (kind, clashes) in clashes {
            for (id, alias, other) in clashes {
                let message = format!("its alias `{alias}` also means {} `{other}`", kind.word());
                let help = "keep the alias with one of them, or logs are bound to the first".to_owned();
                self.found
                    .warning("alias-twice", self.table(kind).span(id), message, Some(help));
            }
        }
    }

    fn check_service_cycles(&mut self) {
        let edges: Vec<Vec<u32>> = self.estate.services.iter().map(service_edges).collect();
        for cycle in cycles(&edges) {
            let names: Vec<&str> = cycle
                .iter()
                .chain(cycle.first())
                .filter_map(|id| self.estate.service(ServiceId(*id)))
                .map(|service| service.name.as_str())
                .collect();
            let span = cycle
                .first()
                .map(|id| self.defined_at(Kind::Service, *id))
                .unwrap_or_default();
            let message = format!("services require each other in a circle: {}", chain(&names));
            let help = "remove one of these requirements: none of them could ever start".to_owned();
            self.found.error("service-cycle", span, message, Some(help));
        }
    }

    fn check_group_cycles(&mut self) {
        let mut edges: Vec<Vec<u32>> = vec![Vec::new(); self.estate.groups.len()];
        for access in &self.estate.accesses {
            if let AccessKind::Membership {
                member: Principal::Group(member),
                group,
            } = access.kind
                && let Some(list) = edges.get_mut(member.index())
            {
                list.push(group.0);
            }
        }
        for cycle in cycles(&edges) {
            let groups = cycle.iter().chain(cycle.first());
            let names: Vec<&str> = groups
                .filter_map(|id| self.estate.groups.get(*id as usize))
                .map(|group| group.name.as_str())
                .collect();
            let span = cycle
                .first()
                .map(|id| self.defined_at(Kind::Group, *id))
                .unwrap_or_default();
            let message = format!("groups are members of each other in a circle: {}", chain(&names));
            let help = "a member of one is then a member of all; remove one membership if that is not meant"
                .to_owned();
            self.found.warning("group-cycle", span, message, Some(help));
        }
    }

    fn check_protected(&mut self) {
        let mut warnings: Vec<(Span, String, String)> = Vec::new();
        for (id, service) in self
            .estate
            .services_with_ids()
            .filter(|(_, service)| service.protected)
        {
            for jewel in jewels_needed(&self.estate, id) {
                let message = format!(
                    "protected service `{}` cannot run without the crown jewel {jewel}",
                    service.name
                );
                let help = format!(
                    "no plan can isolate {jewel}: every path to it must be cut elsewhere. Give the service another way to run \
                     (`any:`), or make sure that enforcement points surround {jewel}"
                );
                warnings.push((self.defined_at(Kind::Service, id.0), message, help));
            }
        }
        for (span, message, help) in warnings {
            self.found
                .warning("protected-needs-jewel", span, message, Some(help));
        }
    }
}

impl super::reader::Table {
    fn span(&self, id: u32) -> Span {
        self.defined
            .get(id as usize)
            .map(|(_, span)| *span)
            .unwrap_or_default()
    }
}

/// (whose alias, the alias, who has it already) for every alias that is somebody else's name or alias.
fn alias_clashes<'e>(
    all: impl Iterator<Item = (&'e str, &'e [String])> + Clone,
) -> Vec<(u32, String, String)> {
    let mut owners: FxHashMap<String, (u32, &str)> = FxHashMap::default();
    for (id, (name, _)) in (0_u32..).zip(all.clone()) {
        owners.insert(name.to_lowercase(), (id, name));
    }
    let mut clashes = Vec::new();
    for (id, (name, aliases)) in (0_u32..).zip(all) {
        for alias in aliases {
            let (owner, owner_name) = *owners.entry(alias.to_lowercase()).or_insert((id, name));
            if owner != id {
                clashes.push((id, alias.clone(), owner_name.to_owned()));
            }
        }
    }
    clashes
}

/// At most this many names of a circle are shown.
const CHAIN_MAX: usize = 12;

fn chain(names: &[&str]) -> String {
    match names.get(..CHAIN_MAX) {
        Some(first) if names.len() > CHAIN_MAX => {
            format!("{} → … ({} in all)", first.join(" → "), names.len() - 1)
        }
        _ => names.join(" → "),
    }
}

/// The services that a service requires, its fallbacks' requirements too.
fn service_edges(service: &crate::Service) -> Vec<u32> {
    let mut edges = Vec::new();
    let fallbacks = service.fallbacks.iter().map(|fallback| &fallback.requires);
    for requirement in [&service.requires].into_iter().chain(fallbacks) {
        each_leaf(requirement, &mut |leaf| {
            if let Requirement::Service(id) = leaf {
                edges.push(id.0);
            }
        });
    }
    edges
}

/// Calls `visit` with every requirement that is not a list. The depth of lists is bounded by that of the file.
fn each_leaf(requirement: &Requirement, visit: &mut impl FnMut(&Requirement)) {
    match requirement {
        Requirement::All(list) | Requirement::Any(list) => list.iter().for_each(|one| each_leaf(one, visit)),
        leaf => visit(leaf),
    }
}

/// What is required in any case: an any-of with several ways counts for nothing.
fn each_sure_leaf(requirement: &Requirement, visit: &mut impl FnMut(&Requirement)) {
    match requirement {
        Requirement::All(list) => list.iter().for_each(|one| each_sure_leaf(one, visit)),
        Requirement::Any(list) => {
            if let [only] = list.as_slice() {
                each_sure_leaf(only, visit);
            }
        }
        leaf => visit(leaf),
    }
}

/// The jewels that a service cannot do without, through other services too, as they are named.
fn jewels_needed(estate: &Estate, service: ServiceId) -> Vec<String> {
    let mut seen = FxHashSet::default();
    let mut waiting = vec![service];
    let mut jewels = Vec::new();
    while let Some(id) = waiting.pop() {
        let Some(service) = estate.service(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        if !service.fallbacks.is_empty() {
            continue;
        }
        each_sure_leaf(&service.requires, &mut |leaf| match leaf {
            Requirement::System(id) => {
                let system = estate.system(*id).filter(|system| system.jewel.is_some());
                jewels.extend(system.map(|system| format!("system `{}`", system.name)));
            }
            Requirement::Account(id) => {
                let account = estate.account(*id).filter(|account| account.jewel.is_some());
                jewels.extend(account.map(|account| format!("account `{}`", account.name)));
            }
            Requirement::Service(id) => waiting.push(*id),
            _ => {}
        });
    }
    jewels.sort();
    jewels.dedup();
    jewels
}

/// One circle for each edge that closes one in a depth-first walk; none if there is none.
fn cycles(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; edges.len()];
    let mut found = Vec::new();
    for root in 0..edges.len() {
        if state.get(root) != Some(&State::New) {
            continue;
        }
        let mut path: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let here = *node;
            if let Some(slot) = state.get_mut(here) {
                *slot = State::Open;
            }
            let Some(to) = edges
                .get(here)
                .and_then(|list| list.get(*next))
                .map(|to| *to as usize)
            else {
                if let Some(slot) = state.get_mut(here) {
                    *slot = State::Done;
                }
                path.pop();
                continue;
            };
            *next += 1;
            match state.get(to) {
                Some(State::New) => path.push((to, 0)),
                Some(State::Open) => {
                    let circle = path.iter().map(|(node, _)| *node).skip_while(|node| *node != to);
                    found.push(circle.filter_map(|node| u32::try_from(node).ok()).collect());
                }
                _ => {}
            }
        }
    }
    found
}

//! Zones, sites, accounts, groups and systems.

use std::net::IpAddr;

use ipnet::IpNet;

use super::diagnostic::Span;
use super::fields::{Fields, each_parsed, fields, people, texts, truth, word};
use super::keys;
use super::node::{Node, Value};
use super::reader::{Kind, Reader};
use crate::{AccessKind, AccountId, Principal, SystemId};
use crate::{
    Account, AccountKind, ControlKind, Group, GroupId, Site, SiteId, SiteKind, System, SystemKind, Zone,
    ZoneId, ZoneKind,
};

impl Reader<'_> {
    pub(super) fn zone(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let mut zone = Zone {
            name: name.to_owned(),
            kind: default_zone_kind(name),
            subnets: Vec::new(),
            isolated_members: false,
            provenance: self.declared(span),
        };
        if let Some(entry) = fields(node, "a zone", keys::ZONE, &mut self.found) {
            zone.kind = word(entry.get("kind"), &mut self.found).unwrap_or(zone.kind);
            let help = "write a subnet such as 10.9.0.0/24";
            zone.subnets = each_parsed(entry.get("subnets"), "a subnet", help, &mut self.found, subnet);
            zone.isolated_members = truth(entry.get("isolated-members"), &mut self.found).unwrap_or(false);
            zone.provenance = self.provenance(&entry, span);
        }
        self.estate.add_zone(zone);
    }

    pub(super) fn site(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let provenance = self.declared(span);
        let mut site = Site {
            name: name.to_owned(),
            kind: SiteKind::Office,
            people: 0,
            provenance,
        };
        if node.text().is_some() {
            site.kind = word(Some(node), &mut self.found).unwrap_or(site.kind);
        } else if let Some(entry) = fields(node, "a site", keys::SITE, &mut self.found) {
            site.kind = word(entry.get("kind"), &mut self.found).unwrap_or(site.kind);
            if entry.get("kind").is_none() {
                self.missing(span, &format!("site `{name}`"), "kind");
            }
            site.people = people(entry.get("people"), &mut self.found).unwrap_or(0);
            site.provenance = self.provenance(&entry, span);
        }
        self.estate.add_site(site);
    }

    pub(super) fn account(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let mut account = Account {
            name: name.to_owned(),
            aliases: Vec::new(),
            kind: AccountKind::Person,
            site: None,
            enabled: true,
            jewel: None,
            provenance: self.declared(span),
        };
        if node.text().is_some() {
            account.kind = word(Some(node), &mut self.found).unwrap_or(account.kind);
        } else if let Some(entry) = fields(node, "an account", keys::ACCOUNT, &mut self.found) {
            account.kind = word(entry.get("kind"), &mut self.found).unwrap_or(account.kind);
            account.aliases = texts(entry.get("aliases"), "an alias is a word", &mut self.found);
            account.site = self.refer_one(entry.get("site"), Kind::Site).map(SiteId);
            account.enabled = truth(entry.get("enabled"), &mut self.found).unwrap_or(true);
            account.jewel = self.jewel(entry.get("jewel"));
            account.provenance = self.provenance(&entry, span);
        }
        self.estate.add_account(account);
    }

    pub(super) fn group(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let provenance = self.declared(span);
        let mut group = Group {
            name: name.to_owned(),
            aliases: Vec::new(),
            jewel: None,
            provenance,
        };
        if matches!(node.value, Value::List(_)) {
            // Only its members; read with the accesses.
        } else if let Some(entry) = fields(node, "a group", keys::GROUP, &mut self.found) {
            group.aliases = texts(entry.get("aliases"), "an alias is a word", &mut self.found);
            group.jewel = self.jewel(entry.get("jewel"));
            group.provenance = self.provenance(&entry, span);
        }
        self.estate.add_group(group);
    }

    pub(super) fn system(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let mut system = System {
            name: name.to_owned(),
            aliases: Vec::new(),
            kind: SystemKind::Server,
            zone: None,
            site: None,
            addresses: Vec::new(),
            holds: Vec::new(),
            people: None,
            jewel: None,
            provenance: self.declared(span),
        };
        if node.text().is_some() {
            system.kind = word(Some(node), &mut self.found).unwrap_or(system.kind);
        } else if let Some(entry) = fields(node, "a system", keys::SYSTEM, &mut self.found) {
            if entry.get("kind").is_none() {
                self.missing(span, &format!("system `{name}`"), "kind");
            }
            self.system_fields(&mut system, &entry, span);
        }
        self.estate.add_system(system);
    }

    fn system_fields(&mut self, system: &mut System, entry: &Fields<'_, '_>, span: Span) {
        system.kind = word(entry.get("kind"), &mut self.found).unwrap_or(system.kind);
        system.aliases = texts(entry.get("aliases"), "an alias is a word", &mut self.found);
        system.zone = self.refer_one(entry.get("zone"), Kind::Zone).map(ZoneId);
        system.site = self.refer_one(entry.get("site"), Kind::Site).map(SiteId);
        let help = "write an address such as 10.9.0.5";
        let address = |text: &str| text.parse::<IpAddr>().ok();
        system.addresses = each_parsed(
            entry.get("addresses"),
            "an address",
            help,
            &mut self.found,
            address,
        );
        system.holds = texts(entry.get("holds"), "a kind of data is a word", &mut self.found);
        system.people = people(entry.get("people"), &mut self.found);
        system.jewel = self.jewel(entry.get("jewel"));
        system.provenance = self.provenance(entry, span);
    }

    /// The accesses that stand with an account, a group or a system itself.
    pub(super) fn own_accesses(&mut self, kind: Kind, id: u32, span: Span, node: &Node<'_>) {
        let own = match kind {
            Kind::Account => Principal::Account(AccountId(id)),
            Kind::Group => Principal::Group(GroupId(id)),
            _ => Principal::System(SystemId(id)),
        };
        if kind == Kind::Group && matches!(node.value, Value::List(_)) {
            return self.members(GroupId(id), node, span);
        }
        let Some(entry) = super::fields::unchecked(node) else {
            return;
        };
        if kind == Kind::Group
            && let Some(members) = entry.get("members")
        {
            self.members(GroupId(id), members, span);
        }
        for group in entry.get("member-of").into_iter().flat_map(Node::each) {
            if let Some((_, group_id)) = self.refer(group, &[Kind::Group]) {
                let kind = AccessKind::Membership {
                    member: own,
                    group: GroupId(group_id),
                };
                self.add_access(kind, self.declared(group.span), group.span, true);
            }
        }
        for (key, by) in RESETS {
            if kind == Kind::System {
                break;
            }
            for over in entry.get(key).into_iter().flat_map(Node::each) {
                if let Some(over_id) = self.principal(over) {
                    let kind = AccessKind::Control {
                        holder: own,
                        over: over_id,
                        by,
                    };
                    self.add_access(kind, self.declared(over.span), over.span, true);
                }
            }
        }
    }

    /// Members take the origin of their group.
    fn members(&mut self, group: GroupId, node: &Node<'_>, span: Span) {
        let declared = self.declared(span).origin;
        let group_origin = self.estate.group(group).map(|group| group.provenance.origin);
        for member in node.each() {
            let Some(member_id) = self.principal(member) else {
                continue;
            };
            let mut provenance = self.declared(member.span);
            if let Some(origin) = group_origin.filter(|origin| *origin != declared) {
                provenance.origin = origin;
            }
            let kind = AccessKind::Membership {
                member: member_id,
                group,
            };
            self.add_access(kind, provenance, member.span, true);
        }
    }

    /// An account, a group or a system.
    pub(super) fn principal(&mut self, node: &Node<'_>) -> Option<Principal> {
        Some(
            match self.refer(node, &[Kind::Account, Kind::Group, Kind::System])? {
                (Kind::Account, id) => Principal::Account(AccountId(id)),
                (Kind::Group, id) => Principal::Group(GroupId(id)),
                (_, id) => Principal::System(SystemId(id)),
            },
        )
    }
}

/// Short forms of controls.
pub(super) const RESETS: [(&str, ControlKind); 2] = [
    ("can-reset", ControlKind::ResetPassword),
    ("can-reset-second-factor", ControlKind::ResetSecondFactor),
];

/// A zone that is called `internet` is that, unless it says otherwise.
pub(super) fn default_zone_kind(name: &str) -> ZoneKind {
    if name.eq_ignore_ascii_case("internet") {
        ZoneKind::Internet
    } else {
        ZoneKind::Internal
    }
}

/// A subnet, or a single address.
fn subnet(text: &str) -> Option<IpNet> {
    let net: Option<IpNet> = text.parse().ok();
    net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

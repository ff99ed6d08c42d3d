//! Whom of the estate Cordon keeps out, from what it recorded: so that refusals that it caused itself count as no evidence.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cordon_act::Endpoint;
use cordon_act::own_effects::{Affected, OwnEffect as Caused};
use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::names::Directory;
use cordon_estate::{AccessKind, AccountId, Entity, Estate, GroupId, Principal, SystemId};
use cordon_evidence::infer::OwnEffect;
use ipnet::IpNet;

/// What the inference is told of effects that the ledger has. Names that the estate does not have are passed over: nothing is inferred of them.
#[must_use]
pub fn of_estate(caused: &[Caused], estate: &Estate, directory: &Directory) -> Vec<OwnEffect> {
    let mut effects = Vec::new();
    for one in caused {
        let entities = affected(&one.affected, estate, directory);
        effects.extend(entities.into_iter().map(|entity| OwnEffect {
            entity,
            from: one.from,
            until: one.until,
        }));
    }
    effects
}

fn affected(affected: &Affected, estate: &Estate, directory: &Directory) -> BTreeSet<Entity> {
    match affected {
        Affected::Account(name) => holder(name, estate, directory),
        Affected::Group(name) => {
            group(name, estate).map_or_else(BTreeSet::new, |group| members(group, estate))
        }
        Affected::AllBut(names) => {
            let spared: BTreeSet<Entity> = names
                .iter()
                .flat_map(|name| holder(name, estate, directory))
                .collect();
            let accounts = (0..estate.accounts.len()).map(|index| Entity::Account(AccountId(index as u32)));
            accounts.filter(|entity| !spared.contains(entity)).collect()
        }
        Affected::System { name, addresses } => {
            let named = SystemName {
                name: Some(name),
                address: addresses.iter().find_map(|address| address.parse().ok()),
            };
            directory
                .resolve_system(&named)
                .map(Entity::System)
                .into_iter()
                .collect()
        }
        Affected::Flow { from, to } => match networks(from) {
            // From anywhere: known is only who is aimed at.
            None => within(&networks(to).unwrap_or_default(), estate),
            Some(from) => within(&from, estate),
        },
    }
}

/// An account, or the members of a group where a point takes groups for holders.
fn holder(name: &str, estate: &Estate, directory: &Directory) -> BTreeSet<Entity> {
    let named = AccountName {
        name: Some(name),
        ..AccountName::default()
    };
    match directory.resolve_account(&named) {
        Some(account) => BTreeSet::from([Entity::Account(account)]),
        None => group(name, estate).map_or_else(BTreeSet::new, |group| members(group, estate)),
    }
}

fn group(name: &str, estate: &Estate) -> Option<GroupId> {
    let same = |own: &str| own.eq_ignore_ascii_case(name);
    let index = estate
        .groups
        .iter()
        .position(|group| same(&group.name) || group.aliases.iter().any(|own| same(own)))?;
    Some(GroupId(index as u32))
}

/// The accounts in a group, also by way of other groups.
fn members(group: GroupId, estate: &Estate) -> BTreeSet<Entity> {
    let (mut accounts, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([group]), vec![group]);
    while let Some(of) = open.pop() {
        for access in &estate.accesses {
            match access.kind {
                AccessKind::Membership {
                    member: Principal::Account(account),
                    group,
                } if group == of => {
                    accounts.insert(Entity::Account(account));
                }
                AccessKind::Membership {
                    member: Principal::Group(inner),
                    group,
                } if group == of && seen.insert(inner) => open.push(inner),
                _ => {}
            }
        }
    }
    accounts
}

/// The networks of an endpoint; none if it is anywhere.
fn networks(endpoint: &Endpoint) -> Option<Vec<IpNet>> {
    let Endpoint::Networks(networks) = endpoint else {
        return None;
    };
    let network = |text: &String| {
        text.parse()
            .ok()
            .or_else(|| Some(text.parse::<IpAddr>().ok()?.into()))
    };
    Some(networks.iter().filter_map(network).collect())
}

/// The systems whose address, or whose zone, lies in these networks.
fn within(networks: &[IpNet], estate: &Estate) -> BTreeSet<Entity> {
    let mut systems = BTreeSet::new();
    for (index, system) in estate.systems.iter().enumerate() {
        let addressed = system
            .addresses
            .iter()
            .any(|address| networks.iter().any(|network| network.contains(address)));
        let zone = system.zone.and_then(|zone| estate.zones.get(zone.0 as usize));
        let zoned = zone.is_some_and(|zone| {
            let mut subnets = zone.subnets.iter().peekable();
            subnets.peek().is_some()
                && subnets.all(|subnet| networks.iter().any(|network| network.contains(subnet)))
        });
        if addressed || (zoned && system.addresses.is_empty()) {
            systems.insert(Entity::System(SystemId(index as u32)));
        }
    }
    systems
}

#[cfg(test)]
mod tests {

    use cordon_act::{Placement, PointName, Target};
    use jiff::Timestamp;

    use super::*;

    const ESTATE: &str = "
zones:
  shop: { subnets: [10.1.0.0/16] }
  data: { subnets: [10.2.0.0/16] }
systems:
  till1: { kind: workstation, zone: shop }
  till2: { kind: workstation, addresses: [10.1.0.9] }
  books: { kind: server, zone: data }
accounts:
  pat: person
  sam: person
  glass: break-glass
groups:
  sales: [pat, inner]
  inner: [sam]
";

    /// Whom an affected one names in the estate.
    fn named(affected: Affected) -> Vec<String> {
        let estate = cordon_estate::load::load(&[("estate.yaml", ESTATE)])
            .unwrap()
            .estate;
        let directory = Directory::from_estate(&estate);
        let caused = Caused {
            placement: Placement {
                point: PointName::from("any"),
                target: Target::Account {
                    account: "pat".to_owned(),
                },
            },
            affected,
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
        };
        of_estate(&[caused], &estate, &directory)
            .iter()
            .map(|effect| estate.name(effect.entity).to_owned())
            .collect()
    }

    fn networks(text: &str) -> Endpoint {
        Endpoint::Networks(vec![text.to_owned()])
    }

    #[test]
    fn everybody_whom_a_withdrawal_keeps_out_is_found_and_nobody_else() {
        assert_eq!(named(Affected::Account("PAT".to_owned())), ["pat"]);
        assert_eq!(named(Affected::Account("sales".to_owned())), ["pat", "sam"]);
        assert_eq!(named(Affected::Group("inner".to_owned())), ["sam"]);
        assert_eq!(named(Affected::AllBut(vec!["glass".to_owned()])), ["pat", "sam"]);
        let host = |name: &str, addresses: &[&str]| Affected::System {
            name: name.to_owned(),
            addresses: addresses.iter().map(|one| (*one).to_owned()).collect(),
        };
        assert_eq!(named(host("till1", &[])), ["till1"]);
        assert_eq!(named(host("unknown", &["10.1.0.9"])), ["till2"]);
        assert!(named(Affected::Account("nobody".to_owned())).is_empty());
    }

    #[test]
    fn of_a_flow_those_are_kept_out_who_would_begin_it() {
        let flow = |from, to| named(Affected::Flow { from, to });
        assert_eq!(
            flow(networks("10.1.0.0/16"), networks("10.2.0.0/16")),
            ["till1", "till2"]
        );
        assert_eq!(flow(networks("10.1.0.9"), Endpoint::Any), ["till2"]);
        assert_eq!(flow(Endpoint::Any, networks("10.2.0.0/16")), ["books"]);
    }
}

//! The generated estate is deterministic, well formed and of the size it promises.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may fail loudly"
)]

use std::collections::HashSet;

use cordon_estate::{AccessKind, Entity, Estate, Principal, Requirement, SiteKind, SystemKind, Target};
use cordon_sim::northgate::{Options, generate};
use cordon_sim::sample_incident;

fn of(stores: u32, seed: u64) -> Estate {
    generate(&Options {
        seed,
        stores,
        ..Options::default()
    })
}

#[test]
fn same_seed_same_estate() {
    assert_eq!(of(40, 7), of(40, 7));
    assert_ne!(of(40, 7), of(40, 8));
}

#[test]
fn default_size_is_as_promised() {
    let estate = generate(&Options::default());
    let sites = |kind| estate.sites.iter().filter(|site| site.kind == kind).count();
    assert_eq!(sites(SiteKind::Store), 2_300);
    assert_eq!(sites(SiteKind::FuneralHome), 800);
    let staff = estate
        .accounts
        .iter()
        .filter(|account| account.site.is_some())
        .count();
    assert!((56_000..=58_500).contains(&staff), "{staff} staff");
    let facts = estate.accesses.len();
    assert!((100_000..=200_000).contains(&facts), "{facts} facts");
    eprintln!(
        "{} accounts, {} groups, {} systems, {} zones, {facts} facts",
        estate.accounts.len(),
        estate.groups.len(),
        estate.systems.len(),
        estate.zones.len()
    );
}

#[test]
fn every_scale_is_well_formed() {
    for stores in [1, 10, 37, 400] {
        let estate = of(stores, 3);
        well_formed(&estate);
        assert!(
            !sample_incident(&estate, 3).is_empty(),
            "no cast at {stores} stores"
        );
    }
}

fn well_formed(estate: &Estate) {
    unique(estate.accounts.iter().map(|account| &account.name));
    unique(estate.groups.iter().map(|group| &group.name));
    unique(estate.systems.iter().map(|system| &system.name));
    unique(estate.zones.iter().map(|zone| &zone.name));
    unique(estate.sites.iter().map(|site| &site.name));
    unique(estate.services.iter().map(|service| &service.name));
    let addresses: Vec<_> = estate
        .systems
        .iter()
        .flat_map(|system| &system.addresses)
        .collect();
    assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), addresses.len());
    for system in &estate.systems {
        let zone = system.zone.and_then(|zone| estate.zone(zone));
        for address in &system.addresses {
            let zone = zone.expect("an address without a zone");
            assert!(
                zone.subnets.iter().any(|net| net.contains(address)),
                "{} {address}",
                system.name
            );
        }
    }
    for access in &estate.accesses {
        access_is_known(estate, &access.kind);
    }
    for service in &estate.services {
        requirement_is_known(estate, &service.requires, service.protected);
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a String>) {
    let mut seen = HashSet::new();
    for name in names {
        assert!(seen.insert(name.to_lowercase()), "{name} twice");
    }
}

fn principal_is_known(estate: &Estate, principal: Principal) {
    let entity = match principal {
        Principal::Account(id) => Entity::Account(id),
        Principal::Group(id) => Entity::Group(id),
        Principal::System(id) => Entity::System(id),
    };
    assert_ne!(estate.name(entity), "?");
}

fn access_is_known(estate: &Estate, kind: &AccessKind) {
    match *kind {
        AccessKind::Membership { member, group } => {
            principal_is_known(estate, member);
            principal_is_known(estate, Principal::Group(group));
        }
        AccessKind::Right { holder, on, .. } => {
            principal_is_known(estate, holder);
            principal_is_known(
                estate,
                match on {
                    Target::System(id) => Principal::System(id),
                    Target::Group(id) => Principal::Group(id),
                },
            );
        }
        AccessKind::Control { holder, over, .. } => {
            principal_is_known(estate, holder);
            principal_is_known(estate, over);
        }
        _ => {}
    }
}

/// No service asks for something that is not there, and no protected one stands on a jewel.
fn requirement_is_known(estate: &Estate, requirement: &Requirement, protected: bool) {
    match requirement {
        Requirement::All(parts) => parts
            .iter()
            .for_each(|part| requirement_is_known(estate, part, protected)),
        Requirement::Any(parts) => {
            assert!(!parts.is_empty());
            parts
                .iter()
                .for_each(|part| requirement_is_known(estate, part, protected));
        }
        Requirement::System(id) => {
            let system = estate.system(*id).unwrap();
            assert!(!protected || system.jewel.is_none(), "{}", system.name);
        }
        Requirement::Account(id) => assert!(estate.account(*id).is_some()),
        Requirement::Access(id) => assert!(estate.access(*id).is_some()),
        Requirement::Service(id) => assert!(estate.services.get(id.index()).is_some()),
    }
}

#[test]
fn a_tenth_of_the_service_accounts_is_forgotten() {
    let estate = generate(&Options::default());
    let now = Options::default().epoch;
    let mut last = std::collections::HashMap::new();
    for access in &estate.accesses {
        if let (AccessKind::Session { account, .. }, Some(usage)) = (access.kind, access.provenance.usage) {
            let seen = last.entry(account).or_insert(usage.last_seen);
            *seen = usage.last_seen.max(*seen);
        }
    }
    let numbered = estate
        .accounts_with_ids()
        .filter(|(_, account)| account.name.starts_with("svc-app-"));
    let (mut all, mut old) = (0, 0);
    for (id, _) in numbered {
        all += 1;
        let quiet_hours = last
            .get(&id)
            .map_or(0, |&seen| now.duration_since(seen).as_hours());
        old += usize::from(quiet_hours >= 90 * 24);
    }
    assert!(
        (0.08..=0.12).contains(&(f64::from(old as u32) / f64::from(all))),
        "{old} of {all}"
    );
}

#[test]
fn the_sample_incident_names_four_footholds() {
    let estate = of(100, 1);
    let footholds = sample_incident(&estate, 1);
    assert_eq!(footholds.len(), 4);
    assert!(
        footholds
            .iter()
            .all(|foothold| foothold.probability > 0.5 && foothold.probability < 1.0)
    );
    let Entity::System(server) = footholds[3].entity else {
        panic!("the last is a server");
    };
    assert_eq!(estate.system(server).unwrap().kind, SystemKind::Server);
}

//! People who cannot work, and what denied use costs.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use cordon_estate::{
    Access, AccessId, AccessKind, Account, AccountId, AccountKind, Estate, Group, GroupId, Origin, Pence,
    Place, Ports, Principal, Provenance, Site, SiteId, SiteKind, System, SystemId, SystemKind, Usage,
};
use cordon_trade::{Friction, Lost, People, Taken};

fn assumed() -> Provenance {
    Provenance::new(Origin::Assumed)
}

fn add_account(estate: &mut Estate, kind: AccountKind) -> AccountId {
    estate.add_account(Account {
        name: "account".into(),
        aliases: Vec::new(),
        kind,
        site: None,
        enabled: true,
        jewel: None,
        provenance: assumed(),
    })
}

fn add_system(estate: &mut Estate, kind: SystemKind, people: Option<u32>, site: Option<SiteId>) -> SystemId {
    estate.add_system(System {
        name: "system".into(),
        aliases: Vec::new(),
        kind,
        zone: None,
        site,
        addresses: Vec::new(),
        holds: Vec::new(),
        people,
        jewel: None,
        provenance: assumed(),
    })
}

fn add_access(estate: &mut Estate, kind: AccessKind, usage: Option<Usage>) -> AccessId {
    estate.add_access(Access {
        kind,
        provenance: Provenance { usage, ..assumed() },
    })
}

fn usage(first: &str, last: &str, uses: u64, people: u32) -> Option<Usage> {
    Some(Usage {
        first_seen: first.parse().unwrap(),
        last_seen: last.parse().unwrap(),
        uses,
        people,
    })
}

#[test]
fn one_person_hit_twice_counts_once() {
    let mut estate = Estate::default();
    let pat = add_account(&mut estate, AccountKind::Person);
    let program = add_account(&mut estate, AccountKind::Service);
    let desk = add_system(&mut estate, SystemKind::Workstation, None, None);
    add_access(
        &mut estate,
        AccessKind::Session {
            account: pat,
            system: desk,
        },
        None,
    );
    let mut lost = Lost::nothing();
    lost.lose_account(pat);
    lost.lose_account(program);
    lost.lose_system(desk);
    let people = People::count(&estate, &lost, &[]);
    assert_eq!(
        people,
        People {
            known: 1,
            at_systems: 0,
            in_services: 0
        }
    );
}

#[test]
fn a_site_never_loses_more_people_than_it_has() {
    let mut estate = Estate::default();
    let shop = estate.add_site(Site {
        name: "shop".into(),
        kind: SiteKind::Store,
        people: 12,
        provenance: assumed(),
    });
    let mut lost = Lost::nothing();
    for _ in 0..3 {
        lost.lose_system(add_system(&mut estate, SystemKind::Till, Some(8), Some(shop)));
    }
    assert_eq!(People::count(&estate, &lost, &[]).at_least(), 12);
}

#[test]
fn an_access_unused_for_ninety_days_is_nearly_free() {
    let mut estate = Estate::default();
    let pat = add_account(&mut estate, AccountKind::Person);
    let app = add_system(&mut estate, SystemKind::SaasApp, None, None);
    let kind = AccessKind::Assignment {
        holder: Principal::Account(pat),
        app,
        admin: false,
    };
    let old = usage("2025-01-01T00:00:00Z", "2025-01-31T00:00:00Z", 900, 9);
    let old = add_access(&mut estate, kind, old);
    let busy = usage("2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z", 900, 9);
    let busy = add_access(&mut estate, kind, busy);
    let unknown = add_access(&mut estate, kind, None);
    let friction = Friction::of(&estate, Some("2025-05-02T00:00:00Z".parse().unwrap()));
    assert!(friction.is_unused(old) && !friction.is_unused(busy) && !friction.is_unused(unknown));
    let cost = |access| friction.pence(Taken::Access(access), 24.0);
    assert_eq!(cost(old), Pence(20));
    assert!(cost(unknown) > cost(old) && cost(busy) > cost(unknown));
    assert!((friction.uses_per_day(busy) - 900.0 / 31.0).abs() < 1e-9);
}

#[test]
fn denied_use_never_costs_more_than_its_people_idle() {
    let mut estate = Estate::default();
    let zone = Place::System(SystemId(0));
    let kind = AccessKind::Flow {
        from: zone,
        to: zone,
        ports: Ports::Any,
    };
    let flood = usage("2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z", u64::MAX, 1);
    let flood = add_access(&mut estate, kind, flood);
    let friction = Friction::of(&estate, None);
    assert!(friction.pence(Taken::Access(flood), 168.0) <= Pence(40 * 2_500 + 200));
}

#[test]
fn nested_groups_count_their_people_and_circles_end() {
    let mut estate = Estate::default();
    let group = |estate: &mut Estate| {
        estate.add_group(Group {
            name: "group".into(),
            aliases: Vec::new(),
            jewel: None,
            provenance: assumed(),
        })
    };
    let (outer, inner) = (group(&mut estate), group(&mut estate));
    let join = |estate: &mut Estate, member, group: GroupId| {
        add_access(estate, AccessKind::Membership { member, group }, None);
    };
    for _ in 0..5 {
        let person = add_account(&mut estate, AccountKind::Person);
        join(&mut estate, Principal::Account(person), inner);
    }
    join(&mut estate, Principal::Group(inner), outer);
    let app = add_system(&mut estate, SystemKind::SaasApp, None, None);
    let kind = AccessKind::Assignment {
        holder: Principal::Group(outer),
        app,
        admin: false,
    };
    let used_by_all = add_access(&mut estate, kind, None);
    assert!((Friction::of(&estate, None).uses_per_day(used_by_all) - 5.0).abs() < 1e-9);
    join(&mut estate, Principal::Group(outer), inner);
    assert!((Friction::of(&estate, None).uses_per_day(used_by_all) - 5.0).abs() < 1e-9);
}

#[test]
fn disabling_and_cutting_off_cost_by_who_stands_behind() {
    let mut estate = Estate::default();
    let pat = add_account(&mut estate, AccountKind::Person);
    let glass = add_account(&mut estate, AccountKind::BreakGlass);
    let till = add_system(&mut estate, SystemKind::Till, None, None);
    let controller = add_system(&mut estate, SystemKind::DomainController, None, None);
    let friction = Friction::of(&estate, None);
    let cost = |taken| friction.pence(taken, 42.0);
    assert_eq!(cost(Taken::Account(pat)), Pence(500 + 25_000));
    assert_eq!(cost(Taken::Account(glass)), Pence(500));
    assert_eq!(cost(Taken::System(till)), Pence(1_000 + 25_000));
    assert!(cost(Taken::System(controller)) > cost(Taken::System(till)));
    assert_eq!(cost(Taken::Credential(pat)), Pence(500 + 1_250));
    assert_eq!(cost(Taken::System(SystemId(99))), Pence(0));
}

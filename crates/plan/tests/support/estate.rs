//! Small random estates with services and enforcement points, few enough acts to try every set of them.

use cordon_estate::{
    Access, AccessId, AccessKind, Account, AccountId, AccountKind, ControlKind, CostCurve, EnforcementPoint,
    Entity, Estate, Fallback, Group, GroupId, Guard, Jewel, Means, Origin, Pence, Place, PointKind, Ports,
    Principal, Provenance, Requirement, Service, ServiceId, System, SystemId, SystemKind, Target, Zone,
    ZoneId, ZoneKind,
};

use crate::support::Chance;

const ASSUMED: Provenance = Provenance::new(Origin::Assumed);
const ACCOUNTS: u32 = 4;
const GROUPS: u32 = 2;
const SYSTEMS: u32 = 5;
const ZONES: u32 = 3;

fn principal(chance: &mut Chance) -> Principal {
    match chance.below(5) {
        0 | 1 => Principal::Account(AccountId(chance.below(ACCOUNTS))),
        2 | 3 => Principal::Group(GroupId(chance.below(GROUPS))),
        _ => Principal::System(SystemId(chance.below(SYSTEMS))),
    }
}

fn system(chance: &mut Chance) -> SystemId {
    SystemId(chance.below(SYSTEMS))
}

fn zone(chance: &mut Chance) -> ZoneId {
    ZoneId(chance.below(ZONES))
}

fn place(chance: &mut Chance) -> Place {
    if chance.below(100) < 75 {
        Place::Zone(zone(chance))
    } else {
        Place::System(system(chance))
    }
}

fn access(chance: &mut Chance) -> AccessKind {
    let holder = principal(chance);
    match chance.below(12) {
        0 | 1 => AccessKind::Membership {
            member: holder,
            group: GroupId(chance.below(GROUPS)),
        },
        2..=4 => {
            let on = if chance.below(100) < 70 {
                Target::System(system(chance))
            } else {
                Target::Group(GroupId(chance.below(GROUPS)))
            };
            AccessKind::Right {
                holder,
                on,
                means: if chance.below(100) < 50 {
                    Means::Admin
                } else {
                    Means::Ssh
                },
            }
        }
        5 | 6 => AccessKind::Session {
            account: AccountId(chance.below(ACCOUNTS)),
            system: system(chance),
        },
        7 => {
            let by = if chance.below(100) < 50 {
                ControlKind::ResetPassword
            } else {
                ControlKind::FullControl
            };
            AccessKind::Control {
                holder,
                over: principal(chance),
                by,
            }
        }
        8 => AccessKind::RemoteAccess {
            holder,
            gateway: system(chance),
            into: zone(chance),
        },
        9 => AccessKind::Assignment {
            holder,
            app: system(chance),
            admin: (chance.below(100) < 50),
        },
        10 => AccessKind::Recovery {
            of: holder,
            from: zone(chance),
        },
        _ => AccessKind::Flow {
            from: place(chance),
            to: place(chance),
            ports: Ports::Any,
        },
    }
}

fn requirement(chance: &mut Chance, depth: u32, accesses: u32, services: u32) -> Requirement {
    let parts = |chance: &mut Chance| -> Vec<Requirement> {
        (0..1 + chance.below(3))
            .map(|_| requirement(chance, depth + 1, accesses, services))
            .collect()
    };
    match chance.below(if depth < 2 { 9 } else { 5 }) {
        0 | 1 => Requirement::System(system(chance)),
        2 => Requirement::Account(AccountId(chance.below(ACCOUNTS))),
        3 => Requirement::Access(AccessId(chance.below(accesses))),
        4 => Requirement::Service(ServiceId(chance.below(services))),
        5 | 6 => Requirement::All(parts(chance)),
        _ => Requirement::Any(parts(chance)),
    }
}

fn service(chance: &mut Chance, index: u32, accesses: u32, services: u32) -> Service {
    let fallbacks = (0..chance.below(3))
        .map(|place| Fallback {
            name: format!("fallback-{place}"),
            capacity: f64::from(chance.below(11)) / 10.0,
            requires: requirement(chance, 1, accesses, services),
        })
        .collect();
    let later = (6.0, Pence(i64::from(chance.below(90_000))));
    Service {
        name: format!("service-{index}"),
        protected: (chance.below(100) < 25),
        requires: requirement(chance, 0, accesses, services),
        fallbacks,
        cost: CostCurve {
            points: vec![(0.0, Pence(i64::from(chance.below(90_000)))), later],
        },
        tolerable_downtime_minutes: None,
        people: chance.below(40),
        provenance: ASSUMED,
    }
}

fn guard(chance: &mut Chance) -> Guard {
    match chance.below(10) {
        0 => Guard::Accounts(Some(GroupId(chance.below(GROUPS)))),
        1 => Guard::Credentials,
        2 => Guard::Memberships(Some(GroupId(chance.below(GROUPS)))),
        3 | 4 => Guard::Systems(Some(place(chance))),
        5 => Guard::Flows(Some((place(chance), place(chance)))),
        6 => Guard::RemoteAccess(None),
        7 => Guard::Rights(Some(system(chance))),
        8 => Guard::Assignments(None),
        _ => Guard::Recoveries,
    }
}

fn point(chance: &mut Chance, index: usize) -> EnforcementPoint {
    EnforcementPoint {
        name: format!("point-{index}"),
        kind: PointKind::Script,
        guards: (0..1 + chance.below(2)).map(|_| guard(chance)).collect(),
        effect_seconds: f64::from(chance.below(4) * chance.below(150)),
        effect_median_seconds: None,
        certainty: 0.9,
        provenance: ASSUMED,
    }
}

const KINDS: [SystemKind; 6] = [
    SystemKind::Server,
    SystemKind::Workstation,
    SystemKind::Server,
    SystemKind::Hypervisor,
    SystemKind::DomainController,
    SystemKind::IdentityProvider,
];

/// An estate; what it holds depends on the seed alone.
pub(crate) fn estate(chance: &mut Chance) -> Estate {
    let mut estate = Estate {
        organisation: "Random".into(),
        ..Estate::default()
    };
    for index in 0..ZONES {
        let kind = if index == 0 && (chance.below(100) < 50) {
            ZoneKind::Internet
        } else {
            ZoneKind::Internal
        };
        let name = format!("zone-{index}");
        let isolated_members = chance.below(100) < 30;
        estate.add_zone(Zone {
            name,
            kind,
            subnets: Vec::new(),
            isolated_members,
            provenance: ASSUMED,
        });
    }
    for index in 0..ACCOUNTS {
        estate.add_account(account(chance, index));
    }
    for index in 0..GROUPS {
        let jewel = (chance.below(100) < 10).then(|| jewel(chance));
        let name = format!("group-{index}");
        estate.add_group(Group {
            name,
            aliases: Vec::new(),
            jewel,
            provenance: ASSUMED,
        });
    }
    for index in 0..SYSTEMS {
        let zone = (chance.below(100) < 90).then(|| zone(chance));
        let kinds = if chance.below(100) < 70 { 3 } else { 6 };
        let kind = KINDS[chance.below(kinds) as usize];
        let jewel = (chance.below(100) < 30).then(|| jewel(chance));
        estate.add_system(named_system(index, kind, zone, jewel));
    }
    let accesses = 5 + chance.below(9);
    for _ in 0..accesses {
        let kind = access(chance);
        estate.add_access(Access {
            kind,
            provenance: ASSUMED,
        });
    }
    let services = 1 + chance.below(3);
    for index in 0..services {
        let service = service(chance, index, accesses, services);
        estate.add_service(service);
    }
    for index in 0..1 + chance.below(5) as usize {
        let point = point(chance, index);
        estate.add_point(point);
    }
    estate
}

fn jewel(chance: &mut Chance) -> Jewel {
    let loss = Some(Pence(i64::from(chance.below(50)) * 100_000));
    Jewel {
        loss,
        never: (chance.below(100) < 60),
        inferred: false,
    }
}

fn account(chance: &mut Chance, index: u32) -> Account {
    let kinds = [
        AccountKind::Person,
        AccountKind::Service,
        AccountKind::Admin,
        AccountKind::BreakGlass,
    ];
    let most = if chance.below(100) < 80 { 3 } else { 4 };
    Account {
        name: format!("account-{index}"),
        aliases: Vec::new(),
        kind: kinds[chance.below(most) as usize],
        site: None,
        enabled: (chance.below(100) < 92),
        jewel: (chance.below(100) < 8).then(|| jewel(chance)),
        provenance: ASSUMED,
    }
}

fn named_system(index: u32, kind: SystemKind, zone: Option<ZoneId>, jewel: Option<Jewel>) -> System {
    System {
        name: format!("system-{index}"),
        aliases: Vec::new(),
        kind,
        zone,
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel,
        provenance: ASSUMED,
    }
}

/// One or two things that the intruder holds.
pub(crate) fn held(chance: &mut Chance) -> Vec<Entity> {
    (0..1 + chance.below(2))
        .map(|_| match chance.below(5) {
            0 | 1 => Entity::Account(AccountId(chance.below(ACCOUNTS))),
            2 | 3 => Entity::System(system(chance)),
            _ => Entity::Zone(zone(chance)),
        })
        .collect()
}

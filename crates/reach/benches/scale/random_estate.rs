//! A random estate of a given size, shaped as the benchmark says.

use cordon_estate::{
    Access, AccessKind, Account, AccountId, AccountKind, Estate, Group, GroupId, Means, Origin, Place, Ports,
    Principal, Protocol, Provenance, System, SystemId, SystemKind, Target, Zone, ZoneId, ZoneKind,
};

const ZONES: u32 = 200;
pub(super) const SEED: u64 = 1;

/// Steele, Lea & Flood 2014 (SplitMix64): enough randomness for a shape.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ (mixed >> 31)) * u128::from(end.max(1))) >> 64) as u32
    }
}

fn assumed() -> Provenance {
    Provenance::new(Origin::Assumed)
}

fn system(kind: SystemKind, zone: u32) -> System {
    System {
        name: String::new(),
        aliases: Vec::new(),
        kind,
        zone: Some(ZoneId(zone)),
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel: None,
        provenance: assumed(),
    }
}

fn account() -> Account {
    Account {
        name: String::new(),
        aliases: Vec::new(),
        kind: AccountKind::Person,
        site: None,
        enabled: true,
        jewel: None,
        provenance: assumed(),
    }
}

fn tables(entities: u32, random: &mut Random) -> Estate {
    let mut estate = Estate::default();
    for _ in 0..ZONES {
        let kind = ZoneKind::Internal;
        let (name, subnets, provenance) = (String::new(), Vec::new(), assumed());
        estate.add_zone(Zone {
            name,
            kind,
            subnets,
            isolated_members: false,
            provenance,
        });
    }
    for place in 0..entities / 2 {
        let kind = if place < 5 {
            SystemKind::DomainController
        } else {
            SystemKind::Server
        };
        estate.add_system(system(kind, random.below(ZONES)));
        estate.add_account(account());
    }
    for _ in 0..entities / 20 {
        estate.add_group(Group {
            name: String::new(),
            aliases: Vec::new(),
            jewel: None,
            provenance: assumed(),
        });
    }
    estate
}

/// The estate of this many systems and accounts together, half of each.
pub(super) fn estate(entities: u32) -> Estate {
    let mut random = Random(SEED);
    let mut estate = tables(entities, &mut random);
    let (half, groups) = (entities / 2, entities / 20);
    let mut kinds = Vec::new();
    for index in 0..half {
        let (account, system) = (AccountId(index), SystemId(index));
        for _ in 0..3 {
            let group = GroupId(random.below(groups));
            kinds.push(AccessKind::Membership {
                member: Principal::Account(account),
                group,
            });
            kinds.push(AccessKind::Session {
                account: AccountId(random.below(half)),
                system,
            });
            let holder = Principal::Account(AccountId(random.below(half)));
            kinds.push(AccessKind::Right {
                holder,
                on: Target::System(system),
                means: means(&mut random),
            });
        }
        let group = GroupId(random.below(groups));
        kinds.push(AccessKind::Membership {
            member: Principal::System(system),
            group,
        });
        let holder = Principal::Group(GroupId(random.below(groups)));
        kinds.push(AccessKind::Right {
            holder,
            on: Target::System(system),
            means: means(&mut random),
        });
        if index % 10 == 0 {
            let on = Target::Group(GroupId(random.below(groups)));
            let holder = Principal::Account(account);
            kinds.push(AccessKind::Right {
                holder,
                on,
                means: Means::Admin,
            });
            let member = Principal::Group(GroupId(random.below(groups)));
            kinds.push(AccessKind::Membership { member, group });
        }
    }
    for from in 0..ZONES {
        for port in [443, 445, 22, 5985] {
            let to = Place::Zone(ZoneId(random.below(ZONES)));
            let ports = Ports::One(Protocol::Tcp, port);
            kinds.push(AccessKind::Flow {
                from: Place::Zone(ZoneId(from)),
                to,
                ports,
            });
        }
    }
    for kind in kinds {
        estate.add_access(Access {
            kind,
            provenance: assumed(),
        });
    }
    estate
}

fn means(random: &mut Random) -> Means {
    let some = [
        Means::RemoteDesktop,
        Means::RemoteManagement,
        Means::FileShare,
        Means::Ssh,
        Means::Admin,
    ];
    some.get(random.below(5) as usize)
        .copied()
        .unwrap_or(Means::Admin)
}

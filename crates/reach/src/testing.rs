//! Random estates for property tests (feature `testing`).
//!
//! Small, so that circles, shared groups and clashes are common: at most [`ACCOUNTS`] accounts, [`GROUPS`]
//! groups (nested in circles too), [`SYSTEMS`] systems of every kind, [`ZONES`] zones, and accesses of every
//! kind. Services and enforcement points are left to those who need them.

use cordon_estate::{
    Access, AccessKind, Account, AccountId, AccountKind, ControlKind, Entity, Estate, Group, GroupId, Jewel,
    Means, Origin, Place, Ports, Principal, Protocol, Provenance, System, SystemId, SystemKind, Target, Zone,
    ZoneId, ZoneKind,
};
use proptest::prelude::*;

use crate::rule::CONTROLS;
use crate::{Base, Options, Pace, Unplaced};

/// Accounts of a random estate.
pub const ACCOUNTS: u32 = 5;
/// Groups of a random estate.
pub const GROUPS: u32 = 4;
/// Systems of a random estate.
pub const SYSTEMS: u32 = 6;
/// Zones of a random estate; zone 0 is the internet in half of them.
pub const ZONES: u32 = 3;

fn assumed() -> Provenance {
    Provenance::new(Origin::Assumed)
}

fn account_id() -> impl Strategy<Value = AccountId> {
    (0..ACCOUNTS).prop_map(AccountId)
}

fn group_id() -> impl Strategy<Value = GroupId> {
    (0..GROUPS).prop_map(GroupId)
}

fn system_id() -> impl Strategy<Value = SystemId> {
    (0..SYSTEMS).prop_map(SystemId)
}

fn zone_id() -> impl Strategy<Value = ZoneId> {
    (0..ZONES).prop_map(ZoneId)
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        account_id().prop_map(Principal::Account),
        group_id().prop_map(Principal::Group),
        system_id().prop_map(Principal::System),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        system_id().prop_map(Target::System),
        group_id().prop_map(Target::Group)
    ]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![2 => zone_id().prop_map(Place::Zone), 1 => system_id().prop_map(Place::System)]
}

fn ports() -> impl Strategy<Value = Ports> {
    let tcp = prop::sample::select(vec![445, 22, 443, 5432, 3389, 5985, 135, 9_999]);
    prop_oneof![
        2 => Just(Ports::Any),
        4 => tcp.prop_map(|port| Ports::One(Protocol::Tcp, port)),
        1 => Just(Ports::One(Protocol::Udp, 445)),
    ]
}

fn control() -> impl Strategy<Value = ControlKind> {
    prop::sample::select(CONTROLS.to_vec())
}

/// One access of any kind.
pub fn arbitrary_access() -> impl Strategy<Value = AccessKind> {
    let means = prop::sample::select(Means::ALL.to_vec());
    prop_oneof![
        4 => (principal(), group_id()).prop_map(|(member, group)| AccessKind::Membership { member, group }),
        4 => (principal(), target(), means)
            .prop_map(|(holder, on, means)| AccessKind::Right { holder, on, means }),
        3 => (account_id(), system_id()).prop_map(|(account, system)| AccessKind::Session { account, system }),
        1 => (system_id(), prop_oneof![system_id().prop_map(Principal::System), group_id().prop_map(Principal::Group)])
            .prop_map(|(host, over)| {
                let (holder, by) = (Principal::System(host), ControlKind::Hosts);
                AccessKind::Control { holder, over, by }
            }),
        3 => (principal(), principal(), control())
            .prop_map(|(holder, over, by)| AccessKind::Control { holder, over, by }),
        1 => (principal(), system_id(), zone_id())
            .prop_map(|(holder, gateway, into)| AccessKind::RemoteAccess { holder, gateway, into }),
        1 => (principal(), system_id(), any::<bool>())
            .prop_map(|(holder, app, admin)| AccessKind::Assignment { holder, app, admin }),
        3 => (place(), place(), ports()).prop_map(|(from, to, ports)| AccessKind::Flow { from, to, ports }),
        1 => (principal(), zone_id()).prop_map(|(of, from)| AccessKind::Recovery { of, from }),
    ]
}

fn system_kind() -> impl Strategy<Value = SystemKind> {
    prop_oneof![
        4 => Just(SystemKind::Server),
        4 => Just(SystemKind::Workstation),
        2 => Just(SystemKind::Hypervisor),
        2 => Just(SystemKind::HypervisorManager),
        1 => Just(SystemKind::DomainController),
        1 => Just(SystemKind::IdentityProvider),
        1 => Just(SystemKind::SaasApp),
        1 => Just(SystemKind::Gateway),
    ]
}

fn system(index: usize, kind: SystemKind, zone: Option<ZoneId>, jewel: bool) -> System {
    System {
        name: format!("system-{index}"),
        aliases: Vec::new(),
        kind,
        zone,
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel: jewel.then_some(Jewel {
            loss: None,
            never: true,
            inferred: false,
        }),
        provenance: assumed(),
    }
}

fn account(index: usize, enabled: bool) -> Account {
    Account {
        name: format!("account-{index}"),
        aliases: Vec::new(),
        kind: AccountKind::Person,
        site: None,
        enabled,
        jewel: None,
        provenance: assumed(),
    }
}

fn zone(index: usize, kind: ZoneKind, isolated_members: bool) -> Zone {
    Zone {
        name: format!("zone-{index}"),
        kind,
        subnets: Vec::new(),
        isolated_members,
        provenance: assumed(),
    }
}

/// A random estate with at most `accesses_max` accesses.
pub fn arbitrary_estate(accesses_max: usize) -> impl Strategy<Value = Estate> {
    let placed = prop::option::weighted(0.8, zone_id());
    let systems = prop::collection::vec(
        (system_kind(), placed, prop::bool::weighted(0.15)),
        SYSTEMS as usize,
    );
    let zones = prop::collection::vec(prop::bool::weighted(0.3), ZONES as usize);
    let accounts = prop::collection::vec(prop::bool::weighted(0.9), ACCOUNTS as usize);
    let accesses = prop::collection::vec(arbitrary_access(), 0..=accesses_max);
    (
        systems,
        zones,
        accounts,
        accesses,
        any::<bool>(),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(systems, zones, accounts, accesses, internet, no_zones)| {
            let mut estate = Estate {
                organisation: "random".into(),
                ..Estate::default()
            };
            for (index, enabled) in accounts.into_iter().enumerate() {
                estate.add_account(account(index, enabled));
            }
            for index in 0..GROUPS {
                let name = format!("group-{index}");
                estate.add_group(Group {
                    name,
                    aliases: Vec::new(),
                    jewel: None,
                    provenance: assumed(),
                });
            }
            for (index, (kind, zone, jewel)) in systems.into_iter().enumerate() {
                estate.add_system(system(index, kind, zone.filter(|_| !no_zones), jewel));
            }
            for (index, isolated) in zones.into_iter().enumerate() {
                let kind = if internet && index == 0 {
                    ZoneKind::Internet
                } else {
                    ZoneKind::Internal
                };
                estate.add_zone(zone(index, kind, isolated));
            }
            for kind in accesses {
                estate.add_access(Access {
                    kind,
                    provenance: assumed(),
                });
            }
            estate
        })
}

/// One to three footholds of a random estate.
pub fn arbitrary_footholds() -> impl Strategy<Value = Vec<Entity>> {
    let one = prop_oneof![
        5 => account_id().prop_map(Entity::Account),
        5 => system_id().prop_map(Entity::System),
        1 => zone_id().prop_map(Entity::Zone),
        1 => group_id().prop_map(Entity::Group),
    ];
    prop::collection::vec(one, 1..=3)
}

/// Base facts of a random estate, to be withdrawn; some may be about accesses that it does not have.
pub fn arbitrary_withdrawn(accesses_max: usize) -> impl Strategy<Value = Vec<Base>> {
    let one = prop_oneof![
        10 => (0..accesses_max.max(1) as u32).prop_map(|id| Base::Access(cordon_estate::AccessId(id))),
        2 => account_id().prop_map(Base::Enabled),
        4 => system_id().prop_map(Base::Connected),
        1 => account_id().prop_map(Base::Credential),
        1 => system_id().prop_map(Base::Presence),
        1 => Just(Base::Internet),
    ];
    prop::collection::vec(one, 0..6)
}

/// Options of every kind.
pub fn arbitrary_options() -> impl Strategy<Value = Options> {
    let unplaced = prop_oneof![Just(Unplaced::Anywhere), Just(Unplaced::Apart)];
    let pace = prop_oneof![Just(1.0), Just(0.1), Just(0.0)];
    (unplaced, pace).prop_map(|(unplaced, factor)| Options {
        unplaced,
        pace: Pace::scaled(factor),
    })
}

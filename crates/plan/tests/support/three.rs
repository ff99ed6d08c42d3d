//! An estate in which a linear bound is not enough.

use cordon_estate::{
    Access, AccessKind, AccountId, AccountKind, CostCurve, EnforcementPoint, Entity, Estate, GroupId, Guard,
    Jewel, Means, Origin, Pence, Place, PointKind, Ports, Principal, Provenance, Requirement, Service,
    SystemId, SystemKind, Target, ZoneId, ZoneKind,
};

const ASSUMED: Provenance = Provenance::new(Origin::Assumed);

/// What the intruder holds in it.
pub(crate) fn held() -> [Entity; 3] {
    [
        Entity::Account(AccountId(0)),
        Entity::Account(AccountId(1)),
        Entity::Zone(ZoneId(0)),
    ]
}

/// Three jewels, each out of reach by either of two of three acts that cost the same: one act is not enough, and a
/// charge of half an act to each jewel proves one and a half only, so that a proof has to go through cases. It is
/// made of the things of another estate.
pub(crate) fn estate(mut estate: Estate) -> Estate {
    estate.accesses.clear();
    estate.services.clear();
    estate.points.clear();
    for account in &mut estate.accounts {
        account.enabled = true;
        account.kind = AccountKind::Person;
        account.jewel = None;
    }
    for group in &mut estate.groups {
        group.jewel = None;
    }
    for zone in &mut estate.zones {
        zone.isolated_members = false;
        zone.kind = ZoneKind::Internal;
    }
    // Of the systems, 0 and 1 lead on, 2 stands beside 0, 3 and 4 beside 1.
    for (place, (system, zone)) in estate.systems.iter_mut().zip([1, 2, 1, 2, 2]).enumerate() {
        system.kind = SystemKind::Server;
        system.zone = Some(ZoneId(zone));
        system.jewel = (place > 1).then_some(Jewel {
            loss: Some(Pence(0)),
            never: true,
            inferred: false,
        });
    }
    for kind in accesses() {
        estate.add_access(Access {
            kind,
            provenance: ASSUMED,
        });
    }
    let requires = [
        Requirement::Account(AccountId(1)),
        Requirement::System(SystemId(0)),
        Requirement::System(SystemId(1)),
    ];
    for (index, requires) in requires.into_iter().enumerate() {
        estate.add_service(service(index, requires));
    }
    estate.add_point(EnforcementPoint {
        name: "point".into(),
        kind: PointKind::Script,
        guards: vec![
            Guard::Accounts(Some(GroupId(0))),
            Guard::Systems(Some(Place::System(SystemId(0)))),
            Guard::Systems(Some(Place::System(SystemId(1)))),
        ],
        effect_seconds: 1.0,
        effect_median_seconds: None,
        certainty: 0.9,
        provenance: ASSUMED,
    });
    estate
}

fn accesses() -> impl Iterator<Item = AccessKind> {
    let right = |account, system| AccessKind::Right {
        holder: Principal::Account(AccountId(account)),
        on: Target::System(SystemId(system)),
        means: Means::Ssh,
    };
    let flow = |system| AccessKind::Flow {
        from: Place::Zone(ZoneId(0)),
        to: Place::System(SystemId(system)),
        ports: Ports::Any,
    };
    let session = AccessKind::Session {
        account: AccountId(2),
        system: SystemId(0),
    };
    let member = AccessKind::Membership {
        member: Principal::Account(AccountId(1)),
        group: GroupId(0),
    };
    let rights = [right(0, 0), right(0, 1), right(1, 2), right(1, 3), right(2, 4)];
    rights.into_iter().chain([flow(0), flow(1), session, member])
}

fn service(index: usize, requires: Requirement) -> Service {
    Service {
        name: format!("service-{index}"),
        protected: false,
        requires,
        fallbacks: Vec::new(),
        cost: CostCurve {
            points: vec![(0.0, Pence(1_000_000))],
        },
        tolerable_downtime_minutes: None,
        people: 1,
        provenance: ASSUMED,
    }
}

//! When not everything can be had, the answer says what clashes and what is cheapest to give up.

use cordon_estate::{
    Access, AccessId, AccessKind, Account, AccountId, AccountKind, CostCurve, EnforcementPoint, Entity,
    Estate, Guard, Jewel, Means, Origin, Pence, Place, PointKind, Ports, Principal, Provenance, Requirement,
    Service, System, SystemId, SystemKind, Target, Zone, ZoneId, ZoneKind,
};
use cordon_plan::document::{GiveUp, JewelState, Outcome, PlanDocument, Status};
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};

const DECLARED: Provenance = Provenance::new(Origin::Assumed);

fn system(name: &str, zone: u32, kind: SystemKind) -> System {
    System {
        name: name.into(),
        aliases: Vec::new(),
        kind,
        zone: Some(ZoneId(zone)),
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel: (name == "vault").then_some(Jewel {
            loss: Some(Pence(9_000_000_000)),
            never: true,
            inferred: false,
        }),
        provenance: DECLARED,
    }
}

fn service(name: &str, requires: Requirement) -> Service {
    Service {
        name: name.into(),
        protected: true,
        requires,
        fallbacks: Vec::new(),
        cost: CostCurve {
            points: vec![(0.0, Pence(100_000))],
        },
        tolerable_downtime_minutes: None,
        people: 5,
        provenance: DECLARED,
    }
}

/// A clerk's desk reaches the vault by one flow; card payments need that flow, and only a firewall guards anything.
fn estate(guards: Vec<Guard>) -> Estate {
    let mut estate = Estate {
        organisation: "Corner shop".into(),
        ..Estate::default()
    };
    for name in ["desks", "vaults"] {
        estate.add_zone(Zone {
            name: name.into(),
            kind: ZoneKind::Internal,
            subnets: Vec::new(),
            isolated_members: true,
            provenance: DECLARED,
        });
    }
    estate.add_system(system("desk", 0, SystemKind::Workstation));
    estate.add_system(system("vault", 1, SystemKind::Server));
    let clerk = estate.add_account(Account {
        name: "clerk".into(),
        aliases: Vec::new(),
        kind: AccountKind::Person,
        site: None,
        enabled: true,
        jewel: None,
        provenance: DECLARED,
    });
    let (from, to) = (Place::Zone(ZoneId(0)), Place::Zone(ZoneId(1)));
    let flow = estate.add_access(Access {
        kind: AccessKind::Flow {
            from,
            to,
            ports: Ports::Any,
        },
        provenance: DECLARED,
    });
    estate.add_access(Access {
        kind: AccessKind::Right {
            holder: Principal::Account(clerk),
            on: Target::System(SystemId(1)),
            means: Means::Ssh,
        },
        provenance: DECLARED,
    });
    estate.add_service(service("card-payments", Requirement::Access(flow)));
    estate.add_service(service("till-roll", Requirement::All(Vec::new())));
    estate.add_point(EnforcementPoint {
        name: "firewall".into(),
        kind: PointKind::Nftables,
        guards,
        effect_seconds: 1.0,
        effect_median_seconds: None,
        certainty: 0.99,
        provenance: DECLARED,
    });
    estate
}

fn planned(estate: &Estate, constraints: &Constraints) -> PlanDocument {
    let footholds = [Entity::Account(AccountId(0)), Entity::System(SystemId(0))].map(|entity| Foothold {
        entity,
        probability: 0.9,
    });
    plan(
        estate,
        &footholds,
        &Settings::default(),
        constraints,
        &mut |_| {},
        &mut || 0.0,
    )
}

#[test]
fn a_protected_service_on_the_only_way_to_a_jewel_is_a_clash() {
    let estate = estate(vec![Guard::Flows(None)]);
    let document = planned(&estate, &Constraints::default());
    assert_eq!(
        (document.outcome, document.optimality.status),
        (Outcome::Infeasible, Status::Infeasible)
    );
    let clash = document.infeasibility.clone().unwrap();
    assert_eq!(clash.jewels, ["system:vault"]);
    assert_eq!(
        clash.services,
        ["card-payments"],
        "a service that has nothing to do with it is named"
    );
    assert!(
        clash
            .path
            .is_some_and(|path| path.to == "system:vault" && !path.steps.is_empty())
    );
    assert!(
        matches!(clash.give_up.as_slice(), [GiveUp::Service { name, .. }] if name == "card-payments"),
        "{:?}",
        clash.give_up
    );
    assert!(
        clash.text.contains("vault") && clash.text.contains("card-payments"),
        "{}",
        clash.text
    );
    assert_eq!(
        clash.text,
        "vault cannot be kept from the intruder while keeping card-payments running; \
         the cheapest way out is to let card-payments go down"
    );
    assert_eq!(
        document.withdrawals.len(),
        1,
        "the plan that gives card payments up closes the flow"
    );
    assert!(
        verify(&document, &estate).is_accepted(),
        "{:?}",
        verify(&document, &estate).problems
    );
}

#[test]
fn a_way_that_nothing_guards_is_said_to_be_open() {
    let estate = estate(vec![Guard::Recoveries]);
    let document = planned(&estate, &Constraints::default());
    let clash = document.infeasibility.clone().unwrap();
    assert_eq!(
        (clash.jewels.as_slice(), clash.services.is_empty()),
        (&["system:vault".to_owned()][..], true)
    );
    assert!(clash.text.starts_with("No enforcement point"), "{}", clash.text);
    assert!(
        document
            .jewels
            .iter()
            .any(|jewel| jewel.state == JewelState::Reachable)
    );
    assert!(verify(&document, &estate).is_accepted());
}

#[test]
fn another_point_resolves_the_clash_and_refusing_it_brings_the_clash_back() {
    let estate = estate(vec![Guard::Flows(None), Guard::Rights(None)]);
    let document = planned(&estate, &Constraints::default());
    assert_eq!(document.outcome, Outcome::Planned);
    let right = document.withdrawals.first().unwrap();
    assert_eq!(right.id.0, "take-right/account:clerk>system:vault:ssh");
    assert!(right.indispensable && right.refusal_price_pence.is_none());
    let refused = planned(
        &estate,
        &Constraints {
            refuse: vec![right.id.clone()],
            ..Constraints::default()
        },
    );
    let clash = refused.infeasibility.clone().unwrap();
    assert_eq!(clash.refused, std::slice::from_ref(&right.id));
    assert_eq!(clash.services, ["card-payments"]);
    assert_eq!(
        clash.text,
        "vault cannot be kept from the intruder while keeping card-payments running and refusing \
         take-right/account:clerk>system:vault:ssh; the cheapest way out is to let card-payments go down; \
         to accept take-right/account:clerk>system:vault:ssh would do too"
    );
    assert!(verify(&refused, &estate).is_accepted());
}

#[test]
fn a_jewel_that_was_given_up_is_no_clash() {
    let estate = estate(vec![Guard::Flows(None)]);
    let give_up = vec![Entity::System(SystemId(1))];
    let document = planned(
        &estate,
        &Constraints {
            give_up,
            ..Constraints::default()
        },
    );
    assert_ne!(document.outcome, Outcome::Infeasible);
    assert_eq!(document.cost.residual_pence, 9_000_000_000);
    assert!(verify(&document, &estate).is_accepted());
}

#[test]
fn nothing_held_is_nothing_to_do() {
    let estate = estate(vec![Guard::Flows(None)]);
    let document = plan(
        &estate,
        &[],
        &Settings::default(),
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    assert_eq!(
        (document.outcome, document.optimality.status),
        (Outcome::NothingToDo, Status::Optimal)
    );
    assert_eq!(document.cost.total_pence, 0);
    assert!(verify(&document, &estate).is_accepted());
    assert!(estate.access(AccessId(0)).is_some());
}

#[test]
fn a_faster_intruder_is_not_stopped_by_what_stops_a_slower_one() {
    let mut estate = estate(vec![Guard::Rights(None)]);
    for point in &mut estate.points {
        point.effect_seconds = 60.0;
    }
    let mut outcomes = Vec::new();
    for (name, seconds) in cordon_reach::BREAKOUTS {
        let settings = Settings {
            pace: cordon_reach::Pace::breakout(seconds),
            ..Settings::default()
        };
        let document = plan_with(&estate, &settings);
        let verdict = cordon_plan::verify(&document, &estate);
        assert!(verdict.is_accepted(), "{name}: {:#?}", verdict.problems);
        outcomes.push((name, document.outcome));
        let mut slower = document;
        slower.assumptions.pace *= 2.0;
        let verdict = cordon_plan::verify(&slower.sealed(), &estate);
        assert!(!verdict.is_accepted(), "{name} is believed at half the pace");
    }
    let planned = |name| outcomes.contains(&(name, Outcome::Planned));
    assert!(planned("mean-2024") && planned("mean-2025"), "{outcomes:?}");
    assert!(
        !planned("fastest-2024") && !planned("fastest-2025"),
        "{outcomes:?}"
    );
}

fn plan_with(estate: &Estate, settings: &Settings) -> PlanDocument {
    let held = [Entity::Account(AccountId(0)), Entity::System(SystemId(0))];
    let footholds = held.map(|entity| Foothold {
        entity,
        probability: 0.9,
    });
    let constraints = Constraints::default();
    plan(
        estate,
        &footholds,
        settings,
        &constraints,
        &mut |_| {},
        &mut || 0.0,
    )
}

#[test]
fn a_withdrawal_that_comes_too_late_does_not_count() {
    let mut estate = estate(vec![Guard::Rights(None)]);
    estate
        .points
        .iter_mut()
        .for_each(|point| point.effect_seconds = 3_600.0);
    assert_eq!(
        planned(&estate, &Constraints::default()).outcome,
        Outcome::Infeasible
    );
    let settings = Settings {
        race: false,
        ..Settings::default()
    };
    let footholds = [
        Foothold {
            entity: Entity::Account(AccountId(0)),
            probability: 0.9,
        },
        Foothold {
            entity: Entity::System(SystemId(0)),
            probability: 0.9,
        },
    ];
    let patient = plan(
        &estate,
        &footholds,
        &settings,
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    assert_eq!(patient.outcome, Outcome::Planned);
    assert!(
        patient.margin_minutes.unwrap() < 0.0,
        "the margin says that the intruder may be first"
    );
}

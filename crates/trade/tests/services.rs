//! Service states: compiled against naive on random trees, with circles, and what a planner relies on.

#![expect(clippy::indexing_slicing, reason = "a test may fail loudly")]

use cordon_estate::{
    AccessId, Account, AccountId, AccountKind, CostCurve, Estate, Fallback, Origin, Provenance, Requirement,
    Service, ServiceId, SystemId,
};
use cordon_trade::{Literal, Lost, Node, NodeId, ServiceState, Services, naive};
use proptest::prelude::*;

const THINGS: u32 = 5;
const SERVICES: u32 = 5;

fn assumed() -> Provenance {
    Provenance::new(Origin::Assumed)
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let leaf = prop_oneof![
        (0..THINGS).prop_map(|id| Requirement::System(SystemId(id))),
        (0..THINGS).prop_map(|id| Requirement::Account(AccountId(id))),
        (0..THINGS).prop_map(|id| Requirement::Access(AccessId(id))),
        (0..SERVICES).prop_map(|id| Requirement::Service(ServiceId(id))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Requirement::All),
            prop::collection::vec(inner, 0..4).prop_map(Requirement::Any),
        ]
    })
}

fn service(requires: Requirement, fallbacks: Vec<(f64, Requirement)>) -> Service {
    let fallback = |(capacity, requires)| Fallback {
        name: "by hand".into(),
        capacity,
        requires,
    };
    Service {
        name: "service".into(),
        protected: false,
        requires,
        fallbacks: fallbacks.into_iter().map(fallback).collect(),
        cost: CostCurve::default(),
        tolerable_downtime_minutes: None,
        people: 0,
        provenance: assumed(),
    }
}

fn estate() -> impl Strategy<Value = Estate> {
    let capacity = prop_oneof![Just(0.0), Just(0.3), Just(0.6), Just(1.0)];
    let one = (
        requirement(),
        prop::collection::vec((capacity, requirement()), 0..3),
    );
    let services = prop::collection::vec(one, SERVICES as usize);
    (services, prop::collection::vec(any::<bool>(), THINGS as usize)).prop_map(|(services, enabled)| {
        let mut estate = Estate::default();
        for enabled in enabled {
            estate.add_account(Account {
                name: "account".into(),
                aliases: Vec::new(),
                kind: AccountKind::Person,
                site: None,
                enabled,
                jewel: None,
                provenance: assumed(),
            });
        }
        for (requires, fallbacks) in services {
            estate.add_service(service(requires, fallbacks));
        }
        estate
    })
}

fn lost() -> impl Strategy<Value = Lost> {
    let some = || prop::collection::vec(0..THINGS as usize, 0..4);
    (some(), some(), some()).prop_map(|(accesses, accounts, systems)| Lost {
        accesses: accesses.into_iter().collect(),
        accounts: accounts.into_iter().collect(),
        systems: systems.into_iter().collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn compiled_states_are_the_naive_ones(estate in estate(), lost in lost()) {
        prop_assert_eq!(Services::compile(&estate).states(&lost), naive::states(&estate, &lost));
    }

    #[test]
    fn losing_more_never_helps(estate in estate(), lost in lost(), more in 0..THINGS) {
        let services = Services::compile(&estate);
        let before = services.states(&lost);
        let mut worse = lost;
        worse.lose_system(SystemId(more));
        worse.lose_account(AccountId(more));
        for (before, after) in before.iter().zip(services.states(&worse)) {
            prop_assert!(after.missing() >= before.missing());
        }
    }

    #[test]
    fn the_nodes_say_what_the_states_say(estate in estate(), lost in lost()) {
        let services = Services::compile(&estate);
        let states = services.states(&lost);
        for (service, state) in services.services().iter().zip(&states) {
            prop_assert_eq!(service.state(|node| by_node(&services, &lost, &states, node)), *state);
        }
    }
}

fn by_node(services: &Services, lost: &Lost, states: &[ServiceState], node: NodeId) -> bool {
    let part = |child: &NodeId| by_node(services, lost, states, *child);
    match &services.nodes()[node.index()] {
        Node::All(children) => children.iter().all(part),
        Node::Any(children) => children.iter().any(part),
        Node::Literal(Literal::System(id)) => !lost.systems.contains(id.index()),
        Node::Literal(Literal::Access(id)) => !lost.accesses.contains(id.index()),
        Node::Literal(Literal::Account(id)) => {
            !lost.accounts.contains(id.index()) && !services.was_disabled(*id)
        }
        Node::Literal(Literal::Service(id)) => states[id.index()].runs(),
    }
}

#[test]
fn a_fallback_carries_a_service_and_the_largest_wins() {
    let mut estate = Estate::default();
    let by_hand = vec![
        (0.2, Requirement::All(vec![])),
        (0.3, Requirement::System(SystemId(1))),
    ];
    estate.add_service(service(Requirement::System(SystemId(0)), by_hand));
    estate.add_service(service(Requirement::Service(ServiceId(0)), vec![]));
    let services = Services::compile(&estate);
    let mut lost = Lost::nothing();
    assert_eq!(services.states(&lost), [ServiceState::Up, ServiceState::Up]);
    lost.lose_system(SystemId(0));
    assert_eq!(
        services.states(&lost),
        [ServiceState::Degraded(0.3), ServiceState::Up]
    );
    lost.lose_system(SystemId(1));
    assert_eq!(
        services.states(&lost),
        [ServiceState::Degraded(0.2), ServiceState::Up]
    );
}

#[test]
fn a_circle_stays_up_until_something_outside_it_is_lost() {
    let mut estate = Estate::default();
    let needs = |service: u32, system| {
        Requirement::All(vec![
            Requirement::Service(ServiceId(service)),
            Requirement::System(SystemId(system)),
        ])
    };
    estate.add_service(service(needs(1, 0), vec![]));
    estate.add_service(service(needs(0, 1), vec![]));
    let services = Services::compile(&estate);
    let mut lost = Lost::nothing();
    assert_eq!(services.states(&lost), [ServiceState::Up; 2]);
    lost.lose_system(SystemId(1));
    assert_eq!(services.states(&lost), [ServiceState::Down; 2]);
}

#[test]
fn a_very_deep_requirement_does_not_overflow() {
    let mut deep = Requirement::System(SystemId(0));
    for _ in 0..2_000 {
        deep = Requirement::Any(vec![deep]);
    }
    let mut estate = Estate::default();
    estate.add_service(service(deep, vec![]));
    let services = Services::compile(&estate);
    assert_eq!(services.states(&Lost::nothing()), [ServiceState::Up]);
    let mut lost = Lost::nothing();
    lost.lose_system(SystemId(0));
    assert_eq!(services.states(&lost), [ServiceState::Down]);
}

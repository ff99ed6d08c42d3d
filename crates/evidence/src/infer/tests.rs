//! Tests of inference.

use cordon_estate::{Account, Origin, Provenance};
use proptest::prelude::*;

use super::naive::{Happening, probability};
use super::*;
use crate::record::FileId;
use crate::sigma::{Level, Status};

const POPULATION: (u32, u32) = (40, 30);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn place(position: i64) -> RecordPlace {
    RecordPlace {
        file: FileId(0),
        position: position as u64,
    }
}

fn person(id: u32) -> Entity {
    Entity::Account(AccountId(id))
}

fn host(id: u32) -> Entity {
    Entity::System(SystemId(id))
}

/// Accounts 0 to 2 are people's, account 3 is a service's.
fn estate() -> Estate {
    let mut estate = Estate::default();
    for kind in [
        AccountKind::Person,
        AccountKind::Person,
        AccountKind::Admin,
        AccountKind::Service,
    ] {
        estate.add_account(Account {
            name: format!("a{}", estate.accounts.len()),
            aliases: Vec::new(),
            kind,
            site: None,
            enabled: true,
            jewel: None,
            provenance: Provenance::new(Origin::Learned),
        });
    }
    estate
}

fn inference() -> Inference {
    let mut inference = Inference::new();
    inference.set_population(POPULATION.0 as usize, POPULATION.1 as usize);
    inference
}

fn fire(inference: &mut Inference, second: i64, rule: u32, weight: f64, named: &[(Entity, Role)]) {
    let named: Vec<Named> = named
        .iter()
        .map(|(entity, role)| Named {
            entity: *entity,
            role: *role,
        })
        .collect();
    inference.signal(&Signal {
        rule: RuleKey(rule),
        weight,
        time: at(second),
        place: place(second),
        named: &named,
    });
}

fn logon(account: Option<u32>, from: Option<u32>, on: u32, means: Option<Means>, second: i64) -> Use {
    Use {
        account: account.map(AccountId),
        from: from.map(SystemId),
        on: SystemId(on),
        means,
        time: at(second),
        place: place(second),
    }
}

fn critical() -> f64 {
    weights::rule_weight(Level::Critical, Status::Test, &[])
}

fn medium() -> f64 {
    weights::rule_weight(Level::Medium, Status::Test, &[])
}

#[test]
fn one_signal_never_decides() {
    let strongest = weights::rule_weight(Level::Critical, Status::Stable, &["impact".to_owned()]);
    let mut inference = inference();
    fire(&mut inference, 0, 1, strongest, &[(host(0), Role::Host)]);
    assert!(
        inference.probability(host(0)) < 0.5,
        "{}",
        inference.probability(host(0))
    );
}

#[test]
fn two_independent_signals_can() {
    let mut inference = inference();
    fire(&mut inference, 0, 1, critical(), &[(host(0), Role::Host)]);
    fire(&mut inference, 1, 2, medium(), &[(host(0), Role::Host)]);
    let suspicion = inference.suspicion(host(0)).unwrap();
    assert!(suspicion.probability > 0.5);
    assert_eq!(suspicion.independent_signals, 2);
    assert_eq!(
        suspicion.contributions[0].reason,
        Reason::Rule(RuleKey(1), Role::Host, 1)
    );
}

#[test]
fn rules_that_match_one_record_are_one_signal() {
    let mut inference = inference();
    for rule in 0..5 {
        fire(&mut inference, 0, rule, critical(), &[(host(0), Role::Host)]);
    }
    assert_eq!(inference.suspicion(host(0)).unwrap().independent_signals, 1);
    fire(&mut inference, 1, 5, critical(), &[(host(0), Role::Host)]);
    assert_eq!(inference.suspicion(host(0)).unwrap().independent_signals, 2);
}

#[test]
fn one_signal_does_not_grow_by_going_round() {
    let (estate, mut inference) = (estate(), inference());
    let both = [(host(0), Role::Host), (person(0), Role::Actor)];
    for second in 0..50 {
        fire(&mut inference, second, 1, critical(), &both);
        inference.used(&estate, &logon(Some(0), None, 0, None, second));
    }
    for entity in [host(0), person(0)] {
        assert!(inference.probability(entity) < 0.5);
        assert_eq!(inference.suspicion(entity).unwrap().independent_signals, 1);
    }
}

#[test]
fn a_rule_that_fires_everywhere_takes_its_weight_back() {
    let mut inference = inference();
    fire(&mut inference, 0, 1, critical(), &[(host(0), Role::Host)]);
    let alone = inference.probability(host(0));
    for other in 1..POPULATION.1 {
        fire(
            &mut inference,
            i64::from(other),
            1,
            critical(),
            &[(host(other), Role::Host)],
        );
    }
    assert!(inference.probability(host(0)) < alone / 10.0);
}

#[test]
fn context_alone_never_makes_anything_held() {
    let mut inference = inference();
    for rule in 0..40 {
        fire(
            &mut inference,
            i64::from(rule),
            rule,
            medium(),
            &[(host(0), Role::Host)],
        );
    }
    assert!(inference.probability(host(0)) < 0.5);
    fire(
        &mut inference,
        50,
        50,
        weights::level_weight(Level::High),
        &[(host(0), Role::Host)],
    );
    assert!(inference.probability(host(0)) > 0.5, "with one alarm it does");
}

#[test]
fn a_noisy_rule_cannot_add_up() {
    let mut inference = inference();
    for second in 0..10_000 {
        fire(&mut inference, second, 1, medium(), &[(host(0), Role::Host)]);
    }
    assert!(inference.probability(host(0)) < 0.5);
}

#[test]
fn those_who_were_tried_are_victims() {
    let mut inference = inference();
    for rule in 0..4 {
        fire(
            &mut inference,
            0,
            rule,
            weights::level_weight(Level::High),
            &[(person(0), Role::Actor), (person(1), Role::Target)],
        );
    }
    assert!(inference.probability(person(0)) > 0.9);
    assert!(inference.probability(person(1)) < 0.1);
}

#[test]
fn suspicion_is_carried_forward_along_use_and_never_backward() {
    let estate = estate();
    let mut inference = inference();
    // Before the source is held.
    inference.used(
        &estate,
        &logon(Some(0), Some(0), 1, Some(Means::RemoteManagement), 0),
    );
    for rule in 0..3 {
        fire(&mut inference, 1, rule, critical(), &[(host(0), Role::Host)]);
    }
    assert!(
        inference.probability(host(1)) < 0.01,
        "what was held later says nothing of before"
    );
    inference.used(
        &estate,
        &logon(Some(1), Some(0), 2, Some(Means::RemoteManagement), 2),
    );
    assert!(inference.probability(host(2)) > 0.5);
    assert!(inference.probability(person(1)) > 0.5);
}

#[test]
fn machines_and_services_carry_nothing() {
    let estate = estate();
    let mut inference = inference();
    for rule in 0..3 {
        fire(
            &mut inference,
            0,
            rule,
            critical(),
            &[(host(0), Role::Host), (person(3), Role::Actor)],
        );
    }
    inference.used(
        &estate,
        &logon(None, Some(0), 1, Some(Means::RemoteManagement), 1),
    );
    inference.used(
        &estate,
        &logon(Some(3), Some(0), 1, Some(Means::RemoteManagement), 2),
    );
    assert!(inference.probability(host(1)) < 0.01);
}

#[test]
fn reading_a_share_says_little() {
    let estate = estate();
    let mut inference = inference();
    for rule in 0..3 {
        fire(&mut inference, 0, rule, critical(), &[(host(0), Role::Host)]);
    }
    for second in 1..100 {
        inference.used(
            &estate,
            &logon(Some(0), Some(0), 1, Some(Means::FileShare), second),
        );
    }
    assert!(inference.probability(host(1)) < 0.2);
}

#[test]
fn a_pin_outweighs_everything_and_can_be_taken_back() {
    let mut inference = inference();
    for rule in 0..20 {
        fire(&mut inference, 0, rule, critical(), &[(host(0), Role::Host)]);
    }
    inference.pin(host(0), Some(false), at(1));
    assert!(inference.probability(host(0)) < 0.001);
    inference.pin(host(0), None, at(2));
    assert!(inference.probability(host(0)) > 0.9);
    inference.pin(host(1), Some(true), at(3));
    assert!(inference.probability(host(1)) > 0.999);
}

#[test]
fn cordons_own_acts_are_no_evidence() {
    let mut inference = inference();
    inference.own_effect(OwnEffect {
        entity: host(0),
        from: at(0),
        until: at(10),
    });
    for rule in 0..5 {
        fire(&mut inference, 5, rule, critical(), &[(host(0), Role::Host)]);
    }
    assert!(inference.probability(host(0)) < 0.01);
    for rule in 0..5 {
        fire(&mut inference, 11, rule, critical(), &[(host(0), Role::Host)]);
    }
    assert!(inference.probability(host(0)) > 0.9);
}

#[test]
fn memory_is_bounded_per_entity() {
    let mut inference = inference();
    for rule in 0..10_000 {
        fire(&mut inference, 0, rule, 0.01, &[(host(0), Role::Host)]);
    }
    assert_eq!(inference.states[0].firings.len(), limits::RULES_PER_ENTITY_MAX);
    let suspicion = inference.suspicion(host(0)).unwrap();
    assert_eq!(suspicion.independent_signals, 0, "too weak to count");
    assert_eq!(suspicion.contributions.len(), limits::CONTRIBUTIONS_MAX);
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        Just(Role::Actor),
        Just(Role::Host),
        Just(Role::Source),
        Just(Role::Target),
        Just(Role::Witness)
    ]
}

fn entity() -> impl Strategy<Value = Entity> {
    prop_oneof![(0..3_u32).prop_map(person), (0..4_u32).prop_map(host)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let named = prop::collection::vec((entity(), role()), 1..3).prop_map(|mut named| {
        named.sort_by_key(|(entity, _)| *entity);
        named.dedup_by_key(|(entity, _)| *entity);
        named
    });
    let means = prop_oneof![
        Just(Means::RemoteManagement),
        Just(Means::FileShare),
        Just(Means::Console)
    ];
    prop_oneof![
        4 => (0..5_u32, named).prop_map(|(rule, named)| Happening::Fired {
            rule: RuleKey(rule),
            weight: 1.0 + f64::from(rule),
            named,
        }),
        2 => (0..3_u32, 0..4_u32).prop_map(|(a, s)| Happening::Ran { account: person(a), system: host(s) }),
        4 => (prop::option::of(0..3_u32), prop::option::of(0..4_u32), 0..4_u32, means).prop_map(|(a, f, on, means)| {
            Happening::LoggedOn { account: a.map(person), from: f.map(host), on: host(on), means }
        }),
        1 => (entity(), prop::option::of(any::<bool>()))
            .prop_map(|(entity, held)| Happening::Pinned { entity, held }),
    ]
}

fn account_of(entity: Entity) -> Option<u32> {
    if let Entity::Account(id) = entity {
        Some(id.0)
    } else {
        None
    }
}

fn system_of(entity: Entity) -> Option<u32> {
    if let Entity::System(id) = entity {
        Some(id.0)
    } else {
        None
    }
}

fn take_in(inference: &mut Inference, estate: &Estate, second: i64, happening: &Happening) {
    match happening {
        Happening::Fired { rule, weight, named } => fire(inference, second, rule.0, *weight, named),
        Happening::Ran { account, system } => {
            let one = logon(
                account_of(*account),
                None,
                system_of(*system).unwrap(),
                None,
                second,
            );
            inference.used(estate, &one);
        }
        Happening::LoggedOn {
            account,
            from,
            on,
            means,
        } => {
            let (account, from) = (account.and_then(account_of), from.and_then(system_of));
            inference.used(
                estate,
                &logon(account, from, system_of(*on).unwrap(), Some(*means), second),
            );
        }
        Happening::Pinned { entity, held } => inference.pin(*entity, *held, at(second)),
    }
}

proptest! {
    #[test]
    fn streaming_agrees_with_the_whole_history(history in prop::collection::vec(happening(), 0..25)) {
        let estate = estate();
        let mut inference = inference();
        for (second, happening) in history.iter().enumerate() {
            take_in(&mut inference, &estate, second as i64, happening);
        }
        for entity in (0..3).map(person).chain((0..4).map(host)) {
            let expected = probability(&history, entity, POPULATION);
            let found = inference.probability(entity);
            prop_assert!((expected - found).abs() < 1e-9, "{:?}: naive {}, streaming {}", entity, expected, found);
            prop_assert!((0.0..=1.0).contains(&found));
        }
    }

    #[test]
    fn a_new_rule_never_clears_whom_it_names(history in prop::collection::vec(happening(), 0..20), named in entity()) {
        let estate = estate();
        let mut inference = inference();
        for (second, happening) in history.iter().enumerate() {
            take_in(&mut inference, &estate, second as i64, happening);
        }
        let before = inference.probability(named);
        fire(&mut inference, 100, 99, 2.0, &[(named, Role::Actor)]);
        prop_assert!(inference.probability(named) >= before);
    }
}

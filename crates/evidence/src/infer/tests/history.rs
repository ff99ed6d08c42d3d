//! Inference as it goes against the naive one over the whole history, on any history.

use proptest::prelude::*;

use super::*;
use crate::infer::naive::{Happening, SECONDS_APART, probability};

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
            weight: RuleWeight {
                log_odds: 0.4 + f64::from(rule),
                techniques: [&[1_003][..], &[1_003, 1_059], &[1_059], &[], &[1_047]][rule as usize].into(),
                stands_alone: rule == 4,
            },
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
        Happening::Fired { rule, weight, named } => fire_rule(inference, second, rule.0, weight, named),
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
            take_in(&mut inference, &estate, second as i64 * SECONDS_APART, happening);
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
            take_in(&mut inference, &estate, second as i64 * SECONDS_APART, happening);
        }
        let before = inference.probability(named);
        let second = history.len() as i64 * SECONDS_APART;
        let weight = RuleWeight { techniques: [1_059].into(), ..weighing(2.0, 99) };
        fire_rule(&mut inference, second, 99, &weight, &[(named, Role::Actor)]);
        prop_assert!(inference.probability(named) >= before);
    }
}

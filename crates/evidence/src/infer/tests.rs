//! Tests of inference.

mod history;

use cordon_estate::{Account, Origin, Provenance, SystemId};

use super::*;
use crate::bind::{Named, Role};
use crate::record::{FileId, RecordPlace};
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

/// A rule of this weight and of a technique of its own.
fn fire(inference: &mut Inference, second: i64, rule: u32, weight: f64, named: &[(Entity, Role)]) {
    fire_rule(inference, second, rule, &weighing(weight, rule), named);
}

fn weighing(log_odds: f64, rule: u32) -> RuleWeight {
    RuleWeight {
        log_odds,
        techniques: [1_000 + rule as u16].into(),
        stands_alone: false,
    }
}

fn fire_rule(
    inference: &mut Inference,
    second: i64,
    rule: u32,
    weight: &RuleWeight,
    named: &[(Entity, Role)],
) {
    fire_on(inference, second, rule, weight, named, false);
}

/// The same on a record of something refused, or not.
fn fire_on(
    inference: &mut Inference,
    second: i64,
    rule: u32,
    weight: &RuleWeight,
    named: &[(Entity, Role)],
    refused: bool,
) {
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
        refused,
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
    weights::rule_weight(Level::Critical, Status::Test, &[], &[]).log_odds
}

fn medium() -> f64 {
    weights::rule_weight(Level::Medium, Status::Test, &[], &[]).log_odds
}

#[test]
fn one_signal_never_decides() {
    let (tactics, techniques) = (["impact".to_owned()], ["T1003.006".to_owned()]);
    let strongest = weights::rule_weight(Level::Critical, Status::Stable, &tactics, &techniques);
    let mut inference = inference();
    fire_rule(&mut inference, 0, 1, &strongest, &[(host(0), Role::Host)]);
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
fn one_technique_below_an_alarm_never_makes_anything_held() {
    let mut inference = inference();
    let same = |log_odds| RuleWeight {
        log_odds,
        techniques: [1_059].into(),
        stands_alone: false,
    };
    for rule in 0..40 {
        fire_rule(
            &mut inference,
            i64::from(rule),
            rule,
            &same(medium()),
            &[(host(0), Role::Host)],
        );
    }
    assert!(inference.probability(host(0)) < 0.5);
    for (second, rule) in [(50, 50), (51, 51)] {
        let alarm = weights::level_weight(Level::High);
        fire(&mut inference, second, rule, alarm, &[(host(0), Role::Host)]);
    }
    assert!(
        inference.probability(host(0)) > 0.5,
        "with two alarms of others it does"
    );
}

#[test]
fn techniques_add_up_within_an_hour_and_not_over_days() {
    let day = 86_400;
    for (seconds_apart, held) in [(60, true), (day, false)] {
        let mut inference = inference();
        for rule in 0..5 {
            let second = i64::from(rule) * seconds_apart;
            fire(&mut inference, second, rule, medium(), &[(host(0), Role::Host)]);
        }
        assert_eq!(
            inference.probability(host(0)) > 0.5,
            held,
            "{seconds_apart} s apart"
        );
    }
}

#[test]
fn minor_rules_never_make_anything_held() {
    let mut inference = inference();
    let low = weights::level_weight(Level::Low);
    for rule in 0..60 {
        fire(
            &mut inference,
            i64::from(rule),
            rule,
            low,
            &[(host(0), Role::Host)],
        );
    }
    assert!(inference.probability(host(0)) < 0.05);
}

#[test]
fn replication_decides_from_its_second_record_on() {
    let techniques = ["T1003.006".to_owned()];
    let tactics = ["credential-access".to_owned()];
    let replication = weights::rule_weight(Level::Medium, Status::Test, &tactics, &techniques);
    let mut inference = inference();
    fire_rule(&mut inference, 0, 1, &replication, &[(person(0), Role::Actor)]);
    assert!(inference.probability(person(0)) < 0.5);
    fire_rule(&mut inference, 1, 1, &replication, &[(person(0), Role::Actor)]);
    assert!(inference.probability(person(0)) > 0.5);
    assert_eq!(inference.suspicion(person(0)).unwrap().independent_signals, 1);
}

#[test]
fn what_a_technique_means_counts_beyond_the_level_of_its_rule() {
    let weight = |level, technique: &str| {
        weights::rule_weight(level, Status::Test, &[], &[technique.to_owned()]).log_odds
    };
    assert!(weight(Level::Medium, "T1546.003") > weight(Level::Medium, "T1546.004"));
    assert!(weight(Level::Medium, "T1003.003") > weight(Level::High, "T1003.001"));
    assert!(
        weight(Level::Low, "T1003.006") < weight(Level::Medium, "T1059"),
        "a low rule stays low"
    );
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
fn several_uses_by_one_are_one_reason() {
    let estate = estate();
    let mut inference = inference();
    for rule in 0..2 {
        fire(&mut inference, 0, rule, 3.0, &[(person(0), Role::Actor)]);
    }
    let by = |inference: &mut Inference, means, second| {
        inference.used(&estate, &logon(Some(0), None, 1, means, second));
        inference.probability(host(1))
    };
    let one = by(&mut inference, Some(Means::RemoteDesktop), 1);
    assert!(one > 0.1);
    let two = by(&mut inference, Some(Means::RemoteManagement), 2);
    assert!((one - two).abs() < 1e-9, "{one} {two}");
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
fn what_cordon_has_refused_is_no_evidence_and_what_works_all_the_same_is() {
    let own = |inference: &mut Inference| {
        inference.own_effect(OwnEffect {
            entity: host(0),
            from: at(0),
            until: at(10),
        });
    };
    let refusals = |inference: &mut Inference, second| {
        for rule in 0..5 {
            let weight = weighing(critical(), rule);
            fire_on(inference, second, rule, &weight, &[(host(0), Role::Host)], true);
        }
    };
    let mut kept_out = inference();
    own(&mut kept_out);
    refusals(&mut kept_out, 5);
    assert!(kept_out.probability(host(0)) < 0.01);
    refusals(&mut kept_out, 11);
    assert!(kept_out.probability(host(0)) > 0.9, "it is given back");

    let mut gets_in = inference();
    own(&mut gets_in);
    for rule in 0..5 {
        fire(&mut gets_in, 5, rule, critical(), &[(host(0), Role::Host)]);
    }
    assert!(gets_in.probability(host(0)) > 0.9, "nothing was refused");

    let mut forgotten = inference();
    own(&mut forgotten);
    forgotten.forget_own_effects();
    refusals(&mut forgotten, 5);
    assert!(forgotten.probability(host(0)) > 0.9);
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

//! A thousand accounts at once.

use std::time::Instant;

use cordon_act::{Observation, PointState, ProbeAnswer, Standing, Target};
use cordon_testbed::{OpenLdap, OpenLdapContent};
use serde_json::json;

use super::openldap::Bed;
use super::support::{Calls as _, DEADLINE, MARK, account, membership, point, with};

const MANY: usize = 1_000;

fn all(point: &mut Box<dyn cordon_act::EnforcementPoint>, targets: &[Target]) -> Vec<Observation> {
    point
        .observe_all(targets, DEADLINE)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_thousand_accounts_are_withdrawn_verified_and_lifted() {
    let content = OpenLdapContent {
        accounts: MANY,
        ..OpenLdapContent::default()
    };
    let Some(bed) = Bed::start(&content) else { return };
    let mut point = point(&with(
        &bed.config,
        json!({"openldap": {"probe-locked-accounts": true}}),
    ));
    let targets: Vec<Target> = (1..=MANY)
        .map(|number| account(&OpenLdap::account(number)))
        .collect();
    let clock = Instant::now();
    let prior = all(&mut point, &targets);
    assert!(prior.iter().all(|seen| seen.standing == Standing::Open));
    let observed = clock.elapsed();
    for (target, prior) in targets.iter().zip(&prior) {
        point.withdraw(target, &prior.state, MARK).unwrap();
    }
    let withdrawn = clock.elapsed();
    let left = all(&mut point, &targets);
    assert!(left.iter().all(|seen| seen.standing == Standing::Withdrawn));
    for target in &targets {
        let probe = point.try_it(target);
        assert_eq!(probe.answer, ProbeAnswer::Refused, "{target}: {}", probe.how);
    }
    let tried = clock.elapsed();
    for ((target, prior), left) in targets.iter().zip(&prior).zip(&left) {
        point.give_back(target, &prior.state, Some(&left.state)).unwrap();
    }
    assert_eq!(all(&mut point, &targets), prior);
    println!(
        "observed {observed:?}, withdrawn {withdrawn:?}, tried {tried:?}, lifted {:?}",
        clock.elapsed()
    );
}

#[test]
fn a_batch_answers_in_order_whatever_is_in_it() {
    let content = OpenLdapContent {
        accounts: 300,
        ..OpenLdapContent::default()
    };
    let Some(bed) = Bed::start(&content) else { return };
    let mut point = point(&bed.config);
    let mut targets: Vec<Target> = (1..=300)
        .map(|number| membership(&OpenLdap::account(number), "all"))
        .collect();
    targets.insert(0, account("nobody"));
    targets.insert(150, account("user\n0001"));
    targets.insert(200, account("USER0007"));
    targets.push(Target::Host {
        name: "srv".to_owned(),
        addresses: Vec::new(),
    });
    let together = point.observe_all(&targets, DEADLINE);
    let apart: Vec<_> = targets
        .iter()
        .map(|target| point.observe(target, DEADLINE))
        .collect();
    assert_eq!(together, apart);
    assert_eq!(together[0].as_ref().unwrap().standing, Standing::Absent);
    assert_eq!(together[200].as_ref().unwrap().standing, Standing::Open);
    let states: std::collections::HashSet<String> = together
        .iter()
        .flatten()
        .map(|seen: &Observation| serde_json::to_string::<PointState>(&seen.state).unwrap())
        .collect();
    assert_eq!(states.len(), 302, "each has its own");
}

//! A small run of `make incidents`: Cordon's plan is never dearer than what another method does that keeps everything, and
//! one seed gives one page.

#[path = "../benches/incidents/mod.rs"]
mod incidents;

use incidents::draw::STORES;
use incidents::picture::picture;
use incidents::run::{Asked, Method, Proof, Run, run};
use incidents::table::{seconds, table};

const SMALL: Asked = Asked {
    incidents: 8,
    seed: 1,
    stores: (STORES.0, STORES.0),
    threads: 1,
};

#[test]
fn nothing_that_keeps_everything_is_cheaper_and_one_seed_gives_one_page() {
    let first = run(SMALL, &|_| {});
    assert_eq!(first.contradictions, Vec::<String>::new());
    assert_eq!(first.incidents.len(), 8);
    let mut planned = 0;
    for incident in &first.incidents {
        let own = incident.of(Method::Cordon).unwrap();
        if incident.proof == Proof::Infeasible {
            continue;
        }
        planned += 1;
        assert!(own.keeps_both() && own.derived_naively, "{incident:?}");
        for method in Method::ALL {
            let other = incident.of(method).unwrap();
            assert!(
                !other.keeps_both() || other.disruption_pence >= own.disruption_pence,
                "{} beats the plan: {incident:?}",
                method.name()
            );
        }
    }
    assert!(planned > 0, "not one incident has a plan");
    others_fall_short(&first);
    let again = run(Asked { threads: 2, ..SMALL }, &|_| {});
    assert_eq!(table(&first), table(&again));
    assert_eq!(picture(&first), picture(&again));
    let other = run(Asked { seed: 2, ..SMALL }, &|_| {});
    assert_ne!(table(&first), table(&other), "the seed decides nothing");
    assert!(seconds(&first).lines().count() > Method::ALL.len());
}

/// Or else the incidents would test nothing.
fn others_fall_short(run: &Run) {
    let lost = run.incidents.iter().filter(|one| !one.untouched.keeps_jewels());
    assert!(lost.count() > 0, "no jewel is ever reached");
    let keeps_both = |method: Method| {
        let outcomes = run.incidents.iter().filter_map(|one| one.of(method));
        outcomes.filter(|outcome| outcome.keeps_both()).count()
    };
    for method in [Method::IsolateDetected, Method::PullEverything] {
        assert!(
            keeps_both(method) < keeps_both(Method::Cordon),
            "{}",
            method.name()
        );
    }
}

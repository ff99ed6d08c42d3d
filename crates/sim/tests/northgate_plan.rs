//! A plan exists for the sample incident: it is proven, keeps every protected service, and what people would do by
//! hand is visibly worse.

use cordon_plan::document::{BaselineKind, Outcome, ServiceLevel, Status};
use cordon_plan::{Constraints, Foothold, Settings, plan};
use cordon_sim::northgate::{Options, generate};
use cordon_sim::sample_incident;

#[test]
fn the_sample_incident_has_a_proven_plan_that_keeps_trading() {
    for seed in 1..=3 {
        let estate = generate(&Options {
            seed,
            stores: 40,
            ..Options::default()
        });
        let footholds: Vec<Foothold> = sample_incident(&estate, seed)
            .iter()
            .map(|foothold| Foothold {
                entity: foothold.entity,
                probability: foothold.probability,
            })
            .collect();
        let settings = Settings {
            spread: false,
            comparisons: false,
            ..Settings::default()
        };
        let constraints = Constraints::default();
        let document = plan(
            &estate,
            &footholds,
            &settings,
            &constraints,
            &mut |_| {},
            &mut || 0.0,
        );
        assert_eq!(
            document.outcome,
            Outcome::Planned,
            "seed {seed}: {:#?}",
            document.infeasibility
        );
        assert_eq!(document.optimality.status, Status::Optimal, "seed {seed}");
        for withdrawal in &document.withdrawals {
            eprintln!("seed {seed}: {}", withdrawal.id);
        }
        let down = |name: &str| {
            let entry = document.services.iter().find(|entry| entry.name == name);
            entry.is_some_and(|entry| entry.level == ServiceLevel::Down)
        };
        assert!(!down("card-payments") && !down("funeral-homes") && !down("quick-commerce"));
        for baseline in &document.baselines {
            let metrics = baseline.metrics;
            eprintln!("seed {seed}: {:?} {metrics:?}", baseline.kind);
            match baseline.kind {
                BaselineKind::IsolateDetected => assert!(metrics.jewels_reachable > 0),
                BaselineKind::PullEverything => {
                    assert!(metrics.services_down + metrics.services_degraded > 0)
                }
                BaselineKind::DoNothing => assert!(metrics.jewels_reachable > 0),
            }
        }
    }
}

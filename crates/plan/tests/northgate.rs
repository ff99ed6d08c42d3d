//! The built-in retailer, large enough that not every act against the spread is weighed from the start.

use cordon_plan::document::{Change, Outcome, PlanDocument, Status};
use cordon_plan::limits::SPREAD_FACTS_MAX;
use cordon_plan::{Constraints, Foothold, Settings, plan, verify};
use cordon_sim::northgate;

fn planned(stores: u32) -> (cordon_estate::Estate, PlanDocument) {
    let options = northgate::Options {
        stores,
        ..northgate::Options::default()
    };
    let estate = northgate::generate(&options);
    let incident = cordon_sim::sample_incident(&estate, options.seed).into_iter();
    let footholds: Vec<Foothold> = incident
        .map(|one| Foothold {
            entity: one.entity,
            probability: one.probability,
        })
        .collect();
    let document = plan(
        &estate,
        &footholds,
        &Settings::default(),
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    (estate, document)
}

#[test]
fn nearly_the_whole_bound_is_proved_over_every_act_and_bent_proofs_are_refused() {
    let (estate, mut document) = planned(60);
    assert!(document.optimality.kernel_facts as usize > SPREAD_FACTS_MAX);
    assert_eq!(
        (document.outcome, document.optimality.status),
        (Outcome::Planned, Status::Optimal)
    );
    let verdict = verify(&document, &estate);
    assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
    let proof = verdict.proof.unwrap();
    assert_eq!(proof.cost_pence, document.cost.total_pence);
    assert!(proof.gap() < 0.005, "{proof:?}");

    let certificate = document.certificate.as_mut().unwrap();
    certificate.rows[0].rests_on.pop();
    let verdict = verify(&document.clone().sealed(), &estate);
    assert!(!verdict.is_accepted());
    assert_eq!(verdict.proof, None);
}

#[test]
fn what_would_make_a_withdrawal_unnecessary_is_said() {
    let (_, document) = planned(20);
    let mut told = document
        .withdrawals
        .iter()
        .flat_map(|entry| &entry.unnecessary_if);
    assert!(
        told.clone()
            .any(|one| matches!(one.change, Change::Cleared { .. }))
    );
    let instead = told.find_map(|one| match &one.change {
        Change::Instead { price_pence, .. } => Some(*price_pence),
        Change::Cleared { .. } => None,
    });
    assert!(
        instead.unwrap() >= 0,
        "an act in the place of another is cheaper than the cheapest plan"
    );
}

//! What a set of acts comes to, judged by what no method uses: the whole exposure graph chained anew, the naive
//! derivation straight from the estate, and the services by their definition.

use std::collections::BTreeSet;

use cordon_estate::Estate;
use cordon_plan::candidates::Candidate;
use cordon_reach::{Base, FactSet, Scratch, naive};
use cordon_trade::{Lost, ServiceState};

use super::question::{DURATION_HOURS, Ground, Question};

/// What a method came to in one incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Jewels still in reach.
    pub(crate) jewels_reached: usize,
    /// Jewels still in reach for an intruder who does not talk the help desk into a reset.
    pub(crate) jewels_without_resets: usize,
    /// Protected services that go down.
    pub(crate) protected_down: usize,
    /// What the acts and the services that they disturb cost.
    pub(crate) disruption_pence: i64,
    pub(crate) withdrawals: usize,
    /// People who cannot work as usual.
    pub(crate) people: u32,
    /// True if the naive derivation was asked too.
    pub(crate) derived_naively: bool,
}

impl Outcome {
    pub(crate) const fn keeps_jewels(&self) -> bool {
        self.jewels_reached == 0
    }

    pub(crate) const fn keeps_services(&self) -> bool {
        self.protected_down == 0
    }

    pub(crate) const fn keeps_both(&self) -> bool {
        self.keeps_jewels() && self.keeps_services()
    }
}

/// Judges acts. With `naively`, what is reached is derived a second time from the estate.
///
/// # Errors
/// Says so if the two derivations differ.
pub(crate) fn judge(
    ground: &Ground<'_>,
    question: &Question,
    acts: &[Candidate],
    naively: bool,
    scratch: &mut Scratch,
) -> Result<Outcome, String> {
    let timely: FactSet = acts.iter().flat_map(|act| question.timely(ground, act)).collect();
    let exposure = ground.graph.chain(&question.held, &timely, scratch);
    let reached: Vec<bool> = ground
        .jewels
        .iter()
        .map(|jewel| exposure.takes(jewel.entity))
        .collect();
    if naively {
        let withdrawn: BTreeSet<Base> = timely
            .iter()
            .filter_map(|fact| super::question::base_of(&ground.graph, fact.0))
            .collect();
        let gained = naive::reach_without(ground.estate, &ground.options, &question.held, &withdrawn);
        let again: Vec<bool> = ground
            .jewels
            .iter()
            .map(|jewel| gained.contains_key(&jewel.taken))
            .collect();
        if again != reached {
            return Err(format!(
                "chained, jewels are reached {reached:?}, naively {again:?}"
            ));
        }
    }
    let mut without_resets = timely;
    without_resets.extend(ground.resets.iter().copied());
    let exposure = ground.graph.chain(&question.held, &without_resets, scratch);
    let left = ground.jewels.iter().filter(|jewel| exposure.takes(jewel.entity));
    let mut outcome = Outcome {
        jewels_without_resets: left.count(),
        jewels_reached: reached.iter().filter(|reached| **reached).count(),
        withdrawals: acts.len(),
        derived_naively: naively,
        ..Outcome::default()
    };
    for act in acts {
        outcome.disruption_pence += act.friction_pence;
        outcome.people += act.denied.people;
    }
    services(ground.estate, acts, &mut outcome);
    Ok(outcome)
}

/// What becomes of services when all that the acts remove is gone, in time or not.
fn services(estate: &Estate, acts: &[Candidate], outcome: &mut Outcome) {
    let mut lost = Lost::nothing();
    for base in acts.iter().flat_map(|act| &act.removes) {
        match *base {
            Base::Access(id) => lost.lose_access(id),
            Base::Enabled(id) => lost.lose_account(id),
            Base::Connected(id) => lost.lose_system(id),
            _ => {}
        }
    }
    let before = cordon_trade::naive::states(estate, &Lost::nothing());
    let after = cordon_trade::naive::states(estate, &lost);
    for (service, (before, after)) in estate.services.iter().zip(before.iter().zip(&after)) {
        if before == after {
            continue;
        }
        let price = |state: &ServiceState| cordon_trade::cost_pence(service, *state, DURATION_HOURS).0;
        outcome.disruption_pence += price(after) - price(before);
        outcome.people += (f64::from(service.people) * after.missing()).round() as u32;
        outcome.protected_down += usize::from(service.protected && !after.runs());
    }
}

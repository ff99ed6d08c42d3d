//! What a set of withdrawals means, in figures: exposure by the whole graph, services by the whole circuit.

use cordon_estate::Service;
use cordon_reach::{FactId, FactSet};

use super::Planner;
use super::prepare::Prepared;
use crate::candidates::Candidate;
use crate::circuit::{Circuit, capacity, is_down, level_pence};
use crate::document::{CostEntry, ExposureCount, Metrics};

/// A set of withdrawals, measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) cost: CostEntry,
    /// Arrival of each target of the problem, by target.
    pub(super) arrivals: Vec<Option<u32>>,
    pub(super) exposure: ExposureCount,
    /// The level of each service: 0 as usual, then its fallbacks, then down.
    pub(super) levels: Vec<usize>,
    pub(super) metrics: Metrics,
}

impl Planner<'_> {
    /// Measures withdrawals: `withdrawn` are the facts removed in time, `circuit` and `chosen` tell what services lose.
    pub(super) fn measure(
        &mut self,
        prepared: &Prepared,
        acts: &[&Candidate],
        withdrawn: &FactSet,
        circuit: &Circuit,
        chosen: &[bool],
        duration_hours: f64,
    ) -> Measured {
        let mut measured = Measured::default();
        self.measure_exposure(prepared, withdrawn, &mut measured);
        let fired = circuit.fired(chosen);
        self.measure_services(circuit, &fired, duration_hours, &mut measured);
        for act in acts {
            let cost = &mut measured.cost;
            cost.friction_pence = cost.friction_pence.saturating_add(act.friction_pence);
            measured.metrics.people = measured.metrics.people.saturating_add(act.denied.people);
        }
        measured.cost = measured.cost.summed();
        measured.metrics.cost = measured.cost;
        measured.metrics.withdrawals = acts.len() as u32;
        measured
    }

    /// Measures a choice of the problem's own columns.
    pub(super) fn measure_chosen(
        &mut self,
        prepared: &Prepared,
        chosen: &[bool],
        duration_hours: f64,
    ) -> Measured {
        let acts: Vec<&Candidate> = prepared
            .columns
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(column, _)| column)
            .collect();
        let withdrawn = prepared.withdrawn(chosen);
        self.measure(
            prepared,
            &acts,
            &withdrawn,
            &prepared.circuit,
            chosen,
            duration_hours,
        )
    }

    fn measure_exposure(&mut self, prepared: &Prepared, withdrawn: &FactSet, measured: &mut Measured) {
        measured.arrivals = vec![None; prepared.targets.len()];
        let worlds = prepared.worlds.iter().zip(&prepared.reached);
        let counted = worlds.filter(|(world, _)| world.weight > 0.0);
        for (place, (world, reached)) in counted.enumerate() {
            let exposure = if withdrawn.is_empty() {
                add(prepared, world.weight, measured, |fact| reached.arrival_of(fact));
                reached.exposure
            } else {
                let exposure = self.cut.chain(&self.graph, &world.held, withdrawn);
                add(prepared, world.weight, measured, |fact| {
                    exposure.arrival_seconds(FactId(fact))
                });
                self.ground.count(exposure.facts().map(|fact| fact.0))
            };
            if place == 0 {
                measured.exposure = exposure;
            }
        }
        let reached = prepared
            .targets
            .iter()
            .zip(&measured.arrivals)
            .take_while(|(target, _)| target.jewel.is_some())
            .filter(|(_, arrival)| arrival.is_some());
        let metrics = &mut measured.metrics;
        for (target, _) in reached {
            metrics.jewels_reachable += 1;
            metrics.jewel_loss_pence = metrics.jewel_loss_pence.saturating_add(target.loss_pence);
        }
        measured.exposure.jewels = metrics.jewels_reachable;
        metrics.entities_reachable = measured.exposure.accounts + measured.exposure.systems;
    }

    /// What was lost before anything was withdrawn is no cost of a plan.
    fn measure_services(
        &self,
        circuit: &Circuit,
        fired: &[bool],
        duration_hours: f64,
        measured: &mut Measured,
    ) {
        let before = circuit.fired(&[]);
        for (id, service) in self.estate.services_with_ids() {
            let (level, usual) = (circuit.level(id, fired), circuit.level(id, &before));
            measured.levels.push(level);
            if level == usual {
                continue;
            }
            let pence =
                level_pence(service, level, duration_hours) - level_pence(service, usual, duration_hours);
            measured.cost.services_pence = measured.cost.services_pence.saturating_add(pence);
            let metrics = &mut measured.metrics;
            metrics.people = metrics.people.saturating_add(service_people(service, level));
            if is_down(service, level) {
                metrics.services_down += 1;
                metrics.protected_down += u32::from(circuit.protected.get(id.index()) == Some(&true));
            } else if usual == 0 || capacity(service, level) < capacity(service, usual) {
                // Another fallback that carries as much is no loss.
                metrics.services_degraded += 1;
            }
        }
    }
}

/// People who cannot work because a service runs at a level only.
pub(super) fn service_people(service: &Service, level: usize) -> u32 {
    (f64::from(service.people) * (1.0 - capacity(service, level))).round() as u32
}

/// Adds what is reached in a world of this weight: when, and what it costs.
fn add(prepared: &Prepared, weight: f64, measured: &mut Measured, arrival_of: impl Fn(u32) -> Option<u32>) {
    let cost = &mut measured.cost;
    for (target, slot) in prepared.targets.iter().zip(&mut measured.arrivals) {
        let Some(arrival) = arrival_of(target.fact) else {
            continue;
        };
        *slot = Some(slot.map_or(arrival, |known| known.min(arrival)));
        let pence = (target.loss_pence as f64 * weight).round() as i64;
        if target.jewel.is_some() {
            cost.residual_pence = cost.residual_pence.saturating_add(pence);
        } else {
            cost.spread_pence = cost.spread_pence.saturating_add(pence);
        }
    }
}

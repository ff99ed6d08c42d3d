//! What would be done without Cordon, in the same figures.

use cordon_estate::{Entity, SystemId};
use cordon_reach::{FactId, FactSet};
use rustc_hash::FxHashSet;

use super::measure::Measured;
use super::prepare::Prepared;
use super::{Constraints, Foothold, Planner, Settings};
use crate::candidates::Candidate;
use crate::circuit::level_pence;
use crate::document::{Act, Baseline, BaselineKind};

impl Planner<'_> {
    pub(super) fn baselines(
        &mut self,
        prepared: &Prepared,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<Baseline> {
        let named = [
            (BaselineKind::DoNothing, "withdraw nothing", Vec::new()),
            (
                BaselineKind::IsolateDetected,
                "isolate the detected systems and disable the detected accounts",
                self.isolate_detected(footholds, settings),
            ),
            (
                BaselineKind::PullEverything,
                "block all remote access and isolate every system without a protected service",
                self.pull_everything(constraints),
            ),
        ];
        let sets: Vec<Vec<Act>> = named.iter().map(|(_, _, acts)| acts.clone()).collect();
        let expected = self.expected_losses(prepared, &sets, footholds, settings);
        named
            .into_iter()
            .zip(expected)
            .map(|((kind, text, acts), expected)| {
                let mut metrics = self.measure_acts(prepared, acts, settings, constraints).metrics;
                metrics.expected = expected;
                Baseline {
                    kind,
                    text: text.to_owned(),
                    metrics,
                }
            })
            .collect()
    }

    /// Measures acts that need not be among the columns.
    pub(super) fn measure_acts(
        &mut self,
        prepared: &Prepared,
        acts: Vec<Act>,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Measured {
        let candidates: Vec<Candidate> = acts
            .into_iter()
            .filter_map(|act| self.candidates.candidate(act))
            .collect();
        let (timely, _) = self.timely(&candidates, &prepared.used);
        let withdrawn: FactSet = timely
            .iter()
            .flatten()
            .copied()
            .collect::<Vec<FactId>>()
            .into_iter()
            .collect();
        let circuit = self.circuit(&candidates, settings, constraints);
        let acts: Vec<&Candidate> = candidates.iter().collect();
        let chosen = vec![true; candidates.len()];
        self.measure(
            prepared,
            &acts,
            &withdrawn,
            &circuit,
            &chosen,
            settings.duration_hours,
        )
    }

    fn isolate_detected(&self, footholds: &[Foothold], settings: &Settings) -> Vec<Act> {
        let held = footholds
            .iter()
            .filter(|foothold| foothold.probability >= settings.foothold_threshold);
        held.filter_map(|foothold| match foothold.entity {
            Entity::Account(account) => Some(Act::DisableAccount { account }),
            Entity::System(system) => Some(Act::IsolateSystem { system }),
            Entity::Group(_) | Entity::Zone(_) => None,
        })
        .collect()
    }

    fn pull_everything(&self, constraints: &Constraints) -> Vec<Act> {
        let mut kept: FxHashSet<SystemId> = FxHashSet::default();
        for (id, service) in self.estate.services_with_ids() {
            if service.protected || constraints.protect.contains(&id) {
                self.systems_of(id, &mut kept);
            }
        }
        let isolated = self
            .estate
            .systems_with_ids()
            .filter(|(id, _)| !kept.contains(id))
            .map(|(system, _)| Act::IsolateSystem { system });
        let gateways = self
            .estate
            .systems_with_ids()
            .map(|(gateway, _)| Act::BlockGateway { gateway });
        let all = self
            .candidates
            .point(Act::BlockAllRemoteAccess)
            .map(|_| Act::BlockAllRemoteAccess);
        let remote: Vec<Act> = match all {
            Some(act) => vec![act],
            None => gateways.filter(|act| self.is_gateway(*act)).collect(),
        };
        remote.into_iter().chain(isolated).collect()
    }

    fn is_gateway(&self, act: Act) -> bool {
        self.candidates.point(act).is_some()
    }

    /// Every system that a service stands on, through other services too.
    fn systems_of(&self, id: cordon_estate::ServiceId, kept: &mut FxHashSet<SystemId>) {
        use cordon_estate::Requirement;
        let mut seen: FxHashSet<cordon_estate::ServiceId> = FxHashSet::default();
        let mut services = vec![id];
        while let Some(id) = services.pop() {
            let Some(service) = self.estate.service(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            let mut open: Vec<&Requirement> = vec![&service.requires];
            while let Some(requirement) = open.pop() {
                match requirement {
                    Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
                    Requirement::System(id) => {
                        kept.insert(*id);
                    }
                    Requirement::Service(id) => services.push(*id),
                    Requirement::Account(_) | Requirement::Access(_) => {}
                }
            }
        }
    }

    /// What a protected service is taken to cost if it must be weighed against a jewel.
    pub(super) fn protected_pence(&self, id: cordon_estate::ServiceId, duration_hours: f64) -> i64 {
        let outage = self
            .estate
            .service(id)
            .map_or(0, |service| level_pence(service, usize::MAX, duration_hours));
        outage.max(crate::limits::PROTECTED_PENCE_MIN)
    }
}

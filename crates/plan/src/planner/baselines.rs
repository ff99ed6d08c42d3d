//! What would be done without Cordon, in the same figures.

use cordon_estate::{Entity, ServiceId, SystemId};
use cordon_reach::FactSet;
use rustc_hash::FxHashSet;

use super::measure::Measured;
use super::prepare::Prepared;
use super::{Constraints, Foothold, Planner, Settings};
use crate::candidates::Candidate;
use crate::circuit::level_pence;
use crate::document::{Act, Baseline, BaselineKind};

/// The withdrawals of pulling everything, and what they depend on.
#[derive(Debug)]
pub(super) struct Pulled {
    protect: Vec<ServiceId>,
    duration_hours: f64,
    candidates: Vec<Candidate>,
}

impl Planner<'_> {
    pub(super) fn baselines(
        &mut self,
        prepared: &Prepared,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<Baseline> {
        let detected = self.isolate_detected(footholds, settings).into_iter();
        let detected = detected
            .filter_map(|act| self.candidates.candidate(act))
            .collect();
        let named = [
            (BaselineKind::DoNothing, "withdraw nothing", Vec::new()),
            (
                BaselineKind::IsolateDetected,
                "isolate the detected systems and disable the detected accounts",
                detected,
            ),
            (
                BaselineKind::PullEverything,
                "block all remote access and isolate every system without a protected service",
                self.everything_pulled(settings, constraints),
            ),
        ];
        let sets = named
            .iter()
            .map(|(_, _, candidates)| candidates.iter().map(|one| one.act).collect());
        let sets: Vec<Vec<Act>> = sets.collect();
        let expected = self.expected_losses(prepared, &sets, footholds, settings);
        named
            .into_iter()
            .zip(expected)
            .map(|((kind, text, candidates), expected)| {
                let measured = self.measure_candidates(prepared, &candidates, settings, constraints);
                let mut metrics = measured.metrics;
                metrics.expected = expected;
                if kind == BaselineKind::PullEverything {
                    self.pulled = Some(Pulled {
                        protect: constraints.protect.clone(),
                        duration_hours: settings.duration_hours,
                        candidates,
                    });
                }
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
        acts: &[Act],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Measured {
        let acts = acts.iter();
        let candidates: Vec<Candidate> = acts.filter_map(|act| self.candidates.candidate(*act)).collect();
        self.measure_candidates(prepared, &candidates, settings, constraints)
    }

    /// Measures withdrawals that need not be among the columns.
    fn measure_candidates(
        &mut self,
        prepared: &Prepared,
        candidates: &[Candidate],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Measured {
        let (timely, _) = self.timely(candidates, &prepared.in_time(0).used);
        let withdrawn: FactSet = timely.iter().flatten().copied().collect();
        let circuit = self.circuit(candidates, settings.duration_hours, constraints);
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

    /// The withdrawals of pulling everything; those of the last plan if they were for the same services and time.
    fn everything_pulled(&mut self, settings: &Settings, constraints: &Constraints) -> Vec<Candidate> {
        let last = self.pulled.take().filter(|last| {
            last.protect == constraints.protect
                && last.duration_hours.to_bits() == settings.duration_hours.to_bits()
        });
        last.map_or_else(
            || {
                let acts = self.pull_everything(constraints).into_iter();
                acts.filter_map(|act| self.candidates.candidate(act)).collect()
            },
            |last| last.candidates,
        )
    }

    fn isolate_detected(&self, footholds: &[Foothold], settings: &Settings) -> Vec<Act> {
        let held = footholds
            .iter()
            .filter(|foothold| foothold.probability >= settings.foothold_threshold);
        let acts = held.filter_map(|foothold| match foothold.entity {
            Entity::Account(account) => Some(Act::DisableAccount { account }),
            Entity::System(system) => Some(Act::IsolateSystem { system }),
            Entity::Group(_) | Entity::Zone(_) => None,
        });
        // Two signs of one foothold are one foothold.
        let mut seen = FxHashSet::default();
        acts.filter(|act| seen.insert(*act)).collect()
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
    fn systems_of(&self, id: ServiceId, kept: &mut FxHashSet<SystemId>) {
        use cordon_estate::Requirement;
        let mut seen: FxHashSet<ServiceId> = FxHashSet::default();
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
    pub(super) fn protected_pence(&self, id: ServiceId, duration_hours: f64) -> i64 {
        let outage = self
            .estate
            .service(id)
            .map_or(0, |service| level_pence(service, usize::MAX, duration_hours));
        outage.max(crate::limits::PROTECTED_PENCE_MIN)
    }
}

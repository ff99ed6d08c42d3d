//! The whole course of a plan, and the document that comes of it.

mod given_back;
mod jewels;
mod withdrawals;

use cordon_estate::{Entity, ServiceId};
use rustc_hash::FxHashSet;

use super::certify::{Asked, Beside};
use super::compare::Refusal;
use super::measure::{Measured, service_people};
use super::prepare::Prepared;
use super::solving::Session;
use super::{Constraints, Foothold, Planner, Progress, Settings, Watch, World, describe};
use crate::candidates::entity_name;
use crate::circuit::{capacity, fallback, is_down, level_pence};
use crate::document::{
    Assumptions, ConstraintsEntry, ExposureEntry, FORMAT, FootholdEntry, Infeasibility, Optimality, Outcome,
    PlanDocument, ServiceEntry, ServiceLevel, Status,
};
use crate::hitting::{Solution, Verdict};

/// Everything known once the problem is solved.
pub(super) struct Solved {
    pub(super) solution: Solution,
    pub(super) session: Session,
    pub(super) infeasibility: Option<Infeasibility>,
    before: Measured,
    pub(super) after: Measured,
}

pub(super) fn document(
    planner: &mut Planner<'_>,
    footholds: &[Foothold],
    settings: &Settings,
    constraints: &Constraints,
    watch: &mut Watch<'_>,
) -> PlanDocument {
    let worlds = worlds(footholds, settings);
    planner.further = planner.around_refusals(constraints);
    let prepared = planner.prepare(worlds, settings, constraints);
    let solved = planner.solved(&prepared, settings, constraints, watch);
    let (mut prepared, mut solved) = planner.grown((prepared, solved), settings, constraints, watch);
    let mut uncertainty = None;
    if let Some(asked) = &settings.uncertainty {
        let (again, plan, entry) =
            planner.faced((prepared, solved), footholds, asked, settings, constraints, watch);
        (prepared, solved, uncertainty) = (again, plan, Some(entry));
    }
    let mut document = planner.described(&prepared, &solved, footholds, settings, constraints);
    let Solved {
        solution,
        mut session,
        infeasibility,
        ..
    } = solved;
    document.infeasibility = infeasibility;
    document.uncertainty = uncertainty;
    if settings.certificate {
        let gives_up = document.infeasibility.is_some();
        let bound = if gives_up {
            solution.lower_bound
        } else {
            document.optimality.lower_bound_pence
        };
        let hard = session.hard.clone();
        let asked = Asked {
            prepared: &prepared,
            hard: &hard,
            beside: Beside::Kept,
            settings,
            constraints,
        };
        let known = (&*solution.chosen, bound);
        let proof = planner.certificate(asked, gives_up, known, &mut session, watch);
        document.certificate = Some(proof);
    }
    if settings.comparisons {
        (watch.progress)(Progress::Comparing);
        if document.outcome == Outcome::Planned {
            planner.price_refusals(&prepared, &mut session, &solution, &mut document, settings, watch);
            document.not_chosen = planner.not_chosen(&prepared, &mut session, &solution, settings, watch);
        }
    }
    if settings.comparisons || settings.front_points.is_some() {
        (watch.progress)(Progress::Comparing);
        let (plan, chosen) = (&prepared, &solution.chosen);
        (document.alternatives, document.front) =
            planner.alternatives(plan, chosen, footholds, settings, constraints, watch);
    }
    document.baselines = planner.baselines(&prepared, footholds, settings, constraints);
    session.keep(&prepared);
    planner.last = Some(prepared);
    document.optimality.seconds = Some((watch.clock)());
    document.sealed()
}

/// The worlds to plan for: the one in which every foothold above the threshold is held.
pub(super) fn worlds(footholds: &[Foothold], settings: &Settings) -> Vec<World> {
    let mut held: Vec<Entity> = footholds
        .iter()
        .filter(|foothold| foothold.probability >= settings.foothold_threshold)
        .map(|foothold| foothold.entity)
        .collect();
    held.sort_unstable();
    held.dedup();
    vec![World { held, weight: 1.0 }]
}

fn minutes(seconds: u32) -> f64 {
    f64::from(seconds) / 60.0
}

impl Planner<'_> {
    pub(super) fn solved(
        &mut self,
        prepared: &Prepared,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Solved {
        let nothing = vec![false; prepared.columns.len()];
        let before = self.measure_chosen(prepared, &nothing, settings.duration_hours);
        let hard = self.hard(prepared, &constraints.give_up);
        let mut session = self.session(prepared, hard);
        (watch.progress)(Progress::Prepared {
            facts: session.kernels.facts() as u32,
            candidates: prepared.columns.len() as u32,
        });
        let mut solution = session.solve_first(&*self.master, settings, watch);
        let mut infeasibility = None;
        if solution.verdict == Verdict::Infeasible {
            let hard = session.hard.clone();
            let (why, soft, cheapest) = self.explain(prepared, &hard, settings, constraints, watch);
            (infeasibility, session, solution) = (Some(why), soft, cheapest);
        }
        if solution.chosen.is_empty() {
            solution.chosen = nothing;
        }
        let after = self.measure_chosen(prepared, &solution.chosen, settings.duration_hours);
        Solved {
            solution,
            session,
            infeasibility,
            before,
            after,
        }
    }

    pub(super) fn described(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
    ) -> PlanDocument {
        let withdrawals = self.withdrawals(prepared, solved, settings);
        let jewels = self.jewel_entries(prepared, solved);
        let margins = jewels.iter().filter_map(|jewel| jewel.margin_minutes);
        let margin_minutes = margins.reduce(f64::min);
        let services = self.service_entries(prepared, solved, settings, constraints);
        let outcome = match (&solved.infeasibility, withdrawals.is_empty()) {
            (Some(_), _) => Outcome::Infeasible,
            (None, true) => Outcome::NothingToDo,
            (None, false) => Outcome::Planned,
        };
        PlanDocument {
            format: FORMAT.to_owned(),
            plan_hash: String::new(),
            organisation: self.estate.organisation.clone(),
            estate_digest: self.digest.clone(),
            outcome,
            assumptions: Assumptions {
                foothold_threshold: settings.foothold_threshold,
                duration_hours: settings.duration_hours,
                race: settings.race,
                pace: settings.pace,
                spread: settings.spread,
            },
            constraints: self.constraints_entry(constraints),
            footholds: self.foothold_entries(footholds, settings),
            jewels,
            exposure: ExposureEntry {
                before: solved.before.exposure,
                after: solved.after.exposure,
            },
            people: self.people(&withdrawals, &services),
            withdrawals,
            services,
            cost: solved.after.cost,
            optimality: self.optimality(prepared, solved),
            alternatives: Vec::new(),
            front: None,
            not_chosen: Vec::new(),
            baselines: Vec::new(),
            infeasibility: None,
            margin_minutes,
            uncertainty: None,
            certificate: None,
        }
    }

    fn optimality(&self, prepared: &Prepared, solved: &Solved) -> Optimality {
        let (cost, bound) = (solved.after.cost.total_pence, solved.solution.lower_bound);
        let status = match (&solved.infeasibility, solved.solution.verdict) {
            (Some(_), _) => Status::Infeasible,
            (None, Verdict::Optimal) if cost <= bound => Status::Optimal,
            _ => Status::Feasible,
        };
        let bound = bound.clamp(0, cost.max(0));
        let gap = if cost > bound {
            (cost - bound) as f64 / cost as f64
        } else {
            0.0
        };
        Optimality {
            status,
            lower_bound_pence: bound,
            gap,
            rounds: solved.session.rounds,
            derivations: solved.session.classes.derivations(),
            candidates: prepared.columns.len() as u32,
            facts: self.graph.facts() as u32,
            kernel_facts: solved.session.kernels.facts() as u32,
            solver: solved.solution.solver.to_owned(),
            seconds: None,
        }
    }

    fn constraints_entry(&self, constraints: &Constraints) -> ConstraintsEntry {
        let service = |id: &ServiceId| self.estate.service(*id).map(|service| service.name.clone());
        let names = |entities: &[Entity]| -> Vec<String> {
            let names = entities.iter().map(|entity| entity_name(self.estate, *entity));
            names.collect()
        };
        ConstraintsEntry {
            jewels: names(&constraints.jewels),
            given_up: names(&constraints.give_up),
            refused: constraints.refuse.clone(),
            forced: constraints.force.clone(),
            protected: constraints.protect.iter().filter_map(service).collect(),
        }
    }

    fn foothold_entries(&self, footholds: &[Foothold], settings: &Settings) -> Vec<FootholdEntry> {
        let mut held: Vec<&Foothold> = footholds
            .iter()
            .filter(|foothold| foothold.probability >= settings.foothold_threshold)
            .collect();
        held.sort_by(|one, other| {
            other
                .probability
                .total_cmp(&one.probability)
                .then(one.entity.cmp(&other.entity))
        });
        let mut told = FxHashSet::default();
        held.retain(|foothold| told.insert(foothold.entity));
        held.into_iter()
            .map(|foothold| FootholdEntry {
                entity: entity_name(self.estate, foothold.entity),
                name: self.estate.name(foothold.entity).to_owned(),
                kind: describe::kind(self.estate, foothold.entity),
                probability: foothold.probability,
            })
            .collect()
    }

    fn service_entries(
        &self,
        prepared: &Prepared,
        solved: &Solved,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<ServiceEntry> {
        let chosen = &solved.solution.chosen;
        let touching = |column: &usize| prepared.circuit.has(*column as u32);
        let without: Vec<(usize, Vec<bool>)> = (0..chosen.len())
            .filter(|&column| chosen.get(column) == Some(&true))
            .filter(touching)
            .map(|column| (column, prepared.circuit.fired(&but(chosen, column))))
            .collect();
        let mut entries: Vec<ServiceEntry> = Vec::new();
        for ((id, service), &level) in self.estate.services_with_ids().zip(&solved.after.levels) {
            let because_of = without
                .iter()
                .filter(|(_, fired)| prepared.circuit.level(id, fired) < level)
                .filter_map(|(column, _)| prepared.columns.get(*column))
                .map(|column| self.candidates.id(column.act));
            let usual = solved.before.levels.get(id.index()).copied().unwrap_or(0);
            let share = capacity(service, level);
            let cost = level_pence(service, level, settings.duration_hours)
                - level_pence(service, usual, settings.duration_hours);
            let minutes = settings.duration_hours * 60.0;
            entries.push(ServiceEntry {
                name: service.name.clone(),
                protected: service.protected || constraints.protect.contains(&id),
                level: match level {
                    0 => ServiceLevel::Up,
                    level if is_down(service, level) => ServiceLevel::Down,
                    _ => ServiceLevel::Degraded,
                },
                capacity: share,
                fallback: fallback(service, level).map(|fallback| fallback.name.clone()),
                cost_pence: cost,
                people: if level == usual {
                    0
                } else {
                    service_people(service, level)
                },
                beyond_tolerable_downtime: is_down(service, level)
                    && service
                        .tolerable_downtime_minutes
                        .is_some_and(|tolerable| minutes > tolerable),
                because_of: because_of.collect(),
            });
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.level));
        entries
    }

    fn price_refusals(
        &mut self,
        prepared: &Prepared,
        session: &mut Session,
        best: &Solution,
        document: &mut PlanDocument,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) {
        for entry in document.withdrawals.iter_mut().take(crate::limits::REFUSALS_MAX) {
            let column = prepared.columns.iter().position(|column| column.act == entry.act);
            let Some(column) = column else { continue };
            let Refusal {
                price_pence,
                instead,
                indispensable,
            } = self.refusal(prepared, session, best, column, settings, watch);
            entry.refusal_price_pence = price_pence;
            entry.refusal_instead = instead;
            entry.indispensable = indispensable;
        }
    }
}

/// A choice without one column.
fn but(chosen: &[bool], column: usize) -> Vec<bool> {
    let mut rest = chosen.to_vec();
    if let Some(flag) = rest.get_mut(column) {
        *flag = false;
    }
    rest
}

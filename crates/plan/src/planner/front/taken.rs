//! The point of the front that a person takes, as a plan of its own.

use crate::candidates::entity_name;
use crate::document::{JewelState, PlanDocument, WithdrawalId};
use crate::hitting::Verdict;
use crate::planner::certify::{Asked, Beside};
use crate::planner::prepare::Prepared;
use crate::planner::write::{Solved, worlds};
use crate::planner::{Constraints, Foothold, Planner, Settings, Watch};

impl Planner<'_> {
    /// The plan that a point of a plan's front is, from 1 in the order of [`PlanDocument::alternatives`]; none if there is no such point
    /// or it withdraws nothing. It is made from the same arguments as that plan.
    ///
    /// Jewels that the point leaves in reach are given up in it. Its bound is that of the cheapest plan that may give them up too, so
    /// that the gap says what the choice of another point costs.
    pub fn take_point(
        &mut self,
        document: &PlanDocument,
        number: u32,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Option<PlanDocument> {
        let place = (number as usize).checked_sub(1)?;
        let point = document.alternatives.get(place)?;
        let mut front = document.front?;
        front.chosen = Some(number);
        if point.chosen {
            let mut same = document.clone();
            same.front = Some(front);
            return Some(same.sealed());
        }
        if point.withdrawals.is_empty() {
            return None;
        }
        let with_give_ups = self.with_give_ups(document, &point.jewels, constraints);
        let (prepared, chosen) = self.prepared_with(&point.withdrawals, footholds, settings, constraints);
        let mut solved = self.solved(&prepared, settings, &with_give_ups, watch);
        self.choose_instead(&prepared, &mut solved, chosen, settings);
        let mut taken = self.described(&prepared, &solved, footholds, settings, &with_give_ups);
        taken.uncertainty = self.seen_by(&prepared, &solved, footholds, settings, constraints, watch);
        if settings.certificate && solved.infeasibility.is_none() {
            let known = (&*solved.solution.chosen, taken.optimality.lower_bound_pence);
            let hard = solved.session.hard.clone();
            let asked = Asked {
                prepared: &prepared,
                hard: &hard,
                beside: Beside::Kept,
                settings,
                constraints: &with_give_ups,
            };
            let session = &mut solved.session;
            taken.certificate = Some(self.certificate(asked, false, known, session, watch));
        }
        taken.infeasibility = solved.infeasibility;
        taken.alternatives.clone_from(&document.alternatives);
        for (other, alternative) in taken.alternatives.iter_mut().enumerate() {
            alternative.chosen = other == place;
            if other != place && alternative.text == "the plan" {
                alternative.text = "the plan that was proposed".to_owned();
            }
        }
        taken.front = Some(front);
        taken.baselines.clone_from(&document.baselines);
        taken.optimality.seconds = Some((watch.clock)());
        Some(taken.sealed())
    }

    /// What people decided, and that the jewels left in reach are given up: those that must be kept and are not lost already.
    fn with_give_ups(
        &self,
        document: &PlanDocument,
        left: &[String],
        constraints: &Constraints,
    ) -> Constraints {
        let is_lost = |name: &str| {
            let entry = document.jewels.iter().find(|entry| entry.entity == name);
            entry.is_some_and(|entry| entry.state == JewelState::MayBeTaken)
        };
        let mut all = constraints.clone();
        for jewel in self.jewels.iter().filter(|jewel| jewel.never) {
            let name = entity_name(self.estate, jewel.entity);
            if left.contains(&name) && !is_lost(&name) && !all.give_up.contains(&jewel.entity) {
                all.give_up.push(jewel.entity);
            }
        }
        all
    }

    /// The problem with every act of a point among its columns, and the choice of these.
    fn prepared_with(
        &mut self,
        withdrawals: &[WithdrawalId],
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
    ) -> (Prepared, Vec<bool>) {
        let mut wanted = constraints.clone();
        wanted.force.extend(withdrawals.iter().cloned());
        let mut prepared = self.prepare(worlds(footholds, settings), settings, &wanted);
        let mut chosen = vec![false; prepared.columns.len()];
        let columns = prepared.columns.iter().zip(&mut prepared.fixed).zip(&mut chosen);
        for ((column, fixed), chosen) in columns.filter(|((_, fixed), _)| **fixed == Some(true)) {
            *chosen = true;
            *fixed = constraints
                .force
                .contains(&self.candidates.id(column.act))
                .then_some(true);
        }
        (prepared, chosen)
    }

    fn choose_instead(
        &mut self,
        prepared: &Prepared,
        solved: &mut Solved,
        chosen: Vec<bool>,
        settings: &Settings,
    ) {
        solved.after = self.measure_chosen(prepared, &chosen, settings.duration_hours);
        solved.solution.cost = solved.after.cost.total_pence;
        solved.solution.chosen = chosen;
        if solved.solution.cost > solved.solution.lower_bound {
            solved.solution.verdict = Verdict::Feasible;
        }
    }
}

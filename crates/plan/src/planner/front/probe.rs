//! Questions about the front as problems for the solver.

use super::floor::{Floor, Weights};
use super::walk::{Aim, Place, Probed, Prober};
use crate::hitting::{Solution, Verdict};
use crate::limits::{FRONT_NODES_MAX, FRONT_ROUNDS_MAX, FRONT_WORK_MAX};
use crate::master::{Budget, Node, Reduced};
use crate::planner::prepare::Prepared;
use crate::planner::solving::Session;
use crate::planner::{Planner, Settings, Watch};

/// Answers questions by solving problems in which every target has a price; what one learns serves the next.
pub(super) struct Solves<'a, 'e, 'w> {
    planner: &'a mut Planner<'e>,
    prepared: &'a Prepared,
    settings: &'a Settings,
    watch: &'a mut Watch<'w>,
    session: Session,
    /// What each target loses, by world.
    losses: Vec<i64>,
    columns: Vec<i64>,
    nodes: Vec<Node>,
    /// What everything disrupts together, and loses.
    sums: (i64, i64),
}

impl<'a, 'e, 'w> Solves<'a, 'e, 'w> {
    pub(super) fn new(
        planner: &'a mut Planner<'e>,
        prepared: &'a Prepared,
        settings: &'a Settings,
        watch: &'a mut Watch<'w>,
    ) -> Self {
        let mut session = Session::new(prepared, vec![false; prepared.targets.len()]);
        session.effort_max = (FRONT_ROUNDS_MAX, FRONT_NODES_MAX);
        let instance = &session.instance;
        let losses: Vec<i64> = instance.targets.iter().map(|pence| pence.unwrap_or(0)).collect();
        let nodes = instance.nodes.iter().map(|node| node.pence);
        let disrupting = instance.columns.iter().copied().chain(nodes);
        let sums = (
            disrupting.fold(1, i64::saturating_add),
            losses.iter().copied().fold(1, i64::saturating_add),
        );
        Self {
            planner,
            prepared,
            settings,
            watch,
            losses,
            columns: instance.columns.clone(),
            nodes: instance.nodes.clone(),
            session,
            sums,
        }
    }

    /// A choice with what it means.
    pub(super) fn place(&mut self, chosen: Vec<bool>) -> Place {
        let hours = self.settings.duration_hours;
        let measured = self.planner.measure_chosen(self.prepared, &chosen, hours);
        Place {
            disruption: measured.cost.disruption_pence(),
            loss: measured.cost.loss_pence(),
            chosen,
        }
    }

    fn set(&mut self, scale: i64, price: impl Fn(i64) -> i64, budget: Option<(i64, i64)>) {
        let instance = &mut self.session.instance;
        instance.columns = self
            .columns
            .iter()
            .map(|pence| pence.saturating_mul(scale))
            .collect();
        instance.nodes.clone_from(&self.nodes);
        for node in &mut instance.nodes {
            node.pence = node.pence.saturating_mul(scale);
        }
        instance.targets = self.losses.iter().map(|pence| Some(price(*pence))).collect();
        instance.budget = budget.map(|(disruption, loss)| Budget {
            pence: self.losses.clone(),
            pence_max: loss,
            rest_max: Some(disruption.saturating_mul(scale)),
        });
    }

    /// Sets the problem of least disruption, and of least loss where that is the same: a penny of disruption is counted so often that
    /// all losses together count for less. Tells how often.
    fn set_least_disruption(&mut self) -> i64 {
        let (most, all) = self.sums;
        let scale = (i64::MAX / 2 / most).clamp(1, all);
        let share = |pence: i64| {
            let pence = i128::from(pence) * i128::from(scale - 1) / i128::from(all);
            i64::try_from(pence).unwrap_or(i64::MAX)
        };
        self.set(scale, share, None);
        scale
    }

    fn solved(&mut self) -> Solution {
        let reduced = Reduced {
            work_max: FRONT_WORK_MAX,
        };
        self.session.solve(&reduced, self.settings, self.watch, 0)
    }

    fn answer(&mut self, solution: Solution, floor: Floor) -> Probed {
        let least = match solution.verdict {
            Verdict::Infeasible => i64::MAX,
            _ => solution.lower_bound.max(0),
        };
        let is_whole = solution.chosen.len() == self.prepared.columns.len();
        let is_found = is_whole && solution.verdict != Verdict::Infeasible;
        Probed {
            found: is_found.then(|| self.place(solution.chosen)),
            floor: Floor { least, ..floor },
        }
    }

    fn least_disruption(&mut self) -> Probed {
        let scale = self.set_least_disruption();
        let mut solution = self.solved();
        solution.lower_bound /= scale;
        let floor = Floor::all(Weights {
            disruption: 1,
            loss: 0,
        });
        self.answer(solution, floor)
    }

    fn least_sum(&mut self, meant: Weights, within: Option<(i64, i64)>) -> Probed {
        let quarter = i64::MAX / 4;
        let weights = meant.within(quarter / self.sums.0, quarter / self.sums.1);
        self.set(
            weights.disruption,
            |pence| pence.saturating_mul(weights.loss),
            within,
        );
        let solution = self.solved();
        let (disruption_max, loss_max) = within.unwrap_or((i64::MAX, i64::MAX));
        let floor = Floor {
            disruption_max,
            loss_max,
            ..Floor::all(weights)
        };
        self.answer(solution, floor)
    }
}

impl Prober for Solves<'_, '_, '_> {
    fn probe(&mut self, aim: Aim) -> Probed {
        match aim {
            Aim::LeastDisruption => self.least_disruption(),
            Aim::LeastSum { weights, within } => self.least_sum(weights, within),
        }
    }

    fn is_late(&mut self) -> bool {
        (self.watch.clock)() >= self.settings.seconds_max
    }
}

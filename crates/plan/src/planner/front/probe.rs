//! Questions about the front as problems for the solver.

use super::walk::{Aim, Place, Probed, Prober};
use crate::hitting::Verdict;
use crate::limits::{FRONT_NODES_MAX, FRONT_ROUNDS_MAX};
use crate::master::{Budget, Node, Search};
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
        Self {
            planner,
            prepared,
            settings,
            watch,
            losses: instance.targets.iter().map(|pence| pence.unwrap_or(0)).collect(),
            columns: instance.columns.clone(),
            nodes: instance.nodes.clone(),
            session,
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

    fn set(&mut self, scale: i64, price: impl Fn(i64) -> i64, loss_max: Option<i64>) {
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
        instance.budget = loss_max.map(|pence_max| Budget {
            pence: self.losses.clone(),
            pence_max,
        });
    }

    /// Sets the problem of least disruption, and of least loss where that is the same: a penny of disruption is counted so often that
    /// all losses together count for less. Tells how often.
    fn set_least_disruption(&mut self, loss_max: Option<i64>) -> i64 {
        let nodes = self.nodes.iter().map(|node| node.pence);
        let most = self.columns.iter().copied().chain(nodes);
        let most = most.fold(1_i64, i64::saturating_add);
        let all = self
            .losses
            .iter()
            .copied()
            .fold(0_i64, i64::saturating_add)
            .max(1);
        let scale = (i64::MAX / 2 / most).clamp(1, all.saturating_add(1));
        let share = |pence: i64| {
            let pence = i128::from(pence) * i128::from(scale - 1) / i128::from(all);
            i64::try_from(pence).unwrap_or(i64::MAX)
        };
        self.set(scale, share, loss_max);
        scale
    }
}

impl Prober for Solves<'_, '_, '_> {
    fn probe(&mut self, aim: Aim) -> Probed {
        let scale = match aim {
            Aim::LeastDisruption => Some(self.set_least_disruption(Some(i64::MAX))),
            Aim::LossAtMost(loss) => Some(self.set_least_disruption(Some(loss))),
            Aim::Weighed { disruption, loss } => {
                let weight = loss as f64 / disruption.max(1) as f64;
                self.set(1, |pence| (pence as f64 * weight).round() as i64, None);
                None
            }
        };
        let solution = self.session.solve(&Search, self.settings, self.watch, 0);
        let nothing_does = solution.verdict == Verdict::Infeasible;
        let bound = scale.map(|scale| {
            let bound = solution.lower_bound.max(0) / scale;
            if nothing_does { i64::MAX } else { bound }
        });
        let is_whole = solution.chosen.len() == self.prepared.columns.len();
        let found = (is_whole && !nothing_does).then(|| self.place(solution.chosen));
        Probed { found, bound }
    }

    fn is_late(&mut self) -> bool {
        (self.watch.clock)() >= self.settings.seconds_max
    }
}

//! One problem solved again and again: the derivations learned in one solve serve the next.

use super::prepare::{Kernels, Prepared};
use super::{Planner, Progress, Settings, Watch};
use crate::hitting::{Classes, Instance, Limits, Round, Solution, Tools, solve};
use crate::master::Master;

/// Targets that must be kept, and everything learned about them so far.
pub(super) struct Session {
    pub(super) hard: Vec<bool>,
    pub(super) instance: Instance,
    pub(super) kernels: Kernels,
    pub(super) classes: Classes,
    pub(super) rounds: u32,
    /// Most masters solved for one question, and most nodes for each.
    pub(super) effort_max: (u32, u64),
}

impl Session {
    /// Over as many of the targets as there are flags: all, or the jewels alone.
    pub(super) fn new(prepared: &Prepared, hard: Vec<bool>) -> Self {
        Self {
            instance: prepared.instance(&hard),
            kernels: prepared.kernels(&hard),
            classes: prepared.classes(hard.len()),
            hard,
            rounds: 0,
            effort_max: (crate::limits::ROUNDS_MAX, crate::limits::MASTER_NODES_MAX),
        }
    }

    /// Solves; `known_bound` is a proven bound, 0 if none.
    pub(super) fn solve(
        &mut self,
        master: &dyn Master,
        settings: &Settings,
        watch: &mut Watch<'_>,
        known_bound: i64,
    ) -> Solution {
        let limits = Limits {
            rounds_max: self.effort_max.0,
            nodes_max: self.effort_max.1,
            deadline_seconds: settings.seconds_max,
        };
        let Watch { progress, clock } = watch;
        let mut tools = Tools {
            master,
            oracle: &mut self.kernels,
            classes: &mut self.classes,
            clock: &mut **clock,
            watch: &mut |round: Round| {
                progress(Progress::Round {
                    rounds: round.rounds,
                    cost_pence: round.cost,
                    lower_bound_pence: round.lower_bound,
                });
            },
        };
        let solution = solve(&self.instance, &mut tools, &limits, known_bound);
        self.rounds += solution.rounds;
        solution
    }

    /// Solves with one column fixed otherwise.
    pub(super) fn solve_fixed(
        &mut self,
        master: &dyn Master,
        column: usize,
        to: bool,
        settings: &Settings,
        watch: &mut Watch<'_>,
        known_bound: i64,
    ) -> Solution {
        let Some(before) = self.instance.fixed.get(column).copied() else {
            return self.solve(master, settings, watch, known_bound);
        };
        if let Some(slot) = self.instance.fixed.get_mut(column) {
            *slot = Some(to);
        }
        let solution = self.solve(master, settings, watch, known_bound);
        if let Some(slot) = self.instance.fixed.get_mut(column) {
            *slot = before;
        }
        solution
    }
}

impl Planner<'_> {
    /// The targets that must be kept: jewels marked so that nobody gave up.
    pub(super) fn hard(&self, prepared: &Prepared, given_up: &[cordon_estate::Entity]) -> Vec<bool> {
        let is_hard = |target: &super::prepare::Target| {
            target
                .jewel
                .and_then(|place| self.jewels.get(place))
                .is_some_and(|jewel| jewel.never)
                && !given_up.contains(&target.entity)
        };
        prepared.targets.iter().map(is_hard).collect()
    }

    /// A session in which jewels that may be taken already are given up: nothing can be done about them.
    pub(super) fn session(&self, prepared: &Prepared, mut hard: Vec<bool>) -> Session {
        let session = Session::new(prepared, hard.clone());
        let mut changed = false;
        for target in session.kernels.always() {
            let Some(flag) = hard.get_mut(target as usize).filter(|flag| **flag) else {
                continue;
            };
            let fact = prepared
                .targets
                .get(target as usize)
                .map_or(u32::MAX, |target| target.fact);
            let is_taken = prepared
                .reached
                .iter()
                .any(|one| one.arrival.get(fact as usize) == Some(&0));
            *flag = !is_taken;
            changed |= is_taken;
        }
        if changed {
            Session::new(prepared, hard)
        } else {
            session
        }
    }
}

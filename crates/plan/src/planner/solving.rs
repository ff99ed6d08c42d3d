//! One problem solved again and again: the derivations learned in one solve serve the next.

use super::kernels::{Hard, Kernels};
use super::prepare::Prepared;
use super::targets::is_held;
use super::{Planner, Settings, Watch};
use crate::hitting::{Classes, Instance, Limits, Round, Solution, Tools, Verdict, solve};
use crate::master::Master;

/// Targets that must be kept, and everything learned about them so far.
#[derive(Debug)]
pub(super) struct Session {
    /// The targets that had to be kept when the session was asked for.
    asked: Vec<bool>,
    pub(super) hard: Vec<bool>,
    pub(super) instance: Instance,
    pub(super) kernels: Kernels,
    pub(super) classes: Classes,
    pub(super) rounds: u32,
    /// Most masters solved for one question, and most nodes for each.
    pub(super) effort_max: (u32, u64),
    /// The answer to the first question, as long as no other was asked: nothing else was learned then.
    answer: Option<Solution>,
}

impl Session {
    /// Over as many of the targets as there are flags: all, or the jewels alone.
    pub(super) fn new(prepared: &Prepared, hard: Vec<bool>) -> Self {
        let kernels = prepared.kernels(&Hard::everywhere(hard.clone()));
        Self::over(prepared, (hard.clone(), hard), kernels)
    }

    fn over(prepared: &Prepared, (asked, hard): (Vec<bool>, Vec<bool>), kernels: Kernels) -> Self {
        Self {
            instance: prepared.instance(&hard_of(&asked, &hard)),
            kernels,
            classes: prepared.classes(hard.len()),
            asked,
            hard,
            rounds: 0,
            effort_max: (crate::limits::ROUNDS_MAX, crate::limits::MASTER_NODES_MAX),
            answer: None,
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
            watch: &mut |round: Round| progress(round.into()),
        };
        let solution = solve(&self.instance, &mut tools, &limits, known_bound);
        self.answer = None;
        self.rounds += solution.rounds;
        solution
    }

    /// Solves as the first question, unless the last plan asked the same.
    pub(super) fn solve_first(
        &mut self,
        master: &dyn Master,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Solution {
        if let Some(answer) = &self.answer {
            return answer.clone();
        }
        let solution = self.solve(master, settings, watch, 0);
        self.answer = Some(solution.clone()).filter(|one| one.verdict == Verdict::Optimal);
        solution
    }

    /// Leaves the kernels, and what was learned, for the next plan.
    pub(super) fn keep(self, prepared: &Prepared) {
        prepared.kept.replace(Some(self));
    }

    /// Solves with some columns fixed otherwise.
    pub(super) fn solve_fixed(
        &mut self,
        master: &dyn Master,
        fixed: &[(usize, bool)],
        settings: &Settings,
        watch: &mut Watch<'_>,
        known_bound: i64,
    ) -> Solution {
        let mut others = self.instance.fixed.clone();
        for &(column, to) in fixed {
            if let Some(slot) = others.get_mut(column) {
                *slot = Some(to);
            }
        }
        let before = std::mem::replace(&mut self.instance.fixed, others);
        let solution = self.solve(master, settings, watch, known_bound);
        self.instance.fixed = before;
        solution
    }

    /// Answers questions as if they had not been asked: what was learned by them is forgotten.
    pub(super) fn aside<T>(&mut self, questions: impl FnOnce(&mut Self) -> T) -> T {
        let (classes, rounds, answer) = (self.classes.clone(), self.rounds, self.answer.clone());
        let told = questions(self);
        (self.classes, self.rounds, self.answer) = (classes, rounds, answer);
        told
    }
}

/// What must be kept where some of what was asked for may be taken already in the world of the plan.
fn hard_of(asked: &[bool], own: &[bool]) -> Hard {
    Hard {
        own: own.to_vec(),
        further: asked.to_vec(),
    }
}

impl Planner<'_> {
    /// The targets that must be kept: jewels marked so that nobody gave up.
    pub(super) fn hard(&self, prepared: &Prepared, given_up: &[cordon_estate::Entity]) -> Vec<bool> {
        let targets = prepared.targets.iter();
        targets.map(|target| self.is_hard(target, given_up)).collect()
    }

    /// A session in which jewels that may be taken already are given up: nothing can be done about them.
    pub(super) fn session(&self, prepared: &Prepared, asked: Vec<bool>) -> Session {
        if let Some(kept) = prepared.kept.take().filter(|kept| kept.asked == asked) {
            let instance = prepared.instance(&hard_of(&asked, &kept.hard));
            if kept.answer.is_some() && kept.instance == instance {
                return kept;
            }
            return Session::over(prepared, (asked, kept.hard), kept.kernels);
        }
        let kernels = prepared.kernels(&Hard::everywhere(asked.clone()));
        let mut hard = asked.clone();
        for target in kernels.always() {
            let held = prepared.targets.get(target as usize);
            let own = prepared.reached.get(..1).unwrap_or_default();
            let is_taken = held.is_some_and(|target| is_held(target, own));
            if let Some(flag) = hard.get_mut(target as usize) {
                *flag &= !is_taken;
            }
        }
        let kernels = if hard == asked {
            kernels
        } else {
            prepared.kernels(&hard_of(&asked, &hard))
        };
        Session::over(prepared, (asked, hard), kernels)
    }
}

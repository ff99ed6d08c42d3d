//! The loop between master and oracle.

use super::{Classes, Derived, Instance, Oracle};
use crate::master::{Effort, Master, Problem, is_set};

/// How far the loop goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most master problems solved.
    pub rounds_max: u32,
    /// Most nodes of one master's search tree.
    pub nodes_max: u64,
    /// Elapsed seconds, by the clock given, after which the best so far is returned.
    pub deadline_seconds: f64,
}

/// What is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The choice is the cheapest.
    Optimal,
    /// The choice works, and [`Solution::lower_bound`] says how much cheaper another may be.
    Feasible,
    /// No choice keeps every target that must be kept.
    Infeasible,
    /// The limits were reached before any choice that works was found.
    Unknown,
}

/// The best choice found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// What is proven.
    pub verdict: Verdict,
    /// One flag per column; all unset if there is no choice.
    pub chosen: Vec<bool>,
    /// What it costs, everything derivable priced in; [`i64::MAX`] if there is no choice.
    pub cost: i64,
    /// No choice costs less.
    pub lower_bound: i64,
    /// Masters solved.
    pub rounds: u32,
    /// The solver that finished the last master.
    pub solver: &'static str,
}

/// What happens in a round, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Masters solved so far.
    pub rounds: u32,
    /// Cost of the best choice so far, if there is one.
    pub cost: Option<i64>,
    /// The proven bound.
    pub lower_bound: i64,
}

/// Everything that a solve uses beside the instance.
pub struct Tools<'a> {
    /// Solves masters.
    pub master: &'a dyn Master,
    /// Derives.
    pub oracle: &'a mut dyn Oracle,
    /// Derivations known from earlier solves; new ones are added.
    pub classes: &'a mut Classes,
    /// Elapsed seconds since any fixed instant.
    pub clock: &'a mut dyn FnMut() -> f64,
    /// Told after every round.
    pub watch: &'a mut dyn FnMut(Round),
}

struct Best {
    chosen: Vec<bool>,
    cost: i64,
}

/// Finds the cheapest choice of columns. `known_bound` is a bound that the caller has proven, 0 if none.
pub fn solve(instance: &Instance, tools: &mut Tools<'_>, limits: &Limits, known_bound: i64) -> Solution {
    let mut best: Option<Best> = None;
    let mut lower_bound = known_bound;
    let mut rounds = 0;
    let mut solver;
    loop {
        rounds += 1;
        let problem = tools.classes.problem(instance);
        let effort = Effort {
            nodes_max: limits.nodes_max,
            start: best.as_ref().map(|best| best.chosen.as_slice()),
            lower_bound,
        };
        let answer = tools.master.solve(&problem, &effort);
        solver = answer.solver;
        if answer.is_infeasible() {
            return finish(Verdict::Infeasible, None, i64::MAX, rounds, solver);
        }
        lower_bound = lower_bound.max(answer.lower_bound);
        let Some(chosen) = answer.chosen else { break };
        let derived = tools.oracle.derive(&chosen, false);
        take(&mut best, &problem, instance, &chosen, &derived);
        let new = learn(instance, tools, &problem, chosen, derived, &mut best);
        (tools.watch)(Round {
            rounds,
            cost: best.as_ref().map(|best| best.cost),
            lower_bound,
        });
        if best.as_ref().is_some_and(|best| best.cost <= lower_bound) {
            return finish(Verdict::Optimal, best, lower_bound, rounds, solver);
        }
        if !new || rounds >= limits.rounds_max || (tools.clock)() >= limits.deadline_seconds {
            break;
        }
    }
    let verdict = if best.is_some() {
        Verdict::Feasible
    } else {
        Verdict::Unknown
    };
    finish(verdict, best, lower_bound, rounds, solver)
}

fn finish(
    verdict: Verdict,
    best: Option<Best>,
    lower_bound: i64,
    rounds: u32,
    solver: &'static str,
) -> Solution {
    let (chosen, cost) = best.map_or((Vec::new(), i64::MAX), |best| (best.chosen, best.cost));
    Solution {
        verdict,
        chosen,
        cost,
        lower_bound: lower_bound.min(cost),
        rounds,
        solver,
    }
}

/// What a choice costs with everything priced in that can be derived under it; `None` if it is not allowed.
fn full_cost(problem: &Problem, instance: &Instance, chosen: &[bool], derived: &Derived) -> Option<i64> {
    let bare = Problem {
        columns: problem.columns.clone(),
        fixed: problem.fixed.clone(),
        nodes: problem.nodes.clone(),
        ..Problem::default()
    };
    let mut cost = bare.cost(chosen)?;
    let mut left = instance
        .budget
        .as_ref()
        .map_or(i64::MAX, |budget| budget.pence_max);
    for &(target, _) in &derived.found {
        cost = cost.saturating_add(instance.targets.get(target as usize).copied().flatten()?);
        let loss = instance
            .budget
            .as_ref()
            .and_then(|budget| budget.pence.get(target as usize));
        left = left.saturating_sub(loss.copied().unwrap_or(0));
    }
    (left >= 0).then_some(cost)
}

fn take(best: &mut Option<Best>, problem: &Problem, instance: &Instance, chosen: &[bool], derived: &Derived) {
    let Some(cost) = full_cost(problem, instance, chosen, derived) else {
        return;
    };
    if best.as_ref().is_none_or(|best| cost < best.cost) {
        *best = Some(Best {
            chosen: chosen.to_vec(),
            cost,
        });
    }
}

/// Adds the violated derivations and, cutting those, further ones that share no column with them; the choice that
/// cuts all of them is reduced to a plan. True if anything was new.
fn learn(
    instance: &Instance,
    tools: &mut Tools<'_>,
    problem: &Problem,
    mut chosen: Vec<bool>,
    mut derived: Derived,
    best: &mut Option<Best>,
) -> bool {
    let mut new = tools.classes.add(&derived, instance, &chosen);
    for _ in 0..crate::limits::DISJOINT_MAX {
        if !cut_hard(instance, &derived, &mut chosen) {
            break;
        }
        derived = tools.oracle.derive(&chosen, true);
        new |= tools.classes.add(&derived, instance, &chosen);
    }
    if best.is_none() && !has_hard(instance, &derived) {
        let known = tools.classes.problem(instance);
        let reduced = reduce(&known, chosen);
        let derived = tools.oracle.derive(&reduced, false);
        new |= tools.classes.add(&derived, instance, &reduced);
        take(best, problem, instance, &reduced, &derived);
    }
    new
}

fn is_hard(instance: &Instance, target: u32) -> bool {
    instance.targets.get(target as usize) == Some(&None)
}

fn has_hard(instance: &Instance, derived: &Derived) -> bool {
    derived.found.iter().any(|&(target, _)| is_hard(instance, target))
}

/// Chooses every column that is not refused of every derivation of a target that must be kept; true if that
/// changed anything.
fn cut_hard(instance: &Instance, derived: &Derived, chosen: &mut [bool]) -> bool {
    let mut changed = false;
    for &(target, set) in &derived.found {
        if !is_hard(instance, target) {
            continue;
        }
        for &column in derived.sets.get(set as usize).map_or(&[][..], Vec::as_slice) {
            let refused = instance.fixed.get(column as usize) == Some(&Some(false));
            if let Some(flag) = chosen.get_mut(column as usize) {
                changed |= !*flag && !refused;
                *flag |= !refused;
            }
        }
    }
    changed
}

/// Leaves out columns, the costliest first, as long as every known row that must be cut stays cut.
fn reduce(problem: &Problem, mut chosen: Vec<bool>) -> Vec<bool> {
    let mut hits: Vec<u32> = problem
        .rows
        .iter()
        .map(|row| row.cuts.iter().filter(|&&column| is_set(&chosen, column)).count() as u32)
        .collect();
    let mut order: Vec<usize> = (0..chosen.len()).collect();
    order.sort_by_key(|&column| (std::cmp::Reverse(problem.columns.get(column).copied()), column));
    for column in order {
        let id = column as u32;
        if !is_set(&chosen, id) || problem.fixing(id) == Some(true) {
            continue;
        }
        let mine: Vec<usize> = problem
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.loss.is_none() && row.cuts.binary_search(&id).is_ok())
            .map(|(index, _)| index)
            .collect();
        if mine
            .iter()
            .all(|&row| hits.get(row).is_some_and(|&hits| hits > 1))
        {
            for row in mine {
                if let Some(count) = hits.get_mut(row) {
                    *count -= 1;
                }
            }
            if let Some(flag) = chosen.get_mut(column) {
                *flag = false;
            }
        }
    }
    chosen
}

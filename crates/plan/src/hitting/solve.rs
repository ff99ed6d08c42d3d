//! The loop between master and oracle.

use std::cmp::Reverse;

use super::minimal::minimal;
use super::{Classes, Derived, Instance, Oracle};
use crate::devices::Device;
use crate::kernel::Lists;
use crate::master::{Answer, Effort, Master, bare_cost, is_set};

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
        let start = best.as_ref().map(|best| best.chosen.as_slice());
        let answer = mastered(instance, tools, (limits.nodes_max, lower_bound), start);
        solver = answer.solver;
        if answer.is_infeasible() {
            return finish(Verdict::Infeasible, None, i64::MAX, rounds, solver);
        }
        lower_bound = lower_bound.max(answer.lower_bound);
        let Some(chosen) = answer.chosen else { break };
        let derived = open_targets(instance, tools, &chosen);
        take(&mut best, instance, &chosen, &derived);
        let derived = lean(instance, tools, derived);
        let new = learn(instance, tools, chosen, derived, &mut best);
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

/// Solves the master over what is known, and over the columns that matter to it.
fn mastered(
    instance: &Instance,
    tools: &Tools<'_>,
    (nodes_max, lower_bound): (u64, i64),
    start: Option<&[bool]>,
) -> Answer {
    let (problem, columns) = tools.classes.problem(instance).compact();
    let few = |all: &[bool]| -> Vec<bool> { columns.iter().map(|&column| is_set(all, column)).collect() };
    let devices = tools.master.devices();
    let start = start.filter(|_| devices.has(Device::Start)).map(few);
    let effort = Effort {
        nodes_max,
        start: start.as_deref(),
        lower_bound: if devices.has(Device::Carried) {
            lower_bound
        } else {
            0
        },
    };
    let mut answer = tools.master.solve(&problem, &effort);
    answer.chosen = answer.chosen.map(|few| {
        let mut all = vec![false; instance.columns.len()];
        for (&column, chosen) in columns.iter().zip(few) {
            if let Some(flag) = all.get_mut(column as usize) {
                *flag = chosen;
            }
        }
        all
    });
    answer
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
fn full_cost(instance: &Instance, chosen: &[bool], derived: &Derived) -> Option<i64> {
    let mut cost = bare_cost(&instance.columns, &instance.fixed, &instance.nodes, chosen)?;
    let rest_max = instance.budget.as_ref().and_then(|budget| budget.rest_max);
    if rest_max.is_some_and(|most| cost > most) {
        return None;
    }
    let mut left = instance
        .budget
        .as_ref()
        .map_or(i64::MAX, |budget| budget.pence_max);
    for target in derived.targets() {
        cost = cost.saturating_add(instance.targets.get(target as usize).copied().flatten()?);
        let loss = instance
            .budget
            .as_ref()
            .and_then(|budget| budget.pence.get(target as usize));
        left = left.saturating_sub(loss.copied().unwrap_or(0));
    }
    (left >= 0).then_some(cost)
}

fn take(best: &mut Option<Best>, instance: &Instance, chosen: &[bool], derived: &Derived) {
    let Some(cost) = full_cost(instance, chosen, derived) else {
        return;
    };
    if best.as_ref().is_none_or(|best| cost < best.cost) {
        *best = Some(Best {
            chosen: chosen.to_vec(),
            cost,
        });
    }
}

/// What can be derived under a choice, with a derivation of whatever the known rows do not charge already.
fn open_targets(instance: &Instance, tools: &mut Tools<'_>, chosen: &[bool]) -> Derived {
    let charged = tools.classes.charged(instance, chosen);
    tools.oracle.derive_all_but(chosen, &charged)
}

/// Derivations without what they do not need, if that is asked for.
fn lean(instance: &Instance, tools: &mut Tools<'_>, derived: Derived) -> Derived {
    if tools.master.devices().has(Device::Minimal) {
        minimal(instance, tools.oracle, derived)
    } else {
        derived
    }
}

/// Adds the violated derivations and, cutting those, further ones that share no column with them; the choice that
/// cuts all of them is reduced to a plan. True if anything was new.
fn learn(
    instance: &Instance,
    tools: &mut Tools<'_>,
    mut chosen: Vec<bool>,
    mut derived: Derived,
    best: &mut Option<Best>,
) -> bool {
    let devices = tools.master.devices();
    let mut new = tools.classes.add(&derived, instance, &chosen);
    for _ in 0..crate::limits::DISJOINT_MAX {
        if !devices.has(Device::Disjoint) || !cut_hard(instance, &derived, &mut chosen) {
            break;
        }
        derived = tools.oracle.derive(&chosen, true);
        derived = lean(instance, tools, derived);
        new |= tools.classes.add(&derived, instance, &chosen);
    }
    if devices.has(Device::Cover) && best.is_none() && !has_hard(instance, &derived) {
        let reduced = reduce(tools.classes, instance, chosen);
        let derived = open_targets(instance, tools, &reduced);
        new |= tools.classes.add(&derived, instance, &reduced);
        take(best, instance, &reduced, &derived);
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
        changed |= choose(instance, derived.sets.of(set), chosen);
    }
    changed
}

/// Chooses every column of a set that is not refused; true if that changed anything.
pub(crate) fn choose(instance: &Instance, set: &[u32], chosen: &mut [bool]) -> bool {
    let mut changed = false;
    for &column in set {
        let refused = instance.fixed.get(column as usize) == Some(&Some(false));
        if let Some(flag) = chosen.get_mut(column as usize) {
            changed |= !*flag && !refused;
            *flag |= !refused;
        }
    }
    changed
}

/// Leaves out columns, the costliest first, as long as every known row that must be cut stays cut.
fn reduce(known: &Classes, instance: &Instance, mut chosen: Vec<bool>) -> Vec<bool> {
    let must: Lists<u32> = known.must(instance).map(<[u32]>::to_vec).collect();
    let mut hits: Vec<u32> = must
        .iter()
        .map(|set| set.iter().filter(|&&column| is_set(&chosen, column)).count() as u32)
        .collect();
    let cuts = (0..).zip(must.iter());
    let cuts = cuts.flat_map(|(row, set)| set.iter().map(move |&column| (column, row)));
    let rows_of = Lists::grouped(chosen.len(), cuts);
    let is_free =
        |column: &u32| is_set(&chosen, *column) && instance.fixed.get(*column as usize) != Some(&Some(true));
    let mut order: Vec<u32> = (0..chosen.len() as u32).filter(is_free).collect();
    order.sort_by_key(|&column| (Reverse(instance.columns.get(column as usize)), column));
    for column in order {
        let rows = rows_of.of(column);
        let twice = |row: &u32| hits.get(*row as usize).is_some_and(|&hits| hits > 1);
        if !rows.iter().all(twice) {
            continue;
        }
        for &row in rows {
            if let Some(count) = hits.get_mut(row as usize) {
                *count -= 1;
            }
        }
        if let Some(flag) = chosen.get_mut(column as usize) {
            *flag = false;
        }
    }
    chosen
}

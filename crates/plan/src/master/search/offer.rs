//! Choices that are offered as the best so far, less what they do not need.

use std::cmp::Reverse;

use super::tables::{get, set, value};
use super::{State, Tree};
use crate::limits::OFFER_WORK_MAX;
use crate::master::is_set;
use crate::master::problem::nodes_cost;

/// A choice with how often each row is hit by it, so that leaving a column out is priced by the rows of that column alone.
struct Trial {
    chosen: Vec<bool>,
    /// What the chosen columns cost.
    columns: i64,
    /// What they take down costs.
    nodes: i64,
    /// Chosen columns in each row.
    hits: Vec<u32>,
    /// Rows that each loss is accepted in.
    accepted: Vec<u32>,
    losses: i64,
    /// What may still be lost of the budget.
    loss_left: i64,
}

impl Tree<'_> {
    /// Takes a choice as the best so far if it is; needless columns are left out first, the costliest first.
    pub(super) fn offer(&mut self, chosen: Vec<bool>) {
        self.offer_less(chosen, |tree, column| {
            Reverse(value(&tree.problem.columns, column))
        });
    }

    /// The same, those left out first of which the key is least.
    fn offer_less<K: Ord>(&mut self, chosen: Vec<bool>, key: impl Fn(&Self, u32) -> K) {
        let Some(mut trial) = self.trial(chosen) else {
            return;
        };
        let columns = 0..self.problem.columns.len() as u32;
        let mut order: Vec<u32> = columns.filter(|&column| is_set(&trial.chosen, column)).collect();
        order.sort_by_key(|&column| (key(self, column), column));
        for column in order {
            self.leave_out(&mut trial, column);
        }
        let cost = trial.cost();
        if !self.is_allowed(&trial) {
            return;
        }
        debug_assert_eq!(self.problem.cost(&trial.chosen), Some(cost));
        if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            self.best = Some((cost, trial.chosen));
        }
    }

    /// Offers every column whose whole price the last bound charged: each row has one of them, or a loss of which that is true.
    ///
    /// Where the bound is tight, an optimal choice is among them (complementary slackness), and often what is left when the
    /// needless ones are left out: the reverse delete of primal-dual methods (Goemans and Williamson 1997). First what hits least is left
    /// out first, so that of two choices that cost the same the one with fewer acts is taken; then, if that did not reach the
    /// bound, the costliest.
    pub(super) fn offer_charged(&mut self, bound: i64) {
        let spent = |column: u32| {
            let mut shared = get(&self.alone, column).iter();
            value(&self.own_left, column) <= 0 && shared.all(|&node| value(&self.node_left, node) <= 0)
        };
        let columns = 0..self.problem.columns.len() as u32;
        let chosen = columns.map(|column| match self.state(column) {
            State::In => true,
            State::Out => false,
            State::Free => spent(column),
        });
        let chosen: Vec<bool> = chosen.collect();
        let with_nodes = (0..).zip(&chosen).filter(|(_, chosen)| **chosen);
        let with_nodes = with_nodes.filter(|(column, _)| !get(&self.column_nodes, *column).is_empty());
        if with_nodes.count().saturating_mul(self.problem.nodes.len()) <= OFFER_WORK_MAX {
            self.offer_less(chosen.clone(), |tree, column| {
                let pence = value(&tree.problem.columns, column);
                (get(&tree.column_rows, column).len(), Reverse(pence))
            });
            if self.best_cost() > bound {
                self.offer(chosen);
            }
        }
    }

    /// The loss that a row may end in, by its place among the losses.
    fn loss_of(&self, row: u32) -> Option<usize> {
        let last = get(&self.rows, row).last();
        last.and_then(|&last| (last as usize).checked_sub(self.problem.columns.len()))
    }

    /// A choice priced, whatever it takes of the budget; none if it is not allowed otherwise.
    fn trial(&self, chosen: Vec<bool>) -> Option<Trial> {
        let problem = self.problem;
        let mut said = problem.fixed.iter().zip(&chosen);
        if said.any(|(fixed, chosen)| fixed.is_some_and(|wanted| wanted != *chosen)) {
            return None;
        }
        let costs = problem.columns.iter().zip(&chosen);
        let costs = costs.filter(|(_, chosen)| **chosen);
        let mut trial = Trial {
            columns: costs.fold(0, |sum: i64, (pence, _)| sum.saturating_add(*pence)),
            nodes: nodes_cost(&problem.nodes, &chosen)?,
            chosen,
            hits: vec![0; self.rows.len()],
            accepted: vec![0; problem.losses.len()],
            losses: 0,
            loss_left: problem
                .budget
                .as_ref()
                .map_or(i64::MAX, |budget| budget.pence_max),
        };
        for (row, columns) in (0..).zip(self.rows.iter()) {
            let hits = columns.iter().filter(|&&column| is_set(&trial.chosen, column));
            let hits = hits.count() as u32;
            if let Some(slot) = trial.hits.get_mut(row as usize) {
                *slot = hits;
            }
            if hits == 0 {
                self.accept(&mut trial, self.loss_of(row)?);
            }
        }
        Some(trial)
    }

    /// True if neither the losses nor the rest come to more than they may.
    fn is_allowed(&self, trial: &Trial) -> bool {
        let most = self.problem.rest_max().unwrap_or(i64::MAX);
        trial.loss_left >= 0 && trial.columns.saturating_add(trial.nodes) <= most
    }

    /// Accepts a loss in one more row.
    fn accept(&self, trial: &mut Trial, loss: usize) {
        let Some(rows) = trial.accepted.get_mut(loss) else {
            return;
        };
        *rows += 1;
        if *rows == 1 {
            trial.losses = trial
                .losses
                .saturating_add(self.problem.losses.get(loss).copied().unwrap_or(0));
            trial.loss_left = trial.loss_left.saturating_sub(self.counted(loss));
        }
    }

    /// Leaves a column out if that is allowed and costs nothing.
    fn leave_out(&self, trial: &mut Trial, column: u32) {
        if self.problem.fixing(column) == Some(true) {
            return;
        }
        let Some((losses, counted)) = self.lost_without(trial, column) else {
            return;
        };
        set(&mut trial.chosen, column, false);
        let nodes = if get(&self.column_nodes, column).is_empty() {
            Some(trial.nodes)
        } else {
            nodes_cost(&self.problem.nodes, &trial.chosen)
        };
        let saved = value(&self.problem.columns, column)
            .saturating_add(trial.nodes)
            .saturating_sub(nodes.unwrap_or(trial.nodes));
        if losses > saved || counted > trial.loss_left.max(0) {
            set(&mut trial.chosen, column, true);
            return;
        }
        trial.columns = trial.columns.saturating_sub(value(&self.problem.columns, column));
        trial.nodes = nodes.unwrap_or(trial.nodes);
        for &row in get(&self.column_rows, column) {
            let Some(hits) = trial.hits.get_mut(row as usize) else {
                continue;
            };
            *hits -= 1;
            if *hits == 0
                && let Some(loss) = self.loss_of(row)
            {
                self.accept(trial, loss);
            }
        }
    }

    /// What would be lost without a column: in pence, and of the budget. None if some row may not go unhit.
    fn lost_without(&self, trial: &Trial, column: u32) -> Option<(i64, i64)> {
        let alone = get(&self.column_rows, column).iter();
        let alone = alone.filter(|&&row| trial.hits.get(row as usize) == Some(&1));
        let mut new: Vec<usize> = Vec::new();
        for &row in alone {
            let loss = self.loss_of(row)?;
            if trial.accepted.get(loss) == Some(&0) {
                new.push(loss);
            }
        }
        new.sort_unstable();
        new.dedup();
        let pence = new
            .iter()
            .map(|&loss| self.problem.losses.get(loss).copied().unwrap_or(0));
        let counted = new.iter().map(|&loss| self.counted(loss));
        Some((
            pence.fold(0, i64::saturating_add),
            counted.fold(0, i64::saturating_add),
        ))
    }

    /// What a loss counts for in the budget.
    fn counted(&self, loss: usize) -> i64 {
        let budget = self.problem.budget.as_ref();
        budget
            .and_then(|budget| budget.pence.get(loss).copied())
            .unwrap_or(0)
    }
}

impl Trial {
    const fn cost(&self) -> i64 {
        self.columns
            .saturating_add(self.nodes)
            .saturating_add(self.losses)
    }
}

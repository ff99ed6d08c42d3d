//! A first choice from the first bound: where the bound is tight, an optimum has nothing else.
//!
//! By complementary slackness an optimum of the linear relaxation chooses only what the charges use up. So what they use up, without
//! what is needless of it, is often the optimum or near it, and the search needs only to prove that.

use super::tables::{get, value};
use super::{NAME, State, Tree};
use crate::devices::Devices;
use crate::master::{Answer, Effort, Problem, is_set};

/// Searches from the choice that the first bound suggests, or from the one given if that is better.
pub(in crate::master) fn covered(problem: &Problem, effort: &Effort<'_>, devices: Devices) -> Answer {
    let mut tree = Tree::new(problem, devices);
    if let Some(start) = effort.start {
        tree.offer(start.to_vec());
    }
    if !tree.root() {
        return Answer::infeasible(0, NAME);
    }
    let first = tree.first();
    tree.offer(first);
    tree.descend(effort)
}

impl Tree<'_> {
    /// What is chosen, and what the bound uses up, less what is needless of that: the costliest is left out first.
    fn first(&mut self) -> Vec<bool> {
        let _ = self.bound();
        let all = 0..self.state.len() as u32;
        let mut chosen: Vec<bool> = all.map(|column| self.is_spent(column)).collect();
        let mut hits: Vec<u32> = self.rows.iter().map(|row| hit_by(row, &chosen)).collect();
        let mut order: Vec<u32> = (0..self.state.len() as u32)
            .filter(|&column| is_set(&chosen, column) && self.state(column) == State::Free)
            .collect();
        order.sort_by_key(|&column| (std::cmp::Reverse(value(&self.pence, column)), column));
        for column in order {
            let rows = get(&self.column_rows, column);
            if !rows
                .iter()
                .all(|&row| hits.get(row as usize).is_some_and(|hits| *hits > 1))
            {
                continue;
            }
            for &row in rows {
                super::bump(&mut hits, row, -1);
            }
            super::set(&mut chosen, column, false);
        }
        chosen.truncate(self.problem.columns.len());
        chosen
    }

    /// True for what is chosen, and for what nothing is left of to charge.
    fn is_spent(&self, column: u32) -> bool {
        let nodes = get(&self.alone, column);
        let is_free = |&node: &u32| {
            let is_forbidden = self
                .problem
                .nodes
                .get(node as usize)
                .is_some_and(|node| node.forbidden);
            !is_forbidden && value(&self.node_left, node) <= 0
        };
        match self.state(column) {
            State::In => true,
            State::Out => false,
            State::Free => value(&self.own_left, column) <= 0 && nodes.iter().all(is_free),
        }
    }
}

fn hit_by(row: &[u32], chosen: &[bool]) -> u32 {
    row.iter().filter(|&&column| is_set(chosen, column)).count() as u32
}

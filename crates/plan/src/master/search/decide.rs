//! Deciding a column, what follows from it, and taking it back.

use super::tables::{bump, get, value};
use super::{Change, State, Tree};
use crate::master::{Gate, is_set};

impl Tree<'_> {
    /// Chooses a column; false if that is not allowed.
    pub(super) fn include(&mut self, column: u32) -> bool {
        if let Some(state) = self.state.get_mut(column as usize) {
            *state = State::In;
        }
        self.trail.push(Change::Column(column));
        self.paid = self.paid.saturating_add(value(&self.pence, column));
        self.loss_left = self.loss_left.saturating_sub(self.loss(column));
        for &row in get(&self.column_rows, column) {
            bump(&mut self.hits, row, 1);
            bump(&mut self.free, row, -1);
        }
        let open: Vec<u32> = get(&self.column_nodes, column).to_vec();
        self.feed(open) && self.loss_left >= 0
    }

    /// Tells nodes that one input has fired, and theirs; false if a forbidden one fires.
    pub(super) fn feed(&mut self, mut open: Vec<u32>) -> bool {
        let mut allowed = true;
        while let Some(node) = open.pop() {
            bump(&mut self.missing, node, -1);
            self.trail.push(Change::Missing(node));
            let Some(gate) = self.problem.nodes.get(node as usize) else {
                continue;
            };
            let complete = self.missing.get(node as usize) == Some(&0);
            let ready = gate.gate == Gate::Any || complete;
            if ready && !is_set(&self.fired, node) {
                if let Some(flag) = self.fired.get_mut(node as usize) {
                    *flag = true;
                }
                self.trail.push(Change::Fired(node));
                self.paid = self.paid.saturating_add(gate.pence);
                allowed &= !gate.forbidden;
                open.extend_from_slice(get(&self.node_parents, node));
            }
        }
        allowed
    }

    /// Rules a column out; false if a row can no longer be hit.
    pub(super) fn exclude(&mut self, column: u32) -> bool {
        if let Some(state) = self.state.get_mut(column as usize) {
            *state = State::Out;
        }
        self.trail.push(Change::Column(column));
        let mut possible = true;
        for &row in get(&self.column_rows, column) {
            bump(&mut self.free, row, -1);
            if self.hits.get(row as usize) == Some(&0) {
                match self.free.get(row as usize) {
                    Some(0) => possible = false,
                    Some(1) => self.units.push(row),
                    _ => {}
                }
            }
        }
        possible
    }

    /// Includes what is the last hope of a row; false on a contradiction.
    pub(super) fn propagate(&mut self) -> bool {
        while let Some(row) = self.units.pop() {
            if !self.unhit(row) {
                continue;
            }
            let last = get(&self.rows, row)
                .iter()
                .copied()
                .find(|&column| self.state(column) == State::Free);
            let fine = last.is_some_and(|column| self.include(column));
            if !fine {
                self.units.clear();
                return false;
            }
        }
        true
    }

    pub(super) fn undo(&mut self, mark: usize) {
        self.units.clear();
        while self.trail.len() > mark {
            match self.trail.pop() {
                Some(Change::Missing(node)) => bump(&mut self.missing, node, 1),
                Some(Change::Fired(node)) => {
                    if let Some(flag) = self.fired.get_mut(node as usize) {
                        *flag = false;
                    }
                    let pence = self.problem.nodes.get(node as usize).map_or(0, |node| node.pence);
                    self.paid = self.paid.saturating_sub(pence);
                }
                Some(Change::Column(column)) => self.undo_column(column),
                None => {}
            }
        }
    }

    fn undo_column(&mut self, column: u32) {
        let was_in = self.state(column) == State::In;
        if let Some(state) = self.state.get_mut(column as usize) {
            *state = State::Free;
        }
        if was_in {
            self.paid = self.paid.saturating_sub(value(&self.pence, column));
            self.loss_left = self.loss_left.saturating_add(self.loss(column));
        }
        for &row in get(&self.column_rows, column) {
            bump(&mut self.free, row, 1);
            if was_in {
                bump(&mut self.hits, row, -1);
            }
        }
    }
}

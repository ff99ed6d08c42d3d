//! What a branch will cost at least, and which columns that rules out.

use super::tables::{get, is_subset, value};
use super::{State, Tree};
use crate::devices::Device;
use crate::kernel::Lists;

impl Tree<'_> {
    /// A lower bound on what the rows not yet hit will cost more; leaves what is unspent for [`Self::fix`].
    pub(super) fn bound(&mut self) -> i64 {
        self.own_left.clone_from(&self.pence);
        self.node_left.clear();
        let left = self
            .problem
            .nodes
            .iter()
            .zip(&self.fired)
            .map(|(node, fired)| if *fired { 0 } else { node.pence });
        self.node_left.extend(left);
        if !self.devices.has(Device::Bound) {
            return 0;
        }
        let mut total: i64 = 0;
        let mut stands: Vec<Stand> = Vec::new();
        for row in self.open_rows() {
            while let Some(raise) = self.raise(row, &mut stands) {
                total = total.saturating_add(raise);
            }
        }
        total
    }

    /// Rows not yet hit, those with the fewest columns left first.
    fn open_rows(&self) -> Vec<u32> {
        let rows = (0..).zip(self.hits.iter().zip(&self.free));
        let open = rows.filter(|(_, (hits, _))| **hits == 0);
        let by_free = open.map(|(row, (_, free))| (*free, row));
        let most = by_free.clone().map(|(free, _)| free).max().unwrap_or(0);
        Lists::grouped(most as usize + 1, by_free).into_items()
    }

    /// Raises the dual of one row as far as one choice of stand-ins allows.
    fn raise(&mut self, row: u32, stands: &mut Vec<Stand>) -> Option<i64> {
        stands.clear();
        let shares = self.devices.has(Device::Shared);
        let mut raise = i64::MAX;
        for &column in get(&self.rows, row) {
            if self.state(column) != State::Free {
                continue;
            }
            let own = value(&self.own_left, column);
            let shared = if shares { get(&self.alone, column) } else { &[] };
            let shared = shared
                .iter()
                .map(|&node| (value(&self.node_left, node), node))
                .max_by_key(|&(left, node)| (left, std::cmp::Reverse(node)));
            let (left, stand) = match shared {
                Some((left, node)) if left > own => (left, Stand::Node(node)),
                _ => (own, Stand::Column(column)),
            };
            raise = raise.min(left);
            if raise <= 0 {
                return None;
            }
            stands.push(stand);
        }
        if stands.is_empty() {
            return None;
        }
        stands.sort_unstable();
        stands.dedup();
        for stand in stands.iter() {
            let (table, index) = match stand {
                Stand::Column(column) => (&mut self.own_left, *column),
                Stand::Node(node) => (&mut self.node_left, *node),
            };
            if let Some(left) = table.get_mut(index as usize) {
                *left -= raise;
            }
        }
        Some(raise)
    }

    /// Rules out free columns that alone would make this branch as costly as the best; false on a contradiction.
    pub(super) fn fix(&mut self, slack: i64) -> bool {
        if !self.devices.has(Device::Fixing) {
            return true;
        }
        for column in 0..self.state.len() as u32 {
            if self.state(column) != State::Free || get(&self.column_rows, column).is_empty() {
                continue;
            }
            let shared = get(&self.alone, column).iter().fold(0_i64, |sum, &node| {
                sum.saturating_add(value(&self.node_left, node))
            });
            if value(&self.own_left, column).saturating_add(shared) >= slack && !self.exclude(column) {
                return false;
            }
        }
        true
    }

    /// Excludes columns that another one beats in every way.
    pub(super) fn drop_beaten(&mut self) -> bool {
        if !self.devices.has(Device::Beaten) {
            return true;
        }
        let used: Vec<u32> = (0..self.state.len() as u32)
            .filter(|&column| self.state(column) == State::Free && !get(&self.column_rows, column).is_empty())
            .collect();
        if used.len() > crate::limits::BEATEN_COLUMNS_MAX {
            return true;
        }
        for &column in used.iter().rev() {
            let rows = get(&self.column_rows, column);
            let Some(first) = rows.first() else { continue };
            let beaten = get(&self.rows, *first).iter().any(|&other| {
                other != column && self.state(other) == State::Free && self.beats(other, column)
            });
            if beaten && !self.exclude(column) {
                return false;
            }
        }
        true
    }

    fn beats(&self, one: u32, other: u32) -> bool {
        let (cost, other_cost) = (value(&self.pence, one), value(&self.pence, other));
        cost <= other_cost
            && self.loss(one) <= self.loss(other)
            && self.rest(one) <= self.rest(other)
            && is_subset(get(&self.column_rows, other), get(&self.column_rows, one))
            && is_subset(get(&self.column_nodes, one), get(&self.column_nodes, other))
    }
}

/// What is charged for a column in one row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    Column(u32),
    Node(u32),
}

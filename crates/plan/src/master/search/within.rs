//! What may be chosen if everything beside losses may cost only so much.

use super::{State, Tree, value};
use crate::master::Problem;

impl Tree<'_> {
    /// False if what is chosen so far costs more beside losses than it may.
    pub(super) fn is_within(&self) -> bool {
        let Some(most) = self.problem.rest_max() else {
            return true;
        };
        let chosen = self.problem.columns.iter().zip(&self.state);
        let columns = chosen
            .filter(|(_, state)| **state == State::In)
            .map(|(pence, _)| *pence);
        let fired = self.problem.nodes.iter().zip(&self.fired);
        let nodes = fired.filter(|(_, fired)| **fired).map(|(node, _)| node.pence);
        columns.chain(nodes).fold(0, i64::saturating_add) <= most
    }

    /// What a column takes of what everything beside losses may cost; nothing if that is not bounded.
    pub(super) fn rest(&self, column: u32) -> i64 {
        let bounded = self
            .problem
            .rest_max()
            .and(self.problem.columns.get(column as usize));
        bounded.map_or(0, |_| value(&self.pence, column))
    }
}

/// More than any allowed choice costs: what losses and what everything else may come to, if both are bounded.
pub(super) fn cutoff(problem: &Problem) -> i64 {
    let bounds = problem.budget.as_ref().zip(problem.rest_max());
    let Some((budget, rest)) = bounds else {
        return i64::MAX;
    };
    let mut times = 0;
    for (place, &pence) in problem.losses.iter().enumerate().filter(|(_, pence)| **pence > 0) {
        match budget.pence.get(place) {
            Some(&counted) if counted > 0 => times = times.max(pence.div_euclid(counted) + 1),
            _ => return i64::MAX,
        }
    }
    let exact = |(pence, counted): (&i64, &i64)| counted.checked_mul(times - 1) == Some(*pence);
    if times > 0 && problem.losses.iter().zip(&budget.pence).all(exact) {
        times -= 1;
    }
    rest.saturating_add(times.saturating_mul(budget.pence_max))
        .saturating_add(1)
}

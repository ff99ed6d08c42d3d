//! The master problem: which withdrawals to choose so that every known derivation is cut or paid for.

/// A set of withdrawals of which at least one must be chosen, unless its loss is accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Columns, ascending, without repeats.
    pub cuts: Vec<u32>,
    /// The loss that is accepted if none is chosen; `None` if that may not be.
    pub loss: Option<u32>,
}

/// When a node of the trade circuit fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As soon as one input does. Without inputs it never fires.
    Any,
    /// When every input does. Without inputs it always fires.
    All,
}

/// A state of a service that is lost by withdrawals: the whole circuit is monotone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// How inputs combine.
    pub gate: Gate,
    /// Columns among the inputs.
    pub columns: Vec<u32>,
    /// Nodes among the inputs; circles are allowed and hold themselves up, as services do.
    pub nodes: Vec<u32>,
    /// What it costs when it fires, in pence, 0 or more.
    pub pence: i64,
    /// True if it must not fire.
    pub forbidden: bool,
}

/// How much loss may be accepted at most, whatever it costs, and how much else: the bounds of an epsilon-constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// What each loss counts for, in pence, 0 or more; not necessarily what it costs.
    pub pence: Vec<i64>,
    /// What the losses accepted may count for together.
    pub pence_max: i64,
    /// What columns and nodes may cost together; none for any.
    pub rest_max: Option<i64>,
}

/// Minimise the cost of chosen columns, fired nodes and accepted losses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What each column costs, in pence, 0 or more.
    pub columns: Vec<i64>,
    /// Columns that a person forced (`true`) or refused (`false`).
    pub fixed: Vec<Option<bool>>,
    /// What each loss costs, in pence, 0 or more.
    pub losses: Vec<i64>,
    /// What must be cut.
    pub rows: Vec<Row>,
    /// What choosing columns takes down.
    pub nodes: Vec<Node>,
    /// How much loss may be accepted; none for any.
    pub budget: Option<Budget>,
}

impl Problem {
    /// What columns and nodes may cost together, if that is bounded.
    #[must_use]
    pub fn rest_max(&self) -> Option<i64> {
        self.budget.as_ref().and_then(|budget| budget.rest_max)
    }

    /// The nodes that fire under `chosen`: the least fixpoint of the gates.
    #[must_use]
    pub fn fired(&self, chosen: &[bool]) -> Vec<bool> {
        fired(&self.nodes, chosen)
    }

    /// What `chosen` costs, or `None` if it is not allowed.
    #[must_use]
    pub fn cost(&self, chosen: &[bool]) -> Option<i64> {
        let total = bare_cost(&self.columns, &self.fixed, &self.nodes, chosen)?;
        if self.rest_max().is_some_and(|most| total > most) {
            return None;
        }
        let mut paid = vec![false; self.losses.len()];
        for row in &self.rows {
            if row.cuts.iter().any(|&column| is_set(chosen, column)) {
                continue;
            }
            let slot = row.loss.and_then(|loss| paid.get_mut(loss as usize))?;
            *slot = true;
        }
        if let Some(budget) = &self.budget
            && sum_where(&budget.pence, &paid) > budget.pence_max
        {
            return None;
        }
        Some(total.saturating_add(sum_where(&self.losses, &paid)))
    }

    /// The same problem over the columns that could be chosen, and which those are: whatever is in no row and was not forced costs and
    /// cuts nothing.
    #[must_use]
    pub fn compact(mut self) -> (Self, Vec<u32>) {
        let mut wanted: Vec<bool> = self.fixed.iter().map(|fixed| *fixed == Some(true)).collect();
        wanted.resize(self.columns.len(), false);
        for column in self.rows.iter().flat_map(|row| &row.cuts) {
            if let Some(flag) = wanted.get_mut(*column as usize) {
                *flag = true;
            }
        }
        let columns: Vec<u32> = (0..self.columns.len() as u32)
            .filter(|&column| is_set(&wanted, column))
            .collect();
        let mut numbers = vec![u32::MAX; wanted.len()];
        for (number, column) in (0..).zip(&columns) {
            if let Some(slot) = numbers.get_mut(*column as usize) {
                *slot = number;
            }
        }
        let number = |column: &u32| numbers.get(*column as usize).copied().unwrap_or(u32::MAX);
        for row in &mut self.rows {
            row.cuts.iter_mut().for_each(|column| *column = number(column));
        }
        for node in &mut self.nodes {
            node.columns
                .iter_mut()
                .for_each(|column| *column = number(column));
            let before = node.columns.len();
            node.columns.retain(|column| *column != u32::MAX);
            if node.gate == Gate::All && node.columns.len() < before {
                // It waits for what is never chosen.
                node.gate = Gate::Any;
                node.columns.clear();
                node.nodes.clear();
            }
        }
        self.columns = columns
            .iter()
            .map(|&column| value(&self.columns, column))
            .collect();
        self.fixed = columns.iter().map(|&column| self.fixing(column)).collect();
        (self, columns)
    }

    /// The fixing of a column, if a person fixed it.
    #[must_use]
    pub fn fixing(&self, column: u32) -> Option<bool> {
        self.fixed.get(column as usize).copied().flatten()
    }
}

/// True if the flag of this index is set.
#[must_use]
pub fn is_set(flags: &[bool], index: u32) -> bool {
    flags.get(index as usize).copied().unwrap_or(false)
}

/// What a choice costs before anything that is derived is counted, or `None` if it is not allowed.
#[must_use]
pub fn bare_cost(columns: &[i64], fixed: &[Option<bool>], nodes: &[Node], chosen: &[bool]) -> Option<i64> {
    let mut said = fixed.iter().zip(chosen);
    if said.any(|(fixed, chosen)| fixed.is_some_and(|wanted| wanted != *chosen)) {
        return None;
    }
    Some(sum_where(columns, chosen).saturating_add(nodes_cost(nodes, chosen)?))
}

/// What the nodes cost that fire under `chosen`, or `None` if one of them must not.
pub(super) fn nodes_cost(nodes: &[Node], chosen: &[bool]) -> Option<i64> {
    let fired = fired(nodes, chosen);
    let mut fired = nodes.iter().zip(fired).filter(|(_, fired)| *fired);
    fired.try_fold(0_i64, |total, (node, _)| {
        (!node.forbidden).then_some(total.saturating_add(node.pence))
    })
}

/// The nodes that fire under `chosen`: the least fixpoint of the gates.
#[must_use]
pub fn fired(nodes: &[Node], chosen: &[bool]) -> Vec<bool> {
    let mut fired = vec![false; nodes.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, node) in nodes.iter().enumerate() {
            if !is_set(&fired, index as u32) && fires(node, chosen, &fired) {
                if let Some(slot) = fired.get_mut(index) {
                    *slot = true;
                }
                changed = true;
            }
        }
    }
    fired
}

fn value(pence: &[i64], index: u32) -> i64 {
    pence.get(index as usize).copied().unwrap_or(0)
}

fn sum_where(pence: &[i64], flags: &[bool]) -> i64 {
    pence
        .iter()
        .zip(flags)
        .filter(|(_, flag)| **flag)
        .fold(0, |total: i64, (pence, _)| total.saturating_add(*pence))
}

fn fires(node: &Node, chosen: &[bool], fired: &[bool]) -> bool {
    match node.gate {
        Gate::Any => {
            node.columns.iter().any(|&column| is_set(chosen, column))
                || node.nodes.iter().any(|&input| is_set(fired, input))
        }
        Gate::All => {
            node.columns.iter().all(|&column| is_set(chosen, column))
                && node.nodes.iter().all(|&input| is_set(fired, input))
        }
    }
}

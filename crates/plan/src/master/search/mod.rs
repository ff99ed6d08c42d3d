//! Branch and bound for hitting sets whose elements share costs.
//!
//! - Losses become columns of their own, so that every row must be hit.
//! - The bound is dual ascent on a larger universe: choosing a column pays its own cost and fires the nodes that it
//!   alone fires, so in every row each column may be stood for by any one of the costs it brings, and columns that
//!   take the same service down may be stood for by that one service. Charges to such stand-ins never exceed their
//!   cost, so their sum bounds every solution from below (dual ascent: Erlenkotter 1978, Balas and Ho 1980). This
//!   sees what the plain linear relaxation does not: that a service lost to either of two acts is lost in full.
//! - What the first bound charges in full is the first choice offered, less what is needless (`offer`).
//! - Reduced costs fix columns; rows with one column left force it.
//! - A branch whose losses exceed the budget, if there is one, is left.
//!
//! All arithmetic is in whole pence; ties go to the lower index; nothing depends on time.

mod bound;
mod decide;
mod offer;
mod tables;
mod within;

use super::{Answer, Effort, Gate, Master, Problem, is_set, linear_bound};
use crate::devices::{Device, Devices};
use crate::kernel::Lists;
pub(super) use tables::is_subset;
use tables::{bump, get, inverse, sorted, value, without_dominated};

/// The own branch and bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search;

const NAME: &str = "search";

impl Master for Search {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        with(problem, effort, Devices::USED)
    }
}

/// Searches with some devices only.
pub(super) fn with(problem: &Problem, effort: &Effort<'_>, devices: Devices) -> Answer {
    let mut tree = Tree::new(problem, devices);
    if let Some(start) = effort.start {
        tree.offer(start.to_vec());
    }
    tree.run(effort)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    In,
    Out,
}

#[derive(Clone, Copy)]
enum Change {
    Column(u32),
    Fired(u32),
    Missing(u32),
}

struct Decision {
    mark: usize,
    column: u32,
}

/// Rows and columns with what is decided so far. Columns from `problem.columns.len()` on are losses.
struct Tree<'a> {
    problem: &'a Problem,
    devices: Devices,
    pence: Vec<i64>,
    /// What may still be lost; without a budget more than there is.
    loss_left: i64,
    rows: Lists<u32>,
    column_rows: Lists<u32>,
    column_nodes: Lists<u32>,
    node_parents: Lists<u32>,
    /// Nodes with a cost that a column fires alone, through any-gates.
    alone: Lists<u32>,
    state: Vec<State>,
    hits: Vec<u32>,
    free: Vec<u32>,
    fired: Vec<bool>,
    missing: Vec<u32>,
    paid: i64,
    trail: Vec<Change>,
    units: Vec<u32>,
    best: Option<(i64, Vec<bool>)>,
    /// More than any allowed choice costs.
    cutoff: i64,
    own_left: Vec<i64>,
    node_left: Vec<i64>,
}

impl<'a> Tree<'a> {
    fn new(problem: &'a Problem, devices: Devices) -> Self {
        let columns = problem.columns.len() + problem.losses.len();
        let cuts = problem.rows.iter().map(|row| row.cuts.len() + 1).sum();
        let mut rows = Lists::with_room(problem.rows.len(), cuts);
        for row in &problem.rows {
            let loss = row.loss.map(|loss| problem.columns.len() as u32 + loss);
            rows.push(row.cuts.iter().copied().chain(loss));
        }
        if devices.has(Device::Contained) {
            rows = without_dominated(sorted(&rows));
        }
        let column_rows = inverse(rows.iter(), columns);
        let nodes = problem.nodes.iter();
        let column_nodes = inverse(nodes.clone().map(|node| node.columns.as_slice()), columns);
        let node_parents = inverse(nodes.map(|node| node.nodes.as_slice()), problem.nodes.len());
        let missing = problem
            .nodes
            .iter()
            .map(|node| (node.columns.len() + node.nodes.len()) as u32)
            .collect();
        let mut tree = Tree {
            problem,
            devices,
            pence: problem.columns.iter().chain(&problem.losses).copied().collect(),
            loss_left: problem
                .budget
                .as_ref()
                .map_or(i64::MAX, |budget| budget.pence_max),
            hits: vec![0; rows.len()],
            free: rows.iter().map(|row| row.len() as u32).collect(),
            rows,
            column_rows,
            column_nodes,
            node_parents,
            alone: Lists::default(),
            state: vec![State::Free; columns],
            fired: vec![false; problem.nodes.len()],
            missing,
            paid: 0,
            trail: Vec::new(),
            units: Vec::new(),
            best: None,
            cutoff: within::cutoff(problem),
            own_left: Vec::new(),
            node_left: Vec::new(),
        };
        tree.alone = (0..columns as u32)
            .map(|column| tree.fired_alone(column))
            .collect();
        tree
    }

    /// Nodes that a column fires through any-gates and gates with one input.
    fn fired_alone(&self, column: u32) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        let mut open = get(&self.column_nodes, column).to_vec();
        while let Some(node) = open.pop() {
            let Some(gate) = self.problem.nodes.get(node as usize) else {
                continue;
            };
            let single = gate.columns.len() + gate.nodes.len() == 1;
            if (gate.gate == Gate::Any || single) && !found.contains(&node) {
                found.push(node);
                open.extend_from_slice(get(&self.node_parents, node));
            }
        }
        found.sort_unstable();
        found
    }

    fn state(&self, column: u32) -> State {
        self.state.get(column as usize).copied().unwrap_or(State::Out)
    }

    /// What a column takes of the budget for losses.
    fn loss(&self, column: u32) -> i64 {
        let loss = (column as usize).checked_sub(self.problem.columns.len());
        let budget = self.problem.budget.as_ref();
        budget
            .zip(loss)
            .and_then(|(budget, loss)| budget.pence.get(loss).copied())
            .unwrap_or(0)
    }

    fn unhit(&self, row: u32) -> bool {
        self.hits.get(row as usize) == Some(&0)
    }

    fn best_cost(&self) -> i64 {
        self.best.as_ref().map_or(self.cutoff, |(cost, _)| *cost)
    }

    /// The column to decide next: in the row with the fewest left, the one that hits most for its cost.
    fn next(&self) -> Option<u32> {
        let row = (0..self.rows.len() as u32)
            .filter(|&row| self.unhit(row))
            .min_by_key(|&row| (self.free.get(row as usize).copied().unwrap_or(0), row))?;
        let mut best: Option<(u32, i128, i128)> = None;
        for &column in get(&self.rows, row) {
            if self.state(column) != State::Free {
                continue;
            }
            let shared = get(&self.alone, column)
                .iter()
                .filter(|&&node| !is_set(&self.fired, node))
                .map(|&node| {
                    self.problem
                        .nodes
                        .get(node as usize)
                        .map_or(0, |node| i128::from(node.pence))
                })
                .sum::<i128>();
            let cost = 1 + i128::from(value(&self.pence, column)) + shared;
            let hit = get(&self.column_rows, column)
                .iter()
                .filter(|&&row| self.unhit(row))
                .count() as i128;
            if best.is_none_or(|(_, hits, price)| hit * price > hits * cost) {
                best = Some((column, hit, cost));
            }
        }
        best.map(|(column, _, _)| column)
    }

    /// Everything that holds before the first decision; false if there is no solution.
    fn root(&mut self) -> bool {
        let always: Vec<u32> = (0..self.problem.nodes.len() as u32)
            .filter(|&node| {
                let gate = self.problem.nodes.get(node as usize);
                gate.is_some_and(|gate| {
                    gate.gate == Gate::All && gate.columns.is_empty() && gate.nodes.is_empty()
                })
            })
            .collect();
        for node in always {
            bump(&mut self.missing, node, 1);
            if !self.feed(vec![node]) {
                return false;
            }
        }
        for row in 0..self.rows.len() as u32 {
            match get(&self.rows, row).len() {
                0 => return false,
                1 => self.units.push(row),
                _ => {}
            }
        }
        for column in 0..self.problem.columns.len() as u32 {
            let sound = match self.problem.fixing(column) {
                Some(true) => self.include(column),
                Some(false) => self.exclude(column),
                None => true,
            };
            let forbidden = self.state(column) == State::Free
                && get(&self.alone, column).iter().any(|&node| {
                    self.problem
                        .nodes
                        .get(node as usize)
                        .is_some_and(|node| node.forbidden)
                });
            if !sound || (forbidden && !self.exclude(column)) {
                return false;
            }
        }
        self.propagate() && self.drop_beaten() && self.propagate()
    }

    fn chosen(&self) -> Vec<bool> {
        self.state
            .iter()
            .take(self.problem.columns.len())
            .map(|state| *state == State::In)
            .collect()
    }

    /// Looks at the present branch: `None` if nothing better lies in it, otherwise its bound.
    fn visit(&mut self, sound: bool) -> Option<i64> {
        if !sound || !self.propagate() || !self.is_within() {
            return None;
        }
        loop {
            let bound = self.paid.saturating_add(self.bound());
            if bound >= self.best_cost() {
                return None;
            }
            let before = self.trail.len();
            let slack = self.best_cost().saturating_sub(bound);
            if !self.fix(slack) || !self.propagate() {
                return None;
            }
            if self.trail.len() == before {
                return Some(bound);
            }
        }
    }

    /// What is known to be the least that anything costs, after the first look.
    fn root_bound(&self, bound: Option<i64>) -> i64 {
        let bound = bound.unwrap_or_else(|| self.best_cost());
        if self.devices.has(Device::Linear) && bound < self.best_cost() {
            bound.max(linear_bound(self.problem).unwrap_or(bound))
        } else {
            bound
        }
    }

    fn run(mut self, effort: &Effort<'_>) -> Answer {
        if self.root() {
            self.descend(effort)
        } else {
            Answer::infeasible(0, NAME)
        }
    }

    /// Everything after [`Self::root`].
    fn descend(mut self, effort: &Effort<'_>) -> Answer {
        let mut nodes = 0;
        let mut decisions: Vec<Decision> = Vec::new();
        let mut root_bound = None;
        let mut sound = true;
        loop {
            nodes += 1;
            let bound = self.visit(sound);
            if let Some(bound) = bound.filter(|_| nodes == 1 && self.devices.has(Device::Charged)) {
                self.offer_charged(bound);
            }
            let first = *root_bound.get_or_insert_with(|| self.root_bound(bound));
            let proven = first.max(effort.lower_bound);
            if nodes > effort.nodes_max || self.best_cost() <= proven {
                let best = self.best_cost();
                return self.finish(proven.min(best), nodes);
            }
            let next = bound.and_then(|_| self.next());
            if let Some(column) = next {
                decisions.push(Decision {
                    mark: self.trail.len(),
                    column,
                });
                sound = self.include(column);
                continue;
            }
            if bound.is_some() {
                self.offer(self.chosen());
            }
            let Some(last) = decisions.pop() else {
                let best = self.best_cost();
                return self.finish(best, nodes);
            };
            self.undo(last.mark);
            sound = self.exclude(last.column);
        }
    }

    fn finish(self, lower_bound: i64, nodes: u64) -> Answer {
        let is_nothing = self.best.is_none() && lower_bound >= self.cutoff;
        Answer {
            chosen: self.best.map(|(_, chosen)| chosen),
            lower_bound: if is_nothing { i64::MAX } else { lower_bound },
            nodes,
            solver: NAME,
        }
    }
}

//! Branch and bound for hitting sets whose elements share costs.
//!
//! - Losses become columns of their own, so that every row must be hit.
//! - The bound is dual ascent on a larger universe: choosing a column pays its own cost and fires the nodes that it
//!   alone fires, so in every row each column may be stood for by any one of the costs it brings, and columns that
//!   take the same service down may be stood for by that one service. Charges to such stand-ins never exceed their
//!   cost, so their sum bounds every solution from below (dual ascent: Erlenkotter 1978, Balas and Ho 1980). This
//!   sees what the plain linear relaxation does not: that a service lost to either of two acts is lost in full.
//! - Reduced costs fix columns; rows with one column left force it.
//!
//! All arithmetic is in whole pence; ties go to the lower index; nothing depends on time.

use super::{Answer, Effort, Gate, Master, Problem};

/// The own branch and bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search;

const NAME: &str = "search";

impl Master for Search {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let mut tree = Tree::new(problem);
        if let Some(start) = effort.start {
            tree.offer(start.to_vec());
        }
        tree.run(effort)
    }
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
    pence: Vec<i64>,
    rows: Vec<Vec<u32>>,
    column_rows: Vec<Vec<u32>>,
    column_nodes: Vec<Vec<u32>>,
    node_parents: Vec<Vec<u32>>,
    /// Nodes with a cost that a column fires alone, through any-gates.
    alone: Vec<Vec<u32>>,
    state: Vec<State>,
    hits: Vec<u32>,
    free: Vec<u32>,
    fired: Vec<bool>,
    missing: Vec<u32>,
    paid: i64,
    trail: Vec<Change>,
    units: Vec<u32>,
    best: Option<(i64, Vec<bool>)>,
    own_left: Vec<i64>,
    node_left: Vec<i64>,
}

impl<'a> Tree<'a> {
    fn new(problem: &'a Problem) -> Self {
        let columns = problem.columns.len() + problem.losses.len();
        let mut rows: Vec<Vec<u32>> = problem
            .rows
            .iter()
            .map(|row| {
                let loss = row.loss.map(|loss| problem.columns.len() as u32 + loss);
                row.cuts.iter().copied().chain(loss).collect()
            })
            .collect();
        drop_dominated(&mut rows);
        let column_rows = inverse(&rows, columns);
        let inputs: Vec<Vec<u32>> = problem.nodes.iter().map(|node| node.columns.clone()).collect();
        let column_nodes = inverse(&inputs, columns);
        let inputs: Vec<Vec<u32>> = problem.nodes.iter().map(|node| node.nodes.clone()).collect();
        let node_parents = inverse(&inputs, problem.nodes.len());
        let missing = problem
            .nodes
            .iter()
            .map(|node| (node.columns.len() + node.nodes.len()) as u32)
            .collect();
        let mut tree = Tree {
            problem,
            pence: problem.columns.iter().chain(&problem.losses).copied().collect(),
            hits: vec![0; rows.len()],
            free: rows.iter().map(|row| row.len() as u32).collect(),
            rows,
            column_rows,
            column_nodes,
            node_parents,
            alone: Vec::new(),
            state: vec![State::Free; columns],
            fired: vec![false; problem.nodes.len()],
            missing,
            paid: 0,
            trail: Vec::new(),
            units: Vec::new(),
            best: None,
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

    fn unhit(&self, row: u32) -> bool {
        self.hits.get(row as usize) == Some(&0)
    }

    /// Chooses a column; false if that is not allowed.
    fn include(&mut self, column: u32) -> bool {
        if let Some(state) = self.state.get_mut(column as usize) {
            *state = State::In;
        }
        self.trail.push(Change::Column(column));
        self.paid = self.paid.saturating_add(value(&self.pence, column));
        for &row in get(&self.column_rows, column) {
            bump(&mut self.hits, row, 1);
            bump(&mut self.free, row, -1);
        }
        let open: Vec<u32> = get(&self.column_nodes, column).to_vec();
        self.feed(open)
    }

    /// Tells nodes that one input has fired, and theirs; false if a forbidden one fires.
    fn feed(&mut self, mut open: Vec<u32>) -> bool {
        let mut allowed = true;
        while let Some(node) = open.pop() {
            bump(&mut self.missing, node, -1);
            self.trail.push(Change::Missing(node));
            let Some(gate) = self.problem.nodes.get(node as usize) else {
                continue;
            };
            let complete = self.missing.get(node as usize) == Some(&0);
            let ready = gate.gate == Gate::Any || complete;
            if ready && !super::is_set(&self.fired, node) {
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
    fn exclude(&mut self, column: u32) -> bool {
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
    fn propagate(&mut self) -> bool {
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

    fn undo(&mut self, mark: usize) {
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
        }
        for &row in get(&self.column_rows, column) {
            bump(&mut self.free, row, 1);
            if was_in {
                bump(&mut self.hits, row, -1);
            }
        }
    }

    /// A lower bound on what the rows not yet hit will cost more; leaves what is unspent for [`Self::fix`].
    fn bound(&mut self) -> i64 {
        self.own_left.clone_from(&self.pence);
        self.node_left.clear();
        let left = self
            .problem
            .nodes
            .iter()
            .zip(&self.fired)
            .map(|(node, fired)| if *fired { 0 } else { node.pence });
        self.node_left.extend(left);
        let mut open: Vec<u32> = (0..self.rows.len() as u32)
            .filter(|&row| self.unhit(row))
            .collect();
        open.sort_by_key(|&row| (self.free.get(row as usize).copied().unwrap_or(0), row));
        let mut total: i64 = 0;
        let mut stands: Vec<Stand> = Vec::new();
        for row in open {
            while let Some(raise) = self.raise(row, &mut stands) {
                total = total.saturating_add(raise);
            }
        }
        total
    }

    /// Raises the dual of one row as far as one choice of stand-ins allows.
    fn raise(&mut self, row: u32, stands: &mut Vec<Stand>) -> Option<i64> {
        stands.clear();
        let mut raise = i64::MAX;
        for &column in get(&self.rows, row) {
            if self.state(column) != State::Free {
                continue;
            }
            let own = value(&self.own_left, column);
            let shared = get(&self.alone, column)
                .iter()
                .map(|&node| (value(&self.node_left, node), node))
                .max_by_key(|&(left, node)| (left, std::cmp::Reverse(node)));
            let (left, stand) = match shared {
                Some((left, node)) if left > own => (left, Stand::Node(node)),
                _ => (own, Stand::Column(column)),
            };
            raise = raise.min(left);
            stands.push(stand);
        }
        if raise <= 0 || stands.is_empty() {
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
    fn fix(&mut self, slack: i64) -> bool {
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
    fn drop_beaten(&mut self) -> bool {
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
            && is_subset(get(&self.column_rows, other), get(&self.column_rows, one))
            && is_subset(get(&self.column_nodes, one), get(&self.column_nodes, other))
    }

    /// Takes a choice as the best so far if it is; redundant columns are left out first.
    fn offer(&mut self, mut chosen: Vec<bool>) {
        let Some(mut cost) = self.problem.cost(&chosen) else {
            return;
        };
        let mut order: Vec<u32> = (0..chosen.len() as u32)
            .filter(|&column| super::is_set(&chosen, column))
            .collect();
        order.sort_by_key(|&column| (std::cmp::Reverse(value(&self.problem.columns, column)), column));
        for column in order {
            set(&mut chosen, column, false);
            match self.problem.cost(&chosen) {
                Some(less) if less <= cost => cost = less,
                _ => set(&mut chosen, column, true),
            }
        }
        if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            self.best = Some((cost, chosen));
        }
    }

    fn best_cost(&self) -> i64 {
        self.best.as_ref().map_or(i64::MAX, |(cost, _)| *cost)
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
                .filter(|&&node| !super::is_set(&self.fired, node))
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
        if !sound || !self.propagate() {
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

    fn run(mut self, effort: &Effort<'_>) -> Answer {
        let mut nodes = 0;
        if !self.root() {
            return Answer::infeasible(nodes, NAME);
        }
        let mut decisions: Vec<Decision> = Vec::new();
        let mut root_bound = None;
        let mut sound = true;
        loop {
            nodes += 1;
            let bound = self.visit(sound);
            let first = *root_bound.get_or_insert(bound.unwrap_or_else(|| self.best_cost()));
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
        Answer {
            chosen: self.best.map(|(_, chosen)| chosen),
            lower_bound,
            nodes,
            solver: NAME,
        }
    }
}

/// What is charged for a column in one row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    Column(u32),
    Node(u32),
}

fn get(table: &[Vec<u32>], index: u32) -> &[u32] {
    table.get(index as usize).map_or(&[], Vec::as_slice)
}

fn value(table: &[i64], index: u32) -> i64 {
    table.get(index as usize).copied().unwrap_or(0)
}

fn bump(table: &mut [u32], index: u32, by: i32) {
    if let Some(slot) = table.get_mut(index as usize) {
        *slot = slot.saturating_add_signed(by);
    }
}

fn set(flags: &mut [bool], index: u32, to: bool) {
    if let Some(flag) = flags.get_mut(index as usize) {
        *flag = to;
    }
}

fn inverse(lists: &[Vec<u32>], size: usize) -> Vec<Vec<u32>> {
    let mut inverse = vec![Vec::new(); size];
    for (index, list) in lists.iter().enumerate() {
        for &item in list {
            if let Some(slot) = inverse.get_mut(item as usize) {
                slot.push(index as u32);
            }
        }
    }
    inverse
}

/// True if every item of one ascending list is in the other.
fn is_subset(one: &[u32], other: &[u32]) -> bool {
    let mut rest = other.iter();
    one.iter().all(|item| rest.any(|candidate| candidate == item))
}

/// Removes rows that contain another one, and repeats; too many rows are left as they are.
fn drop_dominated(rows: &mut Vec<Vec<u32>>) {
    rows.sort_unstable_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    rows.dedup();
    if rows.len() > crate::limits::DOMINATED_ROWS_MAX {
        return;
    }
    let mut kept: Vec<Vec<u32>> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        if !kept.iter().any(|small| is_subset(small, &row)) {
            kept.push(row);
        }
    }
    *rows = kept;
}

//! The master problem as a mixed integer program, solved by `microlp`.
//!
//! Columns are binary; fired nodes and accepted losses are continuous, because once the columns are whole their least
//! values are whole too. Tolerances are those of floating-point solvers: "optimal" is exact to about one part in a
//! million, and the cost reported is always recomputed in whole pence.

use microlp::{ComparisonOp, OptimizationDirection, SolveOptions, Variable};

use super::{Answer, Budget, Effort, Gate, Master, Problem};

/// The integer program in pure Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct Integer;

const NAME: &str = "microlp";

/// A linear row: coefficients by variable, and the least value of their sum.
pub(super) struct Inequality {
    /// (variable, coefficient).
    pub(super) terms: Vec<(usize, f64)>,
    /// The sum is at least this.
    pub(super) at_least: f64,
}

/// The program in the order: columns, nodes, losses.
pub(super) struct Program {
    /// Costs in pounds, so that numbers stay small.
    pub(super) costs: Vec<f64>,
    /// Bounds of each variable.
    pub(super) bounds: Vec<(f64, f64)>,
    /// How many of the variables, from the first, are whole.
    pub(super) integers: usize,
    /// What must hold.
    pub(super) rows: Vec<Inequality>,
}

const PENCE_PER_UNIT: f64 = 100.0;

impl Program {
    pub(super) fn new(problem: &Problem) -> Self {
        let (columns, nodes) = (problem.columns.len(), problem.nodes.len());
        let pence = problem.columns.iter().copied();
        let pence = pence
            .chain(problem.nodes.iter().map(|node| node.pence))
            .chain(problem.losses.iter().copied());
        let used = used_columns(problem);
        let column_bounds = (0..columns as u32).map(|column| match problem.fixing(column) {
            Some(true) => (1.0, 1.0),
            None if super::is_set(&used, column) => (0.0, 1.0),
            _ => (0.0, 0.0),
        });
        let node_bounds = problem
            .nodes
            .iter()
            .map(|node| (0.0, if node.forbidden { 0.0 } else { 1.0 }));
        let loss_bounds = problem.losses.iter().map(|_| (0.0, 1.0));
        let mut rows: Vec<Inequality> = Vec::new();
        for row in &problem.rows {
            let cuts = row.cuts.iter().map(|&column| (column as usize, 1.0));
            let loss = row.loss.map(|loss| (columns + nodes + loss as usize, 1.0));
            rows.push(Inequality {
                terms: cuts.chain(loss).collect(),
                at_least: 1.0,
            });
        }
        for index in 0..nodes {
            node_rows(problem, index, &mut rows);
        }
        rows.extend(
            problem
                .budget
                .as_ref()
                .map(|budget| budget_row(budget, columns + nodes)),
        );
        rows.extend(problem.rest_max().map(|most| rest_row(problem, most)));
        Self {
            costs: pence.map(|pence| pence as f64 / PENCE_PER_UNIT).collect(),
            bounds: column_bounds.chain(node_bounds).chain(loss_bounds).collect(),
            integers: columns,
            rows,
        }
    }

    /// A bound in pence from one in units, or the cost itself where the solver says that it is optimal.
    pub(super) fn bound_pence(bound: f64) -> i64 {
        if bound.is_finite() {
            (bound * PENCE_PER_UNIT).floor() as i64
        } else {
            i64::MIN
        }
    }
}

/// That the losses, whose variables begin at a place, do not exceed the budget.
fn budget_row(budget: &Budget, first: usize) -> Inequality {
    let pence = budget.pence.iter().enumerate();
    Inequality {
        terms: pence
            .map(|(loss, pence)| (first + loss, -(*pence as f64) / PENCE_PER_UNIT))
            .collect(),
        at_least: -(budget.pence_max as f64) / PENCE_PER_UNIT,
    }
}

/// That columns and nodes do not cost more than they may.
fn rest_row(problem: &Problem, most: i64) -> Inequality {
    let nodes = problem.nodes.iter().map(|node| node.pence);
    let pence = problem.columns.iter().copied().chain(nodes).enumerate();
    Inequality {
        terms: pence
            .map(|(variable, pence)| (variable, -(pence as f64) / PENCE_PER_UNIT))
            .collect(),
        at_least: -(most as f64) / PENCE_PER_UNIT,
    }
}

fn used_columns(problem: &Problem) -> Vec<bool> {
    let mut used = vec![false; problem.columns.len()];
    for column in problem.rows.iter().flat_map(|row| &row.cuts) {
        if let Some(flag) = used.get_mut(*column as usize) {
            *flag = true;
        }
    }
    used
}

fn node_rows(problem: &Problem, index: usize, rows: &mut Vec<Inequality>) {
    let columns = problem.columns.len();
    let Some(node) = problem.nodes.get(index) else {
        return;
    };
    let itself = (columns + index, 1.0);
    let inputs = node.columns.iter().map(|&column| column as usize);
    let inputs: Vec<usize> = inputs
        .chain(node.nodes.iter().map(|&node| columns + node as usize))
        .collect();
    match node.gate {
        Gate::Any => rows.extend(
            inputs
                .iter()
                .filter(|&&input| input != columns + index)
                .map(|&input| Inequality {
                    terms: vec![itself, (input, -1.0)],
                    at_least: 0.0,
                }),
        ),
        Gate::All if inputs.contains(&(columns + index)) => {}
        Gate::All => {
            let at_least = 1.0 - inputs.len() as f64;
            let terms = std::iter::once(itself)
                .chain(inputs.iter().map(|&input| (input, -1.0)))
                .collect();
            rows.push(Inequality { terms, at_least });
        }
    }
}

impl Master for Integer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let program = Program::new(problem);
        let (model, variables) = model(&program);
        let start = effort.start.and_then(|start| values(problem, start));
        let warm_start = start.map(|values| variables.iter().copied().zip(values).collect());
        let mut options = SolveOptions::default();
        options.node_limit = Some(effort.nodes_max);
        options.warm_start = warm_start;
        let outcome = match model.solve_with(options) {
            Err(microlp::Error::Infeasible) => return Answer::infeasible(0, NAME),
            Err(_) => return unsolved(effort),
            Ok(outcome) => outcome,
        };
        let stats = outcome.stats();
        let proven = outcome.is_optimal();
        let Some(solution) = outcome.solution() else {
            return unsolved(effort);
        };
        let chosen: Vec<bool> = variables
            .iter()
            .take(program.integers)
            .map(|variable| solution.var_value(*variable) > 0.5)
            .collect();
        let Some(cost) = problem.cost(&chosen) else {
            return unsolved(effort);
        };
        let bound = if proven {
            cost
        } else {
            stats.best_bound.map_or(i64::MIN, Program::bound_pence)
        };
        let lower_bound = bound.max(effort.lower_bound).min(cost);
        Answer {
            chosen: Some(chosen),
            lower_bound,
            nodes: stats.nodes_solved,
            solver: NAME,
        }
    }
}

fn unsolved(effort: &Effort<'_>) -> Answer {
    Answer {
        chosen: effort.start.map(<[bool]>::to_vec),
        lower_bound: effort.lower_bound,
        nodes: 0,
        solver: NAME,
    }
}

fn model(program: &Program) -> (microlp::Problem, Vec<Variable>) {
    let mut model = microlp::Problem::new(OptimizationDirection::Minimize);
    let variables: Vec<Variable> = program
        .costs
        .iter()
        .zip(&program.bounds)
        .enumerate()
        .map(|(index, (cost, bounds))| {
            if index < program.integers {
                model.add_integer_var(*cost, (bounds.0 as i32, bounds.1 as i32))
            } else {
                model.add_var(*cost, *bounds)
            }
        })
        .collect();
    for row in &program.rows {
        let terms: Vec<(Variable, f64)> = row
            .terms
            .iter()
            .filter_map(|(index, factor)| variables.get(*index).map(|variable| (*variable, *factor)))
            .collect();
        model.add_constraint(&terms, ComparisonOp::Ge, row.at_least);
    }
    (model, variables)
}

/// The values of every variable of the program under a choice, in its order; none if the choice is not allowed.
fn values(problem: &Problem, start: &[bool]) -> Option<Vec<f64>> {
    problem.cost(start)?;
    let fired = problem.fired(start);
    let mut losses = vec![false; problem.losses.len()];
    for row in &problem.rows {
        let hit = row.cuts.iter().any(|&column| super::is_set(start, column));
        if let Some(slot) = row.loss.and_then(|loss| losses.get_mut(loss as usize)) {
            *slot |= !hit;
        }
    }
    let flags = start.iter().chain(&fired).chain(&losses);
    Some(flags.map(|flag| f64::from(u8::from(*flag))).collect())
}

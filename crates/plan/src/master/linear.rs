//! The bound by linear relaxation: columns may be chosen in part.
//!
//! Where every row is a path and nothing is shared, its optimum is often whole; where rows are dense and random, it is not. Measured
//! beside the bound by dual ascent, see `crates/plan/README.md`.

use microlp::{ComparisonOp, OptimizationDirection, Variable};

use super::Problem;
use super::integer::Program;

/// No choice costs less, in pence; none if the solver failed. To about one part in a million.
#[must_use]
pub fn linear_bound(problem: &Problem) -> Option<i64> {
    let program = Program::new(problem);
    let mut model = microlp::Problem::new(OptimizationDirection::Minimize);
    let variables = program.costs.iter().zip(&program.bounds);
    let variables: Vec<Variable> = variables
        .map(|(cost, bounds)| model.add_var(*cost, *bounds))
        .collect();
    for row in &program.rows {
        let terms = row.terms.iter();
        let terms = terms.filter_map(|(index, factor)| Some((*variables.get(*index)?, *factor)));
        let terms: Vec<(Variable, f64)> = terms.collect();
        model.add_constraint(&terms, ComparisonOp::Ge, row.at_least);
    }
    match model.solve() {
        Err(microlp::Error::Infeasible) => Some(i64::MAX),
        Err(_) => None,
        Ok(outcome) => {
            let least = outcome.solution()?.objective();
            Some(Program::bound_pence(least - least.abs() * 1e-6))
        }
    }
}

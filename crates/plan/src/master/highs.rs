//! The master problem as a mixed integer program, solved by HiGHS (feature `highs`: needs cmake, a C++ compiler and
//! libclang to build).

use highs::{HighsModelStatus, RowProblem, Sense};

use super::integer::Program;
use super::{Answer, Effort, Master, Problem};

/// The integer program in HiGHS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Highs;

const NAME: &str = "HiGHS";

impl Master for Highs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let program = Program::new(problem);
        let mut model = RowProblem::default();
        let variables: Vec<highs::Col> = program
            .costs
            .iter()
            .zip(&program.bounds)
            .enumerate()
            .map(|(index, (cost, bounds))| {
                model.add_column_with_integrality(*cost, bounds.0..=bounds.1, index < program.integers)
            })
            .collect();
        for row in &program.rows {
            let terms: Vec<(highs::Col, f64)> = row
                .terms
                .iter()
                .filter_map(|(index, factor)| variables.get(*index).map(|variable| (*variable, *factor)))
                .collect();
            model.add_row(row.at_least.., terms);
        }
        let mut model = model.optimise(Sense::Minimise);
        model.make_quiet();
        model.set_option("threads", 1);
        model.set_option("mip_rel_gap", 0.0);
        model.set_option("mip_abs_gap", 0.0);
        let solved = model.solve();
        let unsolved = || Answer {
            chosen: effort.start.map(<[bool]>::to_vec),
            lower_bound: effort.lower_bound,
            nodes: 0,
            solver: NAME,
        };
        match solved.status() {
            HighsModelStatus::Infeasible => Answer::infeasible(0, NAME),
            HighsModelStatus::Optimal => {
                let values = solved.get_solution();
                let chosen: Vec<bool> = values
                    .columns()
                    .iter()
                    .take(program.integers)
                    .map(|value| *value > 0.5)
                    .collect();
                let Some(cost) = problem.cost(&chosen) else {
                    return unsolved();
                };
                Answer {
                    chosen: Some(chosen),
                    lower_bound: cost,
                    nodes: 0,
                    solver: NAME,
                }
            }
            _ => unsolved(),
        }
    }
}

//! The master problem as a mixed integer program, solved by HiGHS (feature `highs`: needs cmake, a C++ compiler and
//! libclang to build).
//!
//! HiGHS 1.16 is given no start: with one it called choices optimal that were not, on masters where it finds the
//! optimum without.

use highs::{Col, HighsModelStatus, RowProblem, Sense, SolvedModel};

use super::integer::Program;
use super::{Answer, Effort, Master, Problem};

/// The integer program in HiGHS, on one thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Highs;

const NAME: &str = "HiGHS";

impl Master for Highs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let program = Program::new(problem);
        let mut model = rows(&program).optimise(Sense::Minimise);
        model.make_quiet();
        model.set_option("threads", 1);
        model.set_option("parallel", "off");
        model.set_option("mip_rel_gap", 0.0);
        model.set_option("mip_abs_gap", 0.0);
        model.set_option(
            "mip_max_nodes",
            i32::try_from(effort.nodes_max).unwrap_or(i32::MAX),
        );
        let Ok(solved) = model.try_solve() else {
            return unsolved(effort);
        };
        match solved.status() {
            HighsModelStatus::Infeasible => Answer::infeasible(0, NAME),
            HighsModelStatus::Optimal => answer(problem, effort, &solved, program.integers),
            _ => unsolved(effort),
        }
    }
}

fn rows(program: &Program) -> RowProblem {
    let mut model = RowProblem::default();
    let variables: Vec<Col> = program
        .costs
        .iter()
        .zip(&program.bounds)
        .enumerate()
        .map(|(index, (cost, bounds))| {
            model.add_column_with_integrality(*cost, bounds.0..=bounds.1, index < program.integers)
        })
        .collect();
    for row in &program.rows {
        let terms: Vec<(Col, f64)> = row
            .terms
            .iter()
            .filter_map(|(index, factor)| variables.get(*index).map(|variable| (*variable, *factor)))
            .collect();
        model.add_row(row.at_least.., terms);
    }
    model
}

fn answer(problem: &Problem, effort: &Effort<'_>, solved: &SolvedModel, columns: usize) -> Answer {
    let solution = solved.get_solution();
    let chosen: Vec<bool> = solution
        .columns()
        .iter()
        .take(columns)
        .map(|value| *value > 0.5)
        .collect();
    let Some(cost) = problem.cost(&chosen) else {
        return unsolved(effort);
    };
    Answer {
        chosen: Some(chosen),
        lower_bound: cost,
        nodes: 0,
        solver: NAME,
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

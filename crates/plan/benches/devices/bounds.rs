//! The two bounds that a search can begin with, beside the optimum.

use std::cell::RefCell;
use std::rc::Rc;

use cordon_plan::master::{Answer, Combined, Effort, Master, Problem, Search, linear_bound};

/// How close one bound comes to the optima of several masters.
#[derive(Clone, Copy, Debug)]
struct Closeness {
    whole: u32,
    sum: f64,
    least: f64,
}

impl Default for Closeness {
    fn default() -> Self {
        Self {
            whole: 0,
            sum: 0.0,
            least: 1.0,
        }
    }
}

impl Closeness {
    /// The linear bound is exact to about one part in a million.
    fn add(&mut self, bound: i64, optimum: i64) {
        let share = bound as f64 / optimum as f64;
        self.whole += u32::from(share > 1.0 - 2e-6);
        self.sum += share;
        self.least = self.least.min(share);
    }
}

/// Masters of which the optimum is known and costs something.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    masters: u32,
    ascent: Closeness,
    linear: Closeness,
}

impl Bounds {
    /// The cells of a row of the table.
    pub(crate) fn cells(&self) -> String {
        let cells = |one: &Closeness| {
            let mean = one.sum / f64::from(self.masters.max(1));
            format!(
                "{} | {:.2} % | {:.2} %",
                one.whole,
                mean * 100.0,
                one.least * 100.0
            )
        };
        format!(
            "{} | {} | {}",
            self.masters,
            cells(&self.ascent),
            cells(&self.linear)
        )
    }
}

/// The usual solver, which also asks for both bounds of everything that it solves.
#[derive(Debug, Default)]
pub(crate) struct Bounding(pub(crate) Rc<RefCell<Bounds>>);

impl Master for Bounding {
    fn name(&self) -> &'static str {
        Combined.name()
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let answer = Combined.solve(problem, effort);
        let cost = answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
        let proven = cost.filter(|cost| *cost > 0 && *cost == answer.lower_bound);
        let first = Effort {
            nodes_max: 0,
            start: None,
            lower_bound: 0,
        };
        if let Some((optimum, linear)) = proven.zip(linear_bound(problem)) {
            let mut bounds = self.0.borrow_mut();
            bounds.masters += 1;
            let ascent = Search.solve(problem, &first).lower_bound;
            bounds.ascent.add(ascent, optimum);
            bounds.linear.add(linear, optimum);
        }
        answer
    }
}

//! The master problem and what solves it.
//!
//! Every cost is a whole number of pence, so that an optimum is exact and two solvers can be compared to the penny.
//! [`search`] is an own branch and bound for hitting sets with shared costs; [`integer`] hands the problem to
//! `microlp`; with the feature `highs`, the integer solver HiGHS can be used instead. [`Combined`] is the default: the
//! search; past few nodes the search over the master made small ([`Reduced`]); and past its budget the integer program. Each starts
//! from what the one before found.

#[cfg(feature = "highs")]
mod highs;
pub mod integer;
mod linear;
mod problem;
mod reduced;
pub mod search;

#[cfg(feature = "highs")]
pub use highs::Highs;
pub use integer::Integer;
pub use linear::linear_bound;
pub use problem::{Budget, Gate, Node, Problem, Row, bare_cost, fired, is_set};
pub use reduced::Reduced;
pub use search::Search;

use crate::devices::{Device, Devices};
use crate::limits::{
    SEARCH_NODES_MAX, SEARCH_WHOLE_NODES_MAX, SEARCH_WHOLE_NODES_MIN, SEARCH_WHOLE_WORK_MAX,
};

/// What a solver found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The best choice found, one flag per column; `None` if none was found.
    pub chosen: Option<Vec<bool>>,
    /// No choice costs less than this; [`i64::MAX`] if there is provably none.
    pub lower_bound: i64,
    /// How much work it took, in nodes of the search tree.
    pub nodes: u64,
    /// The name of what solved it.
    pub solver: &'static str,
}

impl Answer {
    /// True if there is provably no choice.
    #[must_use]
    pub const fn is_infeasible(&self) -> bool {
        self.lower_bound == i64::MAX
    }

    pub(crate) const fn infeasible(nodes: u64, solver: &'static str) -> Self {
        Self {
            chosen: None,
            lower_bound: i64::MAX,
            nodes,
            solver,
        }
    }
}

/// How far a solver goes.
#[derive(Clone, Debug)]
pub struct Effort<'a> {
    /// Most nodes of the search tree; beyond it the best so far is returned with its bound.
    pub nodes_max: u64,
    /// A choice to start from, if one is known; it may be too costly but must be allowed.
    pub start: Option<&'a [bool]>,
    /// A bound that is already proven: a choice of this cost is optimal.
    pub lower_bound: i64,
}

/// Something that solves master problems to proven optimality, given enough effort.
pub trait Master: std::fmt::Debug {
    /// What it is called in documents.
    fn name(&self) -> &'static str;

    /// Solves a problem.
    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer;

    /// What else helps a solve with it; anything but all is for measuring.
    #[doc(hidden)]
    fn devices(&self) -> Devices {
        Devices::USED
    }
}

/// The own search, and the integer program for what it does not finish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Combined;

impl Master for Combined {
    fn name(&self) -> &'static str {
        "search, then integer program"
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        Devised(Devices::USED).solve(problem, effort)
    }
}

/// [`Combined`] with some devices only.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Devised(pub Devices);

impl Master for Devised {
    fn name(&self) -> &'static str {
        Combined.name()
    }

    fn devices(&self) -> Devices {
        self.0
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        if !self.0.has(Device::Integer) {
            return search::with(problem, effort, self.0);
        }
        let few = Effort {
            nodes_max: effort.nodes_max.min(whole_nodes_max(problem)),
            ..effort.clone()
        };
        let first = search::with(problem, &few, self.0);
        if is_solved(problem, &first) {
            return first;
        }
        let few = Effort {
            nodes_max: effort.nodes_max.min(SEARCH_NODES_MAX),
            start: first.chosen.as_deref(),
            lower_bound: first.lower_bound,
        };
        let second = reduced::with(problem, &few, u64::MAX, self.0);
        let best = better(problem, first, second);
        if is_solved(problem, &best) {
            return best;
        }
        let effort = Effort {
            nodes_max: effort.nodes_max,
            start: best.chosen.as_deref(),
            lower_bound: best.lower_bound,
        };
        let third = Integer.solve(problem, &effort);
        better(problem, best, third)
    }
}

/// Nodes of a problem as it is, by its size.
fn whole_nodes_max(problem: &Problem) -> u64 {
    let nodes = SEARCH_WHOLE_WORK_MAX / problem.rows.len().max(1) as u64;
    nodes.clamp(SEARCH_WHOLE_NODES_MIN, SEARCH_WHOLE_NODES_MAX)
}

/// True if an answer is proven, or that there is none.
fn is_solved(problem: &Problem, answer: &Answer) -> bool {
    let cost = answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
    answer.is_infeasible() || cost.is_some_and(|cost| cost <= answer.lower_bound)
}

/// The cheaper choice of two answers with the better bound.
fn better(problem: &Problem, first: Answer, second: Answer) -> Answer {
    let cost = |answer: &Answer| answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
    let lower_bound = first.lower_bound.max(second.lower_bound);
    let nodes = first.nodes.saturating_add(second.nodes);
    let first_is_cheaper = match (cost(&first), cost(&second)) {
        (Some(one), Some(other)) => one <= other,
        (one, _) => one.is_some(),
    };
    let best = if first_is_cheaper { first } else { second };
    Answer {
        lower_bound,
        nodes,
        ..best
    }
}

//! Blocking a limited number of edges: the published edge-blocking task for Active Directory.
//!
//! Given is a plain graph of who can take whom. An intruder starts at one of several entries and takes the path to the
//! target that succeeds most likely: the product over its edges of one minus their failure rates. At most a number of
//! edges may be blocked, and only blockable ones. Which ones make the intruder's best success least? This is the
//! problem of Guo, Ward, Neumann, Neumann and Nguyen (*Practical fixed-parameter algorithms for defending Active
//! Directory style attack graphs*, AAAI 2022), also known as the most vital arcs of a shortest path (Corley and Sha
//! 1982; Israeli and Wood 2002).
//!
//! Success is a product, so its negative logarithm is a length, and the intruder takes the shortest path. Lengths are
//! whole numbers ([`Difficulty`]), so that sums are exact and a proof is one.
//!
//! 1. [`kernel`] drops what no path uses and contracts what no block can tell apart.
//! 2. Paths that share no blockable edge bound the answer from above: one more of them than may be blocked, and one
//!    stays. A minimum cut of the edges on short paths is a first answer.
//! 3. [`search`] is the implicit hitting set of the plans (`hitting`): paths found as they are violated are rows of a
//!    master problem, which the same solver decides. Which paths must be hit is halved between what is reached and
//!    what is proven, until they meet.

pub mod baselines;
mod flow;
mod kernel;
mod net;
mod pieces;
mod search;

pub use search::{kernel_size, solve};

use serde::{Deserialize, Serialize};

/// How hard an edge or a path is: the negative natural logarithm of its success, in steps of 2⁻⁴⁰.
///
/// Each edge is rounded once, by at most 2⁻⁴¹; sums are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Difficulty(pub u64);

/// Steps to one unit of the natural logarithm.
const STEPS: f64 = (1_u64 << 40) as f64;

impl Difficulty {
    /// No path at all.
    pub const IMPOSSIBLE: Self = Self(u64::MAX);

    /// The difficulty of an edge that fails with this probability; `None` unless it is from 0 to 1.
    #[must_use]
    pub fn of_failure(failure: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&failure) {
            return None;
        }
        let nepers = -(-failure).ln_1p();
        Some(if nepers.is_finite() {
            Self((nepers * STEPS).round() as u64)
        } else {
            Self::IMPOSSIBLE
        })
    }

    /// The probability of success, from 0 to 1.
    #[must_use]
    pub fn success(self) -> f64 {
        if self == Self::IMPOSSIBLE {
            0.0
        } else {
            (-(self.0 as f64) / STEPS).exp()
        }
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// One edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Node that must be held.
    pub from: u32,
    /// Node that is taken.
    pub to: u32,
    /// How hard that is.
    pub difficulty: Difficulty,
    /// True if it may be blocked.
    pub blockable: bool,
}

/// The whole task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// How many nodes there are; edges beyond them are ignored.
    pub nodes: u32,
    /// All edges, in any order.
    pub edges: Vec<Edge>,
    /// Where the intruder may start.
    pub entries: Vec<u32>,
    /// What the intruder wants.
    pub target: u32,
    /// Most edges blocked.
    pub edges_max: u32,
}

/// How far a solve goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most master problems solved.
    pub rounds_max: u32,
    /// Most nodes of one master's search tree.
    pub nodes_max: u64,
    /// Elapsed seconds, by the clock given, after which the best so far is returned.
    pub deadline_seconds: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rounds_max: 100_000,
            nodes_max: crate::limits::MASTER_NODES_MAX,
            deadline_seconds: 60.0,
        }
    }
}

/// What is left of a task that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Edges.
    pub edges: usize,
    /// Edges among them that may be blocked.
    pub blockable: usize,
}

/// The best blocks found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Indices of the edges to block, ascending.
    pub blocked: Vec<u32>,
    /// How hard the intruder's best path then is; [`Difficulty::IMPOSSIBLE`] if there is none.
    pub difficulty: Difficulty,
    /// No blocks make it harder than this.
    pub bound: Difficulty,
    /// Master problems solved.
    pub rounds: u32,
    /// What was left after the kernel.
    pub kernel: Size,
}

impl Answer {
    /// True if no other blocks are better.
    #[must_use]
    pub fn is_optimal(&self) -> bool {
        self.difficulty >= self.bound
    }
}

/// The intruder's best path with some edges blocked, as indices of edges, and how hard it is; `None` if there is none.
#[must_use]
pub fn best_path(instance: &Instance, blocked: &[u32]) -> Option<(Difficulty, Vec<u32>)> {
    let (arcs, nodes) = pieces::arcs(instance);
    let open: Vec<net::Arc> = arcs
        .into_iter()
        .filter(|arc| {
            arc.origin
                .is_none_or(|origin| blocked.binary_search(&origin).is_err())
        })
        .collect();
    let origins: Vec<Option<u32>> = open.iter().map(|arc| arc.origin).collect();
    let net = net::Net::new(nodes, open);
    let (difficulty, path) = net.shortest(&[])?;
    let edges = path
        .into_iter()
        .filter_map(|arc| origins.get(arc as usize).copied().flatten())
        .collect();
    Some((difficulty, edges))
}

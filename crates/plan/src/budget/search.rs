//! Which blocks are best, by paths found as they are violated.

use super::flow::minimum_cut;
use super::kernel::Kernel;
use super::{Answer, Difficulty, Instance, Limits, Size, best_path};
use crate::master::{Effort, Master, Problem, Row};

/// Finds the blocks under which the intruder's best path is hardest. `clock` gives elapsed seconds since any fixed
/// instant.
///
/// The same instance gives the same answer, unless a limit is reached by time.
#[must_use]
pub fn solve(
    instance: &Instance,
    master: &dyn Master,
    limits: &Limits,
    clock: &mut dyn FnMut() -> f64,
) -> Answer {
    let kernel = Kernel::new(instance);
    let mut search = Search::new(&kernel, instance.edges_max);
    search.start();
    while search.reached < search.bound && search.rounds < limits.rounds_max {
        let learned = search.round(master, limits.nodes_max);
        if !learned || clock() >= limits.deadline_seconds {
            break;
        }
    }
    let mut blocked: Vec<u32> = search
        .best
        .iter()
        .filter_map(|&arc| kernel.net.arc(arc)?.column)
        .collect();
    blocked.sort_unstable();
    let difficulty = best_path(instance, &blocked).map_or(Difficulty::IMPOSSIBLE, |(length, _)| length);
    Answer {
        blocked,
        difficulty,
        bound: search.bound.max(difficulty),
        rounds: search.rounds,
        kernel: kernel.size(),
    }
}

/// What a task comes down to, without solving it.
#[must_use]
pub fn kernel_size(instance: &Instance) -> Size {
    Kernel::new(instance).size()
}

struct Search<'a> {
    kernel: &'a Kernel,
    edges_max: u32,
    /// Known paths: length, and the blockable arcs by their place in `columns`, ascending.
    rows: Vec<(Difficulty, Vec<u32>)>,
    /// The arc of each column.
    columns: Vec<u32>,
    column_of: Vec<u32>,
    /// Arcs of the best blocks so far, ascending, and how hard they make the best path.
    best: Vec<u32>,
    reached: Difficulty,
    /// No blocks do better.
    bound: Difficulty,
    rounds: u32,
}

impl<'a> Search<'a> {
    fn new(kernel: &'a Kernel, edges_max: u32) -> Self {
        let mut column_of = vec![u32::MAX; kernel.net.arcs.len()];
        let mut columns = Vec::new();
        for (arc, slot) in column_of.iter_mut().enumerate() {
            if kernel.net.arc(arc as u32).is_some_and(|arc| arc.column.is_some()) {
                *slot = columns.len() as u32;
                columns.push(arc as u32);
            }
        }
        Self {
            kernel,
            edges_max,
            rows: Vec::new(),
            columns,
            column_of,
            best: Vec::new(),
            reached: Difficulty(0),
            bound: kernel.cap,
            rounds: 0,
        }
    }

    /// Known before any round: the paths that bound the answer, and the largest cut that can be paid.
    fn start(&mut self) {
        self.offer(&[]);
        for (length, path) in &self.kernel.packed {
            self.learn(*length, path);
        }
        let through = self.kernel.net.through();
        let mut steps: Vec<Difficulty> = through.clone();
        steps.push(self.kernel.cap);
        steps.sort_unstable();
        steps.dedup();
        let (mut low, mut high) = (0, steps.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let below = steps.get(middle).copied().unwrap_or(self.kernel.cap);
            match minimum_cut(&self.kernel.net, &through, below, self.edges_max as usize) {
                Some(cut) => {
                    self.offer(&cut);
                    low = middle + 1;
                }
                None => high = middle,
            }
        }
    }

    /// What a choice of arcs leaves: how hard, and the path.
    fn outcome(&self, arcs: &[u32]) -> (Difficulty, Option<Vec<u32>>) {
        self.kernel
            .net
            .shortest(&self.banned(arcs))
            .map_or((self.kernel.cap, None), |(length, path)| {
                (length.min(self.kernel.cap), Some(path))
            })
    }

    fn banned(&self, arcs: &[u32]) -> Vec<bool> {
        let mut banned = vec![false; self.kernel.net.arcs.len()];
        for &arc in arcs {
            if let Some(flag) = banned.get_mut(arc as usize) {
                *flag = true;
            }
        }
        banned
    }

    fn offer(&mut self, arcs: &[u32]) {
        let (reached, path) = self.outcome(arcs);
        if let Some(path) = path {
            self.learn(reached, &path);
        }
        if reached > self.reached {
            self.reached = reached;
            self.best = arcs.to_vec();
        }
    }

    /// Keeps a path as a row; true if it is new.
    fn learn(&mut self, length: Difficulty, path: &[u32]) -> bool {
        let mut cuts: Vec<u32> = path
            .iter()
            .filter_map(|&arc| self.column_of.get(arc as usize).copied())
            .filter(|&column| column != u32::MAX)
            .collect();
        cuts.sort_unstable();
        let row = (length, cuts);
        match self.rows.binary_search(&row) {
            Ok(_) => false,
            Err(place) => {
                self.rows.insert(place, row);
                true
            }
        }
    }

    /// How long paths must at least be in the next round: halfway among the lengths known between what is reached
    /// and what is proven, and else the least step.
    fn aim(&self) -> Difficulty {
        let between: Vec<Difficulty> = self
            .rows
            .iter()
            .map(|(length, _)| *length)
            .filter(|length| *length > self.reached && *length < self.bound)
            .collect();
        between
            .get(between.len() / 2)
            .copied()
            .unwrap_or(self.reached.plus(Difficulty(1)))
    }

    /// Asks for blocks that hit every known path shorter than the aim; true if anything came of it.
    fn round(&mut self, master: &dyn Master, nodes_max: u64) -> bool {
        self.rounds += 1;
        let aim = self.aim();
        let problem = self.problem(aim);
        let enough = i64::from(self.edges_max);
        let answer = master.solve(
            &problem,
            &Effort {
                nodes_max,
                start: Some(&vec![false; self.columns.len()]),
                // Any choice that can be paid will do.
                lower_bound: enough,
            },
        );
        if answer.lower_bound > enough {
            // One of these paths stays whatever is blocked.
            let longest = self.rows.iter().rfind(|(length, _)| *length < aim);
            self.bound = longest.map_or(self.bound, |(length, _)| self.bound.min(*length));
            return true;
        }
        let chosen = answer.chosen.unwrap_or_default();
        if problem.cost(&chosen).is_none_or(|cost| cost > enough) {
            return false;
        }
        let arcs: Vec<u32> = self
            .columns
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|(arc, _)| *arc)
            .collect();
        let before = (self.reached, self.rows.len());
        self.offer(&arcs);
        self.learn_more(arcs, aim);
        before != (self.reached, self.rows.len())
    }

    /// Each block costs one; giving up costs one more than may be blocked.
    fn problem(&self, aim: Difficulty) -> Problem {
        let short = self.rows.iter().take_while(|(length, _)| *length < aim);
        Problem {
            columns: vec![1; self.columns.len()],
            fixed: vec![None; self.columns.len()],
            losses: vec![i64::from(self.edges_max) + 1],
            rows: short
                .map(|(_, cuts)| Row {
                    cuts: cuts.clone(),
                    loss: Some(0),
                })
                .collect(),
            nodes: Vec::new(),
            budget: None,
        }
    }

    /// Paths that stay below the aim and share no blockable arc with one another nor with those known to be left.
    fn learn_more(&mut self, arcs: Vec<u32>, aim: Difficulty) {
        let mut banned = self.banned(&arcs);
        for _ in 0..crate::limits::DISJOINT_MAX {
            let Some((length, path)) = self.kernel.net.shortest(&banned) else {
                return;
            };
            if length >= aim {
                return;
            }
            self.learn(length, &path);
            for &arc in &path {
                let blockable = self.kernel.net.arc(arc).is_some_and(|arc| arc.column.is_some());
                if let Some(flag) = banned.get_mut(arc as usize) {
                    *flag |= blockable;
                }
            }
        }
    }
}

//! Greedy choice: of the derivations known, choose again and again the withdrawal that cuts most of those not yet cut for its
//! money; find derivations that hold all the same, and choose anew, until no jewel is reached (Chvátal 1979, *A greedy
//! heuristic for the set-covering problem*: within ln n of the optimum over n known sets if prices add up, which here
//! they do not quite: withdrawals share what a service costs).

use std::collections::{BTreeMap, BTreeSet};

use cordon_plan::candidates::Candidate;
use cordon_plan::circuit::Circuit;
use cordon_plan::hitting::Oracle;
use cordon_plan::kernel::{Kernel, Lists, Source};
use cordon_plan::master::{Problem, is_set};
use cordon_reach::Base;
use rustc_hash::FxHashMap;

use super::question::{Ground, Question};

/// Most times in a round that derivations are looked for which have nothing in common with those found: as many as the
/// planner's.
const DISJOINT_MAX: usize = 24;

/// Most rounds; what is in reach then stays so.
const ROUNDS_MAX: usize = 500;

/// Greedy choice in one incident.
pub(crate) struct Greedy {
    columns: Vec<Candidate>,
    kernel: Kernel,
    /// Prices of columns and of what they take down.
    prices: Problem,
    /// Columns that services hang on.
    shared: Vec<bool>,
    chosen: Vec<bool>,
}

impl Greedy {
    pub(crate) fn new(ground: &Ground<'_>, question: &Question) -> Self {
        let columns = question.columns(ground);
        let mut cutters: Vec<Vec<u32>> = vec![Vec::new(); ground.graph.base_facts()];
        for (place, column) in (0..).zip(&columns) {
            for fact in question.timely(ground, column) {
                if let Some(list) = cutters.get_mut(fact.index()) {
                    list.push(place);
                }
            }
        }
        let cutters: Lists<u32> = cutters.into_iter().collect();
        let kernel = Kernel::new(&Source {
            facts: ground.graph.facts(),
            rules: &question.rules,
            given: &Question::given(ground),
            cutters: &cutters,
            targets: &question.jewels,
            hard: &vec![true; question.jewels.len()],
        });
        let prices = prices(ground, &columns);
        let mut shared = vec![false; columns.len()];
        for &column in prices.nodes.iter().flat_map(|node| &node.columns) {
            set(&mut shared, column, true);
        }
        Self {
            chosen: vec![false; columns.len()],
            columns,
            kernel,
            prices,
            shared,
        }
    }

    /// Chooses until no jewel is reached, or nothing that may be done is left against it.
    pub(crate) fn choose(&mut self) -> Vec<Candidate> {
        let mut known: BTreeSet<Vec<u32>> = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            let before = known.len();
            known.extend(self.violated());
            if known.len() == before {
                break;
            }
            self.cover(&known);
        }
        self.picked()
    }

    /// Takes back what is needless, the dearest first.
    pub(crate) fn prune(&mut self) -> Vec<Candidate> {
        let reached = self.kernel.derive(&self.chosen, true).found.len();
        let mut order: Vec<u32> = (0..self.chosen.len() as u32)
            .filter(|&column| is_set(&self.chosen, column))
            .collect();
        let nothing = vec![false; self.chosen.len()];
        order.sort_by_cached_key(|&column| (std::cmp::Reverse(self.with(&nothing, column)), column));
        self.take_back(&order, reached);
        self.picked()
    }

    /// The same as taking them back one after another, for what may be taken back together may be one by one.
    fn take_back(&mut self, columns: &[u32], reached: usize) {
        let mut less = self.chosen.clone();
        for &column in columns {
            set(&mut less, column, false);
        }
        if self.kernel.derive(&less, true).found.len() <= reached {
            self.chosen = less;
        } else if columns.len() > 1 {
            let (first, rest) = columns.split_at(columns.len() / 2);
            self.take_back(first, reached);
            self.take_back(rest, reached);
        }
    }

    /// Derivations of jewels that hold under the choice, one after another with nothing in common: for each the columns
    /// that cut it.
    fn violated(&mut self) -> Vec<Vec<u32>> {
        let mut violated = Vec::new();
        let mut tried = self.chosen.clone();
        for _ in 0..DISJOINT_MAX {
            let derived = self.kernel.derive(&tried, true);
            let sets = derived.found.iter().map(|(_, set)| derived.sets.of(*set));
            let sets: Vec<&[u32]> = sets.filter(|set| !set.is_empty()).collect();
            if sets.is_empty() {
                break;
            }
            for &column in sets.iter().copied().flatten() {
                set(&mut tried, column, true);
            }
            violated.extend(sets.into_iter().map(<[u32]>::to_vec));
        }
        violated
    }

    /// Chooses anew: the withdrawal that cuts most of what is not cut for its money, until all is cut or whatever would cut
    /// the rest takes a protected service down.
    fn cover(&mut self, known: &BTreeSet<Vec<u32>>) {
        let mut left: Vec<&Vec<u32>> = known.iter().collect();
        self.chosen.fill(false);
        while let Some(column) = self.best(&left) {
            set(&mut self.chosen, column, true);
            left.retain(|set| set.binary_search(&column).is_err());
        }
    }

    fn best(&self, left: &[&Vec<u32>]) -> Option<u32> {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for &column in left.iter().copied().flatten() {
            *counts.entry(column).or_default() += 1;
        }
        let paid = self.prices.cost(&self.chosen)?;
        let mut best: Option<(f64, u32)> = None;
        for (column, cuts) in counts {
            let own = self
                .columns
                .get(column as usize)
                .map(|column| column.friction_pence);
            let price = if is_set(&self.shared, column) {
                self.with(&self.chosen, column).map(|price| price - paid)
            } else {
                own
            };
            let Some(price) = price else { continue };
            let score = f64::from(cuts) / price.max(1) as f64;
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, column));
            }
        }
        best.map(|(_, column)| column)
    }

    /// What a choice costs with one more column; none if a protected service goes down.
    fn with(&self, chosen: &[bool], column: u32) -> Option<i64> {
        let mut more = chosen.to_vec();
        set(&mut more, column, true);
        self.prices.cost(&more)
    }

    fn picked(&self) -> Vec<Candidate> {
        let picked = self
            .columns
            .iter()
            .zip(&self.chosen)
            .filter(|(_, chosen)| **chosen);
        picked.map(|(column, _)| column.clone()).collect()
    }
}

fn set(flags: &mut [bool], place: u32, to: bool) {
    if let Some(flag) = flags.get_mut(place as usize) {
        *flag = to;
    }
}

/// A problem without rows: what any choice of columns costs, and whether a protected service stands it.
fn prices(ground: &Ground<'_>, columns: &[Candidate]) -> Problem {
    let mut columns_of: FxHashMap<Base, Vec<u32>> = FxHashMap::default();
    for (place, column) in (0..).zip(columns) {
        for base in &column.removes {
            columns_of.entry(*base).or_default().push(place);
        }
    }
    let estate = ground.estate;
    let is_protected = |id| estate.service(id).is_some_and(|service| service.protected);
    let hours = super::question::DURATION_HOURS;
    let circuit = Circuit::new(estate, &columns_of, hours, is_protected);
    Problem {
        columns: columns.iter().map(|column| column.friction_pence).collect(),
        fixed: vec![None; columns.len()],
        nodes: circuit.decided(columns.len()),
        ..Problem::default()
    }
}

//! The kernel decides as the whole graph does, on small random instances that shrink when they do not agree.
//!
//! The whole graph is asked by the plainest fixpoint there is, which drops, contracts and merges nothing. What must hold is more
//! than an equal optimum: under *every* choice of columns that keeps what must be kept, the kernel derives exactly what the graph derives, and
//! under every other choice it still finds something that must be kept.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

mod support;

use cordon_plan::hitting::{Classes, Derived, Instance, Limits, Oracle, Solution, Tools, Verdict, solve};
use cordon_plan::kernel::{Kernel, Lists, RuleIndex, Rules, Source};
use cordon_plan::master::{Combined, Gate, Node, Problem};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use support::instances;

/// Numbers that are taken modulo what there is, so that every instance that shrinks is one.
type Raw = u32;

/// A graph in which the first third of the facts are given, with what cutting it costs.
#[derive(Clone, Debug)]
struct Whole {
    facts: u32,
    rules: Rules,
    given: Vec<bool>,
    cutters: Vec<Vec<u32>>,
    targets: Vec<u32>,
    instance: Instance,
}

/// Whether any input suffices, columns and nodes that go in, the price, and whether it must not fire.
type Gated = (bool, Vec<Raw>, Vec<Raw>, u8, bool);

#[derive(Clone, Debug)]
struct Parts {
    facts: u32,
    columns: Vec<(u8, Option<bool>)>,
    rules: Vec<(Vec<Raw>, Raw)>,
    absent: Vec<bool>,
    cutters: Vec<Vec<Raw>>,
    targets: Vec<(Raw, Option<u8>)>,
    nodes: Vec<Gated>,
}

impl Parts {
    fn whole(self) -> Whole {
        let columns = self.columns.len() as u32;
        let bases = 2 + self.facts / 3;
        let derived = |raw: Raw| bases + raw % (self.facts - bases);
        let modulo = |raw: Vec<Raw>, bound: u32| -> Vec<u32> {
            let mut found: Vec<u32> = raw.into_iter().map(|raw| raw % bound).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let mut rules = Rules::new();
        for (body, head) in self.rules {
            rules.push(body.into_iter().map(|raw| raw % self.facts), derived(head));
        }
        let mut cutters: Vec<Vec<u32>> = vec![Vec::new(); self.facts as usize];
        for (slot, raw) in cutters.iter_mut().zip(self.cutters).take(bases as usize) {
            *slot = modulo(raw, columns);
        }
        let absent = |fact: u32| self.absent.get(fact as usize) == Some(&true);
        let given = (0..self.facts).map(|fact| fact < bases && !absent(fact));
        let gates = self.nodes.len() as u32;
        let nodes = self.nodes.into_iter();
        let nodes = nodes.map(|(any, columns_in, nodes_in, pence, forbidden)| Node {
            gate: if any { Gate::Any } else { Gate::All },
            columns: modulo(columns_in, columns),
            nodes: modulo(nodes_in, gates.max(1)),
            pence: i64::from(pence),
            forbidden,
        });
        let prices = self.targets.iter().map(|(_, price)| price.map(i64::from));
        Whole {
            facts: self.facts,
            rules,
            given: given.collect(),
            cutters,
            targets: self.targets.iter().map(|(raw, _)| derived(*raw)).collect(),
            instance: Instance {
                budget: None,
                columns: self.columns.iter().map(|(pence, _)| i64::from(*pence)).collect(),
                fixed: self.columns.iter().map(|(_, fixed)| *fixed).collect(),
                nodes: nodes.collect(),
                targets: prices.collect(),
            },
        }
    }
}

fn rarely<T: std::fmt::Debug + Clone>(
    of_ten: u32,
    what: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![10 - of_ten => Just(None), of_ten => what.prop_map(Some)]
}

fn parts() -> impl Strategy<Value = Parts> {
    let raw = || 0_u32..64;
    let column = (0_u8..15, rarely(1, any::<bool>()));
    let rule = (vec(raw(), 1..4), raw());
    let node = (
        any::<bool>(),
        vec(raw(), 0..3),
        vec(raw(), 0..2),
        0_u8..20,
        prop::bool::weighted(0.1),
    );
    let price = prop_oneof![3 => Just(None), 6 => (0_u8..30).prop_map(Some)];
    let graph = (
        5_u32..20,
        vec(rule, 0..40),
        vec(prop::bool::weighted(0.15), 0..8),
        vec(btree_set(raw(), 0..4), 0..9),
    );
    let prices = (vec(column, 1..8), vec((raw(), price), 1..6), vec(node, 0..5));
    (graph, prices).prop_map(
        |((facts, rules, absent, cutters), (columns, targets, nodes))| Parts {
            facts,
            columns,
            rules,
            absent,
            cutters: cutters.into_iter().map(|set| set.into_iter().collect()).collect(),
            targets,
            nodes,
        },
    )
}

impl Whole {
    fn choices(&self) -> impl Iterator<Item = Vec<bool>> + use<> {
        let columns = self.instance.columns.len();
        (0..1_u32 << columns).map(move |bits| (0..columns).map(|column| bits >> column & 1 == 1).collect())
    }

    fn hard(&self) -> Vec<bool> {
        self.instance.targets.iter().map(Option::is_none).collect()
    }

    /// Targets that follow under a choice.
    fn derived(&self, chosen: &[bool]) -> Vec<u32> {
        let stands = |fact: usize| !self.cutters[fact].iter().any(|&column| chosen[column as usize]);
        let mut holds: Vec<bool> = (0..self.facts as usize)
            .map(|fact| self.given[fact] && stands(fact))
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for rule in 0..self.rules.len() {
                let head = self.rules.heads[rule] as usize;
                if !holds[head] && self.rules.body(rule).iter().all(|&fact| holds[fact as usize]) {
                    holds[head] = true;
                    changed = true;
                }
            }
        }
        let targets = (0..).zip(&self.targets);
        let reached = targets.filter(|(_, fact)| holds[**fact as usize]);
        reached.map(|(target, _)| target).collect()
    }

    /// What a choice costs if these targets follow; none if it may not be.
    fn price(&self, chosen: &[bool], derived: &[u32]) -> Option<i64> {
        let bare = Problem {
            columns: self.instance.columns.clone(),
            fixed: self.instance.fixed.clone(),
            nodes: self.instance.nodes.clone(),
            ..Problem::default()
        };
        derived.iter().try_fold(bare.cost(chosen)?, |sum, &target| {
            Some(sum + self.instance.targets[target as usize]?)
        })
    }

    fn kernel(&self) -> Kernel {
        let facts = self.facts as usize;
        Kernel::new(&Source {
            facts,
            rules: &RuleIndex::new(facts, self.rules.clone()),
            given: &self.given,
            cutters: &self.cutters.iter().cloned().collect::<Lists<u32>>(),
            targets: &self.targets,
            hard: &self.hard(),
        })
    }

    fn solved(&self, oracle: &mut dyn Oracle) -> Solution {
        let mut classes = Classes::new(self.targets.len(), |_| true, 1_000);
        let mut tools = Tools {
            master: &Combined,
            oracle,
            classes: &mut classes,
            clock: &mut || 0.0,
            watch: &mut |_| {},
        };
        let limits = Limits {
            rounds_max: 1_000,
            nodes_max: 1_000_000,
            deadline_seconds: 1.0,
        };
        solve(&self.instance, &mut tools, &limits, 0)
    }
}

/// Derives in the whole graph: what a target rests on is everything that cannot be left out of what stands.
struct WithoutKernel<'a>(&'a Whole);

impl Oracle for WithoutKernel<'_> {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Derived {
        let hard = self.0.hard();
        let mut derived = Derived::default();
        for target in self.0.derived(chosen) {
            if hard_only && !hard[target as usize] {
                continue;
            }
            let mut most = chosen.to_vec();
            for column in 0..most.len() {
                let before = std::mem::replace(&mut most[column], true);
                if !self.0.derived(&most).contains(&target) {
                    most[column] = before;
                }
            }
            derived.found.push((target, derived.sets.len() as u32));
            let kept = (0..).zip(&most).filter(|(_, chosen)| !**chosen);
            derived.sets.push(kept.map(|(column, _)| column));
        }
        derived
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(2_000)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn the_kernel_derives_what_the_whole_graph_derives(parts in parts()) {
        let whole = parts.whole();
        let (mut kernel, hard) = (whole.kernel(), whole.hard());
        for chosen in whole.choices() {
            let expected = whole.derived(&chosen);
            let found = kernel.derive(&chosen, false);
            let targets: Vec<u32> = found.found.iter().map(|(target, _)| *target).collect();
            let is_kept = !expected.iter().any(|&target| hard[target as usize]);
            if is_kept {
                prop_assert_eq!(&targets, &expected, "under {:?}", chosen);
            } else {
                prop_assert!(targets.iter().all(|target| expected.contains(target)), "too much under {:?}", chosen);
                prop_assert!(targets.iter().any(|&target| hard[target as usize]), "a lost one missed under {:?}", chosen);
            }
            let only_hard: Vec<u32> = kernel.derive(&chosen, true).found.iter().map(|(target, _)| *target).collect();
            let expected: Vec<u32> = targets.iter().copied().filter(|&target| hard[target as usize]).collect();
            prop_assert_eq!(only_hard, expected);
            for &(target, set) in &found.found {
                let set = found.sets.of(set);
                prop_assert!(!set.iter().any(|&column| chosen[column as usize]), "a derivation that is cut");
                let all_but: Vec<bool> = (0..chosen.len() as u32).map(|column| !set.contains(&column)).collect();
                prop_assert!(whole.derived(&all_but).contains(&target), "a row that is none: {:?}", set);
            }
        }
    }

    #[test]
    fn the_kernel_has_the_optimum_of_the_whole_graph(parts in parts()) {
        let whole = parts.whole();
        let mut kernel = whole.kernel();
        let costs = whole.choices().filter_map(|chosen| whole.price(&chosen, &whole.derived(&chosen)));
        let best = costs.min();
        let with = whole.solved(&mut kernel);
        let without = whole.solved(&mut WithoutKernel(&whole));
        for (name, solution) in [("with", with), ("without", without)] {
            let proven = (solution.verdict == Verdict::Optimal).then_some((solution.cost, solution.lower_bound));
            prop_assert_eq!(proven, best.map(|best| (best, best)), "{} the kernel: {:?}", name, solution.verdict);
            if best.is_some() {
                let price = whole.price(&solution.chosen, &whole.derived(&solution.chosen));
                prop_assert_eq!(price, best, "{} the kernel", name);
            }
        }
    }

    #[test]
    fn the_kernel_is_no_larger_and_has_no_column_that_cuts_nothing(parts in parts()) {
        let whole = parts.whole();
        let kernel = whole.kernel();
        prop_assert!(kernel.facts() <= whole.facts as usize);
        prop_assert!(kernel.rules() <= whole.rules.len());
        for column in kernel.columns() {
            prop_assert!(whole.cutters.iter().any(|cutters| cutters.contains(&column)));
        }
    }
}

//! Forward chaining over a kernel, the derivations with the fewest cuttable facts first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Lists, Rules};
use crate::master::is_set;

const NEVER: u32 = u32::MAX;

/// A weight, the fact that it is for, and the rule that it comes from.
type Proposal = (u32, u32, u32);

/// Rules ready to chain under any choice of columns, with the tables of the last run.
///
/// A run is Knuth's 1977 generalisation of Dijkstra's algorithm with the weight of a derivation being how many
/// cuttable facts its tree rests on: light derivations make short rows, and short rows make strong bounds.
#[derive(Clone, Debug)]
pub struct Chainer {
    rules: Rules,
    uses: Lists<u32>,
    /// How many premises each rule has.
    premises: Vec<u32>,
    cutters: Lists<u32>,
    weight: Vec<u32>,
    by_rule: Vec<u32>,
    missing: Vec<u32>,
    sums: Vec<u32>,
    order: Vec<u32>,
    heap: BinaryHeap<Reverse<Proposal>>,
    /// Facts given in this run, ascending. All weigh one, so that they need no heap.
    given: Vec<u32>,
    settled: Vec<bool>,
    /// True if light derivations come first.
    lightest: bool,
}

impl Chainer {
    /// Rules over facts of which those with cutters are given.
    #[must_use]
    pub fn new(rules: Rules, cutters: Lists<u32>) -> Self {
        let each = 0..rules.len();
        let uses = each.clone().flat_map(|rule| {
            let body = rules.body(rule).iter();
            body.map(move |&fact| (fact, rule as u32))
        });
        Self {
            uses: Lists::grouped(cutters.len(), uses),
            premises: each.map(|rule| rules.body(rule).len() as u32).collect(),
            weight: Vec::new(),
            by_rule: Vec::new(),
            missing: Vec::new(),
            sums: Vec::new(),
            order: Vec::new(),
            heap: BinaryHeap::new(),
            given: Vec::new(),
            settled: Vec::new(),
            lightest: true,
            rules,
            cutters,
        }
    }

    /// Takes derivations as they come from now on, not the lightest first.
    pub(super) const fn take_any(&mut self) {
        self.lightest = false;
    }

    /// How many facts.
    #[must_use]
    pub const fn facts(&self) -> usize {
        self.cutters.len()
    }

    /// Columns that remove each fact, by fact.
    #[must_use]
    pub const fn cutters(&self) -> &Lists<u32> {
        &self.cutters
    }

    /// How many rules.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules.len()
    }

    /// True if the fact was derived in the last run.
    #[must_use]
    pub fn holds(&self, fact: u32) -> bool {
        is_set(&self.settled, fact)
    }

    /// Facts of the last run in the order in which they were settled: premises before what follows.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The premises that the last run derived a fact from; none for a given fact.
    #[must_use]
    pub fn premises(&self, fact: u32) -> &[u32] {
        match self.by_rule.get(fact as usize) {
            Some(&rule) if rule != NEVER => self.rules.body(rule as usize),
            _ => &[],
        }
    }

    /// True if the last run took the fact as given and not from a rule.
    #[must_use]
    pub fn is_given(&self, fact: u32) -> bool {
        self.holds(fact) && self.by_rule.get(fact as usize) == Some(&NEVER)
    }

    /// Chains with the chosen columns withdrawn.
    pub fn run(&mut self, chosen: &[bool]) {
        let facts = self.facts();
        self.weight.clear();
        self.weight.resize(facts, NEVER);
        self.by_rule.clear();
        self.by_rule.resize(facts, NEVER);
        self.settled.clear();
        self.settled.resize(facts, false);
        self.sums.clear();
        self.sums.resize(self.rules.len(), 0);
        self.missing.clone_from(&self.premises);
        self.order.clear();
        self.heap.clear();
        self.given.clear();
        for (fact, cutters) in (0..).zip(self.cutters.iter()) {
            if !cutters.is_empty() && !cutters.iter().any(|&column| is_set(chosen, column)) {
                if let Some(weight) = self.weight.get_mut(fact as usize) {
                    *weight = 1;
                }
                self.given.push(fact);
            }
        }
        for rule in 0..self.rules.len() as u32 {
            if self.missing.get(rule as usize) == Some(&0) {
                self.fire(rule);
            }
        }
        let mut given = 0;
        while let Some((weight, fact, rule)) = self.lightest(&mut given) {
            self.settle(fact, weight, rule);
        }
    }

    /// The next proposal: the lower of the next given fact and the top of the heap.
    fn lightest(&mut self, given: &mut usize) -> Option<Proposal> {
        let first = self.given.get(*given).map(|&fact| (1, fact, NEVER));
        match (first, self.heap.peek()) {
            (Some(first), top) if top.is_none_or(|Reverse(top)| first < *top) => {
                *given += 1;
                Some(first)
            }
            _ => self.heap.pop().map(|Reverse(top)| top),
        }
    }

    fn propose(&mut self, fact: u32, weight: u32, rule: u32) {
        let Some(known) = self.weight.get_mut(fact as usize) else {
            return;
        };
        if weight < *known {
            *known = weight;
            self.heap.push(Reverse((weight, fact, rule)));
        }
    }

    fn fire(&mut self, rule: u32) {
        let Some(&head) = self.rules.heads.get(rule as usize) else {
            return;
        };
        let sum = self.sums.get(rule as usize).copied().unwrap_or(0);
        let sum = if self.lightest { sum } else { 1 };
        self.propose(head, sum.min(NEVER - 1), rule);
    }

    fn settle(&mut self, fact: u32, weight: u32, rule: u32) {
        let fresh = self
            .settled
            .get_mut(fact as usize)
            .is_some_and(|flag| !std::mem::replace(flag, true));
        if !fresh {
            return;
        }
        if let Some(slot) = self.by_rule.get_mut(fact as usize) {
            *slot = rule;
        }
        self.order.push(fact);
        for place in 0..self.uses.of(fact).len() {
            let Some(&user) = self.uses.of(fact).get(place) else {
                continue;
            };
            if let Some(sum) = self.sums.get_mut(user as usize) {
                *sum = sum.saturating_add(weight);
            }
            let Some(left) = self.missing.get_mut(user as usize) else {
                continue;
            };
            *left -= 1;
            if *left == 0 {
                self.fire(user);
            }
        }
    }
}

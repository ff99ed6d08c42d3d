//! Forward chaining over a kernel, the derivations with the fewest cuttable facts first.

use super::{Lists, Rules};
use crate::master::is_set;

const NEVER: u32 = u32::MAX;

/// Derivations of this weight and all heavier ones wait in one lane and come in any order: rows that long prove little.
const HEAVY: u32 = 31;

/// A derivation that waits.
#[derive(Clone, Copy, Debug)]
struct Proposal {
    weight: u32,
    fact: u32,
    rule: u32,
}

/// Rules ready to chain under any choice of columns, with the tables of the last run.
///
/// A run is Knuth's 1977 generalisation of Dijkstra's algorithm with the weight of a derivation being how many
/// cuttable facts its tree rests on: light derivations make short rows, and short rows make strong bounds. Weights are small whole numbers,
/// so that what waits lies in one lane for each weight, first come first served (Dial 1969), and no heap is needed.
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
    /// What waits, by weight, and how far each lane has been gone through.
    lanes: Vec<Vec<Proposal>>,
    passed: Vec<usize>,
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
            lanes: vec![Vec::new(); HEAVY as usize + 1],
            passed: vec![0; HEAVY as usize + 1],
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
        self.lanes.iter_mut().for_each(Vec::clear);
        self.passed.fill(0);
        for fact in 0..facts as u32 {
            let cutters = self.cutters.of(fact);
            if !cutters.is_empty() && !cutters.iter().any(|&column| is_set(chosen, column)) {
                self.propose(fact, 1, NEVER);
            }
        }
        for rule in 0..self.rules.len() as u32 {
            if self.missing.get(rule as usize) == Some(&0) {
                self.fire(rule);
            }
        }
        let mut lane = 0;
        while lane < self.lanes.len() {
            if let Some(next) = self.next_in(lane) {
                self.settle(next);
            } else {
                lane += 1;
            }
        }
    }

    /// The next that waits in a lane.
    fn next_in(&mut self, lane: usize) -> Option<Proposal> {
        let passed = self.passed.get_mut(lane)?;
        let next = self.lanes.get(lane)?.get(*passed).copied()?;
        *passed += 1;
        Some(next)
    }

    fn propose(&mut self, fact: u32, weight: u32, rule: u32) {
        let Some(known) = self.weight.get_mut(fact as usize) else {
            return;
        };
        if weight < *known {
            *known = weight;
            let lane = self.lanes.get_mut(weight.min(HEAVY) as usize);
            lane.into_iter()
                .for_each(|lane| lane.push(Proposal { weight, fact, rule }));
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

    fn settle(&mut self, Proposal { weight, fact, rule }: Proposal) {
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

#[cfg(test)]
mod tests {
    use super::{Chainer, HEAVY};
    use crate::kernel::{Lists, Rules};

    /// By fact the least weight of a derivation, improved until nothing changes.
    fn lightest(rules: &Rules, cutters: &Lists<u32>) -> Vec<Option<u32>> {
        let given = cutters.iter().map(|own| (!own.is_empty()).then_some(1));
        let mut weights: Vec<Option<u32>> = given.collect();
        let mut changed = true;
        while changed {
            changed = false;
            for rule in 0..rules.len() {
                let body = rules.body(rule).iter();
                let sum = body.map(|&fact| weights[fact as usize]).sum::<Option<u32>>();
                let slot = &mut weights[rules.heads[rule] as usize];
                if sum.is_some_and(|sum| slot.is_none_or(|known| sum < known)) {
                    *slot = sum;
                    changed = true;
                }
            }
        }
        weights
    }

    #[test]
    fn every_fact_is_derived_with_its_least_weight_after_what_it_rests_on() {
        let mut state = 7_u64;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % bound) as u32
        };
        let (mut heavy, mut light) = (0, 0);
        for _ in 0..2_000 {
            let facts = 2 + below(30);
            let mut rules = Rules::new();
            // What rests on two before it, and they on two before them, soon weighs much.
            for head in 2..if below(4) == 0 { facts } else { 0 } {
                rules.push([head - 1, head - 2], head);
            }
            for _ in 0..below(60) {
                let premises = (0..below(4)).map(|_| below(u64::from(facts)));
                let mut premises: Vec<u32> = premises.collect();
                premises.sort_unstable();
                premises.dedup();
                rules.push(premises, below(u64::from(facts)));
            }
            let given = (0..facts).map(|fact| if below(5) == 0 { vec![fact] } else { vec![] });
            let cutters: Lists<u32> = given.collect();
            let wanted = lightest(&rules, &cutters);
            let mut chainer = Chainer::new(rules, cutters);
            chainer.run(&[]);
            for (fact, wanted) in (0..).zip(wanted) {
                assert_eq!(chainer.holds(fact), wanted.is_some());
                let Some(wanted) = wanted else { continue };
                let found = chainer.weight[fact as usize];
                assert!(found == wanted || wanted >= HEAVY && found >= HEAVY);
                (heavy, light) = (heavy + u32::from(wanted >= HEAVY), light + u32::from(wanted > 1));
                let place = |fact: u32| chainer.order().iter().position(|one| *one == fact);
                for &premise in chainer.premises(fact) {
                    assert!(place(premise) < place(fact));
                }
            }
        }
        assert!(heavy > 50 && light > 500, "{heavy} {light}");
    }
}

//! Which columns cut a derivation: unions of small sets, each kept once.

use rustc_hash::FxHashMap;

use super::{Chainer, Sets};

const UNKNOWN: u32 = u32::MAX;

/// Sets of columns by number; number 0 is the empty set. Numbers stay valid until the next run; which sets there are for which facts
/// depends on the run alone.
#[derive(Clone, Debug)]
pub(super) struct CutSets {
    sets: Sets,
    unions: FxHashMap<(u32, u32), u32>,
    /// The set of each fact's own cutters, once somebody asked.
    own: Vec<u32>,
    of_fact: Vec<u32>,
    wanted: Vec<bool>,
    merged: Vec<u32>,
}

impl CutSets {
    /// For so many facts.
    pub(super) fn new(facts: usize) -> Self {
        let mut table = Self {
            sets: Sets::default(),
            unions: FxHashMap::default(),
            own: vec![UNKNOWN; facts],
            of_fact: Vec::new(),
            wanted: Vec::new(),
            merged: Vec::new(),
        };
        table.sets.number(&[]);
        table
    }

    pub(super) fn columns_of(&self, set: usize) -> &[u32] {
        self.sets.of(set as u32)
    }

    /// Takes the derivations of a run for the wanted facts.
    pub(super) fn start(&mut self, chainer: &Chainer, wanted: impl Iterator<Item = u32>) {
        if self.unions.len() > crate::limits::CUT_SETS_MAX {
            *self = Self::new(chainer.facts());
        }
        self.of_fact.clear();
        self.of_fact.resize(chainer.facts(), UNKNOWN);
        self.wanted.clear();
        self.wanted.resize(chainer.facts(), false);
        for fact in wanted {
            super::mark(&mut self.wanted, fact);
        }
        for &fact in chainer.order().iter().rev() {
            if super::flag(&self.wanted, fact) {
                for &premise in chainer.premises(fact) {
                    super::mark(&mut self.wanted, premise);
                }
            }
        }
        for &fact in chainer.order() {
            if super::flag(&self.wanted, fact) {
                let mut set = if chainer.is_given(fact) {
                    self.own_set(chainer, fact)
                } else {
                    0
                };
                for &premise in chainer.premises(fact) {
                    set = self.union(set, self.of(premise));
                }
                if let Some(slot) = self.of_fact.get_mut(fact as usize) {
                    *slot = set;
                }
            }
        }
    }

    /// The set of a wanted fact.
    pub(super) fn of(&self, fact: u32) -> u32 {
        self.of_fact
            .get(fact as usize)
            .copied()
            .filter(|&set| set != UNKNOWN)
            .unwrap_or(0)
    }

    fn own_set(&mut self, chainer: &Chainer, fact: u32) -> u32 {
        match self.own.get(fact as usize) {
            Some(&set) if set != UNKNOWN => set,
            _ => {
                let set = self.sets.number(chainer.cutters().of(fact));
                if let Some(slot) = self.own.get_mut(fact as usize) {
                    *slot = set;
                }
                set
            }
        }
    }

    fn union(&mut self, one: u32, other: u32) -> u32 {
        let key = (one.min(other), one.max(other));
        if one == other || key.0 == 0 {
            return key.1;
        }
        if let Some(&number) = self.unions.get(&key) {
            return number;
        }
        let mut merged = std::mem::take(&mut self.merged);
        merge(self.sets.of(one), self.sets.of(other), &mut merged);
        let number = self.sets.number(&merged);
        self.merged = merged;
        self.unions.insert(key, number);
        number
    }
}

/// The union of two ascending lists, ascending.
fn merge(mut one: &[u32], mut other: &[u32], merged: &mut Vec<u32>) {
    merged.clear();
    while let (Some((&first, rest)), Some((&second, remaining))) = (one.split_first(), other.split_first()) {
        merged.push(first.min(second));
        if first <= second {
            one = rest;
        }
        if second <= first {
            other = remaining;
        }
    }
    merged.extend_from_slice(one);
    merged.extend_from_slice(other);
}

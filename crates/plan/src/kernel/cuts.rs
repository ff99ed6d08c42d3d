//! Which columns cut a derivation: unions of small sets, each kept once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Chainer;

const UNKNOWN: u32 = u32::MAX;

/// Sets of columns by number; number 0 is the empty set. Numbers stay valid for the life of the table.
#[derive(Clone, Debug)]
pub(super) struct CutSets {
    sets: Vec<Arc<[u32]>>,
    numbers: FxHashMap<Arc<[u32]>, u32>,
    unions: FxHashMap<(u32, u32), u32>,
    own: Vec<u32>,
    /// How many sets there are before any union.
    own_sets: usize,
    of_fact: Vec<u32>,
    wanted: Vec<bool>,
}

impl CutSets {
    pub(super) fn new(cutters: &[Vec<u32>]) -> Self {
        let mut table = Self {
            sets: Vec::new(),
            numbers: FxHashMap::default(),
            unions: FxHashMap::default(),
            own: Vec::new(),
            own_sets: 0,
            of_fact: Vec::new(),
            wanted: Vec::new(),
        };
        table.number(&[]);
        table.own = cutters.iter().map(|columns| table.number(columns)).collect();
        table.own_sets = table.sets.len();
        table
    }

    pub(super) fn columns(&self) -> Vec<u32> {
        let mut columns: Vec<u32> = self
            .own
            .iter()
            .flat_map(|&set| self.columns_of(set as usize))
            .copied()
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    pub(super) fn columns_of(&self, set: usize) -> &[u32] {
        self.sets.get(set).map_or(&[], |columns| &**columns)
    }

    /// Takes the derivations of a run for the wanted facts.
    pub(super) fn start(&mut self, chainer: &Chainer, wanted: impl Iterator<Item = u32>) {
        if self.sets.len() > self.own_sets + crate::limits::CUT_SETS_MAX {
            self.forget();
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
                let own = self
                    .own
                    .get(fact as usize)
                    .copied()
                    .filter(|_| chainer.is_given(fact));
                let mut set = own.unwrap_or(0);
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

    fn number(&mut self, columns: &[u32]) -> u32 {
        if let Some(&number) = self.numbers.get(columns) {
            return number;
        }
        let number = self.sets.len() as u32;
        let columns: Arc<[u32]> = columns.into();
        self.sets.push(Arc::clone(&columns));
        self.numbers.insert(columns, number);
        number
    }

    fn union(&mut self, one: u32, other: u32) -> u32 {
        let key = (one.min(other), one.max(other));
        if one == other || key.0 == 0 {
            return key.1;
        }
        if let Some(&number) = self.unions.get(&key) {
            return number;
        }
        let mut columns = self.columns_of(one as usize).to_vec();
        columns.extend_from_slice(self.columns_of(other as usize));
        columns.sort_unstable();
        columns.dedup();
        let number = self.number(&columns);
        self.unions.insert(key, number);
        number
    }

    /// Leaves out the unions, so that a long search stays within its memory. Sets of single facts keep their numbers.
    fn forget(&mut self) {
        for columns in self.sets.drain(self.own_sets..) {
            self.numbers.remove(&*columns);
        }
        self.unions.clear();
    }
}

//! Rows: derivations found by chaining around what cannot be charged any more.

use cordon_reach::{Base, Fact, FactId, FactSet, Graph};
use rustc_hash::FxHashMap;

use super::{Proof, Terms};
use crate::candidates::entity_name;
use crate::document::CertificateRow;
use crate::limits::{CERTIFICATE_FACTS_MAX, CERTIFICATE_ROWS_MAX};
use crate::planner::targets::Target;

/// No target.
const NONE: u32 = u32::MAX;

/// The place of the target that each derived fact is, if it is one, in the order of facts; no two targets are one fact.
pub(super) fn target_of(targets: &[Target], graph: &Graph) -> Vec<u32> {
    let base = graph.base_facts();
    let mut places = vec![NONE; graph.facts().saturating_sub(base)];
    for (target, place) in targets.iter().zip(0_u32..) {
        let slot = (target.fact as usize).checked_sub(base);
        if let Some(slot) = slot.and_then(|slot| places.get_mut(slot)) {
            *slot = place;
        }
    }
    places
}

/// One derivation with the choices that cut it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What it reaches, by place in the targets.
    pub(super) target: u32,
    /// The base facts that it rests on, ascending.
    pub(super) facts: Vec<FactId>,
    /// Ascending.
    pub(super) choices: Vec<u32>,
}

/// Every row used so far, each once.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) rows: Vec<Row>,
    numbers: FxHashMap<(u32, Vec<FactId>), u32>,
    facts_left: usize,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            numbers: FxHashMap::default(),
            facts_left: CERTIFICATE_FACTS_MAX,
        }
    }

    pub(super) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }
}

impl Proof<'_, '_> {
    /// Targets with so much left that are reached around some facts, the soonest first.
    pub(super) fn reached(&mut self, around: &FactSet, left: &[i64], at_least: i64) -> Vec<u32> {
        self.chain(around);
        let exposure = self.planner.graph.last_chained(&self.scratch);
        let targets = exposure.facts().filter_map(|fact| self.target_of(fact));
        let wanted = |target: &u32| left.get(*target as usize).is_some_and(|left| *left >= at_least);
        targets.filter(wanted).collect()
    }

    /// The most that is left of a target that is reached around some facts; none if none of which anything is left is.
    pub(super) fn dearest(&mut self, around: &FactSet, left: &[i64]) -> Option<i64> {
        self.chain(around);
        let exposure = self.planner.graph.last_chained(&self.scratch);
        let targets = exposure.facts().filter_map(|fact| self.target_of(fact));
        let left = targets.filter_map(|target| left.get(target as usize));
        left.copied().filter(|left| *left > 0).max()
    }

    fn chain(&mut self, around: &FactSet) {
        self.planner.graph.chain(self.held, around, &mut self.scratch);
        let work = self.facts_chained() + self.prepared.targets.len();
        self.work_left = self.work_left.saturating_sub(work);
    }

    /// How many facts the last chaining reached.
    pub(super) fn facts_chained(&self) -> usize {
        let exposure = self.planner.graph.last_chained(&self.scratch);
        exposure.facts().len()
    }

    /// The target that a derived fact is.
    fn target_of(&self, fact: FactId) -> Option<u32> {
        let place = fact.index().checked_sub(self.planner.graph.base_facts())?;
        self.target_of
            .get(place)
            .copied()
            .filter(|target| *target != NONE)
    }

    /// The way to a target that the last chaining found; none if it rests on a fact that is spent since then.
    pub(super) fn row(&mut self, target: u32, spent: &FactSet) -> Option<Row> {
        let fact = FactId(self.prepared.targets.get(target as usize)?.fact);
        let exposure = self.planner.graph.last_chained(&self.scratch);
        let facts = exposure.rests_on(fact);
        self.work_left = self.work_left.saturating_sub(4 * facts.len());
        if facts.iter().any(|fact| spent.contains(*fact)) {
            return None;
        }
        Some(Row {
            target,
            choices: self.book.cutting(&facts),
            facts,
        })
    }

    /// The number of a row that is used; none if there is no room for another.
    pub(super) fn pooled(&mut self, row: &Row) -> Option<u32> {
        let key = (row.target, row.facts.clone());
        if let Some(known) = self.pool.numbers.get(&key) {
            return Some(*known);
        }
        let is_full = self.pool.rows.len() >= CERTIFICATE_ROWS_MAX || self.pool.facts_left < row.facts.len();
        if is_full {
            return None;
        }
        self.pool.facts_left -= row.facts.len();
        let number = self.pool.rows.len() as u32;
        self.pool.rows.push(row.clone());
        self.pool.numbers.insert(key, number);
        Some(number)
    }

    /// True if no plan may lose a target.
    pub(super) fn is_hard(&self, target: u32) -> bool {
        self.terms != Terms::GivenUp && self.hard.get(target as usize) == Some(&true)
    }

    /// A row as a certificate has it; none if it rests on what is no base fact.
    pub(super) fn told(&self, row: &Row) -> Option<CertificateRow> {
        let bases = row
            .facts
            .iter()
            .map(|fact| match self.planner.graph.describe(*fact) {
                Some(Fact::Base(base)) => Some(base),
                _ => None,
            });
        let mut rests_on: Vec<Base> = bases.collect::<Option<_>>()?;
        rests_on.sort_unstable();
        let target = self.prepared.targets.get(row.target as usize)?;
        let acts = row.choices.iter().filter_map(|&choice| self.book.choice(choice));
        let mut acts: Vec<_> = acts.map(|choice| choice.act).collect();
        acts.sort_unstable();
        Some(CertificateRow {
            reaches: vec![entity_name(self.planner.estate, target.entity)],
            rests_on,
            acts,
        })
    }
}

//! Rows: derivations found by chaining around what cannot be charged any more.

use cordon_estate::Entity;
use cordon_reach::{Base, Fact, FactId, FactSet, Graph};
use rustc_hash::FxHashMap;

use super::Proof;
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
    /// In which world.
    pub(super) world: u32,
    /// What it reaches, by place in the targets, or after them that a jewel is reached in a further world.
    pub(super) target: u32,
    /// The derived fact that it leads to.
    reaches: FactId,
    /// The base facts that it rests on, ascending.
    pub(super) facts: Vec<FactId>,
    /// Ascending.
    pub(super) choices: Vec<u32>,
}

/// Every row used so far, each once.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) rows: Vec<Row>,
    numbers: FxHashMap<(u32, FactId, Vec<FactId>), u32>,
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

/// A target that is reached, and the derived fact that shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) target: u32,
    fact: FactId,
}

impl Proof<'_, '_> {
    /// Targets with so much left that are reached in a world around some facts, the soonest first.
    pub(super) fn reached(
        &mut self,
        world: u32,
        around: &FactSet,
        left: &[i64],
        at_least: i64,
    ) -> Vec<Found> {
        self.chain(world, around);
        let wanted = |one: &Found| {
            left.get(one.target as usize)
                .is_some_and(|left| *left >= at_least)
        };
        self.found(world).into_iter().filter(wanted).collect()
    }

    /// The most that is left of a target that is reached in a world around some facts; none if none of which anything is left is.
    pub(super) fn dearest(&mut self, world: u32, around: &FactSet, left: &[i64]) -> Option<i64> {
        self.chain(world, around);
        let found = self.found(world).into_iter();
        let left = found.filter_map(|one| left.get(one.target as usize));
        left.copied().filter(|left| *left > 0).max()
    }

    fn chain(&mut self, world: u32, around: &FactSet) {
        let Some(scene) = self.scenes.scenes.get(world as usize) else {
            return;
        };
        self.planner.graph.chain(&scene.held, around, &mut self.scratch);
        let work = self.facts_chained() + self.prepared.targets.len();
        self.work_left = self.work_left.saturating_sub(work);
    }

    /// How many facts the last chaining reached.
    pub(super) fn facts_chained(&self) -> usize {
        let exposure = self.planner.graph.last_chained(&self.scratch);
        exposure.facts().len()
    }

    /// The targets that the last chaining reached, which was in this world.
    fn found(&self, world: u32) -> Vec<Found> {
        let exposure = self.planner.graph.last_chained(&self.scratch);
        let found = exposure.facts().filter_map(|fact| {
            let target = self.target_of(world, fact)?;
            Some(Found { target, fact })
        });
        found.collect()
    }

    /// The target that a derived fact is in a world.
    fn target_of(&self, world: u32, fact: FactId) -> Option<u32> {
        if let Some(further) = world.checked_sub(1) {
            let is_goal = self.scenes.goals.binary_search(&fact.0).is_ok();
            return is_goal.then_some(self.prepared.targets.len() as u32 + further);
        }
        let place = fact.index().checked_sub(self.planner.graph.base_facts())?;
        self.target_of
            .get(place)
            .copied()
            .filter(|target| *target != NONE)
    }

    /// The world that a target is of.
    pub(super) fn world_of(&self, target: u32) -> u32 {
        (target + 1).saturating_sub(self.prepared.targets.len() as u32)
    }

    /// The target that a jewel is reached in a further world.
    pub(super) fn target_in(&self, world: u32) -> usize {
        (self.prepared.targets.len() + world as usize).saturating_sub(1)
    }

    /// The way to a target that the last chaining found; none if it rests on a fact that is spent since then.
    pub(super) fn row(&mut self, found: Found, spent: &FactSet) -> Option<Row> {
        let exposure = self.planner.graph.last_chained(&self.scratch);
        let facts = exposure.rests_on(found.fact);
        self.work_left = self.work_left.saturating_sub(4 * facts.len());
        if facts.iter().any(|fact| spent.contains(*fact)) {
            return None;
        }
        let world = self.world_of(found.target);
        Some(Row {
            world,
            target: found.target,
            reaches: found.fact,
            choices: self.book.cutting(&facts, self.scenes.timing_of(world)),
            facts,
        })
    }

    /// The number of a row that is used; none if there is no room for another.
    pub(super) fn pooled(&mut self, row: &Row) -> Option<u32> {
        let key = (row.target, row.reaches, row.facts.clone());
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
        let acts = row.choices.iter().filter_map(|&choice| self.book.choice(choice));
        let mut acts: Vec<_> = acts.map(|choice| choice.act).collect();
        acts.sort_unstable();
        Some(CertificateRow {
            world: row.world,
            reaches: vec![entity_name(self.planner.estate, self.entity_of(row)?)],
            rests_on,
            acts,
        })
    }

    /// What a row reaches.
    fn entity_of(&self, row: &Row) -> Option<Entity> {
        if let Some(target) = self.prepared.targets.get(row.target as usize) {
            return Some(target.entity);
        }
        let mut jewels = self.planner.jewels.iter();
        let jewel = jewels.find(|jewel| self.planner.graph.derived(jewel.taken) == Some(row.reaches))?;
        Some(jewel.entity)
    }
}

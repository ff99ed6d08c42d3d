//! What has a price, and what it rests on.

use std::sync::Arc;

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_reach::{Base, Derived, Fact, FactId, Graph, spread_loss};
use rustc_hash::FxHashSet;

use super::kernels::Hard;
use super::prepare::Prepared;
use super::reached::Reached;
use super::timing::NEVER;
use super::{Constraints, Planner, Settings, World};
use crate::kernel::{Forward, Lists, Source};

/// Something whose being in reach has a price or is forbidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) entity: Entity,
    pub(super) fact: u32,
    /// The place in the planner's jewels, if it is one.
    pub(super) jewel: Option<usize>,
    pub(super) loss_pence: i64,
}

/// Every account and every system that could be taken, with what that costs where it is no jewel.
pub(super) fn spread(estate: &Estate, graph: &Graph) -> Vec<Target> {
    let accounts = (0..estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
    let systems = (0..estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
    let target = |entity| {
        Some(Target {
            entity,
            fact: graph.derived(Derived::taken(entity))?.0,
            jewel: None,
            loss_pence: spread_loss(estate, entity).0.max(0),
        })
    };
    accounts.chain(systems).filter_map(target).collect()
}

impl Planner<'_> {
    /// Jewels that are reached, then, if the spread counts, every other account and system that is.
    pub(super) fn targets(
        &self,
        worlds: &[World],
        reached: &[Arc<Reached>],
        settings: &Settings,
    ) -> Vec<Target> {
        let is_reached = |fact: u32| reached.iter().any(|one| one.has(fact as usize));
        let mut targets = Vec::new();
        for (place, jewel) in self.jewels.iter().enumerate() {
            let fact = self.graph.derived(jewel.taken);
            if let Some(fact) = fact.filter(|fact| is_reached(fact.0)) {
                targets.push(Target {
                    entity: jewel.entity,
                    fact: fact.0,
                    jewel: Some(place),
                    loss_pence: jewel.loss.0.max(0),
                });
            }
        }
        if !settings.spread {
            return targets;
        }
        let mut apart: FxHashSet<Entity> = self.jewels.iter().map(|jewel| jewel.entity).collect();
        apart.extend(lost(worlds));
        let spread = self.spread.iter().filter(|target| is_reached(target.fact));
        targets.extend(spread.filter(|target| !apart.contains(&target.entity)));
        targets
    }

    /// Base facts that some jewel rests on, or anything that has a price if those are few enough, by fact; `hard` says which targets
    /// must be kept.
    pub(super) fn facts_that_matter(&self, prepared: &Prepared, hard: &Hard) -> (Vec<Base>, Vec<Forward>) {
        let targets = &prepared.targets;
        let jewels = targets.iter().filter(|target| target.jewel.is_some());
        let jewels: Vec<u32> = jewels.map(|target| target.fact).collect();
        let all: Vec<u32> = targets.iter().map(|target| target.fact).collect();
        let none = Lists::default();
        let (mut facts, mut known) = (Vec::new(), Vec::new());
        for (number, (one, world)) in prepared.reached.iter().zip(&prepared.worlds).enumerate() {
            let source = |targets| Source {
                facts: self.graph.facts(),
                rules: &one.index,
                given: &one.given,
                cutters: &none,
                targets,
                hard: hard.of(number),
            };
            let forward = Forward::of(&source(&all));
            let counts = world.weight > 0.0;
            let everything = || forward.relevant(&source(&all), crate::limits::SPREAD_FACTS_MAX);
            let everything = counts.then(everything).flatten();
            let of_jewels = || forward.relevant(&source(&jewels), usize::MAX);
            facts.extend(everything.or_else(of_jewels).unwrap_or_default());
            known.push(forward);
        }
        let near = self.near(&prepared.held()).into_iter();
        facts.extend(near.filter_map(|base| self.graph.base(base)).map(|fact| fact.0));
        facts.sort_unstable();
        facts.dedup();
        let describe = |fact: u32| match self.graph.describe(FactId(fact)) {
            Some(Fact::Base(base)) => Some(base),
            _ => None,
        };
        (facts.into_iter().filter_map(describe).collect(), known)
    }

    /// True for a jewel that must be kept, that nobody gave up, and that cannot be taken already.
    pub(super) fn must_be_kept(
        &self,
        target: &Target,
        reached: &[Arc<Reached>],
        constraints: &Constraints,
    ) -> bool {
        self.is_hard(target, &constraints.give_up) && !is_held(target, reached)
    }

    /// True for a jewel that no plan may leave in reach and that nobody gave up.
    pub(super) fn is_hard(&self, target: &Target, given_up: &[Entity]) -> bool {
        let jewel = target.jewel.and_then(|place| self.jewels.get(place));
        jewel.is_some_and(|jewel| jewel.never) && !given_up.contains(&target.entity)
    }
}

/// True if the target is reached at once in some world: it may be taken already.
pub(super) fn is_held(target: &Target, reached: &[Arc<Reached>]) -> bool {
    let mut worlds = reached.iter();
    worlds.any(|one| one.arrival.get(target.fact as usize).copied().unwrap_or(NEVER) == 0)
}

/// Systems that are held in every world that counts: nothing more can be lost with them.
fn lost(worlds: &[World]) -> Vec<Entity> {
    let counted = || worlds.iter().filter(|world| world.weight > 0.0);
    let Some(first) = counted().next() else {
        return Vec::new();
    };
    let systems = first
        .held
        .iter()
        .filter(|entity| matches!(entity, Entity::System(_)));
    let everywhere = systems.filter(|entity| counted().all(|world| world.held.contains(entity)));
    everywhere.copied().collect()
}

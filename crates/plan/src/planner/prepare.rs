//! From an estate and what is held to columns, targets and kernels.

use cordon_estate::{AccountId, Entity, SystemId};
use cordon_reach::{Base, Derived, Fact, FactId, FactSet, spread_loss};
use rustc_hash::FxHashMap;

use super::timing::{self, NEVER};
use super::{Constraints, Planner, Settings, World};
use crate::candidates::Candidate;
use crate::circuit::Circuit;
use crate::document::{Act, WithdrawalId};
use crate::hitting::{Classes, Derived as Found, Instance, Oracle};
use crate::kernel::{Kernel, Rules, Source, relevant};

/// Something whose being in reach has a price or is forbidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) entity: Entity,
    pub(super) fact: u32,
    /// The place in the planner's jewels, if it is one.
    pub(super) jewel: Option<usize>,
    pub(super) loss_pence: i64,
}

/// What can fire from the footholds of one world.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) rules: Rules,
    pub(super) seconds: Vec<u32>,
    /// Earliest arrival by fact with nothing withdrawn.
    pub(super) arrival: Vec<u32>,
    pub(super) given: Vec<bool>,
}

/// Everything that the solves share.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) worlds: Vec<World>,
    pub(super) reached: Vec<Reached>,
    /// Targets that some world reaches: jewels first.
    pub(super) targets: Vec<Target>,
    pub(super) columns: Vec<Candidate>,
    /// Base facts that each column removes in time, ascending.
    pub(super) timely: Vec<Vec<FactId>>,
    /// The second by which each column's most urgent fact is used.
    pub(super) urgency: Vec<u32>,
    /// Columns by base fact that they remove in time.
    pub(super) cutters: Vec<Vec<u32>>,
    /// The second by which each base fact is first used; empty if the race is not counted.
    pub(super) used: Vec<u32>,
    pub(super) fixed: Vec<Option<bool>>,
    pub(super) circuit: Circuit,
    pub(super) nodes: Vec<crate::master::Node>,
}

impl Planner<'_> {
    pub(super) fn reached(&mut self, held: &[Entity]) -> Reached {
        let exposure = self.graph.chain(held, &FactSet::new(), &mut self.scratch);
        let base = self.graph.base_facts();
        let mut arrival = vec![NEVER; self.graph.facts()];
        for slot in arrival.iter_mut().take(base) {
            *slot = 0;
        }
        for fact in exposure.facts() {
            if let Some(slot) = arrival.get_mut(fact.index()) {
                *slot = exposure.arrival_seconds(fact).unwrap_or(NEVER);
            }
        }
        let at = |fact: FactId| arrival.get(fact.index()).copied().unwrap_or(NEVER);
        let mut rules = Rules::new();
        let mut seconds = Vec::new();
        for (base, derived) in self.graph.starts(held) {
            rules.push([base.0], derived.0);
            seconds.push(0);
        }
        for rule in self.graph.each_rule() {
            if rule.premises().all(|premise| at(premise) != NEVER) {
                rules.push(rule.premises().map(|premise| premise.0), rule.conclusion.0);
                seconds.push(rule.seconds);
            }
        }
        let given = (0..self.graph.facts()).map(|fact| fact < base).collect();
        Reached {
            rules,
            seconds,
            arrival,
            given,
        }
    }

    /// Jewels that are reached, then, if the spread counts, every other account and system that is.
    fn targets(&self, worlds: &[World], reached: &[Reached], settings: &Settings) -> Vec<Target> {
        let is_reached = |fact: FactId| {
            reached.iter().any(|one| {
                one.arrival
                    .get(fact.index())
                    .is_some_and(|arrival| *arrival != NEVER)
            })
        };
        let mut targets = Vec::new();
        for (place, jewel) in self.jewels.iter().enumerate() {
            if let Some(fact) = self.graph.derived(jewel.taken).filter(|fact| is_reached(*fact)) {
                let loss_pence = jewel.loss.0.max(0);
                targets.push(Target {
                    entity: jewel.entity,
                    fact: fact.0,
                    jewel: Some(place),
                    loss_pence,
                });
            }
        }
        if !settings.spread {
            return targets;
        }
        let jewels: Vec<Entity> = self.jewels.iter().map(|jewel| jewel.entity).collect();
        let jewels: rustc_hash::FxHashSet<Entity> = jewels.into_iter().collect();
        let systems = (0..self.estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
        let accounts = (0..self.estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
        for entity in accounts.chain(systems).filter(|entity| !jewels.contains(entity)) {
            let fact = self
                .graph
                .derived(Derived::taken(entity))
                .filter(|fact| is_reached(*fact));
            let is_lost = matches!(entity, Entity::System(_))
                && worlds
                    .iter()
                    .filter(|world| world.weight > 0.0)
                    .all(|world| world.held.contains(&entity));
            if let Some(fact) = fact.filter(|_| !is_lost) {
                let loss_pence = spread_loss(self.estate, entity).0.max(0);
                targets.push(Target {
                    entity,
                    fact: fact.0,
                    jewel: None,
                    loss_pence,
                });
            }
        }
        targets
    }

    /// Base facts that some jewel rests on, or anything that has a price if those are few enough.
    fn facts_that_matter(
        &self,
        reached: &[Reached],
        targets: &[Target],
        held: &[Entity],
        constraints: &Constraints,
    ) -> Vec<Base> {
        let jewels: Vec<u32> = targets
            .iter()
            .filter(|target| target.jewel.is_some())
            .map(|target| target.fact)
            .collect();
        let all: Vec<u32> = targets.iter().map(|target| target.fact).collect();
        let hard: Vec<bool> = targets
            .iter()
            .map(|target| self.must_be_kept(target, reached, constraints))
            .collect();
        let mut facts: Vec<u32> = Vec::new();
        for one in reached {
            let of = |targets: &[u32]| {
                relevant(&Source {
                    facts: self.graph.facts(),
                    rules: &one.rules,
                    given: &one.given,
                    cutters: &[],
                    targets,
                    hard: &hard,
                })
            };
            let everything = of(&all);
            let few = everything.len() <= crate::limits::SPREAD_FACTS_MAX;
            facts.extend(if few { everything } else { of(&jewels) });
        }
        let near = self.near(held).into_iter();
        facts.extend(near.filter_map(|base| self.graph.base(base)).map(|fact| fact.0));
        facts.sort_unstable();
        facts.dedup();
        let describe = |fact: u32| match self.graph.describe(FactId(fact)) {
            Some(Fact::Base(base)) => Some(base),
            _ => None,
        };
        facts.into_iter().filter_map(describe).collect()
    }

    /// True for a jewel that must be kept, that nobody gave up, and that cannot be taken already.
    fn must_be_kept(&self, target: &Target, reached: &[Reached], constraints: &Constraints) -> bool {
        let is_taken = reached
            .iter()
            .any(|one| one.arrival.get(target.fact as usize) == Some(&0));
        target
            .jewel
            .and_then(|place| self.jewels.get(place))
            .is_some_and(|jewel| jewel.never)
            && !constraints.give_up.contains(&target.entity)
            && !is_taken
    }

    pub(super) fn prepare(
        &mut self,
        worlds: Vec<World>,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Prepared {
        let reached: Vec<Reached> = worlds.iter().map(|world| self.reached(&world.held)).collect();
        let targets = self.targets(&worlds, &reached, settings);
        let mut held: Vec<Entity> = worlds
            .iter()
            .flat_map(|world| world.held.iter().copied())
            .collect();
        held.sort_unstable();
        held.dedup();
        let facts = self.facts_that_matter(&reached, &targets, &held, constraints);
        let mut columns = self.candidates.for_facts(facts);
        self.add_forced(&mut columns, constraints);
        let used = self.used(&reached, &targets, &columns, settings);
        let (timely, urgency) = self.timely(&columns, &used);
        let mut cutters: Vec<Vec<u32>> = vec![Vec::new(); self.graph.base_facts()];
        for (column, facts) in timely.iter().enumerate() {
            for fact in facts {
                if let Some(list) = cutters.get_mut(fact.index()) {
                    list.push(column as u32);
                }
            }
        }
        let circuit = self.circuit(&columns, settings, constraints);
        let acts = |ids: &[WithdrawalId]| -> Vec<Act> {
            ids.iter().filter_map(|id| self.candidates.find(id)).collect()
        };
        let (forced, refused) = (acts(&constraints.force), acts(&constraints.refuse));
        let fixed = columns
            .iter()
            .map(|column| match () {
                () if forced.contains(&column.act) => Some(true),
                () if refused.contains(&column.act) => Some(false),
                () => None,
            })
            .collect();
        let nodes = circuit.decided(columns.len());
        Prepared {
            worlds,
            reached,
            targets,
            columns,
            timely,
            urgency,
            cutters,
            used,
            fixed,
            circuit,
            nodes,
        }
    }

    fn add_forced(&self, columns: &mut Vec<Candidate>, constraints: &Constraints) {
        let forced = constraints.force.iter().filter_map(|id| self.candidates.find(id));
        for act in forced.chain(self.further.iter().copied()) {
            if !columns.iter().any(|column| column.act == act) {
                columns.extend(self.candidates.candidate(act));
            }
        }
    }

    pub(super) fn circuit(
        &self,
        columns: &[Candidate],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Circuit {
        let mut columns_of: FxHashMap<Base, Vec<u32>> = FxHashMap::default();
        for (column, candidate) in columns.iter().enumerate() {
            for fact in &candidate.removes {
                columns_of.entry(*fact).or_default().push(column as u32);
            }
        }
        Circuit::new(self.estate, &columns_of, settings.duration_hours, |service| {
            constraints.protect.contains(&service)
                || self
                    .estate
                    .service(service)
                    .is_some_and(|service| service.protected)
        })
    }

    /// The second by which each base fact is first used in any world; empty if the race is not counted.
    fn used(
        &self,
        reached: &[Reached],
        targets: &[Target],
        columns: &[Candidate],
        settings: &Settings,
    ) -> Vec<u32> {
        if !settings.race || columns.is_empty() {
            return Vec::new();
        }
        let goals: Vec<u32> = targets
            .iter()
            .filter(|target| target.jewel.is_some())
            .map(|target| target.fact)
            .collect();
        let mut used = vec![NEVER; self.graph.base_facts()];
        for one in reached {
            let own = timing::use_seconds(&one.rules, &one.seconds, &one.arrival, &goals);
            for (slot, own) in used.iter_mut().zip(own) {
                *slot = own.min(*slot);
            }
        }
        used
    }

    /// Facts that each column removes in time, and when the first of them is used.
    pub(super) fn timely(&self, columns: &[Candidate], used: &[u32]) -> (Vec<Vec<FactId>>, Vec<u32>) {
        let used = |fact: FactId| used.get(fact.index()).copied().unwrap_or(NEVER);
        columns
            .iter()
            .map(|column| {
                let facts = column.removes.iter().filter_map(|base| self.graph.base(*base));
                let in_time = |fact: &FactId| column.effect_seconds <= f64::from(used(*fact));
                let mut facts: Vec<FactId> = facts.filter(in_time).collect();
                facts.sort_unstable();
                let urgency = facts.iter().map(|fact| used(*fact)).min().unwrap_or(NEVER);
                (facts, urgency)
            })
            .unzip()
    }
}

impl Prepared {
    /// The problem over as many targets as there are flags; the flag says that one must be kept.
    pub(super) fn instance(&self, hard: &[bool]) -> Instance {
        let prices = self.targets.iter().enumerate().map(|(place, target)| {
            let is_hard = hard.get(place).copied().unwrap_or(false);
            (!is_hard).then_some(target.loss_pence)
        });
        let weights = self.worlds.iter().map(|world| world.weight);
        let prices: Vec<Option<i64>> = prices.take(hard.len()).collect();
        let weighted = weights.flat_map(|weight| {
            prices
                .iter()
                .map(move |price| price.map(|pence| (pence as f64 * weight).round() as i64))
        });
        Instance {
            columns: self.columns.iter().map(|column| column.friction_pence).collect(),
            fixed: self.fixed.clone(),
            nodes: self.nodes.clone(),
            targets: weighted.collect(),
        }
    }

    /// The kernels of all worlds, over as many targets as there are flags.
    pub(super) fn kernels(&self, hard: &[bool]) -> Kernels {
        let facts: Vec<u32> = self
            .targets
            .iter()
            .take(hard.len())
            .map(|target| target.fact)
            .collect();
        let kernels = self.reached.iter().map(|reached| {
            Kernel::new(&Source {
                facts: reached.arrival.len(),
                rules: &reached.rules,
                given: &reached.given,
                cutters: &self.cutters,
                targets: &facts,
                hard,
            })
        });
        Kernels {
            kernels: kernels.collect(),
            targets: facts.len() as u32,
        }
    }

    /// How many of the targets are jewels; they come first.
    pub(super) fn jewels(&self) -> usize {
        self.targets
            .iter()
            .take_while(|target| target.jewel.is_some())
            .count()
    }

    /// Every jewel apart, the spread together until derivations tell it apart.
    pub(super) fn classes(&self, targets: usize) -> Classes {
        let jewels = self.jewels();
        let is_jewel = |target: u32| (target as usize) % targets.max(1) < jewels;
        let worlds = self.worlds.len();
        Classes::new(
            targets * worlds,
            is_jewel,
            crate::limits::CLASSES_MAX + jewels * worlds,
        )
    }

    /// The facts that a choice removes in time.
    pub(super) fn withdrawn(&self, chosen: &[bool]) -> FactSet {
        let facts = self
            .timely
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| **chosen)
            .flat_map(|(facts, _)| facts);
        facts.copied().collect()
    }
}

/// The kernels of all worlds as one oracle; the targets of each world follow those of the one before.
#[derive(Debug)]
pub(super) struct Kernels {
    pub(super) kernels: Vec<Kernel>,
    targets: u32,
}

impl Kernels {
    /// Facts in all kernels.
    pub(super) fn facts(&self) -> usize {
        self.kernels.iter().map(Kernel::facts).sum()
    }

    /// Targets that some world reaches whatever is withdrawn.
    pub(super) fn always(&self) -> Vec<u32> {
        let mut always: Vec<u32> = self.kernels.iter().flat_map(Kernel::always).copied().collect();
        always.sort_unstable();
        always.dedup();
        always
    }
}

impl Oracle for Kernels {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Found {
        let mut all = Found::default();
        for (world, kernel) in self.kernels.iter_mut().enumerate() {
            let one = kernel.derive(chosen, hard_only);
            let (sets, targets) = (all.sets.len() as u32, world as u32 * self.targets);
            all.sets.extend(one.sets);
            all.found.extend(
                one.found
                    .into_iter()
                    .map(|(target, set)| (target + targets, set + sets)),
            );
        }
        all
    }
}

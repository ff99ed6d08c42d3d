//! The sampled worlds, drawn again from what the plan says may be held.
//!
//! This is the planner's way of drawing written a second time: each draw is a hash of the seed, the stream, the number of the world and
//! what is drawn.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{AccountId, Entity, SystemId};
use cordon_reach::{Derived, FactId, Graph};

use super::Findings;
use super::view::View;
use crate::document::{PlanDocument, UncertaintyEntry};

/// Distinct worlds with how often each was drawn.
pub(super) type Sample = BTreeMap<Vec<Entity>, u32>;

/// What worlds are drawn from.
pub(super) struct Urn {
    likely: BTreeMap<Entity, f64>,
    hidden: Vec<(Entity, f64)>,
    hidden_probability: f64,
    seed: u64,
}

impl Urn {
    /// `None` if what may be held is no part of the estate, or not what the plan was made for.
    pub(super) fn new(
        document: &PlanDocument,
        entry: &UncertaintyEntry,
        view: &View<'_>,
        found: &mut Findings,
    ) -> Option<Self> {
        let field = "uncertainty.may_be_held";
        let mut likely = BTreeMap::new();
        for one in &entry.may_be_held {
            let Some(entity) = view.names.entity(&one.entity) else {
                found.problem(field, format!("the estate has no {}", one.entity));
                return None;
            };
            if likely.insert(entity, one.probability).is_some() || !(0.0..=1.0).contains(&one.probability) {
                found.problem(field, format!("{} is there twice, or no probability", one.entity));
                return None;
            }
        }
        let known = document
            .footholds
            .iter()
            .map(|one| (&one.entity, one.probability));
        let above = entry.may_be_held.iter().map(|one| (&one.entity, one.probability));
        let above = above.filter(|(_, likely)| *likely >= document.assumptions.foothold_threshold);
        let (known, above): (BTreeSet<_>, BTreeSet<_>) = (
            known.map(|(name, likely)| (name, likely.to_bits())).collect(),
            above.map(|(name, likely)| (name, likely.to_bits())).collect(),
        );
        if known != above {
            found.problem(field, "they are not the footholds of the plan");
            return None;
        }
        Some(Self {
            likely,
            hidden: hidden(view),
            hidden_probability: entry.hidden_probability,
            seed: entry.seed,
        })
    }

    /// So many worlds of a stream: 0 is that which the plan was made with, 1 that which it has not seen.
    pub(super) fn draw(&self, worlds: u32, stream: u64) -> Sample {
        let mut sample = Sample::new();
        for number in 0..u64::from(worlds) {
            *sample.entry(self.world(number, stream)).or_default() += 1;
        }
        sample
    }

    fn world(&self, number: u64, stream: u64) -> Vec<Entity> {
        let drawn = |what: u64| uniform(&[self.seed, stream, number, what]);
        let likely = self.likely.iter();
        let mut held: BTreeSet<Entity> = likely
            .filter(|(entity, likely)| drawn(number_of(**entity)) < **likely)
            .map(|(entity, _)| *entity)
            .collect();
        if drawn(1) < self.hidden_probability {
            let mut left = drawn(2);
            for (entity, weight) in &self.hidden {
                left -= weight;
                if left < 0.0 {
                    held.insert(*entity);
                    break;
                }
            }
        }
        held.into_iter().collect()
    }
}

/// What the footholds of the plan lead to, each the likelier to be held unseen the sooner they do.
fn hidden(view: &View<'_>) -> Vec<(Entity, f64)> {
    let accounts = (0..view.estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
    let systems = (0..view.estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
    let mut hidden: Vec<(Entity, f64)> = Vec::new();
    for entity in accounts.chain(systems) {
        match view.before.get(&Derived::taken(entity)) {
            None | Some(0) => {}
            Some(seconds) => hidden.push((entity, 1.0 / (1.0 + f64::from(*seconds) / 60.0))),
        }
    }
    let sum: f64 = hidden.iter().map(|(_, weight)| *weight).sum();
    hidden.iter_mut().for_each(|(_, weight)| *weight /= sum);
    hidden
}

fn number_of(entity: Entity) -> u64 {
    match entity {
        Entity::Account(id) => 1 << 32 | u64::from(id.0),
        Entity::Group(id) => 2 << 32 | u64::from(id.0),
        Entity::System(id) => 3 << 32 | u64::from(id.0),
        Entity::Zone(id) => 4 << 32 | u64::from(id.0),
    }
}

/// A number in [0, 1): SplitMix64 after each word, its 53 high bits.
fn uniform(words: &[u64]) -> f64 {
    let mixed = words.iter().fold(0_u64, |state, word| {
        let one = (state ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let two = (one ^ one >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let three = (two ^ two >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        three ^ three >> 31
    });
    (mixed >> 11) as f64 * (0.5_f64).powi(53)
}

/// In which worlds a jewel that must be kept is taken at second 0, by asking every rule that takes no time again and again.
pub(super) fn held_at_once(worlds: &[&Vec<Entity>], goals: &[Derived], graph: &Graph) -> Vec<bool> {
    let some = worlds.chunks(u64::BITS as usize);
    some.flat_map(|worlds| held_at_once_in_some(worlds, goals, graph))
        .collect()
}

/// The same of at most 64 worlds, all at once: a bit for each.
fn held_at_once_in_some(worlds: &[&Vec<Entity>], goals: &[Derived], graph: &Graph) -> Vec<bool> {
    let mut has = vec![0_u64; graph.facts()];
    has.iter_mut()
        .take(graph.base_facts())
        .for_each(|worlds| *worlds = u64::MAX);
    for (world, held) in worlds.iter().enumerate() {
        for (_, derived) in graph.starts(held) {
            if let Some(slot) = has.get_mut(derived.index()) {
                *slot |= 1 << world;
            }
        }
    }
    let mut changed = true;
    while changed {
        changed = false;
        for rule in graph.each_rule().filter(|rule| rule.seconds == 0) {
            let of = |fact: FactId| has.get(fact.index()).copied().unwrap_or(0);
            let all = rule.premises().fold(u64::MAX, |all, fact| all & of(fact));
            if let Some(slot) = has.get_mut(rule.conclusion.index())
                && all & !*slot != 0
            {
                *slot |= all;
                changed = true;
            }
        }
    }
    let facts = goals.iter().filter_map(|goal| graph.derived(*goal));
    let taken = facts.filter_map(|fact| has.get(fact.index()));
    let taken = taken.fold(0, |all, worlds| all | worlds);
    (0..worlds.len()).map(|world| taken >> world & 1 == 1).collect()
}

//! Worlds: what the intruder may hold, drawn from the probabilities of the footholds.
//!
//! A plan is made for the world in which every foothold above the threshold is held. Beside it, worlds are sampled:
//! every foothold is held with its own probability, and now and then one more thing that nothing shows, the likelier
//! the sooner the known footholds lead to it (*pre-emptive* worlds). Draws are common random numbers: each is a hash of the seed, the
//! number of the world and the entity, so that a foothold more or less changes nothing else (sample average
//! approximation: Kleywegt, Shapiro and Homem-de-Mello 2002).
//!
//! If a share of worlds in which a jewel may be reached is asked for, worlds are kept as well and the plan made again: those that make
//! the cheapest plan that holds the share over the sample (module `least_worlds`). In each world kept, a withdrawal counts for what it removes in
//! time there. Where deciding takes too long, the commonest world that breaks the share is kept next, until the sample holds it. A
//! second, larger sample that the plan has not seen says what the share is worth.

use std::collections::BTreeMap;

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_reach::{Derived, Exposure, FactId};

use super::joint::Drawn;
use super::least_worlds::LeastWorlds;
use super::prepare::Prepared;
use super::timing;
use super::ways::Told;
use super::write::{Solved, worlds};
use super::{Constraints, Foothold, Planner, Progress, Settings, Uncertainty, Watch, World};
use crate::candidates::{Candidate, entity_name};
use crate::document::{Estimate, MayBeHeld, UncertaintyEntry, WorldEntry};
use crate::limits::WORLDS_KEPT_MAX;

/// How many times more worlds the second sample has.
pub(super) const OUT_OF_SAMPLE: u32 = 10;

/// A sample: distinct worlds with how often each was drawn.
pub(super) type Sample = BTreeMap<Vec<Entity>, u32>;

/// What a plan does in a sample.
pub(super) struct Seen {
    pub(super) estimate: Estimate,
    /// How many of the worlds drawn a jewel is held in at once: no withdrawal mends that.
    pub(super) held_already: u32,
    /// Other worlds in which a jewel is reached, the commonest first.
    pub(super) open: Vec<Drawn>,
}

/// A plan over a sample, as worlds are kept for it.
struct Facing {
    plan: (Prepared, Solved),
    seen: Seen,
    kept: Vec<Vec<Entity>>,
    least: Option<LeastWorlds>,
}

impl Planner<'_> {
    /// The worlds that a plan is made with, what is held in each with how often it was drawn; none if no worlds are asked for.
    pub fn sampled_worlds(
        &mut self,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<(Vec<Entity>, u32)> {
        let Some(asked) = &settings.uncertainty else {
            return Vec::new();
        };
        self.set(settings, constraints);
        let prepared = self.prepare(worlds(footholds, settings), settings, constraints);
        let hidden = self.hidden(&prepared);
        self.last = Some(prepared);
        sample(footholds, &hidden, asked, asked.worlds, 0)
            .into_iter()
            .collect()
    }

    /// Measures a plan over sampled worlds; makes it again with worlds kept if a share was asked for.
    pub(super) fn faced(
        &mut self,
        plan: (Prepared, Solved),
        footholds: &[Foothold],
        asked: &Uncertainty,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Prepared, Solved, UncertaintyEntry) {
        let hidden = self.hidden(&plan.0);
        let drawn = |worlds: u32, stream: u64| sample(footholds, &hidden, asked, worlds, stream);
        let first = drawn(asked.worlds, 0);
        let seen = self.seen(
            &plan.0.candidates(&plan.1.solution.chosen),
            &first,
            settings,
            constraints,
            watch,
        );
        let mut facing = Facing {
            plan,
            seen,
            kept: Vec::new(),
            least: None,
        };
        if let Some(share_max) = asked.reached_max
            && facing.seen.estimate.reached > share_max
            && facing.plan.1.infeasibility.is_none()
        {
            self.hold(&mut facing, (&first, share_max), settings, constraints, watch);
        }
        let Facing {
            plan: (prepared, solved),
            seen,
            kept,
            least,
        } = facing;
        let second = drawn(asked.worlds.saturating_mul(OUT_OF_SAMPLE), 1);
        let acts = prepared.candidates(&solved.solution.chosen);
        let out = self.seen(&acts, &second, settings, constraints, watch);
        let mut entry = self.entry(asked, &first, &kept, seen.estimate, out.estimate);
        entry.may_be_held = self.may_be_held(footholds);
        if let Some(mut least) = least {
            entry.proof = least.proof.take();
            entry.reached_min_proof = least.fewest_proof.take();
            let worlds = f64::from(asked.worlds.max(1));
            entry.lower_bound_pence = Some(
                least
                    .lower_bound_pence
                    .clamp(0, solved.after.cost.total_pence.max(0)),
            );
            entry.reached_min = least.is_fewest.then(|| f64::from(least.reached_max()) / worlds);
        }
        (prepared, solved, entry)
    }

    /// Makes a plan again so that a jewel is reached in at most a share of a sample.
    fn hold(
        &mut self,
        facing: &mut Facing,
        (sample, mut share_max): (&Sample, f64),
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) {
        let (prepared, solved) = &facing.plan;
        let least = self.least_worlds(
            (prepared, solved),
            (sample, share_max),
            settings,
            constraints,
            watch,
        );
        if let Some(least) = least {
            let worlds = sample.values().sum::<u32>().max(1);
            share_max = share_max.max(f64::from(least.reached_max()) / f64::from(worlds));
            self.keep(facing, &least.kept, sample, settings, constraints, watch);
            facing.least = Some(least);
        }
        let mut tried: Vec<Vec<Entity>> = Vec::new();
        while facing.seen.estimate.reached > share_max
            && facing.kept.len() < WORLDS_KEPT_MAX
            && (watch.clock)() < settings.seconds_max
        {
            let mut open = facing.seen.open.iter();
            let Some((_, world)) = open.find(|(_, world)| !tried.contains(world)) else {
                break;
            };
            let world = world.clone();
            tried.push(world.clone());
            self.keep(facing, &[world], sample, settings, constraints, watch);
        }
        // The bound is of plans that hold the share; this one is no such plan.
        facing.least.take_if(|_| facing.seen.estimate.reached > share_max);
    }

    /// Makes a plan again with further worlds kept; leaves it as it is if there is none that does.
    fn keep(
        &mut self,
        facing: &mut Facing,
        further: &[Vec<Entity>],
        sample: &Sample,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) {
        let mut worlds = facing.plan.0.worlds.clone();
        worlds.extend(further.iter().map(|held| World {
            held: held.clone(),
            weight: 0.0,
        }));
        let again = self.prepare(worlds, settings, constraints);
        let plan = self.solved(&again, settings, constraints, watch);
        let (again, plan) = self.grown((again, plan), settings, constraints, watch);
        if plan.infeasibility.is_none() {
            let acts = again.candidates(&plan.solution.chosen);
            facing.seen = self.seen(&acts, sample, settings, constraints, watch);
            facing.plan = (again, plan);
            facing.kept.extend_from_slice(further);
        }
    }

    /// How often a jewel is reached under a plan that is as it is, if worlds are asked for.
    pub(super) fn seen_by(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Option<UncertaintyEntry> {
        let asked = Uncertainty {
            reached_max: None,
            ..settings.uncertainty?
        };
        let hidden = self.hidden(prepared);
        let first = sample(footholds, &hidden, &asked, asked.worlds, 0);
        let second = sample(
            footholds,
            &hidden,
            &asked,
            asked.worlds.saturating_mul(OUT_OF_SAMPLE),
            1,
        );
        let acts = prepared.candidates(&solved.solution.chosen);
        let [one, other] =
            [&first, &second].map(|sample| self.seen(&acts, sample, settings, constraints, watch).estimate);
        Some(self.entry(&asked, &first, &[], one, other))
    }

    fn entry(
        &self,
        asked: &Uncertainty,
        sample: &Sample,
        kept: &[Vec<Entity>],
        in_sample: Estimate,
        out_of_sample: Estimate,
    ) -> UncertaintyEntry {
        let share =
            |world| f64::from(sample.get(world).copied().unwrap_or(0)) / f64::from(asked.worlds.max(1));
        let surely = out_of_sample.reached + 2.0 * out_of_sample.standard_error;
        UncertaintyEntry {
            seed: asked.seed,
            may_be_held: Vec::new(),
            hidden_probability: asked.hidden_probability,
            reached_max: asked.reached_max,
            kept: kept
                .iter()
                .map(|world| WorldEntry {
                    held: world
                        .iter()
                        .map(|entity| entity_name(self.estate, *entity))
                        .collect(),
                    share: share(world),
                })
                .collect(),
            in_sample,
            lower_bound_pence: None,
            proof: None,
            reached_min: None,
            reached_min_proof: None,
            out_of_sample,
            met: asked.reached_max.map(|most| surely <= most),
        }
    }

    /// What worlds are drawn from, each once.
    fn may_be_held(&self, footholds: &[Foothold]) -> Vec<MayBeHeld> {
        let mut likely: BTreeMap<Entity, f64> = BTreeMap::new();
        for foothold in footholds {
            let known = likely.entry(foothold.entity).or_insert(foothold.probability);
            *known = known.max(foothold.probability);
        }
        let told = likely.into_iter().map(|(entity, probability)| MayBeHeld {
            entity: entity_name(self.estate, entity),
            probability,
        });
        told.collect()
    }

    /// Accounts and systems that the known footholds lead to, each with how likely it is the hidden one, the sum being 1.
    pub(super) fn hidden(&self, prepared: &Prepared) -> Vec<(Entity, f64)> {
        let Some(known) = prepared.reached.first() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for entity in things(self.estate) {
            let fact = self.graph.derived(Derived::taken(entity));
            let arrival = fact.and_then(|fact| known.arrival.get(fact.index())).copied();
            if let Some(seconds) = arrival.filter(|at| *at > 0 && *at != timing::NEVER) {
                found.push((entity, 1.0 / (1.0 + f64::from(seconds) / 60.0)));
            }
        }
        let sum: f64 = found.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut found {
            *weight /= sum;
        }
        found
    }

    /// What acts do in every world of a sample, each counting only where it comes in time in that world.
    pub(super) fn seen(
        &self,
        acts: &[Candidate],
        sample: &Sample,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Seen {
        (watch.progress)(Progress::Worlds {
            worlds: sample.len() as u32,
        });
        let goals = self.kept_facts(constraints);
        let ways = self.ways(settings.race);
        let each: Vec<&[Entity]> = sample.keys().map(Vec::as_slice).collect();
        let (reaches, sets) = (Reaches { goals: &goals }, [ways.removed(acts)]);
        let reached = ways.in_each(&each, &sets, (&reaches, &goals), settings.threads);
        let (mut all, mut held_already) = (0_u32, 0_u32);
        let mut open = Vec::new();
        for ((world, &count), reached) in sample.iter().zip(reached) {
            all += count;
            match reached.as_deref() {
                None => held_already += count,
                Some([true]) => open.push((count, world.clone())),
                Some(_) => {}
            }
        }
        open.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let worlds = f64::from(all.max(1));
        let reached = held_already + open.iter().map(|(count, _)| count).sum::<u32>();
        let share = f64::from(reached) / worlds;
        Seen {
            estimate: Estimate {
                worlds: all,
                reached: share,
                standard_error: (share * (1.0 - share) / worlds).sqrt(),
                held_already: f64::from(held_already) / worlds,
            },
            held_already,
            open,
        }
    }

    /// The facts of jewels that no plan may leave in reach.
    pub(super) fn kept_facts(&self, constraints: &Constraints) -> Vec<u32> {
        let jewels = self.jewels.iter();
        let kept = jewels.filter(|jewel| jewel.never && !constraints.give_up.contains(&jewel.entity));
        kept.filter_map(|jewel| Some(self.graph.derived(jewel.taken)?.0))
            .collect()
    }
}

/// Whether a jewel that must be kept is reached.
struct Reaches<'g> {
    goals: &'g [u32],
}

impl Told for Reaches<'_> {
    type Of = bool;

    fn all(&self, _held: &[Entity], exposure: &Exposure<'_>) -> bool {
        self.goals.iter().any(|&goal| exposure.reached(FactId(goal)))
    }

    fn more(&self, before: &bool, _held: Entity, exposure: &Exposure<'_>, new: &[FactId]) -> bool {
        *before || (!new.is_empty() && self.all(&[], exposure))
    }
}

/// Everything that could be held: accounts, then systems.
fn things(estate: &Estate) -> impl Iterator<Item = Entity> + use<> {
    let accounts = (0..estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
    accounts.chain((0..estate.systems.len() as u32).map(|id| Entity::System(SystemId(id))))
}

pub(super) fn sample(
    footholds: &[Foothold],
    hidden: &[(Entity, f64)],
    asked: &Uncertainty,
    worlds: u32,
    stream: u64,
) -> Sample {
    let mut sample = Sample::new();
    for world in 0..worlds {
        let draw = |key: u64| chance([asked.seed, stream, u64::from(world), key]);
        let held = footholds
            .iter()
            .filter(|foothold| draw(key(foothold.entity)) < foothold.probability);
        let mut held: Vec<Entity> = held.map(|foothold| foothold.entity).collect();
        if draw(1) < asked.hidden_probability {
            let mut left = draw(2);
            let one = hidden.iter().find(|(_, weight)| {
                left -= weight;
                left < 0.0
            });
            held.extend(one.map(|(entity, _)| *entity));
        }
        held.sort_unstable();
        held.dedup();
        *sample.entry(held).or_insert(0) += 1;
    }
    sample
}

/// A number of its own for every entity; 1 and 2 are free.
fn key(entity: Entity) -> u64 {
    let (kind, id) = match entity {
        Entity::Account(id) => (1, id.0),
        Entity::Group(id) => (2, id.0),
        Entity::System(id) => (3, id.0),
        Entity::Zone(id) => (4, id.0),
    };
    kind << 32 | u64::from(id)
}

/// A number in [0, 1) that depends on its key alone: the finaliser of SplitMix64 (Steele, Lea and Flood 2014) after each word.
fn chance(words: [u64; 4]) -> f64 {
    let mut state = 0_u64;
    for word in words {
        state = (state ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ state >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foothold(id: u32, probability: f64) -> Foothold {
        Foothold {
            entity: Entity::Account(AccountId(id)),
            probability,
        }
    }

    fn asked(hidden_probability: f64) -> Uncertainty {
        Uncertainty {
            worlds: 20_000,
            seed: 7,
            hidden_probability,
            reached_max: None,
        }
    }

    fn share(sample: &Sample, entity: Entity) -> f64 {
        let drawn = sample.iter().filter(|(held, _)| held.contains(&entity));
        drawn.map(|(_, count)| f64::from(*count)).sum::<f64>() / 20_000.0
    }

    #[test]
    fn footholds_are_drawn_as_often_as_they_are_likely() {
        let footholds = [foothold(0, 0.9), foothold(1, 0.25), foothold(2, 1.0)];
        let sample = sample(&footholds, &[], &asked(0.0), 20_000, 0);
        for one in footholds {
            assert!((share(&sample, one.entity) - one.probability).abs() < 0.015);
        }
    }

    #[test]
    fn one_foothold_more_changes_no_other_draw() {
        let (few, many) = ([foothold(0, 0.5)], [foothold(0, 0.5), foothold(1, 0.5)]);
        let draw =
            |footholds: &[Foothold]| share(&sample(footholds, &[], &asked(0.0), 20_000, 0), few[0].entity);
        assert!((draw(&few) - draw(&many)).abs() < 1e-12);
    }

    #[test]
    fn the_hidden_one_is_drawn_by_its_weight_and_only_now_and_then() {
        let (near, far) = (Entity::System(SystemId(0)), Entity::System(SystemId(1)));
        let sample = sample(&[], &[(near, 0.8), (far, 0.2)], &asked(0.3), 20_000, 0);
        assert!((share(&sample, near) - 0.24).abs() < 0.015);
        assert!((share(&sample, far) - 0.06).abs() < 0.015);
        let none = Sample::from([(Vec::new(), 0)]);
        assert!(none.keys().all(|held| sample.contains_key(held)));
    }

    #[test]
    fn two_streams_of_one_seed_are_apart() {
        let footholds = [foothold(0, 0.5), foothold(1, 0.5), foothold(2, 0.5)];
        let draw = |world: u64, stream| chance([7, stream, world, key(footholds[0].entity)]) < 0.5;
        let same = (0..2_000)
            .filter(|&world| draw(world, 0) == draw(world, 1))
            .count();
        assert!((900..1_100).contains(&same), "{same}");
    }
}

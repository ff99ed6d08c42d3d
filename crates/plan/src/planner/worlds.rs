//! Worlds: what the intruder may hold, drawn from the probabilities of the footholds.
//!
//! A plan is made for the world in which every foothold above the threshold is held. Beside it, worlds are sampled:
//! every foothold is held with its own probability, and now and then one more thing that nothing shows, the likelier
//! the sooner the known footholds lead to it (*pre-emptive* worlds). Draws are common random numbers: each is a hash of the seed, the
//! number of the world and the entity, so that a foothold more or less changes nothing else (sample average
//! approximation: Kleywegt, Shapiro and Homem-de-Mello 2002).
//!
//! If a share of worlds in which a jewel may be reached is asked for, the commonest world that breaks it is kept as well and the plan
//! made again, until the sample holds it. That is a plan that holds the share, not always the cheapest that does: which worlds are kept is chosen
//! greedily. A second, larger sample that the plan has not seen says what the share is worth.

use std::collections::BTreeMap;

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_reach::{Derived, Scratch};

use super::prepare::Prepared;
use super::threads::in_order;
use super::timing;
use super::write::Solved;
use super::{Constraints, Foothold, Planner, Settings, Uncertainty, Watch, World};
use crate::candidates::{Candidate, entity_name};
use crate::document::{Estimate, UncertaintyEntry, WorldEntry};
use crate::limits::WORLDS_KEPT_MAX;

/// How many times more worlds the second sample has.
pub(super) const OUT_OF_SAMPLE: u32 = 10;

/// A sample: distinct worlds with how often each was drawn.
pub(super) type Sample = BTreeMap<Vec<Entity>, u32>;

/// What a plan does in a sample.
struct Seen {
    estimate: Estimate,
    /// Worlds in which a jewel is reached that the plan keeps and that is not held in them, by how often they were drawn.
    broken: Vec<(u32, Vec<Entity>)>,
}

impl Planner<'_> {
    /// Measures a plan over sampled worlds; makes it again with worlds kept if a share was asked for.
    pub(super) fn faced(
        &mut self,
        (mut prepared, mut solved): (Prepared, Solved),
        footholds: &[Foothold],
        asked: &Uncertainty,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Prepared, Solved, UncertaintyEntry) {
        let hidden = self.hidden(&prepared);
        let drawn = |worlds: u32, stream: u64| sample(footholds, &hidden, asked, worlds, stream);
        let first = drawn(asked.worlds, 0);
        let mut tried: Vec<Vec<Entity>> = Vec::new();
        let mut kept: Vec<Vec<Entity>> = Vec::new();
        let mut seen = self.seen(&prepared, &solved, &first, settings, constraints);
        while let Some(most) = asked.reached_max
            && seen.estimate.reached > most
            && kept.len() < WORLDS_KEPT_MAX
            && solved.infeasibility.is_none()
            && (watch.clock)() < settings.seconds_max
        {
            let mut broken = seen.broken.iter();
            let Some((_, world)) = broken.find(|(_, world)| !tried.contains(world)) else {
                break;
            };
            tried.push(world.clone());
            let mut worlds = prepared.worlds.clone();
            worlds.push(World {
                held: world.clone(),
                weight: 0.0,
            });
            let again = self.prepare(worlds, settings, constraints);
            let plan = self.solved(&again, settings, constraints, watch);
            if plan.infeasibility.is_none() {
                kept.push(world.clone());
                (prepared, solved) = (again, plan);
                seen = self.seen(&prepared, &solved, &first, settings, constraints);
            }
        }
        let second = drawn(asked.worlds.saturating_mul(OUT_OF_SAMPLE), 1);
        let out = self.seen(&prepared, &solved, &second, settings, constraints);
        let entry = self.entry(asked, &first, &kept, seen.estimate, out.estimate);
        (prepared, solved, entry)
    }

    /// How often a jewel is reached under a plan that is as it is, if worlds are asked for.
    pub(super) fn seen_by(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
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
        let [one, other] = [&first, &second].map(|sample| {
            self.seen(prepared, solved, sample, settings, constraints)
                .estimate
        });
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
            out_of_sample,
            met: asked.reached_max.map(|most| surely <= most),
        }
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

    /// What a plan does in every world of a sample.
    fn seen(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        sample: &Sample,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Seen {
        let (mut all, mut reached, mut already) = (0_u32, 0_u32, 0_u32);
        let mut broken = Vec::new();
        let each = self.jewel_arrivals((prepared, solved), sample, settings, constraints);
        for ((world, &count), arrivals) in sample.iter().zip(each) {
            all += count;
            let first = arrivals.iter().map(|(_, at)| *at).min();
            reached += if first.is_some() { count } else { 0 };
            already += if first == Some(0) { count } else { 0 };
            let kept = arrivals.iter().filter(|(is_kept, _)| *is_kept);
            if kept.map(|(_, at)| *at).min().is_some_and(|at| at > 0) {
                broken.push((count, world.clone()));
            }
        }
        broken.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let worlds = f64::from(all.max(1));
        let share = f64::from(reached) / worlds;
        Seen {
            estimate: Estimate {
                worlds: all,
                reached: share,
                standard_error: (share * (1.0 - share) / worlds).sqrt(),
                held_already: f64::from(already) / worlds,
            },
            broken,
        }
    }

    /// The seconds at which jewels that must be kept are reached in each world under a plan, each withdrawal counting only
    /// where it comes in time in that world; and whether the plan still keeps the jewel, or it may be taken already.
    fn jewel_arrivals(
        &self,
        (prepared, solved): (&Prepared, &Solved),
        sample: &Sample,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<Vec<(bool, u32)>> {
        let lost = solved.lost_jewels(prepared);
        let goals: Vec<(bool, cordon_reach::FactId)> = self
            .jewels
            .iter()
            .filter(|jewel| jewel.never && !constraints.give_up.contains(&jewel.entity))
            .filter_map(|jewel| Some((!lost.contains(&jewel.entity), self.graph.derived(jewel.taken)?)))
            .collect();
        let chosen = prepared.columns.iter().zip(&solved.solution.chosen);
        let acts: Vec<Candidate> = chosen
            .filter(|(_, chosen)| **chosen)
            .map(|(column, _)| column.clone())
            .collect();
        let ways = self.ways(settings);
        let arrivals = |scratch: &mut Scratch, held: &Vec<Entity>| -> Vec<(bool, u32)> {
            let withdrawn = ways.withdrawn(&acts, &ways.used(held, scratch));
            let exposure = ways.graph.chain(held, &withdrawn, scratch);
            let goals = goals.iter();
            goals
                .filter_map(|(is_kept, goal)| Some((*is_kept, exposure.arrival_seconds(*goal)?)))
                .collect()
        };
        in_order(
            sample.keys().collect(),
            settings.threads,
            Scratch::default,
            arrivals,
        )
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

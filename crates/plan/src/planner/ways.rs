//! What sets of acts do in many worlds, one after another.
//!
//! Most sampled worlds hold what another does and one thing more. So what that other leads to is found once, with and without what is
//! withdrawn, and for each world only what the further thing adds (`Graph::with_further`). When a fact is first used is worked out
//! for those facts only that some act removes.

use std::collections::BTreeMap;

use cordon_estate::Entity;
use cordon_reach::{Exposure, FactId, FactSet, Graph, LATEST_SECONDS};
use rustc_hash::FxHashMap;

use super::Planner;
use super::first_use::{Used, Uses, rules_on};
use super::ground::Ground;
use super::reached::Reached;
use super::remembered::Remembered;
use super::threads::in_order;
use super::timing;
use crate::candidates::Candidate;
use crate::limits::WORLDS_TOGETHER_MAX;

/// What many threads share to look at sampled worlds.
pub(super) struct Ways<'a> {
    pub(super) graph: &'a Graph,
    ground: &'a Ground,
    /// The facts of jewels.
    jewels: Vec<u32>,
    race: bool,
}

/// The facts that a set of acts removes, each with the seconds until it is gone.
pub(super) struct Removed(Vec<(FactId, f64)>);

/// Something to be told of every set of acts in every world.
pub(super) trait Told: Sync {
    /// What is told.
    type Of: Clone + Send;

    /// What it is where `exposure` is all that is reached.
    fn all(&self, held: &[Entity], exposure: &Exposure<'_>) -> Self::Of;

    /// What it is with one more thing held, from what it was without, where `new` is reached besides.
    fn more(&self, before: &Self::Of, held: Entity, exposure: &Exposure<'_>, new: &[FactId]) -> Self::Of;
}

/// What is asked of every world.
struct Asked<'s> {
    sets: &'s [Removed],
    /// The rules that rest on what some act removes; none if the race is not counted.
    uses: Uses,
    /// When the last act takes effect: what comes later than that comes too late for it in any case.
    seconds_max: u32,
}

/// Worlds that hold the same and at most one thing more, each by its place.
struct Together {
    known: Vec<Entity>,
    worlds: Vec<(usize, Option<Entity>)>,
}

/// A world, as another one and one thing more.
#[derive(Clone, Copy)]
struct World<'s> {
    known: &'s [Entity],
    further: Option<Entity>,
}

/// What one thread remembers from one world to the next.
struct Memory<T> {
    bare: Remembered,
    /// By set of acts.
    cut: Vec<(Remembered, Option<T>)>,
}

impl Planner<'_> {
    /// What it takes to look at sampled worlds.
    pub(super) fn ways(&self, race: bool) -> Ways<'_> {
        let jewels = self.jewels.iter();
        let jewels = jewels.filter_map(|jewel| self.graph.derived(jewel.taken));
        Ways {
            graph: &self.graph,
            ground: &self.ground,
            jewels: jewels.map(|fact| fact.0).collect(),
            race,
        }
    }
}

impl Ways<'_> {
    /// The second by which each base fact is first used where it is known what is reached; empty if the race is not counted.
    pub(super) fn used_after(&self, reached: &Reached) -> Vec<u32> {
        if !self.race {
            return Vec::new();
        }
        let goals = &self.jewels;
        let mut used = timing::use_seconds(&reached.index, &reached.seconds, &reached.arrival, goals);
        used.truncate(self.graph.base_facts());
        used
    }

    /// What acts remove.
    pub(super) fn removed(&self, acts: &[Candidate]) -> Removed {
        let facts = acts.iter().flat_map(|act| {
            let facts = act.removes.iter().filter_map(|base| self.graph.base(*base));
            facts.map(|fact| (fact, act.effect_seconds))
        });
        let mut facts: Vec<(FactId, f64)> = facts.collect();
        facts.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        facts.dedup_by_key(|(fact, _)| *fact);
        Removed(facts)
    }

    /// What is told of every set of acts in every world, each act counting only where it comes in time in that world; none for a world in
    /// which one of the facts `unless` is reached at once.
    pub(super) fn in_each<T: Told>(
        &self,
        worlds: &[&[Entity]],
        sets: &[Removed],
        (told, unless): (&T, &[u32]),
        threads: usize,
    ) -> Vec<Option<Vec<T::Of>>> {
        let mut each = vec![None; worlds.len()];
        let removed = || sets.iter().flat_map(|set| &set.0).filter(|_| self.race);
        let asked = Asked {
            sets,
            uses: rules_on(self.ground, removed().map(|(fact, _)| fact.0)),
            seconds_max: removed()
                .map(|(_, seconds)| seconds.ceil() as u32)
                .max()
                .unwrap_or(0),
        };
        let memory = || Memory {
            bare: Remembered::default(),
            cut: sets.iter().map(|_| (Remembered::default(), None)).collect(),
        };
        let look = |memory: &mut Memory<T::Of>, Together { known, worlds }: Together| {
            let each = worlds.into_iter().map(|(place, further)| {
                let world = World {
                    known: &known,
                    further,
                };
                (place, self.in_world(world, &asked, (told, unless), memory))
            });
            each.collect::<Vec<_>>()
        };
        for (place, one) in in_order(together(worlds), threads, memory, look)
            .into_iter()
            .flatten()
        {
            if let Some(slot) = each.get_mut(place) {
                *slot = one;
            }
        }
        each
    }

    fn in_world<T: Told>(
        &self,
        world: World<'_>,
        asked: &Asked<'_>,
        (told, unless): (&T, &[u32]),
        memory: &mut Memory<T::Of>,
    ) -> Option<Vec<T::Of>> {
        let Memory { bare, cut } = memory;
        let further: &[Entity] = world.further.as_slice();
        let nothing = FactSet::new();
        let soon = (further, asked.seconds_max);
        let withdrawn = bare.with_further(self.graph, (world.known, &nothing), soon, |exposure, _| {
            let at_once = |goal: &u32| exposure.arrival_seconds(FactId(*goal)) == Some(0);
            if unless.iter().any(at_once) {
                return None;
            }
            let held: Vec<Entity> = world.known.iter().copied().chain(world.further).collect();
            let mut used = Used::new(
                (self.graph, self.ground),
                (&asked.uses, &self.jewels),
                &exposure,
                &held,
            );
            let in_time = |removed: &Removed| self.in_time(removed, &mut used);
            Some(asked.sets.iter().map(in_time).collect::<Vec<FactSet>>())
        })?;
        let mut all = Vec::with_capacity(asked.sets.len());
        for (withdrawn, (memory, before)) in withdrawn.iter().zip(cut) {
            if !memory.is_of(world.known, withdrawn) {
                let exposure = memory.chain(self.graph, world.known, withdrawn);
                *before = Some(told.all(world.known, &exposure));
            }
            let Some(before) = &*before else { continue };
            all.push(match world.further {
                None => before.clone(),
                Some(one) => {
                    let more =
                        |exposure: Exposure<'_>, new: &[FactId]| told.more(before, one, &exposure, new);
                    let ever = (further, LATEST_SECONDS);
                    memory.with_further(self.graph, (world.known, withdrawn), ever, more)
                }
            });
        }
        Some(all)
    }

    /// What of it is removed in time.
    fn in_time(&self, removed: &Removed, used: &mut Used<'_, '_>) -> FactSet {
        let mut in_time =
            |(fact, seconds): &&(FactId, f64)| !self.race || *seconds <= f64::from(used.of(fact.0));
        let facts = removed.0.iter().filter(&mut in_time);
        facts.map(|(fact, _)| *fact).collect()
    }
}

/// Worlds that hold the same and at most one thing more; many of a kind are cut up, to share them among threads.
fn together(worlds: &[&[Entity]]) -> Vec<Together> {
    let mut held_in: FxHashMap<Entity, u32> = FxHashMap::default();
    for entity in worlds.iter().copied().flatten() {
        *held_in.entry(*entity).or_default() += 1;
    }
    let times = |entity: &Entity| held_in.get(entity).copied().unwrap_or(0);
    let without_rarest = |world: &[Entity]| {
        let rarest = *world.iter().min_by_key(|entity| (times(entity), **entity))?;
        let rest = world.iter().filter(|entity| **entity != rarest);
        Some((rest.copied().collect::<Vec<Entity>>(), rarest))
    };
    let mut alike: FxHashMap<Vec<Entity>, u32> = FxHashMap::default();
    for (rest, _) in worlds.iter().filter_map(|world| without_rarest(world)) {
        *alike.entry(rest).or_default() += 1;
    }
    let mut all: BTreeMap<Vec<Entity>, Vec<(usize, Option<Entity>)>> = BTreeMap::new();
    for (place, world) in worlds.iter().enumerate() {
        let others =
            without_rarest(world).filter(|(rest, _)| alike.get(rest).is_some_and(|alike| *alike > 1));
        let (known, further) = match others {
            Some((rest, rarest)) if !alike.contains_key(*world) => (rest, Some(rarest)),
            _ => (world.to_vec(), None),
        };
        all.entry(known).or_default().push((place, further));
    }
    let cut_up = all.into_iter().flat_map(|(known, worlds)| {
        let some = worlds
            .chunks(WORLDS_TOGETHER_MAX)
            .map(<[_]>::to_vec)
            .collect::<Vec<_>>();
        some.into_iter().map(move |worlds| Together {
            known: known.clone(),
            worlds,
        })
    });
    cut_up.collect()
}

#[cfg(test)]
mod tests {
    use cordon_reach::{Fact, Options, Scratch};

    use super::*;
    use crate::planner::reached::arrivals;
    use crate::random_estate;
    use crate::support::Chance;

    /// All facts that are reached.
    struct Everything;

    impl Told for Everything {
        type Of = Vec<FactId>;

        fn all(&self, _held: &[Entity], exposure: &Exposure<'_>) -> Vec<FactId> {
            let mut facts: Vec<FactId> = exposure.facts().collect();
            facts.sort_unstable();
            facts
        }

        fn more(
            &self,
            before: &Vec<FactId>,
            held: Entity,
            exposure: &Exposure<'_>,
            new: &[FactId],
        ) -> Vec<FactId> {
            let mut facts: Vec<FactId> = before.iter().chain(new).copied().collect();
            facts.sort_unstable();
            assert_eq!(facts, self.all(&[held], exposure));
            facts
        }
    }

    /// What acts leave in reach in a world, by chaining it alone and timing every fact; none if one of some facts is reached at once.
    fn alone(ways: &Ways<'_>, held: &[Entity], acts: &[Candidate], unless: &[u32]) -> Option<Vec<FactId>> {
        let mut scratch = Scratch::default();
        let exposure = ways.graph.chain(held, &FactSet::new(), &mut scratch);
        if unless
            .iter()
            .any(|goal| exposure.arrival_seconds(FactId(*goal)) == Some(0))
        {
            return None;
        }
        let arrival = arrivals(ways.graph, ways.ground, held, &exposure);
        let used = timing::use_seconds(&ways.ground.index, &ways.ground.seconds, &arrival, &ways.jewels);
        let in_time =
            |act: &Candidate, fact: FactId| !ways.race || act.effect_seconds <= f64::from(used[fact.index()]);
        let withdrawn: FactSet = acts
            .iter()
            .flat_map(|act| {
                let facts = act.removes.iter().filter_map(|base| ways.graph.base(*base));
                facts.filter(move |fact| in_time(act, *fact))
            })
            .collect();
        let exposure = ways.graph.chain(held, &withdrawn, &mut scratch);
        Some(Everything.all(held, &exposure))
    }

    #[test]
    fn what_is_told_of_many_worlds_is_what_is_true_of_each_alone() {
        let (mut late, mut held_at_once) = (0, 0);
        for seed in 0..400 {
            let mut chance = Chance::new(seed);
            let estate = random_estate::estate(&mut chance);
            let planner = Planner::new(&estate, &Options::default());
            let worlds: Vec<Vec<Entity>> = (0..12)
                .map(|_| {
                    let mut held = random_estate::held(&mut chance);
                    held.extend(random_estate::held(&mut chance));
                    held.truncate(chance.below(4) as usize);
                    held.sort_unstable();
                    held.dedup();
                    held
                })
                .collect();
            let worlds: Vec<&[Entity]> = worlds.iter().map(Vec::as_slice).collect();
            let facts =
                (0..planner.graph.base_facts() as u32).map(|fact| planner.graph.describe(FactId(fact)));
            let facts = facts.filter_map(|fact| match fact {
                Some(Fact::Base(base)) => Some(base),
                _ => None,
            });
            let acts = planner.candidates.for_facts(facts);
            let sets: Vec<Vec<Candidate>> = (0..3)
                .map(|_| acts.iter().filter(|_| chance.below(3) == 0).cloned().collect())
                .collect();
            let ways = planner.ways(chance.below(4) > 0);
            let unless: Vec<u32> = ways
                .jewels
                .iter()
                .filter(|_| chance.below(2) == 0)
                .copied()
                .collect();
            let removed: Vec<Removed> = sets.iter().map(|set| ways.removed(set)).collect();
            for threads in [1, 2] {
                let told = ways.in_each(&worlds, &removed, (&Everything, &unless), threads);
                for (held, told) in worlds.iter().zip(told) {
                    let wanted: Option<Vec<Vec<FactId>>> =
                        sets.iter().map(|set| alone(&ways, held, set, &unless)).collect();
                    assert_eq!(told, wanted, "seed {seed}, {held:?}");
                    held_at_once += u32::from(wanted.is_none());
                    late += u32::from(ways.race && acts.iter().any(|act| act.effect_seconds > 60.0));
                }
            }
        }
        assert!(late > 500 && held_at_once > 500, "{late} {held_at_once}");
    }

    #[test]
    fn worlds_are_taken_together_each_once() {
        let entity = |id: u32| Entity::Account(cordon_estate::AccountId(id));
        let worlds: Vec<Vec<Entity>> = [
            &[0, 1][..],
            &[0, 1, 7],
            &[0, 1, 8],
            &[],
            &[0, 9],
            &[3],
            &[0, 1, 2, 5],
        ]
        .iter()
        .map(|ids| ids.iter().map(|id| entity(*id)).collect())
        .collect();
        let slices: Vec<&[Entity]> = worlds.iter().map(Vec::as_slice).collect();
        let mut places = Vec::new();
        for Together { known, worlds: of } in together(&slices) {
            for (place, further) in of {
                let mut held = known.clone();
                held.extend(further);
                held.sort_unstable();
                assert_eq!(held, worlds[place]);
                places.push(place);
            }
        }
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 6]);
        let most = together(&slices).into_iter().map(|one| one.worlds.len()).max();
        assert_eq!(most, Some(3));
    }
}

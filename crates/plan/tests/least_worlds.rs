//! Which sampled worlds are kept for a share that is asked for, against trying every set of acts in every world.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may panic"
)]

#[path = "support/every_set.rs"]
mod every_set;
#[path = "support/firm.rs"]
mod firm;
#[path = "support/estate.rs"]
mod random_estate;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{Entity, Estate};
use cordon_plan::candidates::{Candidate, entity_name};
use cordon_plan::check::{Verdict, first_uses};
use cordon_plan::document::{JewelState, Outcome, PlanDocument, UncertaintyEntry};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Uncertainty, Watch, verify};
use cordon_reach::{Base, CrownJewel, Graph, Options, naive};
use every_set::{disruption, every_act, loss, sets};
use firm::firm;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Chance, instances};

/// Most acts of which every set is tried.
const ACTS_MAX: usize = 8;

fn case(seed: u64, kept: &[bool]) -> (Estate, Vec<Foothold>) {
    let mut chance = Chance::new(seed);
    let mut estate = random_estate::estate(&mut chance);
    let mut kept = kept.iter().copied().chain(std::iter::repeat(true));
    estate.accesses.retain(|_| kept.next() != Some(false));
    estate.points.retain(|_| kept.next() != Some(false));
    let never: Vec<Entity> = never(&estate).iter().map(|jewel| jewel.entity).collect();
    let mut held: Vec<Entity> = (0..3).flat_map(|_| random_estate::held(&mut chance)).collect();
    held.sort_unstable();
    held.dedup();
    held.retain(|entity| !never.contains(entity));
    let footholds = held.into_iter().map(|entity| Foothold {
        entity,
        probability: f64::from(1 + chance.below(12)) / 20.0,
    });
    let footholds = footholds.collect();
    (estate, footholds)
}

fn settings(race: bool, share_max: f64) -> Settings {
    Settings {
        race,
        comparisons: false,
        uncertainty: Some(Uncertainty {
            worlds: 60,
            seed: 5,
            hidden_probability: 0.1,
            reached_max: Some(share_max),
        }),
        ..Settings::default()
    }
}

/// One way things may be, and when what is used first in it.
struct World {
    held: Vec<Entity>,
    /// A jewel that must be kept is reached at once if nothing is withdrawn.
    is_held: bool,
    used: BTreeMap<Base, u32>,
}

impl World {
    fn new(estate: &Estate, graph: &Graph, held: Vec<Entity>, race: bool) -> Self {
        let jewels = cordon_reach::jewels(estate);
        let facts: Vec<_> = jewels
            .iter()
            .filter_map(|jewel| graph.derived(jewel.taken))
            .collect();
        let used = if race {
            first_uses(graph, &held, &facts)
        } else {
            BTreeMap::new()
        };
        let gained = naive::reach_without(estate, &Options::default(), &held, &BTreeSet::new());
        let never = jewels.iter().filter(|jewel| jewel.never);
        Self {
            is_held: never
                .filter_map(|jewel| gained.get(&jewel.taken))
                .any(|at| *at == 0),
            held,
            used,
        }
    }

    fn withdrawn(&self, set: &[&Candidate]) -> BTreeSet<Base> {
        let mut withdrawn = BTreeSet::new();
        for act in set {
            let in_time = |fact: &&Base| {
                self.used
                    .get(fact)
                    .is_none_or(|used| act.effect_seconds <= f64::from(*used))
            };
            withdrawn.extend(act.removes.iter().filter(in_time).copied());
        }
        withdrawn
    }

    fn reaches(&self, estate: &Estate, set: &[&Candidate], jewels: &[CrownJewel]) -> bool {
        let withdrawn = self.withdrawn(set);
        let gained = naive::reach_without(estate, &Options::default(), &self.held, &withdrawn);
        jewels.iter().any(|jewel| gained.contains_key(&jewel.taken))
    }
}

/// In how many sampled worlds a jewel is in reach under a set of acts, or held already.
fn open(estate: &Estate, sampled: &[(World, u32)], set: &[&Candidate]) -> u32 {
    let never = never(estate);
    let open = sampled
        .iter()
        .filter(|(world, _)| world.is_held || world.reaches(estate, set, &never));
    open.map(|(_, count)| count).sum()
}

/// Jewels that no plan may leave in reach.
fn never(estate: &Estate) -> Vec<CrownJewel> {
    cordon_reach::jewels(estate)
        .into_iter()
        .filter(|jewel| jewel.never)
        .collect()
}

/// The cost of every set of acts that keeps what must be kept in the world of the plan, and in how many sampled ones it leaves a jewel in
/// reach.
fn everything(
    estate: &Estate,
    plan: &PlanDocument,
    own: &World,
    sampled: &[(World, u32)],
) -> Vec<(i64, u32)> {
    let may_be_taken = |jewel: &CrownJewel| {
        let name = entity_name(estate, jewel.entity);
        let entry = plan.jewels.iter().find(|entry| entry.entity == name);
        entry.is_some_and(|entry| entry.state == JewelState::MayBeTaken)
    };
    let mut kept = never(estate);
    kept.retain(|jewel| !may_be_taken(jewel));
    let acts = every_act(estate);
    let told = sets(&acts).filter_map(|set| {
        let disruption = disruption(estate, &set)?;
        if own.reaches(estate, &set, &kept) {
            return None;
        }
        let open = open(estate, sampled, &set);
        Some((disruption + loss(estate, &own.held, &own.withdrawn(&set)), open))
    });
    told.collect()
}

/// What a share came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    NotCompared,
    AsItWas,
    /// The bound was proved to the penny or it was not.
    Held {
        is_proved: bool,
    },
    NotWholly {
        is_proved: bool,
    },
}

fn compared(
    estate: &Estate,
    footholds: &[Foothold],
    race: bool,
    share_max: f64,
) -> Result<Came, TestCaseError> {
    if every_act(estate).len() > ACTS_MAX {
        return Ok(Came::NotCompared);
    }
    let settings = settings(race, share_max);
    let mut planner = Planner::new(estate, &Options::default());
    let (mut progress, mut clock) = (|_| {}, || 0.0);
    let mut watch = Watch {
        progress: &mut progress,
        clock: &mut clock,
    };
    let plan = planner.plan(footholds, &settings, &Constraints::default(), &mut watch);
    if plan.outcome == Outcome::Infeasible {
        return Ok(Came::NotCompared);
    }
    let verdict = verify(&plan, estate);
    prop_assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
    let graph = Graph::compile(estate, &Options::default());
    let world = |held| World::new(estate, &graph, held, race);
    let sampled = planner.sampled_worlds(footholds, &settings, &Constraints::default());
    let worlds: u32 = sampled.iter().map(|(_, count)| count).sum();
    let sampled: Vec<(World, u32)> = sampled
        .into_iter()
        .map(|(held, count)| (world(held), count))
        .collect();
    let held = footholds
        .iter()
        .filter(|one| one.probability >= 0.5)
        .map(|one| one.entity);
    let all = everything(estate, &plan, &world(held.collect()), &sampled);
    let share = |count: u32| f64::from(count) / f64::from(worlds);
    let fewest = all.iter().map(|(_, open)| *open).min().unwrap();
    let allowed = share(fewest).max(share_max);
    let least = all
        .iter()
        .filter(|(_, open)| share(*open) <= allowed)
        .map(|(cost, _)| *cost)
        .min()
        .unwrap();
    let acts = every_act(estate);
    let in_plan = |act: &&Candidate| plan.withdrawals.iter().any(|entry| entry.act == act.act);
    let chosen: Vec<&Candidate> = acts.iter().filter(in_plan).collect();
    let seen = plan.uncertainty.as_ref().unwrap();
    prop_assert_eq!(seen.in_sample.reached, share(open(estate, &sampled, &chosen)));
    let bound = seen.lower_bound_pence;
    prop_assert!(
        bound.is_none_or(|bound| bound <= least),
        "{bound:?} is not below {least}"
    );
    prop_assert!(seen.in_sample.reached >= share(fewest), "fewer than there can be");
    if seen.reached_min.is_some() {
        prop_assert_eq!(seen.reached_min, Some(share(fewest)));
        prop_assert!(share(fewest) > share_max);
    }
    let is_held = seen.in_sample.reached <= allowed;
    if is_held {
        prop_assert_eq!(plan.cost.total_pence, least);
        prop_assert!(
            bound.is_none_or(|bound| bound == least),
            "{:?} is not {}",
            bound,
            least
        );
    }
    prop_assert!(is_held, "{} of {allowed}", seen.in_sample.reached);
    came(seen, &verdict)
}

/// What came of a share that was asked for, and whether that is proved to the penny.
fn came(seen: &UncertaintyEntry, verdict: &Verdict) -> Result<Came, TestCaseError> {
    let proved = verdict.worlds.map(|proof| proof.bound_pence);
    prop_assert_eq!(proved.is_some(), seen.lower_bound_pence.is_some());
    let is_proved = proved == seen.lower_bound_pence;
    let mut unchecked = verdict.unchecked.iter();
    let is_least = !unchecked.any(|field| field == "uncertainty.reached_min");
    Ok(match (seen.lower_bound_pence, seen.reached_min) {
        (None, _) => Came::AsItWas,
        (Some(_), Some(_)) => Came::NotWholly {
            is_proved: is_proved && is_least,
        },
        (Some(_), None) => Came::Held { is_proved },
    })
}

/// How many were held, how many could not be wholly, and of how many of both the bound was proved.
fn told(came: &BTreeMap<Came, u32>) -> [u32; 3] {
    let of = |one: Came| came.get(&one).copied().unwrap_or(0);
    let both = |of: &dyn Fn(bool) -> u32| of(true) + of(false);
    let held = |is_proved| of(Came::Held { is_proved });
    let not_wholly = |is_proved| of(Came::NotWholly { is_proved });
    [both(&held), both(&not_wholly), held(true) + not_wholly(true)]
}

const SHARES: [f64; 4] = [0.05, 0.15, 0.25, 0.4];

/// How often a share came to what, over many cases, with the race and without.
fn all_compared(seeds: u64, case: impl Fn(u64) -> (Estate, Vec<Foothold>)) -> BTreeMap<Came, u32> {
    let mut came = BTreeMap::new();
    for seed in 0..seeds {
        let (estate, footholds) = case(seed);
        let share = SHARES[(seed / 2 % 4) as usize];
        let one = compared(&estate, &footholds, seed % 2 == 0, share);
        *came
            .entry(one.unwrap_or_else(|error| panic!("seed {seed}: {error}")))
            .or_insert(0) += 1;
    }
    came
}

#[test]
fn a_share_is_held_at_the_least_cost() {
    let came = all_compared(instances(200), |seed| case(seed, &[]));
    let [held, not_wholly, proved] = told(&came);
    println!("{proved} of {} bounds proved", held + not_wholly);
    assert!(held > 2 && not_wholly > 2, "a dull mix: {came:?}");
    assert!(proved * 100 >= (held + not_wholly) * 95, "{came:?}");
}

#[test]
fn whom_to_trust_is_decided_at_the_least_cost() {
    let came = all_compared(instances(60), |seed| firm(&mut Chance::new(seed)));
    let [held, not_wholly, proved] = told(&came);
    println!("{proved} of {} bounds proved", held + not_wholly);
    assert!(held > 15 && not_wholly > 2, "a dull mix: {came:?}");
    assert!(proved * 100 >= (held + not_wholly) * 95, "{came:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(80)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn no_plan_that_holds_a_share_costs_less(
        seed in 0_u64..1_000_000,
        kept in vec(prop::bool::weighted(0.9), 0..18),
        race in any::<bool>(),
        share in 0..4_usize,
    ) {
        let (estate, footholds) = case(seed, &kept);
        compared(&estate, &footholds, race, SHARES[share])?;
    }
}

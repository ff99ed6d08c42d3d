//! A plan made after others is the plan made from nothing, to the byte: cost, bound, choice and everything that is said of it.
//!
//! Random estates, and on each a random course of what happens to a planner: footholds come, go and change, people refuse, force,
//! protect, add jewels and give some up. What fails shrinks: things of the estate are left out, and changes.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

#[path = "support/estate.rs"]
mod random_estate;
mod support;

use cordon_estate::{AccountId, Entity, Estate, GroupId, ServiceId, SystemId, ZoneId};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::{PlanDocument, WithdrawalId};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Uncertainty, Watch};
use cordon_reach::{Base, FactId, Options};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Chance, instances};

/// One thing that happens; numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    HoldMore(u32),
    HoldLess(u32),
    Probability(u32, f64),
    Refuse(u32),
    Force(u32),
    Allow,
    Protect(u32),
    Jewel(u32),
    GiveUp(u32),
    Duration(f64),
    Spread,
    Race,
    Pace(f64),
    Comparisons,
    Worlds(f64),
    Anew,
}

fn change() -> impl Strategy<Value = Change> {
    let number = || 0_u32..64;
    prop_oneof![
        1 => Just(Change::Nothing),
        5 => number().prop_map(Change::HoldMore),
        4 => number().prop_map(Change::HoldLess),
        2 => (number(), 0.0..1.0).prop_map(|(one, probability)| Change::Probability(one, probability)),
        4 => number().prop_map(Change::Refuse),
        3 => number().prop_map(Change::Force),
        1 => Just(Change::Allow),
        2 => number().prop_map(Change::Protect),
        2 => number().prop_map(Change::Jewel),
        2 => number().prop_map(Change::GiveUp),
        1 => (0.5..200.0).prop_map(Change::Duration),
        1 => Just(Change::Spread),
        1 => Just(Change::Race),
        1 => (0.05..2.0).prop_map(Change::Pace),
        1 => Just(Change::Comparisons),
        1 => (0.0..0.5).prop_map(Change::Worlds),
        1 => Just(Change::Anew),
    ]
}

/// What is planned for.
#[derive(Clone, Debug, Default)]
struct Asked {
    held: Vec<Foothold>,
    settings: Settings,
    constraints: Constraints,
}

impl Asked {
    fn change(&mut self, change: Change, withdrawals: &[WithdrawalId]) {
        let constraints = &mut self.constraints;
        let named = |number: u32| {
            withdrawals
                .get(number as usize % withdrawals.len().max(1))
                .cloned()
        };
        match change {
            Change::Nothing => {}
            Change::HoldMore(number) => self.held.push(Foothold {
                entity: entity(number),
                probability: 0.9,
            }),
            Change::HoldLess(number) if !self.held.is_empty() => {
                self.held.remove(number as usize % self.held.len());
            }
            Change::Probability(number, probability) if !self.held.is_empty() => {
                let place = number as usize % self.held.len();
                self.held[place].probability = probability;
            }
            Change::HoldLess(_) | Change::Probability(..) => {}
            Change::Refuse(number) => constraints.refuse.extend(named(number)),
            Change::Force(number) => constraints.force.extend(named(number)),
            Change::Allow => {
                constraints.refuse.pop();
                constraints.force.pop();
            }
            Change::Protect(number) => constraints.protect.push(ServiceId(number % 3)),
            Change::Jewel(number) => constraints.jewels.push(entity(number)),
            Change::GiveUp(number) => constraints.give_up.push(entity(number)),
            Change::Duration(hours) => self.settings.duration_hours = hours,
            Change::Spread => self.settings.spread ^= true,
            Change::Race => self.settings.race ^= true,
            Change::Pace(pace) => self.settings.pace = pace,
            Change::Comparisons => self.settings.comparisons ^= true,
            Change::Worlds(most) => {
                self.settings.uncertainty = Some(Uncertainty {
                    worlds: 8,
                    reached_max: Some(most),
                    ..Uncertainty::default()
                });
            }
            Change::Anew => *constraints = Constraints::default(),
        }
    }

    fn plan(&self, planner: &mut Planner<'_>) -> PlanDocument {
        let mut watch = Watch {
            progress: &mut |_| {},
            clock: &mut || 0.0,
        };
        planner.plan(&self.held, &self.settings, &self.constraints, &mut watch)
    }
}

fn entity(number: u32) -> Entity {
    let id = number / 4;
    match number % 4 {
        0 => Entity::Account(AccountId(id % 4)),
        1 | 2 => Entity::System(SystemId(id % 5)),
        _ if id.is_multiple_of(2) => Entity::Group(GroupId(id % 2)),
        _ => Entity::Zone(ZoneId(id % 3)),
    }
}

/// A random estate without the accesses, services and points that are not kept.
fn estate(seed: u64, kept: &[bool]) -> (Estate, Vec<Entity>) {
    let mut chance = Chance::new(seed);
    let mut estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance);
    let mut kept = kept.iter().copied().chain(std::iter::repeat(true));
    estate.accesses.retain(|_| kept.next() != Some(false));
    estate.points.retain(|_| kept.next() != Some(false));
    (estate, held)
}

/// Everything that could be withdrawn somewhere in the estate.
fn withdrawals(estate: &Estate, planner: &Planner<'_>) -> Vec<WithdrawalId> {
    let candidates = Candidates::new(estate, 24.0);
    let graph = planner.graph();
    let bases = (0..graph.base_facts() as u32).filter_map(|fact| match graph.describe(FactId(fact)) {
        Some(cordon_reach::Fact::Base(base)) => Some(base),
        _ => None,
    });
    let all: Vec<Base> = bases.collect();
    let all = candidates.for_facts(all);
    all.into_iter().map(|one| candidates.id(one.act)).collect()
}

fn text(document: &PlanDocument) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(500)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn a_plan_after_others_is_the_plan_from_nothing(
        seed in 0_u64..1_000_000,
        kept in vec(prop::bool::weighted(0.97), 0..18),
        changes in vec(change(), 1..7),
    ) {
        let (estate, held) = estate(seed, &kept);
        let fresh = || Planner::new(&estate, &Options::default());
        let mut planner = fresh();
        let names = withdrawals(&estate, &planner);
        let mut asked = Asked {
            held: held.into_iter().map(|entity| Foothold { entity, probability: 0.9 }).collect(),
            settings: Settings {
                comparisons: false,
                ..Settings::default()
            },
            ..Asked::default()
        };
        asked.plan(&mut planner);
        for change in changes {
            asked.change(change, &names);
            let (after, anew) = (asked.plan(&mut planner), asked.plan(&mut fresh()));
            prop_assert_eq!(after.cost, anew.cost, "after {:?}", change);
            prop_assert_eq!(&after.optimality, &anew.optimality, "after {:?}", change);
            prop_assert_eq!(text(&after), text(&anew), "after {:?}", change);
        }
    }
}

#[test]
fn most_changes_change_the_plan() {
    let (mut changed, mut made) = (0, 0);
    for seed in 0..200 {
        let (estate, held) = estate(seed, &[]);
        let mut planner = Planner::new(&estate, &Options::default());
        let mut asked = Asked {
            held: held
                .into_iter()
                .map(|entity| Foothold {
                    entity,
                    probability: 0.9,
                })
                .collect(),
            ..Asked::default()
        };
        let first = asked.plan(&mut planner);
        let ids: Vec<WithdrawalId> = first.withdrawals.iter().map(|one| one.id.clone()).collect();
        if !ids.is_empty() {
            asked.change(Change::Refuse(0), &ids);
            made += 1;
            changed += u32::from(asked.plan(&mut planner).withdrawals != first.withdrawals);
        }
    }
    assert!(
        made > 30 && changed > made * 9 / 10,
        "{changed} of {made} plans changed"
    );
}

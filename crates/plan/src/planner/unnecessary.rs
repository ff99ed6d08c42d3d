//! What would have to be otherwise for a withdrawal to be needless: the fewest footholds that are not held, or another
//! withdrawal in its place. Each answer is tried by chaining the whole graph in every world.

use cordon_estate::Entity;
use cordon_reach::{FactId, FactSet, Until};

use super::measure::Measured;
use super::prepare::Prepared;
use super::{Planner, Settings};
use crate::candidates::entity_name;
use crate::document::{Change, UnnecessaryIf};
use crate::limits::{CLEARED_TRIED_MAX, INSTEAD_TRIED_MAX, UNNECESSARY_IF_MAX};
use crate::master::is_set;

/// One withdrawal taken out of a plan.
pub(super) struct TakenOut<'a> {
    pub(super) column: usize,
    /// The plan without it.
    pub(super) rest: &'a [bool],
    /// What comes of the plan, and of the plan without it.
    pub(super) with: &'a Measured,
    pub(super) without: &'a Measured,
}

/// A derivation in some world.
struct Way {
    world: usize,
    rests_on: Vec<FactId>,
}

impl Planner<'_> {
    /// Changes under which the rest of the plan keeps what a withdrawal keeps.
    pub(super) fn unnecessary_if(
        &mut self,
        prepared: &Prepared,
        one: &TakenOut<'_>,
        settings: &Settings,
    ) -> Vec<UnnecessaryIf> {
        let goals = self.kept_by(prepared, one);
        if goals.is_empty() {
            return Vec::new();
        }
        let mut found = self.cleared(prepared, one, &goals);
        found.extend(self.instead(prepared, one, &goals, settings));
        found
    }

    /// The facts that the withdrawal alone keeps the intruder from: jewels if there are any, or else whatever it is.
    fn kept_by(&self, prepared: &Prepared, one: &TakenOut<'_>) -> Vec<FactId> {
        let arrivals = one.with.arrivals.iter().zip(&one.without.arrivals);
        let saved = prepared.targets.iter().zip(arrivals);
        let saved: Vec<_> = saved
            .filter(|(_, (with, without))| with.is_none() && without.is_some())
            .map(|(target, _)| target)
            .collect();
        let has_jewel = saved.iter().any(|target| target.jewel.is_some());
        let wanted = saved.iter().filter(|target| !has_jewel || target.jewel.is_some());
        wanted.map(|target| FactId(target.fact)).collect()
    }

    /// A derivation of one of the facts in some world; none if all of them are out of reach.
    fn way_to(&mut self, worlds: &[Vec<Entity>], withdrawn: &[FactSet], goals: &[FactId]) -> Option<Way> {
        let worlds = worlds.iter().zip(withdrawn).enumerate();
        worlds.into_iter().find_map(|(world, (held, withdrawn))| {
            let until = Until::Any(goals);
            let exposure = self.graph.chain_until(held, withdrawn, until, &mut self.scratch);
            let goal = goals.iter().find(|goal| exposure.reached(**goal))?;
            let rests_on = exposure.derivation(*goal)?.base_facts;
            Some(Way { world, rests_on })
        })
    }

    /// Footholds that alone make the withdrawal needless if they are not held, or else the fewest that together do.
    fn cleared(&mut self, prepared: &Prepared, one: &TakenOut<'_>, goals: &[FactId]) -> Vec<UnnecessaryIf> {
        let withdrawn = prepared.withdrawn_in_each(one.rest);
        let mut held: Vec<Entity> = prepared
            .worlds
            .iter()
            .flat_map(|world| world.held.iter().copied())
            .collect();
        held.sort_unstable();
        held.dedup();
        if held.len() > CLEARED_TRIED_MAX {
            return Vec::new();
        }
        let mut is_enough = |cleared: &[Entity]| {
            let left = |world: &super::World| {
                let held = world.held.iter().copied();
                held.filter(|entity| !cleared.contains(entity)).collect()
            };
            let worlds: Vec<Vec<Entity>> = prepared.worlds.iter().map(left).collect();
            self.way_to(&worlds, &withdrawn, goals).is_none()
        };
        let alone: Vec<Entity> = held
            .iter()
            .copied()
            .filter(|entity| is_enough(&[*entity]))
            .collect();
        let mut sets: Vec<Vec<Entity>> = alone.into_iter().map(|entity| vec![entity]).collect();
        if sets.is_empty() && is_enough(&held) {
            let mut fewest = held.clone();
            for entity in held {
                let without: Vec<Entity> = fewest.iter().copied().filter(|one| *one != entity).collect();
                if is_enough(&without) {
                    fewest = without;
                }
            }
            sets.push(fewest);
        }
        sets.truncate(UNNECESSARY_IF_MAX);
        sets.into_iter().map(|set| self.not_held(&set)).collect()
    }

    fn not_held(&self, entities: &[Entity]) -> UnnecessaryIf {
        let names: Vec<&str> = entities.iter().map(|entity| self.estate.name(*entity)).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        UnnecessaryIf {
            text: format!("{} {verb} not held", super::describe::list(&names)),
            change: Change::Cleared {
                entities: entities
                    .iter()
                    .map(|entity| entity_name(self.estate, *entity))
                    .collect(),
            },
        }
    }

    /// Other single withdrawals that keep the same, the cheapest first.
    fn instead(
        &mut self,
        prepared: &Prepared,
        one: &TakenOut<'_>,
        goals: &[FactId],
        settings: &Settings,
    ) -> Vec<UnnecessaryIf> {
        let mut found: Vec<(i64, usize)> = Vec::new();
        for column in self.substitutes(prepared, one, goals) {
            let mut chosen = one.rest.to_vec();
            if let Some(flag) = chosen.get_mut(column) {
                *flag = true;
            }
            let measured = self.measure_chosen(prepared, &chosen, settings.duration_hours);
            let price = measured
                .cost
                .total_pence
                .saturating_sub(one.with.cost.total_pence);
            found.push((price, column));
        }
        found.sort_unstable();
        let told = found.into_iter().filter_map(|(price_pence, column)| {
            let act = prepared.columns.get(column)?.act;
            Some(UnnecessaryIf {
                text: format!(
                    "this is done instead: {}",
                    uncapitalised(&self.candidates.text(act))
                ),
                change: Change::Instead {
                    withdrawal: self.candidates.id(act),
                    price_pence,
                },
            })
        });
        told.collect()
    }

    /// Columns that keep all goals in the place of one. Whoever keeps them cuts every derivation, so what does not cut a derivation
    /// that was found need not be tried.
    fn substitutes(&mut self, prepared: &Prepared, one: &TakenOut<'_>, goals: &[FactId]) -> Vec<usize> {
        let worlds: Vec<Vec<Entity>> = prepared.worlds.iter().map(|world| world.held.clone()).collect();
        let withdrawn = prepared.withdrawn_in_each(one.rest);
        let cutting = |way: &Way| {
            let cutters = &prepared.in_time(way.world).cutters;
            let columns = way.rests_on.iter().flat_map(|fact| cutters.of(fact.0));
            let mut columns: Vec<u32> = columns.copied().collect();
            columns.sort_unstable();
            columns.dedup();
            columns
        };
        let Some(way) = self.way_to(&worlds, &withdrawn, goals) else {
            return Vec::new();
        };
        let mut open = cutting(&way);
        open.retain(|&column| is_free(prepared, one, column as usize));
        let price = |column: &u32| {
            let column = prepared.columns.get(*column as usize);
            column.map_or(i64::MAX, |column| column.friction_pence)
        };
        open.sort_by_key(|column| (price(column), *column));
        let mut found = Vec::new();
        for _ in 0..INSTEAD_TRIED_MAX {
            if open.is_empty() || found.len() >= UNNECESSARY_IF_MAX {
                break;
            }
            let column = open.remove(0);
            let mut more = withdrawn.clone();
            for (world, more) in more.iter_mut().enumerate() {
                let timely = prepared.in_time(world).timely.of(column);
                more.extend(timely.iter().copied());
            }
            match self.way_to(&worlds, &more, goals) {
                None => found.push(column as usize),
                Some(way) => {
                    let cut = cutting(&way);
                    open.retain(|column| cut.binary_search(column).is_ok());
                }
            }
        }
        found
    }
}

/// True if a column may be put in the place of another: it is not in the plan, nobody refused it, and no protected service goes down.
fn is_free(prepared: &Prepared, one: &TakenOut<'_>, column: usize) -> bool {
    let is_new = column != one.column && one.rest.get(column) == Some(&false);
    if !is_new || prepared.fixed.get(column) != Some(&None) {
        return false;
    }
    let mut chosen = one.rest.to_vec();
    if let Some(flag) = chosen.get_mut(column) {
        *flag = true;
    }
    let fired = prepared.circuit.fired(&chosen);
    let nodes = prepared.circuit.nodes.iter().zip(0_u32..);
    let down = |fired: &[bool], node: u32| is_set(fired, node);
    let before = prepared.circuit.fired(one.rest);
    !nodes
        .filter(|(node, _)| node.forbidden)
        .any(|(_, place)| down(&fired, place) && !down(&before, place))
}

/// The same with a small first letter.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

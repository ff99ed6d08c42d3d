//! What each withdrawal alone keeps the intruder from: what can be reached besides if it is given back and all others stay.

use std::cmp::Reverse;

use cordon_estate::Entity;
use cordon_reach::{Derivation, FactId, FactSet, RestingOn};

use super::withdrawals::Cuts;
use super::{Solved, but};
use crate::candidates::entity_name;
use crate::document::Path;
use crate::limits::PATHS_PER_WITHDRAWAL_MAX;
use crate::planner::Planner;
use crate::planner::prepare::Prepared;
use crate::planner::targets::Target;

/// Most facts of a graph of which a debug build works everything out twice.
const FACTS_MAX: usize = 5_000;

/// A plan for one world, ready for one withdrawal after another to be given back.
pub(super) struct GivenBack {
    held: Vec<Entity>,
    withdrawn: FactSet,
    resting: RestingOn,
    /// Targets by fact.
    targets: Vec<(u32, u32)>,
}

/// Jewels by name, and ways to what is dearest.
pub(super) type Stopped = (Vec<String>, Vec<Path>);

impl Planner<'_> {
    /// None if there are several worlds.
    pub(super) fn giving_back(&self, prepared: &Prepared, chosen: &[bool]) -> Option<GivenBack> {
        let [world] = prepared.worlds.as_slice() else {
            return None;
        };
        let withdrawn = prepared.withdrawn(chosen);
        let targets = (0..).zip(&prepared.targets);
        let mut targets: Vec<(u32, u32)> = targets.map(|(place, target)| (target.fact, place)).collect();
        targets.sort_unstable();
        Some(GivenBack {
            held: world.held.clone(),
            resting: self.graph.resting_on(&withdrawn, &world.held),
            withdrawn,
            targets,
        })
    }

    /// What a column alone stops.
    pub(super) fn stopped(
        &mut self,
        prepared: &Prepared,
        back: &GivenBack,
        column: usize,
        cuts: &Cuts,
    ) -> Stopped {
        let alone = |fact: &FactId| cuts.get(fact).is_some_and(|by| by.len() == 1);
        let facts = prepared.in_time(0).timely.of(column as u32).iter().copied();
        let facts: Vec<FactId> = facts.filter(alone).collect();
        let asked = (back.held.as_slice(), &back.withdrawn);
        let restored = (&back.resting, facts.as_slice());
        let (saved, ways) = self
            .cut
            .with_restored(&self.graph, asked, restored, |exposure, new| {
                let saved = dearest_first(new.iter().flat_map(|fact| back.targets_of(prepared, *fact)));
                let few = saved.iter().take(PATHS_PER_WITHDRAWAL_MAX);
                let ways: Vec<Option<Derivation>> = few
                    .map(|target| exposure.derivation(FactId(target.fact)))
                    .collect();
                (saved, ways)
            });
        let paths = ways.iter().zip(&saved);
        let paths = paths.filter_map(|(way, target)| Some(self.told(way.as_ref()?, target.entity, cuts)));
        (self.jewels_among(&saved), paths.collect())
    }

    /// The same in several worlds.
    pub(super) fn stopped_in_worlds(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        column: usize,
        cuts: &Cuts,
        duration_hours: f64,
    ) -> Stopped {
        let rest = but(&solved.solution.chosen, column);
        let without = self.measure_chosen(prepared, &rest, duration_hours);
        let arrivals = solved.after.arrivals.iter().zip(&without.arrivals);
        let saved = prepared.targets.iter().zip(arrivals);
        let saved = saved.filter(|(_, (with, without))| with.is_none() && without.is_some());
        let saved = dearest_first(saved.map(|(target, _)| target));
        let wanted = saved.iter().take(PATHS_PER_WITHDRAWAL_MAX);
        let wanted: Vec<(u32, Entity)> = wanted.map(|target| (target.fact, target.entity)).collect();
        let withdrawn = prepared.withdrawn_in_each(&rest);
        let paths = self.paths(prepared, &wanted, &withdrawn, cuts);
        (self.jewels_among(&saved), paths.into_iter().flatten().collect())
    }

    /// True if giving back and working out anew come to the same, or would take long.
    pub(super) fn is_told_alike(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        column: usize,
        cuts: &Cuts,
    ) -> bool {
        if self.graph.facts() > FACTS_MAX {
            return true;
        }
        let Some(back) = self.giving_back(prepared, &solved.solution.chosen) else {
            return true;
        };
        let (jewels, paths) = self.stopped(prepared, &back, column, cuts);
        let (others, ways) = self.stopped_in_worlds(prepared, solved, column, cuts, 0.0);
        let end = |path: &Path| (path.to.clone(), path.arrival_minutes.to_bits());
        jewels == others && paths.iter().map(end).eq(ways.iter().map(end))
    }

    fn jewels_among(&self, targets: &[&Target]) -> Vec<String> {
        let jewels = targets.iter().filter(|target| target.jewel.is_some());
        jewels
            .map(|target| entity_name(self.estate, target.entity))
            .collect()
    }
}

impl GivenBack {
    fn targets_of<'p>(
        &self,
        prepared: &'p Prepared,
        fact: FactId,
    ) -> impl Iterator<Item = &'p Target> + use<'p> {
        let from = self.targets.partition_point(|(known, _)| *known < fact.0);
        let to = self.targets.partition_point(|(known, _)| *known <= fact.0);
        let places = self.targets.get(from..to).unwrap_or(&[]).to_vec();
        places
            .into_iter()
            .filter_map(|(_, place)| prepared.targets.get(place as usize))
    }
}

/// Jewels, then what is dearest.
fn dearest_first<'p>(targets: impl Iterator<Item = &'p Target>) -> Vec<&'p Target> {
    let mut targets: Vec<&Target> = targets.collect();
    targets.sort_by_key(|target| (target.jewel.is_none(), Reverse(target.loss_pence), target.entity));
    targets
}

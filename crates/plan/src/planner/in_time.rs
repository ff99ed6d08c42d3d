//! What comes in time in each world: which facts every withdrawal removes before they are used.

use std::sync::LazyLock;

use cordon_reach::{FactId, FactSet, Graph};

use super::Planner;
use super::prepare::Prepared;
use super::timing::NEVER;
use crate::candidates::Candidate;
use crate::kernel::Lists;

/// What comes in time in a world.
#[derive(Debug, Default)]
pub(super) struct InTime {
    /// The second by which each base fact is first used; empty if the race is not counted.
    pub(super) used: Vec<u32>,
    /// Base facts that each column removes in time, ascending.
    pub(super) timely: Lists<FactId>,
    /// The second by which each column's most urgent fact is used.
    pub(super) urgency: Vec<u32>,
    /// Columns by base fact that they remove in time.
    pub(super) cutters: Lists<u32>,
}

impl InTime {
    /// The facts that a choice removes in time.
    fn withdrawn(&self, chosen: &[bool]) -> FactSet {
        let columns = self.timely.iter().zip(chosen);
        let facts = columns.filter(|(_, chosen)| **chosen);
        facts.flat_map(|(facts, _)| facts).copied().collect()
    }
}

impl Planner<'_> {
    /// What comes in time in every world: one for all if the race is not counted.
    pub(super) fn in_time(&self, columns: &[Candidate], used: Vec<Vec<u32>>) -> Vec<InTime> {
        let each = used.into_iter().map(|used| {
            let (timely, urgency) = self.timely(columns, &used);
            InTime {
                cutters: cutters(&self.graph, &timely),
                used,
                timely,
                urgency,
            }
        });
        each.collect()
    }

    /// The second by which each base fact is first used in every world; one empty list if the race is not counted.
    pub(super) fn used_in_each(&self, next: &Prepared, race: bool) -> Vec<Vec<u32>> {
        if !race {
            return vec![Vec::new()];
        }
        let ways = self.ways(race);
        next.reached.iter().map(|one| ways.used_after(one)).collect()
    }

    /// Facts that each column removes in time, and when the first of them is used.
    pub(super) fn timely(&self, columns: &[Candidate], used: &[u32]) -> (Lists<FactId>, Vec<u32>) {
        timely(&self.graph, columns, used)
    }
}

impl Prepared {
    /// What comes in time in a world, by its number.
    pub(super) fn in_time(&self, world: usize) -> &InTime {
        static NOTHING: LazyLock<InTime> = LazyLock::new(InTime::default);
        let own = self.in_time.get(world).or_else(|| self.in_time.first());
        own.unwrap_or(&NOTHING)
    }

    /// The facts that a choice removes in time in the world of the plan.
    pub(super) fn withdrawn(&self, chosen: &[bool]) -> FactSet {
        self.in_time(0).withdrawn(chosen)
    }

    /// The same by world.
    pub(super) fn withdrawn_in_each(&self, chosen: &[bool]) -> Vec<FactSet> {
        let worlds = 0..self.worlds.len();
        worlds
            .map(|world| self.in_time(world).withdrawn(chosen))
            .collect()
    }

    /// The second by which a column has to be in effect; none if nothing uses what it removes.
    pub(super) fn deadline_seconds(&self, column: usize) -> Option<f64> {
        let urgency = self.in_time.iter().filter_map(|one| one.urgency.get(column));
        let urgency = urgency.copied().min();
        urgency.filter(|at| *at != NEVER).map(f64::from)
    }
}

/// Facts that each column removes in time, and when the first of them is used.
pub(super) fn timely(graph: &Graph, columns: &[Candidate], used: &[u32]) -> (Lists<FactId>, Vec<u32>) {
    let used = |fact: FactId| used.get(fact.index()).copied().unwrap_or(NEVER);
    let mut timely = Lists::with_room(columns.len(), columns.len());
    let mut urgency = Vec::with_capacity(columns.len());
    let mut in_time: Vec<FactId> = Vec::new();
    for column in columns {
        let facts = column.removes.iter().filter_map(|base| graph.base(*base));
        in_time.clear();
        in_time.extend(facts.filter(|fact| column.effect_seconds <= f64::from(used(*fact))));
        in_time.sort_unstable();
        urgency.push(in_time.iter().map(|fact| used(*fact)).min().unwrap_or(NEVER));
        timely.push(in_time.iter().copied());
    }
    (timely, urgency)
}

/// Columns by base fact that they remove in time, from the facts by column.
pub(super) fn cutters(graph: &Graph, timely: &Lists<FactId>) -> Lists<u32> {
    let cuts = (0..).zip(timely.iter());
    let cuts = cuts.flat_map(|(column, facts)| facts.iter().map(move |fact| (fact.0, column)));
    Lists::grouped(graph.base_facts(), cuts)
}

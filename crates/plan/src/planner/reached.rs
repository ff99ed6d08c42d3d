//! What the footholds of one world lead to with nothing withdrawn, found anew or from what fewer footholds led to.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use cordon_estate::Entity;
use cordon_reach::{Exposure, FactSet, Graph, LATEST_SECONDS, Scratch};

use super::Planner;
use super::ground::Ground;
use super::timing::NEVER;
use crate::document::ExposureCount;
use crate::kernel::RuleIndex;

/// What the footholds of one world lead to.
#[derive(Debug)]
pub(super) struct Reached {
    /// Every rule of the graph, also those that cannot fire from these footholds.
    pub(super) index: Arc<RuleIndex>,
    pub(super) seconds: Arc<Vec<u32>>,
    /// Earliest arrival by fact with nothing withdrawn; 0 for base facts that stand.
    pub(super) arrival: Vec<u32>,
    pub(super) given: Vec<bool>,
    /// How much of what is there that is; jewels are not counted.
    pub(super) exposure: ExposureCount,
}

impl Reached {
    /// True if the fact can be reached, or stands.
    pub(super) fn has(&self, fact: usize) -> bool {
        self.arrival.get(fact).is_some_and(|arrival| *arrival != NEVER)
    }

    /// When the intruder has a fact at the earliest; none if never.
    pub(super) fn arrival_of(&self, fact: u32) -> Option<u32> {
        Some(at(&self.arrival, fact)).filter(|arrival| *arrival != NEVER)
    }
}

impl Planner<'_> {
    /// What leads from footholds to what they lead to.
    pub(super) const fn leading(&self) -> Leading<'_> {
        Leading {
            graph: &self.graph,
            ground: &self.ground,
        }
    }

    /// What some footholds lead to.
    pub(super) fn reached(&mut self, held: &[Entity]) -> Reached {
        let exposure = self.bare.chain(&self.graph, held, &FactSet::new());
        let arrival = arrivals(&self.graph, &self.ground, held, &exposure);
        self.leading().with_arrival(arrival)
    }
}

/// What it takes to see what footholds lead to, for many threads.
#[derive(Clone, Copy)]
pub(super) struct Leading<'a> {
    graph: &'a Graph,
    ground: &'a Ground,
}

impl Leading<'_> {
    /// What some footholds lead to, where it is known of others.
    pub(super) fn beside(
        self,
        (known, reached): (&[Entity], &Reached),
        held: &[Entity],
        scratch: &mut Scratch,
    ) -> Reached {
        if known.iter().all(|entity| held.binary_search(entity).is_ok()) {
            let new: Vec<Entity> = held
                .iter()
                .filter(|entity| !known.contains(entity))
                .copied()
                .collect();
            return self.from(reached, &new);
        }
        let exposure = self.graph.chain(held, &FactSet::new(), scratch);
        self.with_arrival(arrivals(self.graph, self.ground, held, &exposure))
    }

    /// What footholds lead to of which `fewer` is what some of them lead to, from those that are `new`.
    ///
    /// What can be reached with less can be reached with more, and no later. So every fact keeps its arrival until a new
    /// foothold brings it forward, and only those that one does are looked at, the earliest first.
    pub(super) fn from(self, fewer: &Reached, new: &[Entity]) -> Reached {
        let mut arrival = fewer.arrival.clone();
        let mut sooner: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
        for (base, derived) in self.graph.starts(new) {
            set(&mut arrival, base.0, 0);
            if at(&arrival, derived.0) > 0 {
                set(&mut arrival, derived.0, 0);
                sooner.push(Reverse((0, derived.0)));
            }
        }
        let (index, seconds) = (&self.ground.index, &self.ground.seconds);
        while let Some(Reverse((when, fact))) = sooner.pop() {
            if when > at(&arrival, fact) {
                continue;
            }
            for &rule in index.uses_of(fact) {
                let start = index.body(rule).iter().map(|&fact| at(&arrival, fact)).max();
                let start = start.unwrap_or(0);
                let takes = seconds.get(rule as usize).copied().unwrap_or(0);
                let (head, when) = (index.head(rule), start.saturating_add(takes).min(LATEST_SECONDS));
                if start != NEVER && when < at(&arrival, head) {
                    set(&mut arrival, head, when);
                    sooner.push(Reverse((when, head)));
                }
            }
        }
        self.with_arrival(arrival)
    }

    fn with_arrival(self, arrival: Vec<u32>) -> Reached {
        let base = self.graph.base_facts();
        let stands = arrival.iter().enumerate();
        let gained = |(_, arrival): &(u32, &u32)| **arrival != NEVER;
        let given = stands.map(|(fact, arrival)| fact < base && *arrival != NEVER);
        Reached {
            index: Arc::clone(&self.ground.index),
            seconds: Arc::clone(&self.ground.seconds),
            given: given.collect(),
            exposure: self
                .ground
                .count((0..).zip(&arrival).filter(gained).map(|(fact, _)| fact)),
            arrival,
        }
    }
}

/// The earliest arrival by fact, where `exposure` is what these footholds lead to with nothing withdrawn.
pub(super) fn arrivals(graph: &Graph, ground: &Ground, held: &[Entity], exposure: &Exposure<'_>) -> Vec<u32> {
    let mut arrival = vec![NEVER; graph.facts()];
    let base = graph.base_facts();
    arrival.iter_mut().take(base).for_each(|slot| *slot = 0);
    for &fact in &ground.footholds {
        set(&mut arrival, fact, NEVER);
    }
    for (fact, _) in graph.starts(held) {
        set(&mut arrival, fact.0, 0);
    }
    for fact in exposure.facts() {
        set(
            &mut arrival,
            fact.0,
            exposure.arrival_seconds(fact).unwrap_or(NEVER),
        );
    }
    arrival
}

fn at(arrival: &[u32], fact: u32) -> u32 {
    arrival.get(fact as usize).copied().unwrap_or(NEVER)
}

fn set(arrival: &mut [u32], fact: u32, to: u32) {
    if let Some(slot) = arrival.get_mut(fact as usize) {
        *slot = to;
    }
}

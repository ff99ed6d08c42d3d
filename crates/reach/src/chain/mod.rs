//! Forward chaining: everything the intruder gains from some footholds, each at its earliest.
//!
//! Horn rules are closed in time linear in their premises (Dowling & Gallier 1984); here no rule has more than
//! two derived premises, so that instead of a counter of unmet premises a rule looks whether its other premise
//! has settled, and a chaining touches only what is reached. Base facts cost nothing until a rule asks for them.
//! Arrival times follow Knuth (1977): the time of a conclusion is the latest of its premises plus the time of
//! the rule, a superior function, so settling facts in ascending time settles each at its earliest.

mod derivation;
mod exposure;
mod queue;
mod restored;
mod scratch;

use cordon_estate::Entity;

pub use derivation::{Derivation, Step};
pub use exposure::Exposure;
pub use restored::RestingOn;
use scratch::{FOOTHOLD, Mark, OUTSIDE};
pub use scratch::{LATEST_SECONDS, Scratch};

use crate::graph::{NONE, Rule};
use crate::{Base, Derived, FactId, FactSet, Graph};

/// Which base facts stand, and for how long.
pub trait Standing {
    /// True if the base fact can still be used by a step that ends `seconds` after the start.
    fn stands(&self, fact: FactId, seconds: u32) -> bool;
}

impl Standing for FactSet {
    /// A withdrawn fact never stands.
    #[inline]
    fn stands(&self, fact: FactId, _seconds: u32) -> bool {
        !self.contains(fact)
    }
}

/// Withdrawals that take effect some time after the start: the race against the intruder.
///
/// A fact stands for every step that ends before its withdrawal takes effect. Arriving later never helps the
/// intruder, so arrivals are still the earliest possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// Withdrawn facts with the second at which each is gone, ascending by fact.
    pub gone_at_seconds: Vec<(FactId, u32)>,
}

impl Standing for Deadlines {
    fn stands(&self, fact: FactId, seconds: u32) -> bool {
        let place = self
            .gone_at_seconds
            .binary_search_by_key(&fact, |(fact, _)| *fact);
        place
            .ok()
            .and_then(|place| self.gone_at_seconds.get(place))
            .is_none_or(|(_, gone)| seconds < *gone)
    }
}

/// When a chaining may stop early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until<'a> {
    /// Never: all that can be reached is found.
    Everything,
    /// As soon as any of these facts is reached.
    Any(&'a [FactId]),
    /// As soon as all of these facts are reached.
    All(&'a [FactId]),
}

impl Graph {
    /// Everything that can be reached from the footholds while the facts in `withdrawn` do not stand.
    ///
    /// Entities that the estate does not have are passed over. All footholds are held from minute 0.
    pub fn chain<'a>(
        &'a self,
        footholds: &[Entity],
        withdrawn: &FactSet,
        scratch: &'a mut Scratch,
    ) -> Exposure<'a> {
        self.chain_until(footholds, withdrawn, Until::Everything, scratch)
    }

    /// What the last chaining found for which this memory was used; it must have been one in this graph.
    #[must_use]
    pub const fn last_chained<'a>(&'a self, scratch: &'a Scratch) -> Exposure<'a> {
        Exposure::new(self, scratch)
    }

    /// The same with any notion of what stands, stopping early. Facts that had not settled by then count as not
    /// reached; those that had have their final arrival.
    pub fn chain_until<'a>(
        &'a self,
        footholds: &[Entity],
        standing: &impl Standing,
        until: Until<'_>,
        scratch: &'a mut Scratch,
    ) -> Exposure<'a> {
        scratch.reset(self);
        let goals = scratch.aim(until);
        self.start(footholds, standing, scratch);
        self.run(standing, goals, scratch);
        Exposure::new(self, scratch)
    }

    fn start(&self, footholds: &[Entity], standing: &impl Standing, scratch: &mut Scratch) {
        let mut sources = std::mem::take(&mut scratch.sources);
        self.sources(footholds, standing, &mut sources);
        for (fact, by) in sources.drain(..) {
            if scratch.arrive(self.row_of(fact), Mark { seconds: 0, by }) {
                scratch.waiting.push(0, 0, fact.0);
            }
        }
        scratch.sources = sources;
    }

    /// The derived facts that hold from the start, by id.
    fn sources(&self, footholds: &[Entity], standing: &impl Standing, sources: &mut Vec<(FactId, u32)>) {
        let stands = |base: Base| self.base(base).is_some_and(|fact| standing.stands(fact, 0));
        for entity in footholds.iter().filter(|entity| stands(Base::foothold(**entity))) {
            let fact = self.derived(match *entity {
                Entity::Account(id) => Derived::Holds(id),
                other => Derived::taken(other),
            });
            sources.extend(fact.map(|fact| (fact, FOOTHOLD)));
        }
        if stands(Base::Internet) {
            sources.extend(self.derived(Derived::OnInternet).map(|fact| (fact, OUTSIDE)));
            let inside = self
                .derived(Derived::OnUnplaced)
                .filter(|_| self.inside_from_outside);
            sources.extend(inside.map(|fact| (fact, OUTSIDE)));
        }
        sources.sort_unstable();
        sources.dedup();
    }

    fn run(&self, standing: &impl Standing, mut goals_left: usize, scratch: &mut Scratch) {
        while let Some((seconds, fact)) = scratch.waiting.pop() {
            let fact = FactId(fact);
            let row = self.row_of(fact);
            if !scratch.settle(row) {
                continue;
            }
            scratch.order.push(fact.0);
            if scratch.goals.contains(fact) {
                goals_left = goals_left.saturating_sub(1);
                if goals_left == 0 {
                    return;
                }
            }
            self.wake(row, seconds, standing, scratch);
        }
    }

    /// Fires the rules that have this fact as a premise and whose other premise has settled.
    #[inline]
    fn wake(&self, row: usize, seconds: u32, standing: &impl Standing, scratch: &mut Scratch) {
        let (start, rules, second_rules) = self.woken_by(row);
        for (place, rule) in (start..).zip(rules) {
            if rule.second() == NONE || scratch.is_settled(self.row_of(FactId(rule.second()))) {
                self.fire(place, rule, seconds, standing, scratch);
            }
        }
        for entry in second_rules {
            if scratch.is_settled(self.row_of(FactId(entry.first)))
                && let Some(rule) = self.rule(entry.place)
            {
                self.fire(entry.place, rule, seconds, standing, scratch);
            }
        }
    }

    /// Concludes what a rule concludes whose derived premises have all settled, the last of them now.
    #[inline]
    fn fire(&self, by: u32, rule: &Rule, now: u32, standing: &impl Standing, scratch: &mut Scratch) {
        let conclusion = FactId(rule.conclusion);
        let row = self.row_of(conclusion);
        if scratch.is_settled(row) {
            return;
        }
        let seconds = now
            .saturating_add(self.pace.of_code(rule.kind))
            .min(LATEST_SECONDS);
        let stands = |base: &u32| *base == NONE || standing.stands(FactId(*base), seconds);
        let earlier = scratch.marks.get(row).is_some_and(|mark| seconds < mark.seconds);
        if earlier && rule.base.iter().all(stands) && scratch.arrive(row, Mark { seconds, by }) {
            scratch.waiting.push(rule.kind, seconds, conclusion.0);
        }
    }
}

impl Scratch {
    /// Notes the goals; returns how many must be reached before the chaining stops.
    fn aim(&mut self, until: Until<'_>) -> usize {
        self.goals.clear();
        let (facts, needed) = match until {
            Until::Everything => (&[][..], usize::MAX),
            Until::Any(facts) => (facts, 1),
            Until::All(facts) => (facts, usize::MAX),
        };
        let distinct = facts.iter().filter(|fact| self.goals.insert(**fact)).count();
        needed.min(distinct).max(1)
    }
}

//! What a chaining found.

use cordon_estate::Entity;

use super::derivation::{self, Derivation};
use super::scratch::{Mark, Scratch};
use crate::{Derived, FactId, Graph};

/// Everything that can be reached, each fact with its earliest arrival and one derivation. A view into the
/// working memory of the chaining.
#[derive(Clone, Copy, Debug)]
pub struct Exposure<'a> {
    pub(crate) graph: &'a Graph,
    scratch: &'a Scratch,
}

impl<'a> Exposure<'a> {
    pub(crate) const fn new(graph: &'a Graph, scratch: &'a Scratch) -> Self {
        Self { graph, scratch }
    }

    pub(crate) fn mark(&self, fact: FactId) -> Option<Mark> {
        self.reached(fact)
            .then(|| self.scratch.marks.get(self.graph.row_of(fact)).copied())?
    }

    /// True if the intruder can gain the derived fact.
    #[must_use]
    pub fn reached(&self, fact: FactId) -> bool {
        !self.graph.is_base(fact) && self.scratch.is_settled(self.graph.row_of(fact))
    }

    /// Seconds from the start until the intruder can have gained the derived fact at the earliest.
    #[must_use]
    pub fn arrival_seconds(&self, fact: FactId) -> Option<u32> {
        self.mark(fact).map(|mark| mark.seconds)
    }

    /// Minutes from the start until the intruder can have gained the derived fact at the earliest.
    #[must_use]
    pub fn arrival_minutes(&self, fact: FactId) -> Option<f64> {
        self.arrival_seconds(fact)
            .map(|seconds| f64::from(seconds) / 60.0)
    }

    /// True if the intruder can take the entity (for a zone: have a place in it).
    #[must_use]
    pub fn takes(&self, entity: Entity) -> bool {
        self.graph
            .derived(Derived::taken(entity))
            .is_some_and(|fact| self.reached(fact))
    }

    /// The derived facts reached, by arrival.
    pub fn facts(&self) -> impl ExactSizeIterator<Item = FactId> + 'a {
        self.scratch.order.iter().map(|fact| FactId(*fact))
    }

    /// One derivation of a derived fact that is earliest; `None` if it is not reached.
    #[must_use]
    pub fn derivation(&self, fact: FactId) -> Option<Derivation> {
        self.reached(fact).then(|| derivation::of(self, fact))
    }
    /// Every base fact that [`Self::derivation`] rests on, ascending, at a fraction of the work; empty if it is not reached.
    #[must_use]
    pub fn rests_on(&self, fact: FactId) -> Vec<FactId> {
        if self.reached(fact) {
            derivation::rests_on(self, fact)
        } else {
            Vec::new()
        }
    }
}

//! How far each plan is, kept up to date entry by entry, so that nobody has to go through a plan to know.

use std::collections::BTreeSet;

use crate::recover::Last;
use crate::{PlacementState, Trouble};

/// Places of a plan's sequence, from 0, by how they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    held: BTreeSet<usize>,
    /// Held, not in force, and nobody was called for it.
    working: BTreeSet<usize>,
    /// Held, and nothing was begun.
    waiting: BTreeSet<usize>,
    unverified: BTreeSet<usize>,
}

impl Progress {
    /// Takes note of how the placement at a place stands now.
    pub(crate) fn note(&mut self, place: usize, state: &PlacementState) {
        let held = !state.holders.is_empty();
        let working = held && state.last != Last::InForce && !state.is_escalated();
        let waiting = held && state.last == Last::Nothing;
        let unverified = matches!(state.trouble, Some(Trouble::Unverified(_)));
        put(&mut self.held, place, held);
        put(&mut self.working, place, working);
        put(&mut self.waiting, place, waiting);
        put(&mut self.unverified, place, unverified);
    }

    /// True if of the first `until` placements something is held, and each that is stands or waits for people.
    pub(crate) fn is_done(&self, until: usize) -> bool {
        let any = |places: &BTreeSet<usize>| places.range(..until).next().is_some();
        until == 0 || (any(&self.held) && !any(&self.working))
    }

    /// True if nothing is left to begin.
    pub(crate) fn is_begun(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first place whose access still gets through.
    pub(crate) fn first_unverified(&self) -> Option<usize> {
        self.unverified.first().copied()
    }
}

fn put(places: &mut BTreeSet<usize>, place: usize, is_in: bool) {
    if is_in {
        places.insert(place);
    } else {
        places.remove(&place);
    }
}

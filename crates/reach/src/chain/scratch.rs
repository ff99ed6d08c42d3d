//! Working memory of a chaining, kept from one to the next.

use super::queue::Waiting;
use crate::{FactId, FactSet, Graph};

/// Not reached.
pub(crate) const NEVER: u32 = u32::MAX;
/// Reached because it is a foothold.
pub(crate) const FOOTHOLD: u32 = u32::MAX - 1;
/// Reached because the intruder is outside.
pub(crate) const OUTSIDE: u32 = u32::MAX - 2;

/// Set in the time of a fact that has not settled: it may still be reached earlier.
const TENTATIVE: u32 = 1 << 31;
/// The latest that anything arrives, in seconds from the start: 68 years. What would arrive later arrives then.
pub const LATEST_SECONDS: u32 = TENTATIVE - 2;

/// When and why a derived fact was reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    seconds: u32,
    /// The place of the rule, or [`FOOTHOLD`] or [`OUTSIDE`].
    pub(crate) by: u32,
}

const UNREACHED: Mark = Mark {
    seconds: NEVER,
    by: NEVER,
};

impl Mark {
    pub(crate) const fn tentative(seconds: u32, by: u32) -> Self {
        Self {
            seconds: seconds | TENTATIVE,
            by,
        }
    }

    /// The best arrival known, later than [`LATEST_SECONDS`] if none is.
    #[inline]
    pub(crate) const fn seconds(self) -> u32 {
        self.seconds & !TENTATIVE
    }

    #[inline]
    pub(crate) const fn is_settled(self) -> bool {
        self.seconds < TENTATIVE
    }
}

/// Working memory of [`Graph::chain`]. Reuse one for many chainings: a chaining then allocates nothing once the
/// memory has grown, and clears only what the one before had touched.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) marks: Vec<Mark>,
    /// Derived facts in the order in which they settled.
    pub(crate) order: Vec<u32>,
    /// Derived facts that were given a mark.
    touched: Vec<u32>,
    pub(crate) waiting: Waiting,
    pub(crate) goals: FactSet,
    pub(crate) sources: Vec<(FactId, u32)>,
}

impl Scratch {
    /// Empty working memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn reset(&mut self, graph: &Graph) {
        let derived = graph.facts() - graph.base_facts();
        if self.marks.len() == derived && self.touched.len() > derived / 8 {
            self.marks.fill(UNREACHED);
            self.touched.clear();
        } else if self.marks.len() == derived {
            for row in self.touched.drain(..) {
                if let Some(mark) = self.marks.get_mut(row as usize) {
                    *mark = UNREACHED;
                }
            }
        } else {
            self.marks.clear();
            self.marks.resize(derived, UNREACHED);
            self.touched.clear();
        }
        self.order.clear();
        self.waiting.reset(&graph.pace);
    }

    /// Notes an arrival if it is earlier than what was known; true if it was.
    #[inline]
    pub(crate) fn arrive(&mut self, row: usize, mark: Mark) -> bool {
        let Some(slot) = self.marks.get_mut(row) else {
            return false;
        };
        let fresh = slot.seconds == NEVER;
        let earlier = mark.seconds() < slot.seconds();
        if earlier {
            *slot = mark;
        }
        if fresh && earlier {
            self.touched.push(row as u32);
        }
        earlier
    }

    #[inline]
    pub(crate) fn is_settled(&self, row: usize) -> bool {
        self.marks.get(row).is_some_and(|mark| mark.is_settled())
    }

    /// Settles a fact at its time; false if it had settled before.
    #[inline]
    pub(crate) fn settle(&mut self, row: usize) -> bool {
        self.marks.get_mut(row).is_some_and(|mark| {
            let fresh = !mark.is_settled();
            mark.seconds = mark.seconds();
            fresh
        })
    }
}

//! Working memory of a chaining, kept from one to the next.

use cordon_estate::Bits;

use super::queue::Waiting;
use crate::{FactId, FactSet, Graph};

/// Not reached.
pub(crate) const NEVER: u32 = u32::MAX;
/// Reached because it is a foothold.
pub(crate) const FOOTHOLD: u32 = u32::MAX - 1;
/// Reached because the intruder is outside.
pub(crate) const OUTSIDE: u32 = u32::MAX - 2;

/// The latest that anything arrives, in seconds from the start: 68 years. What would arrive later arrives then.
pub const LATEST_SECONDS: u32 = (1 << 31) - 2;

/// When and why a derived fact was reached at its earliest, as far as is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// [`NEVER`] if it was not reached.
    pub(crate) seconds: u32,
    /// The place of the rule, or [`FOOTHOLD`] or [`OUTSIDE`].
    pub(crate) by: u32,
}

const UNREACHED: Mark = Mark {
    seconds: NEVER,
    by: NEVER,
};

/// Working memory of [`Graph::chain`]. Reuse one for many chainings: a chaining then allocates nothing once the
/// memory has grown, and clears only what the one before had touched.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) marks: Vec<Mark>,
    /// Derived facts of which the mark is final. One bit each, so that the question that nearly every rule asks is
    /// answered from the cache.
    settled: Bits,
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
            self.settled.clear();
            self.touched.clear();
        } else if self.marks.len() == derived {
            for row in self.touched.drain(..) {
                if let Some(mark) = self.marks.get_mut(row as usize) {
                    *mark = UNREACHED;
                }
                self.settled.remove(row as usize);
            }
        } else {
            self.marks.clear();
            self.marks.resize(derived, UNREACHED);
            self.settled = Bits::with_room(derived);
            self.touched.clear();
        }
        self.order.clear();
        self.waiting.reset(&graph.pace);
    }

    /// Notes an arrival if it is earlier than what was known; true if it was.
    #[inline]
    pub(crate) fn arrive(&mut self, row: usize, mark: Mark) -> bool {
        let Some(slot) = self.marks.get_mut(row).filter(|slot| mark.seconds < slot.seconds) else {
            return false;
        };
        if slot.seconds == NEVER {
            self.touched.push(row as u32);
        }
        *slot = mark;
        true
    }

    #[inline]
    pub(crate) fn is_settled(&self, row: usize) -> bool {
        self.settled.contains(row)
    }

    /// How many facts were given a mark.
    pub(super) const fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Takes back a mark.
    pub(super) fn put_back(&mut self, row: usize, mark: Mark) {
        if let Some(slot) = self.marks.get_mut(row) {
            *slot = mark;
        }
        if mark.seconds == NEVER {
            self.settled.remove(row);
        }
    }

    /// Forgets which facts were touched and settled last, after what [`Self::put_back`] took back.
    pub(super) fn shorten(&mut self, touched: usize, ordered: usize) {
        self.touched.truncate(touched);
        self.order.truncate(ordered);
    }

    /// Settles a fact at its time; false if it had settled before.
    #[inline]
    pub(crate) fn settle(&mut self, row: usize) -> bool {
        self.settled.insert(row)
    }
}

//! Facts that wait to be settled, earliest first.
//!
//! Facts settle in ascending time, so what waits for a rule of one fixed duration arrives already in order: one
//! plain queue for each distinct duration, and the earliest of their heads is the earliest of all. This does
//! the work of the heap in Knuth's algorithm in constant time for a constant number of durations.

use std::collections::VecDeque;

use crate::{Pace, RuleKind};

/// Waiting facts by duration.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    lanes: Vec<VecDeque<(u32, u32)>>,
    /// The durations of the lanes in seconds, ascending; the first is 0.
    seconds: Vec<u32>,
    /// The lane of each kind of rule.
    lane_of: Vec<u8>,
}

impl Waiting {
    /// Empties the queues and fits them to a pace.
    pub(crate) fn reset(&mut self, pace: &Pace) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.seconds.clear();
        self.seconds.push(0);
        self.seconds
            .extend(RuleKind::all().map(|kind| pace.seconds(kind)));
        self.seconds.sort_unstable();
        self.seconds.dedup();
        self.lanes.resize_with(self.seconds.len(), VecDeque::new);
        self.lane_of.clear();
        for kind in RuleKind::all() {
            let lane = self
                .seconds
                .partition_point(|seconds| *seconds < pace.seconds(kind));
            self.lane_of.push(lane as u8);
        }
    }

    /// A fact waits until `seconds`, by a rule of the kind with this code.
    #[inline]
    pub(crate) fn push(&mut self, kind: u8, seconds: u32, fact: u32) {
        let lane = self.lane_of.get(usize::from(kind)).copied().unwrap_or(0);
        if let Some(lane) = self.lanes.get_mut(usize::from(lane)) {
            lane.push_back((seconds, fact));
        }
    }

    /// The earliest waiting fact with its time.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u32, u32)> {
        let mut best: Option<(u32, usize)> = None;
        for (place, lane) in self.lanes.iter().enumerate() {
            if let Some((seconds, _)) = lane.front()
                && best.is_none_or(|(least, _)| *seconds < least)
            {
                best = Some((*seconds, place));
            }
        }
        self.lanes.get_mut(best?.1)?.pop_front()
    }
}

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
    /// The lane of the last fact and its time: what waits there for the same time comes before all later lanes.
    last: (usize, u32),
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
        self.last = (0, 0);
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

    /// The earliest waiting fact with its time; of several the one in the lane of the shortest duration.
    ///
    /// What waits in the first lane waits for the present, so nothing is earlier. After it comes the lane of the fact
    /// before, as long as the time is the same: what was put into shorter lanes since waits for later.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u32, u32)> {
        if let Some(next) = self.lanes.first_mut().and_then(VecDeque::pop_front) {
            return Some(next);
        }
        let (lane, now) = self.last;
        if let Some(lane) = self.lanes.get_mut(lane)
            && lane.front().is_some_and(|(seconds, _)| *seconds == now)
        {
            return lane.pop_front();
        }
        self.pop_later()
    }

    /// The earliest of the heads of all lanes.
    fn pop_later(&mut self) -> Option<(u32, u32)> {
        let heads = self.lanes.iter().enumerate();
        let heads = heads.filter_map(|(place, lane)| Some((lane.front()?.0, place)));
        let (seconds, place) = heads.min()?;
        self.last = (place, seconds);
        self.lanes.get_mut(place)?.pop_front()
    }
}

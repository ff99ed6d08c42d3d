//! A small graph from a source to a target, and its shortest paths.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Difficulty;
use super::pieces::Lists;
use crate::master::is_set;

/// Where every path starts.
pub(super) const SOURCE: u32 = 0;
/// Where every path ends.
pub(super) const TARGET: u32 = 1;

const NONE: u32 = u32::MAX;

/// One edge, or several in a row that no block can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arc {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) length: Difficulty,
    /// The number of the edge of the instance that blocks it.
    pub(super) column: Option<u32>,
    /// The edge of the instance that it was before any contraction; none for the way to an entry.
    pub(super) origin: Option<u32>,
}

/// Arcs by node.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub(super) nodes: usize,
    pub(super) arcs: Vec<Arc>,
    out: Lists,
    into: Lists,
}

/// A place that a search has come to: length, blockable arcs on the way, node, the arc that led there.
type Reached = Reverse<(u64, u32, u32, u32)>;

impl Net {
    pub(super) fn new(nodes: usize, arcs: Vec<Arc>) -> Self {
        Self {
            out: Lists::new(nodes, arcs.iter().map(|arc| arc.from)),
            into: Lists::new(nodes, arcs.iter().map(|arc| arc.to)),
            nodes,
            arcs,
        }
    }

    pub(super) fn arc(&self, arc: u32) -> Option<&Arc> {
        self.arcs.get(arc as usize)
    }

    pub(super) fn out(&self, node: u32) -> &[u32] {
        self.out.of(node)
    }

    /// The shortest path with the banned arcs left out; of equally short ones one with few blockable arcs.
    pub(super) fn shortest(&self, banned: &[bool]) -> Option<(Difficulty, Vec<u32>)> {
        let mut known = vec![(u64::MAX, u32::MAX); self.nodes];
        let mut by = vec![NONE; self.nodes];
        let mut settled = vec![false; self.nodes];
        let mut heap: BinaryHeap<Reached> = BinaryHeap::new();
        heap.push(Reverse((0, 0, SOURCE, NONE)));
        while let Some(Reverse((length, blockable, node, arc))) = heap.pop() {
            let Some(done) = settled.get_mut(node as usize) else {
                continue;
            };
            if std::mem::replace(done, true) {
                continue;
            }
            if let Some(slot) = by.get_mut(node as usize) {
                *slot = arc;
            }
            if node == TARGET {
                return Some((Difficulty(length), self.walk_back(&by)));
            }
            for &next in self.out(node) {
                let Some(arc) = self.arc(next).filter(|_| !is_set(banned, next)) else {
                    continue;
                };
                let reached = (
                    length.saturating_add(arc.length.0),
                    blockable + u32::from(arc.column.is_some()),
                );
                if let Some(slot) = known.get_mut(arc.to as usize)
                    && reached < *slot
                {
                    *slot = reached;
                    heap.push(Reverse((reached.0, reached.1, arc.to, next)));
                }
            }
        }
        None
    }

    fn walk_back(&self, by: &[u32]) -> Vec<u32> {
        let mut path = Vec::new();
        let mut node = TARGET;
        while let Some(&arc) = by.get(node as usize).filter(|&&arc| arc != NONE) {
            path.push(arc);
            node = self.arc(arc).map_or(SOURCE, |arc| arc.from);
        }
        path.reverse();
        path
    }

    /// How hard it is to come to every node from the source, or from every node to the target.
    fn lengths(&self, start: u32, backward: bool) -> Vec<u64> {
        let mut known = vec![u64::MAX; self.nodes];
        if let Some(slot) = known.get_mut(start as usize) {
            *slot = 0;
        }
        let mut heap = BinaryHeap::from([Reverse((0_u64, start))]);
        while let Some(Reverse((length, node))) = heap.pop() {
            if known.get(node as usize) != Some(&length) {
                continue;
            }
            let next = if backward {
                self.into.of(node)
            } else {
                self.out.of(node)
            };
            for arc in next.iter().filter_map(|&arc| self.arc(arc)) {
                let there = if backward { arc.from } else { arc.to };
                let reached = length.saturating_add(arc.length.0);
                if let Some(slot) = known.get_mut(there as usize)
                    && reached < *slot
                {
                    *slot = reached;
                    heap.push(Reverse((reached, there)));
                }
            }
        }
        known
    }

    /// For every arc the length of the shortest path through it.
    pub(super) fn through(&self) -> Vec<Difficulty> {
        let there = self.lengths(SOURCE, false);
        let onward = self.lengths(TARGET, true);
        let at = |lengths: &[u64], node: u32| lengths.get(node as usize).copied().unwrap_or(u64::MAX);
        let all = self.arcs.iter().map(|arc| {
            let sum = at(&there, arc.from)
                .saturating_add(arc.length.0)
                .saturating_add(at(&onward, arc.to));
            Difficulty(sum)
        });
        all.collect()
    }
}

//! The part of the graph that a choice of blocks depends on.
//!
//! Kept is what lies between source and target. A node with one way out is one with what that way leads to: if the
//! way is blockable, blocking it does all that blocking a way in would, so ways in need not be blockable; if it is
//! not, the node is contracted. The same holds for a node with one way in. Of ways between the same two nodes those
//! are dropped that are no shorter than one that cannot be blocked. These are the rules by which the published
//! algorithms shrink Active Directory graphs, applied until none applies. And since one more path than may be blocked
//! bounds the answer when they share no blockable edge, what lies on longer paths only is dropped too.

use super::net::{Arc, Net, SOURCE, TARGET};
use super::pieces::{Lists, arcs};
use super::{Difficulty, Instance, Size};
use crate::master::is_set;

/// The kernel: paths in it as long as the cap or longer do not count, and there may be none at all.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    pub(super) net: Net,
    /// No blocks make the best path harder than this.
    pub(super) cap: Difficulty,
    /// Paths found that bound the answer, as arcs, each with its length.
    pub(super) packed: Paths,
}

/// Paths as arcs, each with its length.
type Paths = Vec<(Difficulty, Vec<u32>)>;

impl Kernel {
    pub(super) fn new(instance: &Instance) -> Self {
        let (mut all, nodes) = between(instance);
        let mut count = nodes;
        let mut cap = Difficulty::IMPOSSIBLE;
        loop {
            let (arcs, nodes) = contracted(all, count);
            let net = Net::new(nodes, arcs);
            let (packed, bound) = packing(&net, instance.edges_max);
            cap = cap.min(bound);
            let through = net.through();
            let kept: Vec<Arc> = net
                .arcs
                .iter()
                .zip(&through)
                .filter(|(_, through)| **through < cap)
                .map(|(arc, _)| *arc)
                .collect();
            if kept.len() == net.arcs.len() {
                return Self { net, cap, packed };
            }
            all = kept;
            count = nodes;
        }
    }

    pub(super) fn size(&self) -> Size {
        Size {
            nodes: self.net.nodes,
            edges: self.net.arcs.len(),
            blockable: self.net.arcs.iter().filter(|arc| arc.column.is_some()).count(),
        }
    }
}

/// Paths, the shortest first, that share no blockable arc: one more than may be blocked, or all there are. With the
/// bound that they prove: a path that nothing blocks stays, and so does one of more paths than may be blocked.
fn packing(net: &Net, edges_max: u32) -> (Paths, Difficulty) {
    let mut banned = vec![false; net.arcs.len()];
    let mut found = Vec::new();
    while let Some((length, path)) = net.shortest(&banned) {
        let blockable = path
            .iter()
            .copied()
            .filter(|&arc| net.arc(arc).is_some_and(|arc| arc.column.is_some()));
        let mut stays = true;
        for arc in blockable {
            stays = false;
            if let Some(flag) = banned.get_mut(arc as usize) {
                *flag = true;
            }
        }
        found.push((length, path));
        if stays || found.len() > edges_max as usize {
            return (found, length);
        }
    }
    (found, Difficulty::IMPOSSIBLE)
}

/// Arcs that some path uses, their nodes numbered anew.
fn between(instance: &Instance) -> (Vec<Arc>, usize) {
    let (arcs, nodes) = arcs(instance);
    let out = Lists::new(nodes, arcs.iter().map(|arc| arc.from));
    let there = reached(nodes, SOURCE, |node| {
        out.of(node)
            .iter()
            .filter_map(|&arc| arcs.get(arc as usize))
            .map(|arc| arc.to)
    });
    let into = Lists::new(nodes, arcs.iter().map(|arc| arc.to));
    let onward = reached(nodes, TARGET, |node| {
        into.of(node)
            .iter()
            .filter_map(|&arc| arcs.get(arc as usize))
            .map(|arc| arc.from)
    });
    let kept = arcs
        .iter()
        .filter(|arc| is_set(&there, arc.from) && is_set(&onward, arc.to))
        .copied()
        .collect();
    numbered(kept, nodes)
}

fn reached<I: Iterator<Item = u32>>(nodes: usize, start: u32, next: impl Fn(u32) -> I) -> Vec<bool> {
    let mut found = vec![false; nodes];
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        if let Some(flag) = found.get_mut(node as usize)
            && !std::mem::replace(flag, true)
        {
            open.extend(next(node));
        }
    }
    found
}

/// Source and target keep their numbers; nodes without arcs go.
fn numbered(mut arcs: Vec<Arc>, nodes: usize) -> (Vec<Arc>, usize) {
    let mut numbers = vec![u32::MAX; nodes];
    let mut count = 0;
    let ends: Vec<u32> = arcs.iter().flat_map(|arc| [arc.from, arc.to]).collect();
    for node in [SOURCE, TARGET].into_iter().chain(ends) {
        if let Some(number) = numbers.get_mut(node as usize)
            && *number == u32::MAX
        {
            *number = count;
            count += 1;
        }
    }
    let number = |node: u32| numbers.get(node as usize).copied().unwrap_or(SOURCE);
    for arc in &mut arcs {
        (arc.from, arc.to) = (number(arc.from), number(arc.to));
    }
    (arcs, count as usize)
}

/// Applies the rules until none applies.
fn contracted(arcs: Vec<Arc>, nodes: usize) -> (Vec<Arc>, usize) {
    let mut work = Work::new(arcs, nodes);
    while let Some(node) = work.open.pop() {
        if let Some(flag) = work.waiting.get_mut(node as usize) {
            *flag = false;
        }
        work.look_at(node);
    }
    numbered(work.arcs.into_iter().flatten().collect(), nodes)
}

/// Arcs while they are being contracted; a dead one is `None`.
struct Work {
    arcs: Vec<Option<Arc>>,
    out: Vec<Vec<u32>>,
    into: Vec<Vec<u32>>,
    open: Vec<u32>,
    waiting: Vec<bool>,
}

impl Work {
    fn new(arcs: Vec<Arc>, nodes: usize) -> Self {
        let mut work = Self {
            out: vec![Vec::new(); nodes],
            into: vec![Vec::new(); nodes],
            open: (0..nodes as u32).rev().collect(),
            waiting: vec![true; nodes],
            arcs: Vec::new(),
        };
        for (index, arc) in arcs.iter().enumerate() {
            enter(&mut work.out, arc.from, index as u32);
            enter(&mut work.into, arc.to, index as u32);
        }
        work.arcs = arcs.into_iter().map(Some).collect();
        work
    }

    fn arc(&self, id: u32) -> Option<Arc> {
        self.arcs.get(id as usize).copied().flatten()
    }

    fn put(&mut self, id: u32, arc: Option<Arc>) {
        if let Some(slot) = self.arcs.get_mut(id as usize) {
            *slot = arc;
        }
    }

    /// A node is looked at again.
    fn again(&mut self, node: u32) {
        if let Some(flag) = self.waiting.get_mut(node as usize)
            && !std::mem::replace(flag, true)
        {
            self.open.push(node);
        }
    }

    fn kill(&mut self, id: u32) {
        if let Some(arc) = self.arc(id) {
            self.put(id, None);
            self.again(arc.from);
            self.again(arc.to);
        }
    }

    /// Living arcs out of and into a node.
    fn around(&mut self, node: u32) -> (Vec<u32>, Vec<u32>) {
        let arcs = &self.arcs;
        let arc = |id: u32| arcs.get(id as usize).copied().flatten();
        let out = living(self.out.get_mut(node as usize), |id| {
            arc(id).is_some_and(|arc| arc.from == node)
        });
        let into = living(self.into.get_mut(node as usize), |id| {
            arc(id).is_some_and(|arc| arc.to == node)
        });
        (out, into)
    }

    fn look_at(&mut self, node: u32) {
        let (out, into) = self.around(node);
        if self.drop_parallel(&out) || node == SOURCE || node == TARGET {
            return;
        }
        match (into.as_slice(), out.as_slice()) {
            (all, []) | ([], all) => all.iter().for_each(|&id| self.kill(id)),
            (into, [only]) => self.one_way_out(into, *only),
            ([only], out) => self.one_way_in(*only, out),
            _ => {}
        }
    }

    /// Of arcs between the same two nodes keeps the shortest unblockable one and the blockable ones shorter than it.
    fn drop_parallel(&mut self, out: &[u32]) -> bool {
        let mut sorted: Vec<(u32, Difficulty, bool, u32)> = out
            .iter()
            .filter_map(|&id| {
                self.arc(id)
                    .map(|arc| (arc.to, arc.length, arc.column.is_some(), id))
            })
            .collect();
        sorted.sort_unstable();
        let mut settled = None;
        let mut dropped = false;
        for (to, _, blockable, id) in sorted {
            if settled == Some(to) {
                self.kill(id);
                dropped = true;
            } else if !blockable {
                settled = Some(to);
            }
        }
        dropped
    }

    fn one_way_out(&mut self, into: &[u32], only: u32) {
        let Some(way) = self.arc(only) else { return };
        if way.column.is_none() {
            self.kill(only);
            into.iter().for_each(|&id| self.lead_on(id, &way));
        } else {
            into.iter().for_each(|&id| self.keep_open(id));
            if let [single] = into {
                self.start_before(only, *single);
            }
        }
    }

    fn one_way_in(&mut self, only: u32, out: &[u32]) {
        let Some(way) = self.arc(only) else { return };
        if way.column.is_none() {
            for &id in out {
                self.start_before(id, only);
            }
        } else {
            out.iter().for_each(|&id| self.keep_open(id));
        }
    }

    /// Blocking this arc is never better than blocking the one that all its paths go through.
    fn keep_open(&mut self, id: u32) {
        if let Some(arc) = self.arc(id).filter(|arc| arc.column.is_some()) {
            self.put(id, Some(Arc { column: None, ..arc }));
            self.again(arc.from);
            self.again(arc.to);
        }
    }

    /// Lets an arc lead to where the one way out of its end leads.
    fn lead_on(&mut self, id: u32, way: &Arc) {
        let Some(arc) = self.arc(id) else { return };
        self.kill(id);
        if arc.from == way.to {
            return;
        }
        let length = arc.length.plus(way.length);
        self.put(
            id,
            Some(Arc {
                to: way.to,
                length,
                ..arc
            }),
        );
        enter(&mut self.into, way.to, id);
        self.again(way.to);
    }

    /// Lets an arc start where the one way into its start starts. The way itself dies of having nowhere to lead.
    fn start_before(&mut self, id: u32, way: u32) {
        let (Some(arc), Some(way)) = (self.arc(id), self.arc(way)) else {
            return;
        };
        self.kill(id);
        if arc.to == way.from {
            return;
        }
        let length = arc.length.plus(way.length);
        self.put(
            id,
            Some(Arc {
                from: way.from,
                length,
                ..arc
            }),
        );
        enter(&mut self.out, way.from, id);
        self.again(way.from);
    }
}

/// Keeps the living arcs of a list that still belong to its node.
fn living(list: Option<&mut Vec<u32>>, lives: impl Fn(u32) -> bool) -> Vec<u32> {
    list.map_or_else(Vec::new, |list| {
        list.retain(|&id| lives(id));
        list.clone()
    })
}

fn enter(lists: &mut [Vec<u32>], node: u32, id: u32) {
    if let Some(list) = lists.get_mut(node as usize) {
        list.push(id);
    }
}

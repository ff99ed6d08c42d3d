//! The fewest blocks that leave no path over some arcs: a minimum cut.

use super::Difficulty;
use super::net::{Net, SOURCE, TARGET};
use crate::master::is_set;

const NONE: u32 = u32::MAX;

/// The blockable arcs of a minimum cut of the arcs that some path shorter than `below` goes through; `None` if it
/// takes more than `arcs_max` of them, or if nothing cuts them.
///
/// Augmenting paths (Ford and Fulkerson 1956), each found breadth first; a blockable arc carries one unit.
pub(super) fn minimum_cut(
    net: &Net,
    through: &[Difficulty],
    below: Difficulty,
    arcs_max: usize,
) -> Option<Vec<u32>> {
    let mut flow = Flow {
        net,
        open: through.iter().map(|length| *length < below).collect(),
        carried: vec![0; net.arcs.len()],
        into: super::pieces::Lists::new(net.nodes, net.arcs.iter().map(|arc| arc.to)),
    };
    let mut units = 0;
    loop {
        let by = flow.reached();
        if by.get(TARGET as usize).is_none_or(|&(arc, _)| arc == NONE) {
            return Some(flow.cut(&by));
        }
        units += 1;
        if units > arcs_max {
            return None;
        }
        flow.augment(&by);
    }
}

struct Flow<'a> {
    net: &'a Net,
    open: Vec<bool>,
    carried: Vec<u32>,
    into: super::pieces::Lists,
}

/// The arc by which a node was reached, and whether against its direction.
type By = Vec<(u32, bool)>;

impl Flow<'_> {
    fn has_room(&self, id: u32) -> bool {
        let blockable = self.net.arc(id).is_some_and(|arc| arc.column.is_some());
        is_set(&self.open, id) && (!blockable || self.carried(id) == 0)
    }

    fn carried(&self, id: u32) -> u32 {
        self.carried.get(id as usize).copied().unwrap_or(0)
    }

    fn reached(&self) -> By {
        let mut by = vec![(NONE, false); self.net.nodes];
        let mut open = std::collections::VecDeque::from([SOURCE]);
        while let Some(node) = open.pop_front() {
            let forward = self.net.out(node).iter().filter(|&&id| self.has_room(id));
            let backward = self.into.of(node).iter().filter(|&&id| self.carried(id) > 0);
            let steps = forward
                .map(|&id| (id, false))
                .chain(backward.map(|&id| (id, true)));
            for (id, against) in steps {
                let Some(arc) = self.net.arc(id) else { continue };
                let next = if against { arc.from } else { arc.to };
                if let Some(slot) = by.get_mut(next as usize)
                    && slot.0 == NONE
                    && next != SOURCE
                {
                    *slot = (id, against);
                    open.push_back(next);
                }
            }
        }
        by
    }

    fn augment(&mut self, by: &By) {
        let mut node = TARGET;
        while let Some(&(id, against)) = by.get(node as usize).filter(|step| step.0 != NONE) {
            let Some(arc) = self.net.arc(id) else { return };
            node = if against { arc.to } else { arc.from };
            if let Some(units) = self.carried.get_mut(id as usize) {
                *units = if against {
                    units.saturating_sub(1)
                } else {
                    *units + 1
                };
            }
        }
    }

    /// Arcs from where there is room to where there is none.
    fn cut(&self, by: &By) -> Vec<u32> {
        let inside = |node: u32| node == SOURCE || by.get(node as usize).is_some_and(|step| step.0 != NONE);
        let arcs = self.net.arcs.iter().enumerate();
        arcs.filter(|(id, arc)| is_set(&self.open, *id as u32) && inside(arc.from) && !inside(arc.to))
            .map(|(id, _)| id as u32)
            .collect()
    }
}

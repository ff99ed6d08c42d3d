//! What the parts of this module build graphs from.

use super::net::{Arc, SOURCE, TARGET};
use super::{Difficulty, Instance};

/// Lists of numbers by node, one after another.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Lists {
    /// Puts each index into the list of the node that it names.
    pub(super) fn new(nodes: usize, of: impl Iterator<Item = u32> + Clone) -> Self {
        let mut starts = vec![0_u32; nodes + 2];
        for node in of.clone() {
            if let Some(count) = starts.get_mut(node as usize + 2) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut members = vec![0; sum as usize];
        for (index, node) in of.enumerate() {
            if let Some(place) = starts.get_mut(node as usize + 1) {
                if let Some(slot) = members.get_mut(*place as usize) {
                    *slot = index as u32;
                }
                *place += 1;
            }
        }
        Self { starts, members }
    }

    /// The list of a node.
    pub(super) fn of(&self, node: u32) -> &[u32] {
        let start = self.starts.get(node as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(node as usize + 1).copied().unwrap_or(0) as usize;
        self.members.get(start..end).unwrap_or(&[])
    }
}

/// The task from one source, which leads to every entry for nothing, to one target; and how many nodes there are.
///
/// Ways into an entry, out of the target, from a node to itself and of no success are on no best path.
pub(super) fn arcs(instance: &Instance) -> (Vec<Arc>, usize) {
    let nodes = instance.nodes as usize + 2;
    let mut entry = vec![false; nodes];
    for &node in &instance.entries {
        if let Some(flag) = entry.get_mut(node as usize) {
            *flag = true;
        }
    }
    let number = |node: u32| if node == instance.target { TARGET } else { node + 2 };
    let to_entries = (0..instance.nodes)
        .filter(|&node| crate::master::is_set(&entry, node))
        .map(|node| Arc {
            from: SOURCE,
            to: number(node),
            length: Difficulty(0),
            column: None,
            origin: None,
        });
    let given = instance.edges.iter().enumerate().filter_map(|(index, edge)| {
        let useful = edge.from < instance.nodes
            && edge.to < instance.nodes
            && edge.from != edge.to
            && edge.from != instance.target
            && !crate::master::is_set(&entry, edge.to)
            && edge.difficulty != Difficulty::IMPOSSIBLE;
        useful.then(|| Arc {
            from: number(edge.from),
            to: number(edge.to),
            length: edge.difficulty,
            column: edge.blockable.then_some(index as u32),
            origin: Some(index as u32),
        })
    });
    (to_entries.chain(given).collect(), nodes)
}

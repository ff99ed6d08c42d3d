//! Whether some demands can be had together, mostly by one chaining.
//!
//! The more is withdrawn, the less is in reach and the more services are down. So if a jewel stays in reach when everything is withdrawn
//! that no demand forbids by itself, nothing keeps it; and if it is kept without any act that a service feels, everything can be had.
//! Acts that services feel are left out one by one where that decides nothing yet. Only what is left is a problem for the solver.

use super::kernels::Hard;
use super::kernels::Kernels;
use super::prepare::Prepared;
use crate::hitting::Oracle;
use crate::master::{Node, fired, is_set};

/// The acts and the jewels of a problem, to ask about again and again.
#[derive(Debug)]
pub(super) struct Possible<'a> {
    prepared: &'a Prepared,
    /// The kernels over the jewels alone, none of which is taken to be kept.
    kernels: Kernels,
    jewels: usize,
}

/// What is demanded.
#[derive(Debug)]
pub(super) struct Wanted {
    /// What columns take down, what may not be taken down among it.
    pub(super) nodes: Vec<Node>,
    /// Columns that must be chosen, or may not be.
    pub(super) fixed: Vec<Option<bool>>,
    /// Jewels that must be kept.
    pub(super) jewels: Vec<bool>,
}

impl Wanted {
    fn is_forced(&self, column: usize) -> bool {
        self.fixed.get(column) == Some(&Some(true))
    }

    /// True if a choice takes nothing down that may not be.
    fn is_served(&self, chosen: &[bool]) -> bool {
        let fired = fired(&self.nodes, chosen);
        !self
            .nodes
            .iter()
            .zip(fired)
            .any(|(node, fired)| node.forbidden && fired)
    }

    /// Columns on which some service hangs and that are not forced.
    fn felt(&self) -> Vec<usize> {
        let columns = self.nodes.iter().flat_map(|node| &node.columns);
        let mut felt: Vec<usize> = columns.map(|column| *column as usize).collect();
        felt.sort_unstable();
        felt.dedup();
        felt.retain(|&column| !self.is_forced(column));
        felt
    }
}

impl<'a> Possible<'a> {
    pub(super) fn new(prepared: &'a Prepared) -> Self {
        let jewels = prepared.jewels();
        Self {
            kernels: prepared.kernels(&Hard::everywhere(vec![false; jewels])),
            prepared,
            jewels,
        }
    }

    /// True if everything can be had, false if not; none if that takes a search.
    pub(super) fn at_once(&mut self, wanted: &Wanted) -> Option<bool> {
        let columns = 0..self.prepared.columns.len();
        let forced: Vec<bool> = columns.map(|column| wanted.is_forced(column)).collect();
        if !wanted.is_served(&forced) {
            return Some(false);
        }
        let felt = wanted.felt();
        let mut chosen: Vec<bool> = wanted.fixed.iter().map(|fixed| *fixed != Some(false)).collect();
        let mut bare = chosen.clone();
        let mut alone = forced;
        for &column in &felt {
            put(&mut bare, column, false);
            put(&mut alone, column, true);
            if !wanted.is_served(&alone) {
                put(&mut chosen, column, false);
            }
            put(&mut alone, column, false);
        }
        if self.keeps(&bare, wanted) {
            return Some(true);
        }
        if !self.keeps(&chosen, wanted) {
            return Some(false);
        }
        for column in felt {
            if wanted.is_served(&chosen) {
                break;
            }
            if !is_set(&chosen, column as u32) {
                continue;
            }
            put(&mut chosen, column, false);
            if !self.keeps(&chosen, wanted) {
                put(&mut chosen, column, true);
            }
        }
        wanted.is_served(&chosen).then_some(true)
    }

    /// True if a choice leaves no jewel in reach that must be kept.
    fn keeps(&mut self, chosen: &[bool], wanted: &Wanted) -> bool {
        let derived = self.kernels.derive(chosen, false);
        let mut open = derived
            .found
            .iter()
            .map(|(target, _)| *target as usize % self.jewels.max(1));
        !open.any(|jewel| wanted.jewels.get(jewel) == Some(&true))
    }
}

fn put(flags: &mut [bool], place: usize, to: bool) {
    if let Some(flag) = flags.get_mut(place) {
        *flag = to;
    }
}

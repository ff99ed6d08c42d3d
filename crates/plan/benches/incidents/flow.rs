//! Maximum flow and the minimum cut that it proves (Dinic 1970).

use std::collections::VecDeque;

/// A network under construction; arcs lie in pairs, each beside its reverse.
#[derive(Default)]
pub(crate) struct Network {
    heads: Vec<u32>,
    room: Vec<i64>,
    out: Vec<Vec<u32>>,
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            out: vec![Vec::new(); nodes],
            ..Self::default()
        }
    }

    /// Adds an arc; its number.
    pub(crate) fn arc(&mut self, from: u32, to: u32, room: i64) -> u32 {
        let number = self.heads.len() as u32;
        self.heads.extend([to, from]);
        self.room.extend([room, 0]);
        for (node, arc) in [(from, number), (to, number + 1)] {
            if let Some(list) = self.out.get_mut(node as usize) {
                list.push(arc);
            }
        }
        number
    }

    fn room(&self, arc: u32) -> i64 {
        self.room.get(arc as usize).copied().unwrap_or(0)
    }

    fn head(&self, arc: u32) -> u32 {
        self.heads.get(arc as usize).copied().unwrap_or(0)
    }

    fn carry(&mut self, arc: u32, units: i64) {
        for (arc, change) in [(arc, -units), (arc ^ 1, units)] {
            if let Some(room) = self.room.get_mut(arc as usize) {
                *room += change;
            }
        }
    }

    /// The nodes on the source's side of a minimum cut.
    pub(crate) fn cut(&mut self, source: u32, sink: u32) -> Vec<bool> {
        loop {
            let levels = self.levels(source);
            if levels.get(sink as usize).is_none_or(|level| *level == u32::MAX) {
                return levels.into_iter().map(|level| level != u32::MAX).collect();
            }
            let mut next = vec![0_usize; self.out.len()];
            while let Some(path) = self.path(source, sink, &levels, &mut next) {
                let units = path.iter().map(|&arc| self.room(arc)).min().unwrap_or(0);
                path.into_iter().for_each(|arc| self.carry(arc, units));
            }
        }
    }

    fn levels(&self, source: u32) -> Vec<u32> {
        let mut levels = vec![u32::MAX; self.out.len()];
        let mut open = VecDeque::from([(source, 0)]);
        while let Some((node, level)) = open.pop_front() {
            let Some(slot) = levels.get_mut(node as usize).filter(|slot| **slot == u32::MAX) else {
                continue;
            };
            *slot = level;
            for &arc in self.out.get(node as usize).into_iter().flatten() {
                let head = self.head(arc);
                if self.room(arc) > 0 && levels.get(head as usize) == Some(&u32::MAX) {
                    open.push_back((head, level + 1));
                }
            }
        }
        levels
    }

    /// A path along ascending levels that has room; arcs that lead nowhere are passed over for the rest of the phase.
    fn path(&self, source: u32, sink: u32, levels: &[u32], next: &mut [usize]) -> Option<Vec<u32>> {
        let level = |node: u32| levels.get(node as usize).copied().unwrap_or(u32::MAX);
        let mut path: Vec<u32> = Vec::new();
        let mut node = source;
        while node != sink {
            let place = next.get_mut(node as usize)?;
            let arcs = self.out.get(node as usize)?;
            let usable = |arc: u32| self.room(arc) > 0 && level(self.head(arc)) == level(node) + 1;
            while arcs.get(*place).is_some_and(|&arc| !usable(arc)) {
                *place += 1;
            }
            if let Some(&arc) = arcs.get(*place) {
                path.push(arc);
                node = self.head(arc);
                continue;
            }
            let back = path.pop()?;
            node = self.head(back ^ 1);
            *next.get_mut(node as usize)? += 1;
        }
        Some(path)
    }
}

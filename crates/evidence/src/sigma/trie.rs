//! A tree of letters: which of many texts begin another, found by walking until no text goes on.

use super::literals::LiteralId;

/// No node, no literal.
const NONE: u32 = 0;

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    byte: u8,
    /// The first of the nodes one letter on.
    child: u32,
    /// The next node of the same parent.
    sibling: u32,
    /// The first of the literals that end here, by place among all.
    ending: u32,
}

/// The tree. Its texts are folded; what is walked is folded on the way, ASCII letters only. All nodes lie in one list,
/// so that a tree of thousands is built and dropped at once.
#[derive(Debug, Default)]
pub(super) struct Trie {
    /// The node that each first letter leads to; empty while there is no text.
    roots: Vec<u32>,
    /// The first node is never used, so that 0 can mean none; so with the literals.
    nodes: Vec<Node>,
    /// Literals, each with the next one that ends at the same node.
    endings: Vec<(LiteralId, u32)>,
}

impl Trie {
    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Adds a text that is not empty.
    pub(super) fn insert(&mut self, mut text: impl Iterator<Item = u8>, id: LiteralId) {
        let Some(first) = text.next() else {
            return;
        };
        if self.is_empty() {
            self.roots = vec![NONE; 256];
            self.nodes.push(Node::default());
            self.endings.push((id, NONE));
        }
        let mut at = self.roots.get(usize::from(first)).copied().unwrap_or(NONE);
        if at == NONE {
            at = self.add(first, NONE);
            if let Some(root) = self.roots.get_mut(usize::from(first)) {
                *root = at;
            }
        }
        for byte in text {
            let eldest = self.nodes.get(at as usize).map_or(NONE, |node| node.child);
            let mut child = self.among(eldest, byte);
            if child == NONE {
                child = self.add(byte, eldest);
                if let Some(node) = self.nodes.get_mut(at as usize) {
                    node.child = child;
                }
            }
            at = child;
        }
        let place = self.endings.len() as u32;
        if let Some(node) = self.nodes.get_mut(at as usize) {
            self.endings.push((id, node.ending));
            node.ending = place;
        }
    }

    fn add(&mut self, byte: u8, sibling: u32) -> u32 {
        self.nodes.push(Node {
            byte,
            child: NONE,
            sibling,
            ending: NONE,
        });
        (self.nodes.len() - 1) as u32
    }

    /// The node of a letter among siblings.
    fn among(&self, mut at: u32, byte: u8) -> u32 {
        while at != NONE {
            match self.nodes.get(at as usize) {
                Some(node) if node.byte != byte => at = node.sibling,
                Some(_) => return at,
                None => return NONE,
            }
        }
        NONE
    }

    /// Reports the literal of every text that begins this one.
    pub(super) fn walk(&self, mut text: impl Iterator<Item = u8>, found: &mut impl FnMut(LiteralId)) {
        if self.is_empty() {
            return;
        }
        let Some(first) = text.next() else {
            return;
        };
        let root = self.roots.get(usize::from(first.to_ascii_lowercase()));
        let mut at = root.copied().unwrap_or(NONE);
        while at != NONE {
            let Some(node) = self.nodes.get(at as usize) else {
                return;
            };
            self.report(node.ending, found);
            if node.child == NONE {
                return;
            }
            at = text
                .next()
                .map_or(NONE, |byte| self.among(node.child, byte.to_ascii_lowercase()));
        }
    }

    fn report(&self, mut place: u32, found: &mut impl FnMut(LiteralId)) {
        while place != NONE {
            let Some((id, next)) = self.endings.get(place as usize) else {
                return;
            };
            found(*id);
            place = *next;
        }
    }
}

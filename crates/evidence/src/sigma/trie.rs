//! A tree of letters: which of many texts begin another, found by walking until no text goes on.

use super::literals::LiteralId;

/// No node.
const NONE: u32 = 0;

#[derive(Debug, Default)]
struct Node {
    /// Next letter and the node it leads to.
    children: Vec<(u8, u32)>,
    /// What ends here.
    literals: Vec<LiteralId>,
}

/// The tree. Its texts are folded; what is walked is folded on the way, ASCII letters only.
#[derive(Debug)]
pub(super) struct Trie {
    /// The node that each first letter leads to.
    roots: Vec<u32>,
    /// The first node is never used, so that 0 can mean none.
    nodes: Vec<Node>,
}

impl Trie {
    pub(super) fn new() -> Self {
        Self {
            roots: vec![NONE; 256],
            nodes: vec![Node::default()],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Adds a text that is not empty.
    pub(super) fn insert(&mut self, mut text: impl Iterator<Item = u8>, id: LiteralId) {
        let Some(first) = text.next() else {
            return;
        };
        let mut at = self.roots.get(usize::from(first)).copied().unwrap_or(NONE);
        if at == NONE {
            at = self.add();
            if let Some(root) = self.roots.get_mut(usize::from(first)) {
                *root = at;
            }
        }
        for byte in text {
            at = self.child(at, byte).unwrap_or_else(|| {
                let child = self.add();
                if let Some(node) = self.nodes.get_mut(at as usize) {
                    node.children.push((byte, child));
                }
                child
            });
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.literals.push(id);
        }
    }

    fn add(&mut self) -> u32 {
        self.nodes.push(Node::default());
        (self.nodes.len() - 1) as u32
    }

    fn child(&self, at: u32, byte: u8) -> Option<u32> {
        let node = self.nodes.get(at as usize)?;
        node.children
            .iter()
            .find(|(own, _)| *own == byte)
            .map(|(_, child)| *child)
    }

    /// Reports the literal of every text that begins this one.
    pub(super) fn walk(&self, mut text: impl Iterator<Item = u8>, found: &mut impl FnMut(LiteralId)) {
        let Some(first) = text.next() else {
            return;
        };
        let root = self.roots.get(usize::from(first.to_ascii_lowercase()));
        let mut at = root.copied().unwrap_or(NONE);
        while at != NONE {
            let Some(node) = self.nodes.get(at as usize) else {
                return;
            };
            node.literals.iter().copied().for_each(&mut *found);
            if node.children.is_empty() {
                return;
            }
            at = text
                .next()
                .and_then(|byte| self.child(at, byte.to_ascii_lowercase()))
                .unwrap_or(NONE);
        }
    }
}

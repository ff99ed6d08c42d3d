//! Requirements as a flat list of AND and OR over literals.

use std::collections::VecDeque;
use std::ops::Range;

use cordon_estate::{AccessId, AccountId, Requirement, Service, ServiceId, SystemId};

use super::ServiceState;

/// A node in [`super::Services::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The place of the node.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something that is so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Literal {
    /// The system is on the network.
    System(SystemId),
    /// The account is enabled.
    Account(AccountId),
    /// The access is given.
    Access(AccessId),
    /// The service runs, wholly or in part.
    Service(ServiceId),
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Met if all of these are; an empty list is met.
    All(Vec<NodeId>),
    /// Met if any of these is; an empty list is not.
    Any(Vec<NodeId>),
    /// Met if this is so.
    Literal(Literal),
}

/// The requirements of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceNodes {
    /// Met: the service is up.
    pub requires: NodeId,
    /// Each fallback's capacity, 0 to 1, and what it needs; the largest of those met carries the service.
    pub fallbacks: Vec<(f64, NodeId)>,
    pub(super) all_nodes: Range<usize>,
}

impl ServiceNodes {
    /// The state of the service, given which of its nodes are met.
    pub fn state(&self, met: impl Fn(NodeId) -> bool) -> ServiceState {
        if met(self.requires) {
            return ServiceState::Up;
        }
        let carried = self
            .fallbacks
            .iter()
            .filter(|(_, node)| met(*node))
            .map(|(capacity, _)| *capacity);
        match carried.fold(0.0, f64::max) {
            capacity if capacity > 0.0 => ServiceState::Degraded(capacity.min(1.0)),
            _ => ServiceState::Down,
        }
    }
}

/// Flattens trees breadth first, so that however deep one is, nothing recurses.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) nodes: Vec<Node>,
}

impl Builder {
    pub(super) fn service(&mut self, service: &Service) -> ServiceNodes {
        let start = self.nodes.len();
        let requires = self.tree(&service.requires);
        let fallbacks = service
            .fallbacks
            .iter()
            .map(|fallback| (fallback.capacity, self.tree(&fallback.requires)))
            .collect();
        ServiceNodes {
            requires,
            fallbacks,
            all_nodes: start..self.nodes.len(),
        }
    }

    fn tree(&mut self, root: &Requirement) -> NodeId {
        let start = self.nodes.len() as u32;
        let mut next = start + 1;
        let mut waiting = VecDeque::from([root]);
        while let Some(requirement) = waiting.pop_front() {
            let node = match requirement {
                Requirement::All(parts) => Node::All(number(parts, &mut next, &mut waiting)),
                Requirement::Any(parts) => Node::Any(number(parts, &mut next, &mut waiting)),
                Requirement::System(id) => Node::Literal(Literal::System(*id)),
                Requirement::Account(id) => Node::Literal(Literal::Account(*id)),
                Requirement::Access(id) => Node::Literal(Literal::Access(*id)),
                Requirement::Service(id) => Node::Literal(Literal::Service(*id)),
            };
            self.nodes.push(node);
        }
        NodeId(start)
    }
}

/// Parts are numbered in the order in which they will leave the queue.
fn number<'a>(
    parts: &'a [Requirement],
    next: &mut u32,
    waiting: &mut VecDeque<&'a Requirement>,
) -> Vec<NodeId> {
    waiting.extend(parts);
    let first = *next;
    *next += parts.len() as u32;
    (first..*next).map(NodeId).collect()
}

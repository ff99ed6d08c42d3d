//! Services as a monotone circuit over withdrawals.
//!
//! A requirement is lost when what it names is removed; a service takes its first fallback whose own requirements are
//! met; a protected service may be degraded but not down. What is lost already with nothing withdrawn is no cost of
//! a plan and is left out.

use cordon_estate::{Estate, Fallback, Requirement, Service, ServiceId};
use cordon_reach::Base;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::master::{Gate, Node, is_set};

/// The nodes of all services.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    /// The nodes, services in order of the estate.
    pub nodes: Vec<Node>,
    /// For each service, the node of each of its levels: the first says that it is not as usual, the last that it is
    /// down.
    pub levels: Vec<Vec<u32>>,
    /// For each service, whether it may not go down: by the estate or because a person said so.
    pub protected: Vec<bool>,
    /// Columns that are an input of some node, ascending.
    columns: Vec<u32>,
}

/// The fallbacks of a service that carry anything, the largest first.
fn fallbacks(service: &Service) -> Vec<&Fallback> {
    let mut fallbacks: Vec<&Fallback> = service
        .fallbacks
        .iter()
        .filter(|fallback| fallback.capacity > 0.0)
        .collect();
    fallbacks.sort_by(|one, other| other.capacity.total_cmp(&one.capacity));
    fallbacks
}

/// The fallback that carries a service at a level, if one does.
#[must_use]
pub fn fallback(service: &Service, level: usize) -> Option<&Fallback> {
    level
        .checked_sub(1)
        .and_then(|place| fallbacks(service).get(place).copied())
}

/// True if a service is down at a level.
#[must_use]
pub fn is_down(service: &Service, level: usize) -> bool {
    level > fallbacks(service).len()
}

/// The share of a service that runs at a level: as usual, by each fallback, not at all.
#[must_use]
pub fn capacity(service: &Service, level: usize) -> f64 {
    if level == 0 {
        1.0
    } else {
        fallback(service, level).map_or(0.0, |fallback| fallback.capacity.min(1.0))
    }
}

/// What a service costs at a level over some hours, in whole pence.
#[must_use]
pub fn level_pence(service: &Service, level: usize, duration_hours: f64) -> i64 {
    let outage = cordon_trade::outage_pence(&service.cost, duration_hours).0.max(0) as f64;
    ((1.0 - capacity(service, level)) * outage)
        .round()
        .clamp(0.0, 1e15) as i64
}

/// Base facts that some service or fallback of a service requires.
#[must_use]
pub fn required(estate: &Estate) -> FxHashSet<Base> {
    let mut open: Vec<&Requirement> = Vec::new();
    for service in &estate.services {
        open.push(&service.requires);
        open.extend(service.fallbacks.iter().map(|fallback| &fallback.requires));
    }
    let mut facts = FxHashSet::default();
    while let Some(requirement) = open.pop() {
        match requirement {
            Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
            Requirement::Service(_) => {}
            leaf => facts.extend(leaf_of(leaf)),
        }
    }
    facts
}

/// The base fact that a requirement of one thing stands for.
const fn leaf_of(requirement: &Requirement) -> Option<Base> {
    match requirement {
        Requirement::System(id) => Some(Base::Connected(*id)),
        Requirement::Account(id) => Some(Base::Enabled(*id)),
        Requirement::Access(id) => Some(Base::Access(*id)),
        Requirement::All(_) | Requirement::Any(_) | Requirement::Service(_) => None,
    }
}

struct Builder<'a> {
    estate: &'a Estate,
    columns_of: &'a FxHashMap<Base, Vec<u32>>,
    nodes: Vec<Node>,
    /// The node that says that a service is down.
    down: Vec<u32>,
}

impl Circuit {
    /// The circuit of an estate's services; `columns_of` says which columns remove a fact.
    #[must_use]
    pub fn new(
        estate: &Estate,
        columns_of: &FxHashMap<Base, Vec<u32>>,
        duration_hours: f64,
        is_protected: impl Fn(ServiceId) -> bool,
    ) -> Self {
        let services = estate.services.len();
        let mut builder = Builder {
            estate,
            columns_of,
            nodes: Vec::new(),
            down: Vec::new(),
        };
        for _ in 0..services {
            let down = builder.node(Gate::All, Vec::new(), Vec::new());
            builder.down.push(down);
        }
        let protected = estate.services_with_ids().map(|(id, _)| is_protected(id));
        let protected: Vec<bool> = protected.collect();
        let services = estate.services_with_ids().zip(&protected);
        let levels = services
            .map(|((id, service), protected)| builder.service(id, service, duration_hours, *protected))
            .collect();
        let mut columns: Vec<u32> = columns_of.values().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        Self {
            nodes: builder.nodes,
            levels,
            protected,
            columns,
        }
    }

    /// True if a column removes what some service requires: no other one changes the level of any.
    #[must_use]
    pub fn has(&self, column: u32) -> bool {
        self.columns.binary_search(&column).is_ok()
    }

    /// The level of a service: 0 as usual, then its fallbacks, then down.
    #[must_use]
    pub fn level(&self, service: ServiceId, fired: &[bool]) -> usize {
        let nodes = self.levels.get(service.index()).map_or(&[][..], Vec::as_slice);
        nodes.iter().take_while(|&&node| is_set(fired, node)).count()
    }

    /// Which nodes fire under a choice.
    #[must_use]
    pub fn fired(&self, chosen: &[bool]) -> Vec<bool> {
        crate::master::fired(&self.nodes, chosen)
    }

    /// The nodes that a choice decides, renumbered, for a master problem.
    #[must_use]
    pub fn decided(&self, columns: usize) -> Vec<Node> {
        let always = self.fired(&vec![false; columns]);
        let ever = self.fired(&vec![true; columns]);
        let open = |node: u32| is_set(&ever, node) && !is_set(&always, node);
        let mut numbers = vec![0_u32; self.nodes.len()];
        let mut next = 0;
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = next;
            next += u32::from(open(index as u32));
        }
        let kept = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(index, _)| open(*index as u32));
        kept.map(|(_, node)| Node {
            nodes: node
                .nodes
                .iter()
                .filter(|&&input| open(input))
                .filter_map(|&input| numbers.get(input as usize).copied())
                .collect(),
            ..node.clone()
        })
        .collect()
    }
}

impl Builder<'_> {
    fn node(&mut self, gate: Gate, columns: Vec<u32>, nodes: Vec<u32>) -> u32 {
        self.nodes.push(Node {
            gate,
            columns,
            nodes,
            pence: 0,
            forbidden: false,
        });
        self.nodes.len() as u32 - 1
    }

    /// The nodes of a service's levels.
    fn service(
        &mut self,
        id: ServiceId,
        service: &Service,
        duration_hours: f64,
        protected: bool,
    ) -> Vec<u32> {
        let own = std::iter::once(&service.requires);
        let requires = own.chain(fallbacks(service).into_iter().map(|fallback| &fallback.requires));
        let mut lost = Vec::new();
        let mut levels = Vec::new();
        let mut paid = 0;
        for (place, requirement) in requires.enumerate() {
            lost.push(self.requirement(requirement, 0));
            let is_down = is_down(service, place + 1);
            let node = match self.down.get(id.index()) {
                Some(&down) if is_down => down,
                _ => self.node(Gate::All, Vec::new(), Vec::new()),
            };
            let due = level_pence(service, place + 1, duration_hours);
            if let Some(slot) = self.nodes.get_mut(node as usize) {
                slot.nodes.clone_from(&lost);
                slot.pence = (due - paid).max(0);
                slot.forbidden = is_down && protected;
            }
            paid = paid.max(due);
            levels.push(node);
        }
        levels
    }

    /// The node that says that a requirement is not met.
    fn requirement(&mut self, requirement: &Requirement, depth: usize) -> u32 {
        let inner = |builder: &mut Self, parts: &[Requirement]| -> Vec<u32> {
            if depth >= crate::limits::REQUIREMENT_DEPTH_MAX {
                return Vec::new();
            }
            parts
                .iter()
                .map(|part| builder.requirement(part, depth + 1))
                .collect()
        };
        match requirement {
            Requirement::All(parts) => {
                let parts = inner(self, parts);
                self.node(Gate::Any, Vec::new(), parts)
            }
            Requirement::Any(parts) => {
                let parts = inner(self, parts);
                self.node(Gate::All, Vec::new(), parts)
            }
            Requirement::System(id) => self.leaf(Base::Connected(*id)),
            Requirement::Account(id) if self.estate.account(*id).is_some_and(|account| !account.enabled) => {
                self.node(Gate::All, Vec::new(), Vec::new())
            }
            Requirement::Account(id) => self.leaf(Base::Enabled(*id)),
            Requirement::Access(id) => self.leaf(Base::Access(*id)),
            Requirement::Service(id) => {
                let down = self.down.get(id.index()).copied();
                self.node(Gate::Any, Vec::new(), down.into_iter().collect())
            }
        }
    }

    fn leaf(&mut self, fact: Base) -> u32 {
        let columns = self.columns_of.get(&fact).cloned().unwrap_or_default();
        self.node(Gate::Any, columns, Vec::new())
    }
}

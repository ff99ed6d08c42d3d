//! Which services stay up when something is lost.

mod nodes;

use cordon_estate::{AccessId, AccountId, Bits, Estate, ServiceId, SystemId};
use serde::{Deserialize, Serialize};

use nodes::Builder;
pub use nodes::{Literal, Node, NodeId, ServiceNodes};

/// What has been withdrawn, as far as trade is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Accesses no longer given, by [`AccessId`].
    pub accesses: Bits,
    /// Accounts disabled, by [`AccountId`].
    pub accounts: Bits,
    /// Systems cut off the network, by [`SystemId`].
    pub systems: Bits,
}

impl Lost {
    /// Nothing lost.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            accesses: Bits::new(),
            accounts: Bits::new(),
            systems: Bits::new(),
        }
    }

    /// An access is withdrawn.
    pub fn lose_access(&mut self, id: AccessId) {
        self.accesses.insert(id.index());
    }

    /// An account is disabled.
    pub fn lose_account(&mut self, id: AccountId) {
        self.accounts.insert(id.index());
    }

    /// A system is cut off the network.
    pub fn lose_system(&mut self, id: SystemId) {
        self.systems.insert(id.index());
    }
}

/// How a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// As always.
    Up,
    /// A fallback carries this share of it, in (0, 1].
    Degraded(f64),
    /// Not at all.
    Down,
}

impl ServiceState {
    /// The share of the service that is missing, 0 to 1.
    #[must_use]
    pub fn missing(self) -> f64 {
        match self {
            Self::Up => 0.0,
            Self::Degraded(capacity) => 1.0 - capacity.clamp(0.0, 1.0),
            Self::Down => 1.0,
        }
    }

    /// True if it runs, wholly or in part.
    #[must_use]
    pub fn runs(self) -> bool {
        self != Self::Down
    }
}

/// The services of an estate, flattened.
#[derive(Clone, Debug, Default)]
pub struct Services {
    pub(super) nodes: Vec<Node>,
    services: Vec<ServiceNodes>,
    /// For each service, those that require it.
    dependents: Vec<Vec<ServiceId>>,
    /// Accounts that were disabled before anything was withdrawn.
    disabled: Bits,
}

impl Services {
    /// Flattens the requirement trees of an estate.
    #[must_use]
    pub fn compile(estate: &Estate) -> Self {
        let mut builder = Builder::default();
        let services: Vec<ServiceNodes> = estate
            .services
            .iter()
            .map(|service| builder.service(service))
            .collect();
        let disabled = estate.accounts_with_ids().filter(|(_, account)| !account.enabled);
        let disabled = disabled.map(|(id, _)| id.index()).collect();
        let mut compiled = Self {
            nodes: builder.nodes,
            services,
            dependents: Vec::new(),
            disabled,
        };
        compiled.dependents = compiled.find_dependents();
        compiled
    }

    fn find_dependents(&self) -> Vec<Vec<ServiceId>> {
        let mut dependents = vec![Vec::new(); self.services.len()];
        for (index, service) in self.services.iter().enumerate() {
            for node in self.nodes.get(service.all_nodes.clone()).unwrap_or_default() {
                if let Node::Literal(Literal::Service(id)) = node
                    && let Some(slot) = dependents.get_mut(id.index())
                    && slot.last() != Some(&ServiceId(index as u32))
                {
                    slot.push(ServiceId(index as u32));
                }
            }
        }
        dependents
    }

    /// The nodes of every requirement; children come after their parents.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The roots of each service, by [`ServiceId`].
    #[must_use]
    pub fn services(&self) -> &[ServiceNodes] {
        &self.services
    }

    /// True if an account was disabled from the start: its literal is false whatever is withdrawn.
    #[must_use]
    pub fn was_disabled(&self, account: AccountId) -> bool {
        self.disabled.contains(account.index())
    }

    /// The state of every service, by [`ServiceId`]: the greatest fixpoint (see the crate's page on cycles).
    #[must_use]
    pub fn states(&self, lost: &Lost) -> Vec<ServiceState> {
        let mut states = vec![ServiceState::Up; self.services.len()];
        let mut met = vec![false; self.nodes.len()];
        let mut waiting: Vec<ServiceId> = (0..self.services.len() as u32).map(ServiceId).collect();
        while let Some(id) = waiting.pop() {
            let state = self.state(id, lost, &states, &mut met);
            let Some(slot) = states.get_mut(id.index()) else {
                continue;
            };
            if slot.runs() && !state.runs() {
                waiting.extend(self.dependents.get(id.index()).into_iter().flatten());
            }
            *slot = state;
        }
        states
    }

    fn state(&self, id: ServiceId, lost: &Lost, states: &[ServiceState], met: &mut [bool]) -> ServiceState {
        let Some(service) = self.services.get(id.index()) else {
            return ServiceState::Down;
        };
        for place in service.all_nodes.clone().rev() {
            let value = self
                .nodes
                .get(place)
                .is_some_and(|node| self.value(node, lost, states, met));
            if let Some(slot) = met.get_mut(place) {
                *slot = value;
            }
        }
        service.state(|node| met.get(node.index()).copied().unwrap_or(false))
    }

    fn value(&self, node: &Node, lost: &Lost, states: &[ServiceState], met: &[bool]) -> bool {
        let is_met = |child: &NodeId| met.get(child.index()).copied().unwrap_or(false);
        match node {
            Node::All(children) => children.iter().all(is_met),
            Node::Any(children) => children.iter().any(is_met),
            Node::Literal(Literal::System(id)) => !lost.systems.contains(id.index()),
            Node::Literal(Literal::Access(id)) => !lost.accesses.contains(id.index()),
            Node::Literal(Literal::Account(id)) => {
                !lost.accounts.contains(id.index()) && !self.was_disabled(*id)
            }
            Node::Literal(Literal::Service(id)) => states.get(id.index()).is_some_and(|state| state.runs()),
        }
    }
}

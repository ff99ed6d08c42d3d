//! The rules of a graph as kernels use them, made once for all plans.

use std::sync::Arc;

use cordon_estate::{AccountId, Entity, Estate, GroupId, SystemId, ZoneId};
use cordon_reach::{Base, Derived, Fact, FactId, FactSet, Graph};

use crate::document::ExposureCount;
use crate::kernel::{RuleIndex, Rules};

/// Every rule of a graph, one for each foothold that there could be among them: it fires where the foothold stands.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) index: Arc<RuleIndex>,
    /// How long each rule takes.
    pub(super) seconds: Arc<Vec<u32>>,
    /// The base facts that stand for footholds, and stand only if they are held.
    pub(super) footholds: Vec<u32>,
    /// The same, to ask of one.
    foothold_set: FactSet,
    /// What each fact that is gained is about, by fact from the first that is no base fact.
    kinds: Vec<Kind>,
    base_facts: usize,
}

/// What a fact says to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Account,
    Group,
    System,
    Zone,
    Other,
}

impl Ground {
    /// The rules of an estate's graph.
    pub(super) fn new(estate: &Estate, graph: &Graph) -> Self {
        let everything: Vec<Entity> = everything(estate).collect();
        let starts = graph.starts(&everything);
        let internet = graph.base(Base::Internet);
        let footholds = starts.iter().filter(|(base, _)| Some(*base) != internet);
        let footholds: Vec<u32> = footholds.map(|(base, _)| base.0).collect();
        let mut rules = Rules::new();
        let mut seconds = Vec::with_capacity(starts.len() + graph.rules());
        for (base, derived) in starts {
            rules.push([base.0], derived.0);
            seconds.push(0);
        }
        for rule in graph.each_rule() {
            rules.push(rule.premises().map(|premise| premise.0), rule.conclusion.0);
            seconds.push(rule.seconds);
        }
        Self {
            index: Arc::new(RuleIndex::new(graph.facts(), rules)),
            seconds: Arc::new(seconds),
            foothold_set: footholds.iter().map(|fact| FactId(*fact)).collect(),
            footholds,
            kinds: (graph.base_facts()..graph.facts())
                .map(|fact| kind(graph, FactId(fact as u32)))
                .collect(),
            base_facts: graph.base_facts(),
        }
    }

    /// True for a base fact that says that something is held.
    pub(super) fn is_foothold(&self, fact: FactId) -> bool {
        self.foothold_set.contains(fact)
    }

    /// How many accounts, groups, systems and zones some facts say to be taken.
    pub(super) fn count(&self, facts: impl Iterator<Item = u32>) -> ExposureCount {
        let mut count = ExposureCount::default();
        for fact in facts {
            let place = (fact as usize).checked_sub(self.base_facts);
            match place.and_then(|place| self.kinds.get(place)) {
                Some(Kind::Account) => count.accounts += 1,
                Some(Kind::Group) => count.groups += 1,
                Some(Kind::System) => count.systems += 1,
                Some(Kind::Zone) => count.zones += 1,
                Some(Kind::Other) | None => {}
            }
        }
        count
    }
}

fn kind(graph: &Graph, fact: FactId) -> Kind {
    match graph.describe(fact) {
        Some(Fact::Derived(Derived::Uses(_))) => Kind::Account,
        Some(Fact::Derived(Derived::ActsAs(_))) => Kind::Group,
        Some(Fact::Derived(Derived::RunsOn(_))) => Kind::System,
        Some(Fact::Derived(Derived::OnZone(_))) => Kind::Zone,
        _ => Kind::Other,
    }
}

/// Everything that could be held.
fn everything(estate: &Estate) -> impl Iterator<Item = Entity> + use<> {
    let accounts = (0..estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
    let groups = (0..estate.groups.len() as u32).map(|id| Entity::Group(GroupId(id)));
    let systems = (0..estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
    let zones = (0..estate.zones.len() as u32).map(|id| Entity::Zone(ZoneId(id)));
    accounts.chain(groups).chain(systems).chain(zones)
}

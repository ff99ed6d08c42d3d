//! The rules for whoever searches over them.

use cordon_estate::Entity;

use crate::{Base, Derived, FactId, Graph, RuleKind};

/// One rule of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleView<'a> {
    /// Why the conclusion follows.
    pub kind: RuleKind,
    /// How long it takes.
    pub seconds: u32,
    /// What follows.
    pub conclusion: FactId,
    rule: &'a super::Rule,
}

impl RuleView<'_> {
    /// What it needs: derived facts, then base facts.
    pub fn premises(&self) -> impl Iterator<Item = FactId> + use<> {
        self.rule.all_premises()
    }
}

impl Graph {
    /// Every rule, in a fixed order. The facts that stand from the start are in [`Graph::starts`].
    pub fn each_rule(&self) -> impl ExactSizeIterator<Item = RuleView<'_>> {
        self.all_rules().iter().map(|rule| RuleView {
            kind: rule.kind(),
            seconds: self.pace.of_code(rule.kind),
            conclusion: FactId(rule.conclusion),
            rule,
        })
    }

    /// How long a rule of this kind takes here.
    #[must_use]
    pub fn seconds_of(&self, kind: RuleKind) -> u32 {
        self.pace.seconds(kind)
    }

    /// The derived facts that hold from the start, each with the base fact that it rests on, by base fact.
    #[must_use]
    pub fn starts(&self, footholds: &[Entity]) -> Vec<(FactId, FactId)> {
        let start = |base: Base, derived: Derived| Some((self.base(base)?, self.derived(derived)?));
        let mut starts: Vec<(FactId, FactId)> = footholds
            .iter()
            .filter_map(|entity| {
                let derived = match *entity {
                    Entity::Account(id) => Derived::Holds(id),
                    other => Derived::taken(other),
                };
                start(Base::foothold(*entity), derived)
            })
            .collect();
        starts.extend(start(Base::Internet, Derived::OnInternet));
        let inside = start(Base::Internet, Derived::OnUnplaced);
        starts.extend(inside.filter(|_| self.inside_from_outside));
        starts.sort_unstable();
        starts.dedup();
        starts
    }
}

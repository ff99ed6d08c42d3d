//! Rules with the tables to go along them in both directions, made once for many kernels.

use std::sync::Arc;

use super::{Lists, Rules};

/// Rules by what they rest on and by what they conclude.
///
/// A fact that no rule concludes is a *leaf*: it stands or it does not, and nothing has to wait for it.
#[derive(Clone, Debug)]
pub struct RuleIndex {
    pub(super) rules: Arc<Rules>,
    /// Rules by each premise that is no leaf.
    pub(super) uses: Lists<u32>,
    /// Rules by what they conclude.
    pub(super) into: Lists<u32>,
    /// How many premises of each rule are no leaves.
    pub(super) waits: Vec<u32>,
    /// Rules that rest on leaves alone.
    pub(super) ready: Vec<u32>,
}

impl RuleIndex {
    /// Indexes rules over facts below `facts`, in time linear in premises.
    #[must_use]
    pub fn new(facts: usize, rules: impl Into<Arc<Rules>>) -> Self {
        let rules: Arc<Rules> = rules.into();
        let numbered = || (0..rules.len() as u32).zip(rules.heads.iter().copied());
        let into = Lists::grouped(facts, numbered().map(|(rule, head)| (head, rule)));
        let is_leaf = |fact: &u32| into.of(*fact).is_empty();
        let premises = || {
            numbered().flat_map(|(rule, _)| {
                let open = rules.body(rule as usize).iter().filter(|fact| !is_leaf(fact));
                open.map(move |&fact| (fact, rule))
            })
        };
        let uses = Lists::grouped(facts, premises());
        let waits: Vec<u32> = (0..rules.len())
            .map(|rule| rules.body(rule).iter().filter(|fact| !is_leaf(fact)).count() as u32)
            .collect();
        let ready = (0..).zip(&waits).filter(|(_, waits)| **waits == 0);
        Self {
            ready: ready.map(|(rule, _)| rule).collect(),
            uses,
            waits,
            into,
            rules,
        }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// What a rule concludes.
    #[must_use]
    pub fn head(&self, rule: u32) -> u32 {
        self.rules.heads.get(rule as usize).copied().unwrap_or(u32::MAX)
    }

    /// What a rule rests on.
    #[must_use]
    pub fn body(&self, rule: u32) -> &[u32] {
        self.rules.body(rule as usize)
    }

    /// The rules that conclude a fact.
    #[must_use]
    pub fn rules_for(&self, fact: u32) -> &[u32] {
        self.into.of(fact)
    }

    /// The rules that rest on a fact; none for a leaf.
    #[must_use]
    pub fn uses_of(&self, fact: u32) -> &[u32] {
        self.uses.of(fact)
    }
}

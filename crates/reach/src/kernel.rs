//! What matters for some goals: rules that no derivation of a goal could use are left out.

use cordon_estate::Entity;

use crate::graph::{NONE, Rule};
use crate::{FactId, FactSet, Graph, Scratch};

impl Graph {
    /// The facts, base and derived, on which some derivation of a goal may rest, goals included.
    #[must_use]
    pub fn relevant_to(&self, goals: &[FactId]) -> FactSet {
        self.relevant_through(goals, |_| true)
    }

    /// The same facts with only the rules that can fire from the footholds with nothing withdrawn and that matter
    /// to a goal. Chaining in it, from these footholds or fewer, reaches the same goals at the same times.
    #[must_use]
    pub fn kernel(&self, footholds: &[Entity], goals: &[FactId], scratch: &mut Scratch) -> Self {
        let exposure = self.chain(footholds, &FactSet::new(), scratch);
        let reached = |fact: u32| fact == NONE || exposure.reached(FactId(fact));
        let fires = |rule: &Rule| rule.premises.iter().all(|premise| reached(*premise));
        let relevant = self.relevant_through(goals, fires);
        self.with_rules(|rule| relevant.contains(FactId(rule.conclusion)) && fires(rule))
    }

    /// Backward from the goals through the rules that `fires` admits.
    fn relevant_through(&self, goals: &[FactId], fires: impl Fn(&Rule) -> bool) -> FactSet {
        let by_conclusion = self.by_conclusion(fires);
        let mut relevant = FactSet::with_room(self.facts());
        let mut waiting: Vec<FactId> = goals
            .iter()
            .copied()
            .filter(|goal| relevant.insert(*goal))
            .collect();
        while let Some(fact) = waiting.pop() {
            relevant.extend(self.source_facts(fact));
            for place in by_conclusion.of(self.row_of(fact)) {
                for premise in self.rule(*place).into_iter().flat_map(|rule| rule.all_premises()) {
                    if relevant.insert(premise) && !self.is_base(premise) {
                        waiting.push(premise);
                    }
                }
            }
        }
        relevant
    }

    fn source_facts(&self, fact: FactId) -> impl Iterator<Item = FactId> {
        use crate::RuleKind::{Foothold, Outside};
        let outside = self
            .is_outside(fact)
            .then(|| self.source(fact, Outside))
            .flatten();
        self.source(fact, Foothold).into_iter().chain(outside)
    }

    fn is_outside(&self, fact: FactId) -> bool {
        use crate::Derived::{OnInternet, OnUnplaced};
        self.derived(OnInternet) == Some(fact)
            || (self.inside_from_outside && self.derived(OnUnplaced) == Some(fact))
    }

    fn by_conclusion(&self, fires: impl Fn(&Rule) -> bool) -> ByConclusion {
        let rows = self.facts() - self.base_facts();
        let numbered = (0..).zip(self.all_rules());
        let firing: Vec<u32> = numbered
            .filter(|(_, rule)| fires(rule))
            .map(|(place, _)| place)
            .collect();
        let conclusion = |place: &u32| {
            self.rule(*place)
                .map_or(0, |rule| self.row_of(FactId(rule.conclusion)))
        };
        let keys = firing.iter().map(|place| conclusion(place) as u32);
        let (starts, places) = crate::graph::rows::group_by(rows, keys);
        let mut rules = vec![0; places.len()];
        for (rule, place) in firing.into_iter().zip(places) {
            if let Some(slot) = rules.get_mut(place as usize) {
                *slot = rule;
            }
        }
        ByConclusion { starts, rules }
    }
}

/// Rules by what they conclude.
struct ByConclusion {
    starts: Vec<u32>,
    rules: Vec<u32>,
}

impl ByConclusion {
    fn of(&self, row: usize) -> &[u32] {
        crate::graph::rows::row(&self.starts, &self.rules, row)
    }
}

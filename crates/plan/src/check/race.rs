//! When each base fact is first used, by asking every rule again and again until nothing changes.

use std::collections::BTreeMap;
use std::ops::Range;

use cordon_estate::Entity;
use cordon_reach::{Base, Fact, FactId, Graph};

const NEVER: u32 = u32::MAX;

/// Rules as plain numbers.
#[derive(Default)]
struct Rules {
    /// Those of one rule after those of another.
    premises: Vec<FactId>,
    /// By rule: where its premises are, its conclusion, its seconds.
    rules: Vec<(Range<usize>, FactId, u32)>,
}

impl Rules {
    fn add(&mut self, premises: impl IntoIterator<Item = FactId>, conclusion: FactId, seconds: u32) {
        let first = self.premises.len();
        self.premises.extend(premises);
        self.rules.push((first..self.premises.len(), conclusion, seconds));
    }

    /// Premises, conclusion and seconds of each.
    fn each(&self) -> impl Iterator<Item = (&[FactId], FactId, u32)> {
        let rules = self.rules.iter();
        rules.map(|(premises, conclusion, seconds)| {
            let premises = self.premises.get(premises.clone()).unwrap_or(&[]);
            (premises, *conclusion, *seconds)
        })
    }
}

/// The second at which a step that rests on it is first done, for every base fact that any step rests on.
#[must_use]
pub fn first_uses(graph: &Graph, footholds: &[Entity], jewels: &[FactId]) -> BTreeMap<Base, u32> {
    let mut rules = Rules::default();
    for rule in graph.each_rule() {
        rules.add(rule.premises(), rule.conclusion, rule.seconds);
    }
    for (base, derived) in graph.starts(footholds) {
        rules.add([base], derived, 0);
    }
    let arrival = arrivals(graph, &rules);
    let at = |fact: FactId| arrival.get(fact.index()).copied().unwrap_or(NEVER);
    let mut used = vec![NEVER; graph.facts()];
    for jewel in jewels
        .iter()
        .filter(|jewel| at(**jewel) != NEVER && at(**jewel) > 0)
    {
        if let Some(slot) = used.get_mut(jewel.index()) {
            *slot = at(*jewel);
        }
    }
    let mut changed = true;
    while changed {
        changed = false;
        for (premises, conclusion, seconds) in rules.each() {
            let start = premises.iter().map(|fact| at(*fact)).max().unwrap_or(0);
            if start == NEVER {
                continue;
            }
            let after = used.get(conclusion.index()).copied().unwrap_or(NEVER);
            let done = if seconds > 0 {
                start.saturating_add(seconds)
            } else {
                after.max(start)
            };
            for premise in premises {
                if let Some(slot) = used.get_mut(premise.index()).filter(|slot| done < **slot) {
                    *slot = done;
                    changed = true;
                }
            }
        }
    }
    let mut by_base = BTreeMap::new();
    for (fact, used) in used.into_iter().enumerate().filter(|(_, used)| *used != NEVER) {
        if let Some(Fact::Base(base)) = graph.describe(FactId(fact as u32)) {
            by_base.insert(base, used);
        }
    }
    by_base
}

/// Earliest arrivals of every fact, base facts at 0.
fn arrivals(graph: &Graph, rules: &Rules) -> Vec<u32> {
    let mut arrival = vec![NEVER; graph.facts()];
    arrival
        .iter_mut()
        .take(graph.base_facts())
        .for_each(|slot| *slot = 0);
    let mut changed = true;
    while changed {
        changed = false;
        for (premises, conclusion, seconds) in rules.each() {
            let start = premises
                .iter()
                .map(|fact| arrival.get(fact.index()).copied().unwrap_or(NEVER))
                .max();
            let start = start.unwrap_or(0);
            if start == NEVER {
                continue;
            }
            let done = start.saturating_add(seconds).min(NEVER - 1);
            if let Some(slot) = arrival.get_mut(conclusion.index()).filter(|slot| done < **slot) {
                *slot = done;
                changed = true;
            }
        }
    }
    arrival
}

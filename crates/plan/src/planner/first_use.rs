//! When a few facts are first used in a world.
//!
//! The same as `timing::use_seconds` finds for all facts at once, worked out for those that somebody asks for: a plan removes a handful
//! of some hundred thousand.

use cordon_estate::Entity;
use cordon_reach::{Exposure, FactId, Graph};
use rustc_hash::FxHashMap;

use super::ground::Ground;
use super::timing::NEVER;

/// Rules by the base fact that they rest on.
pub(super) type Uses = FxHashMap<u32, Vec<u32>>;

/// The rules that rest on some base facts; one pass over all rules.
pub(super) fn rules_on(ground: &Ground, facts: impl Iterator<Item = u32>) -> Uses {
    let mut uses: Uses = facts.map(|fact| (fact, Vec::new())).collect();
    let rules = ground.index.rules();
    let looked_at = if uses.is_empty() { 0 } else { rules.len() };
    for rule in 0..looked_at {
        for premise in rules.body(rule) {
            if let Some(of) = uses.get_mut(premise) {
                of.push(rule as u32);
            }
        }
    }
    uses
}

/// When facts are first used in one world; what was found out is remembered.
pub(super) struct Used<'w, 'a> {
    graph: &'w Graph,
    ground: &'w Ground,
    /// The rules that rest on each base fact that is asked for.
    uses: &'w Uses,
    jewels: &'w [u32],
    exposure: &'w Exposure<'a>,
    /// The base facts that say that something is held.
    held: Vec<u32>,
    known: FxHashMap<u32, u32>,
}

impl<'w, 'a> Used<'w, 'a> {
    /// In a world in which `held` is held and `exposure` reached if nothing is withdrawn; `uses` has the rules that rest on each base
    /// fact that will be asked for, and the facts of jewels follow.
    pub(super) fn new(
        (graph, ground): (&'w Graph, &'w Ground),
        (uses, jewels): (&'w Uses, &'w [u32]),
        exposure: &'w Exposure<'a>,
        held: &[Entity],
    ) -> Self {
        let starts = graph.starts(held).into_iter();
        Self {
            graph,
            ground,
            uses,
            jewels,
            exposure,
            held: starts.map(|(base, _)| base.0).collect(),
            known: FxHashMap::default(),
        }
    }

    /// When a fact is there; base facts that stand are from the start.
    fn arrival(&self, fact: u32) -> u32 {
        if (fact as usize) >= self.graph.base_facts() {
            return self.exposure.arrival_seconds(FactId(fact)).unwrap_or(NEVER);
        }
        if self.ground.is_foothold(FactId(fact)) && self.held.binary_search(&fact).is_err() {
            NEVER
        } else {
            0
        }
    }

    /// The second by which a fact is first used.
    ///
    /// What takes no time belongs to the steps that follow it: so the facts that follow at once are gone through, and what uses each of
    /// them; a fact is used when the soonest of those is, and not before its rule can fire.
    pub(super) fn of(&mut self, fact: u32) -> u32 {
        if let Some(&used) = self.known.get(&fact) {
            return used;
        }
        let mut facts = vec![fact];
        let mut places: FxHashMap<u32, usize> = FxHashMap::from_iter([(fact, 0)]);
        let mut used: Vec<u32> = Vec::new();
        // Where a rule leads from, where it leads to, and when it can fire.
        let mut at_once: Vec<(usize, usize, u32)> = Vec::new();
        while let Some(&next) = facts.get(used.len()) {
            let from = used.len();
            used.push(self.by_itself(next));
            if self.known.contains_key(&next) {
                continue;
            }
            for (head, start) in self.follows_at_once(next) {
                let to = *places.entry(head).or_insert_with(|| {
                    facts.push(head);
                    facts.len() - 1
                });
                at_once.push((from, to, start));
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &(from, to, start) in at_once.iter().rev() {
                let through = used.get(to).copied().unwrap_or(NEVER).max(start);
                if let Some(slot) = used.get_mut(from).filter(|slot| through < **slot) {
                    *slot = through;
                    changed = true;
                }
            }
        }
        self.known.extend(facts.into_iter().zip(used.iter().copied()));
        used.first().copied().unwrap_or(NEVER)
    }

    /// When a fact is used by a step itself, or because it is a jewel; or by anything, if that is known.
    fn by_itself(&self, fact: u32) -> u32 {
        if let Some(&used) = self.known.get(&fact) {
            return used;
        }
        let arrives = self.arrival(fact);
        let as_jewel = Some(arrives).filter(|at| *at > 0 && self.jewels.contains(&fact));
        let steps = self.rules_on(fact).iter().filter_map(|&rule| {
            let takes = self.takes(rule);
            let start = self.start(rule).filter(|_| takes > 0)?;
            Some(start.saturating_add(takes))
        });
        steps.chain(as_jewel).min().unwrap_or(NEVER)
    }

    /// What follows from a fact in no time, with the second from which it can.
    fn follows_at_once(&self, fact: u32) -> Vec<(u32, u32)> {
        let index = &self.ground.index;
        let rules = self.rules_on(fact).iter().copied();
        let at_once = rules.filter(|&rule| self.takes(rule) == 0);
        at_once
            .filter_map(|rule| Some((index.head(rule), self.start(rule)?)))
            .collect()
    }

    /// The rules that rest on a fact.
    fn rules_on(&self, fact: u32) -> &[u32] {
        let of_base = self.uses.get(&fact).map(Vec::as_slice);
        of_base.unwrap_or_else(|| self.ground.index.uses_of(fact))
    }

    fn takes(&self, rule: u32) -> u32 {
        self.ground.seconds.get(rule as usize).copied().unwrap_or(NEVER)
    }

    /// When all premises of a rule are there; none if never.
    fn start(&self, rule: u32) -> Option<u32> {
        let premises = self.ground.index.body(rule).iter();
        let start = premises.map(|&premise| self.arrival(premise)).max().unwrap_or(0);
        Some(start).filter(|start| *start != NEVER)
    }
}

//! Acts as they are met in derivations: what each takes away in time and what it costs.

use std::collections::BTreeSet;

use cordon_estate::{Estate, Requirement};
use cordon_reach::{Base, Fact, FactId};
use rustc_hash::FxHashMap;

use crate::candidates::{Candidate, Candidates};
use crate::document::Act;
use crate::planner::timing::NEVER;
use crate::planner::{Constraints, Planner};

/// An act that some derivation can be cut by.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) act: Act,
    pub(super) friction_pence: i64,
    pub(super) removes: Vec<Base>,
    /// By timing: facts that it takes away in time, ascending.
    timely: Vec<Vec<FactId>>,
    /// True if it removes something that a service requires.
    pub(super) touches: bool,
}

impl Choice {
    /// Facts that it takes away in time, ascending.
    pub(super) fn timely(&self, timing: usize) -> &[FactId] {
        self.timely.get(timing).map_or(&[], Vec::as_slice)
    }
}

/// Every act met so far, numbered.
pub(super) struct Book<'p, 'e> {
    planner: &'p Planner<'e>,
    constraints: &'p Constraints,
    /// By timing: the second by which each base fact is first used; empty if the race is not counted.
    used: Vec<Vec<u32>>,
    required: BTreeSet<Base>,
    pub(super) choices: Vec<Choice>,
    numbers: FxHashMap<Act, Option<u32>>,
    cutting: FxHashMap<(usize, FactId), Vec<u32>>,
}

impl<'p, 'e> Book<'p, 'e> {
    pub(super) fn new(planner: &'p Planner<'e>, constraints: &'p Constraints) -> Self {
        Self {
            required: required(planner.estate),
            planner,
            constraints,
            used: Vec::new(),
            choices: Vec::new(),
            numbers: FxHashMap::default(),
            cutting: FxHashMap::default(),
        }
    }

    /// Says at each timing when each base fact is first used, before anything is numbered.
    pub(super) fn set_used(&mut self, used: Vec<Vec<u32>>) {
        self.used = used;
    }

    /// True if a service requires a fact.
    pub(super) fn is_required(&self, fact: Base) -> bool {
        self.required.contains(&fact)
    }

    pub(super) fn choice(&self, choice: u32) -> Option<&Choice> {
        self.choices.get(choice as usize)
    }

    /// The number of an act, if a point can do it and nobody refused it.
    pub(super) fn number(&mut self, act: Act) -> Option<u32> {
        if let Some(known) = self.numbers.get(&act) {
            return *known;
        }
        let number = self.allowed(act).map(|candidate| {
            self.choices.push(self.looked_at(candidate));
            self.choices.len() as u32 - 1
        });
        self.numbers.insert(act, number);
        number
    }

    fn allowed(&self, act: Act) -> Option<Candidate> {
        let Constraints { refuse, force, .. } = self.constraints;
        if !refuse.is_empty() {
            let id = self.planner.candidates.id(act);
            if refuse.contains(&id) && !force.contains(&id) {
                return None;
            }
        }
        self.planner.candidates.candidate(act)
    }

    fn looked_at(&self, candidate: Candidate) -> Choice {
        let facts = candidate.removes.iter();
        let facts = facts.filter_map(|base| self.planner.graph.base(*base));
        let mut facts: Vec<FactId> = facts.collect();
        facts.sort_unstable();
        let in_time = |used: &Vec<u32>| {
            let used = |fact: &FactId| f64::from(used.get(fact.index()).copied().unwrap_or(NEVER));
            let facts = facts.iter().copied();
            facts
                .filter(|fact| candidate.effect_seconds <= used(fact))
                .collect()
        };
        Choice {
            act: candidate.act,
            friction_pence: candidate.friction_pence,
            timely: self.used.iter().map(in_time).collect(),
            touches: candidate.removes.iter().any(|fact| self.required.contains(fact)),
            removes: candidate.removes,
        }
    }

    /// Every choice that takes one of the facts away in time, ascending.
    pub(super) fn cutting(&mut self, facts: &[FactId], timing: usize) -> Vec<u32> {
        let mut choices = Vec::new();
        for &fact in facts {
            let key = (timing, fact);
            if !self.cutting.contains_key(&key) {
                let own = self.cutting_one(fact, timing);
                self.cutting.insert(key, own);
            }
            choices.extend(self.cutting.get(&key).into_iter().flatten().copied());
        }
        choices.sort_unstable();
        choices.dedup();
        choices
    }

    fn cutting_one(&mut self, fact: FactId, timing: usize) -> Vec<u32> {
        let Some(Fact::Base(base)) = self.planner.graph.describe(fact) else {
            return Vec::new();
        };
        let acts = every_act(&self.planner.candidates, base);
        let numbers: Vec<u32> = acts.into_iter().filter_map(|act| self.number(act)).collect();
        let takes = |number: &u32| {
            self.choice(*number)
                .is_some_and(|choice| choice.timely(timing).binary_search(&fact).is_ok())
        };
        numbers.into_iter().filter(takes).collect()
    }
}

/// Every act that removes a fact, whether or not a point can carry it out.
fn every_act(candidates: &Candidates<'_>, fact: Base) -> BTreeSet<Act> {
    let mut acts = BTreeSet::new();
    candidates.acts_on(fact, &mut acts);
    if let Base::Enabled(account) = fact {
        let groups = candidates.index().groups_around(account);
        acts.extend(groups.into_iter().map(|group| Act::DisableGroup { group }));
    }
    acts
}

/// Base facts that some service requires.
fn required(estate: &Estate) -> BTreeSet<Base> {
    let mut open: Vec<&Requirement> = Vec::new();
    for service in &estate.services {
        open.push(&service.requires);
        open.extend(service.fallbacks.iter().map(|fallback| &fallback.requires));
    }
    let mut facts = BTreeSet::new();
    while let Some(requirement) = open.pop() {
        match requirement {
            Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
            Requirement::System(id) => drop(facts.insert(Base::Connected(*id))),
            Requirement::Account(id) => drop(facts.insert(Base::Enabled(*id))),
            Requirement::Access(id) => drop(facts.insert(Base::Access(*id))),
            Requirement::Service(_) => {}
        }
    }
    facts
}

//! The derivations that a solve knew, as rows that anybody can check.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{AccountId, Estate, GroupId, Principal, Requirement};
use cordon_reach::{Base, Fact, FactId, FactSet};

use crate::candidates::{Candidate, Candidates, entity_name};
use crate::document::Act;
use crate::limits::{CERTIFICATE_FACTS_MAX, CERTIFICATE_ROWS_MAX, CERTIFICATE_WORK_MAX};
use crate::planner::prepare::Prepared;
use crate::planner::solving::Session;
use crate::planner::timing::{self, NEVER};
use crate::planner::{Constraints, Planner, Settings};

/// A derivation with the acts that cut it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) reaches: Vec<String>,
    pub(super) rests_on: Vec<Base>,
    pub(super) acts: Vec<Act>,
    /// What it costs to leave it; none if that may not be.
    pub(super) loss_pence: Option<i64>,
}

/// Targets that a set of columns keeps in reach unless one of it is chosen.
struct Wanted {
    members: Vec<u32>,
    columns: Vec<u32>,
    loss_pence: Option<i64>,
}

impl Planner<'_> {
    /// Rows of the last master, those that prove most first, as many as the limits allow.
    pub(super) fn known_rows(
        &mut self,
        prepared: &Prepared,
        session: &Session,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<Known> {
        let work = CERTIFICATE_WORK_MAX / (self.graph.facts() + 1);
        let rows_max = work.clamp(8, CERTIFICATE_ROWS_MAX);
        let used = self.use_seconds(prepared, settings);
        let mut facts_left = CERTIFICATE_FACTS_MAX;
        let mut known = Vec::new();
        for wanted in wanted(session).into_iter().take(rows_max) {
            let Some(rests_on) = self.rests_on(prepared, &wanted) else {
                continue;
            };
            if rests_on.len() > facts_left {
                continue;
            }
            facts_left -= rests_on.len();
            let targets = wanted
                .members
                .iter()
                .filter_map(|&member| prepared.targets.get(member as usize));
            let mut reaches: Vec<String> = targets
                .map(|target| entity_name(self.estate, target.entity))
                .collect();
            reaches.sort_unstable();
            known.push(Known {
                reaches,
                acts: self.cutting(&rests_on, &used, constraints),
                rests_on,
                loss_pence: wanted.loss_pence,
            });
        }
        known
    }

    /// The base facts behind a row: what stands when everything else is withdrawn.
    fn rests_on(&mut self, prepared: &Prepared, wanted: &Wanted) -> Option<Vec<Base>> {
        let inside = |column: &u32| wanted.columns.binary_search(column).is_ok();
        let withdrawn: FactSet = prepared
            .cutters
            .iter()
            .enumerate()
            .filter(|(_, columns)| !columns.iter().all(inside))
            .map(|(fact, _)| FactId(fact as u32))
            .collect();
        let held = &prepared.worlds.first()?.held;
        let exposure = self.graph.chain(held, &withdrawn, &mut self.scratch);
        let mut facts = BTreeSet::new();
        for &member in &wanted.members {
            let target = prepared.targets.get(member as usize)?;
            facts.extend(exposure.derivation(FactId(target.fact))?.base_facts);
        }
        let described = facts.into_iter().map(|fact| match self.graph.describe(fact) {
            Some(Fact::Base(base)) => Some(base),
            _ => None,
        });
        let mut bases: Vec<Base> = described.collect::<Option<_>>()?;
        bases.sort_unstable();
        Some(bases)
    }

    /// The second by which each base fact is first used; empty if the race is not counted.
    fn use_seconds(&self, prepared: &Prepared, settings: &Settings) -> Vec<u32> {
        if !settings.race {
            return Vec::new();
        }
        let jewels = prepared.targets.iter().filter(|target| target.jewel.is_some());
        let goals: Vec<u32> = jewels.map(|target| target.fact).collect();
        let mut used = vec![NEVER; self.graph.base_facts()];
        for one in &prepared.reached {
            let own = timing::use_seconds(&one.rules, &one.seconds, &one.arrival, &goals);
            for (slot, own) in used.iter_mut().zip(own) {
                *slot = own.min(*slot);
            }
        }
        used
    }

    /// Every act that takes one of the facts away in time and that nobody refused, ascending.
    fn cutting(&self, facts: &[Base], used: &[u32], constraints: &Constraints) -> Vec<Act> {
        let by = |fact: Base| {
            let fact = self.graph.base(fact);
            let used = fact.and_then(|fact| used.get(fact.index()));
            f64::from(used.copied().unwrap_or(NEVER))
        };
        let acts: BTreeSet<Act> = facts
            .iter()
            .flat_map(|&fact| every_act(&self.candidates, fact))
            .collect();
        let cuts = |act: &Act| {
            self.allowed(*act, constraints).is_some_and(|candidate| {
                let taken = candidate.removes.iter();
                taken
                    .filter(|fact| facts.binary_search(fact).is_ok())
                    .any(|fact| candidate.effect_seconds <= by(*fact))
            })
        };
        acts.into_iter().filter(cuts).collect()
    }

    /// An act, if a point can do it and nobody refused it.
    fn allowed(&self, act: Act, constraints: &Constraints) -> Option<Candidate> {
        let id = self.candidates.id(act);
        if constraints.refuse.contains(&id) && !constraints.force.contains(&id) {
            return None;
        }
        self.candidates.candidate(act)
    }
}

/// The rows of the session in the first world, by targets that the same sets hold for.
fn wanted(session: &Session) -> Vec<Wanted> {
    let mut merged: BTreeMap<(bool, Vec<Vec<u32>>), Vec<u32>> = BTreeMap::new();
    for (members, sets) in session.classes.known() {
        let in_first = |member: &u32| (*member as usize) < session.hard.len();
        let members: Vec<u32> = members.iter().copied().filter(in_first).collect();
        if members.is_empty() {
            continue;
        }
        let hard = members
            .iter()
            .any(|&member| session.instance.targets.get(member as usize) == Some(&None));
        let mut sets = sets.to_vec();
        sets.sort_unstable();
        merged.entry((hard, sets)).or_default().extend(members);
    }
    let mut wanted = Vec::new();
    for ((hard, sets), mut members) in merged {
        members.sort_unstable();
        let pence = |member: &u32| session.instance.targets.get(*member as usize).copied().flatten();
        let loss = members.iter().filter_map(pence).fold(0_i64, i64::saturating_add);
        wanted.extend(sets.into_iter().map(|columns| Wanted {
            members: members.clone(),
            columns,
            loss_pence: (!hard).then_some(loss),
        }));
    }
    wanted.retain(|one| one.loss_pence != Some(0));
    // What is lost whatever is done, then what must be cut, then what may be lost; the most that a row can be charged first.
    wanted.sort_by_cached_key(|one| {
        let pence = |column: &u32| session.instance.columns.get(*column as usize).copied();
        let cheapest = one.columns.iter().filter_map(pence).min().unwrap_or(i64::MAX);
        let most = one.loss_pence.unwrap_or(i64::MAX).min(cheapest);
        (
            !one.columns.is_empty(),
            one.loss_pence.is_some(),
            std::cmp::Reverse(most),
            one.columns.len(),
        )
    });
    wanted
}

/// Every act that removes a fact, whether or not a point can carry it out.
fn every_act(candidates: &Candidates<'_>, fact: Base) -> BTreeSet<Act> {
    let mut acts = BTreeSet::new();
    candidates.acts_on(fact, &mut acts);
    if let Base::Enabled(account) = fact {
        let groups = groups_around(candidates, account);
        acts.extend(groups.into_iter().map(|group| Act::DisableGroup { group }));
    }
    acts
}

/// The groups that an account is in, directly or by nesting.
fn groups_around(candidates: &Candidates<'_>, account: AccountId) -> Vec<GroupId> {
    let index = candidates.index();
    let mut groups = index.groups_of(Principal::Account(account)).to_vec();
    let mut place = 0;
    while let Some(&group) = groups.get(place) {
        place += 1;
        for &outer in index.groups_of(Principal::Group(group)) {
            if !groups.contains(&outer) {
                groups.push(outer);
            }
        }
    }
    groups
}

/// Base facts that some service requires.
pub(super) fn required(estate: &Estate) -> BTreeSet<Base> {
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

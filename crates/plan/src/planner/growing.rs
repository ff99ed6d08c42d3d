//! Withdrawals that are weighed only once it shows that they matter: against the spread that a plan leaves.
//!
//! Every act on what a jewel rests on is weighed from the start. On a large estate acts that would stop nothing but spread are as many
//! as there are accounts and systems, and nearly all of them stop what the plan stops anyway. So the plan is made
//! without them, and made again with every act on what it leaves in reach, until that brings nothing new.

use cordon_estate::{AccessKind, Entity};
use cordon_reach::{Base, Fact, FactId, FactSet};
use rustc_hash::FxHashSet;

use super::prepare::Prepared;
use super::write::Solved;
use super::{Constraints, Planner, Settings, Watch};
use crate::document::Act;
use crate::hitting::Verdict;
use crate::kernel::{Lists, Source, relevant};
use crate::limits::{GROWTHS_MAX, SPREAD_FACTS_MAX};

impl Planner<'_> {
    /// Base facts at the footholds themselves, and at what lies open on systems that are held.
    pub(super) fn near(&self, held: &[Entity]) -> Vec<Base> {
        let mut near = Vec::new();
        for entity in held {
            match *entity {
                Entity::Account(id) => near.extend([Base::Enabled(id), Base::Credential(id)]),
                Entity::System(id) => near.push(Base::Connected(id)),
                Entity::Group(_) | Entity::Zone(_) => {}
            }
        }
        for (id, access) in self.estate.accesses_with_ids() {
            if let AccessKind::Session { account, system } = access.kind
                && held.contains(&Entity::System(system))
            {
                near.extend([Base::Access(id), Base::Enabled(account)]);
            }
        }
        near
    }

    /// Where an account may not be disabled by itself, whole groups may be that it is in; they are no use otherwise.
    pub(super) fn around_refusals(&self, constraints: &Constraints) -> Vec<Act> {
        let refused = constraints
            .refuse
            .iter()
            .filter_map(|id| self.candidates.find(id));
        let groups = refused.flat_map(|act| match act {
            Act::DisableAccount { account } => self.candidates.index().groups_around(account),
            _ => Vec::new(),
        });
        groups.map(|group| Act::DisableGroup { group }).collect()
    }

    /// A plan made again as long as there are acts to weigh against what it leaves in reach.
    pub(super) fn grown(
        &mut self,
        (mut prepared, mut solved): (Prepared, Solved),
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> (Prepared, Solved) {
        for _ in 0..GROWTHS_MAX {
            let is_proven = solved.solution.verdict == Verdict::Optimal;
            if !settings.spread || !is_proven || solved.infeasibility.is_some() {
                break;
            }
            let acts = self.overlooked(&prepared, &solved.solution.chosen);
            if acts.is_empty() {
                break;
            }
            self.further.extend(acts);
            let worlds = prepared.worlds.clone();
            self.last = Some(prepared);
            prepared = self.prepare(worlds, settings, constraints);
            solved = self.solved(&prepared, settings, constraints, watch);
        }
        (prepared, solved)
    }

    /// Acts on what the spread that a choice leaves rests on, of which no column is.
    pub(super) fn overlooked(&mut self, prepared: &Prepared, chosen: &[bool]) -> Vec<Act> {
        let withdrawn = prepared.withdrawn(chosen);
        let (facts, lost_pence) = self.left_open(prepared, &withdrawn);
        let described = facts
            .into_iter()
            .filter_map(|fact| match self.graph.describe(fact) {
                Some(Fact::Base(base)) => Some(base),
                _ => None,
            });
        let known: FxHashSet<Act> = prepared.columns.iter().map(|column| column.act).collect();
        let candidates = self.candidates.for_facts(described).into_iter();
        let new = candidates.filter(|one| one.friction_pence < lost_pence && !known.contains(&one.act));
        new.map(|candidate| candidate.act).collect()
    }

    /// The base facts that targets rest on which stay in reach: all of them, or those of one way to each if they are too many;
    /// and what those targets cost together.
    fn left_open(&mut self, prepared: &Prepared, withdrawn: &FactSet) -> (Vec<FactId>, i64) {
        let Some((reached, world)) = prepared.reached.first().zip(prepared.worlds.first()) else {
            return (Vec::new(), 0);
        };
        let exposure = self.graph.chain(&world.held, withdrawn, &mut self.scratch);
        let mut left: Vec<(i64, FactId)> = prepared
            .targets
            .iter()
            .map(|target| (target.loss_pence, FactId(target.fact)))
            .filter(|(pence, fact)| *pence > 0 && exposure.reached(*fact))
            .collect();
        if left.is_empty() {
            return (Vec::new(), 0);
        }
        let lost_pence = left.iter().map(|(pence, _)| *pence).fold(0, i64::saturating_add);
        left.sort_unstable_by_key(|(pence, fact)| (std::cmp::Reverse(*pence), *fact));
        let stands = |(fact, given): (usize, &bool)| *given && !withdrawn.contains(FactId(fact as u32));
        let given: Vec<bool> = reached.given.iter().enumerate().map(stands).collect();
        let targets: Vec<u32> = left.iter().map(|(_, fact)| fact.0).collect();
        let all = relevant(&Source {
            facts: reached.arrival.len(),
            rules: &reached.index,
            given: &given,
            cutters: &Lists::default(),
            targets: &targets,
            hard: &vec![false; targets.len()],
        });
        if all.len() <= SPREAD_FACTS_MAX {
            return (all.into_iter().map(FactId).collect(), lost_pence);
        }
        let mut facts = FactSet::new();
        for (_, fact) in left {
            if facts.len() > SPREAD_FACTS_MAX {
                break;
            }
            facts.extend(exposure.rests_on(fact));
        }
        (facts.iter().collect(), lost_pence)
    }
}

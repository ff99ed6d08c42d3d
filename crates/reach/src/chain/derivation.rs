//! Why something can be reached: one derivation, step by step.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::exposure::Exposure;
use super::scratch::{FOOTHOLD, OUTSIDE};
use crate::{FactId, FactSet, RuleKind};

/// One step of a derivation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Why the conclusion follows.
    pub rule: RuleKind,
    /// What is gained.
    pub conclusion: FactId,
    /// What it needs: derived facts, then base facts.
    pub premises: Vec<FactId>,
    /// Minutes from the start until the conclusion is gained.
    pub minutes: f64,
    /// ATT&CK technique id; empty for what is no act of the intruder.
    pub technique: String,
    /// How readily the step succeeds, in (0, 1].
    pub ease: f64,
}

/// A derivation of one fact: every step comes after those that it rests on, and each fact is gained once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Derivation {
    /// The steps; the last gains the fact in question.
    pub steps: Vec<Step>,
    /// Every base fact that a step needs, ascending. Withdrawing any one of them breaks this derivation.
    pub base_facts: Vec<FactId>,
}

impl Derivation {
    /// The product of the eases of the steps, in (0, 1]: how readily the whole succeeds.
    #[must_use]
    pub fn ease(&self) -> f64 {
        self.steps.iter().map(|step| step.ease).product()
    }
}

/// A step to take, or to write down once what it rests on has been.
enum Task {
    Visit(FactId),
    Write(Step),
}

pub(super) fn of(exposure: &Exposure<'_>, fact: FactId) -> Derivation {
    let mut derivation = Derivation::default();
    let mut seen = FactSet::new();
    let mut tasks = vec![Task::Visit(fact)];
    while let Some(task) = tasks.pop() {
        match task {
            Task::Write(step) => derivation.steps.push(step),
            Task::Visit(fact) if exposure.graph.is_base(fact) => {
                if seen.insert(fact) {
                    derivation.base_facts.push(fact);
                }
            }
            Task::Visit(fact) if seen.insert(fact) => {
                let Some(step) = step(exposure, fact) else {
                    continue;
                };
                let premises = step.premises.clone();
                tasks.push(Task::Write(step));
                tasks.extend(premises.into_iter().rev().map(Task::Visit));
            }
            Task::Visit(_) => {}
        }
    }
    derivation.base_facts.sort_unstable();
    derivation
}

/// The base facts of [`of`], without its steps.
pub(super) fn rests_on(exposure: &Exposure<'_>, fact: FactId) -> Vec<FactId> {
    let (mut seen, mut found) = (BTreeSet::from([fact]), Vec::new());
    let mut open = vec![fact];
    while let Some(fact) = open.pop() {
        if exposure.graph.is_base(fact) {
            found.push(fact);
        } else if let Some((_, premises)) = rule(exposure, fact) {
            open.extend(premises.into_iter().filter(|premise| seen.insert(*premise)));
        }
    }
    found.sort_unstable();
    found
}

fn step(exposure: &Exposure<'_>, conclusion: FactId) -> Option<Step> {
    let mark = exposure.mark(conclusion)?;
    let (rule, premises) = rule(exposure, conclusion)?;
    let effort = rule.effort();
    Some(Step {
        rule,
        conclusion,
        premises,
        minutes: f64::from(mark.seconds) / 60.0,
        technique: effort.technique.to_owned(),
        ease: effort.ease,
    })
}

/// What a fact was concluded by, and from what.
fn rule(exposure: &Exposure<'_>, conclusion: FactId) -> Option<(RuleKind, Vec<FactId>)> {
    let mark = exposure.mark(conclusion)?;
    let graph = exposure.graph;
    Some(match mark.by {
        FOOTHOLD => (
            RuleKind::Foothold,
            graph.source(conclusion, RuleKind::Foothold).into_iter().collect(),
        ),
        OUTSIDE => (
            RuleKind::Outside,
            graph.source(conclusion, RuleKind::Outside).into_iter().collect(),
        ),
        place => {
            let rule = graph.rule(place)?;
            (rule.kind(), rule.all_premises().collect())
        }
    })
}

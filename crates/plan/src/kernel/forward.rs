//! What can follow from what is given, and what of that some target rests on.

use super::{Source, flag, mark};

/// What follows from the given facts without going through a target that must be kept: the same whatever cuts them, and for
/// more targets too as long as none of those must be kept.
#[derive(Clone, Debug)]
pub struct Forward {
    pub(super) stops: Stops,
    holds: Vec<bool>,
}

impl Forward {
    /// Follows what is given.
    #[must_use]
    pub fn of(source: &Source<'_>) -> Self {
        let stops = Stops::of(source);
        let holds = closure(source, &stops, |_| true);
        Self { stops, holds }
    }

    /// The given facts that some target may rest on, ascending; none if there are more than so many.
    #[must_use]
    pub fn relevant(&self, source: &Source<'_>, most: usize) -> Option<Vec<u32>> {
        let needed = needed(source, self, &[], most)?;
        let facts = 0..source.facts as u32;
        let facts = facts.filter(|&fact| flag(&needed.facts, fact) && flag(source.given, fact));
        Some(facts.collect())
    }
}

/// The given facts that some target may rest on, without going through a target that must be kept; ascending.
#[must_use]
pub fn relevant(source: &Source<'_>) -> Vec<u32> {
    Forward::of(source)
        .relevant(source, usize::MAX)
        .unwrap_or_default()
}

/// Facts that must not be derived: those of targets that must be kept, and those that lead to one by themselves.
#[derive(Clone, Debug)]
pub(super) struct Stops {
    hard: Vec<bool>,
    leading: Vec<bool>,
}

impl Stops {
    pub(super) fn of(source: &Source<'_>) -> Self {
        let mut stops = Self {
            hard: vec![false; source.facts],
            leading: vec![false; source.facts],
        };
        let mut open: Vec<u32> = Vec::new();
        for (&fact, &hard) in source.targets.iter().zip(source.hard) {
            if hard && mark(&mut stops.hard, fact) {
                open.push(fact);
            }
        }
        while let Some(head) = open.pop() {
            for &rule in source.rules.into.of(head) {
                if let [only] = source.rules.body(rule)
                    && !stops.is_stop(*only)
                    && mark(&mut stops.leading, *only)
                {
                    open.push(*only);
                }
            }
        }
        stops
    }

    fn is_stop(&self, fact: u32) -> bool {
        flag(&self.hard, fact) || flag(&self.leading, fact)
    }

    /// True if a rule with this premise and this head still matters.
    fn passes(&self, premise: u32, head: u32) -> bool {
        !flag(&self.hard, premise) && (!flag(&self.leading, premise) || self.is_stop(head))
    }
}

/// Everything that follows from the given facts of which `stands` is true, without going through stops.
pub(super) fn closure(source: &Source<'_>, stops: &Stops, stands: impl Fn(u32) -> bool) -> Vec<bool> {
    let index = source.rules;
    let mut missing = index.waits.clone();
    let mut holds = vec![false; source.facts];
    let mut open: Vec<u32> = Vec::new();
    for (fact, holds) in (0..).zip(&mut holds) {
        *holds = flag(source.given, fact) && stands(fact);
        if *holds && !index.into.of(fact).is_empty() {
            open.push(fact);
        }
    }
    let fire = |rule: u32, holds: &mut Vec<bool>, open: &mut Vec<u32>| {
        let (head, body) = (index.head(rule), index.body(rule));
        let passes = |&fact: &u32| flag(holds, fact) && stops.passes(fact, head);
        if body.iter().all(passes) && mark(holds, head) {
            open.push(head);
        }
    };
    for &rule in &index.ready {
        fire(rule, &mut holds, &mut open);
    }
    while let Some(fact) = open.pop() {
        for &rule in index.uses.of(fact) {
            let Some(left) = missing.get_mut(rule as usize) else {
                continue;
            };
            *left -= 1;
            if *left == 0 {
                fire(rule, &mut holds, &mut open);
            }
        }
    }
    holds
}

/// What some target rests on.
#[derive(Default)]
pub(super) struct Needed {
    /// By fact.
    pub(super) facts: Vec<bool>,
    /// Rules that can fire and conclude such a fact, by rule.
    pub(super) rules: Vec<bool>,
}

/// Facts that some target rests on, and not on what always holds, in rules that can fire. None if more than so many of them are
/// given.
pub(super) fn needed(source: &Source<'_>, forward: &Forward, always: &[bool], most: usize) -> Option<Needed> {
    let Forward { stops, holds } = forward;
    let mut needed = Needed {
        facts: vec![false; source.facts],
        rules: vec![false; source.rules.rules.len()],
    };
    let mut open: Vec<u32> = Vec::new();
    let mut given = 0;
    for &fact in source.targets {
        if flag(holds, fact) && mark(&mut needed.facts, fact) {
            open.push(fact);
        }
    }
    while let Some(fact) = open.pop() {
        given += usize::from(flag(source.given, fact));
        if given > most {
            return None;
        }
        if flag(always, fact) {
            continue;
        }
        for &rule in source.rules.into.of(fact) {
            let body = source.rules.body(rule);
            let fires = |&premise: &u32| flag(holds, premise) && stops.passes(premise, fact);
            if body.iter().all(fires) {
                mark(&mut needed.rules, rule);
                open.extend(body.iter().filter(|&&premise| mark(&mut needed.facts, premise)));
            }
        }
    }
    Some(needed)
}

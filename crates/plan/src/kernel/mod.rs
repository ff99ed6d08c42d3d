//! The part of an exposure graph that a decision depends on.
//!
//! Facts that no foothold leads to and facts that lead to no target are dropped, facts that hold whatever is
//! withdrawn are taken as given, and rules behind a target that must be kept are left out, because whatever keeps it
//! keeps what lies behind it. What remains decides the same targets under every choice of withdrawals that keeps
//! those targets, and is small.

mod chain;
mod cuts;

pub use chain::Chainer;

use cuts::CutSets;

/// Rules as they come, facts being dense from 0.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Where the premises of each rule start; one more at the end.
    pub starts: Vec<u32>,
    /// Premises, rule after rule.
    pub premises: Vec<u32>,
    /// What follows, by rule.
    pub heads: Vec<u32>,
}

impl Rules {
    /// No rules yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            starts: vec![0],
            ..Self::default()
        }
    }

    /// Adds one rule.
    pub fn push(&mut self, premises: impl IntoIterator<Item = u32>, head: u32) {
        self.premises.extend(premises);
        self.starts.push(self.premises.len() as u32);
        self.heads.push(head);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heads.len()
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The premises of a rule.
    #[must_use]
    pub fn body(&self, rule: usize) -> &[u32] {
        let start = self.starts.get(rule).copied().unwrap_or(0) as usize;
        let end = self.starts.get(rule + 1).copied().unwrap_or(0) as usize;
        self.premises.get(start..end).unwrap_or(&[])
    }
}

/// What a kernel is made from.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// How many facts there are.
    pub facts: usize,
    /// All rules.
    pub rules: &'a Rules,
    /// Facts that stand before any rule, by fact.
    pub given: &'a [bool],
    /// Columns that remove each given fact, ascending, by fact; facts beyond its end have none.
    pub cutters: &'a [Vec<u32>],
    /// The fact of each target.
    pub targets: &'a [u32],
    /// Targets that must be kept, by target.
    pub hard: &'a [bool],
}

/// The kernel: renumbered facts and rules, and the oracle over it.
#[derive(Clone, Debug)]
pub struct Kernel {
    chainer: Chainer,
    cuts: CutSets,
    /// Targets by kernel fact; several targets can share a fact.
    targets: Vec<(u32, u32)>,
    /// Targets that can be derived whatever is withdrawn.
    always: Vec<u32>,
    /// Targets that must be kept, by target.
    hard: Vec<bool>,
}

/// The given facts that some target may rest on, without going through a target that must be kept; ascending.
#[must_use]
pub fn relevant(source: &Source<'_>) -> Vec<u32> {
    let stops = Stops::of(source);
    let forward = closure(source, &stops, |_| true);
    let none = vec![false; source.facts];
    let needed = needed(source, &stops, &forward, &none);
    (0..source.facts as u32)
        .filter(|&fact| flag(&needed, fact) && flag(source.given, fact))
        .collect()
}

impl Kernel {
    /// Cuts a graph down to what matters.
    #[must_use]
    pub fn new(source: &Source<'_>) -> Self {
        let stops = Stops::of(source);
        let forward = closure(source, &stops, |_| true);
        let uncut = |fact: u32| source.cutters.get(fact as usize).is_none_or(Vec::is_empty);
        let always = closure(source, &stops, uncut);
        let needed = needed(source, &stops, &forward, &always);
        Self::numbered(source, &stops, &forward, &always, &needed)
    }

    fn numbered(
        source: &Source<'_>,
        stops: &Stops,
        forward: &[bool],
        always: &[bool],
        needed: &[bool],
    ) -> Self {
        let mut numbers = vec![u32::MAX; source.facts];
        let mut cutters: Vec<Vec<u32>> = Vec::new();
        for fact in 0..source.facts as u32 {
            if flag(needed, fact) && !flag(always, fact) {
                if let Some(number) = numbers.get_mut(fact as usize) {
                    *number = cutters.len() as u32;
                }
                let own = if flag(source.given, fact) {
                    source.cutters.get(fact as usize)
                } else {
                    None
                };
                cutters.push(own.cloned().unwrap_or_default());
            }
        }
        let number = |fact: u32| numbers.get(fact as usize).copied().unwrap_or(u32::MAX);
        let mut rules = Rules::new();
        for rule in 0..source.rules.len() {
            let Some(&head) = source.rules.heads.get(rule) else {
                continue;
            };
            let body = source.rules.body(rule);
            let alive = number(head) != u32::MAX
                && body
                    .iter()
                    .all(|&fact| flag(forward, fact) && stops.passes(fact, head) && fact != head);
            if alive {
                let open = body.iter().filter(|&&fact| !flag(always, fact));
                rules.push(open.map(|&fact| number(fact)), number(head));
            }
        }
        let mut targets = Vec::new();
        let mut sure = Vec::new();
        for (target, &fact) in source.targets.iter().enumerate() {
            if flag(always, fact) {
                sure.push(target as u32);
            } else if number(fact) != u32::MAX {
                targets.push((number(fact), target as u32));
            }
        }
        let cuts = CutSets::new(&cutters);
        Self {
            chainer: Chainer::new(rules, cutters),
            cuts,
            targets,
            always: sure,
            hard: source.hard.to_vec(),
        }
    }

    /// Facts in the kernel.
    #[must_use]
    pub fn facts(&self) -> usize {
        self.chainer.facts()
    }

    /// Targets that can be derived whatever is withdrawn, ascending.
    #[must_use]
    pub fn always(&self) -> &[u32] {
        &self.always
    }

    /// Rules in the kernel.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.chainer.rules()
    }

    /// Columns that cut anything in the kernel, ascending.
    #[must_use]
    pub fn columns(&self) -> Vec<u32> {
        self.cuts.columns()
    }
}

impl crate::hitting::Oracle for Kernel {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> crate::hitting::Derived {
        self.chainer.run(chosen);
        let mut derived = crate::hitting::Derived {
            sets: vec![Vec::new()],
            found: Vec::new(),
        };
        let reached = self
            .targets
            .iter()
            .copied()
            .filter(|&(fact, _)| self.chainer.holds(fact));
        let wanted = |target: u32| !hard_only || flag(&self.hard, target);
        let reached: Vec<(u32, u32)> = reached.filter(|&(_, target)| wanted(target)).collect();
        derived.found.extend(
            self.always
                .iter()
                .filter(|&&target| wanted(target))
                .map(|&target| (target, 0)),
        );
        self.cuts
            .start(&self.chainer, reached.iter().map(|&(fact, _)| fact));
        let mut places: Vec<u32> = Vec::new();
        for (fact, target) in reached {
            let set = self.cuts.of(fact) as usize;
            if places.len() <= set {
                places.resize(set + 1, u32::MAX);
            }
            let Some(place) = places.get_mut(set) else {
                continue;
            };
            if *place == u32::MAX {
                *place = derived.sets.len() as u32;
                derived.sets.push(self.cuts.columns_of(set).to_vec());
            }
            derived.found.push((target, *place));
        }
        derived.found.sort_unstable();
        derived
    }
}

fn flag(flags: &[bool], fact: u32) -> bool {
    flags.get(fact as usize).copied().unwrap_or(false)
}

fn mark(flags: &mut [bool], fact: u32) -> bool {
    flags
        .get_mut(fact as usize)
        .is_some_and(|flag| !std::mem::replace(flag, true))
}

/// Facts that must not be derived: those of targets that must be kept, and those that lead to one by themselves.
struct Stops {
    hard: Vec<bool>,
    leading: Vec<bool>,
}

impl Stops {
    fn of(source: &Source<'_>) -> Self {
        let mut stops = Self {
            hard: vec![false; source.facts],
            leading: vec![false; source.facts],
        };
        for (&fact, &hard) in source.targets.iter().zip(source.hard) {
            if hard {
                mark(&mut stops.hard, fact);
            }
        }
        let into = Heads::new(
            source,
            |rule, head| matches!(source.rules.body(rule), [only] if *only != head),
        );
        let mut open: Vec<u32> = (0..source.facts as u32)
            .filter(|&fact| stops.is_stop(fact))
            .collect();
        while let Some(head) = open.pop() {
            for &rule in into.of(head) {
                for &only in source.rules.body(rule as usize) {
                    if !stops.is_stop(only) && mark(&mut stops.leading, only) {
                        open.push(only);
                    }
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
fn closure(source: &Source<'_>, stops: &Stops, stands: impl Fn(u32) -> bool) -> Vec<bool> {
    let uses = uses(source);
    let mut missing: Vec<u32> = (0..source.rules.len())
        .map(|rule| source.rules.body(rule).len() as u32)
        .collect();
    let mut holds = vec![false; source.facts];
    let mut open: Vec<u32> = Vec::new();
    for fact in 0..source.facts as u32 {
        if flag(source.given, fact) && stands(fact) && mark(&mut holds, fact) {
            open.push(fact);
        }
    }
    for (rule, &head) in source.rules.heads.iter().enumerate() {
        if source.rules.body(rule).is_empty() && mark(&mut holds, head) {
            open.push(head);
        }
    }
    while let Some(fact) = open.pop() {
        for &rule in uses.of(fact) {
            let head = source.rules.heads.get(rule as usize).copied().unwrap_or(u32::MAX);
            if !stops.passes(fact, head) {
                continue;
            }
            let Some(left) = missing.get_mut(rule as usize) else {
                continue;
            };
            *left -= 1;
            if *left == 0 && mark(&mut holds, head) {
                open.push(head);
            }
        }
    }
    holds
}

/// Facts that some target rests on, in rules that can fire.
fn needed(source: &Source<'_>, stops: &Stops, forward: &[bool], always: &[bool]) -> Vec<bool> {
    let into = Heads::new(source, |rule, head| {
        let body = source.rules.body(rule);
        !flag(always, head)
            && body
                .iter()
                .all(|&fact| flag(forward, fact) && stops.passes(fact, head))
    });
    let mut needed = vec![false; source.facts];
    let mut open: Vec<u32> = Vec::new();
    for &fact in source.targets {
        if flag(forward, fact) && mark(&mut needed, fact) {
            open.push(fact);
        }
    }
    while let Some(fact) = open.pop() {
        for &rule in into.of(fact) {
            for &premise in source.rules.body(rule as usize) {
                if mark(&mut needed, premise) {
                    open.push(premise);
                }
            }
        }
    }
    needed
}

/// Some of the rules by their heads, in one array.
struct Heads {
    starts: Vec<u32>,
    rules: Vec<u32>,
}

impl Heads {
    fn new(source: &Source<'_>, wanted: impl Fn(usize, u32) -> bool) -> Self {
        let heads = || source.rules.heads.iter().copied().enumerate();
        let kept: Vec<bool> = heads()
            .map(|(rule, head)| (head as usize) < source.facts && wanted(rule, head))
            .collect();
        let mut starts = vec![0_u32; source.facts + 2];
        for (_, head) in heads().filter(|&(rule, _)| flag(&kept, rule as u32)) {
            if let Some(slot) = starts.get_mut(head as usize + 2) {
                *slot += 1;
            }
        }
        let mut sum = 0;
        for slot in &mut starts {
            sum += *slot;
            *slot = sum;
        }
        let mut rules = vec![0_u32; sum as usize];
        for (rule, head) in heads().filter(|&(rule, _)| flag(&kept, rule as u32)) {
            if let Some(place) = starts.get_mut(head as usize + 1) {
                if let Some(slot) = rules.get_mut(*place as usize) {
                    *slot = rule as u32;
                }
                *place += 1;
            }
        }
        Self { starts, rules }
    }

    fn of(&self, fact: u32) -> &[u32] {
        let start = self.starts.get(fact as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(fact as usize + 1).copied().unwrap_or(0) as usize;
        self.rules.get(start..end).unwrap_or(&[])
    }
}

/// Rules by the facts in their bodies, in one array.
#[derive(Clone, Debug, Default)]
struct Uses {
    starts: Vec<u32>,
    rules: Vec<u32>,
}

impl Uses {
    fn of(&self, fact: u32) -> &[u32] {
        let start = self.starts.get(fact as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(fact as usize + 1).copied().unwrap_or(0) as usize;
        self.rules.get(start..end).unwrap_or(&[])
    }

    fn new(facts: usize, rules: &Rules) -> Self {
        let mut starts = vec![0_u32; facts + 1];
        for &premise in &rules.premises {
            if let Some(slot) = starts.get_mut(premise as usize + 1) {
                *slot += 1;
            }
        }
        let mut sum = 0;
        for slot in &mut starts {
            sum += *slot;
            *slot = sum;
        }
        let mut next = starts.clone();
        let mut found = vec![0_u32; rules.premises.len()];
        for rule in 0..rules.len() {
            for &premise in rules.body(rule) {
                let Some(place) = next.get_mut(premise as usize) else {
                    continue;
                };
                if let Some(slot) = found.get_mut(*place as usize) {
                    *slot = rule as u32;
                }
                *place += 1;
            }
        }
        Self { starts, rules: found }
    }
}

fn uses(source: &Source<'_>) -> Uses {
    Uses::new(source.facts, source.rules)
}

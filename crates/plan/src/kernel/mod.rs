//! The part of an exposure graph that a decision depends on.
//!
//! Facts that no foothold leads to and facts that lead to no target are dropped, facts that hold whatever is
//! withdrawn are taken as given, and rules behind a target that must be kept are left out, because whatever keeps it
//! keeps what lies behind it. What remains decides the same targets under every choice of withdrawals that keeps
//! those targets, and is small.

mod chain;
mod cuts;
mod forward;
mod index;
mod lists;
mod sets;

pub use chain::Chainer;
pub use forward::{Forward, relevant};
pub use index::RuleIndex;
pub use lists::Lists;
pub use sets::Sets;

use crate::devices::{Device, Devices};
use crate::hitting::Derived;
use cuts::CutSets;
use forward::{Needed, Stops, closure, needed};

/// Rules as they come, facts being dense from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    pub rules: &'a RuleIndex,
    /// Facts that stand before any rule, by fact.
    pub given: &'a [bool],
    /// Columns that remove each given fact, ascending, by fact; facts beyond its end have none.
    pub cutters: &'a Lists<u32>,
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

impl Kernel {
    /// Cuts a graph down to what matters.
    #[must_use]
    pub fn new(source: &Source<'_>) -> Self {
        Self::after(source, &Forward::of(source))
    }

    /// The same where what follows from the given facts is known.
    fn after(source: &Source<'_>, forward: &Forward) -> Self {
        let always = closure(source, &forward.stops, |fact| source.cutters.of(fact).is_empty());
        let needed = needed(source, forward, &always, usize::MAX).unwrap_or_default();
        Self::numbered(source, &always, &needed)
    }

    /// The same with some devices only, and from what is known to follow.
    #[doc(hidden)]
    #[must_use]
    pub fn with(source: &Source<'_>, devices: Devices, forward: Option<&Forward>) -> Self {
        let mut kernel = if devices.has(Device::Kernel) {
            forward.map_or_else(|| Self::new(source), |forward| Self::after(source, forward))
        } else {
            Self::whole(source)
        };
        if !devices.has(Device::Lightest) {
            kernel.chainer.take_any();
        }
        kernel
    }

    /// The whole graph as it is.
    fn whole(source: &Source<'_>) -> Self {
        let always = closure(source, &Stops::of(source), |fact| {
            source.cutters.of(fact).is_empty()
        });
        let mut rules = source.rules.rules.as_ref().clone();
        let mut cutters = Lists::default();
        for fact in 0..source.facts as u32 {
            let is_given = flag(source.given, fact);
            let own = source.cutters.of(fact);
            if is_given && own.is_empty() {
                rules.push([], fact);
            }
            cutters.push(own.iter().copied().filter(|_| is_given));
        }
        let targets = (0..).zip(source.targets).map(|(target, &fact)| (fact, target));
        let (sure, targets): (Vec<_>, Vec<_>) = targets.partition(|(fact, _)| flag(&always, *fact));
        Self {
            cuts: CutSets::new(cutters.len()),
            chainer: Chainer::new(rules, cutters),
            targets,
            always: sure.into_iter().map(|(_, target)| target).collect(),
            hard: source.hard.to_vec(),
        }
    }

    fn numbered(source: &Source<'_>, always: &[bool], needed: &Needed) -> Self {
        let mut numbers = vec![u32::MAX; source.facts];
        let mut cutters = Lists::default();
        for (fact, number) in (0..).zip(&mut numbers) {
            if flag(&needed.facts, fact) && !flag(always, fact) {
                *number = cutters.len() as u32;
                let own = source.cutters.of(fact).iter().copied();
                cutters.push(own.filter(|_| flag(source.given, fact)));
            }
        }
        let number = |fact: u32| numbers.get(fact as usize).copied().unwrap_or(u32::MAX);
        let mut rules = Rules::new();
        for rule in (0..source.rules.rules.len() as u32).filter(|&rule| flag(&needed.rules, rule)) {
            let (head, body) = (source.rules.head(rule), source.rules.body(rule));
            if !body.contains(&head) {
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
        Self {
            cuts: CutSets::new(cutters.len()),
            chainer: Chainer::new(rules, cutters),
            targets,
            always: sure,
            hard: source.hard.to_vec(),
        }
    }

    /// Facts in the kernel.
    #[must_use]
    pub const fn facts(&self) -> usize {
        self.chainer.facts()
    }

    /// Targets that can be derived whatever is withdrawn, ascending.
    #[must_use]
    pub fn always(&self) -> &[u32] {
        &self.always
    }

    /// Rules in the kernel.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.chainer.rules()
    }

    /// Columns that cut anything in the kernel, ascending.
    #[must_use]
    pub fn columns(&self) -> Vec<u32> {
        let mut columns: Vec<u32> = self.chainer.cutters().iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

impl crate::hitting::Oracle for Kernel {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Derived {
        self.chainer.run(chosen);
        let hard = std::mem::take(&mut self.hard);
        let derived = self.derived(&|target| !hard_only || flag(&hard, target));
        self.hard = hard;
        derived
    }

    fn derive_all_but(&mut self, chosen: &[bool], flagged: &[bool]) -> Derived {
        self.chainer.run(chosen);
        let mut derived = self.derived(&|target| !flag(flagged, target));
        let targets = self.targets.iter();
        let reached = targets.filter(|(fact, target)| self.chainer.holds(*fact) && flag(flagged, *target));
        let always = self.always.iter().copied();
        derived.also.extend(reached.map(|(_, target)| *target));
        derived
            .also
            .extend(always.filter(|target| flag(flagged, *target)));
        derived.also.sort_unstable();
        derived
    }
}

impl Kernel {
    /// Derivations of the last run, of the wanted targets.
    fn derived(&mut self, wanted: &dyn Fn(u32) -> bool) -> Derived {
        let mut derived = Derived::default();
        derived.sets.push([]);
        let reached = self
            .targets
            .iter()
            .copied()
            .filter(|&(fact, _)| self.chainer.holds(fact));
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
                derived.sets.push(self.cuts.columns_of(set).iter().copied());
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

//! Targets that the known derivations do not tell apart share one loss.
//!
//! A thousand workstations that fall by the same path fall together: they get one loss variable until a derivation
//! turns up that holds for some of them only. Merging is exact, because the members of a class have the same rows.

use super::{Derived, Instance};
use crate::kernel::Sets;
use crate::master::{Budget, Problem, Row, is_set};

#[derive(Clone, Debug, Default)]
struct Class {
    /// While derivations are being added, members that have left may still be here: `class_of` is right.
    members: Vec<u32>,
    /// How many members there are.
    size: usize,
    /// By number.
    sets: Vec<u32>,
}

/// What classes with the same sets cost together.
struct Shared<'c> {
    sets: &'c [u32],
    pence: i64,
    /// What they count for in the budget.
    counted: i64,
}

/// The derivations known so far, by class of targets. They hold for every choice, so solves share them.
#[derive(Clone, Debug)]
pub struct Classes {
    classes: Vec<Class>,
    sets: Sets,
    class_of: Vec<u32>,
    classes_max: usize,
    derivations: u32,
}

impl Classes {
    /// Every target for which `alone` says so in a class of its own, the others together in one.
    #[must_use]
    pub fn new(targets: usize, alone: impl Fn(u32) -> bool, classes_max: usize) -> Self {
        let mut classes = vec![Class::default()];
        let mut class_of = Vec::with_capacity(targets);
        for target in 0..targets as u32 {
            if alone(target) {
                class_of.push(classes.len() as u32);
                classes.push(Class {
                    members: vec![target],
                    size: 1,
                    sets: Vec::new(),
                });
            } else {
                class_of.push(0);
                if let Some(rest) = classes.first_mut() {
                    rest.members.push(target);
                    rest.size += 1;
                }
            }
        }
        Self {
            classes,
            sets: Sets::default(),
            class_of,
            classes_max,
            derivations: 0,
        }
    }

    /// How many derivations are known.
    #[must_use]
    pub const fn derivations(&self) -> u32 {
        self.derivations
    }

    /// Targets with every set of columns known to be needed against them: of each set one must be chosen.
    pub fn known(&self) -> impl Iterator<Item = (&[u32], Vec<Vec<u32>>)> {
        let known = self.classes.iter().filter(|class| !class.sets.is_empty());
        let sets = |class: &Class| class.sets.iter().map(|&set| self.sets.of(set).to_vec()).collect();
        known.map(move |class| (class.members.as_slice(), sets(class)))
    }

    /// The known sets of which one column must be chosen each, whatever it costs; some may come twice.
    pub fn must(&self, instance: &Instance) -> impl Iterator<Item = &[u32]> {
        let classes = self.classes.iter();
        let hard = classes.filter(|class| price(instance, &class.members).is_none());
        hard.flat_map(|class| class.sets.iter().map(|set| self.sets.of(*set)))
    }

    /// The master problem over what is known.
    #[must_use]
    pub fn problem(&self, instance: &Instance) -> Problem {
        let ranks = self.sets.ranks();
        let rank = |set: &u32| ranks.get(*set as usize).copied().unwrap_or(0);
        let mut rows: Vec<(u32, Option<u32>, u32)> = Vec::new();
        for class in &self.classes {
            if price(instance, &class.members).is_none() {
                rows.extend(class.sets.iter().map(|set| (rank(set), None, *set)));
            }
        }
        let merged = self.merged(instance, &rank);
        for (loss, shared) in (0..).zip(&merged) {
            rows.extend(shared.sets.iter().map(|set| (rank(set), Some(loss), *set)));
        }
        rows.sort_unstable();
        rows.dedup();
        let row = |(_, loss, set): (u32, Option<u32>, u32)| Row {
            cuts: self.sets.of(set).to_vec(),
            loss,
        };
        let budget = instance.budget.as_ref().map(|budget| Budget {
            pence: merged.iter().map(|shared| shared.counted).collect(),
            pence_max: budget.pence_max,
            rest_max: budget.rest_max,
        });
        Problem {
            columns: instance.columns.clone(),
            fixed: instance.fixed.clone(),
            nodes: instance.nodes.clone(),
            losses: merged.iter().map(|shared| shared.pence).collect(),
            rows: rows.into_iter().map(row).collect(),
            budget,
        }
    }

    /// Priced classes, those with the same sets as one, in the order of their sets.
    fn merged(&self, instance: &Instance, rank: &impl Fn(&u32) -> u32) -> Vec<Shared<'_>> {
        let mut shared: Vec<(Vec<u32>, Shared<'_>)> = Vec::new();
        for class in self.classes.iter().filter(|class| !class.sets.is_empty()) {
            let Some(pence) = price(instance, &class.members) else {
                continue;
            };
            let counted = counted(instance, &class.members);
            if pence > 0 || counted > 0 {
                let mut ranks: Vec<u32> = class.sets.iter().map(rank).collect();
                ranks.sort_unstable();
                let sets = &class.sets;
                shared.push((ranks, Shared { sets, pence, counted }));
            }
        }
        shared.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        shared.dedup_by(|(again, more), (ranks, one)| {
            let is_same = again == ranks;
            if is_same {
                one.pence = one.pence.saturating_add(more.pence);
                one.counted = one.counted.saturating_add(more.counted);
            }
            is_same
        });
        shared.into_iter().map(|(_, shared)| shared).collect()
    }

    /// Adds what was derived under `chosen`, for targets whose loss the known rows do not charge already; true if
    /// anything was new.
    pub fn add(&mut self, derived: &Derived, instance: &Instance, chosen: &[bool]) -> bool {
        let mut found: Vec<(u32, u32, u32)> = Vec::with_capacity(derived.found.len());
        for &(target, set) in &derived.found {
            let Some(&class) = self.class_of.get(target as usize) else {
                continue;
            };
            let priced_at_nothing =
                instance.targets.get(target as usize) == Some(&Some(0)) && counted(instance, &[target]) == 0;
            if !priced_at_nothing {
                found.push((class, set, target));
            }
        }
        found.sort_unstable();
        let mut charged: Vec<(u32, bool)> = Vec::new();
        for class in found.chunk_by(|one, other| one.0 == other.0) {
            let class = class.first().map_or(0, |one| one.0);
            charged.push((class, self.is_charged(class, chosen)));
        }
        let members: Vec<u32> = found.iter().map(|(_, _, target)| *target).collect();
        let mut groups: Vec<((u32, u32), &[u32])> = Vec::new();
        let mut rest = members.as_slice();
        for group in found.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let (own, after) = rest.split_at(group.len());
            rest = after;
            groups.extend(group.first().map(|one| ((one.0, one.1), own)));
        }
        groups.sort_unstable_by_key(|(key, members)| (std::cmp::Reverse(members.len()), *key));
        let mut new = false;
        for ((class, set), members) in groups {
            let is_charged = charged.binary_search_by_key(&class, |(class, _)| *class);
            let is_charged = is_charged.ok().and_then(|place| charged.get(place));
            let hard = price(instance, members).is_none();
            if hard || is_charged.is_none_or(|(_, charged)| !charged) {
                new |= self.split(class, members, derived.sets.of(set));
            }
        }
        for (class, _) in charged {
            self.let_go(class);
        }
        new
    }

    /// Targets whose loss the known rows charge under a choice, by target; none that must be kept.
    #[must_use]
    pub fn charged(&self, instance: &Instance, chosen: &[bool]) -> Vec<bool> {
        let mut charged = vec![false; self.class_of.len()];
        for (number, class) in (0..).zip(&self.classes) {
            if !self.is_charged(number, chosen) || price(instance, &class.members).is_none() {
                continue;
            }
            for &member in &class.members {
                if let Some(flag) = charged.get_mut(member as usize) {
                    *flag = true;
                }
            }
        }
        charged
    }

    /// True if a known row of the class is not cut, so that its loss is charged already.
    fn is_charged(&self, class: u32, chosen: &[bool]) -> bool {
        self.classes.get(class as usize).is_some_and(|class| {
            let is_cut = |set: &u32| self.sets.of(*set).iter().any(|&column| is_set(chosen, column));
            !class.sets.iter().all(is_cut)
        })
    }

    /// Forgets members that have left a class.
    fn let_go(&mut self, class: u32) {
        let class_of = &self.class_of;
        if let Some(old) = self.classes.get_mut(class as usize) {
            old.members
                .retain(|member| class_of.get(*member as usize) == Some(&class));
        }
    }

    /// Gives some members of a class one more row, apart from the others if there are any.
    fn split(&mut self, class: u32, members: &[u32], set: &[u32]) -> bool {
        let set = self.sets.number(set);
        let room = self.classes.len() < self.classes_max;
        let new_id = self.classes.len() as u32;
        let Some(old) = self.classes.get_mut(class as usize) else {
            return false;
        };
        if old.sets.contains(&set) {
            return false;
        }
        if members.len() == old.size {
            old.sets.push(set);
        } else if room {
            let mut sets = old.sets.clone();
            sets.push(set);
            old.size = old.size.saturating_sub(members.len());
            for &member in members {
                if let Some(slot) = self.class_of.get_mut(member as usize) {
                    *slot = new_id;
                }
            }
            self.classes.push(Class {
                members: members.to_vec(),
                size: members.len(),
                sets,
            });
        } else {
            return false;
        }
        self.derivations = self.derivations.saturating_add(1);
        true
    }
}

/// What all members together count for in the budget.
fn counted(instance: &Instance, members: &[u32]) -> i64 {
    let Some(budget) = &instance.budget else { return 0 };
    let pence = members
        .iter()
        .filter_map(|&member| budget.pence.get(member as usize));
    pence.fold(0, |sum, pence| sum.saturating_add(*pence))
}

/// The price of all members together, or `None` if one of them has none.
fn price(instance: &Instance, members: &[u32]) -> Option<i64> {
    members.iter().try_fold(0_i64, |sum, &member| {
        let pence = instance
            .targets
            .get(member as usize)
            .copied()
            .unwrap_or(Some(0))?;
        Some(sum.saturating_add(pence))
    })
}

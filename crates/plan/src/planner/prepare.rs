//! From an estate and what is held to columns, targets and kernels.
//!
//! Each part depends on a few others, and what those were is remembered with it. A part of the plan before is taken over if
//! they are the same still, and so is whatever depends on a part that comes out the same. So a plan after one more decision by a person
//! prepares next to nothing, and what is taken over is exactly what would be worked out again.

use std::cell::RefCell;
use std::sync::Arc;

use cordon_estate::{Entity, ServiceId};
use cordon_reach::{Base, CrownJewel};
use rustc_hash::FxHashMap;

use super::in_time::InTime;
use super::kernels::Hard;
use super::reached::Reached;
use super::solving::Session;
use super::targets::Target;
use super::{Constraints, Planner, Settings, World};
use crate::candidates::Candidate;
use crate::circuit::Circuit;
use crate::devices::Devices;
use crate::document::{Act, WithdrawalId};
use crate::kernel::Forward;

/// Everything that the solves share.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) worlds: Vec<World>,
    pub(super) reached: Vec<Arc<Reached>>,
    /// Targets that some world reaches: jewels first.
    pub(super) targets: Vec<Target>,
    pub(super) columns: Vec<Candidate>,
    /// What comes in time in each world; one for all if the race is not counted.
    pub(super) in_time: Vec<InTime>,
    pub(super) fixed: Vec<Option<bool>>,
    /// What follows in each world without going through a jewel that must be kept.
    pub(super) forward: Vec<Forward>,
    pub(super) circuit: Circuit,
    pub(super) nodes: Vec<crate::master::Node>,
    /// The last solve over these kernels, if there was one.
    pub(super) kept: RefCell<Option<Session>>,
    pub(super) devices: Devices,
    pub(super) threads: usize,
    basis: Basis,
}

/// What parts were made from, beside other parts.
#[derive(Debug, Default)]
struct Basis {
    jewels: Vec<CrownJewel>,
    spread: bool,
    race: bool,
    duration_hours: f64,
    protected: Vec<ServiceId>,
    hard: Hard,
    /// Base facts for which there are columns.
    matter: Vec<Base>,
    forced: Vec<Act>,
    /// Acts that are weighed besides: see `growing`.
    further: Vec<Act>,
    /// How many columns there are for these facts; those that were forced or are weighed besides follow.
    for_facts: usize,
}

impl Planner<'_> {
    /// Everything that the solves for some worlds share, taken over from the last plan where it still holds.
    pub(super) fn prepare(
        &mut self,
        worlds: Vec<World>,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Prepared {
        let mut last = self.last.take().unwrap_or_default();
        let mut next = Prepared {
            basis: Basis {
                jewels: self.jewels.clone(),
                spread: settings.spread,
                race: settings.race,
                duration_hours: settings.duration_hours,
                protected: constraints.protect.clone(),
                forced: self.found(&constraints.force),
                further: self.further.clone(),
                ..Basis::default()
            },
            devices: self.master.devices(),
            threads: settings.threads,
            reached: self.all_reached(&worlds, &last),
            worlds,
            ..Prepared::default()
        };
        let same_worlds = last.worlds == next.worlds;
        let same_targets = self.put_targets(&mut next, &mut last, same_worlds, settings);
        let same_acts = self.put_columns(&mut next, &mut last, same_targets, constraints);
        let same_cuts = self.put_times(&mut next, &mut last, (same_targets, same_acts));
        self.put_circuit(&mut next, &mut last, same_acts, constraints);
        next.fixed = self.fixed(&next, constraints);
        if same_targets && same_cuts {
            next.kept = last.kept;
        }
        next
    }

    /// What each world leads to: as the last plan had it, or from fewer footholds of that, or anew.
    fn all_reached(&mut self, worlds: &[World], last: &Prepared) -> Vec<Arc<Reached>> {
        let known = || last.worlds.iter().zip(&last.reached);
        let mut all = Vec::with_capacity(worlds.len());
        for World { held, .. } in worlds {
            let same = known().find(|(world, _)| world.held == *held);
            let fewer = || {
                known().find(|(world, _)| world.held.iter().all(|entity| held.binary_search(entity).is_ok()))
            };
            all.push(if let Some((_, reached)) = same {
                Arc::clone(reached)
            } else if let Some((world, reached)) = fewer() {
                let new = held.iter().copied().filter(|entity| !world.held.contains(entity));
                Arc::new(self.leading().from(reached, &new.collect::<Vec<_>>()))
            } else {
                Arc::new(self.reached(held))
            });
        }
        all
    }

    /// True if worlds and targets are those of the last plan.
    fn put_targets(
        &self,
        next: &mut Prepared,
        last: &mut Prepared,
        same_worlds: bool,
        settings: &Settings,
    ) -> bool {
        let same = last.basis.jewels == next.basis.jewels && last.basis.spread == next.basis.spread;
        if same_worlds && same {
            next.targets = std::mem::take(&mut last.targets);
            return true;
        }
        next.targets = self.targets(&next.worlds, &next.reached, settings);
        same_worlds && next.targets == last.targets
    }

    /// True if the same acts can be chosen as in the last plan, in the same places.
    fn put_columns(
        &self,
        next: &mut Prepared,
        last: &mut Prepared,
        same_targets: bool,
        constraints: &Constraints,
    ) -> bool {
        let own = next.reached.get(..1).unwrap_or_default();
        let kept = |target: &Target| self.must_be_kept(target, own, constraints);
        next.basis.hard = Hard {
            own: next.targets.iter().map(kept).collect(),
            further: self.hard(next, &constraints.give_up),
        };
        let same = same_targets && last.basis.hard == next.basis.hard;
        next.basis.matter = if same {
            next.forward = std::mem::take(&mut last.forward);
            std::mem::take(&mut last.basis.matter)
        } else {
            let (matter, forward) = self.facts_that_matter(next, &next.basis.hard);
            next.forward = forward;
            matter
        };
        let same = same || last.basis.matter == next.basis.matter;
        let same_duration = last.basis.duration_hours.to_bits() == next.basis.duration_hours.to_bits();
        let mut old = std::mem::take(&mut last.columns);
        if !same_duration {
            old.iter_mut()
                .for_each(|column| self.candidates.price_again(column));
        }
        let same_besides = last.basis.forced == next.basis.forced && last.basis.further == next.basis.further;
        if same && same_besides {
            next.columns = old;
            next.basis.for_facts = last.basis.for_facts;
            return true;
        }
        old.truncate(last.basis.for_facts);
        next.columns = self.candidates.for_facts_again(&next.basis.matter, old);
        next.basis.for_facts = next.columns.len();
        for &act in next.basis.forced.iter().chain(&next.basis.further) {
            if !next.columns.iter().any(|column| column.act == act) {
                next.columns.extend(self.candidates.candidate(act));
            }
        }
        false
    }

    /// True if in every world every fact has the columns that cut it in the last plan.
    fn put_times(&self, next: &mut Prepared, last: &mut Prepared, (targets, acts): (bool, bool)) -> bool {
        let known = std::mem::take(&mut last.in_time);
        let same = targets && last.basis.race == next.basis.race;
        if acts && same {
            next.in_time = known;
            return true;
        }
        let used: Vec<Vec<u32>> = if same {
            known.iter().map(|one| one.used.clone()).collect()
        } else {
            self.used_in_each(next, next.basis.race)
        };
        let is_known = known.len() == used.len();
        if acts && is_known && known.iter().zip(&used).all(|(one, used)| one.used == *used) {
            next.in_time = known;
            return true;
        }
        next.in_time = self.in_time(&next.columns, used);
        let pairs = known.iter().zip(&next.in_time);
        acts && is_known && pairs.into_iter().all(|(one, other)| one.timely == other.timely)
    }

    fn put_circuit(&self, next: &mut Prepared, last: &mut Prepared, acts: bool, constraints: &Constraints) {
        let same_duration = last.basis.duration_hours.to_bits() == next.basis.duration_hours.to_bits();
        if acts && same_duration && last.basis.protected == next.basis.protected {
            next.circuit = std::mem::take(&mut last.circuit);
            next.nodes = std::mem::take(&mut last.nodes);
        } else {
            next.circuit = self.circuit(&next.columns, next.basis.duration_hours, constraints);
            next.nodes = next.circuit.decided(next.columns.len());
        }
    }

    /// What people said of each column.
    fn fixed(&mut self, next: &Prepared, constraints: &Constraints) -> Vec<Option<bool>> {
        let refused = self.found(&constraints.refuse);
        let said = |act: &Act| match () {
            () if next.basis.forced.contains(act) => Some(true),
            () if refused.contains(act) => Some(false),
            () => None,
        };
        next.columns.iter().map(|column| said(&column.act)).collect()
    }

    /// The acts of these names that the estate has; each is looked for once.
    fn found(&mut self, ids: &[WithdrawalId]) -> Vec<Act> {
        let mut acts = Vec::new();
        for id in ids {
            let find = || self.candidates.find(id);
            acts.extend(*self.acts.entry(id.clone()).or_insert_with(find));
        }
        acts
    }

    pub(super) fn circuit(
        &self,
        columns: &[Candidate],
        duration_hours: f64,
        constraints: &Constraints,
    ) -> Circuit {
        let mut columns_of: FxHashMap<Base, Vec<u32>> = FxHashMap::default();
        for (column, candidate) in columns.iter().enumerate() {
            let removes = candidate.removes.iter();
            for fact in removes.filter(|fact| self.required.contains(fact)) {
                columns_of.entry(*fact).or_default().push(column as u32);
            }
        }
        Circuit::new(self.estate, &columns_of, duration_hours, |service| {
            constraints.protect.contains(&service)
                || self
                    .estate
                    .service(service)
                    .is_some_and(|service| service.protected)
        })
    }
}

impl Prepared {
    /// The candidates that a choice of columns means.
    pub(super) fn candidates(&self, chosen: &[bool]) -> Vec<Candidate> {
        let columns = self.columns.iter().zip(chosen);
        let chosen = columns.filter(|(_, chosen)| **chosen);
        chosen.map(|(column, _)| column.clone()).collect()
    }

    /// True if what is known to follow goes through none of these targets that must be kept, and through all others.
    pub(super) fn is_forward_of(&self, hard: &Hard) -> bool {
        let is_of = |known: &[bool], hard: &[bool]| {
            let known = known.split_at_checked(hard.len());
            known.is_some_and(|(own, rest)| own == hard && !rest.contains(&true))
        };
        is_of(&self.basis.hard.own, &hard.own)
            && (self.worlds.len() < 2 || is_of(&self.basis.hard.further, &hard.further))
    }

    /// The world of the plan, and what it leads to.
    pub(super) fn own(&self) -> Option<(&[Entity], &Reached)> {
        let own = self.worlds.first().zip(self.reached.first());
        own.map(|(world, reached)| (world.held.as_slice(), &**reached))
    }

    /// Everything that some world holds, each once.
    pub(super) fn held(&self) -> Vec<Entity> {
        let worlds = self.worlds.iter();
        let mut held: Vec<Entity> = worlds.flat_map(|world| world.held.iter().copied()).collect();
        held.sort_unstable();
        held.dedup();
        held
    }
}

//! What more can be reached if withdrawn facts stand again, or with further footholds, found from what was reached without them.
//!
//! Whatever is reached stays reached, and no later. So only what comes sooner is looked at, the earliest first (as Ramalingam and Reps
//! 1996 do when an edge is added), and afterwards put back: the next question finds everything as it was.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cordon_estate::Entity;

use super::exposure::Exposure;
use super::scratch::{FOOTHOLD, Mark, OUTSIDE};
use super::{Scratch, Standing};
use crate::graph::{NONE, Rule};
use crate::{Base, FactId, FactSet, Graph};

/// The rules that rest on some base facts, and what these facts give from the start, both by base fact.
#[derive(Clone, Debug, Default)]
pub struct RestingOn {
    starts: Vec<(FactId, FactId)>,
    /// Rules by their place.
    rules: Vec<(FactId, u32)>,
}

/// All stand that are not withdrawn, and some that are.
struct Restored<'a> {
    withdrawn: &'a FactSet,
    /// Ascending.
    restored: &'a [FactId],
}

impl Standing for Restored<'_> {
    fn stands(&self, fact: FactId, _seconds: u32) -> bool {
        !self.withdrawn.contains(fact) || self.restored.binary_search(&fact).is_ok()
    }
}

/// What has come sooner, with what was known before.
struct Sooner {
    before: Vec<(usize, Mark)>,
    new: Vec<FactId>,
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
    /// What comes later is passed over.
    seconds_max: u32,
}

impl Graph {
    /// What rests on some base facts; one pass over all rules.
    #[must_use]
    pub fn resting_on(&self, facts: &FactSet, footholds: &[Entity]) -> RestingOn {
        let mut starts = self.starts(footholds);
        starts.retain(|(base, _)| facts.contains(*base));
        let mut rules: Vec<(FactId, u32)> = Vec::new();
        for (place, rule) in (0..).zip(self.all_rules()) {
            let bases = rule.base.iter().filter(|base| **base != NONE);
            let bases = bases.map(|base| FactId(*base));
            rules.extend(
                bases
                    .filter(|base| facts.contains(*base))
                    .map(|base| (base, place)),
            );
        }
        rules.sort_unstable();
        RestingOn { starts, rules }
    }

    /// Lets some withdrawn facts stand again, shows what can be reached then and which derived facts are new, and takes it back.
    ///
    /// The memory must be as the chaining left it that this goes on from: in this graph, from the footholds of `resting`, to the end, with
    /// `withdrawn`. `restored` are facts that are both in there and among those that `resting` was asked for, ascending. What is shown
    /// lists new facts last, not by arrival.
    pub fn with_restored<T>(
        &self,
        resting: &RestingOn,
        withdrawn: &FactSet,
        restored: &[FactId],
        scratch: &mut Scratch,
        show: impl FnOnce(Exposure<'_>, &[FactId]) -> T,
    ) -> T {
        let standing = Restored { withdrawn, restored };
        let begin = |scratch: &mut Scratch, sooner: &mut Sooner| {
            for &base in restored {
                self.start_again(resting, base, scratch, sooner);
                for &(_, place) in of(&resting.rules, base) {
                    if let Some(rule) = self.rule(place) {
                        self.conclude_again(place, rule, &standing, scratch, sooner);
                    }
                }
            }
        };
        self.going_on(&standing, begin, scratch, show)
    }

    /// Lets further things be held, shows what can be reached then and which derived facts are new, and takes it back.
    ///
    /// The memory must be as the chaining left it that this goes on from: in this graph, to the end, with `withdrawn`. What is shown lists
    /// new facts last, not by arrival. Arrivals up to `seconds_max` are right; what comes sooner, but later than that, is left as it was.
    pub fn with_further<T>(
        &self,
        footholds: &[Entity],
        withdrawn: &FactSet,
        seconds_max: u32,
        scratch: &mut Scratch,
        show: impl FnOnce(Exposure<'_>, &[FactId]) -> T,
    ) -> T {
        let begin = |scratch: &mut Scratch, sooner: &mut Sooner| {
            sooner.seconds_max = seconds_max;
            let starts = self.starts(footholds).into_iter();
            for (_, derived) in starts.filter(|(base, _)| withdrawn.stands(*base, 0)) {
                let mark = Mark {
                    seconds: 0,
                    by: FOOTHOLD,
                };
                self.come_sooner(derived, mark, scratch, sooner);
            }
        };
        self.going_on(withdrawn, begin, scratch, show)
    }

    /// Goes on from what has come sooner, shows what comes of it, and takes it back.
    fn going_on<T>(
        &self,
        standing: &impl Standing,
        begin: impl FnOnce(&mut Scratch, &mut Sooner),
        scratch: &mut Scratch,
        show: impl FnOnce(Exposure<'_>, &[FactId]) -> T,
    ) -> T {
        let (touched, ordered) = (scratch.touched(), scratch.order.len());
        let mut sooner = Sooner {
            before: Vec::new(),
            new: Vec::new(),
            waiting: BinaryHeap::new(),
            seconds_max: super::LATEST_SECONDS,
        };
        begin(scratch, &mut sooner);
        while let Some(Reverse((seconds, fact))) = sooner.waiting.pop() {
            let row = self.row_of(FactId(fact));
            if scratch.marks.get(row).is_some_and(|mark| mark.seconds == seconds) {
                self.wake_again(row, standing, scratch, &mut sooner);
            }
        }
        let shown = show(Exposure::new(self, scratch), &sooner.new);
        for (row, mark) in sooner.before.into_iter().rev() {
            scratch.put_back(row, mark);
        }
        scratch.shorten(touched, ordered);
        shown
    }

    fn start_again(&self, resting: &RestingOn, base: FactId, scratch: &mut Scratch, sooner: &mut Sooner) {
        let is_outside = self.base(Base::Internet) == Some(base);
        let by = if is_outside { OUTSIDE } else { FOOTHOLD };
        for &(_, derived) in of(&resting.starts, base) {
            self.come_sooner(derived, Mark { seconds: 0, by }, scratch, sooner);
        }
    }

    fn wake_again(&self, row: usize, standing: &impl Standing, scratch: &mut Scratch, sooner: &mut Sooner) {
        let (start, rules, second_rules) = self.woken_by(row);
        for (place, rule) in (start..).zip(rules) {
            self.conclude_again(place, rule, standing, scratch, sooner);
        }
        for entry in second_rules {
            if let Some(rule) = self.rule(entry.place) {
                self.conclude_again(entry.place, rule, standing, scratch, sooner);
            }
        }
    }

    /// Concludes what a rule concludes if all its premises are there and it is sooner than what was known.
    fn conclude_again(
        &self,
        by: u32,
        rule: &Rule,
        standing: &impl Standing,
        scratch: &mut Scratch,
        sooner: &mut Sooner,
    ) {
        let mut start = 0;
        for premise in [rule.first(), rule.second()] {
            if premise == NONE {
                continue;
            }
            let row = self.row_of(FactId(premise));
            let Some(mark) = scratch.marks.get(row).filter(|_| scratch.is_settled(row)) else {
                return;
            };
            start = start.max(mark.seconds);
        }
        let seconds = start.saturating_add(self.pace.of_code(rule.kind));
        let seconds = seconds.min(super::LATEST_SECONDS);
        let stands = |base: &u32| *base == NONE || standing.stands(FactId(*base), seconds);
        if rule.base.iter().all(stands) {
            self.come_sooner(FactId(rule.conclusion), Mark { seconds, by }, scratch, sooner);
        }
    }

    fn come_sooner(&self, fact: FactId, mark: Mark, scratch: &mut Scratch, sooner: &mut Sooner) {
        let row = self.row_of(fact);
        let Some(&before) = scratch.marks.get(row) else {
            return;
        };
        if mark.seconds > sooner.seconds_max || !scratch.arrive(row, mark) {
            return;
        }
        sooner.before.push((row, before));
        if scratch.settle(row) {
            scratch.order.push(fact.0);
            sooner.new.push(fact);
        }
        sooner.waiting.push(Reverse((mark.seconds, fact.0)));
    }
}

/// The entries of one base fact.
fn of<T>(list: &[(FactId, T)], base: FactId) -> &[(FactId, T)] {
    let from = list.partition_point(|(fact, _)| *fact < base);
    let to = list.partition_point(|(fact, _)| *fact <= base);
    list.get(from..to).unwrap_or(&[])
}

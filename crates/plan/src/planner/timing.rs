//! The race: by when a base fact must be gone to matter.
//!
//! A step is an act that takes time with all that holds meanwhile: who logs on with an account over a network path uses
//! account, membership, right and path until the logon is done. So a base fact is *used* when the first step that
//! rests on it is done, rules that take no time belonging to the step that follows; a withdrawal that takes effect
//! by then stops the step. One use time for each fact, the earliest over all derivations, keeps this on the safe side:
//! a withdrawal may count for less than it would do, never for more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::RuleIndex;

/// Never used.
pub(super) const NEVER: u32 = u32::MAX;

/// The second by which each fact is first used up, by fact. `arrival` is the earliest arrival of each derived fact
/// with nothing withdrawn ([`NEVER`] if not reached, 0 for base facts), `goals` are facts that count as used on
/// arrival.
pub(super) fn use_seconds(rules: &RuleIndex, seconds: &[u32], arrival: &[u32], goals: &[u32]) -> Vec<u32> {
    let mut used = used_by_steps(rules, seconds, arrival);
    for &goal in goals {
        let arrives = at(arrival, goal);
        if arrives > 0 {
            lower(&mut used, goal, arrives);
        }
    }
    // What takes no time belongs to the step that follows it.
    let at_once = |fact: u32| {
        let rules = rules.rules_for(fact).iter().copied();
        rules.filter(|&rule| at(seconds, rule) == 0)
    };
    let reused = (0..).zip(&used).filter(|(_, when)| **when != NEVER);
    let reused = reused.filter(|(fact, _)| at_once(*fact).next().is_some());
    let mut heap: BinaryHeap<Reverse<(u32, u32)>> =
        reused.map(|(fact, when)| Reverse((*when, fact))).collect();
    while let Some(Reverse((when, fact))) = heap.pop() {
        if at(&used, fact) < when {
            continue;
        }
        for rule in at_once(fact) {
            let body = rules.body(rule);
            let start = starts(body, arrival);
            for &premise in body.iter().filter(|_| start != NEVER) {
                let when = when.max(start);
                if lower(&mut used, premise, when) && at_once(premise).next().is_some() {
                    heap.push(Reverse((when, premise)));
                }
            }
        }
    }
    used
}

/// When each fact is used up by a step itself.
fn used_by_steps(rules: &RuleIndex, seconds: &[u32], arrival: &[u32]) -> Vec<u32> {
    let mut used = vec![NEVER; arrival.len()];
    for (rule, takes) in (0..).zip(seconds).filter(|(_, takes)| **takes > 0) {
        let body = rules.body(rule);
        let start = starts(body, arrival);
        for &premise in body.iter().filter(|_| start != NEVER) {
            lower(&mut used, premise, start.saturating_add(*takes));
        }
    }
    used
}

/// When all premises are there.
fn starts(body: &[u32], arrival: &[u32]) -> u32 {
    body.iter()
        .map(|&premise| at(arrival, premise))
        .max()
        .unwrap_or(0)
}

/// Lowers one number of a table; false if it is as low already.
fn lower(table: &mut [u32], place: u32, to: u32) -> bool {
    let slot = table.get_mut(place as usize).filter(|slot| to < **slot);
    slot.map(|slot| *slot = to).is_some()
}

fn at(table: &[u32], place: u32) -> u32 {
    table.get(place as usize).copied().unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Rules;

    /// Facts 0 and 1 stand; 2 follows from 0 after 10 seconds, 3 from 2 and 1 at once, 4 from 3 after 5.
    #[test]
    fn a_fact_is_used_when_the_step_that_rests_on_it_is_done() {
        let mut rules = Rules::new();
        rules.push([0], 2);
        rules.push([2, 1], 3);
        rules.push([3], 4);
        let index = RuleIndex::new(6, rules);
        let used = use_seconds(&index, &[10, 0, 5], &[0, 0, 10, 10, 15, NEVER], &[]);
        assert_eq!(used, [10, 15, 15, 15, NEVER, NEVER]);
        let used = use_seconds(&index, &[10, 0, 5], &[0, 0, 10, 10, 15, NEVER], &[4, 5]);
        assert_eq!(used, [10, 15, 15, 15, 15, NEVER]);
    }

    #[test]
    fn what_cannot_begin_uses_nothing_up() {
        let mut rules = Rules::new();
        rules.push([0, 1], 2);
        let index = RuleIndex::new(3, rules);
        assert_eq!(use_seconds(&index, &[7], &[0, NEVER, NEVER], &[2]), [NEVER; 3]);
    }
}

//! The race: by when a base fact must be gone to matter.
//!
//! A step is an act that takes time with all that holds meanwhile: who logs on with an account over a network path uses
//! account, membership, right and path until the logon is done. So a base fact is *used* when the first step that
//! rests on it is done, rules that take no time belonging to the step that follows; a withdrawal that takes effect
//! by then stops the step. One use time for each fact, the earliest over all derivations, keeps this on the safe side:
//! a withdrawal may count for less than it would do, never for more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::Rules;

/// Never used.
pub(super) const NEVER: u32 = u32::MAX;

/// The second by which each fact is first used up, by fact. `arrival` is the earliest arrival of each derived fact
/// with nothing withdrawn ([`NEVER`] if not reached, 0 for base facts), `goals` are facts that count as used on
/// arrival.
pub(super) fn use_seconds(rules: &Rules, seconds: &[u32], arrival: &[u32], goals: &[u32]) -> Vec<u32> {
    let mut used = vec![NEVER; arrival.len()];
    let mut into: Vec<Vec<u32>> = vec![Vec::new(); arrival.len()];
    let mut heap: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    let at = |fact: u32| arrival.get(fact as usize).copied().unwrap_or(NEVER);
    let relax = |used: &mut Vec<u32>, heap: &mut BinaryHeap<Reverse<(u32, u32)>>, fact: u32, when: u32| {
        if let Some(slot) = used.get_mut(fact as usize).filter(|slot| when < **slot) {
            *slot = when;
            heap.push(Reverse((when, fact)));
        }
    };
    for rule in 0..rules.len() {
        let start = rules.body(rule).iter().map(|&fact| at(fact)).max().unwrap_or(0);
        let takes = seconds.get(rule).copied().unwrap_or(0);
        let head = rules.heads.get(rule).copied().unwrap_or(NEVER);
        if start == NEVER {
            continue;
        }
        if takes > 0 {
            for &premise in rules.body(rule) {
                relax(&mut used, &mut heap, premise, start.saturating_add(takes));
            }
        } else if let Some(list) = into.get_mut(head as usize) {
            list.push(rule as u32);
        }
    }
    for &goal in goals {
        if at(goal) != NEVER && at(goal) > 0 {
            relax(&mut used, &mut heap, goal, at(goal));
        }
    }
    while let Some(Reverse((when, fact))) = heap.pop() {
        if used.get(fact as usize).is_none_or(|best| when > *best) {
            continue;
        }
        for &rule in into.get(fact as usize).map_or(&[][..], Vec::as_slice) {
            let body = rules.body(rule as usize);
            let start = body.iter().map(|&premise| at(premise)).max().unwrap_or(0);
            for &premise in body {
                relax(&mut used, &mut heap, premise, when.max(start));
            }
        }
    }
    used
}

//! Derivations made irreducible: no column of a row can be spared.
//!
//! A row holds for every choice, so it may be tried under any. With every column withdrawn but those of a row, the target can still
//! be derived; as long as it can be with one more withdrawn, that one is not needed, and the row that is found then lies in this one.

use super::{Derived, Instance, Oracle};
use crate::kernel::Lists;

/// The same with the rows of targets that must be kept made irreducible.
pub(super) fn minimal(instance: &Instance, oracle: &mut dyn Oracle, derived: Derived) -> Derived {
    let mut smaller: Vec<Option<Vec<u32>>> = vec![None; derived.sets.len()];
    for &(target, set) in &derived.found {
        let is_hard = instance.targets.get(target as usize) == Some(&None);
        if let Some(slot) = smaller
            .get_mut(set as usize)
            .filter(|slot| is_hard && slot.is_none())
        {
            *slot = Some(irreducible(instance, oracle, target, derived.sets.of(set)));
        }
    }
    let mut sets = Lists::default();
    for (set, smaller) in derived.sets.iter().zip(smaller) {
        sets.push(smaller.unwrap_or_else(|| set.to_vec()));
    }
    Derived { sets, ..derived }
}

fn irreducible(instance: &Instance, oracle: &mut dyn Oracle, target: u32, set: &[u32]) -> Vec<u32> {
    let mut row = set.to_vec();
    let mut withdrawn = vec![true; instance.columns.len()];
    let withdraw = |withdrawn: &mut Vec<bool>, column: u32, to: bool| {
        if let Some(flag) = withdrawn.get_mut(column as usize) {
            *flag = to;
        }
    };
    set.iter()
        .for_each(|&column| withdraw(&mut withdrawn, column, false));
    for &column in set {
        if row.binary_search(&column).is_err() {
            continue;
        }
        withdraw(&mut withdrawn, column, true);
        let found = oracle.derive(&withdrawn, true);
        let place = found.found.binary_search_by_key(&target, |(target, _)| *target);
        let Some((_, set)) = place.ok().and_then(|place| found.found.get(place)) else {
            withdraw(&mut withdrawn, column, false);
            continue;
        };
        let smaller = found.sets.of(*set);
        row.iter()
            .filter(|column| smaller.binary_search(column).is_err())
            .for_each(|&column| withdraw(&mut withdrawn, column, true));
        row = smaller.to_vec();
    }
    row
}

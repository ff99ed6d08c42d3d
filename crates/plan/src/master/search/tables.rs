//! Tables of numbers and lists by index; what is not there is nothing.

use crate::kernel::Lists;

pub(super) fn get(table: &Lists<u32>, index: u32) -> &[u32] {
    table.of(index)
}

pub(super) fn value(table: &[i64], index: u32) -> i64 {
    table.get(index as usize).copied().unwrap_or(0)
}

pub(super) fn bump(table: &mut [u32], index: u32, by: i32) {
    if let Some(slot) = table.get_mut(index as usize) {
        *slot = slot.saturating_add_signed(by);
    }
}

pub(super) fn set(flags: &mut [bool], index: u32, to: bool) {
    if let Some(flag) = flags.get_mut(index as usize) {
        *flag = to;
    }
}

pub(super) fn inverse<'a>(lists: impl Iterator<Item = &'a [u32]> + Clone, size: usize) -> Lists<u32> {
    let numbered = (0..).zip(lists);
    Lists::grouped(
        size,
        numbered.flat_map(|(index, list)| list.iter().map(move |&item| (item, index))),
    )
}

/// True if every item of one ascending list is in the other.
pub(super) fn is_subset(one: &[u32], other: &[u32]) -> bool {
    let mut rest = other.iter();
    one.iter().all(|item| rest.any(|candidate| candidate == item))
}

/// Removes rows that contain another one, and repeats; too many rows are left as they are.
pub(super) fn drop_dominated(rows: &mut Vec<Vec<u32>>) {
    rows.sort_unstable_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    rows.dedup();
    if rows.len() > crate::limits::DOMINATED_ROWS_MAX {
        return;
    }
    let mut kept: Vec<Vec<u32>> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        if !kept.iter().any(|small| is_subset(small, &row)) {
            kept.push(row);
        }
    }
    *rows = kept;
}

//! Tables of numbers and lists by index; what is not there is nothing.

pub(super) fn get(table: &[Vec<u32>], index: u32) -> &[u32] {
    table.get(index as usize).map_or(&[], Vec::as_slice)
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

pub(super) fn inverse(lists: &[Vec<u32>], size: usize) -> Vec<Vec<u32>> {
    let mut inverse = vec![Vec::new(); size];
    for (index, list) in lists.iter().enumerate() {
        for &item in list {
            if let Some(slot) = inverse.get_mut(item as usize) {
                slot.push(index as u32);
            }
        }
    }
    inverse
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

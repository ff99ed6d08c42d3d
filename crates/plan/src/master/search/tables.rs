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
pub(in crate::master) fn is_subset(one: &[u32], other: &[u32]) -> bool {
    let mut rest = other.iter();
    one.iter().all(|item| rest.any(|candidate| candidate == item))
}

/// Rows in the order of their length, then of what they hold, each once.
pub(super) fn sorted(rows: &Lists<u32>) -> Lists<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    if !rows.iter().is_sorted() {
        order.sort_unstable_by_key(|&row| rows.of(row));
    }
    order.dedup_by_key(|row| rows.of(*row));
    order.sort_by_key(|&row| rows.of(row).len());
    picked(rows, &order)
}

fn picked(rows: &Lists<u32>, picked: &[u32]) -> Lists<u32> {
    let mut list = Lists::with_room(picked.len(), rows.items());
    for &row in picked {
        list.push(rows.of(row).iter().copied());
    }
    list
}

/// Of sorted rows those that contain no other one; too many rows are left as they are.
///
/// Every row that is kept is filed under its rarest column, so that a row meets only those few that might lie in it.
pub(super) fn without_dominated(rows: Lists<u32>) -> Lists<u32> {
    if rows.len() > crate::limits::DOMINATED_ROWS_MAX {
        return rows;
    }
    if rows.iter().next().is_some_and(<[u32]>::is_empty) {
        return picked(&rows, &[0]);
    }
    let columns = rows.iter().flatten().max();
    let columns = columns.map_or(0, |column| *column as usize + 1);
    let mut often = vec![0_u32; columns];
    let all = rows.iter().flatten();
    all.for_each(|&column| bump(&mut often, column, 1));
    let mut filed: Vec<Vec<u32>> = vec![Vec::new(); columns];
    let mut kept: Vec<u32> = Vec::with_capacity(rows.len());
    for (number, row) in (0..).zip(rows.iter()) {
        let filed_under = |column: &u32| filed.get(*column as usize).into_iter().flatten();
        let mut small = row.iter().flat_map(filed_under);
        if small.any(|&small| is_subset(rows.of(small), row)) {
            continue;
        }
        let rarest = row.iter().min_by_key(|column| often.get(**column as usize));
        let file = rarest.and_then(|column| filed.get_mut(*column as usize));
        file.into_iter().for_each(|file| file.push(number));
        kept.push(number);
    }
    picked(&rows, &kept)
}

#[cfg(test)]
mod tests {
    use super::{is_subset, sorted, without_dominated};
    use crate::kernel::Lists;

    /// Every row beside every other one.
    fn plainly(rows: &[Vec<u32>]) -> Vec<Vec<u32>> {
        let mut rows = rows.to_vec();
        rows.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        rows.dedup();
        let all = rows.clone();
        rows.retain(|row| all.iter().all(|other| other == row || !is_subset(other, row)));
        rows
    }

    #[test]
    fn what_is_left_are_the_rows_that_contain_no_other() {
        let mut state = 1_u64;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % bound) as u32
        };
        let mut fewer = 0;
        for _ in 0..500 {
            let count = below(30);
            let mut rows: Vec<Vec<u32>> = Vec::new();
            for _ in 0..count {
                let is_empty = below(200) == 0;
                let (most, mut row) = (if is_empty { 0 } else { 1 + below(5) }, Vec::new());
                row.extend((0..most).map(|_| below(12)));
                row.sort_unstable();
                row.dedup();
                rows.push(row);
            }
            let wanted = plainly(&rows);
            fewer += u32::from(wanted.len() < rows.len() && !wanted.iter().any(Vec::is_empty));
            let lists: Lists<u32> = rows.into_iter().collect();
            let kept = without_dominated(sorted(&lists));
            assert_eq!(kept, wanted.into_iter().collect());
        }
        assert!(fewer > 50, "only {fewer} had rows to leave out");
    }
}

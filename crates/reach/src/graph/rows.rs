//! Rows of an array: everything that belongs to one key lies together (compressed sparse rows).

/// Stable counting sort: the start of each row, and the place of each item in the order given.
/// Keys must be below `rows`.
pub(crate) fn group_by(rows: usize, keys: impl Iterator<Item = u32> + Clone) -> (Vec<u32>, Vec<u32>) {
    let starts = count(rows, keys.clone());
    let mut next = starts.clone();
    let places = keys.map(|key| take(&mut next, key)).collect();
    (starts, places)
}

/// The start of each row and the end of the last, from the keys of all items.
pub(crate) fn count(rows: usize, keys: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0; rows + 1];
    for key in keys {
        bump(&mut starts, key);
    }
    sum(&mut starts);
    starts
}

/// Counts one item of a row; [`sum`] then turns the counts into starts.
pub(crate) fn bump(counts: &mut [u32], key: u32) {
    if let Some(slot) = counts.get_mut(key as usize + 1) {
        *slot += 1;
    }
}

/// Turns counts into starts.
pub(crate) fn sum(counts: &mut [u32]) {
    let mut total = 0;
    for slot in counts {
        total += *slot;
        *slot = total;
    }
}

/// Takes the next free place of a row.
pub(crate) fn take(next: &mut [u32], key: u32) -> u32 {
    next.get_mut(key as usize).map_or(u32::MAX, |slot| {
        let place = *slot;
        *slot += 1;
        place
    })
}

/// The items of a row; empty for a row that does not exist.
#[inline]
pub(crate) fn row<'items, T>(starts: &[u32], items: &'items [T], row: usize) -> &'items [T] {
    match (starts.get(row), starts.get(row + 1)) {
        (Some(start), Some(end)) => items.get(*start as usize..*end as usize).unwrap_or(&[]),
        _ => &[],
    }
}

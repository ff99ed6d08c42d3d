//! "Did you mean": the nearest of some names by edit distance.

/// Longest name that is compared, in characters: the work grows with the square.
const LENGTH_MAX: usize = 64;

/// The name nearest to `wanted`, if it is near enough to be a slip of the pen; the first of equals.
#[must_use]
pub fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().collect();
    if wanted.len() > LENGTH_MAX {
        return None;
    }
    let mut best = (wanted.len() / 3 + 1, None);
    for name in names.filter(|name| name.len() <= LENGTH_MAX) {
        let candidate: Vec<char> = name.to_lowercase().chars().collect();
        if candidate.len().abs_diff(wanted.len()) > best.0 {
            continue;
        }
        let far = distance(&wanted, &candidate);
        if far < best.0 || (far == best.0 && best.1.is_none()) {
            best = (far, Some(name));
        }
    }
    best.1
}

/// Edits (insert, delete, replace, swap neighbours) from one to the other (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&row, j + 1) + 1)
                .min(at(&next, j) + 1)
                .min(at(&row, j) + usize::from(a != b));
            let swapped = i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["requires", "protected", "people", "zone"];
        assert_eq!(nearest("require", names.into_iter()), Some("requires"));
        assert_eq!(nearest("Protcted", names.into_iter()), Some("protected"));
        assert_eq!(nearest("poeple", names.into_iter()), Some("people"));
        assert_eq!(nearest("colour", names.into_iter()), None);
        assert_eq!(distance(&['a', 'b'], &['b', 'a']), 1);
        assert_eq!(distance(&[], &['b', 'a']), 2);
    }
}

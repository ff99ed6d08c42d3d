//! The literals of values met before.
//!
//! Logs repeat themselves: the same programs, keys and libraries come again and again. What was found in a value is kept
//! for the next time, in a table of fixed size in which a newcomer takes the place of whoever is there.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::limits::{MEMO_ENTRIES, MEMO_TEXT_BYTES_MAX};
use super::literals::LiteralId;
use super::program::SlotId;

/// Whose literals: the route and its slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) route: u32,
    pub(super) slot: SlotId,
}

#[derive(Debug, Default)]
struct Entry {
    hash: u64,
    owner: Owner,
    text: String,
    literals: Vec<LiteralId>,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Empty until the first value comes.
    entries: Vec<Entry>,
}

/// A place in the table for a value that is not there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vacancy {
    hash: u64,
    owner: Owner,
}

impl Memo {
    /// The literals of a value, or where to put them; neither for a value too long to be kept.
    pub(super) fn find(&self, owner: Owner, text: &str) -> Result<&[LiteralId], Option<Vacancy>> {
        if text.len() > MEMO_TEXT_BYTES_MAX {
            return Err(None);
        }
        let hash = hash(owner, text);
        match self.entries.get(place(hash)) {
            Some(entry) if entry.hash == hash && entry.owner == owner && entry.text == text => {
                Ok(&entry.literals)
            }
            _ => Err(Some(Vacancy { hash, owner })),
        }
    }

    /// Keeps the literals of a value.
    pub(super) fn keep(&mut self, vacancy: Vacancy, text: &str, literals: &[LiteralId]) {
        if self.entries.is_empty() {
            self.entries.resize_with(MEMO_ENTRIES, Entry::default);
        }
        if let Some(entry) = self.entries.get_mut(place(vacancy.hash)) {
            entry.hash = vacancy.hash;
            entry.owner = vacancy.owner;
            entry.text.clear();
            entry.text.push_str(text);
            entry.literals.clear();
            entry.literals.extend_from_slice(literals);
        }
    }
}

fn place(hash: u64) -> usize {
    (hash >> 32) as usize % MEMO_ENTRIES
}

fn hash(owner: Owner, text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(owner.route);
    hasher.write_u32(owner.slot.0);
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_for_its_owner_only() {
        let mut memo = Memo::default();
        let owner = Owner {
            route: 1,
            slot: SlotId(2),
        };
        let Err(Some(vacancy)) = memo.find(owner, "cmd.exe") else {
            panic!("found in an empty table");
        };
        memo.keep(vacancy, "cmd.exe", &[LiteralId(7)]);
        assert_eq!(memo.find(owner, "cmd.exe").unwrap(), [LiteralId(7)]);
        assert!(memo.find(owner, "cmd.exE").is_err());
        assert!(memo.find(Owner { route: 2, ..owner }, "cmd.exe").is_err());
    }

    #[test]
    fn a_long_value_is_not_kept() {
        let text = "x".repeat(MEMO_TEXT_BYTES_MAX + 1);
        assert!(matches!(Memo::default().find(Owner::default(), &text), Err(None)));
    }
}

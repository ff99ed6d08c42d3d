//! All texts that the rules of a log source look for in one field, found in one pass over the field.
//!
//! Most of what rules ask is whether a field contains, starts with, ends with or equals one of some texts. Each such
//! question is a *literal*. One automaton per field (Aho and Corasick, "Efficient string matching", CACM 1975) finds
//! what may stand anywhere, a tree of letters what must stand at the start, and another, read backwards, what must stand
//! at the end; an engine that tries rule after rule folds and searches the field again and again.

use rustc_hash::FxHashMap;

use super::automaton::Automaton;
use super::limits::{AUTOMATON_NEEDLES_MAX, SIEVED_BYTES_MIN};
use super::sieve::Sieve;
use super::trie::Trie;

/// A literal among those of one log source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LiteralId(pub(super) u32);

impl LiteralId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where in the field the needle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    Anywhere,
    Start,
    End,
}

/// The literals of one field while rules are being compiled.
#[derive(Debug, Default)]
pub(super) struct LiteralDraft {
    needles: FxHashMap<String, Vec<(Position, LiteralId)>>,
    wholes: FxHashMap<String, LiteralId>,
    numbers: FxHashMap<i64, LiteralId>,
}

impl LiteralDraft {
    /// The literal of a folded, non-empty needle; `next` numbers a new one.
    pub(super) fn needle(&mut self, needle: &str, position: Position, next: &mut u32) -> LiteralId {
        let known = self.needles.get_mut(needle);
        if let Some((_, id)) = known
            .iter()
            .flat_map(|known| known.iter())
            .find(|(own, _)| *own == position)
        {
            return *id;
        }
        let id = number(next);
        match known {
            Some(known) => known.push((position, id)),
            None => drop(self.needles.insert(needle.to_owned(), vec![(position, id)])),
        }
        id
    }

    /// The literal of a whole folded value.
    pub(super) fn whole(&mut self, text: &str, next: &mut u32) -> LiteralId {
        if let Some(known) = self.wholes.get(text) {
            return *known;
        }
        let id = number(next);
        self.wholes.insert(text.to_owned(), id);
        id
    }

    /// The literal of a value that is this number, written as one or as text.
    pub(super) fn number(&mut self, value: i64, next: &mut u32) -> LiteralId {
        *self.numbers.entry(value).or_insert_with(|| number(next))
    }

    /// Each literal with the length of its text. A whole value is rarer than a text of its length.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (LiteralId, usize)> + '_ {
        let needles = self
            .needles
            .iter()
            .flat_map(|(needle, literals)| literals.iter().map(move |(_, id)| (*id, needle.len())));
        let wholes = self.wholes.iter().map(|(text, id)| (*id, text.len() + 4));
        needles.chain(wholes)
    }

    /// The needles, in no order.
    pub(super) fn needles(&self) -> impl Iterator<Item = &str> + '_ {
        self.needles.keys().map(String::as_str)
    }

    pub(super) fn compile(self) -> Literals {
        let (mut needles, mut patterns) = (Vec::new(), Vec::new());
        let (mut starts, mut ends) = (Trie::default(), Trie::default());
        for (needle, literals) in self.needles {
            let mut anywhere = None;
            for (position, id) in literals {
                match position {
                    Position::Start => starts.insert(needle.bytes(), id),
                    Position::End => ends.insert(needle.bytes().rev(), id),
                    Position::Anywhere => anywhere = Some(id),
                }
            }
            if let Some(id) = anywhere {
                needles.push(needle);
                patterns.push(id);
            }
        }
        Literals {
            whole_lengths: lengths_of(self.wholes.keys()),
            sieve: Sieve::new(needles.iter().map(String::as_str)),
            automata: needles
                .chunks(AUTOMATON_NEEDLES_MAX)
                .zip(patterns.chunks(AUTOMATON_NEEDLES_MAX))
                .map(|(needles, patterns)| (Automaton::new(needles.to_vec()), patterns.into()))
                .collect(),
            starts,
            ends,
            wholes: self.wholes,
            numbers: self.numbers,
        }
    }
}

/// Whether there is a text of each length.
fn lengths_of<'a>(texts: impl Iterator<Item = &'a String> + Clone) -> Box<[bool]> {
    let longest = texts.clone().map(String::len).max();
    let mut lengths = vec![false; longest.map_or(0, |longest| longest + 1)];
    for text in texts {
        if let Some(length) = lengths.get_mut(text.len()) {
            *length = true;
        }
    }
    lengths.into_boxed_slice()
}

fn number(next: &mut u32) -> LiteralId {
    let id = LiteralId(*next);
    *next = next.saturating_add(1);
    id
}

/// The literals of one field.
#[derive(Debug)]
pub(super) struct Literals {
    sieve: Sieve,
    /// Each with its literals by pattern; one, but for thousands of needles.
    automata: Vec<(Automaton, Box<[LiteralId]>)>,
    starts: Trie,
    ends: Trie,
    wholes: FxHashMap<String, LiteralId>,
    whole_lengths: Box<[bool]>,
    numbers: FxHashMap<i64, LiteralId>,
}

impl Literals {
    /// Whether a value need not be looked at.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_text() && self.numbers.is_empty()
    }

    /// Reports every literal that holds of a text. `folded` is room to work in.
    pub(super) fn scan(&self, text: &str, folded: &mut String, found: &mut impl FnMut(LiteralId)) {
        let text = if text.is_ascii() {
            text
        } else {
            *folded = text.to_lowercase();
            folded.as_str()
        };
        if text.len() < SIEVED_BYTES_MIN || self.sieve.may_hold(text) {
            for (automaton, patterns) in &self.automata {
                automaton.find(text, &mut |needle| {
                    let id = patterns.get(needle).copied();
                    id.into_iter().for_each(&mut *found);
                });
            }
        }
        self.starts.walk(text.bytes(), found);
        self.ends.walk(text.bytes().rev(), found);
        if self.whole_lengths.get(text.len()) == Some(&true) {
            let id = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                self.wholes.get(text.to_ascii_lowercase().as_str())
            } else {
                self.wholes.get(text)
            };
            id.copied().into_iter().for_each(&mut *found);
        }
        if !self.numbers.is_empty()
            && let Ok(value) = text.parse::<f64>()
        {
            self.scan_float(value, found);
        }
    }

    /// Reports the number literals of a value that is a number; its digits may hold other literals.
    pub(super) fn scan_number(&self, value: i64, found: &mut impl FnMut(LiteralId)) {
        if let Some(id) = self.numbers.get(&value) {
            found(*id);
        }
    }

    /// rsigma takes two numbers as equal if they differ by less than the machine epsilon.
    fn scan_float(&self, value: f64, found: &mut impl FnMut(LiteralId)) {
        let rounded = value.round();
        let whole = (value - rounded).abs() < f64::EPSILON && rounded.abs() < 9e15;
        if whole && let Some(id) = self.numbers.get(&(rounded as i64)) {
            found(*id);
        }
    }

    /// Whether literals other than numbers are looked for.
    pub(super) fn has_text(&self) -> bool {
        !self.automata.is_empty()
            || !self.wholes.is_empty()
            || !self.starts.is_empty()
            || !self.ends.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_position_is_told_apart() {
        let mut draft = LiteralDraft::default();
        let mut next = 0;
        let anywhere = draft.needle("cmd", Position::Anywhere, &mut next);
        let start = draft.needle("cmd", Position::Start, &mut next);
        let end = draft.needle("cmd", Position::End, &mut next);
        let whole = draft.whole("cmd", &mut next);
        let literals = draft.compile();
        let scan = |text: &str| {
            let mut found = Vec::new();
            literals.scan(text, &mut String::new(), &mut |id| found.push(id));
            found.sort_unstable();
            found.dedup();
            found
        };
        assert_eq!(scan("x CMD y"), [anywhere]);
        assert_eq!(scan("Cmd /c"), [anywhere, start]);
        assert_eq!(scan("É cmd"), [anywhere, end]);
        assert_eq!(scan("cMd"), [anywhere, start, end, whole]);
        assert_eq!(scan("c"), []);
    }

    #[test]
    fn more_needles_than_one_automaton_holds_are_all_found() {
        let mut draft = LiteralDraft::default();
        let mut next = 0;
        let ids: Vec<LiteralId> = (0..AUTOMATON_NEEDLES_MAX + 50)
            .map(|number| draft.needle(&format!("<{number}>"), Position::Anywhere, &mut next))
            .collect();
        let literals = draft.compile();
        for number in [0, AUTOMATON_NEEDLES_MAX - 1, AUTOMATON_NEEDLES_MAX, ids.len() - 1] {
            let mut found = Vec::new();
            literals.scan(&format!("x<{number}>y"), &mut String::new(), &mut |id| {
                found.push(id)
            });
            assert_eq!(found, [ids[number]]);
        }
    }

    #[test]
    fn a_number_is_found_as_text_too() {
        let mut draft = LiteralDraft::default();
        let id = draft.number(4688, &mut 0);
        let literals = draft.compile();
        let mut found = Vec::new();
        literals.scan("4688", &mut String::new(), &mut |id| found.push(id));
        literals.scan("4688.0", &mut String::new(), &mut |id| found.push(id));
        literals.scan("04689", &mut String::new(), &mut |id| found.push(id));
        literals.scan_number(4688, &mut |id| found.push(id));
        assert_eq!(found, [id, id, id]);
    }
}

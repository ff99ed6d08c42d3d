//! The needles that may stand anywhere in a field, found in one pass, by an automaton that is built when it pays.
//!
//! An automaton of some thousand needles reads a byte in one step but takes tens of milliseconds to build, and most fields that
//! rules name are met rarely or never in a short log. So needles are at first found by their [`Fragments`], which are
//! there at once, and the automaton is built when enough has been read that way.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::fragments::Fragments;
use super::limits::{DENSE_NEEDLES_MAX, FRAGMENT_BYTES_MAX};

/// Finds needles in texts. Threads may share it.
#[derive(Debug)]
pub(super) struct Automaton {
    /// Folded; letters of ASCII are found in either case.
    needles: Box<[String]>,
    fragments: OnceLock<Fragments>,
    built: OnceLock<Option<AhoCorasick>>,
    /// Bytes read through the fragments.
    read_bytes: AtomicUsize,
}

impl Automaton {
    /// For folded, non-empty needles.
    pub(super) fn new(needles: Vec<String>) -> Self {
        Self {
            needles: needles.into_boxed_slice(),
            fragments: OnceLock::new(),
            built: OnceLock::new(),
            read_bytes: AtomicUsize::new(0),
        }
    }

    /// Whether there is anything to find.
    pub(super) const fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Reports every needle in a text by its number, once for each place where it stands.
    pub(super) fn find(&self, text: &str, found: &mut impl FnMut(usize)) {
        if self.is_empty() {
            return;
        }
        if let Some(automaton) = self.automaton(text.len()) {
            for hit in automaton.find_overlapping_iter(text) {
                found(hit.pattern().as_usize());
            }
        } else {
            self.fragments
                .get_or_init(|| Fragments::new(&self.needles))
                .find(&self.needles, text, found);
        }
    }

    /// The automaton, once it pays; none too if it would be larger than the library allows.
    fn automaton(&self, bytes: usize) -> Option<&AhoCorasick> {
        if let Some(built) = self.built.get() {
            return built.as_ref();
        }
        // Threads may lose some of each other's bytes: the number only says when it pays.
        let read = self.read_bytes.load(Ordering::Relaxed).saturating_add(bytes);
        self.read_bytes.store(read, Ordering::Relaxed);
        if read <= FRAGMENT_BYTES_MAX {
            return None;
        }
        self.built.get_or_init(|| build(&self.needles)).as_ref()
    }
}

fn build(needles: &[String]) -> Option<AhoCorasick> {
    let build = |kind| {
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(kind))
            .build(needles)
            .ok()
    };
    let dense = needles.len() <= DENSE_NEEDLES_MAX;
    let kind = if dense {
        AhoCorasickKind::DFA
    } else {
        AhoCorasickKind::ContiguousNFA
    };
    build(kind).or_else(|| build(AhoCorasickKind::NoncontiguousNFA))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(automaton: &Automaton, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        automaton.find(text, &mut |needle| found.push(needle));
        found.sort_unstable();
        found
    }

    #[test]
    fn nothing_is_built_for_a_few_texts() {
        let automaton = Automaton::new(vec!["whoami".into(), "am".into()]);
        assert!(automaton.fragments.get().is_none());
        assert_eq!(all(&automaton, "cmd /c WhoAmI"), [0, 1]);
        assert!(automaton.built.get().is_none());
    }

    #[test]
    fn the_automaton_finds_what_the_fragments_found() {
        let needles = ["he", "she", "hers", "\\cmd", "é", "a", "aa"];
        let automaton = Automaton::new(needles.map(str::to_owned).to_vec());
        let texts = ["usHers", "C:\\CMD.exe", "nothing", "sheSHE", "", "é she", "aAa"];
        let before: Vec<_> = texts.iter().map(|text| all(&automaton, text)).collect();
        assert_eq!(all(&automaton, &"x".repeat(FRAGMENT_BYTES_MAX + 1)), [0_usize; 0]);
        let after: Vec<_> = texts.iter().map(|text| all(&automaton, text)).collect();
        assert!(automaton.built.get().is_some());
        assert_eq!(before, after);
        assert_eq!(after.first().map(Vec::as_slice), Some(&[0, 1, 2][..]));
    }

    #[test]
    fn without_needles_nothing_is_found_nor_built() {
        let automaton = Automaton::new(Vec::new());
        assert_eq!(all(&automaton, "anything"), [0_usize; 0]);
        assert!(automaton.fragments.get().is_none());
    }
}

//! Whether any of a few texts may stand anywhere in a record, told at many bytes a step.
//!
//! Keyword rules look through every text of every record, and nearly always in vain; so do rules of call traces and
//! scripts, through long texts. The sieve takes the rarest three
//! letters of each needle, in every spelling of upper and lower case, and searches the whole record for all of them at
//! once with vector instructions (the algorithm Teddy, in `aho-corasick`). Only if one is found are the needles
//! themselves looked for.

use std::collections::BTreeSet;

use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::limits::SIEVE_FRAGMENTS_MAX;

/// Letters of a needle that are searched for.
pub(super) const FRAGMENT: usize = 3;

#[derive(Debug)]
pub(super) struct Sieve(Option<Searcher>);

impl Sieve {
    /// A sieve for folded needles; one that lets everything through if they are too many or too short.
    pub(super) fn new<'a>(needles: impl Iterator<Item = &'a str>) -> Self {
        let mut fragments = BTreeSet::new();
        for needle in needles {
            // What folds to a letter of ASCII is not only the letter (the Kelvin sign folds to k); what does not fold
            // is safe.
            match rarest(needle.as_bytes()) {
                Some(fragment) => spell(fragment, &mut fragments),
                None => return Self(None),
            }
            if fragments.len() > SIEVE_FRAGMENTS_MAX {
                return Self(None);
            }
        }
        if fragments.is_empty() {
            return Self(None);
        }
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(fragments.iter().map(Vec::as_slice));
        Self(builder.build())
    }

    /// False if none of the needles stands in the text.
    pub(super) fn may_hold(&self, text: &str) -> bool {
        match &self.0 {
            Some(searcher) => searcher.find(text).is_some() || !text.is_ascii(),
            None => true,
        }
    }
}

/// The three neighbouring bytes that are guessed to be the rarest in logs.
fn rarest(needle: &[u8]) -> Option<&[u8]> {
    needle
        .windows(FRAGMENT)
        .filter(|window| window.is_ascii())
        .min_by_key(|window| window.iter().map(|byte| commonness(*byte)).sum::<u32>())
}

/// How often a byte is met in logs, by guess: more is more often.
pub(super) fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 5,
        b'j' | b'k' | b'q' | b'v' | b'w' | b'x' | b'y' | b'z' => 3,
        b'.' | b'\\' | b'-' | b'/' | b'a'..=b'z' | b'0'..=b'9' => 4,
        _ => 1,
    }
}

/// Adds every spelling of a folded fragment.
fn spell(fragment: &[u8], spellings: &mut BTreeSet<Vec<u8>>) {
    let mut all = vec![Vec::with_capacity(FRAGMENT)];
    for byte in fragment {
        let upper = byte.to_ascii_uppercase();
        let mut next = all.clone();
        next.iter_mut().for_each(|spelling| spelling.push(*byte));
        if upper != *byte {
            all.iter_mut().for_each(|spelling| spelling.push(upper));
            next.append(&mut all);
        }
        all = next;
    }
    spellings.extend(all);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_in_any_spelling_is_let_through() {
        let sieve = Sieve::new(["sekurlsa::", "kiwi legit"].into_iter());
        for text in ["x SeKuRlSa::logonpasswords", "KIWI LEGIT printer", "kiwi legit"] {
            assert!(sieve.may_hold(text), "{text}");
        }
        assert!(
            !sieve.may_hold("The Windows Filtering Platform has permitted a connection: fe80::1 and others")
        );
    }

    #[test]
    fn a_letter_that_folds_to_ascii_is_let_through() {
        let sieve = Sieve::new(["kiwi legit"].into_iter());
        assert!(sieve.may_hold("\u{212a}iwi legit"));
    }

    #[test]
    fn a_needle_too_short_lets_everything_through() {
        assert!(Sieve::new(["::"].into_iter()).may_hold("nothing"));
    }
}

//! Needles found by a fragment of three bytes: built at once, for texts too few to build an automaton for.
//!
//! Each needle is filed under its rarest three neighbouring bytes. A text is read fragment by fragment, and only the
//! needles filed under a fragment are compared with what stands around it (after Wu and Manber, "A fast algorithm for
//! multi-pattern searching", 1994, without its shifts).

use super::sieve::{FRAGMENT, commonness};

/// A needle under its fragment.
#[derive(Clone, Copy, Debug)]
struct Filed {
    needle: u32,
    /// Where in the needle the fragment stands.
    offset: u32,
}

/// Folded needles by fragment.
#[derive(Debug)]
pub(super) struct Fragments {
    /// Of a fragment's number, from where in `filed` its needles lie; those of the next number follow.
    starts: Box<[u32]>,
    filed: Box<[Filed]>,
    /// Needles too short to have a fragment, by their first byte; empty if there are none.
    short: Box<[Vec<u32>]>,
    /// How many bits a fragment's number has.
    bits: u32,
    /// One bit for each of several values of a longer number, set where a needle has it: small enough for the nearest
    /// cache, and nearly every fragment of a text ends here.
    sifter: Box<[u64]>,
}

/// Fewest and most bits of a fragment's number: 64 places and 16,384.
const BITS: std::ops::RangeInclusive<u32> = 6..=14;

/// Bits that the number for the sifter has more.
const SIFTED_BITS: u32 = 3;

impl Fragments {
    pub(super) fn new(needles: &[String]) -> Self {
        let wanted = (needles.len() * 2).next_power_of_two().trailing_zeros();
        let bits = wanted.clamp(*BITS.start(), *BITS.end());
        let mut short: Vec<Vec<u32>> = Vec::new();
        let mut numbered = Vec::with_capacity(needles.len());
        let mut sifter = vec![0_u64; 1 << (bits + SIFTED_BITS - u64::BITS.trailing_zeros())];
        for (needle, text) in (0_u32..).zip(needles) {
            match rarest(text.as_bytes()) {
                Some((offset, fragment)) => {
                    let folded = fragment.iter().fold(0, push_folded);
                    numbered.push((number(folded, bits), Filed { needle, offset }));
                    let (word, bit) = sifted(folded, bits);
                    if let Some(word) = sifter.get_mut(word) {
                        *word |= bit;
                    }
                }
                None => file_short(&mut short, needle, text),
            }
        }
        numbered.sort_unstable_by_key(|(number, filed)| (*number, filed.needle));
        let mut starts = vec![0; (1 << bits) + 1];
        for (number, _) in &numbered {
            if let Some(next) = starts.get_mut(*number + 1) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            starts: starts.into_boxed_slice(),
            filed: numbered.into_iter().map(|(_, filed)| filed).collect(),
            short: short.into_boxed_slice(),
            bits,
            sifter: sifter.into_boxed_slice(),
        }
    }

    /// Reports every needle in a text by its position in `needles`, once for each place where it stands. The needles
    /// are those that this was made for.
    pub(super) fn find(&self, needles: &[String], text: &str, found: &mut impl FnMut(usize)) {
        let bytes = text.as_bytes();
        let (first, rest) = bytes.split_at(bytes.len().min(FRAGMENT - 1));
        let mut folded = first.iter().fold(0, push_folded);
        for (at, byte) in rest.iter().enumerate() {
            folded = push_folded(folded, byte);
            let (word, bit) = sifted(folded, self.bits);
            if self.sifter.get(word).is_some_and(|word| word & bit != 0) {
                self.find_at(at, folded, needles, bytes, found);
            }
        }
        if !self.short.is_empty() {
            self.find_short(needles, bytes, found);
        }
    }

    fn find_short(&self, needles: &[String], bytes: &[u8], found: &mut impl FnMut(usize)) {
        for (at, byte) in bytes.iter().enumerate() {
            let first = usize::from(byte.to_ascii_lowercase());
            for short in self.short.get(first).into_iter().flatten() {
                let needle = needles.get(*short as usize).map_or("", String::as_str);
                let here = bytes.get(at..at + needle.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(needle.as_bytes())) {
                    found(*short as usize);
                }
            }
        }
    }

    /// Compares the needles filed under the fragment that stands at a place with what is around it.
    fn find_at(
        &self,
        at: usize,
        folded: u32,
        needles: &[String],
        bytes: &[u8],
        found: &mut impl FnMut(usize),
    ) {
        let number = number(folded, self.bits);
        let (Some(start), Some(end)) = (self.starts.get(number), self.starts.get(number + 1)) else {
            return;
        };
        for filed in self.filed.get(*start as usize..*end as usize).unwrap_or_default() {
            let needle = needles.get(filed.needle as usize).map_or("", String::as_str);
            let around = at
                .checked_sub(filed.offset as usize)
                .and_then(|from| bytes.get(from..)?.get(..needle.len()));
            if around.is_some_and(|around| around.eq_ignore_ascii_case(needle.as_bytes())) {
                found(filed.needle as usize);
            }
        }
    }
}

/// Files a needle under its first byte; an empty one stands nowhere.
fn file_short(short: &mut Vec<Vec<u32>>, needle: u32, text: &str) {
    short.resize(256, Vec::new());
    let first = text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    if let Some(own) = first.and_then(|first| short.get_mut(usize::from(first))) {
        own.push(needle);
    }
}

/// The rarest fragment and where it stands.
fn rarest(needle: &[u8]) -> Option<(u32, &[u8])> {
    (0..)
        .zip(needle.windows(FRAGMENT))
        .min_by_key(|(_, window)| window.iter().map(|byte| commonness(*byte)).sum::<u32>())
}

/// The last three bytes with one more, letters of ASCII as small ones.
fn push_folded(folded: u32, byte: &u8) -> u32 {
    (folded << 8 | u32::from(byte.to_ascii_lowercase())) & 0x00ff_ffff
}

/// The number of a folded fragment.
fn number(folded: u32, bits: u32) -> usize {
    (scattered(folded) >> (u32::BITS - bits)) as usize
}

/// Where the sifter has a folded fragment: a word and the bit in it.
fn sifted(folded: u32, bits: u32) -> (usize, u64) {
    let number = scattered(folded) >> (u32::BITS - bits - SIFTED_BITS);
    ((number / u64::BITS) as usize, 1 << (number % u64::BITS))
}

fn scattered(folded: u32) -> u32 {
    folded.wrapping_mul(0x9E37_79B1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(needles: &[&str], text: &str) -> Vec<usize> {
        let needles: Vec<String> = needles.iter().map(|needle| (*needle).to_owned()).collect();
        let mut found = Vec::new();
        Fragments::new(&needles).find(&needles, text, &mut |needle| found.push(needle));
        found.sort_unstable();
        found
    }

    #[test]
    fn needles_are_found_wherever_they_stand() {
        let needles = ["whoami", "am", "i", "who", "\\cmd.exe", "é?"];
        assert_eq!(all(&needles, "WhoAmI"), [0, 1, 2, 3]);
        assert_eq!(all(&needles, "c:\\windows\\CMD.EXE"), [2, 4]);
        assert_eq!(all(&needles, "é?"), [5]);
        assert_eq!(all(&needles, "wh"), [0_usize; 0]);
        assert_eq!(all(&needles, ""), [0_usize; 0]);
    }

    #[test]
    fn each_place_is_reported() {
        assert_eq!(all(&["aaa", "aa"], "aaaa"), [0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_needle_cut_off_by_the_end_of_the_text_is_not_found() {
        assert_eq!(all(&["sekurlsa::x"], "sekurlsa::"), [0_usize; 0]);
        assert_eq!(all(&["xsekurlsa::"], "sekurlsa::"), [0_usize; 0]);
    }
}

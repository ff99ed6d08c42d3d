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
    /// Needles too short to have a fragment.
    short: Box<[u32]>,
    /// How many bits a fragment's number has.
    bits: u32,
}

/// Fewest and most bits of a fragment's number: 256 places and 65,536.
const BITS: std::ops::RangeInclusive<u32> = 8..=16;

impl Fragments {
    pub(super) fn new(needles: &[String]) -> Self {
        let wanted = (needles.len() * 4).next_power_of_two().trailing_zeros();
        let bits = wanted.clamp(*BITS.start(), *BITS.end());
        let mut short = Vec::new();
        let mut numbered = Vec::with_capacity(needles.len());
        for (needle, text) in (0_u32..).zip(needles) {
            match rarest(text.as_bytes()) {
                Some((offset, fragment)) => numbered.push((number(fragment, bits), Filed { needle, offset })),
                None => short.push(needle),
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
        }
    }

    /// Reports every needle in a text by its position in `needles`, once for each place where it stands. The needles
    /// are those that this was made for.
    pub(super) fn find(&self, needles: &[String], text: &str, found: &mut impl FnMut(usize)) {
        let bytes = text.as_bytes();
        for (at, fragment) in bytes.windows(FRAGMENT).enumerate() {
            let number = number(fragment, self.bits);
            let (Some(start), Some(end)) = (self.starts.get(number), self.starts.get(number + 1)) else {
                continue;
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
        for short in &self.short {
            let needle = needles.get(*short as usize).map_or("", String::as_str);
            if needle.is_empty() {
                continue;
            }
            for window in bytes.windows(needle.len()) {
                if window.eq_ignore_ascii_case(needle.as_bytes()) {
                    found(*short as usize);
                }
            }
        }
    }
}

/// The rarest fragment and where it stands.
fn rarest(needle: &[u8]) -> Option<(u32, &[u8])> {
    (0..)
        .zip(needle.windows(FRAGMENT))
        .min_by_key(|(_, window)| window.iter().map(|byte| commonness(*byte)).sum::<u32>())
}

/// The number of a fragment, the same for small and capital letters of ASCII.
fn number(fragment: &[u8], bits: u32) -> usize {
    let folded = fragment
        .iter()
        .fold(0_u32, |all, byte| all << 8 | u32::from(byte.to_ascii_lowercase()));
    (folded.wrapping_mul(0x9E37_79B1) >> (u32::BITS - bits)) as usize
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

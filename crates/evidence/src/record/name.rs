//! Names of fields, prepared for being looked up.

use std::borrow::Cow;

/// A field's name, prepared so that looking it up in many records is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName {
    text: Cow<'static, str>,
    hash: u32,
}

impl FieldName {
    /// Prepares a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            text: Cow::Owned(name.to_owned()),
            hash: name_hash(name.as_bytes()),
        }
    }

    /// Prepares a name that is known when compiling.
    #[must_use]
    pub const fn fixed(name: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(name),
            hash: name_hash(name.as_bytes()),
        }
    }

    /// What a record keeps of a name to find it by; different names may share it.
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A filter, not an identity: mixes the length with the first and the last eight bytes.
pub(super) const fn name_hash(name: &[u8]) -> u32 {
    let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => short_ends(name),
    };
    let mixed = (first ^ (name.len() as u64) << 56)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(last.wrapping_mul(0xC2B2_AE3D_27D4_EB4F));
    (mixed ^ (mixed >> 29)).wrapping_mul(0x1656_67B1_9E37_79F9) as u32 ^ (mixed >> 32) as u32
}

/// Where `hash` is first; eight at a time, which compilers turn into vector instructions.
pub(super) fn find(hashes: &[u32], hash: u32) -> Option<usize> {
    let (eights, rest) = hashes.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        if eight.iter().fold(false, |any, own| any | (*own == hash)) {
            let inner = eight.iter().position(|own| *own == hash)?;
            return Some(index * 8 + inner);
        }
    }
    let inner = rest.iter().position(|own| *own == hash)?;
    Some(eights.len() * 8 + inner)
}

const fn short_ends(name: &[u8]) -> (u64, u64) {
    match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => (
            u32::from_le_bytes(*first) as u64,
            u32::from_le_bytes(*last) as u64,
        ),
        _ => (tiny(name), 0),
    }
}

const fn tiny(mut name: &[u8]) -> u64 {
    let mut sum = 0;
    while let [byte, rest @ ..] = name {
        sum = sum << 8 | *byte as u64;
        name = rest;
    }
    sum
}

/// Which names were ever given to fields of a record, about: most names that are asked for are not among them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met([u64; 8]);

impl Met {
    const fn place(hash: u32) -> (usize, u64) {
        ((hash >> 6) as usize & 7, 1 << (hash & 63))
    }

    pub(super) fn note(&mut self, hash: u32) {
        let (word, bit) = Self::place(hash);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// False only if no field has the name.
    pub(super) fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = Self::place(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_noted_may_be_there_and_a_fresh_filter_has_none() {
        let names = [
            "EventID",
            "Channel",
            "a",
            "",
            "TargetUserName",
            "a very long name of a field",
        ];
        let mut met = Met::default();
        for name in names {
            let hash = name_hash(name.as_bytes());
            assert!(!Met::default().may_have(hash));
            met.note(hash);
        }
        assert!(names.iter().all(|name| met.may_have(name_hash(name.as_bytes()))));
    }
}

//! From the field names of records to the slots of rules.

use rustc_hash::FxHashMap;

use super::fields::{aliases, folds};
use super::program::SlotId;
use super::source::Mapping;
use crate::record::FieldName;

/// Under which name a record holds the value of a slot: 0 is the name that rules use, the others stand in, best first.
pub(super) type Rank = u8;

/// The rank of a value put together from several fields.
pub(super) const COMPOSED: Rank = Rank::MAX;

/// The slots that a field of some name fills.
type Slots = Vec<(SlotId, Rank)>;

/// Every name under which a record may hold a slot's value.
#[derive(Debug)]
pub(super) struct Names {
    fold: bool,
    by_name: FxHashMap<Box<str>, Slots>,
    /// The same by the hash that a record keeps of its names.
    by_hash: FxHashMap<u32, Vec<(Box<str>, Slots)>>,
    /// A bit for the hash of each name: most fields of a record fill no slot, and end here.
    sifter: [u64; SIFTER_WORDS],
}

/// Enough for some hundred names to leave most bits unset.
const SIFTER_WORDS: usize = 16;

/// The word of the sifter, and the bit in it, that stand for a hash.
const fn sifted(hash: u32) -> (usize, u64) {
    ((hash >> 6) as usize % SIFTER_WORDS, 1 << (hash & 63))
}

impl Names {
    pub(super) fn new(slots: &FxHashMap<String, SlotId>, mapping: Mapping) -> Self {
        let mut names = Self {
            fold: folds(mapping),
            by_name: FxHashMap::default(),
            by_hash: FxHashMap::default(),
            sifter: [0; SIFTER_WORDS],
        };
        let mut sorted: Vec<(&String, SlotId)> = slots.iter().map(|(field, slot)| (field, *slot)).collect();
        sorted.sort_unstable_by_key(|(_, slot)| *slot);
        for (field, slot) in sorted {
            names.add(field, slot, 0);
            let alias = aliases(mapping)
                .iter()
                .find(|(name, _)| names.spell(name) == names.spell(field));
            for (rank, stand_in) in (1..COMPOSED).zip(alias.into_iter().flat_map(|(_, stand_ins)| *stand_ins))
            {
                names.add(stand_in, slot, rank);
            }
        }
        for (name, slots) in &names.by_name {
            let hash = FieldName::new(name).hash();
            let (word, bit) = sifted(hash);
            if let Some(word) = names.sifter.get_mut(word) {
                *word |= bit;
            }
            names
                .by_hash
                .entry(hash)
                .or_default()
                .push((name.clone(), slots.clone()));
        }
        names
    }

    fn spell(&self, name: &str) -> String {
        if self.fold {
            name.to_ascii_lowercase()
        } else {
            name.to_owned()
        }
    }

    fn add(&mut self, name: &str, slot: SlotId, rank: Rank) {
        let slots = self.by_name.entry(self.spell(name).into()).or_default();
        slots.push((slot, rank));
    }

    /// The slots that a field fills. `folded` is room to work in.
    pub(super) fn slots(&self, hash: u32, name: &str, folded: &mut String) -> &[(SlotId, Rank)] {
        if self.fold {
            folded.clear();
            folded.push_str(name);
            folded.make_ascii_lowercase();
            return self.by_name.get(folded.as_str()).map_or(&[], Vec::as_slice);
        }
        let (word, bit) = sifted(hash);
        if self.sifter.get(word).is_none_or(|word| word & bit == 0) {
            return &[];
        }
        let candidates = self.by_hash.get(&hash).map_or(&[][..], Vec::as_slice);
        let found = candidates.iter().find(|(own, _)| **own == *name);
        found.map_or(&[], |(_, slots)| slots)
    }

    /// The slot of a name that rules use.
    pub(super) fn own_slot(&self, name: &str) -> Option<SlotId> {
        let slots = self.by_name.get(self.spell(name).as_str())?;
        slots.iter().find(|(_, rank)| *rank == 0).map(|(slot, _)| *slot)
    }
}

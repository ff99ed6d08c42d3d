//! Domains: which spellings mean the same one.

use rustc_hash::FxHashMap;

use super::Known;
use super::fold::{folded, kept};

/// A domain of accounts, as a place in [`Domains::entries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DomainId(u32);

/// What a spelling means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This domain.
    One(DomainId),
    /// A short name that two declared domains have.
    Ambiguous,
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    /// Whether its full name is known.
    known: Known,
}

/// The domains and their spellings.
#[derive(Debug, Default)]
pub(super) struct Domains {
    entries: Vec<Entry>,
    spellings: FxHashMap<Box<str>, DomainId>,
    /// First labels of full names.
    labels: FxHashMap<Box<str>, Meaning>,
}

fn label(folded: &str) -> Option<&str> {
    folded.split_once('.').map(|(label, _)| label)
}

impl Domains {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What the spelling means, if it is known or follows from what is known.
    pub(super) fn find(&self, text: &str) -> Option<Meaning> {
        folded(text, |text| self.find_folded(text))
    }

    fn find_folded(&self, text: &str) -> Option<Meaning> {
        if let Some(&id) = self.spellings.get(text) {
            return Some(Meaning::One(id));
        }
        match label(text) {
            None => self.labels.get(text).copied(),
            Some(label) => self
                .spellings
                .get(label)
                .filter(|id| self.entry(**id).is_some_and(|entry| entry.known != Known::Stated))
                .map(|id| Meaning::One(*id)),
        }
    }

    fn entry(&self, id: DomainId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    /// The domain that a declared spelling belongs to, new if need be.
    pub(super) fn declare(&mut self, text: &str) -> DomainId {
        let text = kept(text);
        if let Some(&id) = self.spellings.get(&text) {
            return id;
        }
        let short_of = label(&text).and_then(|label| self.spellings.get(label)).copied();
        let open = short_of.filter(|id| self.entry(*id).is_some_and(|entry| entry.known == Known::Open));
        let full_of = match self.labels.get(&text) {
            Some(Meaning::One(id)) => Some(*id),
            _ => None,
        };
        let id = match open.or(full_of) {
            Some(id) => id,
            None => self.add(
                &text,
                if label(&text).is_some() {
                    Known::Stated
                } else {
                    Known::Open
                },
            ),
        };
        self.spell(text, id, true);
        id
    }

    /// The domain of a spelling seen in a log; `None` if it is an ambiguous short name.
    pub(super) fn meet(&mut self, text: &str) -> Option<DomainId> {
        if let Some(id) = folded(text, |text| self.spellings.get(text).copied()) {
            return Some(id);
        }
        match self.find(text) {
            Some(Meaning::Ambiguous) => None,
            Some(Meaning::One(id)) => {
                self.spell(kept(text), id, false);
                Some(id)
            }
            None => {
                let text = kept(text);
                let id = self.add(
                    &text,
                    if label(&text).is_some() {
                        Known::Stated
                    } else {
                        Known::Unstated
                    },
                );
                self.spell(text, id, false);
                Some(id)
            }
        }
    }

    /// Lets a spelling that means nothing yet mean `id`.
    pub(super) fn associate(&mut self, text: &str, id: DomainId) {
        if self.find(text).is_none() {
            self.spell(kept(text), id, false);
        }
    }

    fn add(&mut self, text: &str, known: Known) -> DomainId {
        let id = DomainId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry {
            text: text.into(),
            known,
        });
        id
    }

    fn spell(&mut self, text: Box<str>, id: DomainId, declared: bool) {
        if let Some(label) = label(&text) {
            if let Some(entry) = self.entries.get_mut(id.0 as usize)
                && (declared || entry.known == Known::Unstated)
            {
                entry.known = Known::Stated;
            }
            self.claim(label, id, declared);
        }
        self.spellings.insert(text, id);
    }

    fn claim(&mut self, label: &str, id: DomainId, declared: bool) {
        let Some(meaning) = self.labels.get_mut(label) else {
            self.labels.insert(label.into(), Meaning::One(id));
            return;
        };
        if declared && *meaning != Meaning::One(id) {
            *meaning = Meaning::Ambiguous;
        }
    }

    /// Makes every spelling of `gone` mean `into`.
    pub(super) fn join(&mut self, gone: DomainId, into: DomainId) {
        let mut stated = false;
        for id in self.spellings.values_mut().filter(|id| **id == gone) {
            *id = into;
        }
        if let Some(entry) = self.entry(gone) {
            stated = entry.known == Known::Stated;
        }
        if let Some(entry) = self.entries.get_mut(into.0 as usize)
            && stated
        {
            entry.known = Known::Stated;
        }
        self.labels.clear();
        let full: Vec<Box<str>> = self.entries.iter().map(|entry| entry.text.clone()).collect();
        for text in full {
            if let (Some(label), Some(&id)) = (label(&text), self.spellings.get(&text)) {
                self.claim(label, id, true);
            }
        }
    }
}

impl DomainId {
    pub(super) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

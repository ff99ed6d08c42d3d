//! A piece of input that can be decoded on its own, and the records decoded from it.

use std::sync::Arc;

use super::context::Context;
use super::evtx;
use super::report::Unreadable;
use super::zeek::Header;
use crate::record::{Record, RecordPlace};

/// Where one line or document lies in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The line it starts on, from 1.
    pub(crate) position: u64,
    /// Which of the block's Zeek headers is for it.
    pub(crate) header: usize,
}

/// Bytes with everything needed to decode them, on any thread.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) items: Vec<Item>,
    pub(crate) headers: Vec<Arc<Header>>,
    /// What was found unreadable while splitting.
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Block {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.headers.clear();
        self.unreadable.clear();
    }

    /// Decodes everything into `batch`, in order.
    pub(crate) fn decode(&mut self, context: &Context, batch: &mut Batch) {
        batch.unreadable.append(&mut self.unreadable);
        self.decode_sample(context, batch);
    }

    /// The same without what splitting found unreadable, so that it can be done again.
    pub(crate) fn decode_sample(&self, context: &Context, batch: &mut Batch) {
        if context.is_evtx() {
            evtx::decode_chunk(&self.bytes, context, batch);
            return;
        }
        for item in &self.items {
            let bytes = self.bytes.get(item.start..item.end).unwrap_or_default();
            let header = self.headers.get(item.header).map(Arc::as_ref);
            let place = RecordPlace {
                file: context.file,
                position: item.position,
            };
            batch.decode_one(place, |record, repaired| {
                context.decode_item(bytes, header, record, repaired)
            });
        }
    }
}

/// Decoded records, their memory used again and again.
#[derive(Default)]
pub(crate) struct Batch {
    records: Vec<Record>,
    filled: usize,
    taken: usize,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) repaired: u64,
}

impl Batch {
    /// Forgets what was decoded.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
        self.taken = 0;
        self.unreadable.clear();
        self.repaired = 0;
    }

    /// Decodes one record into memory of the batch; a reason counts as unreadable at `place`.
    pub(crate) fn decode_one(
        &mut self,
        place: RecordPlace,
        decode: impl FnOnce(&mut Record, &mut bool) -> Result<(), String>,
    ) {
        if self.filled == self.records.len() {
            self.records.push(Record::default());
        }
        let Some(record) = self.records.get_mut(self.filled) else {
            return;
        };
        record.clear();
        record.place = place;
        let mut repaired = false;
        match decode(record, &mut repaired) {
            Ok(()) => {
                self.filled += 1;
                self.repaired += u64::from(repaired);
            }
            Err(reason) => self.unreadable.push(Unreadable {
                file: place.file,
                position: place.position,
                reason,
            }),
        }
    }

    /// The records decoded so far and not yet taken.
    pub(crate) fn rest(&self) -> &[Record] {
        self.records.get(self.taken..self.filled).unwrap_or_default()
    }

    /// Swaps the next record into `record`; false when there is none.
    pub(crate) fn take_into(&mut self, record: &mut Record) -> bool {
        match self.take() {
            Some(own) => {
                std::mem::swap(own, record);
                true
            }
            None => false,
        }
    }

    /// The next record, whose memory the caller may exchange for another's.
    pub(crate) fn take(&mut self) -> Option<&mut Record> {
        let own = self.records.get_mut(..self.filled)?.get_mut(self.taken)?;
        self.taken += 1;
        Some(own)
    }
}

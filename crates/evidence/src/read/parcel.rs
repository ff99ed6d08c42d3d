//! A piece of a file with the records in it and what was made of each.

use std::collections::VecDeque;

use super::block::{Batch, Block};
use super::context::Context;
use super::reader::Pieces;
use crate::record::Record;

/// What goes from the thread that decodes to the one that puts in order, and back to be used again.
pub(super) struct Parcel<T> {
    /// Which file it is of.
    pub(super) member: usize,
    /// Which piece of the file it is, from 0.
    pub(super) number: u64,
    /// The thread in whose cache its memory is, if any.
    pub(super) home: Option<usize>,
    pub(super) batch: Batch,
    /// What was made of each record that is not yet taken.
    pub(super) made: VecDeque<T>,
    /// Bytes of the file read up to its end.
    pub(super) bytes: u64,
    /// Whether the file ends with it, and why if the input broke off.
    pub(super) last: bool,
    pub(super) failure: Option<String>,
    block: Block,
}

impl<T> Parcel<T> {
    /// An empty one.
    pub(super) fn new(home: Option<usize>) -> Self {
        Self {
            member: 0,
            number: 0,
            home,
            batch: Batch::default(),
            made: VecDeque::new(),
            bytes: 0,
            last: false,
            failure: None,
            block: Block::default(),
        }
    }

    /// The first of a file, which is decoded when the file is opened.
    pub(super) fn first(member: usize, batch: Batch, bytes: u64, last: bool) -> Self {
        Self {
            member,
            batch,
            bytes,
            last,
            ..Self::new(None)
        }
    }

    /// Cuts the next piece off a file; whether there is more behind it.
    pub(super) fn cut(&mut self, member: usize, number: u64, pieces: &mut Pieces) -> bool {
        self.member = member;
        self.number = number;
        self.block.clear();
        self.batch.clear();
        self.made.clear();
        self.last = !pieces.next(&mut self.block);
        self.failure = pieces.take_failure().filter(|_| self.last);
        self.bytes = pieces.bytes();
        !self.last
    }

    /// Decodes the piece that was cut off.
    pub(super) fn decode(&mut self, context: &Context) {
        self.block.decode(context, &mut self.batch);
    }

    /// Makes something of each record.
    pub(super) fn work<S>(&mut self, state: &mut S, work: &impl Fn(&mut S, &Record) -> T) {
        self.made
            .extend(self.batch.rest().iter().map(|record| work(state, record)));
    }
}

//! The reconciler: looks at every placement, compares, and acts on the difference until it is gone.
//!
//! An I/O-free state machine. [`Event`]s come in ([`Reconciler::handle`]), [`Effect`]s go out ([`Reconciler::poll`]); whoever drives it
//! writes what it wants written, asks the enforcement points what it wants asked, and tells it the time. Dropping it at any
//! moment and making a new one from the recorded entries is a crash and a restart; nothing else is remembered.
//!
//! A server is only asked for a change after the intent and the prior state are durable: the request lies in wait behind its
//! write ([`Write`]), and only [`Event::Written`] lets it out.

mod answer;
mod look;
mod schedule;
mod waves;

pub use waves::wave_of;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::entry::Verb;
use crate::limits::ENTRIES_PER_WRITE_MAX;
use crate::{
    Accepted, Book, Capabilities, Entry, Mark, Observation, OrderId, Placement, PointError, PointName,
    PointState, Probe,
};

/// Names one write, so that its end can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// Names one request to a point, so that its answer can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What whoever drives the reconciler is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write entries, all or none, and only if every claim named is still held. Answer with [`Event::Written`] or
    /// [`Event::NotWritten`].
    Write(Write),
    /// Ask a point. Answer with [`Event::Answered`]; an answer that does not come in time is an error of the kind *unknown*.
    Ask(Box<Request>),
    /// Ask the probes of protected services. Answer with [`Event::ServicesProbed`].
    ProbeServices {
        /// The plan on whose behalf.
        plan_hash: String,
    },
}

/// Entries to be written at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Its name.
    pub id: WriteId,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The claims under which they are written: points with the epoch believed to be current.
    pub claims: Vec<(PointName, u64)>,
}

/// What a point is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its name.
    pub call: CallId,
    /// The fencing epoch.
    pub epoch: u64,
    /// The digest of the orders that it rests on, and which order of them.
    pub orders_digest: String,
    /// The order.
    pub order: OrderId,
    /// What is asked about.
    pub placement: Placement,
    /// What is asked.
    pub ask: Ask,
}

/// The verb with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// What stands?
    Observe,
    /// Withdraw.
    Apply {
        /// What stood before.
        prior: PointState,
        /// What to leave at the server.
        mark: Mark,
        /// Until when the server is to hold it.
        lease_until: Option<Timestamp>,
    },
    /// Give back.
    Lift {
        /// What stood before.
        prior: PointState,
        /// What the withdrawal left.
        left: Option<PointState>,
        /// What was left at the server.
        mark: Mark,
    },
    /// Try it.
    Probe,
}

/// What a point answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`Ask::Observe`], [`Ask::Apply`] and [`Ask::Lift`]: what stands.
    Stands(Result<Observation, PointError>),
    /// To [`Ask::Probe`].
    Tried(Result<Probe, PointError>),
}

/// What happened outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A write is durable.
    Written(WriteId),
    /// A write did not happen.
    NotWritten(WriteId),
    /// A point answered.
    Answered(CallId, Answer),
    /// The probes of protected services were asked.
    ServicesProbed {
        /// On behalf of which plan.
        plan_hash: String,
        /// The services whose probe failed.
        failing: Vec<String>,
    },
    /// This executor may act at a point.
    Claimed {
        /// The point.
        point: PointName,
        /// The fencing epoch.
        epoch: u64,
        /// What the point can do.
        capabilities: Capabilities,
    },
    /// A claim of this executor has ended: another may act at the point. Told late, it ends no claim made since.
    ClaimLost {
        /// The point.
        point: PointName,
        /// The fencing epoch of the claim that has ended.
        epoch: u64,
    },
    /// Another executor wrote these entries. They are read before a point is claimed.
    Learned(Vec<(Timestamp, Entry)>),
}

/// What a write lets out when it is durable.
#[derive(Clone, Debug, PartialEq)]
enum Then {
    /// Look at the placement at once.
    Look,
    /// Look at it when its pause is over.
    Pause,
    /// Ask this.
    Ask(Box<Request>),
    /// Nothing: the entry is about no placement.
    Nothing,
}

/// An entry that waits to be written.
#[derive(Clone, Debug, PartialEq)]
struct Pending {
    entry: Entry,
    placement: Option<Placement>,
    then: Then,
}

/// What is under way for a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    /// An entry waits to be written, or is being written.
    Writing,
    /// A point is asked.
    Asking(CallId, Verb),
}

/// A point at which this executor may act.
#[derive(Clone, Debug, PartialEq)]
struct Claimed {
    epoch: u64,
    capabilities: Capabilities,
    applied_at: VecDeque<Timestamp>,
    asking: usize,
}

/// See the module.
#[derive(Debug)]
pub struct Reconciler {
    book: Book,
    claims: BTreeMap<PointName, Claimed>,
    /// What is looked at when, by point.
    due: BTreeMap<PointName, BTreeSet<(Timestamp, u64, Placement)>>,
    due_at: BTreeMap<Placement, (Timestamp, u64)>,
    busy: BTreeMap<Placement, Busy>,
    calls: BTreeMap<CallId, Request>,
    pending: Vec<Pending>,
    writes: BTreeMap<WriteId, (Timestamp, Vec<Pending>)>,
    probing: BTreeSet<String>,
    waves_changed: bool,
    asks: Vec<Effect>,
    next_id: u64,
    place: BTreeMap<Placement, u64>,
}

impl Answer {
    /// The answer to a request that could not be carried out.
    #[must_use]
    pub fn from_error(request: &Request, error: PointError) -> Self {
        match request.ask {
            Ask::Probe => Self::Tried(Err(error)),
            _ => Self::Stands(Err(error)),
        }
    }
}

impl Reconciler {
    /// A reconciler that goes on from what was recorded.
    #[must_use]
    pub fn new(book: Book, now: Timestamp) -> Self {
        let mut reconciler = Self {
            book,
            claims: BTreeMap::new(),
            due: BTreeMap::new(),
            due_at: BTreeMap::new(),
            busy: BTreeMap::new(),
            calls: BTreeMap::new(),
            pending: Vec::new(),
            writes: BTreeMap::new(),
            probing: BTreeSet::new(),
            waves_changed: true,
            asks: Vec::new(),
            next_id: 0,
            place: BTreeMap::new(),
        };
        reconciler.number_placements();
        reconciler.look_at_everything(now);
        reconciler
    }

    /// What was recorded so far.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Takes orders over, once they are durable. They were admitted by [`crate::admit`].
    pub fn accept(&mut self, admitted: crate::Admitted) {
        let accepted: Accepted = admitted.into();
        self.pending.push(Pending {
            entry: Entry::Accepted(accepted),
            placement: None,
            then: Then::Nothing,
        });
    }

    /// Renews the leases of orders.
    pub fn renew(&mut self, orders: Vec<OrderId>, until: Timestamp, by: String) {
        let entry = Entry::Renewed { orders, until, by };
        self.pending.push(Pending {
            entry,
            placement: None,
            then: Then::Nothing,
        });
    }

    /// Lifts orders. With `accept_changes`, what somebody else changed meanwhile is left as it is.
    pub fn lift(&mut self, orders: Vec<OrderId>, by: String, accept_changes: bool) {
        let entry = Entry::LiftAsked {
            orders,
            by,
            accept_changes,
        };
        self.pending.push(Pending {
            entry,
            placement: None,
            then: Then::Nothing,
        });
    }

    /// Lets a halted plan go on.
    pub fn resume(&mut self, plan_hash: String, by: String) {
        let entry = Entry::Resumed { plan_hash, by };
        self.pending.push(Pending {
            entry,
            placement: None,
            then: Then::Nothing,
        });
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Written(id) => self.written(id, now),
            Event::NotWritten(id) => self.not_written(id, now),
            Event::Answered(call, answer) => self.answered(call, answer, now),
            Event::ServicesProbed { plan_hash, failing } => self.services_probed(&plan_hash, failing),
            Event::Claimed {
                point,
                epoch,
                capabilities,
            } => self.claimed(point, epoch, capabilities, now),
            Event::ClaimLost { point, epoch } => self.claim_lost(&point, epoch),
            Event::Learned(entries) => self.learned(&entries, now),
        }
    }

    /// What is to be done now. Call it again after every event and at [`Self::wake_at`].
    pub fn poll(&mut self, now: Timestamp) -> Vec<Effect> {
        self.end_leases(now);
        self.run_waves();
        self.look_at_what_is_due(now);
        let mut effects = std::mem::take(&mut self.asks);
        let mut pending = std::mem::take(&mut self.pending);
        while !pending.is_empty() {
            let rest = pending.split_off(pending.len().min(ENTRIES_PER_WRITE_MAX));
            effects.push(Effect::Write(self.write(pending, now)));
            pending = rest;
        }
        effects
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn write(&mut self, pending: Vec<Pending>, now: Timestamp) -> Write {
        let id = WriteId(self.new_id());
        let points: BTreeSet<&PointName> = pending
            .iter()
            .filter_map(|one| one.placement.as_ref())
            .map(|placement| &placement.point)
            .collect();
        let claims = points
            .into_iter()
            .filter_map(|point| {
                self.claims
                    .get(point)
                    .map(|claimed| (point.clone(), claimed.epoch))
            })
            .collect();
        let entries = pending.iter().map(|one| one.entry.clone()).collect();
        self.writes.insert(id, (now, pending));
        Write { id, entries, claims }
    }

    /// The time under which a write's entries are recorded is that of its making, as in the ledger.
    fn written(&mut self, id: WriteId, now: Timestamp) {
        let Some((time, pending)) = self.writes.remove(&id) else {
            return;
        };
        self.waves_changed = true;
        for one in pending {
            self.book.record(time, &one.entry);
            self.recorded(&one.entry, now);
            let Some(placement) = one.placement else { continue };
            self.busy.remove(&placement);
            match one.then {
                Then::Look => self.look_at(placement, now),
                Then::Pause => self.pause(placement, now),
                Then::Ask(request) => self.ask_if_wanted(*request, now),
                Then::Nothing => {}
            }
        }
    }

    /// What an entry that is about no single placement means for the schedule.
    fn recorded(&mut self, entry: &Entry, now: Timestamp) {
        match entry {
            Entry::ServicesProbed { plan_hash, .. } | Entry::Halted { plan_hash, .. } => {
                self.probing.remove(plan_hash);
                self.look_at_everything(now);
            }
            Entry::Accepted(_) | Entry::LiftAsked { .. } | Entry::Renewed { .. } | Entry::Resumed { .. } => {
                self.number_placements();
                self.look_at_everything(now);
            }
            _ => {}
        }
    }

    /// Nothing was written, so nothing is asked: everything is looked at again after a pause. What people asked for is kept.
    fn not_written(&mut self, id: WriteId, now: Timestamp) {
        let Some((_, pending)) = self.writes.remove(&id) else {
            return;
        };
        for one in pending {
            match one.placement.clone() {
                Some(placement) => {
                    self.busy.remove(&placement);
                    self.pause(placement, now);
                }
                // What people asked for, or what stops a plan, is written again; a probe's answer grows old and is asked for again.
                None => match &one.entry {
                    Entry::ServicesProbed { plan_hash, .. } => {
                        self.probing.remove(plan_hash);
                        self.waves_changed = true;
                    }
                    Entry::Overdue { .. } => {}
                    _ => self.pending.push(one),
                },
            }
        }
    }

    fn learned(&mut self, entries: &[(Timestamp, Entry)], now: Timestamp) {
        self.waves_changed = true;
        for (time, entry) in entries {
            self.book.record(*time, entry);
            self.recorded(entry, now);
        }
    }

    fn claimed(&mut self, point: PointName, epoch: u64, capabilities: Capabilities, now: Timestamp) {
        let applied_at = self.book.begun_at(&point);
        let claimed = Claimed {
            epoch,
            capabilities,
            applied_at,
            asking: 0,
        };
        self.busy
            .retain(|placement, busy| placement.point != point || *busy == Busy::Writing);
        self.claims.insert(point, claimed);
        self.look_at_everything(now);
    }

    /// What was asked is forgotten: its answers, should they come, are another executor's business.
    fn claim_lost(&mut self, point: &PointName, epoch: u64) {
        if self
            .claims
            .get(point)
            .is_some_and(|claimed| claimed.epoch > epoch)
        {
            return;
        }
        self.claims.remove(point);
        self.calls.retain(|_, request| request.placement.point != *point);
        self.busy
            .retain(|placement, busy| placement.point != *point || *busy == Busy::Writing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(epoch: u64) -> Event {
        Event::Claimed {
            point: PointName::from("vpn"),
            epoch,
            capabilities: Capabilities {
                kinds: Vec::new(),
                holds_lease: false,
                survives_restart: false,
                leaves_open: String::new(),
            },
        }
    }

    #[test]
    fn word_of_a_claim_that_ended_ends_no_claim_made_since() {
        let lost = |epoch| Event::ClaimLost {
            point: PointName::from("vpn"),
            epoch,
        };
        let now = Timestamp::UNIX_EPOCH;
        let mut reconciler = Reconciler::new(Book::default(), now);
        reconciler.handle(claimed(1), now);
        reconciler.handle(claimed(3), now);
        reconciler.handle(lost(1), now);
        assert!(reconciler.claims.contains_key(&PointName::from("vpn")));
        reconciler.handle(lost(3), now);
        assert!(reconciler.claims.is_empty());
    }
}

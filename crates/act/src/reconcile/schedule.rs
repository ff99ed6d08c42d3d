//! When which placement is looked at, and what may be asked of its point.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::waves::Permission;
use super::{Busy, CallId, Effect, Pending, Reconciler, Request, Then};
use crate::entry::Verb;
use crate::limits::{CALLS_PER_POINT_MAX, PAUSE_SECONDS};
use crate::recover::{Goal, Last};
use crate::{Ask, Entry, LeaseEnd, OrderId, Placement, PointName};

pub(super) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

impl Reconciler {
    /// Gives every placement its place in the order of execution: that of the first order that named it.
    pub(super) fn number_placements(&mut self) {
        for plan in self.book.plans().values() {
            for placement in &plan.sequence {
                let next = self.place.len() as u64;
                self.place.entry(placement.clone()).or_insert(next);
            }
        }
    }

    pub(super) fn look_at_everything(&mut self, now: Timestamp) {
        let active: Vec<Placement> = self
            .book
            .placements()
            .iter()
            .filter(|(_, state)| state.is_active())
            .map(|(placement, _)| placement.clone())
            .collect();
        for placement in active {
            self.look_at(placement, now);
        }
    }

    pub(super) fn look_at(&mut self, placement: Placement, at: Timestamp) {
        let place = self.place.get(&placement).copied().unwrap_or(u64::MAX);
        let due = match self.due.get_mut(&placement.point) {
            Some(due) => due,
            None => self.due.entry(placement.point.clone()).or_default(),
        };
        if let Some((time, place)) = self.due_at.insert(placement.clone(), (at, place)) {
            due.remove(&(time, place, placement.clone()));
        }
        due.insert((at, place, placement));
    }

    /// Looks at a placement after a pause that doubles with every failure in a row.
    pub(super) fn pause(&mut self, placement: Placement, now: Timestamp) {
        let attempts = self.book.placement(&placement).map_or(0, |state| state.attempts);
        let (first, longest) = PAUSE_SECONDS;
        let seconds = first
            .checked_shl(attempts.saturating_sub(1).min(16))
            .unwrap_or(longest)
            .min(longest);
        self.look_at(placement, after(now, seconds));
    }

    /// The next instant at which [`Reconciler::poll`] has something to do by itself.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let lease = self.book.leases().first().map(|(until, _)| *until);
        // A point that is asked as much as it may be goes on when it has answered.
        let has_room = |point: &&PointName| {
            self.claims
                .get(*point)
                .is_none_or(|claimed| claimed.asking < CALLS_PER_POINT_MAX)
        };
        let points = self.due.iter().filter(|(point, _)| has_room(point));
        let due = points
            .filter_map(|(_, due)| due.first().map(|(time, _, _)| *time))
            .min();
        match (lease, due) {
            (Some(lease), Some(due)) => Some(lease.min(due)),
            (one, other) => one.or(other),
        }
    }

    /// Orders whose lease ended are lifted, all at once, or said to be overdue.
    pub(super) fn end_leases(&mut self, now: Timestamp) {
        if self.book.leases().first().is_none_or(|(until, _)| *until > now) {
            return;
        }
        let said = self.said();
        let (mut lifted, mut overdue) = (Vec::new(), Vec::new());
        for (_, id) in self.book.leases().iter().take_while(|(until, _)| *until <= now) {
            match self.book.orders().get(id).map(|state| state.order.at_lease_end) {
                Some(_) if said.contains(id) => {}
                Some(LeaseEnd::Lift) => lifted.push(id.clone()),
                Some(LeaseEnd::Hold) => overdue.push(id.clone()),
                None => {}
            }
        }
        let lift = (!lifted.is_empty()).then(|| Entry::LiftAsked {
            orders: lifted,
            by: "lease".to_owned(),
            accept_changes: false,
        });
        let overdue = overdue.into_iter().map(|order| Entry::Overdue { order });
        self.pending
            .extend(lift.into_iter().chain(overdue).map(|entry| Pending {
                entry,
                placement: None,
                then: Then::Nothing,
            }));
    }

    /// The orders the end of whose lease is being written.
    fn said(&self) -> BTreeSet<OrderId> {
        let being_written = self.writes.values().flat_map(|(_, pending)| pending);
        let mut said = BTreeSet::new();
        for one in self.pending.iter().chain(being_written) {
            match &one.entry {
                Entry::LiftAsked { orders, .. } => said.extend(orders.iter().cloned()),
                Entry::Overdue { order } => {
                    said.insert(order.clone());
                }
                _ => {}
            }
        }
        said
    }

    /// Looks at what is due, point by point, and at no more of a point than it may be asked at once.
    pub(super) fn look_at_what_is_due(&mut self, now: Timestamp) {
        let points: Vec<PointName> = self.due.keys().cloned().collect();
        for point in points {
            while let Some(placement) = self.next_due(&point, now) {
                if self.is_ready(&placement, now) {
                    self.observe(placement, now);
                }
            }
        }
    }

    /// The next placement of a point that is due, unless the point is asked as much as it may be.
    fn next_due(&mut self, point: &PointName, now: Timestamp) -> Option<Placement> {
        let claimed = self.claims.get(point);
        if claimed.is_some_and(|claimed| claimed.asking >= CALLS_PER_POINT_MAX) {
            return None;
        }
        let due = self.due.get_mut(point)?;
        if due.first().is_none_or(|(time, _, _)| *time > now) {
            return None;
        }
        let (_, _, placement) = due.pop_first()?;
        self.due_at.remove(&placement);
        Some(placement)
    }

    /// Whether a placement may be looked at. What is under way, without a claim, or not yet its wave's turn comes back by itself.
    fn is_ready(&self, placement: &Placement, now: Timestamp) -> bool {
        if self.busy.contains_key(placement) || !self.claims.contains_key(&placement.point) {
            return false;
        }
        let Some(state) = self.book.placement(placement) else {
            return false;
        };
        let waits = state.last == Last::Nothing
            && !state.holders.is_empty()
            && self.permission(placement, now) == Permission::NotYet;
        state.is_active() && !waits
    }

    fn observe(&mut self, placement: Placement, now: Timestamp) {
        if let Some(request) = self.request(placement, Ask::Observe) {
            self.ask(request, now);
        }
    }

    /// A request under the current claim, on behalf of an order that holds or held the placement.
    pub(super) fn request(&mut self, placement: Placement, ask: Ask) -> Option<Request> {
        let epoch = self.claims.get(&placement.point)?.epoch;
        let order = self.order_of(&placement)?;
        let plan_hash = &self.book.orders().get(&order)?.plan_hash;
        let orders_digest = self.book.plans().get(plan_hash)?.orders_digest.clone();
        let call = CallId(self.new_id());
        Some(Request {
            call,
            epoch,
            orders_digest,
            order,
            placement,
            ask,
        })
    }

    /// An order that holds a placement; if none does any more, one that named it. The latest first, and with each try the next: one whose
    /// approval ended does not keep the others from being carried out.
    fn order_of(&self, placement: &Placement) -> Option<OrderId> {
        let state = self.book.placement(placement)?;
        let named = if state.holders.is_empty() {
            state.named_by()
        } else {
            &state.holders
        };
        let mut orders: Vec<_> = named.iter().filter_map(|id| self.book.orders().get(id)).collect();
        orders.sort_by_key(|order| std::cmp::Reverse(order.accepted_at));
        let turn = (state.attempts as usize).checked_rem(orders.len())?;
        orders.get(turn).map(|order| order.order.id.clone())
    }

    /// Lets a request for a change out, unless what people want was turned round while its intent was written.
    pub(super) fn ask_if_wanted(&mut self, request: Request, now: Timestamp) {
        let goal = self.goal(&request.placement, now).0;
        let is_wanted = match request.ask {
            Ask::Apply { .. } => goal == Goal::Hold,
            Ask::Lift { .. } => goal == Goal::Lift,
            Ask::Observe | Ask::Probe => true,
        };
        if is_wanted {
            self.ask(request, now);
        } else {
            self.look_at(request.placement, now);
        }
    }

    /// Lets a request out, unless the claim changed while its intent was written.
    pub(super) fn ask(&mut self, request: Request, now: Timestamp) {
        let placement = request.placement.clone();
        let Some(claimed) = self.claims.get_mut(&placement.point) else {
            return;
        };
        if claimed.epoch != request.epoch {
            return self.look_at(placement, now);
        }
        claimed.asking += 1;
        let verb = verb(&request.ask);
        self.busy.insert(placement, Busy::Asking(request.call, verb));
        self.calls.insert(request.call, request.clone());
        self.asks.push(Effect::Ask(Box::new(request)));
    }
}

pub(super) const fn verb(ask: &Ask) -> Verb {
    match ask {
        Ask::Observe => Verb::Observe,
        Ask::Apply { .. } => Verb::Apply,
        Ask::Lift { .. } => Verb::Lift,
        Ask::Probe => Verb::Probe,
    }
}

//! When which placement is looked at, and what may be asked of its point.

use jiff::{SignedDuration, Timestamp};

use super::{Busy, CallId, Effect, Pending, Reconciler, Request, Then};
use crate::entry::Verb;
use crate::limits::{CALLS_PER_POINT_MAX, PAUSE_SECONDS};
use crate::recover::Goal;
use crate::{Ask, Entry, LeaseEnd, Placement};

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
        if let Some((time, place)) = self.due_at.insert(placement.clone(), (at, place)) {
            self.due.remove(&(time, place, placement.clone()));
        }
        self.due.insert((at, place, placement));
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
        let leases = self
            .book
            .orders()
            .values()
            .filter(|order| order.lift_asked_by.is_none() && !order.overdue);
        let lease = leases.map(|order| order.lease_until).min();
        let due = self.due.first().map(|(time, _, _)| *time);
        match (lease, due) {
            (Some(lease), Some(due)) => Some(lease.min(due)),
            (one, other) => one.or(other),
        }
    }

    /// Orders whose lease ended are lifted, or said to be overdue.
    pub(super) fn end_leases(&mut self, now: Timestamp) {
        let ended: Vec<_> = self
            .book
            .orders()
            .iter()
            .filter(|(_, state)| state.lift_asked_by.is_none() && !state.overdue && state.lease_until <= now)
            .map(|(id, state)| (id.clone(), state.order.at_lease_end))
            .filter(|(id, _)| !self.is_said(id))
            .collect();
        for (order, end) in ended {
            let entry = match end {
                LeaseEnd::Lift => Entry::LiftAsked {
                    orders: vec![order],
                    by: "lease".to_owned(),
                    accept_changes: false,
                },
                LeaseEnd::Hold => Entry::Overdue { order },
            };
            self.pending.push(Pending {
                entry,
                placement: None,
                then: Then::Nothing,
            });
        }
    }

    /// True if the end of an order's lease is being written.
    fn is_said(&self, id: &crate::OrderId) -> bool {
        let being_written = self.writes.values().flat_map(|(_, pending)| pending);
        self.pending
            .iter()
            .chain(being_written)
            .any(|one| match &one.entry {
                Entry::LiftAsked { orders, .. } => orders.contains(id),
                Entry::Overdue { order } => order == id,
                _ => false,
            })
    }

    pub(super) fn look_at_what_is_due(&mut self, now: Timestamp) {
        let mut later = Vec::new();
        while let Some((time, place, placement)) = self.due.pop_first() {
            if time > now {
                self.due.insert((time, place, placement));
                break;
            }
            self.due_at.remove(&placement);
            match self.ready(&placement) {
                Ready::Now => self.observe(placement, now),
                Ready::AfterAnAnswer => later.push(placement),
                Ready::No => {}
            }
        }
        // A point that is asked as much as it may be is looked at again when it has answered.
        for placement in later {
            self.look_at(placement, after(now, 1));
        }
    }

    /// Whether a placement may be looked at. What is under way, without a claim, or not yet its wave's turn comes back by itself.
    fn ready(&self, placement: &Placement) -> Ready {
        if self.busy.contains_key(placement) {
            return Ready::No;
        }
        let Some(claimed) = self.claims.get(&placement.point) else {
            return Ready::No;
        };
        if !self
            .book
            .placement(placement)
            .is_some_and(crate::PlacementState::is_active)
        {
            return Ready::No;
        }
        if claimed.asking >= CALLS_PER_POINT_MAX {
            Ready::AfterAnAnswer
        } else {
            Ready::Now
        }
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
    fn order_of(&self, placement: &Placement) -> Option<crate::OrderId> {
        let state = self.book.placement(placement)?;
        let holders = state.holders.iter().filter_map(|id| self.book.orders().get(id));
        let mut orders: Vec<&crate::OrderState> = holders.collect();
        if orders.is_empty() {
            let named = |order: &&crate::OrderState| {
                order.order.point == placement.point && order.order.targets.contains(&placement.target)
            };
            orders = self.book.orders().values().filter(named).collect();
        }
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

enum Ready {
    Now,
    AfterAnAnswer,
    No,
}

//! What the recorded entries come to: every order, every placement, every plan. Nothing else is remembered over a restart.

mod placement;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

pub use placement::{PlacementState, Trouble};

use crate::progress::Progress;
use crate::recover::{Goal, Lease};
use crate::{Accepted, Entry, LeaseEnd, Order, OrderId, Placement, PointName};

/// The state of everything, folded from entries in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    plans: BTreeMap<String, PlanState>,
    orders: BTreeMap<OrderId, OrderState>,
    placements: BTreeMap<Placement, PlacementState>,
    begun_at: BTreeMap<PointName, VecDeque<Timestamp>>,
    /// When the leases end that nobody answered for yet.
    leases: BTreeSet<(Timestamp, OrderId)>,
}

/// One accepted plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanState {
    /// What its approval binds to, see [`crate::Orders::digest`].
    pub orders_digest: String,
    /// The placements in the order of execution.
    pub sequence: Vec<Placement>,
    /// How many targets the first wave has.
    pub canary: u32,
    /// Most targets a minute at one point.
    pub per_point_and_minute: u32,
    /// How many waves may begin: one for each time that the probes of protected services were asked.
    pub waves_allowed: u32,
    /// The services whose probe failed before the first wave.
    pub failing_before: BTreeSet<String>,
    /// Why the rest is not begun.
    pub halted: Option<String>,
    /// True if a person let it go on although an access got through.
    pub tolerated: bool,
    positions: BTreeMap<Placement, usize>,
    pub(crate) progress: Progress,
}

impl PlanState {
    /// The place of a placement in [`Self::sequence`], from 0.
    #[must_use]
    pub fn position(&self, placement: &Placement) -> Option<usize> {
        self.positions.get(placement).copied()
    }
}

/// One order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderState {
    /// The order.
    pub order: Order,
    /// Its plan.
    pub plan_hash: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Until when it is valid.
    pub lease_until: Timestamp,
    /// Who asked for its lift.
    pub lift_asked_by: Option<String>,
    /// True if its lease ended and that was said.
    pub overdue: bool,
}

impl Book {
    /// The book after these entries, from the first of all.
    #[must_use]
    pub fn replay<'a>(entries: impl IntoIterator<Item = (Timestamp, &'a Entry)>) -> Self {
        let mut book = Self::default();
        for (time, entry) in entries {
            book.record(time, entry);
        }
        book
    }

    /// Takes one more entry in.
    pub fn record(&mut self, time: Timestamp, entry: &Entry) {
        match entry {
            Entry::Accepted(accepted) => self.accept(time, accepted),
            Entry::Renewed { orders, until, .. } => self.renew(orders, *until),
            Entry::LiftAsked {
                orders,
                by,
                accept_changes,
            } => self.ask_lift(orders, by, *accept_changes),
            Entry::Overdue { order } => {
                if let Some(state) = self.orders.get_mut(order) {
                    state.overdue = true;
                    self.leases.remove(&(state.lease_until, order.clone()));
                }
            }
            Entry::ServicesProbed {
                plan_hash,
                wave,
                failing,
            } => self.probed(plan_hash, *wave, failing),
            Entry::Halted { plan_hash, why } => {
                if let Some(plan) = self.plans.get_mut(plan_hash) {
                    plan.halted = Some(why.clone());
                }
            }
            Entry::Resumed { plan_hash, .. } => self.resume(plan_hash),
            _ => {
                if let Some(placement) = entry.placement() {
                    self.count(time, entry);
                    self.placements
                        .entry(placement.clone())
                        .or_default()
                        .record(time, entry);
                    self.note_progress(placement);
                }
            }
        }
    }

    /// Remembers when placements were begun, for the limit by the minute.
    fn count(&mut self, time: Timestamp, entry: &Entry) {
        let Entry::Applying { placement, .. } = entry else {
            return;
        };
        if self
            .placements
            .get(placement)
            .is_none_or(|state| state.prior.is_none())
        {
            let times = self.begun_at.entry(placement.point.clone()).or_default();
            times.push_back(time);
            while times
                .front()
                .is_some_and(|first| time.duration_since(*first) > SignedDuration::from_mins(2))
            {
                times.pop_front();
            }
        }
    }

    /// When placements of a point were begun, in the last minutes.
    #[must_use]
    pub fn begun_at(&self, point: &PointName) -> VecDeque<Timestamp> {
        self.begun_at.get(point).cloned().unwrap_or_default()
    }

    /// Has every plan with the placement know how it stands.
    fn note_progress(&mut self, placement: &Placement) {
        let Some(state) = self.placements.get(placement) else {
            return;
        };
        for plan in self.plans.values_mut() {
            if let Some(place) = plan.positions.get(placement) {
                plan.progress.note(*place, state);
            }
        }
    }

    fn accept(&mut self, time: Timestamp, accepted: &Accepted) {
        let orders = &accepted.orders;
        let mut sequence = Vec::new();
        let mut positions = BTreeMap::new();
        for (order, placement) in orders.placements() {
            let state = self.placements.entry(placement.clone()).or_default();
            state.holders.insert(order.id.clone());
            state.named_by.insert(order.id.clone());
            positions.entry(placement.clone()).or_insert_with(|| {
                sequence.push(placement);
                sequence.len() - 1
            });
        }
        for order in &orders.orders {
            let lease = SignedDuration::from_mins(i64::from(order.lease_minutes));
            let state = OrderState {
                order: order.clone(),
                plan_hash: orders.plan_hash.clone(),
                accepted_at: time,
                lease_until: time.checked_add(lease).unwrap_or(Timestamp::MAX),
                lift_asked_by: None,
                overdue: false,
            };
            if let Some(earlier) = self.orders.get(&order.id) {
                self.leases.remove(&(earlier.lease_until, order.id.clone()));
            }
            self.leases.insert((state.lease_until, order.id.clone()));
            self.orders.insert(order.id.clone(), state);
        }
        let plan = PlanState {
            orders_digest: orders.digest(),
            sequence,
            canary: orders.limits.canary.max(1),
            per_point_and_minute: orders.limits.per_point_and_minute.max(1),
            waves_allowed: 0,
            failing_before: BTreeSet::new(),
            halted: None,
            tolerated: false,
            positions,
            progress: Progress::default(),
        };
        let placements = plan.sequence.clone();
        self.plans.insert(orders.plan_hash.clone(), plan);
        for placement in &placements {
            self.note_progress(placement);
        }
    }

    fn renew(&mut self, orders: &[OrderId], until: Timestamp) {
        for id in orders {
            if let Some(state) = self.orders.get_mut(id)
                && state.lift_asked_by.is_none()
            {
                self.leases.remove(&(state.lease_until, id.clone()));
                state.lease_until = state.lease_until.max(until);
                state.overdue = false;
                self.leases.insert((state.lease_until, id.clone()));
            }
        }
    }

    fn ask_lift(&mut self, orders: &[OrderId], by: &str, accept_changes: bool) {
        for id in orders {
            let Some(state) = self.orders.get_mut(id) else {
                continue;
            };
            state.lift_asked_by.get_or_insert_with(|| by.to_owned());
            self.leases.remove(&(state.lease_until, id.clone()));
            let point = &state.order.point;
            let targets = state.order.targets.iter().map(|target| Placement {
                point: point.clone(),
                target: target.clone(),
            });
            for placement in targets.collect::<Vec<_>>() {
                if let Some(held) = self.placements.get_mut(&placement) {
                    held.holders.remove(id);
                    held.accept_changes |= accept_changes;
                    held.attempts = 0;
                }
                self.note_progress(&placement);
            }
        }
    }

    fn probed(&mut self, plan_hash: &str, wave: u32, failing: &[String]) {
        if let Some(plan) = self.plans.get_mut(plan_hash) {
            plan.waves_allowed = plan.waves_allowed.max(wave + 1);
            if wave == 0 {
                plan.failing_before = failing.iter().cloned().collect();
            }
        }
    }

    /// A person looked at why it was halted: the next wave may begin, and what got through halts it no more.
    fn resume(&mut self, plan_hash: &str) {
        if let Some(plan) = self.plans.get_mut(plan_hash)
            && plan.halted.take().is_some()
        {
            plan.tolerated = true;
            plan.waves_allowed += 1;
        }
    }

    /// Every plan by its hash.
    #[must_use]
    pub const fn plans(&self) -> &BTreeMap<String, PlanState> {
        &self.plans
    }

    /// Every order by its name.
    #[must_use]
    pub const fn orders(&self) -> &BTreeMap<OrderId, OrderState> {
        &self.orders
    }

    /// The ends of the leases that nobody answered for yet, the earliest first.
    pub(crate) const fn leases(&self) -> &BTreeSet<(Timestamp, OrderId)> {
        &self.leases
    }

    /// Every placement that was ever ordered.
    #[must_use]
    pub const fn placements(&self) -> &BTreeMap<Placement, PlacementState> {
        &self.placements
    }

    /// The state of one placement.
    #[must_use]
    pub fn placement(&self, placement: &Placement) -> Option<&PlacementState> {
        self.placements.get(placement)
    }

    /// Where a placement is to go at an instant, and how its leases stand.
    #[must_use]
    pub fn goal(&self, placement: &Placement, now: Timestamp) -> (Goal, Lease) {
        let holders = self.placements.get(placement).map(|state| &state.holders);
        let mut live = false;
        let mut held = false;
        for order in holders.into_iter().flatten().filter_map(|id| self.orders.get(id)) {
            held = true;
            live |= order.lease_until > now;
        }
        let goal = if held { Goal::Hold } else { Goal::Lift };
        (goal, if live { Lease::Live } else { Lease::Over })
    }

    /// Until when a server that holds leases itself is to hold a placement; none if it must stay until somebody lifts it.
    #[must_use]
    pub fn server_lease(&self, placement: &Placement) -> Option<Timestamp> {
        let state = self.placements.get(placement)?;
        let mut until = None;
        for order in state.holders.iter().filter_map(|id| self.orders.get(id)) {
            if order.order.at_lease_end == LeaseEnd::Hold {
                return None;
            }
            until = until.max(Some(order.lease_until));
        }
        until
    }
}

//! What the recorded entries come to: every order, every placement, every plan. Nothing else is remembered over a restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::entry::Verb;
use crate::limits::{ESCALATION_ATTEMPTS, LATE_EFFECT_SECONDS};
use crate::progress::Progress;
use crate::recover::{Goal, Last, Lease, Recorded, Settled};
use crate::{
    Accepted, Entry, LeaseEnd, Mark, Observation, Order, OrderId, Placement, PointErrorKind, PointName,
    PointState, ProbeAnswer,
};

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

/// One target at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacementState {
    /// The orders that hold it.
    pub holders: BTreeSet<OrderId>,
    /// The last thing recorded.
    pub last: Last,
    /// What stood before.
    pub prior: Option<Observation>,
    /// What the withdrawal left.
    pub left: Option<PointState>,
    /// Until when the server itself holds it.
    pub server_lease_until: Option<Timestamp>,
    /// How it was tried last.
    pub tried: Option<(ProbeAnswer, String)>,
    /// How often in a row it failed.
    pub attempts: u32,
    /// What is wrong with it, in words, until it is right again.
    pub trouble: Option<Trouble>,
    /// True if what somebody else changed is left as it is when it is lifted.
    pub accept_changes: bool,
    /// The order that named it last.
    pub(crate) named_by: Option<OrderId>,
    asked_at: Option<Timestamp>,
    unsettled_until: Option<Timestamp>,
}

/// What is wrong with a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A request was refused or failed; it is tried again.
    Failing(PointErrorKind, String),
    /// It stands, but the access gets through.
    Unverified(String),
    /// Somebody else undid it.
    Drifted,
    /// A person must decide.
    NeedsPerson(String),
}

impl Default for PlacementState {
    fn default() -> Self {
        Self {
            holders: BTreeSet::new(),
            last: Last::Nothing,
            prior: None,
            left: None,
            server_lease_until: None,
            tried: None,
            attempts: 0,
            trouble: None,
            accept_changes: false,
            named_by: None,
            asked_at: None,
            unsettled_until: None,
        }
    }
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
            state.named_by = Some(order.id.clone());
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

impl PlacementState {
    fn record(&mut self, time: Timestamp, entry: &Entry) {
        match entry {
            Entry::Applying { prior, attempt, .. } => self.applying(time, prior, *attempt),
            Entry::Applied {
                left,
                server_lease_until,
                adopted,
                ..
            } => {
                self.answered(*adopted);
                self.last = Last::Applied;
                self.left = Some(left.clone());
                self.server_lease_until = *server_lease_until;
            }
            Entry::Verified { answer, how, .. } => {
                self.last = Last::InForce;
                self.tried = Some((*answer, how.clone()));
                self.attempts = 0;
                self.trouble = None;
            }
            Entry::Unverified { how, .. } => {
                self.last = Last::Applied;
                self.tried = Some((ProbeAnswer::Admitted, how.clone()));
                self.trouble = Some(Trouble::Unverified(how.clone()));
            }
            Entry::Failed {
                verb,
                kind,
                text,
                attempt,
                ..
            } => self.failed(*verb, *kind, text, *attempt),
            Entry::Drifted { .. } => self.trouble = Some(Trouble::Drifted),
            Entry::NeedsPerson { why, .. } => self.trouble = Some(Trouble::NeedsPerson(why.clone())),
            Entry::Lifting { attempt, .. } => {
                self.answered(true);
                self.last = Last::Lifting;
                self.attempts = *attempt;
            }
            Entry::Lifted { .. } => self.lifted(),
            Entry::LiftTried { answer, how, .. } => self.tried = Some((*answer, how.clone())),
            _ => {}
        }
    }

    fn applying(&mut self, time: Timestamp, prior: &Observation, attempt: u32) {
        self.answered(true);
        self.asked_at = Some(time);
        self.last = Last::Applying;
        // What stood before the first of all requests is what is given back, however often it is asked.
        self.prior.get_or_insert_with(|| prior.clone());
        self.attempts = attempt;
    }

    /// The last request was answered, or (`late`) it was not and may still be carried out.
    fn answered(&mut self, late: bool) {
        if let Some(asked_at) = self.asked_at.take()
            && late
        {
            let until = asked_at.checked_add(SignedDuration::from_secs(LATE_EFFECT_SECONDS));
            self.unsettled_until = self.unsettled_until.max(until.ok());
        }
    }

    fn failed(&mut self, verb: Verb, kind: PointErrorKind, text: &str, attempt: u32) {
        // An error says what one request did; another copy of it may still be under way. What stands decides, not the error.
        if verb == Verb::Apply {
            self.answered(true);
        }
        self.attempts = attempt;
        self.trouble = Some(Trouble::Failing(kind, text.to_owned()));
    }

    fn lifted(&mut self) {
        let tried = self.tried.take();
        let holders = std::mem::take(&mut self.holders);
        let named_by = self.named_by.take();
        *self = Self {
            holders,
            named_by,
            tried,
            ..Self::default()
        };
    }

    /// True while something stands or may stand at the server, or is wanted there.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.holders.is_empty() || self.last != Last::Nothing
    }

    /// True if it failed so often that people were told, or waits for one.
    #[must_use]
    pub const fn is_escalated(&self) -> bool {
        self.attempts >= ESCALATION_ATTEMPTS || matches!(self.trouble, Some(Trouble::NeedsPerson(_)))
    }

    /// Whether a change that was asked for may still happen.
    #[must_use]
    pub fn settled(&self, now: Timestamp) -> Settled {
        let late = SignedDuration::from_secs(LATE_EFFECT_SECONDS);
        let pending = self.asked_at.and_then(|asked_at| asked_at.checked_add(late).ok());
        if pending.max(self.unsettled_until).is_some_and(|until| until > now) {
            Settled::No
        } else {
            Settled::Yes
        }
    }

    /// What an observation is compared with.
    #[must_use]
    pub fn recorded<'a>(&'a self, mark: &'a Mark) -> Recorded<'a> {
        Recorded {
            last: self.last,
            prior: self.prior.as_ref().map(|prior| (&prior.state, prior.standing)),
            left: self.left.as_ref(),
            mark,
        }
    }
}

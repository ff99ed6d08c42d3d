//! What an observation means: the recovery table, carried out.

use jiff::Timestamp;

use super::{Ask, Reconciler, Then};
use crate::limits::LOOK_SECONDS;
use crate::reconcile::schedule::after;
use crate::reconcile::waves::Permission;
use crate::recover::{Goal, Seen, Step, compare, recover};
use crate::{Entry, Observation, Placement, PlacementState, Standing, Trouble};

impl Reconciler {
    /// A placement was looked at: does what the table says.
    pub(super) fn saw(&mut self, placement: Placement, seen: &Observation, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        let mark = placement.mark();
        let what = compare(state.recorded(&mark), seen);
        let (goal, lease) = self.goal(&placement, now);
        let step = recover(state.last, what, goal, lease, state.settled(now));
        let step = self.renewing(&placement, step);
        match step {
            Step::Begin => self.begin(placement, seen, now),
            Step::Retry => self.withdraw(placement, seen, now),
            Step::Reapply => self.reapply(placement, seen, now),
            Step::Adopt => self.adopt(placement, seen),
            Step::Verify => self.verify(placement, now),
            Step::Rest => self.look_at(placement, after(now, LOOK_SECONDS)),
            Step::GiveBack => self.give_back(placement, now),
            Step::Close => self.close(placement, Some(seen.clone())),
            Step::Wait => self.look_at(placement, after(now, 1)),
            Step::CallPerson => self.call_person(placement, what, goal, seen, now),
        }
    }

    pub(super) fn goal(&self, placement: &Placement, now: Timestamp) -> (Goal, crate::recover::Lease) {
        let (goal, lease) = self.book.goal(placement, now);
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::LiftsWhatIsHeld) && self.is_lifted_by_any(placement) {
            return (Goal::Lift, lease);
        }
        (goal, lease)
    }

    #[cfg(feature = "planted-bugs")]
    fn is_lifted_by_any(&self, placement: &Placement) -> bool {
        let orders = self.book.orders().values();
        let mut lifted = orders.filter(|order| order.lift_asked_by.is_some());
        lifted.any(|order| {
            order.order.point == placement.point && order.order.targets.contains(&placement.target)
        })
    }

    /// Where the server itself ends a withdrawal, a changed lease is told to it by withdrawing again.
    fn renewing(&self, placement: &Placement, step: Step) -> Step {
        let Some(claimed) = self.claims.get(&placement.point) else {
            return step;
        };
        let told = self
            .book
            .placement(placement)
            .and_then(|state| state.server_lease_until);
        let changed = claimed.capabilities.holds_lease && told != self.book.server_lease(placement);
        let stands = matches!(step, Step::Rest | Step::Verify) && !self.was_off_before(placement);
        if changed && stands { Step::Retry } else { step }
    }

    /// What is seen becomes the prior state, if the placement's turn has come. An access that does not exist is no prior state.
    fn begin(&mut self, placement: Placement, seen: &Observation, now: Timestamp) {
        // Everything is looked at again when that is written.
        if self.is_deciding() {
            return;
        }
        match self.permission(&placement, now) {
            Permission::Now => {
                self.count(&placement, now);
                self.withdraw(placement, seen, now);
            }
            Permission::At(time) => self.look_at(placement, time),
            Permission::NotYet => {}
        }
    }

    /// True while something that people decided, or that stops a plan, is being written: nothing is begun on what it may end.
    fn is_deciding(&self) -> bool {
        let being_written = self.writes.values().flat_map(|(_, pending)| pending);
        self.pending.iter().chain(being_written).any(|one| {
            one.placement.is_none()
                && !matches!(one.entry, Entry::ServicesProbed { .. } | Entry::Overdue { .. })
        })
    }

    /// Somebody undid it: says so once, then withdraws again.
    fn reapply(&mut self, placement: Placement, seen: &Observation, now: Timestamp) {
        let said = self
            .book
            .placement(&placement)
            .and_then(|state| state.trouble.as_ref())
            == Some(&Trouble::Drifted);
        if said {
            return self.withdraw(placement, seen, now);
        }
        let entry = Entry::Drifted {
            placement: placement.clone(),
            seen: seen.state.clone(),
        };
        self.note(placement, entry, Then::Look);
    }

    /// Writes the intent, then asks.
    fn withdraw(&mut self, placement: Placement, seen: &Observation, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        let attempt = state.attempts.saturating_add(1);
        let prior = state.prior.clone().unwrap_or_else(|| seen.clone());
        #[cfg(feature = "planted-bugs")]
        let prior = if crate::bugs::is_planted(crate::bugs::Bug::TakesLastPrior) {
            seen.clone()
        } else {
            prior
        };
        let lease_until = self.book.server_lease(&placement);
        let ask = Ask::Apply {
            prior: prior.state.clone(),
            mark: placement.mark(),
            lease_until,
        };
        let Some(request) = self.request(placement.clone(), ask) else {
            return;
        };
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::AsksBeforeWriting) {
            self.ask(request.clone(), now);
        }
        let _ = now;
        let epoch = request.epoch;
        #[cfg(feature = "planted-bugs")]
        let prior = if crate::bugs::is_planted(crate::bugs::Bug::RecordsNoWayBack) {
            let state = crate::PointState(serde_json::Value::Null);
            Observation { state, ..prior }
        } else {
            prior
        };
        let entry = Entry::Applying {
            placement: placement.clone(),
            prior,
            epoch,
            attempt,
        };
        self.note(placement, entry, Then::Ask(Box::new(request)));
    }

    fn adopt(&mut self, placement: Placement, seen: &Observation) {
        let server_lease_until = None;
        let left = seen.state.clone();
        let entry = Entry::Applied {
            placement: placement.clone(),
            left,
            server_lease_until,
            adopted: true,
        };
        self.try_after(placement, entry);
    }

    fn verify(&mut self, placement: Placement, now: Timestamp) {
        if let Some(request) = self.request(placement, Ask::Probe) {
            self.ask(request, now);
        }
    }

    fn give_back(&mut self, placement: Placement, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        let Some(prior) = &state.prior else {
            return self.look_at(placement, after(now, LOOK_SECONDS));
        };
        let attempt = state.attempts.saturating_add(1);
        let ask = Ask::Lift {
            prior: prior.state.clone(),
            left: state.left.clone(),
            mark: placement.mark(),
        };
        let Some(request) = self.request(placement.clone(), ask) else {
            return;
        };
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::ForgetsLifts) {
            return self.close(placement, None);
        }
        let entry = Entry::Lifting {
            placement: placement.clone(),
            epoch: request.epoch,
            attempt,
        };
        self.note(placement, entry, Then::Ask(Box::new(request)));
    }

    /// Says once what a person must decide; with leave to accept changes, what somebody else made of it is left as it is.
    fn call_person(
        &mut self,
        placement: Placement,
        what: Seen,
        goal: Goal,
        seen: &Observation,
        now: Timestamp,
    ) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        if goal == Goal::Lift && state.accept_changes {
            return self.close(placement, None);
        }
        let why = why(what, goal, state, seen);
        if state.trouble == Some(Trouble::NeedsPerson(why.clone())) {
            return self.look_at(placement, after(now, LOOK_SECONDS));
        }
        let entry = Entry::NeedsPerson {
            placement: placement.clone(),
            why,
        };
        self.note(placement, entry, Then::Pause);
    }
}

fn why(what: Seen, goal: Goal, state: &PlacementState, seen: &Observation) -> String {
    let stands = match seen.standing {
        Standing::Open => "open",
        Standing::Withdrawn => "withdrawn",
        Standing::Partly => "partly withdrawn",
        Standing::Absent => "gone",
    };
    match (what, goal) {
        (Seen::Absent, Goal::Hold) => {
            "the server does not know it: check its name in the estate; it is looked for again".to_owned()
        }
        (Seen::Absent, Goal::Lift) => {
            "the server does not know it any more: somebody deleted or renamed it; \
             put it back, or lift with --accept-changes"
                .to_owned()
        }
        (Seen::Foreign | Seen::Reopened, Goal::Lift) => format!(
            "somebody else changed it (it is {stands} now), so the prior state is not given back over that change; \
             undo the change, or lift with --accept-changes to leave it as it is"
        ),
        (Seen::Foreign | Seen::Reopened, Goal::Hold) => format!(
            "somebody else changed it (it is {stands} now); undo the change and it is withdrawn again, or lift the order"
        ),
        _ => format!(
            "its lease ended before it was withdrawn ({} tries); renew or lift the order",
            state.attempts
        ),
    }
}

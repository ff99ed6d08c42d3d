//! What an answer of a point means.

use jiff::Timestamp;

use super::{Answer, Ask, Busy, CallId, Pending, Reconciler, Request, Then};
use crate::entry::Verb;
use crate::reconcile::schedule::verb;
use crate::recover::Settled;
use crate::{Entry, Observation, Placement, PointError, PointErrorKind, Probe, ProbeAnswer, Standing};

impl Reconciler {
    pub(super) fn answered(&mut self, call: CallId, answer: Answer, now: Timestamp) {
        let Some(request) = self.calls.remove(&call) else {
            return;
        };
        let asked = verb(&request.ask);
        if self.busy.get(&request.placement) != Some(&Busy::Asking(call, asked)) {
            return;
        }
        self.busy.remove(&request.placement);
        if let Some(claimed) = self.claims.get_mut(&request.placement.point) {
            claimed.asking = claimed.asking.saturating_sub(1);
        }
        match (asked, answer) {
            (Verb::Observe, Answer::Stands(Ok(seen))) => self.saw(request.placement, &seen, now),
            (Verb::Apply, Answer::Stands(Ok(seen))) => self.applied(request, seen, now),
            (Verb::Lift, Answer::Stands(Ok(seen))) => self.gave_back(request.placement, seen, now),
            (Verb::Probe, Answer::Tried(Ok(probe))) => self.tried(request.placement, probe, now),
            (_, Answer::Stands(Err(error)) | Answer::Tried(Err(error))) => {
                self.failed(request.placement, asked, error, now)
            }
            (_, _) => {
                let error = PointError::new(PointErrorKind::Bug, "the point answered another question");
                self.failed(request.placement, asked, error, now);
            }
        }
    }

    /// Writes an entry about a placement; nothing else is done about it until that is durable.
    pub(super) fn note(&mut self, placement: Placement, entry: Entry, then: Then) {
        self.busy.insert(placement.clone(), Busy::Writing);
        self.pending.push(Pending {
            entry,
            placement: Some(placement),
            then,
        });
    }

    /// The withdrawal was answered. What stands only in part is tried again.
    fn applied(&mut self, request: Request, seen: Observation, now: Timestamp) {
        let placement = request.placement;
        let off_before = self.was_off_before(&placement);
        if seen.standing != Standing::Withdrawn && !off_before {
            let text = format!("asked to withdraw, it says {:?}", seen.standing).to_lowercase();
            return self.failed(
                placement,
                Verb::Apply,
                PointError::new(PointErrorKind::Unknown, text),
                now,
            );
        }
        let server_lease_until = match request.ask {
            Ask::Apply { lease_until, .. } => lease_until,
            _ => None,
        };
        let entry = Entry::Applied {
            placement: placement.clone(),
            left: seen.state,
            server_lease_until,
            adopted: false,
        };
        self.try_after(placement, entry);
    }

    /// Records that a withdrawal stands, then tries the access at once.
    pub(super) fn try_after(&mut self, placement: Placement, entry: Entry) {
        let then = self
            .request(placement.clone(), Ask::Probe)
            .map_or(Then::Look, |request| Then::Ask(Box::new(request)));
        self.note(placement, entry, then);
    }

    pub(super) fn was_off_before(&self, placement: &Placement) -> bool {
        let prior = self
            .book
            .placement(placement)
            .and_then(|state| state.prior.as_ref());
        prior.is_some_and(|prior| prior.standing == Standing::Withdrawn)
    }

    /// The lift was answered. While a late withdrawal may still come, it is looked at again before it is recorded as done.
    fn gave_back(&mut self, placement: Placement, seen: Observation, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        let is_prior = state
            .prior
            .as_ref()
            .is_some_and(|prior| prior.state == seen.state);
        if !is_prior || state.settled(now) == Settled::No {
            return self.look_at(placement, crate::reconcile::schedule::after(now, 1));
        }
        self.close(placement, Some(seen));
    }

    /// Records that the prior state stands again, then tries the access.
    pub(super) fn close(&mut self, placement: Placement, seen: Option<Observation>) {
        let try_it = seen.as_ref().is_some_and(|seen| seen.standing == Standing::Open);
        let probe = if try_it {
            self.request(placement.clone(), Ask::Probe)
        } else {
            None
        };
        let entry = Entry::Lifted {
            placement: placement.clone(),
            seen: seen.map(|seen| seen.state),
        };
        self.note(
            placement,
            entry,
            probe.map_or(Then::Look, |request| Then::Ask(Box::new(request))),
        );
    }

    fn tried(&mut self, placement: Placement, probe: Probe, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        if !state.is_active() {
            let entry = Entry::LiftTried {
                placement: placement.clone(),
                answer: probe.answer,
                how: probe.how,
            };
            return self.note(placement, entry, Then::Nothing);
        }
        match probe.answer {
            ProbeAnswer::Refused | ProbeAnswer::Inconclusive => {
                let entry = Entry::Verified {
                    placement: placement.clone(),
                    answer: probe.answer,
                    how: probe.how,
                };
                self.note(placement, entry, Then::Look);
            }
            ProbeAnswer::Admitted if self.is_said_unverified(&placement, &probe.how) => {
                self.pause(placement, now)
            }
            ProbeAnswer::Admitted => {
                let entry = Entry::Unverified {
                    placement: placement.clone(),
                    how: probe.how,
                };
                self.note(placement, entry, Then::Pause);
            }
        }
    }

    fn is_said_unverified(&self, placement: &Placement, how: &str) -> bool {
        let trouble = self
            .book
            .placement(placement)
            .and_then(|state| state.trouble.as_ref());
        matches!(trouble, Some(crate::Trouble::Unverified(said)) if said == how)
    }

    /// A request failed. A failed look is recorded once, and again only when its kind changes.
    fn failed(&mut self, placement: Placement, verb: Verb, error: PointError, now: Timestamp) {
        let Some(state) = self.book.placement(&placement) else {
            return;
        };
        // What stands is not what the withdrawal left, and whoever lifts it said to leave that as it is.
        if verb == Verb::Lift && error.kind == PointErrorKind::Stale && state.accept_changes {
            return self.close(placement, None);
        }
        let attempt = state.attempts.saturating_add(1);
        let is_known =
            matches!(&state.trouble, Some(crate::Trouble::Failing(kind, _)) if *kind == error.kind);
        let is_change = matches!(verb, Verb::Apply | Verb::Lift);
        if is_known && !is_change && state.is_escalated() {
            return self.pause(placement, now);
        }
        let entry = Entry::Failed {
            placement: placement.clone(),
            verb,
            kind: error.kind,
            text: error.text,
            attempt,
        };
        self.note(placement, entry, Then::Pause);
    }
}

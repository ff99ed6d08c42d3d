//! What is recorded of one target at one point.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::entry::Verb;
use crate::limits::{ESCALATION_ATTEMPTS, LATE_EFFECT_SECONDS};
use crate::recover::{Last, Recorded, Settled};
use crate::{Entry, Mark, Observation, OrderId, PointErrorKind, PointState, ProbeAnswer, Standing};

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
    /// How it was tried last; forgotten with the lift, until it is tried again.
    pub tried: Option<(ProbeAnswer, String)>,
    /// How often in a row it failed.
    pub attempts: u32,
    /// What is wrong with it, in words, until it is right again.
    pub trouble: Option<Trouble>,
    /// True if what somebody else changed is left as it is when it is lifted.
    pub accept_changes: bool,
    /// True if what was given back last had been withdrawn by somebody else before, so that nobody tries it.
    pub is_given_back_off: bool,
    pub(super) named_by: BTreeSet<OrderId>,
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
            is_given_back_off: false,
            named_by: BTreeSet::new(),
            asked_at: None,
            unsettled_until: None,
        }
    }
}

impl PlacementState {
    pub(super) fn record(&mut self, time: Timestamp, entry: &Entry) {
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
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::TakesLastPrior) {
            self.prior = None;
        }
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
        let holders = std::mem::take(&mut self.holders);
        let named_by = std::mem::take(&mut self.named_by);
        let prior = self.prior.as_ref();
        let is_given_back_off = prior.is_some_and(|prior| prior.standing == Standing::Withdrawn);
        *self = Self {
            holders,
            named_by,
            is_given_back_off,
            ..Self::default()
        };
    }

    /// Every order that ever named it.
    #[must_use]
    pub const fn named_by(&self) -> &BTreeSet<OrderId> {
        &self.named_by
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Placement, PointName, Target};

    fn given_back(before: Standing) -> PlacementState {
        let placement = Placement {
            point: PointName::from("directory"),
            target: Target::Account {
                account: "pat".to_owned(),
            },
        };
        let prior = Observation {
            standing: before,
            state: PointState(serde_json::Value::Null),
            mark: None,
        };
        let mut state = PlacementState::default();
        let applying = Entry::Applying {
            placement: placement.clone(),
            prior,
            epoch: 1,
            attempt: 1,
        };
        state.record(Timestamp::UNIX_EPOCH, &applying);
        let lifted = Entry::Lifted {
            placement,
            seen: None,
        };
        state.record(Timestamp::UNIX_EPOCH, &lifted);
        state
    }

    #[test]
    fn what_was_off_before_is_remembered_as_given_back_off() {
        assert!(given_back(Standing::Withdrawn).is_given_back_off);
        assert!(!given_back(Standing::Open).is_given_back_off);
        assert!(!given_back(Standing::Partly).is_given_back_off);
    }
}

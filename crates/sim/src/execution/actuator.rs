//! The actuator of a night: the real gate with its memory, in front of every server.

use std::time::Duration;

use cordon_act::gate::{Admission, Gate, GateCall, GateRules, GateState, NeverAccount, Settlement, Verb};
use cordon_act::{
    Answer, Applying, Ask, EnforcementPoint as _, Lifting, PointError, PointErrorKind, PointState, Request,
};
use jiff::Timestamp;

use super::night::Night;
use super::server::SimulatedPoint;

/// The gate of a night, with nothing in its memory.
pub(super) fn gate() -> Gate {
    Gate::new(rules(), GateState::default())
}

fn rules() -> GateRules {
    GateRules {
        never_accounts: vec![NeverAccount {
            account: "break-glass".to_owned(),
            points: None,
        }],
        ..GateRules::default()
    }
}

/// What is asked of the gate: verb, prior state, and how long the server is to hold it.
const fn asked(request: &Request) -> (Verb, Option<&PointState>, Option<Timestamp>) {
    match &request.ask {
        Ask::Observe => (Verb::Observe, None, None),
        Ask::Apply {
            prior, lease_until, ..
        } => (Verb::Apply, Some(prior), *lease_until),
        Ask::Lift { prior, .. } => (Verb::Lift, Some(prior), None),
        Ask::Probe => (Verb::Probe, None, None),
    }
}

impl Night {
    /// What the actuator answers to a request; nothing if it is killed while it works on it.
    pub(super) fn act(&mut self, request: &Request) -> Option<Answer> {
        let point = &request.placement.point;
        let newest = self.newest_epoch.entry(point.clone()).or_insert(0);
        *newest = (*newest).max(request.epoch);
        let (verb, prior, lease_until) = asked(request);
        let call = GateCall {
            verb,
            point,
            epoch: request.epoch,
            call: request.call.0,
            orders_digest: &request.orders_digest,
            orders: std::slice::from_ref(&request.order),
            target: Some(&request.placement.target),
            prior,
            lease_until,
        };
        let admission = match self.gate.admit(&call, self.now) {
            Ok(admission) => admission,
            Err(refusal) => {
                self.say(format!("the gate refuses: {refusal}"));
                let error = PointError::new(refusal.kind(), refusal);
                return Some(Answer::from_error(request, error));
            }
        };
        if self.chance(self.chaos.gate_write_fails) {
            let error = PointError::new(PointErrorKind::Target, "the state cannot be kept");
            return Some(Answer::from_error(request, error));
        }
        if self.actuator_is_killed() {
            return None;
        }
        let answer = self.serve(request, &admission);
        if self.actuator_is_killed() {
            return None;
        }
        self.settle(verb, request, &answer);
        Some(answer)
    }

    fn settle(&mut self, verb: Verb, request: &Request, answer: &Answer) {
        let Answer::Stands(result) = answer else { return };
        if let Some(settlement) = Settlement::after(verb, result) {
            let placement = &request.placement;
            self.gate
                .settle(&placement.point, Some(&placement.target), settlement, self.now);
        }
    }

    /// The actuator may be killed at any moment; what it goes on from is what it wrote.
    pub(super) fn actuator_is_killed(&mut self) -> bool {
        if !self.chance(self.chaos.actuator_crash) {
            return false;
        }
        self.say("the actuator is killed");
        let written = serde_json::to_string(self.gate.state());
        let read = written.and_then(|text| serde_json::from_str::<GateState>(&text));
        match read {
            Ok(state) if state == *self.gate.state() => self.gate = Gate::new(rules(), state),
            _ => self.violated(7, "the gate's memory does not survive being written and read"),
        }
        true
    }

    fn serve(&mut self, request: &Request, admission: &Admission) -> Answer {
        let lies = self.chance(self.chaos.server_lies);
        let is_blind = self.chance(self.chaos.probe_blind);
        let server = self.server(&request.placement.point);
        let mut point = SimulatedPoint::new(server);
        (point.lies, point.is_blind) = (lies, is_blind);
        let before = self.cell(&request.placement);
        let answer = serve(&mut point, request, admission);
        let after = self.cell(&request.placement);
        if before != after {
            self.check_effect(request, before.as_ref(), after.as_ref());
        }
        if matches!(request.ask, Ask::Probe) {
            self.log_on(&request.placement);
        }
        answer
    }
}

fn serve(point: &mut SimulatedPoint, request: &Request, admission: &Admission) -> Answer {
    let target = &request.placement.target;
    let deadline = Duration::from_secs(20);
    match &request.ask {
        Ask::Observe => Answer::Stands(point.observe(target, deadline)),
        Ask::Apply { prior, .. } => Answer::Stands(point.apply(
            &Applying {
                target,
                prior,
                mark: &admission.mark,
                lease_until: admission.lease_until,
            },
            deadline,
        )),
        Ask::Lift { prior, left, .. } => Answer::Stands(point.lift(
            &Lifting {
                target,
                prior,
                left: left.as_ref(),
                mark: &admission.mark,
            },
            deadline,
        )),
        Ask::Probe => Answer::Tried(point.probe(target, deadline)),
    }
}

//! What stands between an executor and an enforcement point.
//!
//! The executor decides what to do; the gate decides whether it may. It lives where the secrets are, in the actuator, and trusts
//! nothing that the executor says but what people signed. It remembers which orders were approved, who acts at each point, what was
//! handed in as prior state, and how fast things go.
//!
//! Nothing here does I/O or reads a clock. Whoever holds a [`Gate`] keeps its state durable *before* a point is called:
//! [`Gate::admit`], durable write, call, [`Gate::settle`]. Losing what [`Gate::settle`] said costs nothing but refusals.

mod admit;
mod cover;
mod refusal;
mod register;
mod rules;
mod state;
mod window;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Mark, Observation, OrderId, Placement, PointError, PointErrorKind, PointName, PointState, Standing,
    Target,
};

pub use cover::covers;
pub use refusal::Refusal;
pub use rules::{GateRules, Lifter, NeverAccount};
pub use state::{GateState, GivenUp, Held, PointGate, Registered, Renewed};
pub use window::Window;

/// Most sets of orders registered at once. An incident has a handful.
pub const REGISTERED_MAX: usize = 256;

/// How long after the end of their approval orders are remembered that are done with, in days: as long as a lease may be renewed. Until then
/// the gate can say that nothing of them stands.
pub const FINISHED_DAYS: i64 = 31;

/// Most sets of orders remembered that are done with.
pub const FINISHED_MAX: usize = 4_096;

/// How long the proof of a break-glass logon counts, in minutes: long enough to begin every wave of a plan.
pub const BREAK_GLASS_PROOF_MINUTES: i64 = 60;

/// How far the clocks of executor and gate may be apart, in seconds: a lift is let through this much before the end of a lease.
pub const CLOCKS_APART_SECONDS: i64 = 60;

/// What is asked of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// [`crate::EnforcementPoint::observe`].
    Observe,
    /// [`crate::EnforcementPoint::apply`].
    Apply,
    /// [`crate::EnforcementPoint::lift`].
    Lift,
    /// [`crate::EnforcementPoint::probe`].
    Probe,
    /// [`crate::EnforcementPoint::prove_break_glass`].
    ProveBreakGlass,
}

impl Verb {
    /// True if nothing is changed at the point.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Observe | Self::Probe | Self::ProveBreakGlass)
    }
}

/// One call that an executor wants to make.
#[derive(Clone, Copy, Debug)]
pub struct GateCall<'a> {
    /// What.
    pub verb: Verb,
    /// Where.
    pub point: &'a PointName,
    /// The fencing token of the executor: whoever acts at a point later has a higher one. From 1; 0 makes no claim, and suffices for
    /// verbs that only read.
    pub epoch: u64,
    /// The number of the call: each further call of one epoch about one target has a higher one. From 1; verbs that only read may have 0,
    /// and then overtake nothing.
    pub call: u64,
    /// The digest of the orders; may be empty for verbs that only read.
    pub orders_digest: &'a str,
    /// On behalf of which orders: one for apply, one or more for lift.
    pub orders: &'a [OrderId],
    /// At what; none for the break-glass proof.
    pub target: Option<&'a Target>,
    /// The prior state that is handed in, for apply and lift.
    pub prior: Option<&'a PointState>,
    /// Until when the point itself shall hold the withdrawal, for apply.
    pub lease_until: Option<Timestamp>,
}

/// That a call may be made, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Until when the point itself may hold the withdrawal: never longer than somebody approved. None is without end.
    pub lease_until: Option<Timestamp>,
    /// What to leave at the server; empty for the break-glass proof.
    pub mark: Mark,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// An apply certainly changed nothing.
    Unchanged,
    /// A lift gave the prior state back.
    Lifted,
    /// An apply or an observation found it withdrawn.
    SeenWithdrawn,
    /// An observation found the access open, or nothing there to withdraw.
    SeenOpen,
    /// The break-glass logon worked.
    BreakGlassProven,
}

impl Settlement {
    /// What the answer of a point settles, if anything.
    #[must_use]
    pub const fn after(verb: Verb, answer: &Result<Observation, PointError>) -> Option<Self> {
        match (verb, answer) {
            (Verb::Lift, Ok(_)) => Some(Self::Lifted),
            (Verb::Observe, Ok(seen)) if matches!(seen.standing, Standing::Open | Standing::Absent) => {
                Some(Self::SeenOpen)
            }
            (Verb::Observe | Verb::Apply, Ok(seen)) if matches!(seen.standing, Standing::Withdrawn) => {
                Some(Self::SeenWithdrawn)
            }
            // An error of these kinds does not say that nothing was changed.
            (Verb::Apply, Err(error))
                if !matches!(error.kind, PointErrorKind::Unknown | PointErrorKind::Bug) =>
            {
                Some(Self::Unchanged)
            }
            _ => None,
        }
    }
}

/// The gate with its state.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    rules: GateRules,
    state: GateState,
    /// Where each placement is ordered: digest of the orders and place of the order in them. From `state`.
    ordered: BTreeMap<Placement, Vec<(String, usize)>>,
    /// Epoch and number of the last look at a placement that is ordered, since this process started.
    looked: BTreeMap<Placement, (u64, u64)>,
}

impl Gate {
    /// A gate with the state it had, which is empty at first.
    #[must_use]
    pub fn new(rules: GateRules, state: GateState) -> Self {
        let mut gate = Self {
            rules,
            state,
            ordered: BTreeMap::new(),
            looked: BTreeMap::new(),
        };
        gate.index();
        gate
    }

    /// What must be kept durable.
    #[must_use]
    pub const fn state(&self) -> &GateState {
        &self.state
    }

    /// What it was configured with.
    #[must_use]
    pub const fn rules(&self) -> &GateRules {
        &self.rules
    }

    fn index(&mut self) {
        self.ordered.clear();
        for (digest, registered) in &self.state.registered {
            index_one(&mut self.ordered, digest, registered);
        }
    }

    /// Takes note of what became of a call that was admitted. True if that changed anything.
    pub fn settle(
        &mut self,
        point: &PointName,
        target: Option<&Target>,
        settlement: Settlement,
        now: Timestamp,
    ) -> bool {
        match (settlement, target) {
            (Settlement::BreakGlassProven, _) => {
                self.state.points.entry(point.clone()).or_default().proven_at = Some(now);
                true
            }
            (_, None) => false,
            (Settlement::SeenWithdrawn, Some(target)) => self.stands(point, target, now),
            (_, Some(target)) => self.stands_no_more(point, target, settlement),
        }
    }

    fn stands_no_more(&mut self, point: &PointName, target: &Target, settlement: Settlement) -> bool {
        let held = self
            .state
            .points
            .get_mut(point)
            .and_then(|point| point.held.get_mut(target));
        let Some(held) = held else { return false };
        if settlement == Settlement::Lifted && !held.stood.is_empty() {
            held.stood.clear();
        } else if held.effects == 0 {
            return false;
        }
        held.effects = match settlement {
            Settlement::Unchanged => held.effects.saturating_sub(1),
            _ => 0,
        };
        if held.effects == 0 {
            held.by.clear();
        }
        true
    }

    /// What was withdrawn here is seen to stand: for the orders that asked for it, and for all that want it now.
    fn stands(&mut self, point: &PointName, target: &Target, now: Timestamp) -> bool {
        let placement = Placement {
            point: point.clone(),
            target: target.clone(),
        };
        let Some(held) = self.held(&placement).filter(|held| held.effects > 0) else {
            return false;
        };
        let new: Vec<(String, OrderId, bool)> = self
            .orders_with(&placement)
            .filter(|(digest, _, order)| !held.has_stood(digest, &order.id))
            .filter_map(|(digest, registered, order)| {
                let live = self.state.stand(digest, registered, order, now).is_live();
                let asked = held.by.contains(digest) && self.state.is_begun_itself(digest, order);
                (live || asked).then(|| (digest.to_owned(), order.id.clone(), live))
            })
            .collect();
        let Some(gate) = self.state.points.get_mut(point) else {
            return false;
        };
        let changed = !new.is_empty();
        for (digest, id, live) in new {
            if live {
                let joined = gate.joined.entry(digest.clone()).or_default();
                joined.entry(id.clone()).or_insert(now);
            }
            if let Some(held) = gate.held.get_mut(target) {
                held.stood.entry(digest).or_default().insert(id);
            }
        }
        changed
    }
}

fn index_one(ordered: &mut BTreeMap<Placement, Vec<(String, usize)>>, digest: &str, registered: &Registered) {
    for (place, order) in registered.orders.orders.iter().enumerate() {
        for target in &order.targets {
            let placement = Placement {
                point: order.point.clone(),
                target: target.clone(),
            };
            ordered
                .entry(placement)
                .or_default()
                .push((digest.to_owned(), place));
        }
    }
}

#[cfg(test)]
mod tests;

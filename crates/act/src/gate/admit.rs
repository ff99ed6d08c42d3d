//! Whether a call may be made.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::state::{Held, Registered, Stand};
use super::{
    Admission, BREAK_GLASS_PROOF_MINUTES, CLOCKS_APART_SECONDS, Gate, GateCall, Refusal, Verb, covers,
};
use crate::limits::POINT_STATE_BYTES_MAX;
use crate::{LeaseEnd, Mark, Order, OrderId, Placement, PointName, PointState, Target};

/// Fewest people who can lift that must be left.
const LIFTERS_LEFT_MIN: usize = 2;

impl Gate {
    /// Whether the call may be made now. What this changes must be durable before the point is called.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub fn admit(&mut self, call: &GateCall<'_>, now: Timestamp) -> Result<Admission, Refusal> {
        self.fence(call)?;
        match (call.verb, call.target) {
            (Verb::ProveBreakGlass, _) => Ok(Admission {
                lease_until: None,
                mark: Mark(String::new()),
            }),
            (_, None) => Err(incomplete("a target")),
            (Verb::Observe | Verb::Probe, Some(target)) => {
                let placement = placement(call.point, target);
                let mark = placement.mark();
                self.note_look(call, placement);
                Ok(Admission {
                    lease_until: None,
                    mark,
                })
            }
            (Verb::Apply, Some(target)) => self.apply(call, placement(call.point, target), now),
            (Verb::Lift, Some(target)) => self.lift(call, placement(call.point, target), now),
        }
    }

    /// An epoch lower than the highest seen at the point is too late.
    fn fence(&mut self, call: &GateCall<'_>) -> Result<(), Refusal> {
        if call.epoch == 0 {
            return if call.verb.only_reads() {
                Ok(())
            } else {
                Err(Refusal::NoEpoch {
                    point: call.point.clone(),
                })
            };
        }
        let point = self.state.points.entry(call.point.clone()).or_default();
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::IgnoresEpoch) {
            return Ok(());
        }
        if call.epoch < point.epoch {
            return Err(Refusal::Fenced {
                point: call.point.clone(),
                epoch: call.epoch,
                highest: point.epoch,
            });
        }
        point.epoch = call.epoch;
        Ok(())
    }

    fn apply(
        &mut self,
        call: &GateCall<'_>,
        placement: Placement,
        now: Timestamp,
    ) -> Result<Admission, Refusal> {
        let [id] = call.orders else {
            return Err(incomplete("the one order on whose behalf"));
        };
        let (registered, order) = self.ordered(call.orders_digest, id, &placement)?;
        self.may_begin_or_go_on(call.orders_digest, registered, order, &placement, now)?;
        let begins = !self.state.is_begun_itself(call.orders_digest, order);
        self.not_never(&placement, call.orders_digest)?;
        self.lifters_left(&placement)?;
        if begins && !registered.without_break_glass {
            self.break_glass_proven(call.point, now)?;
        }
        let prior = prior_digest(call.prior, &placement)?;
        let limit = registered.orders.limits.per_point_and_minute;
        let limit = self
            .rules
            .per_point_and_minute
            .map_or(limit, |own| own.min(limit));
        self.in_order(call, &placement)?;
        let overdue = !self
            .state
            .stand(call.orders_digest, registered, order, now)
            .is_live();
        self.same_prior(call.orders_digest, &placement, &prior, overdue)?;
        self.count(call.point, limit, now)?;
        self.note_apply(call, id, &placement, prior, now);
        Ok(Admission {
            lease_until: self.lease_until(&placement, call.lease_until, now),
            mark: placement.mark(),
        })
    }

    /// The registered order of a name, if it orders the placement.
    fn ordered(
        &self,
        digest: &str,
        id: &OrderId,
        placement: &Placement,
    ) -> Result<(&Registered, &Order), Refusal> {
        let registered = self.state.registered.get(digest).ok_or_else(|| {
            if self.state.finished.contains_key(digest) {
                Refusal::Finished
            } else {
                Refusal::NotRegistered
            }
        })?;
        self.ordered
            .get(placement)
            .into_iter()
            .flatten()
            .filter(|(of, _)| of == digest)
            .filter_map(|(_, place)| registered.orders.orders.get(*place))
            .find(|order| order.id == *id)
            .map(|order| (registered, order))
            .ok_or_else(|| Refusal::NotOrdered {
                order: id.clone(),
                placement: Box::new(placement.clone()),
            })
    }

    /// Whether the order's lease runs. After its end, what stood before it ended may be withdrawn again if the orders say that it stays.
    fn may_begin_or_go_on(
        &self,
        digest: &str,
        registered: &Registered,
        order: &Order,
        placement: &Placement,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let stood = || {
            self.held(placement)
                .is_some_and(|held| held.has_stood(digest, &order.id))
        };
        match self.state.stand(digest, registered, order, now) {
            Stand::Waiting | Stand::Running(_) => Ok(()),
            Stand::Overdue(_) if stood() => Ok(()),
            Stand::Lapsed(until) => Err(Refusal::ApprovalOver { until }),
            Stand::GivenUp => Err(Refusal::GivenUp {
                order: order.id.clone(),
            }),
            Stand::Over(until) | Stand::Overdue(until) => Err(Refusal::LeaseOver {
                order: order.id.clone(),
                until,
            }),
        }
    }

    /// Neither the actuator's own list nor that of any registered orders names what the placement would take.
    fn not_never(&self, placement: &Placement, digest: &str) -> Result<(), Refusal> {
        let own = self.rules.forbids(&placement.point, &placement.target);
        let listed = || {
            self.state
                .registered
                .iter()
                .filter(|(of, _)| counts_for(of, digest))
                .flat_map(|(_, registered)| &registered.orders.never)
                .find(|never| never.point == placement.point && covers(&placement.target, &never.target))
                .map(ToString::to_string)
        };
        match own.or_else(listed) {
            None => Ok(()),
            Some(why) => Err(Refusal::Never {
                placement: Box::new(placement.clone()),
                why,
            }),
        }
    }

    /// Two people who can lift stay able to.
    fn lifters_left(&self, placement: &Placement) -> Result<(), Refusal> {
        let hit = self.rules.lifters_hit(&placement.target);
        if hit.is_empty() {
            return Ok(());
        }
        let withdrawn: BTreeSet<usize> = self
            .state
            .points
            .values()
            .flat_map(|point| &point.held)
            .filter(|(_, held)| held.effects > 0)
            .flat_map(|(target, _)| self.rules.lifters_hit(target))
            .chain(hit)
            .collect();
        if self.rules.lifters.len() < withdrawn.len() + LIFTERS_LEFT_MIN {
            return Err(Refusal::LastLifters {
                placement: Box::new(placement.clone()),
            });
        }
        Ok(())
    }

    /// What is looked at later overtakes a change that was asked for before: whoever looked takes that for not made.
    fn note_look(&mut self, call: &GateCall<'_>, placement: Placement) {
        if call.epoch > 0 && call.call > 0 && self.ordered.contains_key(&placement) {
            let looked = self.looked.entry(placement).or_default();
            *looked = (call.epoch, call.call).max(*looked);
        }
    }

    /// A call that another one about the same target overtook, or a copy of one, changes nothing any more.
    fn in_order(&self, call: &GateCall<'_>, placement: &Placement) -> Result<(), Refusal> {
        if call.call == 0 {
            return Err(incomplete("the number of the call, from 1 on"));
        }
        let changed = self.held(placement).map(|held| held.latest);
        match changed.max(self.looked.get(placement).copied()) {
            Some(latest) if (call.epoch, call.call) <= latest => Err(Refusal::Overtaken {
                placement: Box::new(placement.clone()),
                call: call.call,
                latest: latest.1,
            }),
            _ => Ok(()),
        }
    }

    fn break_glass_proven(&self, point: &PointName, now: Timestamp) -> Result<(), Refusal> {
        let longest = SignedDuration::from_mins(BREAK_GLASS_PROOF_MINUTES);
        let proven_at = self.state.points.get(point).and_then(|point| point.proven_at);
        let fresh = proven_at.is_some_and(|at| now.duration_since(at).abs() <= longest);
        if fresh || !self.rules.break_glass_proof_at.contains(point) {
            return Ok(());
        }
        Err(Refusal::BreakGlass { point: point.clone() })
    }

    /// What was handed in first stays the prior state while anything of it may stand. What a person gave up, and nobody could give back
    /// because somebody else had changed it, other orders begin anew. After the end of a lease nothing is begun anew.
    fn same_prior(
        &self,
        digest: &str,
        placement: &Placement,
        prior: &str,
        overdue: bool,
    ) -> Result<(), Refusal> {
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::TakesLastPrior) {
            return Ok(());
        }
        match self.held(placement) {
            Some(held)
                if (overdue || held.effects > 0)
                    && held.prior != prior
                    && (overdue || !self.is_left(digest, placement, held)) =>
            {
                Err(Refusal::PriorDiffers {
                    placement: Box::new(placement.clone()),
                })
            }
            _ => Ok(()),
        }
    }

    /// True if people gave up every order that withdrew the placement, and none was of these orders.
    fn is_left(&self, digest: &str, placement: &Placement, held: &Held) -> bool {
        !held.by.contains(digest)
            && self
                .orders_with(placement)
                .filter(|(of, _, _)| held.by.contains(*of))
                .all(|(_, registered, order)| registered.given_up.contains_key(&order.id))
    }

    pub(super) fn held(&self, placement: &Placement) -> Option<&Held> {
        self.state
            .points
            .get(&placement.point)?
            .held
            .get(&placement.target)
    }

    /// Counts an apply, if there is room for one in the last minute.
    fn count(&mut self, name: &PointName, limit: u32, now: Timestamp) -> Result<(), Refusal> {
        let point = self.state.points.entry(name.clone()).or_default();
        point
            .applied
            .count(now.as_second(), limit)
            .map_err(|wait_seconds| Refusal::TooFast {
                point: name.clone(),
                limit,
                wait_seconds,
            })
    }

    fn note_apply(
        &mut self,
        call: &GateCall<'_>,
        id: &OrderId,
        placement: &Placement,
        prior: String,
        now: Timestamp,
    ) {
        let point = self.state.points.entry(call.point.clone()).or_default();
        point
            .begun
            .entry(call.orders_digest.to_owned())
            .or_default()
            .entry(id.clone())
            .or_insert(now);
        let held = point.held.entry(placement.target.clone()).or_default();
        if held.prior != prior {
            *held = Held {
                prior,
                ..Held::default()
            };
        }
        held.latest = (call.epoch, call.call);
        held.effects = held.effects.saturating_add(1);
        held.by.insert(call.orders_digest.to_owned());
    }

    /// The latest end that any order with this placement allows, and what the caller asks for if that is earlier.
    fn lease_until(
        &self,
        placement: &Placement,
        asked: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut latest = None;
        for (digest, registered, order) in self.orders_with(placement) {
            if !self.state.stand(digest, registered, order, now).holds() {
                continue;
            }
            if order.at_lease_end == LeaseEnd::Hold {
                return asked;
            }
            latest = latest.max(Some(registered.lease_end(order)));
        }
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::TrustsLease) {
            return asked;
        }
        match (latest, asked) {
            (Some(latest), Some(asked)) => Some(latest.min(asked)),
            (latest, asked) => latest.or(asked),
        }
    }

    pub(super) fn orders_with(
        &self,
        placement: &Placement,
    ) -> impl Iterator<Item = (&str, &Registered, &Order)> {
        self.ordered
            .get(placement)
            .into_iter()
            .flatten()
            .filter_map(|(digest, place)| {
                let registered = self.state.registered.get(digest)?;
                let order = registered.orders.orders.get(*place)?;
                Some((digest.as_str(), registered, order))
            })
    }

    fn lift(
        &mut self,
        call: &GateCall<'_>,
        placement: Placement,
        now: Timestamp,
    ) -> Result<Admission, Refusal> {
        // The clock of the executor, which lifts when a lease is over, may be a little ahead.
        let now = now
            .checked_add(SignedDuration::from_secs(CLOCKS_APART_SECONDS))
            .unwrap_or(now);
        if call.orders.is_empty() {
            return Err(incomplete("the orders on whose behalf"));
        }
        // Of orders that are done with, nothing is held; others may still have made the withdrawal.
        let finished = self.state.finished.contains_key(call.orders_digest);
        for id in call.orders {
            match self.ordered(call.orders_digest, id, &placement) {
                Err(Refusal::Finished) => {}
                Err(refusal) => return Err(refusal),
                Ok((registered, order)) => {
                    let stand = self.state.stand(call.orders_digest, registered, order, now);
                    if stand.holds() {
                        return Err(Refusal::LiftNotApproved { order: id.clone() });
                    }
                }
            }
        }
        let mut holders = self.orders_with(&placement);
        if let Some((_, _, order)) = holders
            .find(|(digest, registered, order)| self.state.stand(digest, registered, order, now).holds())
        {
            return Err(Refusal::StillHeld {
                order: order.id.clone(),
                placement: Box::new(placement.clone()),
            });
        }
        drop(holders);
        self.in_order(call, &placement)?;
        let prior = prior_digest(call.prior, &placement)?;
        let mark = placement.mark();
        let point = self.state.points.get_mut(call.point);
        match point.and_then(|point| point.held.get_mut(&placement.target)) {
            None if finished => Err(Refusal::Finished),
            None => Err(Refusal::NeverApplied {
                placement: Box::new(placement),
            }),
            Some(held) if held.prior != prior => Err(Refusal::PriorDiffers {
                placement: Box::new(placement),
            }),
            Some(held) => {
                held.latest = (call.epoch, call.call);
                Ok(Admission {
                    lease_until: None,
                    mark,
                })
            }
        }
    }
}

/// Whether the never list of one set of orders counts for another: each does.
#[cfg(not(feature = "planted-bugs"))]
const fn counts_for(_of: &str, _other: &str) -> bool {
    true
}

#[cfg(feature = "planted-bugs")]
fn counts_for(of: &str, other: &str) -> bool {
    of == other || !crate::bugs::is_planted(crate::bugs::Bug::HeedsOwnNeverOnly)
}

fn placement(point: &PointName, target: &Target) -> Placement {
    Placement {
        point: point.clone(),
        target: target.clone(),
    }
}

fn incomplete(missing: &str) -> Refusal {
    Refusal::Incomplete {
        missing: missing.to_owned(),
    }
}

/// SHA-256 in hex over the state as JSON with its keys sorted.
fn prior_digest(prior: Option<&PointState>, placement: &Placement) -> Result<String, Refusal> {
    let prior = prior.ok_or_else(|| incomplete("the prior state"))?;
    let mut text = String::new();
    write_sorted(&prior.0, &mut text);
    if text.len() > POINT_STATE_BYTES_MAX {
        return Err(Refusal::PriorTooLarge {
            placement: Box::new(placement.clone()),
        });
    }
    Ok(crate::orders::hex(&Sha256::digest(text.as_bytes())))
}

/// JSON that does not depend on the order in which an object's keys came.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (place, key) in keys.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_sorted(fields.get(key).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_sorted(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

//! The gate again, stupidly: tables of everything that happened, searched anew for each question.

mod questions;

use jiff::{SignedDuration, Timestamp};

use crate::gate::{GateCall, Settlement, Verb};
use crate::{LeaseEnd, Order, OrderId, Orders, Placement, PointName, PointState, Target};

/// What happened so far.
#[derive(Default)]
pub(super) struct Naive {
    registrations: Vec<Registration>,
    finished: Vec<(String, Timestamp)>,
    given_up: Vec<(String, OrderId)>,
    renewals: Vec<(String, OrderId, Timestamp)>,
    claims: Vec<(PointName, u64)>,
    applies: Vec<Apply>,
    /// Where and when an apply was let through.
    counts: Vec<(PointName, Timestamp)>,
    /// Orders for which a placement was seen to stand in time.
    stood: Vec<(Placement, String, OrderId)>,
    /// Orders of which something stands that was withdrawn, on whosever behalf.
    joined: Vec<(String, OrderId)>,
    /// Changes that were let through: at what, in which epoch, with which number.
    changes: Vec<(Placement, u64, u64)>,
    /// The same for looks, since the last restart.
    pub(super) looks: Vec<(Placement, u64, u64)>,
    proofs: Vec<(PointName, Timestamp)>,
    /// Points at which a break-glass logon must have been proven.
    proof_at: Vec<PointName>,
}

struct Registration {
    orders: Orders,
    at: Timestamp,
    until: Timestamp,
}

/// An apply that was let through.
struct Apply {
    digest: String,
    order: OrderId,
    placement: Placement,
    prior: PointState,
    /// False once nothing that was applied to the placement until then can stand any more.
    may_stand: bool,
    /// One of those that were asked for had no effect; which makes no difference.
    void: bool,
}

/// The name of the rule that says no.
type No = &'static str;

impl Naive {
    pub(super) fn new(proof_at: Vec<PointName>) -> Self {
        Self {
            proof_at,
            ..Self::default()
        }
    }

    pub(super) fn register(&mut self, orders: &Orders, until: Timestamp, now: Timestamp) -> Result<(), No> {
        if now >= until {
            return Err("ApprovalOver");
        }
        self.finish(now);
        let digest = orders.digest();
        if self
            .finished
            .iter()
            .any(|(done, until)| *done == digest && now < *until)
        {
            return Err("Finished");
        }
        if let Some(known) = self
            .registrations
            .iter_mut()
            .find(|known| known.orders.digest() == digest)
        {
            known.until = known.until.max(until);
            return Ok(());
        }
        self.registrations.push(Registration {
            orders: orders.clone(),
            at: now,
            until,
        });
        Ok(())
    }

    fn finish(&mut self, now: Timestamp) {
        let done: Vec<String> = self
            .registrations
            .iter()
            .filter(|one| {
                one.orders.orders.iter().all(|order| {
                    !self.holds(one, order, now)
                        && !order.targets.iter().any(|target| {
                            let place = placement(&order.point, target);
                            !self.standing(&place).is_empty()
                        })
                })
            })
            .map(|one| one.orders.digest())
            .collect();
        for digest in &done {
            let gone = self
                .registrations
                .iter()
                .find(|one| one.orders.digest() == *digest)
                .unwrap();
            self.finished.push((digest.clone(), gone.until));
        }
        self.registrations
            .retain(|one| !done.contains(&one.orders.digest()));
        self.given_up.retain(|(digest, _)| !done.contains(digest));
        self.renewals.retain(|(digest, _, _)| !done.contains(digest));
        self.joined.retain(|(digest, _)| !done.contains(digest));
        self.stood.retain(|(_, digest, _)| !done.contains(digest));
        for apply in &mut self.applies {
            if done.contains(&apply.digest) {
                // It is not of these orders any more, whatever orders come later.
                apply.digest = "gone".to_owned();
            }
        }
        if !done.is_empty() {
            let ordered: Vec<Placement> = self
                .registrations
                .iter()
                .flat_map(|one| one.orders.placements())
                .map(|(_, place)| place)
                .collect();
            self.applies.retain(|apply| ordered.contains(&apply.placement));
            self.stood.retain(|(place, _, _)| ordered.contains(place));
            self.changes.retain(|(place, _, _)| ordered.contains(place));
            self.looks.retain(|(place, _, _)| ordered.contains(place));
        }
    }

    pub(super) fn permit_lift(&mut self, plan: &str) -> Result<(), No> {
        let named = self.named(plan)?;
        self.given_up.extend(named);
        Ok(())
    }

    pub(super) fn renew(&mut self, plan: &str, until: Timestamp, now: Timestamp) -> Result<(), No> {
        for (digest, id) in self.named(plan)? {
            let one = self
                .registrations
                .iter()
                .find(|one| one.orders.digest() == digest)
                .unwrap();
            let order = one.orders.order(&id).unwrap();
            let over = now >= self.lease_end(one, order) && order.at_lease_end == LeaseEnd::Lift;
            if !over && !self.given_up.contains(&(digest.clone(), id.clone())) {
                self.renewals.push((digest, id, until));
            }
        }
        Ok(())
    }

    fn named(&self, plan: &str) -> Result<Vec<(String, OrderId)>, No> {
        let named: Vec<_> = self
            .registrations
            .iter()
            .filter(|one| one.orders.plan_hash == plan)
            .flat_map(|one| {
                one.orders
                    .orders
                    .iter()
                    .map(|order| (one.orders.digest(), order.id.clone()))
            })
            .collect();
        if named.is_empty() {
            Err("NotRegistered")
        } else {
            Ok(named)
        }
    }

    pub(super) fn admit(&mut self, call: &GateCall<'_>, now: Timestamp) -> Result<Option<Timestamp>, No> {
        self.fence(call)?;
        let Some(target) = call.target else {
            return Ok(None);
        };
        let place = placement(call.point, target);
        match call.verb {
            Verb::Apply => self.apply(call, place, now),
            Verb::Lift => self.lift(call, &place, now).map(|()| None),
            _ => {
                if call.epoch > 0 && call.call > 0 && !self.with(&place).is_empty() {
                    self.looks.push((place, call.epoch, call.call));
                }
                Ok(None)
            }
        }
    }

    fn fence(&mut self, call: &GateCall<'_>) -> Result<(), No> {
        if call.epoch == 0 {
            return if matches!(call.verb, Verb::Apply | Verb::Lift) {
                Err("NoEpoch")
            } else {
                Ok(())
            };
        }
        if self
            .claims
            .iter()
            .any(|(point, epoch)| point == call.point && *epoch > call.epoch)
        {
            return Err("Fenced");
        }
        self.claims.push((call.point.clone(), call.epoch));
        Ok(())
    }

    /// Whether the order wants the placement withdrawn, and nothing spares it.
    fn may_withdraw(
        &self,
        one: &Registration,
        order: &Order,
        place: &Placement,
        now: Timestamp,
    ) -> Result<(), No> {
        if self.is_given_up(one, order) {
            return Err("GivenUp");
        }
        let begun = self.is_begun(one, order);
        let overdue = now >= self.lease_end(one, order);
        let stood = self
            .stood
            .contains(&(place.clone(), one.orders.digest(), order.id.clone()));
        let may_stay = begun && stood && order.at_lease_end == LeaseEnd::Hold;
        if overdue && !may_stay {
            return Err(if begun { "LeaseOver" } else { "ApprovalOver" });
        }
        if !begun && now >= one.until {
            return Err("ApprovalOver");
        }
        if self
            .registrations
            .iter()
            .any(|one| one.orders.never.contains(place))
        {
            return Err("Never");
        }
        let hour = SignedDuration::from_mins(60);
        let proven = self.proofs.iter().rev().find(|(point, _)| *point == place.point);
        let fresh = proven.is_some_and(|(_, at)| now.duration_since(*at) <= hour);
        if !self.is_begun_itself(one, order) && self.proof_at.contains(&place.point) && !fresh {
            return Err("BreakGlass");
        }
        Ok(())
    }

    fn apply(
        &mut self,
        call: &GateCall<'_>,
        place: Placement,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, No> {
        let [id] = call.orders else {
            return Err("Incomplete");
        };
        let (one, order) = self.ordered(call.orders_digest, id, &place)?;
        let overdue = now >= self.lease_end(one, order);
        self.may_withdraw(one, order, &place, now)?;
        let prior = call.prior.ok_or("Incomplete")?;
        self.in_order(call, &place)?;
        let standing = self.standing(&place);
        let other = standing.first().is_some_and(|apply| apply.prior != *prior);
        let left = standing.iter().all(|apply| {
            apply.digest != call.orders_digest
                && self
                    .registrations
                    .iter()
                    .filter(|one| one.orders.digest() == apply.digest)
                    .all(|one| {
                        let with_it = one.orders.orders.iter().filter(|order| {
                            order.point == place.point && order.targets.contains(&place.target)
                        });
                        with_it.into_iter().all(|order| self.is_given_up(one, order))
                    })
        });
        if other && !left {
            return Err("PriorDiffers");
        }
        let last = self.applies.iter().rfind(|apply| apply.placement == place);
        if overdue && last.is_some_and(|apply| apply.prior != *prior) {
            return Err("PriorDiffers");
        }
        let reset = last.is_some_and(|apply| apply.prior != *prior);
        let in_minute = |count: &&(PointName, Timestamp)| {
            count.0 == *call.point && now.as_second() - count.1.as_second() <= 60
        };
        let so_many = self.counts.iter().filter(in_minute).count();
        if so_many >= one.orders.limits.per_point_and_minute as usize {
            return Err("TooFast");
        }
        if reset {
            self.stood.retain(|(of, _, _)| *of != place);
        }
        if other {
            self.applies
                .iter_mut()
                .filter(|apply| apply.placement == place)
                .for_each(|apply| apply.may_stand = false);
        }
        self.applies.push(Apply {
            digest: call.orders_digest.to_owned(),
            order: id.clone(),
            placement: place.clone(),
            prior: prior.clone(),
            may_stand: true,
            void: false,
        });
        if reset {
            self.changes.retain(|(of, _, _)| *of != place);
        }
        self.changes.push((place.clone(), call.epoch, call.call));
        self.counts.push((call.point.clone(), now));
        Ok(self.lease_until(&place, call.lease_until, now))
    }

    fn lease_until(&self, place: &Placement, asked: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let holders: Vec<_> = self
            .with(place)
            .into_iter()
            .filter(|(one, order)| self.holds(one, order, now))
            .collect();
        if holders
            .iter()
            .any(|(_, order)| order.at_lease_end == LeaseEnd::Hold)
        {
            return asked;
        }
        let latest = holders
            .iter()
            .map(|(one, order)| self.lease_end(one, order))
            .max();
        match (latest, asked) {
            (Some(latest), Some(asked)) => Some(latest.min(asked)),
            (latest, asked) => latest.or(asked),
        }
    }

    fn in_order(&self, call: &GateCall<'_>, place: &Placement) -> Result<(), No> {
        if call.call == 0 {
            return Err("Incomplete");
        }
        let all = self.changes.iter().chain(&self.looks);
        let mut of_place = all.filter(|(of, _, _)| of == place);
        if of_place.any(|(_, epoch, number)| (*epoch, *number) >= (call.epoch, call.call)) {
            return Err("Overtaken");
        }
        Ok(())
    }

    fn lift(&mut self, call: &GateCall<'_>, place: &Placement, now: Timestamp) -> Result<(), No> {
        let soon = now + SignedDuration::from_secs(60);
        for id in call.orders {
            match self.ordered(call.orders_digest, id, place) {
                Ok((one, order)) if self.holds(one, order, soon) => return Err("LiftNotApproved"),
                Ok(_) | Err("Finished") => {}
                Err(no) => return Err(no),
            }
        }
        if self
            .with(place)
            .iter()
            .any(|(one, order)| self.holds(one, order, soon))
        {
            return Err("StillHeld");
        }
        self.in_order(call, place)?;
        let prior = call.prior.ok_or("Incomplete")?;
        // While something stands, the first of what stands; else the last that stood.
        let standing = self.standing(place);
        let last = self.applies.iter().rfind(|apply| apply.placement == *place);
        match standing.first().copied().or(last) {
            None if self.is_finished(call.orders_digest) => Err("Finished"),
            None => Err("NeverApplied"),
            Some(apply) if apply.prior != *prior => Err("PriorDiffers"),
            Some(_) => {
                self.changes.push((place.clone(), call.epoch, call.call));
                Ok(())
            }
        }
    }

    pub(super) fn settle(&mut self, place: &Placement, settlement: Settlement, now: Timestamp) {
        if settlement == Settlement::BreakGlassProven {
            return self.proofs.push((place.point.clone(), now));
        }
        match settlement {
            Settlement::SeenWithdrawn => return self.stands(place, now),
            Settlement::Lifted => self.stood.retain(|(of, _, _)| of != place),
            _ => {}
        }
        let mut of_place: Vec<&mut Apply> = self
            .applies
            .iter_mut()
            .filter(|apply| apply.placement == *place && apply.may_stand)
            .collect();
        if settlement == Settlement::Unchanged
            && let Some(apply) = of_place.iter_mut().find(|apply| !apply.void)
        {
            apply.void = true;
        }
        if settlement != Settlement::Unchanged || of_place.iter().all(|apply| apply.void) {
            of_place.into_iter().for_each(|apply| apply.may_stand = false);
        }
    }

    fn stands(&mut self, place: &Placement, now: Timestamp) {
        let standing = self.standing(place);
        if standing.is_empty() {
            return;
        }
        let (mut joined, mut stood) = (Vec::new(), Vec::new());
        for (one, order) in self.with(place) {
            let digest = one.orders.digest();
            let over = now >= self.lease_end(one, order);
            let live =
                !self.is_given_up(one, order) && !over && (self.is_begun(one, order) || now < one.until);
            let asked =
                standing.iter().any(|apply| apply.digest == digest) && self.is_begun_itself(one, order);
            if live {
                joined.push((digest.clone(), order.id.clone()));
            }
            if live || asked {
                stood.push((place.clone(), digest, order.id.clone()));
            }
        }
        self.joined.extend(joined);
        self.stood.extend(stood);
    }
}

pub(super) fn placement(point: &PointName, target: &Target) -> Placement {
    Placement {
        point: point.clone(),
        target: target.clone(),
    }
}

//! What people's signatures change in a gate.

use jiff::{SignedDuration, Timestamp};

use super::state::{GivenUp, Registered, Renewed};
use super::{FINISHED_DAYS, FINISHED_MAX, Gate, REGISTERED_MAX, Refusal, index_one};
use crate::approval::{Approved, LiftApproved, OrderChoice, RenewalApproved};
use crate::{LeaseEnd, OrderId, Orders};

impl Gate {
    /// Lets the orders through from now on. Registering them again changes nothing, but that a later approval counts until later.
    ///
    /// # Errors
    /// A [`Refusal`] if the approval is of other orders or over, if the orders were done with before, or if there are too many.
    pub fn register(&mut self, orders: Orders, approved: &Approved, now: Timestamp) -> Result<(), Refusal> {
        let not_approved = |reason: String| Refusal::NotApproved { reason };
        orders
            .validate()
            .map_err(|error| not_approved(error.to_string()))?;
        let digest = orders.digest();
        if digest != approved.orders_digest() || orders.plan_hash != approved.plan_hash() {
            return Err(not_approved("other orders were approved".to_owned()));
        }
        if now >= approved.until() {
            return Err(Refusal::ApprovalOver {
                until: approved.until(),
            });
        }
        self.finish(now);
        if self.state.finished.get(&digest).is_some_and(|until| now < *until) {
            return Err(Refusal::Finished);
        }
        if let Some(registered) = self.state.registered.get_mut(&digest) {
            registered.until = registered.until.max(approved.until());
            registered.without_break_glass |= approved.without_break_glass();
            return Ok(());
        }
        if self.state.registered.len() >= REGISTERED_MAX && !self.forget_oldest(now) {
            return Err(Refusal::Full);
        }
        let registered = Registered {
            orders,
            approvers: approved.approvers().to_vec(),
            until: approved.until(),
            without_break_glass: approved.without_break_glass(),
            at: now,
            given_up: std::collections::BTreeMap::new(),
            renewed: std::collections::BTreeMap::new(),
        };
        index_one(&mut self.ordered, &digest, &registered);
        self.state.registered.insert(digest, registered);
        Ok(())
    }

    /// Lets lifts of the orders through, and no apply of them any more. Says which orders.
    ///
    /// # Errors
    /// A [`Refusal`] if the statement is over or names what is not registered.
    pub fn permit_lift(&mut self, approved: &LiftApproved, now: Timestamp) -> Result<Vec<OrderId>, Refusal> {
        in_time(approved.not_after(), now)?;
        let named = self.named(approved.plan_hash(), approved.orders())?;
        for (digest, order) in &named {
            if let Some(registered) = self.state.registered.get_mut(digest) {
                registered
                    .given_up
                    .entry(order.clone())
                    .or_insert_with(|| GivenUp {
                        at: now,
                        by: approved.approver().clone(),
                    });
            }
        }
        Ok(names(named))
    }

    /// Makes leases longer, never shorter. Says which orders.
    ///
    /// # Errors
    /// A [`Refusal`] if the statement is over or names what is not registered, what is to be lifted, or what was lifted because its
    /// lease is over.
    pub fn renew(&mut self, approved: &RenewalApproved, now: Timestamp) -> Result<Vec<OrderId>, Refusal> {
        in_time(approved.not_after(), now)?;
        let named = self.named(approved.plan_hash(), approved.orders())?;
        let mut renewable = Vec::new();
        for (digest, order) in named {
            match self.not_renewable(&digest, &order, now) {
                None => renewable.push((digest, order)),
                // Who says "all" means those that are left.
                Some(_) if *approved.orders() == OrderChoice::All => {}
                Some(refusal) => return Err(refusal),
            }
        }
        for (digest, order) in &renewable {
            if let Some(registered) = self.state.registered.get_mut(digest) {
                let renewed = Renewed {
                    until: approved.lease_until(),
                    by: approved.approver().clone(),
                };
                let earlier = registered.renewed.get(order).map(|renewed| renewed.until);
                if earlier.is_none_or(|earlier| earlier < renewed.until) {
                    registered.renewed.insert(order.clone(), renewed);
                }
            }
        }
        Ok(names(renewable))
    }

    fn not_renewable(&self, digest: &str, id: &OrderId, now: Timestamp) -> Option<Refusal> {
        let registered = self.state.registered.get(digest)?;
        let order = registered.orders.order(id)?;
        if registered.given_up.contains_key(id) {
            return Some(Refusal::GivenUp { order: id.clone() });
        }
        let until = registered.lease_end(order);
        let over = now >= until && order.at_lease_end == LeaseEnd::Lift;
        over.then(|| Refusal::LeaseOver {
            order: id.clone(),
            until,
        })
    }

    /// The registered orders of a plan that a statement names, with the digests of their sets.
    fn named(&self, plan_hash: &str, choice: &OrderChoice) -> Result<Vec<(String, OrderId)>, Refusal> {
        let of_plan = || {
            self.state
                .registered
                .iter()
                .filter(|(_, registered)| registered.orders.plan_hash == plan_hash)
        };
        if of_plan().next().is_none() {
            return Err(Refusal::NotRegistered);
        }
        if let OrderChoice::These(ids) = choice
            && ids
                .iter()
                .any(|id| of_plan().all(|(_, registered)| registered.orders.order(id).is_none()))
        {
            return Err(Refusal::NotRegistered);
        }
        Ok(of_plan()
            .flat_map(|(digest, registered)| {
                registered
                    .orders
                    .orders
                    .iter()
                    .filter(|order| choice.covers(&order.id))
                    .map(|order| (digest.clone(), order.id.clone()))
            })
            .collect())
    }

    /// Forgets sets of orders of which nothing is withdrawn and nothing may be any more.
    pub fn finish(&mut self, now: Timestamp) {
        let done: Vec<String> = self
            .state
            .registered
            .iter()
            .filter(|(digest, registered)| self.is_done(digest, registered, now))
            .map(|(digest, _)| digest.clone())
            .collect();
        self.state
            .finished
            .retain(|_, until| now.duration_since(*until) < SignedDuration::from_hours(FINISHED_DAYS * 24));
        self.forget(&done);
    }

    /// Makes room: of the sets of orders that hold nothing any more the oldest, although something of it was never given back, because
    /// somebody else changed it and a person left it so.
    fn forget_oldest(&mut self, now: Timestamp) -> bool {
        let oldest = self
            .state
            .registered
            .iter()
            .filter(|(digest, registered)| !self.holds_any(digest, registered, now))
            .min_by_key(|(_, registered)| registered.at)
            .map(|(digest, _)| digest.clone());
        self.forget(oldest.as_slice());
        oldest.is_some()
    }

    fn forget(&mut self, digests: &[String]) {
        for digest in digests {
            if let Some(registered) = self.state.registered.remove(digest) {
                self.remember_finished(digest, registered.until);
            }
            for point in self.state.points.values_mut() {
                point.begun.remove(digest);
                point.joined.remove(digest);
                for held in point.held.values_mut() {
                    held.stood.remove(digest);
                }
            }
        }
        if digests.is_empty() {
            return;
        }
        self.index();
        let ordered = &self.ordered;
        self.looked.retain(|placement, _| ordered.contains_key(placement));
        for (name, point) in &mut self.state.points {
            point.held.retain(|target, _| {
                let placement = crate::Placement {
                    point: name.clone(),
                    target: target.clone(),
                };
                ordered.contains_key(&placement)
            });
        }
    }

    fn remember_finished(&mut self, digest: &str, until: Timestamp) {
        let finished = &mut self.state.finished;
        finished.insert(digest.to_owned(), until);
        if finished.len() <= FINISHED_MAX {
            return;
        }
        let oldest = finished.iter().min_by_key(|(_, until)| **until);
        if let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) {
            finished.remove(&oldest);
        }
    }

    fn holds_any(&self, digest: &str, registered: &Registered, now: Timestamp) -> bool {
        let orders = &registered.orders.orders;
        orders
            .iter()
            .any(|order| self.state.stand(digest, registered, order, now).holds())
    }

    fn is_done(&self, digest: &str, registered: &Registered, now: Timestamp) -> bool {
        // Also what others withdrew: its lift may be asked for on behalf of any order that named it.
        let withdrawn = |order: &crate::Order| {
            let held = self.state.points.get(&order.point).map(|point| &point.held);
            order
                .targets
                .iter()
                .filter_map(|target| held?.get(target))
                .any(|held| held.effects > 0)
        };
        !self.holds_any(digest, registered, now) && !registered.orders.orders.iter().any(withdrawn)
    }
}

fn in_time(until: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < until {
        Ok(())
    } else {
        Err(Refusal::ApprovalOver { until })
    }
}

fn names(orders: Vec<(String, OrderId)>) -> Vec<OrderId> {
    let mut names: Vec<OrderId> = orders.into_iter().map(|(_, order)| order).collect();
    names.sort();
    names.dedup();
    names
}

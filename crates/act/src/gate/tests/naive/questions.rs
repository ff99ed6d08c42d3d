//! What the tables of the naive gate say.

use jiff::{SignedDuration, Timestamp};

use super::{Apply, Naive, No, Registration};
use crate::{LeaseEnd, Order, OrderId, Placement};

impl Naive {
    pub(super) fn standing(&self, place: &Placement) -> Vec<&Apply> {
        self.applies
            .iter()
            .filter(|apply| apply.placement == *place && apply.may_stand)
            .collect()
    }

    pub(super) fn with(&self, place: &Placement) -> Vec<(&Registration, &Order)> {
        self.registrations
            .iter()
            .flat_map(|one| one.orders.orders.iter().map(move |order| (one, order)))
            .filter(|(_, order)| order.point == place.point && order.targets.contains(&place.target))
            .collect()
    }

    pub(super) fn ordered(
        &self,
        digest: &str,
        id: &OrderId,
        place: &Placement,
    ) -> Result<(&Registration, &Order), No> {
        if !self.registrations.iter().any(|one| one.orders.digest() == digest) {
            let no = ["NotRegistered", "Finished"];
            return Err(no[usize::from(self.is_finished(digest))]);
        }
        self.with(place)
            .into_iter()
            .find(|(one, order)| one.orders.digest() == digest && order.id == *id)
            .ok_or("NotOrdered")
    }

    pub(super) fn is_finished(&self, digest: &str) -> bool {
        self.finished.iter().any(|(done, _)| done == digest)
    }

    pub(super) fn is_given_up(&self, one: &Registration, order: &Order) -> bool {
        self.given_up.contains(&(one.orders.digest(), order.id.clone()))
    }

    pub(super) fn is_begun(&self, one: &Registration, order: &Order) -> bool {
        self.is_begun_itself(one, order) || self.joined.contains(&(one.orders.digest(), order.id.clone()))
    }

    pub(super) fn is_begun_itself(&self, one: &Registration, order: &Order) -> bool {
        let digest = one.orders.digest();
        self.applies
            .iter()
            .any(|apply| apply.digest == digest && apply.order == order.id)
    }

    pub(super) fn lease_end(&self, one: &Registration, order: &Order) -> Timestamp {
        let digest = one.orders.digest();
        let own = one.at + SignedDuration::from_mins(i64::from(order.lease_minutes));
        self.renewals
            .iter()
            .filter(|(of, id, _)| *of == digest && *id == order.id)
            .map(|(_, _, until)| *until)
            .fold(own, Timestamp::max)
    }

    /// True if the order wants its placements withdrawn.
    pub(super) fn holds(&self, one: &Registration, order: &Order, now: Timestamp) -> bool {
        if self.is_given_up(one, order) {
            return false;
        }
        let live = now < self.lease_end(one, order);
        if self.is_begun(one, order) {
            live || order.at_lease_end == LeaseEnd::Hold
        } else {
            live && now < one.until
        }
    }
}

//! What is known of one entity: which rules fired for it, what was carried to it, and a pin.

use cordon_estate::Entity;
use jiff::Timestamp;

use super::limits::{CARRIERS_PER_ENTITY_MAX, RULES_PER_ENTITY_MAX};
use super::weights;
use super::{Carrier, RuleKey};
use crate::bind::Role;
use crate::record::RecordPlace;

/// A rule's firings for one entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Firing {
    pub(super) rule: RuleKey,
    pub(super) role: Role,
    /// Rules of one group see the same thing: each shares a technique with one that came before it.
    pub(super) group: u32,
    pub(super) count: u32,
    pub(super) first_time: Timestamp,
    pub(super) last_time: Timestamp,
    pub(super) first_place: RecordPlace,
}

/// Suspicion carried from one other entity, by the use that carries most of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Carried {
    pub(super) carrier: Carrier,
    pub(super) probability: f64,
    pub(super) time: Timestamp,
    pub(super) place: RecordPlace,
}

#[derive(Clone, Debug)]
pub(super) struct EntityState {
    pub(super) entity: Entity,
    pub(super) firings: Vec<Firing>,
    pub(super) carried: Vec<Carried>,
    pub(super) pinned: Option<bool>,
    pub(super) first_seen: Timestamp,
}

impl EntityState {
    pub(super) fn new(entity: Entity, time: Timestamp) -> Self {
        Self {
            entity,
            firings: Vec::new(),
            carried: Vec::new(),
            pinned: None,
            first_seen: time,
        }
    }

    /// Counts a firing; the strongest role of a rule stays. A new rule goes with the first known here of those that
    /// `shares` says have a technique in common with it. Returns true the first time that the rule fires here for one
    /// who acts.
    pub(super) fn fire(
        &mut self,
        rule: RuleKey,
        role: Role,
        (time, place): (Timestamp, RecordPlace),
        shares: impl Fn(RuleKey) -> bool,
    ) -> bool {
        if let Some(known) = self.firings.iter_mut().find(|firing| firing.rule == rule) {
            known.count = known.count.saturating_add(1);
            known.last_time = known.last_time.max(time);
            let acted = weights::acts(known.role);
            if weights::role_factor(role) > weights::role_factor(known.role) {
                known.role = role;
            }
            return !acted && weights::acts(role);
        }
        if self.firings.len() >= RULES_PER_ENTITY_MAX {
            return false;
        }
        let known = self.firings.iter().find(|firing| shares(firing.rule));
        let group = known.map_or(self.firings.len() as u32, |known| known.group);
        self.firings.push(Firing {
            rule,
            role,
            group,
            count: 1,
            first_time: time,
            last_time: time,
            first_place: place,
        });
        weights::acts(role)
    }

    /// Keeps the largest probability carried from each entity: to be used in several ways by one whom an intruder may
    /// hold is one reason to suspect, not several.
    pub(super) fn carry(&mut self, carrier: Carrier, probability: f64, time: Timestamp, place: RecordPlace) {
        if let Some(known) = self
            .carried
            .iter_mut()
            .find(|known| known.carrier.from == carrier.from)
        {
            if probability > known.probability {
                *known = Carried {
                    carrier,
                    probability,
                    time,
                    place,
                };
            }
            return;
        }
        if self.carried.len() < CARRIERS_PER_ENTITY_MAX {
            self.carried.push(Carried {
                carrier,
                probability,
                time,
                place,
            });
        }
    }

    /// True if this rule fired here.
    pub(super) fn has_fired(&self, rule: RuleKey) -> bool {
        self.firings.iter().any(|firing| firing.rule == rule)
    }

    /// The probability that at least one of the carrying entities brought the intruder here, taking them as independent.
    pub(super) fn carried_probability(&self) -> f64 {
        self.carried_by(|_| true)
    }

    /// The same without what `other` carried.
    pub(super) fn carried_probability_but(&self, other: Entity) -> f64 {
        self.carried_by(|from| from != other)
    }

    fn carried_by(&self, counts: impl Fn(Entity) -> bool) -> f64 {
        1.0 - self
            .carried
            .iter()
            .filter(|carried| counts(carried.carrier.from))
            .map(|carried| 1.0 - carried.probability)
            .product::<f64>()
    }
}

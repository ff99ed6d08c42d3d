//! Which accounts and systems the intruder may hold, inferred in one pass over the evidence in time order.
//!
//! # The model
//! Each account and system has prior log-odds of being held. Two things change them:
//!
//! *Detections.* A rule that fires on a record adds its weight to the entities that the record names, by the part
//! they play in it: all of it to who acted and where, little to who was acted upon. The weight follows the rule's
//! level, maturity and tactic, and its own base rate: a rule that fires for every host says nothing of any one of
//! them. Base rates count as they are when the probability is asked for, so a rule that turns out to be noise takes
//! its weight back. Firing again adds little. Rules of different techniques are independent signs and add up; those that
//! share a technique see the same thing, so each further one adds half as much. Rules below an alarm add up only where they
//! come within an hour, as what somebody does in one sitting.
//!
//! *Use.* A successful logon from a held system, or by a held account, carries suspicion along the access used: the
//! target is held with the probability of the source times that of the means. What different entities carry
//! combines as independent causes (a noisy-or; Pearl 1988, ch. 4); of one entity the strongest use counts. Use carries forward in time only: what
//! was held later says nothing of what it did before. What a source has in common with the target is not carried: a
//! rule that fired for both, and suspicion that came from the target (the same reason for which belief propagation
//! leaves out the receiver's own message).
//!
//! Machine accounts, service accounts, anonymous logons and Cordon's own acts carry nothing. An analyst's pin decides
//! whatever the evidence says.
//!
//! Each event costs a bounded number of steps: see [`limits`] for what is remembered.

mod adding;
mod belief;
mod entity;
pub mod limits;
#[cfg(test)]
mod naive;
mod signal;
#[cfg(test)]
mod tests;
pub mod weights;

use cordon_estate::{AccountId, AccountKind, Entity, Estate, Means};
use jiff::Timestamp;
use rustc_hash::FxHashMap;

use entity::EntityState;
pub use signal::{Carrier, Contribution, OwnEffect, Reason, RuleKey, Signal, Suspicion, Use};
use weights::RuleWeight;

use crate::bind::Named;

#[derive(Clone, Debug, Default)]
struct BaseRate {
    weight: RuleWeight,
    accounts: u32,
    systems: u32,
}

/// Streaming inference. Feed it signals and uses in time order.
#[derive(Clone, Debug, Default)]
pub struct Inference {
    states: Vec<EntityState>,
    places: FxHashMap<Entity, u32>,
    rules: FxHashMap<RuleKey, BaseRate>,
    /// How many accounts and systems there are to compare a rule's base rate with.
    accounts: u32,
    systems: u32,
    /// When failures of an entity were Cordon's doing, and how many stretches that is in all.
    own_effects: FxHashMap<Entity, Vec<(Timestamp, Timestamp)>>,
    own_effects_known: usize,
    refused: u64,
}

impl Inference {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many accounts and systems are known: what a rule's base rate is taken over.
    pub fn set_population(&mut self, accounts: usize, systems: usize) {
        self.accounts = u32::try_from(accounts).unwrap_or(u32::MAX);
        self.systems = u32::try_from(systems).unwrap_or(u32::MAX);
    }

    /// Records an analyst's word: held, clean, or (`None`) taken back.
    pub fn pin(&mut self, entity: Entity, held: Option<bool>, time: Timestamp) {
        if let Some(state) = self.state(entity, time) {
            state.pinned = held;
        }
    }

    /// Records that what is refused to an entity in a stretch of time is refused because of Cordon and no evidence. What it does with success
    /// stays evidence: a withdrawn account that still gets somewhere is worth knowing.
    pub fn own_effect(&mut self, effect: OwnEffect) {
        if self.own_effects_known < limits::OWN_EFFECTS_MAX {
            self.own_effects_known += 1;
            let stretch = (effect.from, effect.until);
            self.own_effects.entry(effect.entity).or_default().push(stretch);
        }
    }

    /// Forgets every stretch of Cordon's own effects, to be told them anew.
    pub fn forget_own_effects(&mut self) {
        self.own_effects.clear();
        self.own_effects_known = 0;
    }

    /// How many entities were not taken up because [`limits::ENTITIES_MAX`] were already.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes in a detection.
    pub fn signal(&mut self, signal: &Signal<'_>) {
        self.rules.entry(signal.rule).or_default().weight = signal.weight.clone();
        let kept_out = |named: &Named| self.is_own_effect(named.entity, signal.time);
        if signal.refused && signal.named.iter().any(kept_out) {
            // It says nothing of the host either, at which somebody whom Cordon keeps out was refused.
            return;
        }
        for named in signal.named {
            let Some(place) = self.place(named.entity, signal.time) else {
                continue;
            };
            let (states, rules) = (&mut self.states, &self.rules);
            let Some(state) = states.get_mut(place) else {
                continue;
            };
            let shares = |other: RuleKey| {
                rules
                    .get(&other)
                    .is_some_and(|other| other.weight.shares(signal.weight))
            };
            if state.fire(signal.rule, named.role, (signal.time, signal.place), shares) {
                self.count_base_rate(signal.rule, named.entity);
            }
        }
    }

    fn count_base_rate(&mut self, rule: RuleKey, entity: Entity) {
        let rate = self.rules.entry(rule).or_default();
        match entity {
            Entity::Account(_) => rate.accounts = rate.accounts.saturating_add(1),
            _ => rate.systems = rate.systems.saturating_add(1),
        }
    }

    /// Takes in a use that worked. `estate` says which accounts are services.
    pub fn used(&mut self, estate: &Estate, one: &Use) {
        let account = one.account.filter(|id| carries(estate, *id));
        match one.means {
            None => self.ran(account, one),
            Some(means) => self.logged_on(account, one, means),
        }
    }

    /// A program of `account` started on the system: each may have been taken through the other.
    fn ran(&mut self, account: Option<AccountId>, one: &Use) {
        let Some(account) = account else { return };
        let (account, system) = (Entity::Account(account), Entity::System(one.on));
        let (of_account, of_system) = (self.apart_from(account, system), self.apart_from(system, account));
        self.carry(
            system,
            account,
            None,
            of_account * weights::CARRY_ACCOUNT_RUNS,
            one,
        );
        self.carry(account, system, None, of_system * weights::CARRY_SYSTEM_RUNS, one);
    }

    /// A logon: from the source system to the account, and from both to the target.
    fn logged_on(&mut self, account: Option<AccountId>, one: &Use, means: Means) {
        let target = Entity::System(one.on);
        let from = one.from.filter(|from| *from != one.on).map(Entity::System);
        let of_source = |to| from.map_or(0.0, |from| self.apart_from(from, to));
        let of_source_for_target = of_source(target);
        if let Some(account) = account.map(Entity::Account) {
            let of_account = self.apart_from(account, target);
            let of_source_for_account = of_source(account);
            self.carry(
                target,
                account,
                Some(means),
                of_account * weights::carry_to_system(means),
                one,
            );
            if let Some(from) = from {
                self.carry(
                    account,
                    from,
                    Some(means),
                    of_source_for_account * weights::CARRY_TO_ACCOUNT,
                    one,
                );
            }
        }
        if let (Some(from), true) = (from, account.is_some()) {
            self.carry(
                target,
                from,
                Some(means),
                of_source_for_target * weights::carry_to_system(means),
                one,
            );
        }
    }

    fn carry(&mut self, to: Entity, from: Entity, means: Option<Means>, probability: f64, one: &Use) {
        if probability < weights::CARRY_FLOOR {
            return;
        }
        if let Some(state) = self.state(to, one.time) {
            state.carry(Carrier { from, means }, probability.min(1.0), one.time, one.place);
        }
    }

    fn is_own_effect(&self, entity: Entity, time: Timestamp) -> bool {
        let stretches = self.own_effects.get(&entity);
        stretches.is_some_and(|all| all.iter().any(|(from, until)| *from <= time && time <= *until))
    }

    fn state(&mut self, entity: Entity, time: Timestamp) -> Option<&mut EntityState> {
        let place = self.place(entity, time)?;
        self.states.get_mut(place)
    }

    /// Where the state of an entity is, made now if there is none.
    fn place(&mut self, entity: Entity, time: Timestamp) -> Option<usize> {
        if let Some(index) = self.places.get(&entity) {
            return Some(*index as usize);
        }
        if self.states.len() >= limits::ENTITIES_MAX {
            self.refused = self.refused.saturating_add(1);
            return None;
        }
        let index = self.states.len();
        self.states.push(EntityState::new(entity, time));
        self.places.insert(entity, index as u32);
        Some(index)
    }

    fn known(&self, entity: Entity) -> Option<&EntityState> {
        self.states.get(*self.places.get(&entity)? as usize)
    }
}

/// True for accounts of people: services log on everywhere all day and would carry suspicion to everything.
fn carries(estate: &Estate, account: AccountId) -> bool {
    estate
        .account(account)
        .is_none_or(|account| account.kind != AccountKind::Service)
}

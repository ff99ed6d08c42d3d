//! Which accounts and systems the intruder may hold, inferred in one pass over the evidence in time order.
//!
//! # The model
//! Each account and system has prior log-odds of being held. Two things change them:
//!
//! *Detections.* A rule that fires on a record adds its weight to the entities that the record names, by the part
//! they play in it: all of it to who acted and where, little to who was acted upon. The weight follows the rule's
//! level, maturity and tactic, and its own base rate: a rule that fires for every host says nothing of any one of
//! them. Base rates count as they are when the probability is asked for, so a rule that turns out to be noise takes
//! its weight back. Firing again adds half as much each time.
//!
//! *Use.* A successful logon from a held system, or by a held account, carries suspicion along the access used: the
//! target is held with the probability of the source times that of the means. Contributions of different carriers
//! combine as independent causes (a noisy-or; Pearl 1988, ch. 4). Use carries forward in time only: what
//! was held later says nothing of what it did before. What a source has in common with the target is not carried: a
//! rule that fired for both, and suspicion that came from the target (the same reason for which belief propagation
//! leaves out the receiver's own message).
//!
//! Machine accounts, service accounts, anonymous logons and Cordon's own acts carry nothing. An analyst's pin decides
//! whatever the evidence says.
//!
//! Each event costs a bounded number of steps: see [`limits`] for what is remembered.

mod entity;
pub mod limits;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
pub mod weights;

use cordon_estate::{AccountId, AccountKind, Entity, Estate, Means, SystemId};
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::bind::{Named, Role};
use crate::record::RecordPlace;
use entity::{EntityState, Firing};

/// A rule, or any other source of detections, by a number of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey(pub u32);

impl RuleKey {
    /// Numbers from here on stand for rules of other products.
    const REPORTED_FIRST: u32 = 1 << 31;

    /// The key of another product's rule, by its identifier or title. Two of them fall together once in two thousand
    /// million pairs; their findings then count as repeats of one rule, which is too little rather than too much.
    #[must_use]
    pub fn reported(identifier: &str) -> Self {
        // FNV-1a, 32 bits: the same on every machine and in every run.
        let hash = identifier.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self(hash | Self::REPORTED_FIRST)
    }

    /// True if another product's rule is meant.
    #[must_use]
    pub const fn is_reported(self) -> bool {
        self.0 >= Self::REPORTED_FIRST
    }
}

/// A detection as inference needs it.
#[derive(Clone, Copy, Debug)]
pub struct Signal<'a> {
    /// Which rule fired.
    pub rule: RuleKey,
    /// Its weight in log-odds before its base rate: [`weights::rule_weight`].
    pub weight: f64,
    /// When.
    pub time: Timestamp,
    /// On which record.
    pub place: RecordPlace,
    /// Whom and what the record names.
    pub named: &'a [Named],
}

/// A use of an access that worked, between entities of the estate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    /// Who used it; nobody if a machine or an anonymous account did.
    pub account: Option<AccountId>,
    /// From where, if over the network.
    pub from: Option<SystemId>,
    /// On what.
    pub on: SystemId,
    /// How; `None` for a program started on `on` itself.
    pub means: Option<Means>,
    /// When.
    pub time: Timestamp,
    /// In which record.
    pub place: RecordPlace,
}

/// What carried suspicion to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier {
    /// From whom.
    pub from: Entity,
    /// By what; `None` for programs started.
    pub means: Option<Means>,
}

/// One reason for a suspicion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// What it is.
    pub reason: Reason,
    /// What it adds to the log-odds.
    pub log_odds: f64,
    /// When it first held.
    pub time: Timestamp,
    /// The first record that shows it.
    pub place: RecordPlace,
}

/// What a contribution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// A rule fired, so many times, and the entity played this part.
    Rule(RuleKey, Role, u32),
    /// Suspicion was carried along an access.
    Carried(Carrier),
}

/// The belief that one entity is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspicion {
    /// Which.
    pub entity: Entity,
    /// Probability that the intruder holds it.
    pub probability: f64,
    /// When anything first spoke of it.
    pub first_seen: Timestamp,
    /// The analyst's word, if there is one.
    pub pinned: Option<bool>,
    /// How many signals that do not hang together stand behind it: different rules on different records. One never
    /// justifies an automatic act.
    pub independent_signals: u32,
    /// The strongest reasons, strongest first, [`limits::CONTRIBUTIONS_MAX`] at most.
    pub contributions: Vec<Contribution>,
}

/// A stretch of time in which an entity's failures were Cordon's own doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnEffect {
    /// On what Cordon acted.
    pub entity: Entity,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, Default)]
struct BaseRate {
    weight: f64,
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
    own_effects: Vec<OwnEffect>,
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

    /// Records that what happens to an entity in a stretch of time is Cordon's own doing and no evidence.
    pub fn own_effect(&mut self, effect: OwnEffect) {
        if self.own_effects.len() < limits::OWN_EFFECTS_MAX {
            self.own_effects.push(effect);
        }
    }

    /// How many entities were not taken up because [`limits::ENTITIES_MAX`] were already.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes in a detection.
    pub fn signal(&mut self, signal: &Signal<'_>) {
        self.rules.entry(signal.rule).or_default().weight = signal.weight;
        for named in signal.named {
            if self.is_own_effect(named.entity, signal.time) {
                continue;
            }
            let Some(state) = self.state(named.entity, signal.time) else {
                continue;
            };
            if state.fire(signal.rule, named.role, signal.time, signal.place) {
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
        if probability < weights::CARRY_FLOOR || self.is_own_effect(to, one.time) {
            return;
        }
        if let Some(state) = self.state(to, one.time) {
            state.carry(Carrier { from, means }, probability.min(1.0), one.time, one.place);
        }
    }

    fn is_own_effect(&self, entity: Entity, time: Timestamp) -> bool {
        self.own_effects
            .iter()
            .any(|own| own.entity == entity && own.from <= time && time <= own.until)
    }

    fn state(&mut self, entity: Entity, time: Timestamp) -> Option<&mut EntityState> {
        let index = match self.places.get(&entity) {
            Some(index) => *index,
            None if self.states.len() >= limits::ENTITIES_MAX => {
                self.refused = self.refused.saturating_add(1);
                return None;
            }
            None => {
                let index = self.states.len() as u32;
                self.states.push(EntityState::new(entity, time));
                self.places.insert(entity, index);
                index
            }
        };
        self.states.get_mut(index as usize)
    }

    fn known(&self, entity: Entity) -> Option<&EntityState> {
        self.states.get(*self.places.get(&entity)? as usize)
    }

    /// The probability that the intruder holds an entity.
    #[must_use]
    pub fn probability(&self, entity: Entity) -> f64 {
        self.known(entity).map_or_else(
            || sigmoid(weights::PRIOR_LOG_ODDS),
            |state| self.probability_of(state),
        )
    }

    /// The probability of `of` without what it has in common with `to`: rules that fired for both, which speak for
    /// each by themselves, and what `to` carried to it. Otherwise one signal would be counted again each time that it
    /// comes round.
    fn apart_from(&self, of: Entity, to: Entity) -> f64 {
        let Some(state) = self.known(of) else {
            return sigmoid(weights::PRIOR_LOG_ODDS);
        };
        let others = self.known(to);
        let is_own = |firing: &Firing| others.is_none_or(|others| !others.has_fired(firing.rule));
        self.belief(state, is_own, state.carried_probability_but(to))
    }

    fn probability_of(&self, state: &EntityState) -> f64 {
        self.belief(state, |_| true, state.carried_probability())
    }

    fn belief(&self, state: &EntityState, counts: impl Fn(&Firing) -> bool, carried: f64) -> f64 {
        if let Some(held) = state.pinned {
            return sigmoid(if held {
                weights::PIN_LOG_ODDS
            } else {
                -weights::PIN_LOG_ODDS
            });
        }
        let fired = self.fired_log_odds(state, counts);
        let bound = weights::LOG_ODDS_BOUND;
        let alone = sigmoid((weights::PRIOR_LOG_ODDS + fired).clamp(-bound, bound));
        1.0 - (1.0 - alone) * (1.0 - carried)
    }

    /// What all rules together add: alarms each for itself, context up to its cap.
    fn fired_log_odds(&self, state: &EntityState, counts: impl Fn(&Firing) -> bool) -> f64 {
        let (mut alarms, mut context) = (0.0, 0.0);
        for firing in state.firings.iter().filter(|firing| counts(firing)) {
            let added = self.firing_log_odds(state.entity, firing);
            let is_alarm = self
                .rules
                .get(&firing.rule)
                .is_some_and(|rule| rule.weight >= weights::ALARM_WEIGHT_MIN);
            if is_alarm {
                alarms += added
            } else {
                context += added
            }
        }
        alarms + f64::min(context, weights::CONTEXT_LOG_ODDS_MAX)
    }

    fn firing_log_odds(&self, entity: Entity, firing: &entity::Firing) -> f64 {
        let rate = self.rules.get(&firing.rule).copied().unwrap_or_default();
        let base = match entity {
            Entity::Account(_) => weights::base_rate_factor(rate.accounts, self.accounts),
            _ => weights::base_rate_factor(rate.systems, self.systems),
        };
        (rate.weight * weights::role_factor(firing.role) * weights::repeat_factor(firing.count) * base)
            .min(weights::RULE_LOG_ODDS_MAX)
    }

    /// The suspicion of one entity, if anything ever spoke of it.
    #[must_use]
    pub fn suspicion(&self, entity: Entity) -> Option<Suspicion> {
        self.known(entity).map(|state| self.suspicion_of(state))
    }

    /// Every suspicion of at least this probability, most probable first, ties by entity.
    #[must_use]
    pub fn suspicions(&self, least_probability: f64) -> Vec<Suspicion> {
        let mut found: Vec<Suspicion> = self
            .states
            .iter()
            .filter(|state| self.probability_of(state) >= least_probability)
            .map(|state| self.suspicion_of(state))
            .collect();
        found.sort_by(|a, b| {
            b.probability
                .total_cmp(&a.probability)
                .then(a.entity.cmp(&b.entity))
        });
        found
    }

    fn suspicion_of(&self, state: &EntityState) -> Suspicion {
        let mut contributions: Vec<Contribution> = state
            .firings
            .iter()
            .map(|firing| self.firing_contribution(state.entity, firing))
            .chain(state.carried.iter().map(carried_contribution))
            .collect();
        contributions.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds).then(a.place.cmp(&b.place)));
        contributions.truncate(limits::CONTRIBUTIONS_MAX);
        Suspicion {
            entity: state.entity,
            probability: self.probability_of(state),
            first_seen: state.first_seen,
            pinned: state.pinned,
            independent_signals: self.independent_signals(state),
            contributions,
        }
    }

    /// How many signals stand behind a suspicion that do not hang together: several rules that match one record are
    /// one signal, for whoever can write one record can make it match many rules, and so is one rule that matches
    /// many records. Those of whom carried suspicion here count as well; of those further back none, to be careful.
    fn independent_signals(&self, state: &EntityState) -> u32 {
        let carriers = state
            .carried
            .iter()
            .filter_map(|carried| self.known(carried.carrier.from));
        let (mut rules, mut records) = (FxHashSet::default(), FxHashSet::default());
        for speaker in carriers.chain([state]) {
            for firing in &speaker.firings {
                if self.firing_log_odds(speaker.entity, firing) >= weights::SIGNAL_LOG_ODDS_MIN {
                    rules.insert(firing.rule);
                    records.insert(firing.first_place);
                }
            }
        }
        u32::try_from(rules.len().min(records.len())).unwrap_or(u32::MAX)
    }

    fn firing_contribution(&self, entity: Entity, firing: &entity::Firing) -> Contribution {
        Contribution {
            reason: Reason::Rule(firing.rule, firing.role, firing.count),
            log_odds: self.firing_log_odds(entity, firing),
            time: firing.first_time,
            place: firing.first_place,
        }
    }
}

/// What a carried probability would add to the prior if it stood alone.
fn carried_contribution(carried: &entity::Carried) -> Contribution {
    let prior = sigmoid(weights::PRIOR_LOG_ODDS);
    let both = 1.0 - (1.0 - prior) * (1.0 - carried.probability);
    Contribution {
        reason: Reason::Carried(carried.carrier),
        log_odds: logit(both) - weights::PRIOR_LOG_ODDS,
        time: carried.time,
        place: carried.place,
    }
}

/// True for accounts of people: services log on everywhere all day and would carry suspicion to everything.
fn carries(estate: &Estate, account: AccountId) -> bool {
    estate
        .account(account)
        .is_none_or(|account| account.kind != AccountKind::Service)
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn logit(probability: f64) -> f64 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    (probability / (1.0 - probability)).ln()
}

//! What the signs together say: probabilities, and the reasons for them.

use cordon_estate::Entity;
use rustc_hash::FxHashSet;

use super::adding::{self, Grade, Part};
use super::entity::{Carried, EntityState, Firing};
use super::signal::{Contribution, Reason, Suspicion};
use super::{Inference, limits, weights};

impl Inference {
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
    pub(super) fn apart_from(&self, of: Entity, to: Entity) -> f64 {
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

    /// What all rules together add.
    fn fired_log_odds(&self, state: &EntityState, counts: impl Fn(&Firing) -> bool) -> f64 {
        let part = |firing: &Firing| {
            let rule = self.rules.get(&firing.rule);
            Part {
                log_odds: self.firing_log_odds(state.entity, firing),
                group: firing.group,
                grade: rule.map_or(Grade::Minor, |rule| Grade::of(&rule.weight)),
                first: firing.first_time,
                last: firing.last_time,
            }
        };
        let mut parts: Vec<Part> = state
            .firings
            .iter()
            .filter(|firing| counts(firing))
            .map(part)
            .collect();
        adding::together(&mut parts)
    }

    /// What one rule adds by itself.
    fn firing_log_odds(&self, entity: Entity, firing: &Firing) -> f64 {
        let Some(rate) = self.rules.get(&firing.rule) else {
            return 0.0;
        };
        let base = match entity {
            Entity::Account(_) => weights::base_rate_factor(rate.accounts, self.accounts),
            _ => weights::base_rate_factor(rate.systems, self.systems),
        };
        let role = weights::role_factor(firing.role);
        (rate.weight.log_odds * role * weights::repeat_factor(firing.count) * base)
            .min(weights::rule_log_odds_max(&rate.weight, firing.count))
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

    fn firing_contribution(&self, entity: Entity, firing: &Firing) -> Contribution {
        Contribution {
            reason: Reason::Rule(firing.rule, firing.role, firing.count),
            log_odds: self.firing_log_odds(entity, firing),
            time: firing.first_time,
            place: firing.first_place,
        }
    }
}

/// What a carried probability would add to the prior if it stood alone.
fn carried_contribution(carried: &Carried) -> Contribution {
    let prior = sigmoid(weights::PRIOR_LOG_ODDS);
    let both = 1.0 - (1.0 - prior) * (1.0 - carried.probability);
    Contribution {
        reason: Reason::Carried(carried.carrier),
        log_odds: logit(both) - weights::PRIOR_LOG_ODDS,
        time: carried.time,
        place: carried.place,
    }
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn logit(probability: f64) -> f64 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    (probability / (1.0 - probability)).ln()
}

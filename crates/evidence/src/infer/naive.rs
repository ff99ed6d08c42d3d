//! The same model computed from the whole history for every question, as the oracle of the streaming one.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{Entity, Means};

use super::{Carrier, RuleKey, weights};
use crate::bind::Role;

/// What happened, already reduced to what the model uses.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Fired {
        rule: RuleKey,
        weight: f64,
        named: Vec<(Entity, Role)>,
    },
    Ran {
        account: Entity,
        system: Entity,
    },
    LoggedOn {
        account: Option<Entity>,
        from: Option<Entity>,
        on: Entity,
        means: Means,
    },
    Pinned {
        entity: Entity,
        held: Option<bool>,
    },
}

type Carries = BTreeMap<(Entity, Carrier), f64>;

/// The probability of `entity` after all of `history`.
pub(super) fn probability(history: &[Happening], entity: Entity, population: (u32, u32)) -> f64 {
    let mut carries = Carries::new();
    for (index, happening) in history.iter().enumerate() {
        let before = &history[..index];
        let now = |entity: Entity, to: Entity, carries: &Carries| {
            belief(before, entity, Some(to), population, carries)
        };
        let found: Vec<(Entity, Carrier, f64)> = match happening {
            Happening::Ran { account, system } => vec![
                (
                    *system,
                    Carrier {
                        from: *account,
                        means: None,
                    },
                    now(*account, *system, &carries) * weights::CARRY_ACCOUNT_RUNS,
                ),
                (
                    *account,
                    Carrier {
                        from: *system,
                        means: None,
                    },
                    now(*system, *account, &carries) * weights::CARRY_SYSTEM_RUNS,
                ),
            ],
            Happening::LoggedOn {
                account: Some(account),
                from,
                on,
                means,
            } => {
                let strength = weights::carry_to_system(*means);
                let means = Some(*means);
                let from = from.filter(|from| from != on);
                let mut found = vec![(
                    *on,
                    Carrier {
                        from: *account,
                        means,
                    },
                    now(*account, *on, &carries) * strength,
                )];
                if let Some(from) = from {
                    found.push((
                        *account,
                        Carrier { from, means },
                        now(from, *account, &carries) * weights::CARRY_TO_ACCOUNT,
                    ));
                    found.push((*on, Carrier { from, means }, now(from, *on, &carries) * strength));
                }
                found
            }
            _ => Vec::new(),
        };
        for (to, carrier, probability) in found {
            if probability >= weights::CARRY_FLOOR {
                let known = carries.entry((to, carrier)).or_insert(0.0);
                *known = known.max(probability);
            }
        }
    }
    belief(history, entity, None, population, &carries)
}

/// The probability of `entity`, without what it has in common with `to`.
fn belief(
    history: &[Happening],
    entity: Entity,
    to: Option<Entity>,
    population: (u32, u32),
    carries: &Carries,
) -> f64 {
    let pin = history.iter().rev().find_map(|happening| match happening {
        Happening::Pinned { entity: own, held } if *own == entity => Some(*held),
        _ => None,
    });
    if let Some(Some(held)) = pin {
        return sigmoid(if held {
            weights::PIN_LOG_ODDS
        } else {
            -weights::PIN_LOG_ODDS
        });
    }
    let counted: Vec<RuleKey> = rules(history)
        .into_iter()
        .filter(|rule| to.is_none_or(|to| !fired_for(history, *rule, to)))
        .collect();
    let sum = |alarms: bool| -> f64 {
        counted
            .iter()
            .filter(|rule| (last_weight(history, **rule) >= weights::ALARM_WEIGHT_MIN) == alarms)
            .map(|rule| rule_log_odds(history, *rule, entity, population))
            .sum()
    };
    let fired = sum(true) + sum(false).min(weights::CONTEXT_LOG_ODDS_MAX);
    let alone =
        sigmoid((weights::PRIOR_LOG_ODDS + fired).clamp(-weights::LOG_ODDS_BOUND, weights::LOG_ODDS_BOUND));
    let not_carried: f64 = carries
        .iter()
        .filter(|((target, carrier), _)| *target == entity && Some(carrier.from) != to)
        .map(|(_, probability)| 1.0 - probability)
        .product();
    1.0 - (1.0 - alone) * not_carried
}

fn fired_for(history: &[Happening], rule: RuleKey, entity: Entity) -> bool {
    history.iter().any(|happening| {
        matches!(happening, Happening::Fired { rule: own, named, .. }
            if *own == rule && named.iter().any(|(other, _)| *other == entity))
    })
}

fn rules(history: &[Happening]) -> BTreeSet<RuleKey> {
    history
        .iter()
        .filter_map(|happening| {
            if let Happening::Fired { rule, .. } = happening {
                Some(*rule)
            } else {
                None
            }
        })
        .collect()
}

fn last_weight(history: &[Happening], wanted: RuleKey) -> f64 {
    let weight = |happening: &Happening| match happening {
        Happening::Fired { rule, weight, .. } if *rule == wanted => Some(*weight),
        _ => None,
    };
    history.iter().rev().find_map(weight).unwrap_or(0.0)
}

fn rule_log_odds(history: &[Happening], rule: RuleKey, entity: Entity, population: (u32, u32)) -> f64 {
    let mut firings = 0;
    let mut role: f64 = 0.0;
    let mut last_weight = 0.0;
    let mut with = BTreeSet::new();
    let same_kind =
        |other: &Entity| matches!(other, Entity::Account(_)) == matches!(entity, Entity::Account(_));
    for happening in history {
        let Happening::Fired {
            rule: own,
            weight,
            named,
        } = happening
        else {
            continue;
        };
        if *own != rule {
            continue;
        }
        last_weight = *weight;
        for (other, other_role) in named {
            if *other == entity {
                firings += 1;
                role = role.max(weights::role_factor(*other_role));
            }
            if same_kind(other) && weights::acts(*other_role) {
                with.insert(*other);
            }
        }
    }
    if firings == 0 {
        return 0.0;
    }
    let all = if matches!(entity, Entity::Account(_)) {
        population.0
    } else {
        population.1
    };
    let base = weights::base_rate_factor(with.len() as u32, all);
    (last_weight * role * weights::repeat_factor(firings) * base).min(weights::RULE_LOG_ODDS_MAX)
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

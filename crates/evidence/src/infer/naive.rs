//! The same model computed from the whole history for every question, as the oracle of the streaming one.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{Entity, Means};

use super::weights::RuleWeight;
use super::{Carrier, RuleKey, weights};
use crate::bind::Role;

/// What happened, already reduced to what the model uses.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Fired {
        rule: RuleKey,
        weight: RuleWeight,
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

/// How far apart the happenings of a history are: a few of them make an episode.
pub(super) const SECONDS_APART: i64 = weights::EPISODE_SECONDS / 4;

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
    let fired = counted_log_odds(history, &counted, entity, population);
    let alone =
        sigmoid((weights::PRIOR_LOG_ODDS + fired).clamp(-weights::LOG_ODDS_BOUND, weights::LOG_ODDS_BOUND));
    let mut by_source = BTreeMap::<Entity, f64>::new();
    for ((target, carrier), probability) in carries {
        if *target == entity && Some(carrier.from) != to {
            let most = by_source.entry(carrier.from).or_default();
            *most = most.max(*probability);
        }
    }
    let not_carried: f64 = by_source.values().map(|probability| 1.0 - probability).product();
    1.0 - (1.0 - alone) * not_carried
}

/// What these rules together add: in the best hour for those below an alarm.
fn counted_log_odds(history: &[Happening], rules: &[RuleKey], entity: Entity, population: (u32, u32)) -> f64 {
    let groups_of = groups(history, entity);
    let mut best: f64 = 0.0;
    for start in 0..=history.len() {
        let episode = start as i64 * SECONDS_APART..=start as i64 * SECONDS_APART + weights::EPISODE_SECONDS;
        let (mut graver, mut minor) = (
            BTreeMap::<usize, Vec<f64>>::new(),
            BTreeMap::<usize, Vec<f64>>::new(),
        );
        for rule in rules {
            let weight = last_weight(history, *rule);
            let times = firing_seconds(history, *rule, entity);
            let ends = times.first().into_iter().chain(times.last());
            let counts = weight.log_odds >= weights::ALARM_WEIGHT_MIN
                || ends.into_iter().any(|time| episode.contains(time));
            let is_context = weight.log_odds < weights::ALARM_WEIGHT_MIN;
            let nameless = is_context && weight.techniques.is_empty();
            let groups = if nameless || weight.log_odds < weights::MINOR_WEIGHT_MAX {
                &mut minor
            } else {
                &mut graver
            };
            let group = groups_of.get(rule).filter(|_| counts);
            if let Some(group) = group {
                let added = rule_log_odds(history, *rule, entity, population);
                groups.entry(*group).or_default().push(added);
            }
        }
        best = best.max(grouped(graver) + grouped(minor).min(weights::MINOR_LOG_ODDS_MAX));
    }
    best
}

/// The group of each rule that fired for an entity: that of the first before it with which it has a technique in
/// common, else its own.
fn groups(history: &[Happening], entity: Entity) -> BTreeMap<RuleKey, usize> {
    let mut found: Vec<(RuleKey, RuleWeight, usize)> = Vec::new();
    for happening in history {
        let Happening::Fired { rule, weight, named } = happening else {
            continue;
        };
        let names = named.iter().any(|(other, _)| *other == entity);
        if !names || found.iter().any(|(known, _, _)| known == rule) {
            continue;
        }
        let own: BTreeSet<u16> = weight.techniques.iter().copied().collect();
        let joins = found.iter().find(|(_, known, _)| {
            let known: BTreeSet<u16> = known.techniques.iter().copied().collect();
            !known.is_disjoint(&own)
        });
        let group = joins.map_or(found.len(), |(_, _, group)| *group);
        found.push((*rule, weight.clone(), group));
    }
    found.into_iter().map(|(rule, _, group)| (rule, group)).collect()
}

fn grouped(groups: BTreeMap<usize, Vec<f64>>) -> f64 {
    let sum = |mut group: Vec<f64>| -> f64 {
        group.sort_by(|a, b| b.total_cmp(a));
        let place = |index: usize| weights::SAME_TECHNIQUE_FACTOR.powi(index as i32);
        group
            .iter()
            .enumerate()
            .map(|(index, added)| added * place(index))
            .sum()
    };
    groups.into_values().map(sum).sum()
}

/// When a rule fired for an entity, ascending.
fn firing_seconds(history: &[Happening], rule: RuleKey, entity: Entity) -> Vec<i64> {
    let fired = |happening: &Happening| {
        matches!(happening, Happening::Fired { rule: own, named, .. }
            if *own == rule && named.iter().any(|(other, _)| *other == entity))
    };
    let places = history
        .iter()
        .enumerate()
        .filter(|(_, happening)| fired(happening));
    places.map(|(index, _)| index as i64 * SECONDS_APART).collect()
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

fn last_weight(history: &[Happening], wanted: RuleKey) -> RuleWeight {
    let weight = |happening: &Happening| match happening {
        Happening::Fired { rule, weight, .. } if *rule == wanted => Some(weight.clone()),
        _ => None,
    };
    history.iter().rev().find_map(weight).unwrap_or_default()
}

fn rule_log_odds(history: &[Happening], rule: RuleKey, entity: Entity, population: (u32, u32)) -> f64 {
    let mut firings = 0;
    let mut role: f64 = 0.0;
    let mut last_weight = RuleWeight::default();
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
        last_weight = weight.clone();
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
    (last_weight.log_odds * role * weights::repeat_factor(firings) * base)
        .min(weights::rule_log_odds_max(&last_weight, firings))
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

//! How the rules that fired for one entity add up.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use super::weights::{self, RuleWeight};

/// What one rule adds by itself, and what decides how much of it counts beside others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) log_odds: f64,
    /// Parts of one group see the same thing.
    pub(super) group: u32,
    pub(super) grade: Grade,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// How much a rule can do without others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    Alarm,
    Context,
    Minor,
}

impl Grade {
    pub(super) fn of(rule: &RuleWeight) -> Self {
        if rule.log_odds >= weights::ALARM_WEIGHT_MIN {
            Self::Alarm
        } else if rule.log_odds >= weights::MINOR_WEIGHT_MAX && !rule.techniques.is_empty() {
            Self::Context
        } else {
            Self::Minor
        }
    }
}

impl Part {
    /// Alarms count whenever they come, the rest only within an episode.
    fn counts_in(&self, episode: &RangeInclusive<Timestamp>) -> bool {
        self.grade == Grade::Alarm || episode.contains(&self.first) || episode.contains(&self.last)
    }
}

/// The log-odds of all parts together: in the episode in which they say most.
pub(super) fn together(parts: &mut [Part]) -> f64 {
    let key = |part: &Part| (part.grade == Grade::Minor, part.group);
    parts.sort_by(|a, b| key(a).cmp(&key(b)).then(b.log_odds.total_cmp(&a.log_odds)));
    let starts = starts(parts);
    let most = if starts.len() > EPISODES_FEW {
        strongest(parts, &starts)
    } else {
        strongest_of_few(parts, &starts)
    };
    most.unwrap_or_else(|| sum(parts.iter()))
}

/// Episodes up to which each is put together from all parts.
const EPISODES_FEW: usize = 8;

/// When episodes may begin: with the first or last firing of what counts only within one.
fn starts(parts: &[Part]) -> Vec<Timestamp> {
    let bounded = parts.iter().filter(|part| part.grade != Grade::Alarm);
    let mut starts: Vec<Timestamp> = bounded.flat_map(|part| [part.first, part.last]).collect();
    starts.sort_unstable();
    starts.dedup();
    let one_episode = starts.first().zip(starts.last()).is_none_or(|(first, last)| {
        last.duration_since(*first) <= SignedDuration::from_secs(weights::EPISODE_SECONDS)
    });
    if one_episode {
        starts.truncate(1);
    }
    starts
}

/// The episode that begins then.
fn episode(start: Timestamp) -> RangeInclusive<Timestamp> {
    let end = start.saturating_add(SignedDuration::from_secs(weights::EPISODE_SECONDS));
    start..=end.unwrap_or(Timestamp::MAX)
}

/// What the parts say in the strongest episode, each looked at in full.
fn strongest_of_few(parts: &[Part], starts: &[Timestamp]) -> Option<f64> {
    let of_episodes = starts.iter().map(|start| {
        let episode = episode(*start);
        sum(parts.iter().filter(|part| part.counts_in(&episode)))
    });
    of_episodes.reduce(f64::max)
}

/// The same where there are many episodes. The parts of each are found by their times, and an episode that has none but
/// parts of the one before it is passed over: more parts never say less.
fn strongest(parts: &[Part], starts: &[Timestamp]) -> Option<f64> {
    let (mut alarms, mut times) = (Vec::new(), Vec::new());
    for (at, part) in parts.iter().enumerate() {
        if part.grade == Grade::Alarm {
            alarms.push(at);
        } else {
            times.extend([(part.first, at), (part.last, at)]);
        }
    }
    times.sort_unstable();
    let (mut members, mut reached) = (Vec::new(), 0);
    let mut most: Option<f64> = None;
    for start in starts {
        let episode = episode(*start);
        let until = times.partition_point(|(time, _)| time <= episode.end());
        if until == reached {
            continue;
        }
        reached = until;
        let from = times.partition_point(|(time, _)| time < episode.start());
        members.clone_from(&alarms);
        members.extend(
            times
                .get(from..until)
                .unwrap_or_default()
                .iter()
                .map(|(_, at)| *at),
        );
        members.sort_unstable();
        members.dedup();
        let own = sum(members.iter().filter_map(|at| parts.get(*at)));
        most = Some(most.map_or(own, |most| most.max(own)));
    }
    most
}

/// Parts by grade and group, the strongest of each first.
fn sum<'a>(parts: impl Iterator<Item = &'a Part>) -> f64 {
    let (mut graver, mut minor) = (0.0, 0.0);
    let mut group = None;
    let mut factor = 1.0;
    for part in parts {
        let own = Some((part.grade == Grade::Minor, part.group));
        factor = if own == group {
            factor * weights::SAME_TECHNIQUE_FACTOR
        } else {
            1.0
        };
        group = own;
        if part.grade == Grade::Minor {
            minor += part.log_odds * factor;
        } else {
            graver += part.log_odds * factor;
        }
    }
    graver + f64::min(minor, weights::MINOR_LOG_ODDS_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_many_episodes_there_are_the_strongest_is_found(
            drawn in prop::collection::vec((0.01..6.0_f64, 0..6_u32, 0..3_u8, 0..40_000_i64, 0..9_000_i64), 0..40),
        ) {
            let mut parts: Vec<Part> = drawn
                .into_iter()
                .map(|(log_odds, group, grade, first, lasts)| Part {
                    log_odds,
                    group,
                    grade: match grade {
                        0 => Grade::Alarm,
                        1 => Grade::Context,
                        _ => Grade::Minor,
                    },
                    first: Timestamp::from_second(first).unwrap(),
                    last: Timestamp::from_second(first + lasts).unwrap(),
                })
                .collect();
            together(&mut parts);
            let starts = starts(&parts);
            let (quick, naive) = (strongest(&parts, &starts), strongest_of_few(&parts, &starts));
            prop_assert_eq!(quick.is_some(), naive.is_some());
            prop_assert!(quick.zip(naive).is_none_or(|(quick, naive)| (quick - naive).abs() < 1e-12));
        }
    }
}

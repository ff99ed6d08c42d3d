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
    let of_episodes = starts.into_iter().map(|start| {
        let end = start.saturating_add(SignedDuration::from_secs(weights::EPISODE_SECONDS));
        let episode = start..=end.unwrap_or(Timestamp::MAX);
        sum(parts.iter().filter(|part| part.counts_in(&episode)))
    });
    of_episodes.reduce(f64::max).unwrap_or_else(|| sum(parts.iter()))
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

//! What Cordon itself causes at servers, from the entries of the ledger: it is no evidence of an intruder.
//!
//! An account that Cordon withdrew fails to log on, a host that it cut off is refused connections, and Cordon's own tries of an access look
//! like the tries of somebody who should not. Each [`OwnEffect`] says who is affected, in the words of orders, and from when until when. Whoever
//! infers footholds finds the account or system of the estate by that name and tells `evidence::infer::Inference::own_effect`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::gate::CLOCKS_APART_SECONDS;
use crate::limits::{CALL_SECONDS, LATE_EFFECT_SECONDS};
use crate::{Endpoint, Entry, Placement, Standing, Target, Verb, Whom};

/// Something that Cordon causes in a stretch of time, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEffect {
    /// By which withdrawal, or by the try of which.
    pub placement: Placement,
    /// To whom.
    pub affected: Affected,
    /// Since when: the intent was written [`CLOCKS_APART_SECONDS`] later, before the server was asked.
    pub from: Timestamp,
    /// Until when: [`LATE_EFFECT_SECONDS`] and [`CLOCKS_APART_SECONDS`] after it was recorded as given back. [`Timestamp::MAX`] while it is
    /// withdrawn.
    pub until: Timestamp,
}

/// Who is affected, by the names that the enforcement point uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Affected {
    /// An account, or a group where the point takes groups for holders: its logons fail, or what it does with them.
    Account(String),
    /// Every member of a group.
    Group(String),
    /// Every account but these.
    AllBut(Vec<String>),
    /// A host: connections from and to it are refused.
    System {
        /// Its name.
        name: String,
        /// Its addresses.
        addresses: Vec<String>,
    },
    /// Connections from one place to another are refused.
    Flow {
        /// From where.
        from: Endpoint,
        /// To where.
        to: Endpoint,
    },
}

impl Affected {
    /// Who is affected when a target is withdrawn; none if nobody who is known by name: a route answers everybody with a page.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        Some(match target {
            Target::Account { account: name }
            | Target::Sessions { account: name }
            | Target::Membership { member: name, .. }
            | Target::Right { holder: name, .. }
            | Target::Assignment { holder: name, .. }
            | Target::RemoteAccess {
                whom: Whom::Account(name),
            } => Self::Account(name.clone()),
            Target::RemoteAccess {
                whom: Whom::Group(name),
            } => Self::Group(name.clone()),
            Target::RemoteAccess {
                whom: Whom::AllBut(names),
            } => Self::AllBut(names.clone()),
            Target::Host { name, addresses } => Self::System {
                name: name.clone(),
                addresses: addresses.clone(),
            },
            Target::Flow { from, to, .. } => Self::Flow {
                from: from.clone(),
                to: to.clone(),
            },
            Target::Route { .. } => return None,
        })
    }
}

/// A stretch of a placement.
#[derive(Clone, Copy)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
}

/// Everything that Cordon caused, by these entries of the ledger in their order: by placement, then by time.
///
/// A withdrawal counts from its first intent until it was given back and nothing late can come any more; not if somebody else had
/// withdrawn the same before, because then Cordon changes nothing. A try of the access counts from as long before its record as a request
/// may take until as long after as a late one may come. Times of entries are those of executors, whose clocks may be
/// [`CLOCKS_APART_SECONDS`] off. Stretches of one placement that touch are one.
#[must_use]
pub fn own_effects<'a>(entries: impl IntoIterator<Item = (Timestamp, &'a Entry)>) -> Vec<OwnEffect> {
    let mut stretches: BTreeMap<&Placement, Vec<Stretch>> = BTreeMap::new();
    for (time, entry) in entries {
        let Some(placement) = entry.placement() else {
            continue;
        };
        let of = stretches.entry(placement).or_default();
        match entry {
            Entry::Applying { prior, .. } if prior.standing != Standing::Withdrawn => {
                begin(of, time);
            }
            Entry::Lifted { .. } => end(of, time),
            Entry::Verified { .. }
            | Entry::Unverified { .. }
            | Entry::LiftTried { .. }
            | Entry::Failed {
                verb: Verb::Probe, ..
            } => add(of, tried(time)),
            _ => {}
        }
    }
    let effects = stretches.into_iter().filter_map(|(placement, stretches)| {
        let affected = Affected::of(&placement.target)?;
        Some(stretches.into_iter().map(move |stretch| OwnEffect {
            placement: placement.clone(),
            affected: affected.clone(),
            from: stretch.from,
            until: stretch.until,
        }))
    });
    effects.flatten().collect()
}

/// The stretch in which a try may have come whose answer was recorded then.
fn tried(time: Timestamp) -> Stretch {
    let call_seconds = i64::try_from(CALL_SECONDS).unwrap_or(i64::MAX);
    Stretch {
        from: later(time, -call_seconds - CLOCKS_APART_SECONDS),
        until: later(time, LATE_EFFECT_SECONDS + CLOCKS_APART_SECONDS),
    }
}

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(time)
}

/// An intent: from now on, until it is given back. One that is repeated changes nothing.
fn begin(of: &mut Vec<Stretch>, time: Timestamp) {
    let stretch = Stretch {
        from: later(time, -CLOCKS_APART_SECONDS),
        until: Timestamp::MAX,
    };
    add(of, stretch);
}

/// It was given back; what was on its way then may still come.
fn end(of: &mut [Stretch], time: Timestamp) {
    if let Some(last) = of.last_mut().filter(|last| last.until == Timestamp::MAX) {
        let seconds = LATE_EFFECT_SECONDS + CLOCKS_APART_SECONDS;
        #[cfg(feature = "planted-bugs")]
        let seconds = if crate::bugs::is_planted(crate::bugs::Bug::ForgetsOwnEffectsEarly) {
            -CLOCKS_APART_SECONDS
        } else {
            seconds
        };
        last.until = later(time, seconds).max(last.from);
    }
}

/// Adds a stretch; entries come in order, but a clock may have been set back.
fn add(of: &mut Vec<Stretch>, new: Stretch) {
    match of.last_mut() {
        Some(last) if new.from <= last.until => {
            last.from = last.from.min(new.from);
            last.until = last.until.max(new.until);
        }
        _ => of.push(new),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Observation, PointState, ProbeAnswer};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn placement(name: &str) -> Placement {
        Placement {
            point: "directory".into(),
            target: Target::Account {
                account: name.to_owned(),
            },
        }
    }

    fn applying(name: &str, standing: Standing) -> Entry {
        Entry::Applying {
            placement: placement(name),
            prior: Observation {
                standing,
                state: PointState(json!(1)),
                mark: None,
            },
            epoch: 1,
            attempt: 1,
        }
    }

    fn verified(name: &str) -> Entry {
        Entry::Verified {
            placement: placement(name),
            answer: ProbeAnswer::Refused,
            how: String::new(),
        }
    }

    fn lifted(name: &str) -> Entry {
        Entry::Lifted {
            placement: placement(name),
            seen: None,
        }
    }

    fn stretches(entries: &[(i64, Entry)]) -> Vec<(String, i64, i64)> {
        let effects = own_effects(entries.iter().map(|(time, entry)| (at(*time), entry)));
        let start = at(0);
        let seconds = |time: Timestamp| match time {
            time if time == Timestamp::MAX => i64::MAX,
            time => time.duration_since(start).as_secs(),
        };
        effects
            .iter()
            .map(|one| {
                let Affected::Account(name) = &one.affected else {
                    panic!("{one:?}")
                };
                (name.clone(), seconds(one.from), seconds(one.until))
            })
            .collect()
    }

    #[test]
    fn a_withdrawal_counts_from_its_intent_until_nothing_late_can_come() {
        let night = [
            (0, applying("pat", Standing::Open)),
            (5, verified("pat")),
            (10, applying("sam", Standing::Open)),
            (40, applying("pat", Standing::Open)),
            (100, lifted("pat")),
            (500, applying("pat", Standing::Open)),
        ];
        assert_eq!(
            stretches(&night),
            [
                ("pat".to_owned(), -75, 220),
                ("pat".to_owned(), 440, i64::MAX),
                ("sam".to_owned(), -50, i64::MAX)
            ]
        );
    }

    #[test]
    fn a_try_counts_for_itself_and_what_others_withdrew_does_not() {
        let night = [
            (0, applying("pat", Standing::Withdrawn)),
            (100, verified("pat")),
            (200, lifted("pat")),
            (
                600,
                Entry::LiftTried {
                    placement: placement("pat"),
                    answer: ProbeAnswer::Refused,
                    how: String::new(),
                },
            ),
        ];
        assert_eq!(
            stretches(&night),
            [("pat".to_owned(), 20, 220), ("pat".to_owned(), 520, 720)]
        );
    }

    #[test]
    fn who_is_affected_is_named_for_every_target() {
        let name = || "x".to_owned();
        let group = Target::RemoteAccess {
            whom: Whom::Group(name()),
        };
        assert_eq!(Affected::of(&group), Some(Affected::Group(name())));
        let host = Target::Host {
            name: name(),
            addresses: vec!["10.0.0.1".to_owned()],
        };
        assert!(matches!(Affected::of(&host), Some(Affected::System { .. })));
        let right = Target::Right {
            holder: name(),
            right: name(),
            on: name(),
        };
        assert_eq!(Affected::of(&right), Some(Affected::Account(name())));
        assert_eq!(Affected::of(&Target::Route { route: name() }), None);
    }
}

//! The recovery table: what to do next about one placement, from what was last recorded and what is seen now.
//!
//! Normal running and recovery after a crash are the same table, so that the path that is rarely needed is the path that
//! is always used. The shape is that of TigerBeetle's journal recovery: every combination has one row, and a test walks
//! all of them.

use serde::{Deserialize, Serialize};

use crate::{Mark, Observation, PointState, Standing};

/// The last thing recorded of a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Last {
    /// Nothing, or nothing that matters any more.
    Nothing,
    /// The prior state and the intent to withdraw; the server may have been asked.
    Applying,
    /// The withdrawal is known to stand, but was not tried yet, or the try got through.
    Applied,
    /// It stands and was tried.
    InForce,
    /// The intent to give it back; the server may have been asked.
    Lifting,
}

/// What a fresh observation says, compared with what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// What stood before the withdrawal, and it was open.
    Prior,
    /// What stood before the withdrawal, and that was withdrawn by somebody else already.
    PriorOff,
    /// What the withdrawal leaves.
    Ours,
    /// A part of what the withdrawal leaves, refused but with something still open; or what may be ours and must be asked again.
    Half,
    /// It is open, but not as it was before: somebody else changed it, and nothing of ours stands.
    Reopened,
    /// Neither: somebody else changed it.
    Foreign,
    /// The server does not know such a thing.
    Absent,
    /// The server did not say.
    Nothing,
}

/// Where a placement is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Some order still holds it.
    Hold,
    /// No order holds it any more.
    Lift,
}

/// Whether a change that was asked for and not answered may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// No: it was answered, or long enough ago.
    Yes,
    /// It may.
    No,
}

/// The lease of the orders that hold a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lease {
    /// At least one runs.
    Live,
    /// All ended, and they say that what stands then stays until somebody answers.
    Over,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Record what is seen as the prior state, with the intent, then withdraw.
    Begin,
    /// Record the intent again, then withdraw again.
    Retry,
    /// Somebody undid it: say so, then withdraw again.
    Reapply,
    /// It stands: record that, then try it.
    Adopt,
    /// Try the access.
    Verify,
    /// Nothing to do until it is looked at again.
    Rest,
    /// Record the intent to give back, then do so.
    GiveBack,
    /// It is given back, or was never withdrawn: record that.
    Close,
    /// Look again in a while.
    Wait,
    /// Cordon must not decide this alone: say so, and look again in a while.
    CallPerson,
}

/// The table. Total: every combination has an answer.
#[must_use]
pub const fn recover(last: Last, seen: Seen, goal: Goal, lease: Lease, settled: Settled) -> Step {
    match goal {
        Goal::Hold => hold(last, seen, lease, settled),
        Goal::Lift => lift(last, seen, settled),
    }
}

const fn hold(last: Last, seen: Seen, lease: Lease, settled: Settled) -> Step {
    match (last, seen) {
        (_, Seen::Nothing) => Step::Wait,
        (_, Seen::Absent) => Step::CallPerson,
        // A lease that ended before anything was done leaves nothing to do; what stands stays and is said to be overdue.
        (Last::Nothing, _) if matches!(lease, Lease::Over) => Step::Wait,
        (Last::Applying | Last::Lifting, Seen::Prior | Seen::Half) if matches!(lease, Lease::Over) => {
            Step::CallPerson
        }
        // It bears Cordon's mark, but nothing is recorded of it: what stood before is not known here.
        (Last::Nothing, Seen::Ours | Seen::Half) => Step::CallPerson,
        (Last::Nothing, _) => Step::Begin,
        (Last::Applying | Last::Lifting, Seen::Prior | Seen::Half) => Step::Retry,
        (Last::Applying | Last::Lifting, Seen::PriorOff | Seen::Ours) => Step::Adopt,
        (Last::Applied, Seen::PriorOff | Seen::Ours) => Step::Verify,
        (Last::InForce, Seen::PriorOff | Seen::Ours) => Step::Rest,
        (Last::Applied, Seen::Half) => Step::Retry,
        (Last::InForce, Seen::Half) | (Last::Applied | Last::InForce, Seen::Prior) => Step::Reapply,
        // It was changed before our request came, which therefore did nothing: it is begun anew, from what stands now.
        (Last::Applying | Last::Lifting, Seen::Reopened) => match settled {
            Settled::Yes => Step::Close,
            Settled::No => Step::Wait,
        },
        (_, Seen::Foreign | Seen::Reopened) => Step::CallPerson,
    }
}

const fn lift(last: Last, seen: Seen, settled: Settled) -> Step {
    match (last, seen) {
        (Last::Nothing, _) => Step::Close,
        (_, Seen::Nothing) => Step::Wait,
        (Last::Applying, Seen::Reopened) if matches!(settled, Settled::Yes) => Step::Close,
        (_, Seen::Foreign | Seen::Reopened | Seen::Absent) => Step::CallPerson,
        // The withdrawal that nobody answered may still happen after it was recorded as never made.
        (_, Seen::Prior | Seen::PriorOff) if matches!(settled, Settled::No) => Step::Wait,
        (_, Seen::Prior | Seen::PriorOff) => Step::Close,
        (_, Seen::Ours | Seen::Half) => Step::GiveBack,
    }
}

/// What was recorded of a placement that an observation is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The last thing recorded.
    pub last: Last,
    /// The state before the withdrawal, and whether it was open.
    pub prior: Option<(&'a PointState, Standing)>,
    /// The state that the withdrawal left, if its reply arrived.
    pub left: Option<&'a PointState>,
    /// The mark that Cordon leaves.
    pub mark: &'a Mark,
}

/// Compares an observation with what was recorded.
#[must_use]
pub fn compare(recorded: Recorded<'_>, seen: &Observation) -> Seen {
    if seen.standing == Standing::Absent {
        return Seen::Absent;
    }
    let ours = seen.mark.as_ref() == Some(recorded.mark);
    if let Some((prior, standing)) = recorded.prior
        && seen.state == *prior
    {
        return if standing == Standing::Withdrawn {
            Seen::PriorOff
        } else {
            Seen::Prior
        };
    }
    let as_left = recorded.left.is_some_and(|left| *left == seen.state);
    // Without a mark, what stands after an unanswered request may be ours. The point can tell when it is asked again: it knows what
    // withdrawing from the prior state leaves, and refuses what is anything else.
    let unanswered = recorded.left.is_none() && matches!(recorded.last, Last::Applying | Last::Lifting);
    let may_be_ours = unanswered && seen.mark.is_none();
    match seen.standing {
        Standing::Withdrawn if ours || as_left => Seen::Ours,
        Standing::Partly | Standing::Withdrawn if ours || as_left || may_be_ours => Seen::Half,
        Standing::Open => Seen::Reopened,
        _ => Seen::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: [Last; 5] = [
        Last::Nothing,
        Last::Applying,
        Last::Applied,
        Last::InForce,
        Last::Lifting,
    ];
    const SEEN: [Seen; 8] = [
        Seen::Reopened,
        Seen::Prior,
        Seen::PriorOff,
        Seen::Ours,
        Seen::Half,
        Seen::Foreign,
        Seen::Absent,
        Seen::Nothing,
    ];

    fn every(mut check: impl FnMut(Last, Seen, Goal, Lease, Settled, Step)) {
        for last in LASTS {
            for seen in SEEN {
                for goal in [Goal::Hold, Goal::Lift] {
                    for lease in [Lease::Live, Lease::Over] {
                        for settled in [Settled::Yes, Settled::No] {
                            check(
                                last,
                                seen,
                                goal,
                                lease,
                                settled,
                                recover(last, seen, goal, lease, settled),
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_row_holds_what_is_promised() {
        every(|last, seen, goal, lease, settled, step| {
            let row = format!("{last:?} {seen:?} {goal:?} {lease:?} {settled:?} -> {step:?}");
            let withdraws = matches!(step, Step::Begin | Step::Retry | Step::Reapply);
            assert!(
                !(withdraws && goal == Goal::Lift),
                "withdraws while lifting: {row}"
            );
            assert!(
                !(step == Step::GiveBack && goal == Goal::Hold),
                "gives back while held: {row}"
            );
            assert!(
                !(step == Step::Begin && last != Last::Nothing),
                "a prior state is recorded once: {row}"
            );
            assert!(
                !(withdraws && seen == Seen::Foreign && last != Last::Nothing),
                "overwrites another's change: {row}"
            );
            assert!(
                !(step == Step::GiveBack && seen == Seen::Foreign),
                "overwrites another's change: {row}"
            );
            assert!(
                !(withdraws && lease == Lease::Over && last == Last::Nothing),
                "begins after its lease: {row}"
            );
            assert!(
                step != Step::Rest || matches!(seen, Seen::Ours | Seen::PriorOff),
                "rests on nothing: {row}"
            );
            let closes_unsettled = step == Step::Close && settled == Settled::No && last != Last::Nothing;
            assert!(!closes_unsettled, "closes while a change may still come: {row}");
            assert!(
                !(seen == Seen::Nothing && last != Last::Nothing && step != Step::Wait),
                "acts blindly: {row}"
            );
        });
    }

    #[test]
    fn the_whole_table_is_as_written_down() {
        let mut table = String::new();
        every(|last, seen, goal, lease, settled, step| {
            use std::fmt::Write as _;
            writeln!(table, "{last:?} {seen:?} {goal:?} {lease:?} {settled:?} {step:?}").unwrap();
        });
        let written = include_str!("../tests/recovery-table.txt");
        assert_eq!(
            table, written,
            "the table changed: read every changed row, then write it down"
        );
    }

    fn observation(standing: Standing, state: &str, mark: Option<&str>) -> Observation {
        Observation {
            standing,
            state: PointState(state.into()),
            mark: mark.map(Mark::from),
        }
    }

    #[test]
    fn observations_are_compared_by_state_and_mark() {
        let (prior, left, mark) = (
            PointState("open".into()),
            PointState("off".into()),
            Mark::from("cordon:1"),
        );
        let recorded = |last, left| Recorded {
            last,
            prior: Some((&prior, Standing::Open)),
            left,
            mark: &mark,
        };
        let known = recorded(Last::Applied, Some(&left));
        let unanswered = recorded(Last::Applying, None);
        let cases = [
            (known, (Standing::Open, "open", None), Seen::Prior),
            (known, (Standing::Withdrawn, "off", None), Seen::Ours),
            (
                known,
                (Standing::Withdrawn, "off since", Some("cordon:1")),
                Seen::Ours,
            ),
            (known, (Standing::Withdrawn, "off by hand", None), Seen::Foreign),
            (
                known,
                (Standing::Withdrawn, "off by hand", Some("cordon:2")),
                Seen::Foreign,
            ),
            (known, (Standing::Open, "open otherwise", None), Seen::Reopened),
            (known, (Standing::Partly, "half", Some("cordon:1")), Seen::Half),
            (known, (Standing::Absent, "", None), Seen::Absent),
            (unanswered, (Standing::Withdrawn, "off", None), Seen::Half),
            (
                unanswered,
                (Standing::Withdrawn, "off", Some("cordon:2")),
                Seen::Foreign,
            ),
            (unanswered, (Standing::Partly, "half", None), Seen::Half),
            (
                unanswered,
                (Standing::Open, "open otherwise", None),
                Seen::Reopened,
            ),
        ];
        for (recorded, (standing, text, found), wanted) in cases {
            let seen = observation(standing, text, found);
            assert_eq!(compare(recorded, &seen), wanted, "{seen:?}");
        }
        let off = Recorded {
            prior: Some((&prior, Standing::Withdrawn)),
            ..known
        };
        assert_eq!(
            compare(off, &observation(Standing::Withdrawn, "open", None)),
            Seen::PriorOff
        );
    }
}

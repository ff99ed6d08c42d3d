//! What stands at a directory about one target, and what is to be done about it.

use cordon_act::{Mark, PointState, Standing};
use serde::{Deserialize, Serialize};

/// What stands, as it is kept to be given back. Names that change by a rename are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum State {
    /// There is no such account, group or member.
    Absent,
    /// An account of OpenLDAP.
    #[serde(rename_all = "kebab-case")]
    Lock {
        /// Its `entryUUID`.
        entry: String,
        /// Its `pwdAccountLockedTime`, as written.
        locked_at: Option<String>,
    },
    /// An account of Active Directory.
    #[serde(rename_all = "kebab-case")]
    Control {
        /// Its `objectGUID`.
        entry: String,
        /// Its `userAccountControl`.
        user_account_control: i32,
        /// What the attribute for marks holds; always nothing if none is configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        /// Whether an attribute for marks is configured.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        takes_mark: bool,
    },
    /// A membership.
    #[serde(rename_all = "kebab-case")]
    Membership {
        /// The group's identifier.
        group: String,
        /// The member's identifier.
        member: String,
        /// The value by which the group lists the member; [`LINK`] in Active Directory, which follows renames itself.
        listed: Option<String>,
    },
}

/// How Active Directory lists a member.
pub(super) const LINK: &str = "link";

/// The bit of `userAccountControl` by which an account is disabled (MS-ADTS, section 2.2.16: `ADS_UF_ACCOUNT_DISABLE`).
const DISABLED: i32 = 2;

/// The date that locks an account until an administrator unlocks it (draft-behera-ldap-password-policy, section 5.3.3).
const PERMANENT: &str = "000001010000";

impl State {
    /// Reads one that was kept.
    pub(super) fn read(kept: &PointState) -> Option<Self> {
        serde_json::from_value(kept.0.clone()).ok()
    }

    /// As it is kept.
    pub(super) fn keep(&self) -> PointState {
        PointState(serde_json::to_value(self).unwrap_or_default())
    }

    /// Whether the server holds both for the same. A value that lists the same member in the same group is one value to the server,
    /// however it is spelled, and it may spell it anew when it is written.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Membership {
                    group,
                    member,
                    listed,
                },
                Self::Membership {
                    group: other_group,
                    member: other_member,
                    listed: other_listed,
                },
            ) => group == other_group && member == other_member && listed.is_some() == other_listed.is_some(),
            _ => self == other,
        }
    }

    /// What it says of the access. A lock that ends by itself is no withdrawal.
    pub(super) fn standing(&self) -> Standing {
        let is_withdrawn = match self {
            Self::Absent => return Standing::Absent,
            Self::Lock { locked_at, .. } => locked_at.as_deref().is_some_and(is_permanent),
            Self::Control {
                user_account_control, ..
            } => user_account_control & DISABLED != 0,
            Self::Membership { listed, .. } => listed.is_none(),
        };
        if is_withdrawn {
            Standing::Withdrawn
        } else {
            Standing::Open
        }
    }

    /// What a withdrawal with `mark` makes of it: itself if there is nothing to withdraw.
    pub(super) fn withdrawn(&self, mark: &Mark) -> Self {
        if self.standing() != Standing::Open {
            return self.clone();
        }
        let mut left = self.clone();
        match &mut left {
            Self::Absent => {}
            Self::Lock { locked_at, .. } => *locked_at = Some(lock_with(mark)),
            Self::Control {
                user_account_control,
                remark,
                takes_mark,
                ..
            } => {
                *user_account_control |= DISABLED;
                if *takes_mark && remark.is_none() {
                    *remark = Some(mark.0.clone());
                }
            }
            Self::Membership { listed, .. } => *listed = None,
        }
        left
    }

    /// The mark in it.
    pub(super) fn mark(&self) -> Option<Mark> {
        match self {
            Self::Lock { locked_at, .. } => locked_at.as_deref().and_then(mark_of_lock),
            Self::Control { remark, .. } => {
                let remark = remark.as_deref()?;
                remark.starts_with(MARK_START).then(|| Mark::from(remark))
            }
            Self::Absent | Self::Membership { .. } => None,
        }
    }
}

fn is_permanent(locked_at: &str) -> bool {
    locked_at.starts_with(PERMANENT)
}

/// How every mark begins.
const MARK_START: &str = "cordon:";

/// Digits of a mark in base sixteen and, with leading zeros, in base ten.
const MARK_DIGITS: (usize, usize) = (16, 20);

/// A lock without end that carries a mark: the sixteen digits of the mark, in base ten, are a fraction of a second of the date, which
/// the server keeps and does not heed. A one at the end keeps zeros before it from being dropped.
fn lock_with(mark: &Mark) -> String {
    let digits = mark.0.strip_prefix(MARK_START).unwrap_or_default();
    match (digits.len() == MARK_DIGITS.0, u64::from_str_radix(digits, 16)) {
        (true, Ok(number)) => format!("{PERMANENT}00.{number:020}1Z"),
        _ => format!("{PERMANENT}Z"),
    }
}

fn mark_of_lock(locked_at: &str) -> Option<Mark> {
    let fraction = locked_at.strip_prefix(PERMANENT)?.strip_prefix("00.")?;
    let digits = fraction.strip_suffix("1Z")?;
    if digits.len() != MARK_DIGITS.1 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(Mark(format!("{MARK_START}{number:016x}")))
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it stands already.
    Keep,
    /// Change what stands to this.
    ChangeTo(State),
    /// Nothing: somebody else changed it.
    Stale,
}

/// What a withdrawal has to do.
pub(super) fn to_withdraw(prior: &State, current: &State, mark: &Mark) -> Step {
    let left = prior.withdrawn(mark);
    if current.is_same(&left) {
        Step::Keep
    } else if current.is_same(prior) {
        Step::ChangeTo(left)
    } else {
        Step::Stale
    }
}

/// What a lift has to do.
pub(super) fn to_lift(prior: &State, left: Option<&State>, current: &State, mark: &Mark) -> Step {
    if current.is_same(prior) {
        return Step::Keep;
    }
    let left = left.cloned().unwrap_or_else(|| prior.withdrawn(mark));
    if current.is_same(&left) {
        Step::ChangeTo(prior.clone())
    } else {
        Step::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(locked_at: Option<&str>) -> State {
        State::Lock {
            entry: "13bbdf88-7dd7-1041-9d3a-8f705474a7a7".to_owned(),
            locked_at: locked_at.map(str::to_owned),
        }
    }

    fn control(bits: i32, remark: Option<&str>) -> State {
        State::Control {
            entry: "g".to_owned(),
            user_account_control: bits,
            remark: remark.map(str::to_owned),
            takes_mark: true,
        }
    }

    #[test]
    fn a_lock_carries_every_mark_and_gives_it_back() {
        for mark in [
            "cordon:0000000000000000",
            "cordon:ffffffffffffffff",
            "cordon:00000000000f4240",
            "cordon:5eeb5eeb5eeb5eeb",
        ] {
            let left = lock(None).withdrawn(&Mark::from(mark));
            assert_eq!(left.mark(), Some(Mark::from(mark)), "{left:?}");
            assert_eq!(left.standing(), Standing::Withdrawn);
        }
        let left = lock(None).withdrawn(&Mark::from("other"));
        assert_eq!((left.clone(), left.mark()), (lock(Some("000001010000Z")), None));
        assert_eq!(lock(Some("20261126112007Z")).standing(), Standing::Open);
    }

    #[test]
    fn an_attribute_for_marks_that_is_taken_stays_as_it_is() {
        let mark = Mark::from("cordon:5eeb5eeb5eeb5eeb");
        assert_eq!(control(512, None).withdrawn(&mark), control(514, Some(&mark.0)));
        assert_eq!(
            control(512, Some("hers")).withdrawn(&mark),
            control(514, Some("hers"))
        );
        assert_eq!(control(514, Some("hers")).mark(), None);
        assert_eq!(control(514, None).withdrawn(&mark), control(514, None));
    }

    #[test]
    fn only_what_was_assumed_or_what_was_left_is_changed() {
        let (mark, other) = (
            Mark::from("cordon:000000000000000a"),
            Mark::from("cordon:000000000000000b"),
        );
        let (open, timed) = (lock(None), lock(Some("20261126112007Z")));
        let (ours, theirs) = (open.withdrawn(&mark), open.withdrawn(&other));
        assert_eq!(to_withdraw(&open, &open, &mark), Step::ChangeTo(ours.clone()));
        assert_eq!(to_withdraw(&open, &ours, &mark), Step::Keep);
        assert_eq!(to_withdraw(&open, &theirs, &mark), Step::Stale);
        assert_eq!(to_withdraw(&open, &timed, &mark), Step::Stale);
        assert_eq!(to_withdraw(&theirs, &theirs, &mark), Step::Keep);
        assert_eq!(to_withdraw(&theirs, &open, &mark), Step::Stale);
        for left in [None, Some(&ours)] {
            assert_eq!(to_lift(&open, left, &open, &mark), Step::Keep);
            assert_eq!(to_lift(&open, left, &ours, &mark), Step::ChangeTo(open.clone()));
            assert_eq!(to_lift(&open, left, &theirs, &mark), Step::Stale);
            assert_eq!(to_lift(&open, left, &State::Absent, &mark), Step::Stale);
        }
        assert_eq!(
            to_lift(&open, Some(&theirs), &theirs, &mark),
            Step::ChangeTo(open.clone())
        );
    }

    #[test]
    fn a_state_survives_being_kept_and_garbage_is_none() {
        for state in [State::Absent, lock(Some("000001010000Z")), control(512, None)] {
            assert_eq!(State::read(&state.keep()), Some(state));
        }
        assert_eq!(
            State::read(&PointState(serde_json::json!({"assumed": "what never stood"}))),
            None
        );
    }
}

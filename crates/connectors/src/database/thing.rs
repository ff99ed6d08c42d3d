//! The one way in which every kind of target is withdrawn and given back: compare, change and look again in one transaction.

use std::fmt::Debug;

use cordon_act::limits::POINT_STATE_BYTES_MAX;
use cordon_act::{
    Applying, Lifting, Mark, Observation, PointError, PointErrorKind, PointState, Standing, Target,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::marks::{Found, Place, is_mark};
use super::names::Name;
use super::roles::{Role, input};
use super::session::{Failure, Session};
use crate::deadline::Deadline;

/// Something that can be withdrawn from a role.
pub(super) trait Thing {
    /// What stands about it, and is given back.
    type State: Serialize + DeserializeOwned + PartialEq + Debug;
    /// What else one look gave, that a withdrawal needs.
    type Facts;

    /// The role it is withdrawn from.
    fn holder(&self) -> Name<'_>;

    /// Where its mark is in the comment of the role.
    fn place(&self) -> Place;

    /// True if the server does not show which sessions still have it, so that only the mark says whether they were cut.
    fn cuts_blindly(&self) -> bool;

    /// What stands; `None` if a role or database that it names is not there.
    fn look(&self, session: &mut Session, deadline: Deadline) -> Result<Option<Seen<Self>>, Failure>;

    /// What a withdrawal leaves of `prior`: `prior` itself if it is withdrawn already.
    fn leaves(&self, seen: &Seen<Self>, prior: &Self::State, mark: &Mark) -> Result<Self::State, PointError>
    where
        Self::State: Sized;

    /// Makes `wanted` stand, but for the mark.
    fn change(
        &self,
        session: &mut Session,
        seen: &Seen<Self>,
        wanted: &Self::State,
        deadline: Deadline,
    ) -> Result<(), Failure>;

    /// The mark in a state.
    fn mark(state: &Self::State) -> Option<&Mark>;

    /// Cuts the sessions that still have it.
    fn cut(&self, session: &mut Session, seen: &Seen<Self>, deadline: Deadline) -> Result<(), Failure>;
}

/// What one look gave.
#[derive(Debug)]
pub(super) struct Seen<T: Thing + ?Sized> {
    pub(super) state: T::State,
    pub(super) standing: Standing,
    pub(super) holder: Role,
    pub(super) facts: T::Facts,
}

fn unknown(failure: impl Into<PointError>) -> PointError {
    PointError {
        kind: PointErrorKind::Unknown,
        ..failure.into()
    }
}

fn parse<T: Thing>(target: &Target, state: &PointState) -> Result<T::State, PointError> {
    serde_json::from_value(state.0.clone()).map_err(|error| {
        PointError::new(
            PointErrorKind::Stale,
            format!("what is said to have stood about {target} is no such state: {error}"),
        )
    })
}

fn stale<T: Thing>(target: &Target, seen: &Seen<T>) -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        format!("{target} was changed by somebody else: {:?}", seen.state),
    )
}

fn observation<T: Thing>(seen: Option<Seen<T>>) -> Result<Observation, PointError> {
    let Some(seen) = seen else {
        return Ok(Observation {
            standing: Standing::Absent,
            state: PointState(serde_json::Value::Null),
            mark: None,
        });
    };
    let state =
        serde_json::to_value(&seen.state).map_err(|error| PointError::new(PointErrorKind::Bug, error))?;
    if state.to_string().len() > POINT_STATE_BYTES_MAX {
        return Err(input(
            "more stands about this target than Cordon can keep to give it back",
        ));
    }
    Ok(Observation {
        standing: seen.standing,
        state: PointState(state),
        mark: T::mark(&seen.state).cloned(),
    })
}

/// Looks.
///
/// # Errors
/// [`PointError`] of the session.
pub(super) fn observe<T: Thing>(
    thing: &T,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Observation, PointError> {
    session.ready(deadline)?;
    observation(thing.look(session, deadline)?)
}

/// Looks, with every other change of the holder waiting. A transaction is open afterwards.
fn look_alone<T: Thing>(
    thing: &T,
    target: &Target,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Seen<T>, PointError> {
    let nothing = || input(format!("the server has no {target}"));
    session.ready(deadline)?;
    if thing.holder().text() == session.role() {
        return Err(input(format!("{target} is Cordon's own")));
    }
    let holder = Role::find(session, thing.holder(), deadline)?.ok_or_else(nothing)?;
    if holder.is_superuser {
        return Err(PointError::new(
            PointErrorKind::Denied,
            format!(
                "{} is a superuser, from whom this point withdraws nothing",
                thing.holder()
            ),
        ));
    }
    session.begin(deadline)?;
    Role::hold(session, thing.holder(), deadline)?;
    thing.look(session, deadline)?.ok_or_else(nothing)
}

/// Makes `wanted` stand, looks again, and commits. `cutting` goes into the mark.
fn settle<T: Thing>(
    thing: &T,
    session: &mut Session,
    seen: &Seen<T>,
    wanted: &T::State,
    deadline: Deadline,
) -> Result<(), PointError> {
    thing.change(session, seen, wanted, deadline)?;
    let found = T::mark(wanted).map(|mark| Found {
        mark: mark.clone(),
        cutting: thing.cuts_blindly(),
    });
    seen.holder
        .set_mark(session, thing.holder(), &thing.place(), found.as_ref(), deadline)?;
    let after = thing.look(session, deadline)?;
    match after {
        Some(after) if after.state == *wanted => session.commit(deadline),
        // The server warns instead of failing when it leaves a grant as it is for want of rights.
        other => Err(PointError::new(
            PointErrorKind::Denied,
            format!(
                "the server did not do it, so nothing was changed; is Cordon's role allowed to? It left {:?}",
                other.map(|after| after.state)
            ),
        )),
    }
}

/// Withdraws.
///
/// # Errors
/// As [`cordon_act::EnforcementPoint::apply`].
pub(super) fn apply<T: Thing>(
    thing: &T,
    session: &mut Session,
    applying: &Applying<'_>,
    deadline: Deadline,
) -> Result<Observation, PointError> {
    if !is_mark(applying.mark) {
        return Err(input("a mark is made of letters, digits and colons"));
    }
    let prior = parse::<T>(applying.target, applying.prior)?;
    let seen = look_alone(thing, applying.target, session, deadline)?;
    if seen.state == prior {
        let left = thing.leaves(&seen, &prior, applying.mark)?;
        if left == prior {
            session.end_transaction(deadline)?;
        } else {
            settle(thing, session, &seen, &left, deadline)?;
        }
    } else if seen.state == thing.leaves(&seen, &prior, applying.mark)? {
        session.end_transaction(deadline)?;
    } else {
        return Err(stale(applying.target, &seen));
    }
    finish(thing, session, deadline).map_err(unknown)
}

/// Cuts what is open, says so in the mark, and looks.
fn finish<T: Thing>(thing: &T, session: &mut Session, deadline: Deadline) -> Result<Observation, Failure> {
    let Some(seen) = thing.look(session, deadline)? else {
        return Ok(observation::<T>(None)?);
    };
    let found = seen.holder.mark(&thing.place());
    if !thing.cuts_blindly() {
        thing.cut(session, &seen, deadline)?;
    } else if let Some(found) = found.filter(|found| found.cutting) {
        thing.cut(session, &seen, deadline)?;
        let done = Found {
            cutting: false,
            ..found
        };
        session.begin(deadline)?;
        Role::hold(session, thing.holder(), deadline)?;
        // Looked at again, because somebody else may have written a comment meanwhile.
        if let Some(holder) = Role::find(session, thing.holder(), deadline)? {
            holder.set_mark(session, thing.holder(), &thing.place(), Some(&done), deadline)?;
        }
        session.commit(deadline)?;
    }
    Ok(observation(thing.look(session, deadline)?)?)
}

/// Gives back.
///
/// # Errors
/// As [`cordon_act::EnforcementPoint::lift`].
pub(super) fn lift<T: Thing>(
    thing: &T,
    session: &mut Session,
    lifting: &Lifting<'_>,
    deadline: Deadline,
) -> Result<Observation, PointError> {
    let prior = parse::<T>(lifting.target, lifting.prior)?;
    let seen = look_alone(thing, lifting.target, session, deadline)?;
    if seen.state == prior {
        session.end_transaction(deadline)?;
        return observation(thing.look(session, deadline)?);
    }
    let left = match lifting.left {
        Some(left) => parse::<T>(lifting.target, left)?,
        None => thing.leaves(&seen, &prior, lifting.mark)?,
    };
    if seen.state != left {
        return Err(stale(lifting.target, &seen));
    }
    settle(thing, session, &seen, &prior, deadline)?;
    observation(thing.look(session, deadline).map_err(unknown)?)
}

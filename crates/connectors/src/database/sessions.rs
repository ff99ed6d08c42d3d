//! The live sessions of a role, cut once. Nothing is left at the server: the role may log on again at once.

use cordon_act::{Observation, PointError, PointErrorKind, PointState, Probe, ProbeAnswer, Standing};

use super::account::SESSIONS_OF_ROLE;
use super::names::Name;
use super::roles::{Role, Sessions, input};
use super::session::{Failure, Session};
use crate::deadline::Deadline;

/// What stands is only that the role exists: which sessions it has varies by itself.
fn state(role: Name<'_>) -> PointState {
    PointState(serde_json::json!({ "role": role.text() }))
}

fn open(role: &Role, session: &mut Session, deadline: Deadline) -> Result<usize, Failure> {
    let sessions = Sessions {
        condition: SESSIONS_OF_ROLE,
        values: &[&role.oid],
    };
    sessions.find(session, deadline).map(|found| found.len())
}

/// Looks.
pub(super) fn observe(
    role: Name<'_>,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Observation, PointError> {
    session.ready(deadline)?;
    let Some(found) = Role::find(session, role, deadline)? else {
        return Ok(Observation {
            standing: Standing::Absent,
            state: PointState(serde_json::Value::Null),
            mark: None,
        });
    };
    let standing = match open(&found, session, deadline)? {
        0 => Standing::Withdrawn,
        _ => Standing::Open,
    };
    Ok(Observation {
        standing,
        state: state(role),
        mark: None,
    })
}

/// Cuts those that are there now.
pub(super) fn apply(
    role: Name<'_>,
    session: &mut Session,
    prior: &PointState,
    deadline: Deadline,
) -> Result<Observation, PointError> {
    if *prior != state(role) {
        return Err(PointError::new(
            PointErrorKind::Stale,
            format!("what is said to have stood about sessions of {role} is no such state"),
        ));
    }
    session.ready(deadline)?;
    if role.text() == session.role() {
        return Err(input("these sessions are Cordon's own"));
    }
    let found = Role::find(session, role, deadline)?
        .ok_or_else(|| input(format!("the server has no role {role}")))?;
    if found.is_superuser {
        return Err(PointError::new(
            PointErrorKind::Denied,
            format!("{role} is a superuser, whose sessions this point does not cut"),
        ));
    }
    Sessions {
        condition: SESSIONS_OF_ROLE,
        values: &[&found.oid],
    }
    .end_present(session, deadline)?;
    observe(role, session, deadline)
}

/// Counts what is open: a try cannot tell a session from before from a new one.
pub(super) fn probe(role: Name<'_>, session: &mut Session, deadline: Deadline) -> Result<Probe, PointError> {
    session.ready(deadline)?;
    let Some(found) = Role::find(session, role, deadline)? else {
        return Ok(Probe {
            answer: ProbeAnswer::Inconclusive,
            how: format!("the server has no role {role}"),
        });
    };
    let count = open(&found, session, deadline)?;
    Ok(Probe {
        answer: if count == 0 {
            ProbeAnswer::Refused
        } else {
            ProbeAnswer::Admitted
        },
        how: format!("{role} has {count} sessions open, says pg_stat_activity"),
    })
}

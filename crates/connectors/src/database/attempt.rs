//! Tries. A logon is tried for real, without the role's password; rights are asked of the server's own check of them.

use cordon_act::{PointError, Probe, ProbeAnswer, Standing};
use tokio_postgres::error::SqlState;

use super::Attempt;
use super::account::Logon;
use super::membership::Membership;
use super::names::Name;
use super::privilege::Privilege;
use super::session::{Failure, Logon as As, Session};
use super::thing::Thing;
use crate::deadline::Deadline;

/// The function of the server that refuses roles that may not log in. It is named in each error and, unlike the text, in no
/// language; `pg_hba.conf` refuses with the same code 28000 from another.
const CHECKS_ROLE: &str = "InitializeSessionUserId";

/// What a try to log on came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Admitted,
    /// By the check of the role: after the server was content with who is there.
    RoleRefused,
    /// The server wants to be shown a password first, so that it never came to the check.
    WantsPassword,
    Other,
}

/// Logs on as the role and hangs up.
pub(super) fn logon(
    role: Name<'_>,
    attempt: Option<&Attempt>,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Probe, PointError> {
    session.ready(deadline)?;
    let Some(seen) = Logon(role).look(session, deadline)? else {
        return Ok(inconclusive(format!("the server has no role {role}")));
    };
    let ways = ways(seen.holder.other_ways(session, deadline)?);
    let closed = seen.standing != Standing::Open;
    let Some(attempt) = attempt else {
        let says = if closed { "refuses" } else { "admits" };
        return Ok(inconclusive(format!(
            "the catalogue {says} {role}, but no probe is configured to try it{ways}"
        )));
    };
    let (outcome, said) = try_logon(role, attempt, deadline)?;
    let answer = match (outcome, closed) {
        (Outcome::Admitted, _) => ProbeAnswer::Admitted,
        (Outcome::RoleRefused, true) => ProbeAnswer::Refused,
        _ => ProbeAnswer::Inconclusive,
    };
    let how = format!(
        "logged on as {role} to database {} without its password: {said}{ways}",
        attempt.database
    );
    Ok(Probe { answer, how })
}

fn try_logon(role: Name<'_>, attempt: &Attempt, deadline: Deadline) -> Result<(Outcome, String), PointError> {
    let logon = As {
        role: role.text().to_owned(),
        database: attempt.database.clone(),
        password: None,
    };
    match Session::new(attempt.server.clone(), logon)?.ready(deadline) {
        Ok(()) => Ok((Outcome::Admitted, "it got through".to_owned())),
        Err(Failure::Postgres(error)) => {
            let outcome = outcome(&error);
            let said = PointError::from(Failure::Postgres(error)).text;
            Ok((outcome, said))
        }
        Err(Failure::Point(error)) => Err(error),
    }
}

fn outcome(error: &tokio_postgres::Error) -> Outcome {
    let Some(said) = error.as_db_error() else {
        // The client stops by itself when asked for a password that it does not have.
        let wants = error.to_string().starts_with("invalid configuration");
        return if wants {
            Outcome::WantsPassword
        } else {
            Outcome::Other
        };
    };
    let by_check = said.routine() == Some(CHECKS_ROLE);
    match said.code() {
        code if *code == SqlState::INVALID_PASSWORD => Outcome::WantsPassword,
        code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION && by_check => Outcome::RoleRefused,
        // A connection limit of none.
        code if *code == SqlState::TOO_MANY_CONNECTIONS && by_check => Outcome::RoleRefused,
        _ => Outcome::Other,
    }
}

fn inconclusive(how: String) -> Probe {
    Probe {
        answer: ProbeAnswer::Inconclusive,
        how,
    }
}

/// Words for the roles that use the same rights as members.
fn ways((names, all): (Vec<String>, i64)) -> String {
    if names.is_empty() {
        return String::new();
    }
    let more = all - names.len() as i64;
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "; as members, {}{more} can log in and use its rights",
        names.join(", ")
    )
}

/// Asks `pg_has_role`, by which the server itself decides.
pub(super) fn membership(
    thing: &Membership<'_>,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Probe, PointError> {
    let question = format!("pg_has_role of {} for {}", thing.holder, thing.role);
    judged(
        session
            .ready(deadline)
            .and_then(|()| thing.look(session, deadline))?
            .map(|seen| seen.facts.still),
        &question,
    )
}

/// Asks `has_database_privilege`, by which the server itself decides.
pub(super) fn privilege(
    thing: &Privilege<'_>,
    session: &mut Session,
    deadline: Deadline,
) -> Result<Probe, PointError> {
    let question = format!("has_database_privilege of {} on {}", thing.holder, thing.database);
    judged(
        session
            .ready(deadline)
            .and_then(|()| thing.look(session, deadline))?
            .map(|seen| seen.facts.has),
        &question,
    )
}

fn judged(has: Option<bool>, question: &str) -> Result<Probe, PointError> {
    let (answer, said) = match has {
        None => (ProbeAnswer::Inconclusive, "there is no such role or database"),
        Some(true) => (ProbeAnswer::Admitted, "yes"),
        Some(false) => (ProbeAnswer::Refused, "no"),
    };
    Ok(Probe {
        answer,
        how: format!("asked the server's own check, {question}: {said}; not tried as the role itself"),
    })
}

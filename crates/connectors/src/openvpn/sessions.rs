//! The target of sessions: what a client has open is cut once; it may enter again.
//!
//! What is to be cut are the sessions that stood when it was observed. The state says since when the newest of them stands, so a
//! client that came back is not cut again by a repeated call.

use cordon_act::{Observation, PointError, PointErrorKind, PointState, Probe, ProbeAnswer, Standing};
use serde::{Deserialize, Serialize};

use super::after_a_change;
use super::management::Session;
use super::status::Client;

/// What stands: the newest session's beginning in seconds since 1970, none without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    newest_since: Option<i64>,
}

fn state(account: &str, clients: &[Client]) -> State {
    let own = clients
        .iter()
        .filter(|client| client.name == account && client.live);
    State {
        newest_since: own.map(|client| client.since).max(),
    }
}

fn observation(state: State, standing: Standing) -> Observation {
    Observation {
        standing,
        state: PointState(serde_json::json!(state)),
        mark: None,
    }
}

/// Open if there is a session.
pub(crate) fn observe(account: &str, clients: &[Client]) -> Result<Observation, PointError> {
    let state = state(account, clients);
    let standing = match state.newest_since {
        Some(_) => Standing::Open,
        None => Standing::Withdrawn,
    };
    Ok(observation(state, standing))
}

/// Cuts the sessions that stood when `prior` was observed.
pub(crate) fn apply(
    account: &str,
    prior: &PointState,
    session: impl FnOnce() -> Result<Session, PointError>,
) -> Result<Observation, PointError> {
    let prior = read(prior)?;
    let mut session = session()?;
    let before = session.clients()?;
    let mut gone = true;
    if let Some(newest) = prior.newest_since {
        let chosen = |client: &Client| client.name == account && client.since <= newest;
        if before.iter().any(chosen) {
            gone = session.cut(chosen).map_err(after_a_change)?;
        }
    }
    let after = session.clients().map_err(after_a_change)?;
    let standing = if gone {
        Standing::Withdrawn
    } else {
        Standing::Partly
    };
    Ok(observation(state(account, &after), standing))
}

/// Changes nothing: a cut session cannot be given back, and its holder was never kept from a new one.
pub(crate) fn lift(account: &str, prior: &PointState, clients: &[Client]) -> Result<Observation, PointError> {
    read(prior)?;
    observe(account, clients)
}

/// Whether there is a session now.
pub(crate) fn probe(account: &str, clients: &[Client]) -> Result<Probe, PointError> {
    let (answer, found) = match state(account, clients).newest_since {
        Some(_) => (ProbeAnswer::Admitted, "a session stands, which may be a new one"),
        None => (ProbeAnswer::Refused, "no session stands"),
    };
    Ok(Probe {
        answer,
        how: format!("read from the server's list of clients: {found}"),
    })
}

fn read(prior: &PointState) -> Result<State, PointError> {
    serde_json::from_value(prior.0.clone()).map_err(|_| {
        PointError::new(
            PointErrorKind::Stale,
            "the prior state is not one of this point's",
        )
    })
}

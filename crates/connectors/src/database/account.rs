//! The logon of a role.

use cordon_act::{Mark, PointError, Standing};
use serde::{Deserialize, Serialize};

use super::marks::Place;
use super::names::Name;
use super::roles::{Role, Sessions};
use super::session::{Failure, Session};
use super::thing::{Seen, Thing};
use crate::deadline::Deadline;

/// `NOLOGIN`, and the role's sessions ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Logon<'a>(pub(super) Name<'a>);

/// What decides whether the role can log on. A withdrawal changes `login` alone; the rest shows whether somebody else was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    login: bool,
    /// −1 is without limit.
    connection_limit: i32,
    /// As the server writes it, in UTC.
    valid_until: Option<String>,
    mark: Option<Mark>,
}

impl State {
    /// A limit of no connections refuses a logon as well as `NOLOGIN`.
    const fn is_closed(&self) -> bool {
        !self.login || self.connection_limit == 0
    }
}

/// The sessions of a role, whatever they have become by `SET ROLE`.
pub(super) const SESSIONS_OF_ROLE: &str = "usesysid = $1";

impl Thing for Logon<'_> {
    type State = State;
    type Facts = ();

    fn holder(&self) -> Name<'_> {
        self.0
    }

    fn place(&self) -> Place {
        Place::logon()
    }

    fn cuts_blindly(&self) -> bool {
        false
    }

    fn look(&self, session: &mut Session, deadline: Deadline) -> Result<Option<Seen<Self>>, Failure> {
        let Some(holder) = Role::find(session, self.0, deadline)? else {
            return Ok(None);
        };
        let open = Sessions {
            condition: SESSIONS_OF_ROLE,
            values: &[&holder.oid],
        }
        .find(session, deadline)?;
        let state = State {
            login: holder.can_login,
            connection_limit: holder.connection_limit,
            valid_until: holder.valid_until.clone(),
            mark: holder.mark(&self.place()).map(|found| found.mark),
        };
        let standing = match (state.is_closed(), open.is_empty()) {
            (false, _) => Standing::Open,
            (true, true) => Standing::Withdrawn,
            (true, false) => Standing::Partly,
        };
        Ok(Some(Seen {
            state,
            standing,
            holder,
            facts: (),
        }))
    }

    fn leaves(&self, _seen: &Seen<Self>, prior: &State, mark: &Mark) -> Result<State, PointError> {
        if prior.is_closed() {
            return Ok(prior.clone());
        }
        Ok(State {
            login: false,
            mark: Some(mark.clone()),
            ..prior.clone()
        })
    }

    fn change(
        &self,
        session: &mut Session,
        _seen: &Seen<Self>,
        wanted: &State,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let login = if wanted.login { "LOGIN" } else { "NOLOGIN" };
        session.run(&format!("ALTER ROLE {} {login}", self.0), deadline)
    }

    fn mark(state: &State) -> Option<&Mark> {
        state.mark.as_ref()
    }

    fn cut(&self, session: &mut Session, seen: &Seen<Self>, deadline: Deadline) -> Result<(), Failure> {
        if !seen.state.is_closed() {
            return Ok(());
        }
        Sessions {
            condition: SESSIONS_OF_ROLE,
            values: &[&seen.holder.oid],
        }
        .end_all(session, deadline)
    }
}

//! The membership of a role in a role.

use cordon_act::{Mark, PointError, Standing};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Oid;

use super::marks::Place;
use super::names::Name;
use super::roles::{Role, Sessions, value};
use super::session::{Failure, Session};
use super::thing::{Seen, Thing};
use crate::deadline::Deadline;

/// The first version (as `server_version_num`) that keeps one grant for each grantor, with options of its own.
const GRANTS_BY_GRANTOR: i32 = 160_000;

/// `REVOKE role FROM holder`, and the sessions ended that may have made themselves that role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership<'a> {
    pub(super) holder: Name<'a>,
    pub(super) role: Name<'a>,
}

/// What stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    grants: Vec<Grant>,
    mark: Option<Mark>,
}

/// One grant of the membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    admin: bool,
    /// From version 16 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more: Option<Options>,
}

/// What version 16 and later keep with a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    by: String,
    inherit: bool,
    set: bool,
}

#[derive(Debug)]
pub(super) struct Facts {
    role: Oid,
    /// What the server's own check says: by a grant, or as a member of a member.
    pub(super) still: bool,
}

/// Sessions of the holder and its members that have lost the role. They may have made themselves that role before, which the server
/// does not show and a `REVOKE` does not end.
const SESSIONS_THAT_LOST: &str = "usesysid IS NOT NULL AND pg_has_role(usesysid, $1::oid, 'MEMBER') AND NOT pg_has_role(usesysid, $2::oid, 'MEMBER')";

impl Membership<'_> {
    fn grants(
        session: &mut Session,
        holder: Oid,
        role: Oid,
        deadline: Deadline,
    ) -> Result<Vec<Grant>, Failure> {
        let version = session.query("SELECT current_setting('server_version_num')::int", &[], deadline)?;
        let version: i32 = version.first().map_or(Ok(0), |row| value(row, 0))?;
        let has_options = version >= GRANTS_BY_GRANTOR;
        let statement = if has_options {
            "SELECT admin_option, pg_get_userbyid(grantor)::text, inherit_option, set_option \
             FROM pg_auth_members WHERE member = $1 AND roleid = $2 ORDER BY 2"
        } else {
            "SELECT admin_option FROM pg_auth_members WHERE member = $1 AND roleid = $2"
        };
        let rows = session.query(statement, &[&holder, &role], deadline)?;
        rows.iter()
            .map(|row| {
                let more = if has_options {
                    Some(Options {
                        by: value(row, 1)?,
                        inherit: value(row, 2)?,
                        set: value(row, 3)?,
                    })
                } else {
                    None
                };
                Ok(Grant {
                    admin: value(row, 0)?,
                    more,
                })
            })
            .collect()
    }

    fn revoke(&self, grant: &Grant) -> Result<String, PointError> {
        let by = grant.by()?;
        Ok(format!("REVOKE {} FROM {}{by}", self.role, self.holder))
    }

    fn grant(&self, grant: &Grant) -> Result<String, PointError> {
        let by = grant.by()?;
        let with = match &grant.more {
            Some(more) => format!(
                " WITH ADMIN {}, INHERIT {}, SET {}",
                grant.admin, more.inherit, more.set
            ),
            None if grant.admin => " WITH ADMIN OPTION".to_owned(),
            None => String::new(),
        };
        Ok(format!("GRANT {} TO {}{with}{by}", self.role, self.holder))
    }
}

impl Grant {
    fn by(&self) -> Result<String, PointError> {
        let Some(more) = &self.more else {
            return Ok(String::new());
        };
        Ok(format!(" GRANTED BY {}", Name::new(&more.by)?))
    }
}

impl Thing for Membership<'_> {
    type State = State;
    type Facts = Facts;

    fn holder(&self) -> Name<'_> {
        self.holder
    }

    fn place(&self) -> Place {
        Place::right(&["membership", self.role.text()])
    }

    fn cuts_blindly(&self) -> bool {
        true
    }

    fn look(&self, session: &mut Session, deadline: Deadline) -> Result<Option<Seen<Self>>, Failure> {
        let Some(holder) = Role::find(session, self.holder, deadline)? else {
            return Ok(None);
        };
        let Some(role) = Role::find(session, self.role, deadline)? else {
            return Ok(None);
        };
        let still = session.query(
            "SELECT pg_has_role($1::oid, $2::oid, 'MEMBER')",
            &[&holder.oid, &role.oid],
            deadline,
        )?;
        let still: bool = still.first().map_or(Ok(true), |row| value(row, 0))?;
        let found = holder.mark(&self.place());
        let state = State {
            grants: Self::grants(session, holder.oid, role.oid, deadline)?,
            mark: found.as_ref().map(|found| found.mark.clone()),
        };
        let cutting = found.is_some_and(|found| found.cutting);
        let standing = match (state.grants.is_empty(), still || cutting) {
            (false, _) => Standing::Open,
            (true, true) => Standing::Partly,
            (true, false) => Standing::Withdrawn,
        };
        Ok(Some(Seen {
            state,
            standing,
            holder,
            facts: Facts {
                role: role.oid,
                still,
            },
        }))
    }

    fn leaves(&self, _seen: &Seen<Self>, prior: &State, mark: &Mark) -> Result<State, PointError> {
        if prior.grants.is_empty() {
            return Ok(prior.clone());
        }
        Ok(State {
            grants: Vec::new(),
            mark: Some(mark.clone()),
        })
    }

    fn change(
        &self,
        session: &mut Session,
        seen: &Seen<Self>,
        wanted: &State,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        for gone in seen
            .state
            .grants
            .iter()
            .filter(|grant| !wanted.grants.contains(grant))
        {
            session.run(&self.revoke(gone)?, deadline)?;
        }
        for back in wanted
            .grants
            .iter()
            .filter(|grant| !seen.state.grants.contains(grant))
        {
            session.run(&self.grant(back)?, deadline)?;
        }
        Ok(())
    }

    fn mark(state: &State) -> Option<&Mark> {
        state.mark.as_ref()
    }

    fn cut(&self, session: &mut Session, seen: &Seen<Self>, deadline: Deadline) -> Result<(), Failure> {
        Sessions {
            condition: SESSIONS_THAT_LOST,
            values: &[&seen.holder.oid, &seen.facts.role],
        }
        .end_present(session, deadline)
    }
}

//! A privilege of a role on a database.

use cordon_act::{Mark, PointError, PointErrorKind, Standing};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Oid;

use super::ByPublic;
use super::marks::Place;
use super::names::Name;
use super::roles::{Role, Sessions, input, value};
use super::session::{Failure, Session};
use super::thing::{Seen, Thing};
use crate::deadline::Deadline;

/// Most roles that get a grant of their own in the place of PUBLIC's. The state that is kept holds their names.
const RELYING_MAX: i64 = 150;

/// What a database can grant (PostgreSQL manual, section 5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Create,
    Temporary,
}

impl Kind {
    pub(super) fn parse(word: &str) -> Option<Self> {
        [
            ("CONNECT", Self::Connect),
            ("CREATE", Self::Create),
            ("TEMPORARY", Self::Temporary),
            ("TEMP", Self::Temporary),
        ]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, kind)| kind)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Create => "CREATE",
            Self::Temporary => "TEMPORARY",
        }
    }
}

/// `REVOKE privilege ON DATABASE … FROM holder`, and from PUBLIC if need be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Privilege<'a> {
    pub(super) holder: Name<'a>,
    pub(super) kind: Kind,
    pub(super) database: Name<'a>,
    pub(super) by_public: ByPublic,
}

/// Who has the privilege, as the database's access list says: sorted, and with the default spelled out. Order and spelling have no
/// meaning to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    grants: Vec<Grant>,
    mark: Option<Mark>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    /// None is PUBLIC.
    to: Option<String>,
    by: String,
    grantable: bool,
}

#[derive(Debug)]
pub(super) struct Facts {
    database: Oid,
    owner: String,
    /// What the server's own check says of the holder.
    pub(super) has: bool,
    /// Roles that can log in and may rely on PUBLIC: neither superusers, nor the owner, nor the holder and its members.
    relying: Vec<String>,
}

/// Sessions in the database of the holder and its members that may no longer connect to it.
const SESSIONS_THAT_LOST: &str = "datid = $1 AND usesysid IS NOT NULL AND pg_has_role(usesysid, $2::oid, 'MEMBER') AND NOT has_database_privilege(usesysid, datid, 'CONNECT')";

impl Privilege<'_> {
    fn grants(&self, session: &mut Session, deadline: Deadline) -> Result<Vec<Grant>, Failure> {
        let rows = session.query(
            "SELECT CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee)::text END, pg_get_userbyid(grantor)::text, is_grantable \
             FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) \
             WHERE datname = $1 AND privilege_type = $2",
            &[&self.database.text(), &self.kind.word()],
            deadline,
        )?;
        let mut grants = rows
            .iter()
            .map(|row| {
                Ok(Grant {
                    to: value(row, 0)?,
                    by: value(row, 1)?,
                    grantable: value(row, 2)?,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        grants.sort();
        Ok(grants)
    }

    fn facts(
        &self,
        session: &mut Session,
        holder: Oid,
        deadline: Deadline,
    ) -> Result<Option<Facts>, Failure> {
        let rows = session.query(
            "SELECT oid, pg_get_userbyid(datdba)::text, has_database_privilege($1::oid, oid, $2) FROM pg_database WHERE datname = $3",
            &[&holder, &self.kind.word(), &self.database.text()],
            deadline,
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let relying = session.query(
            "SELECT r.rolname::text FROM pg_roles r, pg_database d
             WHERE d.datname = $1 AND r.rolcanlogin AND NOT r.rolsuper AND r.oid <> d.datdba AND NOT pg_has_role(r.oid, $2::oid, 'MEMBER')
             ORDER BY 1 LIMIT $3",
            &[&self.database.text(), &holder, &(RELYING_MAX + 1)],
            deadline,
        )?;
        Ok(Some(Facts {
            database: value(row, 0)?,
            owner: value(row, 1)?,
            has: value(row, 2)?,
            relying: relying
                .iter()
                .map(|row| value(row, 0))
                .collect::<Result<_, _>>()?,
        }))
    }

    fn sessions(
        &self,
        session: &mut Session,
        facts: &Facts,
        holder: Oid,
        cut: bool,
        deadline: Deadline,
    ) -> Result<usize, Failure> {
        if self.kind != Kind::Connect {
            return Ok(0);
        }
        let lost = Sessions {
            condition: SESSIONS_THAT_LOST,
            values: &[&facts.database, &holder],
        };
        if cut {
            return lost.end_all(session, deadline).map(|()| 0);
        }
        lost.find(session, deadline).map(|found| found.len())
    }

    fn is_to_holder(&self, grant: &Grant) -> bool {
        grant.to.as_deref() == Some(self.holder.text())
    }

    /// The grants that take the place of PUBLIC's.
    fn in_place_of_public(&self, facts: &Facts, prior: &State) -> Result<Vec<Grant>, PointError> {
        let privilege = self.kind.word();
        if self.by_public == ByPublic::Refuse {
            return Err(input(format!(
                "PUBLIC has {privilege} on database {}, so a withdrawal from one role does nothing; set by-public: replace, or revoke it",
                self.database
            )));
        }
        if facts.relying.len() as i64 > RELYING_MAX {
            return Err(input(format!(
                "more than {RELYING_MAX} roles rely on PUBLIC's {privilege} on database {}: give them grants of their own first",
                self.database
            )));
        }
        let has_own = |name: &str| prior.grants.iter().any(|grant| grant.to.as_deref() == Some(name));
        Ok(facts
            .relying
            .iter()
            .filter(|name| !has_own(name))
            .map(|name| Grant {
                to: Some(name.clone()),
                by: facts.owner.clone(),
                grantable: false,
            })
            .collect())
    }
}

impl Thing for Privilege<'_> {
    type State = State;
    type Facts = Facts;

    fn holder(&self) -> Name<'_> {
        self.holder
    }

    fn place(&self) -> Place {
        Place::right(&["privilege", self.kind.word(), self.database.text()])
    }

    fn cuts_blindly(&self) -> bool {
        false
    }

    fn look(&self, session: &mut Session, deadline: Deadline) -> Result<Option<Seen<Self>>, Failure> {
        let Some(holder) = Role::find(session, self.holder, deadline)? else {
            return Ok(None);
        };
        let Some(facts) = self.facts(session, holder.oid, deadline)? else {
            return Ok(None);
        };
        let state = State {
            grants: self.grants(session, deadline)?,
            mark: holder.mark(&self.place()).map(|found| found.mark),
        };
        let direct = state
            .grants
            .iter()
            .any(|grant| grant.to.is_none() || self.is_to_holder(grant));
        let open = self.sessions(session, &facts, holder.oid, false, deadline)?;
        let standing = match (facts.has, direct || open > 0) {
            (true, true) => Standing::Open,
            (false, false) => Standing::Withdrawn,
            // By a role that it is a member of, or by a session from before.
            _ => Standing::Partly,
        };
        Ok(Some(Seen {
            state,
            standing,
            holder,
            facts,
        }))
    }

    fn leaves(&self, seen: &Seen<Self>, prior: &State, mark: &Mark) -> Result<State, PointError> {
        let takes = |grant: &Grant| grant.to.is_none() || self.is_to_holder(grant);
        let (taken, mut grants): (Vec<Grant>, Vec<Grant>) = prior.grants.iter().cloned().partition(takes);
        if taken.is_empty() {
            return Ok(prior.clone());
        }
        if self.holder.text() == seen.facts.owner {
            return Err(input(format!("{} owns database {}", self.holder, self.database)));
        }
        if let Some(grant) = taken.iter().find(|grant| grant.by != seen.facts.owner) {
            return Err(PointError::new(
                PointErrorKind::Denied,
                format!(
                    "{:?}, not the owner of database {}, granted it",
                    grant.by, self.database
                ),
            ));
        }
        if taken.iter().any(|grant| grant.to.is_none()) {
            grants.extend(self.in_place_of_public(&seen.facts, prior)?);
        }
        grants.sort();
        Ok(State {
            grants,
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
        let what = format!("{} ON DATABASE {}", self.kind.word(), self.database);
        for gone in seen
            .state
            .grants
            .iter()
            .filter(|grant| !wanted.grants.contains(grant))
        {
            session.run(&format!("REVOKE {what} FROM {}", gone.grantee()?), deadline)?;
        }
        for back in wanted
            .grants
            .iter()
            .filter(|grant| !seen.state.grants.contains(grant))
        {
            let with = if back.grantable { " WITH GRANT OPTION" } else { "" };
            session.run(&format!("GRANT {what} TO {}{with}", back.grantee()?), deadline)?;
        }
        let has = self
            .facts(session, seen.holder.oid, deadline)?
            .is_some_and(|facts| facts.has);
        let withdraws = wanted.mark.is_some();
        // If the grants still stand, the server left them for want of rights, which the caller sees.
        if withdraws && has && self.grants(session, deadline)? == wanted.grants {
            return Err(input(format!(
                "{} would still have {what} as a member of another role, so nothing was changed",
                self.holder
            ))
            .into());
        }
        Ok(())
    }

    fn mark(state: &State) -> Option<&Mark> {
        state.mark.as_ref()
    }

    fn cut(&self, session: &mut Session, seen: &Seen<Self>, deadline: Deadline) -> Result<(), Failure> {
        self.sessions(session, &seen.facts, seen.holder.oid, true, deadline)
            .map(drop)
    }
}

impl Grant {
    fn grantee(&self) -> Result<String, PointError> {
        match &self.to {
            None => Ok("PUBLIC".to_owned()),
            Some(name) => Name::new(name).map(|name| name.to_string()),
        }
    }
}

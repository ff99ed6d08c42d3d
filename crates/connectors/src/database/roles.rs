//! What the server says of one role, and the sessions that roles have.

use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use tokio_postgres::types::{Oid, ToSql};

use super::marks::{COMMENT_BYTES_MAX, Found, Place};
use super::names::{Name, constant};
use super::session::{Failure, Session};
use crate::deadline::Deadline;

/// How long to wait before looking again whether sessions have ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long nothing may be seen before it is believed: a logon that was checked just before the withdrawal becomes visible a moment
/// later.
const SETTLED: Duration = Duration::from_millis(200);

/// Most roles that a report of other ways names.
const WAYS_MAX: i64 = 20;

/// One role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) oid: Oid,
    pub(super) is_superuser: bool,
    pub(super) can_login: bool,
    pub(super) connection_limit: i32,
    pub(super) valid_until: Option<String>,
    comment: Option<String>,
}

impl Role {
    /// The role of this name, if there is one.
    pub(super) fn find(
        session: &mut Session,
        name: Name<'_>,
        deadline: Deadline,
    ) -> Result<Option<Self>, Failure> {
        let rows = session.query(
            "SELECT oid, rolsuper, rolcanlogin, rolconnlimit, rolvaliduntil::text, shobj_description(oid, 'pg_authid') \
             FROM pg_roles WHERE rolname = $1",
            &[&name.text()],
            deadline,
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Self {
            oid: value(row, 0)?,
            is_superuser: value(row, 1)?,
            can_login: value(row, 2)?,
            connection_limit: value(row, 3)?,
            valid_until: value(row, 4)?,
            comment: value(row, 5)?,
        }))
    }

    /// Cordon's mark on it.
    pub(super) fn mark(&self, place: &Place) -> Option<Found> {
        place.find(self.comment.as_deref())
    }

    /// Sets or takes the mark. Needs a transaction, so that nobody sees the mark without the withdrawal.
    pub(super) fn set_mark(
        &self,
        session: &mut Session,
        name: Name<'_>,
        place: &Place,
        wanted: Option<&Found>,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let comment = place.set(self.comment.as_deref(), wanted);
        if comment
            .as_ref()
            .is_some_and(|text| text.len() > COMMENT_BYTES_MAX)
        {
            return Err(input(format!("the comment of role {name} is too long to hold a mark")).into());
        }
        let text = comment.map_or_else(|| "NULL".to_owned(), |text| constant(&text));
        session.run(&format!("COMMENT ON ROLE {name} IS {text}"), deadline)
    }

    /// Makes every other transaction that changes this role wait for ours: an `ALTER ROLE` that alters nothing.
    pub(super) fn hold(session: &mut Session, name: Name<'_>, deadline: Deadline) -> Result<(), Failure> {
        session.run(&format!("ALTER ROLE {name} WITH"), deadline)
    }

    /// Roles that can log in and, as members, use this role's rights: ways past a withdrawal of its logon. At most a few, and how
    /// many there are.
    pub(super) fn other_ways(
        &self,
        session: &mut Session,
        deadline: Deadline,
    ) -> Result<(Vec<String>, i64), Failure> {
        let rows = session.query(
            "WITH RECURSIVE way (oid) AS (
                 SELECT member FROM pg_auth_members WHERE roleid = $1
                 UNION SELECT member FROM pg_auth_members JOIN way ON roleid = way.oid)
             SELECT rolname::text, count(*) OVER () FROM pg_roles JOIN way USING (oid)
             WHERE rolcanlogin AND rolname <> current_user ORDER BY rolname LIMIT $2",
            &[&self.oid, &WAYS_MAX],
            deadline,
        )?;
        let mut names = Vec::new();
        let mut all = 0;
        for row in &rows {
            names.push(value(row, 0)?);
            all = value(row, 1)?;
        }
        Ok((names, all))
    }
}

pub(super) fn input(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Input, text)
}

/// A column of a row. A server that gives another type than asked for is not one.
pub(super) fn value<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<T, Failure> {
    row.try_get(column).map_err(Failure::Postgres)
}

/// Which sessions: a condition on `pg_stat_activity`, with its values.
#[derive(Clone, Copy)]
pub(super) struct Sessions<'a> {
    pub(super) condition: &'a str,
    pub(super) values: &'a [&'a (dyn ToSql + Sync)],
}

impl Sessions<'_> {
    /// Their process ids.
    pub(super) fn find(&self, session: &mut Session, deadline: Deadline) -> Result<Vec<i32>, Failure> {
        let statement = format!(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ({})",
            self.condition
        );
        let rows = session.query(&statement, self.values, deadline)?;
        rows.iter().map(|row| value(row, 0)).collect()
    }

    /// Ends them until none has been seen for a moment.
    pub(super) fn end_all(&self, session: &mut Session, deadline: Deadline) -> Result<(), Failure> {
        let mut quiet = Deadline::after(SETTLED);
        loop {
            let found = self.find(session, deadline)?;
            if found.is_empty() && quiet.is_over() {
                return Ok(());
            }
            if !found.is_empty() {
                end(session, &found, deadline)?;
                quiet = Deadline::after(SETTLED);
            }
            if !deadline.pause(LOOK_AGAIN) {
                return Err(open_still(found.len()).into());
            }
        }
    }

    /// Ends those that are there now, and waits until they are gone. Later ones are left alone.
    pub(super) fn end_present(&self, session: &mut Session, deadline: Deadline) -> Result<(), Failure> {
        let mut present = self.find(session, deadline)?;
        while !present.is_empty() {
            end(session, &present, deadline)?;
            if !deadline.pause(LOOK_AGAIN) {
                return Err(open_still(present.len()).into());
            }
            let rows = session.query(
                "SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1)",
                &[&present],
                deadline,
            )?;
            present = rows.iter().map(|row| value(row, 0)).collect::<Result<_, _>>()?;
        }
        Ok(())
    }
}

fn open_still(count: usize) -> PointError {
    PointError::new(
        PointErrorKind::Unknown,
        format!("{count} sessions have been told to end but are still there"),
    )
}

fn end(session: &mut Session, pids: &[i32], deadline: Deadline) -> Result<(), Failure> {
    session
        .query(
            "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid",
            &[&pids],
            deadline,
        )
        .map(drop)
}

//! A target as it was found at a directory, and what a dialect can do with it.

use std::collections::HashMap;
use std::net::SocketAddr;

use cordon_act::{Probe, ProbeAnswer, Standing};

use super::failure::Failure;
use super::lookup::{self, Kind, Wanted};
use super::session::{Deadline, Entry, Modification, Session};
use super::state::State;

/// What is looked for, with what was seen of it before.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    /// An account.
    Account(Wanted),
    /// A membership.
    Membership {
        /// The group.
        group: Wanted,
        /// The member.
        member: Wanted,
    },
}

/// Both ends of a connection to the directory server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peers {
    /// The server's end.
    pub(super) server: SocketAddr,
    /// The client's end.
    pub(super) client: SocketAddr,
}

/// A target as it was found.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// What stands.
    pub(super) state: State,
    /// What that comes to: a lock that nobody heeds is open, one with live connections is partly withdrawn.
    pub(super) standing: Standing,
    /// Whether the name in the order means another entry by now.
    pub(super) name_is_anothers: bool,
    /// The account, or the member.
    pub(super) account: Entry,
    /// The group, for a membership.
    pub(super) group: Entry,
    /// Live connections of the account that the server lists.
    pub(super) connections: Vec<Peers>,
}

impl Located {
    /// Nothing was found.
    pub(super) fn absent() -> Self {
        Self::with(State::Absent, Entry::default(), Entry::default())
    }

    /// Something was found that means what it says.
    pub(super) fn with(state: State, account: Entry, group: Entry) -> Self {
        Self {
            standing: state.standing(),
            state,
            name_is_anothers: false,
            account,
            group,
            connections: Vec::new(),
        }
    }
}

/// Which password policies heed locks, as far as a batch has asked.
pub(super) type Heeded = HashMap<String, bool>;

/// What makes one directory different from another.
pub(super) trait Dialect: Send {
    /// What a withdrawal leaves open here.
    fn leaves_open(&self) -> String;

    /// Finds what stands about each of these, answers in their order.
    fn locate(
        &self,
        session: &mut Session,
        deadline: Deadline,
        sought: &[Sought],
    ) -> Result<Vec<Result<Located, Failure>>, Failure>;

    /// Whether what was found may be changed to that at all.
    fn may_become(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &Located,
        to: &State,
        known: &mut Heeded,
    ) -> Result<(), Failure>;

    /// What changes what was found, if it still stands, to that.
    fn modification(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &Located,
        to: &State,
    ) -> Result<Modification, Failure>;

    /// Whether live connections of a withdrawn account can be and are to be cut.
    fn cuts_connections(&self) -> bool {
        false
    }

    /// Tries accounts and memberships as their users would, by the names in the orders; answers in their order.
    fn probe_all(
        &self,
        session: &mut Session,
        deadline: Deadline,
        located: &[(&str, &Located)],
    ) -> Vec<Result<Probe, Failure>>;

    /// Whether a name with which somebody logs on, by the configuration, is that of an entry.
    fn is_logon_of(&self, name: &str, account: &Entry) -> bool;
}

/// A probe's answer.
pub(super) fn answered(answer: ProbeAnswer, how: impl Into<String>) -> Probe {
    Probe {
        answer,
        how: how.into(),
    }
}

/// Whether two distinguished names are the same but for case and spaces at commas.
pub(super) fn is_same_name(one: &str, other: &str) -> bool {
    let normal = |name: &str| {
        let parts: Vec<String> = name.split(',').map(|part| part.trim().to_lowercase()).collect();
        parts.join(",")
    };
    normal(one) == normal(other)
}

/// The accounts and the memberships among what is sought.
pub(super) fn split(sought: &[Sought]) -> (Vec<Wanted>, Vec<(&Wanted, &Wanted)>) {
    let (mut accounts, mut memberships) = (Vec::new(), Vec::new());
    for one in sought {
        match one {
            Sought::Account(wanted) => accounts.push(wanted.clone()),
            Sought::Membership { group, member } => memberships.push((group, member)),
        }
    }
    (accounts, memberships)
}

/// Answers to both in the order in which they were sought.
pub(super) fn in_order(
    sought: &[Sought],
    accounts: Vec<Result<Located, Failure>>,
    memberships: Vec<Result<Located, Failure>>,
) -> Vec<Result<Located, Failure>> {
    let (mut accounts, mut memberships) = (accounts.into_iter(), memberships.into_iter());
    let next = |one: &Sought| match one {
        Sought::Account(_) => accounts.next(),
        Sought::Membership { .. } => memberships.next(),
    };
    sought
        .iter()
        .map(next)
        .map(|located| located.unwrap_or(Err(Failure::Late)))
        .collect()
}

/// A group and a member of it to be.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// The group.
    pub(super) group: Entry,
    /// The member.
    pub(super) member: Entry,
    /// Whether one of the names means another entry by now.
    pub(super) name_is_anothers: bool,
}

/// Finds groups and members, each of them once; `None` where either is missing.
pub(super) fn find_pairs(
    session: &mut Session,
    deadline: Deadline,
    groups: &Kind<'_>,
    members: &Kind<'_>,
    sought: &[(&Wanted, &Wanted)],
) -> Result<Vec<Result<Option<Pair>, Failure>>, Failure> {
    let groups = find_each(session, deadline, groups, sought.iter().map(|(group, _)| *group))?;
    let members = find_each(
        session,
        deadline,
        members,
        sought.iter().map(|(_, member)| *member),
    )?;
    let pair = |(group, member): &(&Wanted, &Wanted)| {
        let (Some(group), Some(member)) = (groups.get(group), members.get(member)) else {
            return Ok(None);
        };
        let (group, member) = (group.clone()?, member.clone()?);
        let name_is_anothers = group.name_is_anothers || member.name_is_anothers;
        Ok(group.entry.zip(member.entry).map(|(group, member)| Pair {
            group,
            member,
            name_is_anothers,
        }))
    };
    Ok(sought.iter().map(pair).collect())
}

type FoundByWanted = HashMap<Wanted, Result<lookup::Found, Failure>>;

fn find_each<'a>(
    session: &mut Session,
    deadline: Deadline,
    kind: &Kind<'_>,
    wanted: impl Iterator<Item = &'a Wanted>,
) -> Result<FoundByWanted, Failure> {
    let once: std::collections::HashSet<Wanted> = wanted.cloned().collect();
    let once: Vec<Wanted> = once.into_iter().collect();
    let found = lookup::find(session, deadline, kind, &once)?;
    Ok(once.into_iter().zip(found).collect())
}

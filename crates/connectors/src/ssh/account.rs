//! An account that sshd lets in.

use cordon_act::{Applying, Lifting, Mark, Observation, PointError, PointErrorKind, PointState, Standing};
use serde::{Deserialize, Serialize};

use super::daemon::{Daemon, user_id};
use super::names::input;
use super::processes::{Processes, end_sessions, end_unauthenticated};
use super::{absent, denials, parse, stale, unknown};
use crate::deadline::Deadline;
use crate::kept_file::KeptFile;

/// An account, and where it is denied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account<'a> {
    pub(super) name: &'a str,
    pub(super) daemon: &'a Daemon,
    pub(super) file: &'a KeptFile,
}

/// Who denies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Cordon, by this mark.
    mark: Option<Mark>,
    /// Somebody else, in another file of the configuration.
    elsewhere: bool,
}

impl State {
    const fn is_closed(&self) -> bool {
        self.mark.is_some() || self.elsewhere
    }
}

/// What one look gave.
struct Seen {
    state: State,
    text: String,
    /// What is on disk is what sshd runs with.
    in_force: bool,
    sessions: usize,
}

impl Seen {
    fn observation(self) -> Result<Observation, PointError> {
        let standing = match (self.state.is_closed(), self.in_force, self.sessions) {
            (false, true, _) => Standing::Open,
            (true, true, 0) => Standing::Withdrawn,
            _ => Standing::Partly,
        };
        Ok(Observation {
            standing,
            mark: self.state.mark.clone(),
            state: PointState(
                serde_json::to_value(&self.state)
                    .map_err(|error| PointError::new(PointErrorKind::Bug, error))?,
            ),
        })
    }
}

fn leaves(prior: &State, mark: &Mark) -> State {
    if prior.is_closed() {
        return prior.clone();
    }
    State {
        mark: Some(mark.clone()),
        elsewhere: false,
    }
}

impl Account<'_> {
    fn look(&self, deadline: Deadline) -> Result<Option<Seen>, PointError> {
        if user_id(self.name, deadline)?.is_none() {
            return Ok(None);
        }
        let text = self.file.read()?;
        let mark = denials::find(&text, self.name);
        let ours = usize::from(mark.is_some());
        let all = self.daemon.denials(self.name, deadline)?;
        let listener = self.daemon.listener()?;
        Ok(Some(Seen {
            state: State {
                mark,
                elsewhere: all > ours,
            },
            text,
            in_force: all >= ours && self.daemon.has_read(self.file.path())?,
            sessions: Processes::now()?.count(self.name, listener),
        }))
    }

    pub(super) fn observe(&self, deadline: Deadline) -> Result<Observation, PointError> {
        self.look(deadline)?
            .map_or_else(|| Ok(absent()), Seen::observation)
    }

    /// Looks again after something has been changed.
    fn afterwards(&self, deadline: Deadline) -> Result<Observation, PointError> {
        self.observe(deadline).map_err(unknown)
    }

    pub(super) fn apply(
        &self,
        applying: &Applying<'_>,
        deadline: Deadline,
    ) -> Result<Observation, PointError> {
        let prior: State = parse(applying.target, applying.prior)?;
        let _only = self.file.only_writer(deadline)?;
        let seen = self
            .look(deadline)?
            .ok_or_else(|| input(format!("this host has no account {}", self.name)))?;
        let left = leaves(&prior, applying.mark);
        if seen.state == prior && prior != left {
            self.write(&seen, &left, deadline)?;
            self.put_in_force(deadline).map_err(unknown)?;
        } else if seen.state != left {
            return Err(stale(applying.target, &seen.state));
        } else if !seen.in_force {
            self.daemon.test(deadline)?;
            self.put_in_force(deadline).map_err(unknown)?;
        }
        let listener = self.daemon.listener().map_err(unknown)?;
        end_sessions(self.name, listener, deadline).map_err(unknown)?;
        self.afterwards(deadline)
    }

    pub(super) fn lift(&self, lifting: &Lifting<'_>, deadline: Deadline) -> Result<Observation, PointError> {
        let prior: State = parse(lifting.target, lifting.prior)?;
        let left = match lifting.left {
            Some(left) => parse(lifting.target, left)?,
            None => leaves(&prior, lifting.mark),
        };
        let _only = self.file.only_writer(deadline)?;
        let seen = self
            .look(deadline)?
            .ok_or_else(|| input(format!("this host has no account {}", self.name)))?;
        if seen.state != prior && seen.state != left {
            return Err(stale(lifting.target, &seen.state));
        }
        if seen.state != prior {
            self.write(&seen, &prior, deadline)?;
        } else if seen.in_force {
            return seen.observation();
        } else {
            self.daemon.test(deadline)?;
        }
        self.daemon.reload(self.file.path(), deadline).map_err(unknown)?;
        self.afterwards(deadline)
    }

    /// Writes the file and tests the configuration with it; if the test fails, the file is put back as it was.
    fn write(&self, seen: &Seen, wanted: &State, deadline: Deadline) -> Result<(), PointError> {
        self.daemon.test(deadline)?;
        let written = self.file.written()?;
        self.file
            .replace(&denials::set(&seen.text, self.name, wanted.mark.as_ref()))?;
        let tested = self
            .daemon
            .test(deadline)
            .and_then(|()| self.is_included(wanted, deadline));
        if let Err(error) = tested {
            self.file.put_back(&seen.text, written).map_err(unknown)?;
            return Err(error);
        }
        Ok(())
    }

    fn is_included(&self, wanted: &State, deadline: Deadline) -> Result<(), PointError> {
        let all = self.daemon.denials(self.name, deadline)?;
        let expected = usize::from(wanted.mark.is_some());
        if all < expected {
            return Err(PointError::new(
                PointErrorKind::Config,
                format!(
                    "{} does not include {} (before any Match)",
                    self.daemon.configuration.display(),
                    self.file.path().display()
                ),
            ));
        }
        Ok(())
    }

    /// Makes sshd read the file, and ends connections that it accepted before and that have not logged on.
    fn put_in_force(&self, deadline: Deadline) -> Result<(), PointError> {
        self.daemon.reload(self.file.path(), deadline)?;
        end_unauthenticated(self.daemon.listener()?)
    }
}

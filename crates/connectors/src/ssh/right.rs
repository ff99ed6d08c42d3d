//! A principal by which certificates let somebody in as an account.

use cordon_act::{Applying, Lifting, Observation, PointError, PointErrorKind, PointState, Standing};

use super::daemon::{Daemon, user_id};
use super::names::input;
use super::principals::{self, Lines};
use super::processes::end_sessions;
use super::{absent, parse, stale, unknown};
use crate::deadline::Deadline;
use crate::kept_file::KeptFile;

/// A principal of an account, and the file that names it.
#[derive(Clone, Debug)]
pub(super) struct Right<'a> {
    pub(super) account: &'a str,
    pub(super) principal: &'a str,
    pub(super) daemon: &'a Daemon,
    pub(super) file: KeptFile,
}

/// What one look gave.
struct Seen {
    lines: Lines,
    /// The sessions that a withdrawal ends may still be there.
    cutting: bool,
    text: String,
}

impl Seen {
    fn observation(self) -> Result<Observation, PointError> {
        let standing = match (self.lines.open.is_empty(), self.cutting) {
            (false, _) => Standing::Open,
            (true, true) => Standing::Partly,
            (true, false) => Standing::Withdrawn,
        };
        Ok(Observation {
            standing,
            mark: self.lines.held.first().map(|held| held.mark.clone()),
            state: PointState(
                serde_json::to_value(&self.lines)
                    .map_err(|error| PointError::new(PointErrorKind::Bug, error))?,
            ),
        })
    }
}

impl Right<'_> {
    fn look(&self, deadline: Deadline) -> Result<Option<Seen>, PointError> {
        if user_id(self.account, deadline)?.is_none() {
            return Ok(None);
        }
        // An account without a file has no principals.
        let text = if self.file.path().exists() {
            self.file.read()?
        } else {
            String::new()
        };
        let (lines, cutting) = principals::find(&text, self.principal);
        Ok(Some(Seen { lines, cutting, text }))
    }

    fn look_known(&self, deadline: Deadline) -> Result<Seen, PointError> {
        self.look(deadline)?
            .ok_or_else(|| input(format!("this host has no account {}", self.account)))
    }

    pub(super) fn observe(&self, deadline: Deadline) -> Result<Observation, PointError> {
        self.look(deadline)?
            .map_or_else(|| Ok(absent()), Seen::observation)
    }

    pub(super) fn apply(
        &self,
        applying: &Applying<'_>,
        deadline: Deadline,
    ) -> Result<Observation, PointError> {
        let prior: Lines = parse(applying.target, applying.prior)?;
        let _only = self.file.only_writer(deadline)?;
        let seen = self.look_known(deadline)?;
        let left = principals::leaves(&prior, applying.mark);
        if seen.lines == prior && prior != left {
            // Nothing is withdrawn whose sessions could not be found afterwards.
            self.daemon.listener()?;
            self.file
                .replace(&principals::withdraw(&seen.text, self.principal, applying.mark))?;
        } else if seen.lines != left {
            return Err(stale(applying.target, &seen.lines));
        }
        self.finish(deadline).map_err(unknown)
    }

    /// Ends the account's sessions, if that has not been done, and says so in the file.
    fn finish(&self, deadline: Deadline) -> Result<Observation, PointError> {
        let seen = self.look_known(deadline)?;
        if !seen.cutting {
            return seen.observation();
        }
        end_sessions(self.account, self.daemon.listener()?, deadline)?;
        self.file
            .replace(&principals::has_cut(&seen.text, self.principal))?;
        self.look_known(deadline)?.observation()
    }

    pub(super) fn lift(&self, lifting: &Lifting<'_>, deadline: Deadline) -> Result<Observation, PointError> {
        let prior: Lines = parse(lifting.target, lifting.prior)?;
        let left = match lifting.left {
            Some(left) => parse(lifting.target, left)?,
            None => principals::leaves(&prior, lifting.mark),
        };
        let _only = self.file.only_writer(deadline)?;
        let seen = self.look_known(deadline)?;
        if seen.lines == prior {
            return seen.observation();
        }
        let text = principals::give_back(&seen.text, self.principal, lifting.mark);
        if seen.lines != left || principals::find(&text, self.principal).0 != prior {
            return Err(stale(lifting.target, &seen.lines));
        }
        self.file.replace(&text)?;
        self.look_known(deadline).map_err(unknown)?.observation()
    }
}

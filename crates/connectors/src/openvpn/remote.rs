//! The target of remote access: refuses re-entry by the clients' files, and cuts who is in.
//!
//! A target is seen by itself: another withdrawal's line in the same file does not count, so each stands and is lifted alone.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::time::Instant;

use cordon_act::{Lifting, Mark, Observation, PointError, PointErrorKind, PointState, Standing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::file::{ClientFile, Tag};
use super::folder::{DEFAULT, Folder};
use super::scope::{Clients, Scope, hex};
use super::{Vpn, after_a_change};

/// What stands about one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct State {
    held: Held,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// True if the clients are disabled without Cordon.
    disabled_outside: bool,
    /// A digest of what else the file says: an account's own, or DEFAULT. Empty without a file.
    rest: String,
}

/// How much of a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Held {
    None,
    Some,
    All,
}

impl State {
    fn refuses(&self) -> bool {
        self.held == Held::All || self.disabled_outside
    }

    fn is_of(&self, mark: &Mark) -> bool {
        self.mark.as_deref() == Some(&mark.0)
    }

    /// True if only Cordon's own lines differ.
    fn differs_by_cordon_only(&self, other: &Self) -> bool {
        self.disabled_outside == other.disabled_outside && self.rest == other.rest
    }

    fn value(&self) -> PointState {
        PointState(serde_json::json!(self))
    }
}

/// A place where a withdrawal has to have a line.
struct Place {
    name: OsString,
    what: Line,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Disable,
    StandIn,
}

/// One target at one server, until a deadline.
pub(crate) struct Remote<'a> {
    vpn: &'a Vpn,
    folder: &'a Folder,
    scope: &'a Scope,
    until: Instant,
}

impl<'a> Remote<'a> {
    pub(crate) const fn new(vpn: &'a Vpn, scope: &'a Scope, until: Instant) -> Self {
        Self {
            vpn,
            folder: &vpn.folder,
            scope,
            until,
        }
    }

    pub(crate) fn observe(&self) -> Result<Observation, PointError> {
        let clients = self.vpn.session(self.until)?.clients()?;
        let inside = clients
            .iter()
            .any(|client| client.live && self.scope.covers(&client.name));
        Ok(self.observation(&self.state()?, inside))
    }

    fn observation(&self, state: &State, inside: bool) -> Observation {
        let standing = match (&self.scope.whom, state.refuses(), state.held) {
            (Clients::Unknown, _, _) => Standing::Absent,
            (_, true, _) if inside => Standing::Partly,
            (_, true, _) => Standing::Withdrawn,
            (_, false, Held::None) => Standing::Open,
            (_, false, _) => Standing::Partly,
        };
        Observation {
            standing,
            state: state.value(),
            mark: state.mark.clone().map(Mark),
        }
    }

    /// Refuses re-entry, then cuts. The management interface is asked first: a server that cannot be reached is not half changed.
    pub(crate) fn apply(&self, prior: &PointState, mark: &Mark) -> Result<Observation, PointError> {
        if self.scope.whom == Clients::Unknown {
            return Err(PointError::new(
                PointErrorKind::Input,
                "no such group is configured",
            ));
        }
        let mut session = self.vpn.session(self.until)?;
        session.clients()?;
        let state = self.state()?;
        if !self.is_to_be_left(&state, prior, mark)? {
            self.write(mark)?;
        }
        let gone = session
            .cut(|client| self.scope.covers(&client.name))
            .map_err(after_a_change)?;
        Ok(self.observation(&self.state().map_err(after_a_change)?, !gone))
    }

    /// True if the files are right already, false if they are to be written.
    fn is_to_be_left(&self, state: &State, prior: &PointState, mark: &Mark) -> Result<bool, PointError> {
        if state.value() == *prior {
            return Ok(state.refuses());
        }
        let ours = state.is_of(mark) && read(prior).is_some_and(|prior| state.differs_by_cordon_only(&prior));
        match state.held {
            Held::All if ours => Ok(true),
            // A call that broke off in the midst of many files.
            Held::Some if ours => Ok(false),
            _ => Err(stale(state)),
        }
    }

    pub(crate) fn lift(&self, lifting: &Lifting<'_>) -> Result<Observation, PointError> {
        let mut session = self.vpn.session(self.until)?;
        let clients = session.clients()?;
        let state = self.state()?;
        if state.value() != *lifting.prior {
            self.check_lift(&state, lifting)?;
            self.remove(lifting.mark)?;
        }
        let inside = clients
            .iter()
            .any(|client| client.live && self.scope.covers(&client.name));
        Ok(self.observation(&self.state().map_err(after_a_change)?, inside))
    }

    fn check_lift(&self, state: &State, lifting: &Lifting<'_>) -> Result<(), PointError> {
        let prior = read(lifting.prior).ok_or_else(|| stale(state))?;
        let as_left = lifting.left.is_some_and(|left| state.value() == *left);
        let ours = state.is_of(lifting.mark) && state.differs_by_cordon_only(&prior);
        if !(as_left || ours && state.held != Held::None) {
            return Err(stale(state));
        }
        if prior.held == Held::None {
            return Ok(());
        }
        Err(PointError::new(
            PointErrorKind::Input,
            "before this withdrawal a part of it stood, which is not rebuilt: lift to open",
        ))
    }

    fn state(&self) -> Result<State, PointError> {
        match &self.scope.whom {
            Clients::Unknown => Ok(State {
                held: Held::None,
                mark: None,
                disabled_outside: false,
                rest: String::new(),
            }),
            Clients::One(name) => {
                let file = self.folder.read(OsStr::new(name))?;
                let rest = file.as_ref().map(rest_digest).unwrap_or_default();
                self.state_of(&BTreeSet::from([name.clone()]), rest)
            }
            Clients::Members(members) => self.state_of(members, String::new()),
            Clients::AllBut(_) => self.state_of_all(),
        }
    }

    fn state_of(&self, names: &BTreeSet<String>, rest: String) -> Result<State, PointError> {
        let default = self.folder.read(OsStr::new(DEFAULT))?;
        let default_disables = default.is_some_and(|file| file.rest_disables());
        let without_file = default_disables || self.vpn.config.client_config_exclusive;
        let mut marks = Vec::new();
        let mut outside = !names.is_empty();
        for name in names {
            let file = self
                .folder
                .read(OsStr::new(name))?
                .unwrap_or_else(ClientFile::new);
            outside &= if file.is_only_cordons() {
                without_file
            } else {
                file.rest_disables()
            };
            marks.push(file.mark_of(&self.scope.digest).map(str::to_owned));
        }
        Ok(state_from(marks, outside, rest))
    }

    fn state_of_all(&self) -> Result<State, PointError> {
        let mut marks = Vec::new();
        let mut outside = true;
        let mut rest = String::new();
        for Place { name, what } in self.places()? {
            let file = self.folder.read(&name)?.unwrap_or_else(ClientFile::new);
            let mark = match what {
                Line::Disable => file.mark_of(&self.scope.digest),
                Line::StandIn => file.stand_in_mark(&self.scope.digest),
            };
            marks.push(mark.map(str::to_owned));
            if what == Line::Disable {
                outside &= file.rest_disables();
            }
            if name == DEFAULT {
                rest = rest_digest(&file);
            }
        }
        if marks.is_empty() {
            // An exclusive server without any file, or with those of the excepted only: nobody else can enter.
            outside = true;
        }
        Ok(state_from(marks, outside, rest))
    }

    /// Where this withdrawal has to have its lines. Those who are excepted come first, so that they are not kept out for a moment.
    ///
    /// A file that Cordon made for another withdrawal needs none: with it goes the file, and DEFAULT is disabled.
    fn places(&self) -> Result<Vec<Place>, PointError> {
        let disable = |name: &str| Place {
            name: OsString::from(name),
            what: Line::Disable,
        };
        let allowed = match &self.scope.whom {
            Clients::One(name) => return Ok(vec![disable(name)]),
            Clients::Members(names) => return Ok(names.iter().map(|name| disable(name)).collect()),
            Clients::Unknown => return Ok(Vec::new()),
            Clients::AllBut(allowed) => allowed,
        };
        let exclusive = self.vpn.config.client_config_exclusive;
        let mut places = Vec::new();
        for name in allowed.iter().filter(|_| !exclusive) {
            let file = self.folder.read(OsStr::new(name))?;
            if file.is_none_or(|file| file.is_only_cordons()) {
                places.push(Place {
                    name: OsString::from(name),
                    what: Line::StandIn,
                });
            }
        }
        for name in self.folder.names()? {
            let excepted = name.to_str().is_some_and(|name| allowed.contains(name));
            if excepted || name == DEFAULT {
                continue;
            }
            let file = self.folder.read(&name)?;
            if file.is_some_and(|file| !file.is_only_cordons()) {
                places.push(Place {
                    name,
                    what: Line::Disable,
                });
            }
        }
        if !exclusive {
            places.push(disable(DEFAULT));
        }
        Ok(places)
    }

    fn write(&self, mark: &Mark) -> Result<(), PointError> {
        let tag = self.tag(mark);
        let default = self.folder.read(OsStr::new(DEFAULT))?.unwrap_or_default();
        let mut begun = false;
        for Place { name, what } in self.places()? {
            let before = self.folder.read(&name).map_err(|error| so_far(begun, error))?;
            let mut after = before.clone().unwrap_or_else(ClientFile::new);
            match what {
                Line::Disable => {
                    after.disabled_by.insert(tag.clone());
                }
                Line::StandIn => after.stand_in(tag.clone(), &default.rest),
            }
            begun |= self.replace(&name, before.as_ref(), &after, begun)?;
        }
        Ok(())
    }

    /// Takes this withdrawal's lines out of every file, DEFAULT first: who is excepted needs the copies until then.
    fn remove(&self, mark: &Mark) -> Result<(), PointError> {
        let tag = self.tag(mark);
        let mut begun = false;
        let mut names = self.folder.names()?;
        names.sort_by_key(|name| name != DEFAULT);
        for name in names {
            let Some(before) = self.folder.read(&name).map_err(|error| so_far(begun, error))? else {
                continue;
            };
            let mut after = before.clone();
            if after.remove(&tag) {
                begun |= self.replace(&name, Some(&before), &after, begun)?;
            }
        }
        Ok(())
    }

    /// Writes a file if it differs; true if it did.
    fn replace(
        &self,
        name: &OsStr,
        before: Option<&ClientFile>,
        after: &ClientFile,
        begun: bool,
    ) -> Result<bool, PointError> {
        if before == Some(after) {
            return Ok(false);
        }
        if Instant::now() >= self.until {
            let late = PointError::new(
                PointErrorKind::Target,
                "the time was over before all files were written",
            );
            return Err(so_far(begun, late));
        }
        self.folder
            .write(name, after)
            .map_err(|error| so_far(begun, error))?;
        Ok(true)
    }

    fn tag(&self, mark: &Mark) -> Tag {
        Tag {
            mark: mark.0.clone(),
            digest: self.scope.digest.clone(),
        }
    }

    /// Whether the files refuse everybody whom the target means, this withdrawal's own lines and all others counted.
    pub(crate) fn files_refuse(&self) -> Result<bool, PointError> {
        if self.state()?.refuses() {
            return Ok(true);
        }
        let names = match &self.scope.whom {
            Clients::One(name) => BTreeSet::from([name.clone()]),
            Clients::Members(names) if !names.is_empty() => names.clone(),
            _ => return Ok(false),
        };
        for name in names {
            if !self.files_refuse_one(&name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the files refuse one client.
    pub(crate) fn files_refuse_one(&self, name: &str) -> Result<bool, PointError> {
        if let Some(file) = self.folder.read(OsStr::new(name))? {
            return Ok(file.refuses());
        }
        if self.vpn.config.client_config_exclusive {
            return Ok(true);
        }
        let default = self.folder.read(OsStr::new(DEFAULT))?;
        Ok(default.is_some_and(|file| file.refuses()))
    }
}

fn state_from(marks: Vec<Option<String>>, disabled_outside: bool, rest: String) -> State {
    let found = marks.iter().flatten().count();
    let held = match found {
        0 => Held::None,
        count if count == marks.len() => Held::All,
        _ => Held::Some,
    };
    State {
        held,
        mark: marks.into_iter().flatten().next(),
        disabled_outside,
        rest,
    }
}

/// Nothing for a file that would not be there without Cordon.
fn rest_digest(file: &ClientFile) -> String {
    if file.is_only_cordons() {
        return String::new();
    }
    hex(&Sha256::digest(&file.rest))
}

fn read(state: &PointState) -> Option<State> {
    serde_json::from_value(state.0.clone()).ok()
}

fn so_far(begun: bool, error: PointError) -> PointError {
    if begun { after_a_change(error) } else { error }
}

fn stale(state: &State) -> PointError {
    let mark = state.mark.as_deref().unwrap_or("none");
    PointError::new(
        PointErrorKind::Stale,
        format!(
            "the client files hold {:?} of this withdrawal (mark {mark}, disabled without Cordon: {}), which was not assumed",
            state.held, state.disabled_outside
        ),
    )
}

//! The trait of every enforcement point, real or simulated.
//!
//! Each verb is idempotent and has a deadline. A reply that did not come is [`PointErrorKind::Unknown`] unless it is certain that
//! nothing was changed: *unknown* is an answer and never folded into *failed*.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::limits::ERROR_TEXT_BYTES_MAX;
use crate::{Mark, Target, TargetKind};

/// A server of the company's own at which access can be withdrawn and given back.
///
/// Only reversible verbs exist. An implementation keeps no memory that decisions rest on: what stands at the server decides.
pub trait EnforcementPoint: Send {
    /// What this point can do. Constant over its life.
    fn capabilities(&self) -> Capabilities;

    /// What stands at the server now. Changes nothing.
    ///
    /// # Errors
    /// [`PointError`] if the server does not say within `deadline`.
    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError>;

    /// Withdraws `target`, new access and open sessions both, and says what stands afterwards.
    ///
    /// If what stands is neither `expected` nor what this withdrawal leaves, nothing is changed and the error is
    /// [`PointErrorKind::Stale`]. Withdrawing twice is withdrawing once; with a later `lease_until` it renews the lease where the
    /// point holds leases itself.
    ///
    /// # Errors
    /// [`PointError`]; [`PointErrorKind::Unknown`] if the change may have been made.
    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError>;

    /// Gives `prior` back, exactly, and says what stands afterwards.
    ///
    /// If what stands is neither what the withdrawal left nor already `prior`, nothing is changed and the error is
    /// [`PointErrorKind::Stale`]: somebody else changed it. Lifting twice is lifting once.
    ///
    /// # Errors
    /// [`PointError`]; [`PointErrorKind::Unknown`] if the change may have been made.
    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError>;

    /// Tries the access as its user would, and says whether it was refused.
    ///
    /// # Errors
    /// [`PointError`] if the try itself could not be made; one whose result says nothing is [`ProbeAnswer::Inconclusive`].
    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError>;

    /// [`Self::observe`] for many targets, answers in their order. A point with a cheaper way than one by one has its own.
    fn observe_all(
        &mut self,
        targets: &[Target],
        deadline: Duration,
    ) -> Vec<Result<Observation, PointError>> {
        targets
            .iter()
            .map(|target| self.observe(target, deadline))
            .collect()
    }

    /// [`Self::apply`] for many, answers in their order. `left` says how much time is left, none when it is over: what is not begun
    /// by then is not begun. A point with a cheaper way than one by one has its own.
    fn apply_all(
        &mut self,
        applying: &[Applying<'_>],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Observation, PointError>> {
        in_time(applying, left, |one, left| self.apply(one, left))
    }

    /// [`Self::lift`] for many, as [`Self::apply_all`].
    fn lift_all(
        &mut self,
        lifting: &[Lifting<'_>],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Observation, PointError>> {
        in_time(lifting, left, |one, left| self.lift(one, left))
    }

    /// [`Self::probe`] for many, as [`Self::apply_all`].
    fn probe_all(
        &mut self,
        targets: &[Target],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Probe, PointError>> {
        in_time(targets, left, |target, left| self.probe(target, left))
    }

    /// Proves that the break-glass logon configured for this point works, by logging on with it; `None` if none is configured.
    ///
    /// # Errors
    /// [`PointError`] if the logon was refused or could not be tried.
    fn prove_break_glass(&mut self, _deadline: Duration) -> Result<Option<String>, PointError> {
        Ok(None)
    }
}

/// One after another, while there is time.
fn in_time<A, T>(
    all: &[A],
    left: &mut dyn FnMut() -> Option<Duration>,
    mut call: impl FnMut(&A, Duration) -> Result<T, PointError>,
) -> Vec<Result<T, PointError>> {
    all.iter()
        .map(|one| left().map_or_else(|| Err(PointError::not_begun()), |left| call(one, left)))
        .collect()
}

/// What a point can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Which kinds of target it can withdraw.
    pub kinds: Vec<TargetKind>,
    /// True if the server itself ends a withdrawal when its lease ends, without Cordon.
    pub holds_lease: bool,
    /// True if a withdrawal survives a restart of the server.
    pub survives_restart: bool,
    /// What a withdrawal leaves open here, and for how long, in words for people; empty if nothing.
    pub leaves_open: String,
}

/// What a withdrawal asks of a point.
#[derive(Clone, Copy, Debug)]
pub struct Applying<'a> {
    /// What is withdrawn.
    pub target: &'a Target,
    /// What was observed before, and is to be given back.
    pub prior: &'a PointState,
    /// What to leave at the server, where there is room, to recognise the act.
    pub mark: &'a Mark,
    /// Until when the withdrawal is valid, for points that hold leases themselves; none is without end.
    pub lease_until: Option<Timestamp>,
}

/// What a lift asks of a point.
#[derive(Clone, Copy, Debug)]
pub struct Lifting<'a> {
    /// What is given back.
    pub target: &'a Target,
    /// What stood before the withdrawal.
    pub prior: &'a PointState,
    /// What the withdrawal left, if its reply arrived.
    pub left: Option<&'a PointState>,
    /// What was left at the server to recognise the act.
    pub mark: &'a Mark,
}

/// What stands at a server about one target, in the server's own words: enough to give it back exactly.
///
/// It never holds a secret. At most [`crate::limits::POINT_STATE_BYTES_MAX`] bytes as JSON. Two observations between which nothing
/// changed are equal: nothing that varies by itself (a byte count, an age) belongs in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PointState(pub serde_json::Value);

/// What was observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Whether the access is open.
    pub standing: Standing,
    /// What stands, in the server's words.
    pub state: PointState,
    /// The mark found at the server, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// Whether an access is open at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It can be used.
    Open,
    /// New access is refused and nothing is open.
    Withdrawn,
    /// New access is refused, but something is still open, or only a part is withdrawn.
    Partly,
    /// The server does not know such a thing, so there is nothing to withdraw.
    Absent,
}

/// What a try of the access came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The answer.
    pub answer: ProbeAnswer,
    /// How it was tried and what came back, in words, without secrets.
    pub how: String,
}

/// Whether a try of the access got through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeAnswer {
    /// It was refused, for the reason that it is withdrawn.
    Refused,
    /// It got through.
    Admitted,
    /// It could not be told.
    Inconclusive,
}

/// Who must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointErrorKind {
    /// The order is wrong: a name that cannot be, a target that this point cannot withdraw.
    Input,
    /// The point's configuration is wrong.
    Config,
    /// The server refused Cordon's own rights.
    Denied,
    /// What stands differs from what the order assumed; nothing was changed.
    Stale,
    /// The server could not be reached or failed; nothing was changed.
    Target,
    /// No answer: it may have been done or not.
    Unknown,
    /// A defect of Cordon.
    Bug,
}

/// Why a point did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct PointError {
    /// Who must act.
    pub kind: PointErrorKind,
    /// What happened and what to do, in one line without secrets, at most [`ERROR_TEXT_BYTES_MAX`] bytes.
    pub text: String,
}

impl PointError {
    /// An error whose text is made one short line: control characters become spaces, what is too long is cut.
    #[must_use]
    pub fn new(kind: PointErrorKind, text: impl fmt::Display) -> Self {
        let mut line: String = text
            .to_string()
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect();
        if line.len() > ERROR_TEXT_BYTES_MAX {
            let mut end = ERROR_TEXT_BYTES_MAX;
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
        }
        Self { kind, text: line }
    }
    /// That there was no time left to begin.
    #[must_use]
    pub fn not_begun() -> Self {
        Self::new(
            PointErrorKind::Target,
            "not begun: the time of the request was over",
        )
    }
}

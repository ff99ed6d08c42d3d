//! Changing many targets at once: what stands is looked up together, changes are under way together, and all is read back.

use cordon_act::{PointError, PointErrorKind, Target};

use super::failure::{Failure, Refusal};
use super::located::{Heeded, Located};
use super::point::Directory;
use super::session::{Deadline, Modification};
use super::state::{State, Step};

/// A target with what stood before.
pub(super) struct Known<'a> {
    /// What.
    pub(super) target: &'a Target,
    /// What stood.
    pub(super) prior: State,
}

impl Known<'_> {
    pub(super) fn sought(&self) -> (&Target, Option<&State>) {
        (self.target, Some(&self.prior))
    }
}

/// What is to be made of what was found.
struct Change<'a> {
    known: Known<'a>,
    located: Located,
    to: State,
}

/// Why a change was not made, or may not have been.
enum NotMade {
    /// The server refused it.
    Refused(Refusal),
    /// Anything else.
    Other(PointError),
}

impl Directory {
    /// Brings each of these to where `step` says, and says what stands then.
    pub(super) fn bring(
        &mut self,
        known: Vec<Result<Known<'_>, PointError>>,
        deadline: Deadline,
        step: impl Fn(&Self, usize, &Known<'_>, &Located) -> Result<Step, PointError>,
    ) -> Vec<Result<Located, PointError>> {
        let sought: Vec<_> = known.iter().flatten().map(Known::sought).collect();
        let mut located = self.locate_all(&sought, deadline).into_iter();
        let (mut results, mut changes) = (Vec::new(), Vec::new());
        for (place, known) in known.into_iter().enumerate() {
            let begun = known.and_then(|known| {
                let located = located.next().unwrap_or_else(|| Err(PointError::not_begun()))?;
                let step = step(self, place, &known, &located)?;
                Ok((known, located, step))
            });
            let result = match begun {
                Err(error) => Some(Err(error)),
                Ok((_, located, Step::Keep)) => Some(Ok(located)),
                Ok((known, _, Step::Stale)) => Some(Err(
                    self.stale(known.target, "what stands is not what was assumed")
                )),
                Ok((known, located, Step::ChangeTo(to))) => {
                    changes.push(Change { known, located, to });
                    None
                }
            };
            results.push(result);
        }
        let mut changed = self.change_all(&changes, deadline).into_iter();
        let mut next = || changed.next().unwrap_or_else(|| Err(PointError::not_begun()));
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(&mut next))
            .collect()
    }

    /// Makes changes, each if what was found still stands, and says what stands then.
    fn change_all(&mut self, changes: &[Change<'_>], deadline: Deadline) -> Vec<Result<Located, PointError>> {
        let made = self.send(changes, deadline);
        let answered: Vec<_> = changes
            .iter()
            .zip(&made)
            .filter(|(_, made)| matches!(made, Ok(()) | Err(NotMade::Refused(_))))
            .map(|(change, _)| change.known.sought())
            .collect();
        let mut located = self.locate_all(&answered, deadline).into_iter();
        let mut next = || located.next().unwrap_or_else(|| Err(PointError::not_begun()));
        changes
            .iter()
            .zip(made)
            .map(|(change, made)| match made {
                Ok(()) => next().map_err(|error| self.unread(change.known.target, &error)),
                Err(NotMade::Refused(refusal)) => self.refused(change, refusal, next()?),
                Err(NotMade::Other(error)) => Err(error),
            })
            .collect()
    }

    /// Sends those changes that may be made.
    fn send(&mut self, changes: &[Change<'_>], deadline: Deadline) -> Vec<Result<(), NotMade>> {
        let mut heeded = Heeded::new();
        let mut modifications = Vec::new();
        let mut made = Vec::with_capacity(changes.len());
        for change in changes {
            let modification = self.modification(change, deadline, &mut heeded);
            made.push(match modification {
                Ok(modification) => {
                    modifications.push(modification);
                    Ok(())
                }
                Err(failure) => Err(NotMade::Other(
                    failure.unchanged(&self.doing("changing", change.known.target)),
                )),
            });
        }
        // Nothing is sent over a connection that cannot be made.
        let sent = self.session.modify_all(deadline, &modifications);
        let mut sent = sent.map(Vec::into_iter);
        for (change, made) in changes.iter().zip(&mut made).filter(|(_, made)| made.is_ok()) {
            let doing = self.doing("changing", change.known.target);
            *made = match &mut sent {
                Err(failure) => Err(NotMade::Other(failure.clone().unchanged(&doing))),
                Ok(sent) => match sent.next().unwrap_or(Err(Failure::Late)) {
                    Ok(()) => Ok(()),
                    Err(Failure::Refused(refusal)) => Err(NotMade::Refused(refusal)),
                    Err(failure) => Err(NotMade::Other(failure.after_sending(&doing))),
                },
            };
        }
        made
    }

    fn modification(
        &mut self,
        change: &Change<'_>,
        deadline: Deadline,
        heeded: &mut Heeded,
    ) -> Result<Modification, Failure> {
        let Change { located, to, .. } = change;
        self.dialect
            .may_become(&mut self.session, deadline, located, to, heeded)?;
        if deadline.is_over() {
            return Err(Failure::Late);
        }
        self.dialect
            .modification(&mut self.session, deadline, located, to)
    }

    /// Somebody was faster: with the same change, or with another.
    fn refused(&self, change: &Change<'_>, refusal: Refusal, now: Located) -> Result<Located, PointError> {
        if now.state.is_same(&change.to) {
            return Ok(now);
        }
        let target = change.known.target;
        if !now.state.is_same(&change.located.state) || refusal.says_that_something_else_stands() {
            return Err(self.stale(target, "somebody else changed it in this instant"));
        }
        Err(Failure::Refused(refusal).unchanged(&self.doing("changing", target)))
    }

    /// Whoever hears of an error after a change was made must not take it that nothing was changed.
    pub(super) fn unread(&self, target: &Target, error: &PointError) -> PointError {
        let doing = self.doing("changing", target);
        let text = format!("{doing}: done, but reading it back failed: {}", error.text);
        PointError::new(PointErrorKind::Unknown, text)
    }
}

//! The enforcement point over a dialect.

use std::time::Duration;

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, Target, TargetKind,
};

use super::change::Known;
use super::config::Logon;
use super::failure::Failure;
use super::located::{Dialect, Located, Sought};
use super::lookup::Wanted;
use super::monitor;
use super::session::{Deadline, Identity, Session};
use super::state::{State, Step, to_lift, to_withdraw};

/// How long the server may take to notice that a connection was cut, between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A directory as an enforcement point.
pub(super) struct Directory {
    pub(super) point: PointName,
    pub(super) session: Session,
    pub(super) dialect: Box<dyn Dialect>,
    /// As whom Cordon logs on.
    pub(super) identity: Identity,
    pub(super) break_glass: Option<Logon>,
}

fn checked(name: &str) -> Result<&str, PointError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(PointError::new(
            PointErrorKind::Input,
            "a name is empty, too long or has control characters",
        ));
    }
    Ok(name)
}

/// What to look for, by the names of the order and by what was seen before.
fn sought(target: &Target, prior: Option<&State>) -> Result<Sought, PointError> {
    let wanted = |name: &str, id: Option<&String>| {
        checked(name).map(|name| Wanted {
            name: name.to_owned(),
            id: id.cloned(),
        })
    };
    let (entry, members) = match prior {
        Some(State::Lock { entry, .. } | State::Control { entry, .. }) => (Some(entry), None),
        Some(State::Membership { group, member, .. }) => (None, Some((group, member))),
        Some(State::Absent) | None => (None, None),
    };
    match target {
        Target::Account { account } => wanted(account, entry).map(Sought::Account),
        Target::Membership { member, group } => Ok(Sought::Membership {
            group: wanted(group, members.map(|(group, _)| group))?,
            member: wanted(member, members.map(|(_, member)| member))?,
        }),
        other => Err(PointError::new(
            PointErrorKind::Input,
            format!("a directory withdraws accounts and memberships, not {other}"),
        )),
    }
}

fn observation(located: &Located) -> Observation {
    Observation {
        standing: located.standing,
        state: located.state.keep(),
        mark: located.state.mark(),
    }
}

/// The answer of a batch of one.
fn only<T>(mut answers: Vec<Result<T, PointError>>) -> Result<T, PointError> {
    answers.pop().unwrap_or_else(|| Err(PointError::not_begun()))
}

fn account_name(target: &Target) -> &str {
    match target {
        Target::Account { account } => account,
        Target::Membership { member, .. } => member,
        _ => "",
    }
}

impl Directory {
    fn locate(
        &mut self,
        target: &Target,
        prior: Option<&State>,
        deadline: Deadline,
    ) -> Result<Located, PointError> {
        let located = self.locate_all(&[(target, prior)], deadline).pop();
        located.unwrap_or_else(|| Err(Failure::Late.unchanged(&self.doing("looking up", target))))
    }

    /// Finds many, with what was seen of each before; answers in their order.
    pub(super) fn locate_all(
        &mut self,
        targets: &[(&Target, Option<&State>)],
        deadline: Deadline,
    ) -> Vec<Result<Located, PointError>> {
        let all: Vec<Result<Sought, PointError>> = targets
            .iter()
            .map(|(target, prior)| sought(target, *prior))
            .collect();
        let right: Vec<Sought> = all.iter().flatten().cloned().collect();
        let found = self.dialect.locate(&mut self.session, deadline, &right);
        let mut found = found.map(Vec::into_iter);
        let mut answer = |((target, _), sought): (&(&Target, Option<&State>), Result<Sought, PointError>)| {
            sought?;
            let located = match &mut found {
                Ok(located) => located.next().unwrap_or(Err(Failure::Late)),
                Err(failure) => Err(failure.clone()),
            };
            located.map_err(|failure| failure.unchanged(&self.doing("looking up", target)))
        };
        targets.iter().zip(all).map(&mut answer).collect()
    }

    pub(super) fn doing(&self, what: &str, target: &Target) -> String {
        format!("{}: {what} {target}", self.point)
    }

    pub(super) fn stale(&self, target: &Target, why: &str) -> PointError {
        PointError::new(
            PointErrorKind::Stale,
            format!("{}: {why}; nothing was changed", self.doing("changing", target)),
        )
    }

    fn read(&self, target: &Target, kept: &PointState) -> Result<State, PointError> {
        let stale = || {
            self.stale(
                target,
                "what was assumed to stand is nothing that this point says",
            )
        };
        State::read(kept).ok_or_else(stale)
    }

    fn known<'a>(&self, target: &'a Target, prior: &PointState) -> Result<Known<'a>, PointError> {
        self.read(target, prior).map(|prior| Known { target, prior })
    }

    fn to_withdraw(&self, known: &Known<'_>, located: &Located, mark: &Mark) -> Result<Step, PointError> {
        if located.name_is_anothers {
            return Err(self.stale(known.target, "the name means somebody else by now"));
        }
        let step = to_withdraw(&known.prior, &located.state, mark);
        if matches!(step, Step::ChangeTo(_)) {
            self.refuse_protected(known.target, located)?;
        }
        Ok(step)
    }

    /// Refuses to take Cordon's own logon, and the one that is kept for emergencies.
    fn refuse_protected(&self, target: &Target, located: &Located) -> Result<(), PointError> {
        let own = match &self.identity {
            Identity::Password(name, _) => Some(name),
            Identity::OwnUser => None,
        };
        let glass = self.break_glass.as_ref().map(|logon| &logon.bind_as);
        for (name, whose) in [(own, "Cordon's own"), (glass, "the break-glass")] {
            if name.is_some_and(|name| self.dialect.is_logon_of(name, &located.account)) {
                let text = format!("{}: it is {whose} account", self.doing("withdrawing", target));
                return Err(PointError::new(PointErrorKind::Input, text));
            }
        }
        Ok(())
    }

    /// Cuts live connections until none is listed or the time is over.
    fn cut(
        &mut self,
        target: &Target,
        prior: &State,
        mut located: Located,
        deadline: Deadline,
    ) -> Result<Located, PointError> {
        while self.dialect.cuts_connections() && !located.connections.is_empty() && !deadline.is_over() {
            monitor::cut(&located.connections).map_err(|failure| {
                failure.unchanged(&self.doing("withdrawn, but cutting connections of", target))
            })?;
            std::thread::sleep(LOOK_AGAIN);
            located = self
                .locate(target, Some(prior), deadline)
                .map_err(|error| self.unread(target, &error))?;
        }
        Ok(located)
    }
}

impl EnforcementPoint for Directory {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Account, TargetKind::Membership],
            holds_lease: false,
            survives_restart: true,
            leaves_open: self.dialect.leaves_open(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        let located = self.locate(target, None, Deadline::after(deadline))?;
        Ok(observation(&located))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        only(self.apply_all(&[*applying], &mut || Some(deadline)))
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        only(self.lift_all(&[*lifting], &mut || Some(deadline)))
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        only(self.probe_all(std::slice::from_ref(target), &mut || Some(deadline)))
    }

    fn apply_all(
        &mut self,
        applying: &[Applying<'_>],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Observation, PointError>> {
        let Some(deadline) = left().map(Deadline::after) else {
            return applying.iter().map(|_| Err(PointError::not_begun())).collect();
        };
        let known = applying.iter().map(|one| self.known(one.target, one.prior));
        let known: Vec<_> = known.collect();
        let step = |point: &Self, place: usize, known: &Known<'_>, located: &Located| {
            let mark = applying.get(place).map(|one| one.mark);
            point.to_withdraw(known, located, mark.ok_or_else(PointError::not_begun)?)
        };
        let brought = self.bring(known, deadline, step);
        applying
            .iter()
            .zip(brought)
            .map(|(one, located)| {
                let prior = self.read(one.target, one.prior)?;
                let located = self.cut(one.target, &prior, located?, deadline)?;
                Ok(observation(&located))
            })
            .collect()
    }

    fn lift_all(
        &mut self,
        lifting: &[Lifting<'_>],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Observation, PointError>> {
        let Some(deadline) = left().map(Deadline::after) else {
            return lifting.iter().map(|_| Err(PointError::not_begun())).collect();
        };
        let known = lifting.iter().map(|one| self.known(one.target, one.prior));
        let known: Vec<_> = known.collect();
        let step = |point: &Self, place: usize, known: &Known<'_>, located: &Located| {
            let one = lifting.get(place).ok_or_else(PointError::not_begun)?;
            let left = one.left.map(|left| point.read(one.target, left)).transpose()?;
            match to_lift(&known.prior, left.as_ref(), &located.state, one.mark) {
                Step::Stale => Err(point.stale(one.target, "what stands is not what the withdrawal left")),
                step => Ok(step),
            }
        };
        let brought = self.bring(known, deadline, step);
        brought
            .into_iter()
            .map(|located| located.map(|located| observation(&located)))
            .collect()
    }

    fn probe_all(
        &mut self,
        targets: &[Target],
        left: &mut dyn FnMut() -> Option<Duration>,
    ) -> Vec<Result<Probe, PointError>> {
        let Some(deadline) = left().map(Deadline::after) else {
            return targets.iter().map(|_| Err(PointError::not_begun())).collect();
        };
        let sought: Vec<_> = targets.iter().map(|target| (target, None)).collect();
        let located = self.locate_all(&sought, deadline);
        let found: Vec<(&str, &Located)> = targets
            .iter()
            .zip(&located)
            .filter_map(|(target, located)| Some((account_name(target), located.as_ref().ok()?)))
            .collect();
        let probed = self.dialect.probe_all(&mut self.session, deadline, &found);
        let mut probed = probed.into_iter();
        targets
            .iter()
            .zip(located)
            .map(|(target, located)| {
                located?;
                let probe = probed.next().unwrap_or(Err(Failure::Late));
                probe.map_err(|failure| failure.unchanged(&self.doing("trying", target)))
            })
            .collect()
    }

    fn observe_all(
        &mut self,
        targets: &[Target],
        deadline: Duration,
    ) -> Vec<Result<Observation, PointError>> {
        let sought: Vec<_> = targets.iter().map(|target| (target, None)).collect();
        let located = self.locate_all(&sought, Deadline::after(deadline));
        located
            .into_iter()
            .map(|located| located.map(|located| observation(&located)))
            .collect()
    }

    fn prove_break_glass(&mut self, deadline: Duration) -> Result<Option<String>, PointError> {
        let Some(logon) = &self.break_glass else {
            return Ok(None);
        };
        let doing = format!(
            "{}: logging on as break-glass account {}",
            self.point, logon.bind_as
        );
        let unchanged = |failure: Failure| failure.unchanged(&doing);
        let password = logon
            .password
            .read()
            .map_err(|why| unchanged(Failure::Config(why.to_string())))?;
        let deadline = Deadline::after(deadline);
        let answer = self
            .session
            .try_logon(deadline, &logon.bind_as, password)
            .map_err(unchanged)?;
        if answer.result.rc == 0 {
            return Ok(Some(format!("logged on as {} at {}", logon.bind_as, self.point)));
        }
        Err(unchanged(Failure::from(answer.result)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_directory_has_are_refused_before_they_are_sent() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for name in ["", "a\nb", "a\0b", &long] {
            let target = Target::Account {
                account: name.to_owned(),
            };
            assert_eq!(
                sought(&target, None).unwrap_err().kind,
                PointErrorKind::Input,
                "{name:?}"
            );
        }
        let other = Target::Sessions {
            account: "pat".to_owned(),
        };
        assert_eq!(sought(&other, None).unwrap_err().kind, PointErrorKind::Input);
    }
}

//! The enforcement point over a dialect.

use std::time::Duration;

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointName,
    PointState, Probe, Target, TargetKind,
};

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
        let sought = sought(target, prior)?;
        let located = self.dialect.locate(&mut self.session, deadline, &[sought]);
        let located = located.and_then(|mut located| located.pop().unwrap_or(Err(Failure::Late)));
        located.map_err(|failure| failure.unchanged(&self.doing("looking up", target)))
    }

    fn doing(&self, what: &str, target: &Target) -> String {
        format!("{}: {what} {target}", self.point)
    }

    fn stale(&self, target: &Target, why: &str) -> PointError {
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

    /// Makes one change and says what stands then.
    fn change(
        &mut self,
        target: &Target,
        prior: &State,
        located: &Located,
        to: &State,
        deadline: Deadline,
    ) -> Result<Located, PointError> {
        let doing = self.doing("changing", target);
        let unchanged = |failure: Failure| failure.unchanged(&doing);
        self.dialect
            .may_become(&mut self.session, deadline, located, to)
            .map_err(unchanged)?;
        if deadline.is_over() {
            return Err(unchanged(Failure::Late));
        }
        match self.dialect.change(&mut self.session, deadline, located, to) {
            Ok(()) => {}
            Err(Failure::Refused(refusal)) => {
                // Somebody was faster: with the same change, or with another.
                let now = self.locate(target, Some(prior), deadline)?;
                if now.state.is_same(to) {
                    return Ok(now);
                }
                if !now.state.is_same(&located.state) || refusal.says_that_something_else_stands() {
                    return Err(self.stale(target, "somebody else changed it in this instant"));
                }
                return Err(unchanged(Failure::Refused(refusal)));
            }
            Err(failure) => return Err(failure.after_sending(&doing)),
        }
        self.locate_changed(target, prior, deadline)
    }

    /// Looks again after a change was made: whoever hears of an error must not take it that nothing was changed.
    fn locate_changed(
        &mut self,
        target: &Target,
        prior: &State,
        deadline: Deadline,
    ) -> Result<Located, PointError> {
        self.locate(target, Some(prior), deadline).map_err(|error| {
            let doing = self.doing("changing", target);
            let text = format!("{doing}: done, but reading it back failed: {}", error.text);
            PointError::new(PointErrorKind::Unknown, text)
        })
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
            located = self.locate_changed(target, prior, deadline)?;
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
        let deadline = Deadline::after(deadline);
        let target = applying.target;
        let prior = self.read(target, applying.prior)?;
        let located = self.locate(target, Some(&prior), deadline)?;
        if located.name_is_anothers {
            return Err(self.stale(target, "the name means somebody else by now"));
        }
        let located = match to_withdraw(&prior, &located.state, applying.mark) {
            Step::Stale => return Err(self.stale(target, "what stands is not what was assumed")),
            Step::Keep => located,
            Step::ChangeTo(left) => {
                self.refuse_protected(target, &located)?;
                self.change(target, &prior, &located, &left, deadline)?
            }
        };
        let located = self.cut(target, &prior, located, deadline)?;
        Ok(observation(&located))
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let target = lifting.target;
        let prior = self.read(target, lifting.prior)?;
        let left = lifting.left.map(|left| self.read(target, left)).transpose()?;
        let located = self.locate(target, Some(&prior), deadline)?;
        let located = match to_lift(&prior, left.as_ref(), &located.state, lifting.mark) {
            Step::Stale => return Err(self.stale(target, "what stands is not what the withdrawal left")),
            Step::Keep => located,
            Step::ChangeTo(before) => self.change(target, &prior, &located, &before, deadline)?,
        };
        Ok(observation(&located))
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let deadline = Deadline::after(deadline);
        let located = self.locate(target, None, deadline)?;
        let name = account_name(target);
        let probe = self.dialect.probe(&mut self.session, deadline, name, &located);
        probe.map_err(|failure| failure.unchanged(&self.doing("trying", target)))
    }

    fn observe_all(
        &mut self,
        targets: &[Target],
        deadline: Duration,
    ) -> Vec<Result<Observation, PointError>> {
        let deadline = Deadline::after(deadline);
        let all: Vec<Result<Sought, PointError>> =
            targets.iter().map(|target| sought(target, None)).collect();
        let right: Vec<Sought> = all.iter().flatten().cloned().collect();
        let found = self.dialect.locate(&mut self.session, deadline, &right);
        let mut found = found.map(Vec::into_iter);
        let mut answer = |(target, sought): (&Target, Result<Sought, PointError>)| {
            sought?;
            let located = match &mut found {
                Ok(located) => located.next().unwrap_or(Err(Failure::Late)),
                Err(failure) => Err(failure.clone()),
            };
            located
                .map(|located| observation(&located))
                .map_err(|failure| failure.unchanged(&self.doing("looking up", target)))
        };
        targets.iter().zip(all).map(&mut answer).collect()
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
            .try_logon(deadline, &logon.bind_as, password.reveal())
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

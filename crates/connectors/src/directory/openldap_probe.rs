//! Trying accounts and memberships at OpenLDAP without harm.

use cordon_act::{Probe, ProbeAnswer, Standing};

use super::config::OpenLdap as Settings;
use super::failure::{Failure, INVALID_CREDENTIALS};
use super::located::{Located, answered};
use super::session::{Deadline, LogonAnswer, Session};
use crate::Secret;

/// The attribute with the times of failed logons.
pub(super) const FAILURES: &str = "pwdFailureTime";

/// `accountLocked`, as the password policy's control says it.
const ACCOUNT_LOCKED: i64 = 1;

/// Octets of a password that nobody has.
const RANDOM_OCTETS: usize = 24;

/// How an account is tried.
pub(super) enum Way {
    /// Not at all: what was read back, in words.
    Said(Probe),
    /// By a logon with a password, and what it is.
    Logon(Secret, &'static str),
}

/// Tries accounts: logons where that can do no harm, many at once; for others what was read back. Answers in their order.
pub(super) fn tried(
    session: &Session,
    deadline: Deadline,
    ways: Vec<(String, Result<Way, Failure>)>,
) -> Vec<Result<Probe, Failure>> {
    let (mut logons, mut withs) = (Vec::new(), Vec::new());
    let mut said: Vec<Option<Result<Probe, Failure>>> = Vec::new();
    for (dn, way) in ways {
        match way {
            Ok(Way::Logon(password, with)) => {
                logons.push((dn, password));
                withs.push(with);
                said.push(None);
            }
            Ok(Way::Said(probe)) => said.push(Some(Ok(probe))),
            Err(failure) => said.push(Some(Err(failure))),
        }
    }
    let answers = session.try_logons(deadline, logons);
    let mut answers = answers.into_iter().zip(withs);
    let mut next = || match answers.next() {
        Some((answer, with)) => answer.map(|answer| judge(&answer, with)),
        None => Err(Failure::Late),
    };
    said.into_iter()
        .map(|said| said.unwrap_or_else(&mut next))
        .collect()
}

/// How an account may be tried.
pub(super) fn way(settings: &Settings, name: &str, located: &Located) -> Result<Way, Failure> {
    let is_locked = matches!(located.standing, Standing::Withdrawn | Standing::Partly);
    let said = |how: String| Ok(Way::Said(answered(ProbeAnswer::Inconclusive, how)));
    if located.standing == Standing::Absent {
        return said(format!("there is no account {name}"));
    }
    if let Some(source) = settings.probe_passwords.get(name) {
        if !is_locked && !located.account.values(FAILURES).is_empty() {
            return said(
                "not locked, but failed logons are on record: none is added to them by trying".to_owned(),
            );
        }
        let password = source.read().map_err(|why| Failure::Config(why.to_string()))?;
        return Ok(Way::Logon(password, "with its password"));
    }
    if is_locked && settings.probe_locked_accounts {
        let with = "with a random password, which a locked account does not count";
        return Ok(Way::Logon(random_password()?, with));
    }
    let stands = if is_locked {
        "a lock stands"
    } else {
        "no lock stands"
    };
    said(format!("read back, not tried, for want of a password: {stands}"))
}

fn judge(answer: &LogonAnswer, with: &str) -> Probe {
    let how = |said: &str| format!("logon {with}: {said}");
    match (answer.result.rc, answer.policy_error) {
        (0, _) => answered(ProbeAnswer::Admitted, how("admitted")),
        (INVALID_CREDENTIALS, Some(ACCOUNT_LOCKED)) => {
            answered(ProbeAnswer::Refused, how("refused, the account is locked"))
        }
        (INVALID_CREDENTIALS, _) => answered(
            ProbeAnswer::Inconclusive,
            how(
                "refused, but the server does not say whether for the lock (ppolicy_use_lockout) or for the password",
            ),
        ),
        (code, _) => answered(
            ProbeAnswer::Inconclusive,
            how(&format!("refused with LDAP result {code}")),
        ),
    }
}

fn random_password() -> Result<Secret, Failure> {
    let mut octets = [0; RANDOM_OCTETS];
    getrandom::fill(&mut octets).map_err(|why| Failure::Config(format!("no random numbers: {why}")))?;
    let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Ok(Secret::from(text.as_str()))
}

/// Asks as a program would that looks the membership up here.
pub(super) fn membership(
    session: &mut Session,
    deadline: Deadline,
    group: &str,
    attribute: &str,
    value: &str,
) -> Result<Probe, Failure> {
    const NO_SUCH_ATTRIBUTE: u32 = 16;
    let is_member = match session.compare_afresh(deadline, group, attribute, value) {
        Err(Failure::Refused(refusal)) if refusal.code == NO_SUCH_ATTRIBUTE => false,
        other => other?,
    };
    let how = "compared over a new connection, as a program would that looks the membership up";
    Ok(if is_member {
        answered(ProbeAnswer::Admitted, format!("{how}: is a member"))
    } else {
        answered(ProbeAnswer::Refused, format!("{how}: is no member"))
    })
}

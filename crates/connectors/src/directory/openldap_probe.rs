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

/// Tries a logon where that can do no harm, else says what was read back.
pub(super) fn account(
    session: &Session,
    deadline: Deadline,
    settings: &Settings,
    name: &str,
    located: &Located,
) -> Result<Probe, Failure> {
    let is_locked = matches!(located.standing, Standing::Withdrawn | Standing::Partly);
    let dn = &located.account.name;
    if located.standing == Standing::Absent {
        return Ok(answered(
            ProbeAnswer::Inconclusive,
            format!("there is no account {name}"),
        ));
    }
    if let Some(source) = settings.probe_passwords.get(name) {
        if !is_locked && !located.account.values(FAILURES).is_empty() {
            return Ok(answered(
                ProbeAnswer::Inconclusive,
                "not locked, but failed logons are on record: none is added to them by trying",
            ));
        }
        let password = source.read().map_err(|why| Failure::Config(why.to_string()))?;
        let answer = session.try_logon(deadline, dn, password.reveal())?;
        return Ok(judge(&answer, "with its password"));
    }
    if is_locked && settings.probe_locked_accounts {
        let answer = session.try_logon(deadline, dn, random_password()?.reveal())?;
        return Ok(judge(
            &answer,
            "with a random password, which a locked account does not count",
        ));
    }
    let stands = if is_locked {
        "a lock stands"
    } else {
        "no lock stands"
    };
    Ok(answered(
        ProbeAnswer::Inconclusive,
        format!("read back, not tried, for want of a password: {stands}"),
    ))
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

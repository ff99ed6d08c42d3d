//! Trying accounts and memberships at Active Directory without harm.

use cordon_act::{Probe, ProbeAnswer, Standing};
use ldap3::Scope;

use super::active_directory::{GROUP_TYPE, SECURITY_ID};
use super::address::HostPort;
use super::failure::{Failure, INVALID_CREDENTIALS};
use super::kerberos::{self, Answer};
use super::located::{Located, answered};
use super::session::{Deadline, Entry, Query, Session};
use crate::SecretSource;

/// The attribute with the number of failed logons.
pub(super) const FAILURES: &str = "badPwdCount";

/// The attribute with the identifiers of the groups that a logon would carry (MS-ADTS, section 3.1.1.4.5.19).
const TOKEN_GROUPS: &str = "tokenGroups";

/// The bit of `groupType` of groups that carry rights.
const SECURITY_GROUP: i32 = i32::MIN;

/// `ERROR_ACCOUNT_DISABLED`, 0x533, as the text of a refused logon has it. It is said only to who knows the password.
const SAYS_DISABLED: &str = "data 533,";

/// An account that is disabled in every domain, and that no domain can do without.
const ALWAYS_DISABLED: &str = "krbtgt";

/// Logs on to the directory with the password of a canary account.
pub(super) fn by_logon(
    session: &Session,
    deadline: Deadline,
    password: &SecretSource,
    account: &Entry,
) -> Result<Probe, Failure> {
    if account.text(FAILURES).is_some_and(|count| count != "0") {
        return Ok(answered(
            ProbeAnswer::Inconclusive,
            "failed logons are on record: none is added to them by trying",
        ));
    }
    let password = password.read().map_err(|why| Failure::Config(why.to_string()))?;
    let answer = session.try_logon(deadline, &account.name, password)?;
    Ok(match answer.result.rc {
        0 => answered(ProbeAnswer::Admitted, "logon with its password: admitted"),
        INVALID_CREDENTIALS if answer.result.text.contains(SAYS_DISABLED) => answered(
            ProbeAnswer::Refused,
            "logon with its password: refused, the account is disabled",
        ),
        code => answered(
            ProbeAnswer::Inconclusive,
            format!(
                "logon with its password: refused with LDAP result {code}, but not because it is disabled"
            ),
        ),
    })
}

/// Asks the KDC without a password. Windows' answers for a disabled account before it asks for the password. Samba's does not: it is
/// told by what it says of an account that is disabled always.
pub(super) fn by_kdc(
    session: &Session,
    deadline: Deadline,
    kdc: &HostPort,
    realm: &str,
    account: &str,
    standing: Standing,
) -> Result<Probe, Failure> {
    let ask = |account: &str| session.run(deadline, kerberos::ask(kdc, realm, account));
    let answer = ask(account)?;
    let asks_first = answer.is_request_for_password() && ask(ALWAYS_DISABLED)?.is_request_for_password();
    Ok(judge(answer, asks_first, standing == Standing::Withdrawn))
}

fn judge(answer: Answer, asks_first: bool, is_disabled: bool) -> Probe {
    const HOW: &str = "asked the KDC for a ticket, without a password";
    let (said, how) = match answer {
        Answer::Ticket => (ProbeAnswer::Admitted, "it gave one".to_owned()),
        Answer::Error { .. } if answer.is_request_for_password() && asks_first => (
            ProbeAnswer::Inconclusive,
            "it asks for the password even of disabled accounts, as Samba's does; a probe password would tell".to_owned(),
        ),
        Answer::Error { .. } if answer.is_request_for_password() => (
            ProbeAnswer::Admitted,
            "it asks for the password, which it does not of disabled accounts".to_owned(),
        ),
        Answer::Error {
            code: kerberos::CLIENT_REVOKED,
            status,
        } if status.map_or(is_disabled, |status| status == kerberos::STATUS_DISABLED) => (
            ProbeAnswer::Refused,
            "refused (KDC_ERR_CLIENT_REVOKED), the account is disabled".to_owned(),
        ),
        Answer::Error {
            code: kerberos::CLIENT_REVOKED,
            status,
        } => (
            ProbeAnswer::Inconclusive,
            format!("revoked, but not because it is disabled (status {:#010x})", status.unwrap_or(0)),
        ),
        Answer::Error {
            code: kerberos::UNKNOWN_PRINCIPAL,
            ..
        } => (ProbeAnswer::Inconclusive, "it does not know the account".to_owned()),
        Answer::Error { code, .. } => (ProbeAnswer::Inconclusive, format!("Kerberos error {code}")),
    };
    answered(said, format!("{HOW}: {how}"))
}

/// Reads for which groups the server would vouch if the member logged on now.
pub(super) fn membership(
    session: &mut Session,
    deadline: Deadline,
    located: &Located,
) -> Result<Probe, Failure> {
    let bits = located
        .group
        .text(GROUP_TYPE)
        .and_then(|text| text.parse::<i32>().ok());
    if bits.is_some_and(|bits| bits & SECURITY_GROUP == 0) {
        return Ok(answered(
            ProbeAnswer::Inconclusive,
            "read back, not tried: a distribution group is in no logon token",
        ));
    }
    let query = Query {
        base: located.account.name.clone(),
        scope: Scope::Base,
        filter: "(objectClass=*)".to_owned(),
        attributes: vec![TOKEN_GROUPS.to_owned()],
        control: None,
    };
    let found = session.search_one(deadline, query)?;
    let sid = located.group.values(SECURITY_ID).first();
    let token = found.first().map(|account| account.values(TOKEN_GROUPS));
    let (Some(sid), Some(token)) = (sid, token.filter(|token| !token.is_empty())) else {
        return Ok(answered(
            ProbeAnswer::Inconclusive,
            "the server does not say what a logon would carry",
        ));
    };
    let how = "the domain controller worked out what a logon now would carry (tokenGroups)";
    Ok(if token.contains(sid) {
        answered(ProbeAnswer::Admitted, format!("{how}: the group is in it"))
    } else {
        answered(ProbeAnswer::Refused, format!("{how}: the group is not in it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i64, status: Option<u32>) -> Answer {
        Answer::Error { code, status }
    }

    #[test]
    fn a_kdc_is_believed_only_as_far_as_it_tells_accounts_apart() {
        use ProbeAnswer::{Admitted, Inconclusive, Refused};
        let password = error(kerberos::PREAUTHENTICATION_REQUIRED, None);
        let revoked = |status| error(kerberos::CLIENT_REVOKED, status);
        let locked_out = Some(0xc000_0234);
        for (answer, asks_first, is_disabled, said) in [
            (Answer::Ticket, false, false, Admitted),
            (password, false, false, Admitted),
            (password, true, false, Inconclusive),
            (password, true, true, Inconclusive),
            (revoked(Some(kerberos::STATUS_DISABLED)), false, true, Refused),
            (revoked(None), false, true, Refused),
            (revoked(None), false, false, Inconclusive),
            (revoked(locked_out), false, true, Inconclusive),
            (
                error(kerberos::UNKNOWN_PRINCIPAL, None),
                false,
                true,
                Inconclusive,
            ),
            (error(60, None), false, true, Inconclusive),
        ] {
            let probe = judge(answer, asks_first, is_disabled);
            assert_eq!(
                probe.answer, said,
                "{answer:?} {asks_first} {is_disabled}: {}",
                probe.how
            );
        }
    }
}

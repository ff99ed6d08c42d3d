//! The word of a person that a halted plan may go on.

use std::fmt;

use jiff::Timestamp;

use super::decide::{approver, check, in_time};
use super::statement::{Lines, canonical};
use super::{AllowedSigners, ApprovalError, Approver, Role, SignedStatement, StatementError};

/// The first line of a resumption.
pub const RESUME_FORMAT: &str = "cordon-resume/1";

/// That a halted plan go on.
///
/// ```text
/// cordon-resume/1
/// plan-hash: 64 hexadecimal digits, lower case
/// not-after: 2026-11-24T12:00:00Z
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeStatement {
    /// The hash of the plan.
    pub plan_hash: String,
    /// Until when the statement may be handed in. Whole seconds.
    pub not_after: Timestamp,
}

impl ResumeStatement {
    /// Reads the exact text.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = Lines::start(text, RESUME_FORMAT)?;
        let statement = Self {
            plan_hash: lines.hash("plan-hash: ", "plan-hash: 64 lower-case hexadecimal digits")?,
            not_after: lines.time("not-after: ", "not-after: a time such as 2026-11-24T12:00:00Z")?,
        };
        canonical(text, statement)
    }
}

impl fmt::Display for ResumeStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{RESUME_FORMAT}")?;
        writeln!(formatter, "plan-hash: {}", self.plan_hash)?;
        writeln!(formatter, "not-after: {}", self.not_after)
    }
}

/// A halted plan that somebody with the right to it lets go on. Only [`approve_resume`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeApproved {
    statement: ResumeStatement,
    approver: Approver,
}

impl ResumeApproved {
    /// The hash of the plan.
    #[must_use]
    pub fn plan_hash(&self) -> &str {
        &self.statement.plan_hash
    }
    /// Who signed.
    #[must_use]
    pub const fn approver(&self) -> &Approver {
        &self.approver
    }
}

/// Whether this signature lets a halted plan go on: one person with the role `cordon-resume`.
///
/// # Errors
/// [`ApprovalError`].
pub fn approve_resume(
    signed: &SignedStatement,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<ResumeApproved, ApprovalError> {
    let statement = ResumeStatement::parse(&signed.statement)
        .map_err(|why| ApprovalError::Statement { place: 1, why })?;
    let by = check(1, signed, Role::Resume, signers, now)?;
    in_time(1, &by, statement.not_after, now)?;
    Ok(ResumeApproved {
        statement,
        approver: approver(by, Role::Resume),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::RehearsalKey;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn one_person_in_the_role_lets_a_plan_go_on_and_only_that_plan_and_only_in_time() {
        let key = RehearsalKey::from_seed(&[1; 32]);
        let utc = jiff::tz::TimeZone::UTC;
        let signers = AllowedSigners::parse(&key.line("dana"), &utc).unwrap();
        let statement = ResumeStatement {
            plan_hash: "a".repeat(64),
            not_after: at(600),
        };
        let signed = key.sign(Role::Resume, &statement).unwrap();
        let resumed = approve_resume(&signed, &signers, at(0)).unwrap();
        assert_eq!(resumed.plan_hash(), statement.plan_hash);
        assert_eq!(resumed.approver().person, "dana");
        let late = approve_resume(&signed, &signers, at(600));
        assert!(matches!(late, Err(ApprovalError::Expired { .. })), "{late:?}");
        let early = approve_resume(&signed, &signers, at(-86_400));
        assert!(matches!(early, Err(ApprovalError::TooLong { .. })), "{early:?}");
        let as_lift = key.sign(Role::Lift, &statement).unwrap();
        let wrong_role = approve_resume(&as_lift, &signers, at(0));
        assert!(
            matches!(wrong_role, Err(ApprovalError::Signature { .. })),
            "{wrong_role:?}"
        );
        let mut other = signed;
        other.statement = other.statement.replacen('a', "b", 1);
        assert!(approve_resume(&other, &signers, at(0)).is_err());
        for text in [
            "",
            "cordon-resume/1\n",
            &format!("{statement}\n"),
            &statement.to_string().replace("hash: a", "hash: A"),
        ] {
            assert!(ResumeStatement::parse(text).is_err(), "{text}");
        }
    }
}

//! Approval by people, without any directory: an exact small text, signed with SSH keys.
//!
//! The directory may be what the intruder holds, so who may approve stands in a file of OpenSSH's format ALLOWED SIGNERS
//! (ssh-keygen(1)), and what is signed is a short text that a person can read. Signatures are those of `ssh-keygen -Y sign`
//! (OpenSSH's PROTOCOL.sshsig); the namespace of a signature is the [`Role`] in which it was given.
//!
//! Text, bytes and the time come in; nothing here reads a file or a clock. [`Approved`], [`LiftApproved`],
//! [`RenewalApproved`] and [`ResumeApproved`] can be made by [`approve`], [`approve_lift`], [`approve_renewal`] and
//! [`approve_resume`] only.

mod armour;
mod decide;
pub mod limits;
mod options;
mod rehearsal;
mod resume;
mod signature;
mod signers;
mod statement;
mod volume;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use decide::{
    ApprovalError, Approved, Approver, LiftApproved, RenewalApproved, Terms, approve, approve_lift,
    approve_renewal,
};
pub use options::{OptionsError, SignerOptions};
pub use rehearsal::RehearsalKey;
pub use resume::{RESUME_FORMAT, ResumeApproved, ResumeStatement, approve_resume};
pub use signature::{SignatureError, Signed, verify};
pub use signers::{AllowedSigners, Signer, SignerNote, SignersError};
pub use statement::{
    APPROVAL_FORMAT, ApprovalStatement, Decision, LIFT_FORMAT, LiftStatement, OrderChoice, RENEWAL_FORMAT,
    RenewalStatement, StatementError,
};
pub use volume::Excess;

/// In which role a signature was given. It is the namespace of the signature, so one role's signature is worth nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// `cordon-approve`: that a plan be carried out.
    Approve,
    /// `cordon-bulk`: that it may exceed its volume limits.
    Bulk,
    /// `cordon-force`: that it be carried out although no break-glass logon was proven to work.
    Force,
    /// `cordon-lift`: that access be given back.
    Lift,
    /// `cordon-renew`: that a lease run longer.
    Renew,
    /// `cordon-resume`: that a halted plan go on.
    Resume,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Approve,
        Self::Bulk,
        Self::Force,
        Self::Lift,
        Self::Renew,
        Self::Resume,
    ];

    /// The namespace of signatures given in this role, for `ssh-keygen -Y sign -n`.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Approve => "cordon-approve",
            Self::Bulk => "cordon-bulk",
            Self::Force => "cordon-force",
            Self::Lift => "cordon-lift",
            Self::Renew => "cordon-renew",
            Self::Resume => "cordon-resume",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.namespace())
    }
}

/// A statement and one signature over its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    /// The text that was signed.
    pub statement: String,
    /// The signature as `ssh-keygen -Y sign` writes it, from `-----BEGIN SSH SIGNATURE-----` on.
    pub signature: String,
}

#[cfg(test)]
mod tests;

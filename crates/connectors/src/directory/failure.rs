//! What can go wrong in an exchange with a directory, and who must act on it.

use cordon_act::{PointError, PointErrorKind};
use ldap3::{LdapError, LdapResult};

use super::guard::GuardError;

/// Why an exchange came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection could not be made or broke, or what came over it was no answer.
    Lost(String),
    /// No answer within the deadline.
    Late,
    /// The server answered that it did not do it.
    Refused(Refusal),
    /// What is asked for cannot be, by what stands at the server.
    Input(String),
    /// The configuration is wrong.
    Config(String),
}

/// A result other than success (RFC 4511, appendix A).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The result code.
    pub(super) code: u32,
    /// What the server says to it.
    pub(super) text: String,
}

/// `operationsError`; Active Directory says so to those who are not logged on.
const OPERATIONS_ERROR: u32 = 1;
/// `authMethodNotSupported`.
const NO_SUCH_METHOD: u32 = 7;
/// `strongerAuthRequired`.
const STRONGER_REQUIRED: u32 = 8;
/// `referral`: another server must be asked.
const REFERRAL: u32 = 10;
/// `unavailableCriticalExtension`.
const NO_SUCH_EXTENSION: u32 = 12;
/// `confidentialityRequired`.
const CONFIDENTIALITY_REQUIRED: u32 = 13;
/// `noSuchAttribute`: the value to be deleted is not there.
const NO_SUCH_ATTRIBUTE: u32 = 16;
/// `undefinedAttributeType`.
const UNDEFINED_ATTRIBUTE: u32 = 17;
/// `constraintViolation`: a second value for an attribute that takes one.
const CONSTRAINT_VIOLATION: u32 = 19;
/// `attributeOrValueExists`.
const VALUE_EXISTS: u32 = 20;
/// `noSuchObject`.
pub(super) const NO_SUCH_OBJECT: u32 = 32;
/// `invalidDNSyntax`.
const INVALID_NAME: u32 = 34;
/// `inappropriateAuthentication`.
const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
/// `invalidCredentials`.
pub(super) const INVALID_CREDENTIALS: u32 = 49;
/// `insufficientAccessRights`.
const INSUFFICIENT_ACCESS: u32 = 50;
/// `objectClassViolation`: a group would be left without the member that its schema demands.
const SCHEMA_VIOLATION: u32 = 65;
/// `entryAlreadyExists`; Active Directory says so of a member that is one already.
const ENTRY_EXISTS: u32 = 68;
/// `assertionFailed` (RFC 4528).
const ASSERTION_FAILED: u32 = 122;

impl From<LdapError> for Failure {
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::LdapResult { result } => Self::from(result),
            LdapError::FilterParsing => Self::Input("the name makes no search filter".to_owned()),
            other => Self::Lost(other.to_string()),
        }
    }
}

impl From<LdapResult> for Failure {
    fn from(result: LdapResult) -> Self {
        Self::Refused(Refusal {
            code: result.rc,
            text: result.text,
        })
    }
}

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Refusal {
    /// Whether the server refused a change because what stands is not what the change assumed.
    pub(super) const fn says_that_something_else_stands(&self) -> bool {
        matches!(
            self.code,
            NO_SUCH_ATTRIBUTE
                | CONSTRAINT_VIOLATION
                | VALUE_EXISTS
                | NO_SUCH_OBJECT
                | ENTRY_EXISTS
                | ASSERTION_FAILED
        )
    }

    fn kind(&self) -> PointErrorKind {
        match self.code {
            INVALID_CREDENTIALS | INSUFFICIENT_ACCESS | INAPPROPRIATE_AUTHENTICATION => {
                PointErrorKind::Denied
            }
            NO_SUCH_METHOD
            | STRONGER_REQUIRED
            | REFERRAL
            | NO_SUCH_EXTENSION
            | CONFIDENTIALITY_REQUIRED
            | UNDEFINED_ATTRIBUTE
            | NO_SUCH_OBJECT
            | INVALID_NAME => PointErrorKind::Config,
            SCHEMA_VIOLATION => PointErrorKind::Input,
            NO_SUCH_ATTRIBUTE | CONSTRAINT_VIOLATION | VALUE_EXISTS | ENTRY_EXISTS | ASSERTION_FAILED => {
                PointErrorKind::Stale
            }
            _ => PointErrorKind::Target,
        }
    }

    fn explanation(&self) -> &'static str {
        match self.code {
            OPERATIONS_ERROR => "the server could not do it",
            STRONGER_REQUIRED | CONFIDENTIALITY_REQUIRED => "the server wants TLS or a stronger logon",
            REFERRAL => "this server does not write: configure one that does",
            INVALID_CREDENTIALS => "name or password is wrong, or the account is refused",
            INSUFFICIENT_ACCESS => "the account lacks the right",
            UNDEFINED_ATTRIBUTE => "the server does not know the attribute",
            NO_SUCH_OBJECT => "there is no such entry",
            SCHEMA_VIOLATION => "the schema forbids it: a group may need at least one member",
            _ => "the server refused",
        }
    }
}

impl Failure {
    /// As an error of the point, when it is certain that nothing was changed. `doing` says what was tried.
    pub(super) fn unchanged(self, doing: &str) -> PointError {
        match self {
            Self::Lost(why) => PointError::new(PointErrorKind::Target, format!("{doing}: {why}")),
            Self::Late => PointError::new(
                PointErrorKind::Target,
                format!("{doing}: no answer within the deadline"),
            ),
            Self::Refused(refusal) => PointError::new(
                refusal.kind(),
                format!(
                    "{doing}: {} (LDAP result {}: {})",
                    refusal.explanation(),
                    refusal.code,
                    refusal.text
                ),
            ),
            Self::Input(why) => PointError::new(PointErrorKind::Input, format!("{doing}: {why}")),
            Self::Config(why) => PointError::new(PointErrorKind::Config, format!("{doing}: {why}")),
        }
    }

    /// As an error of the point, when a change was sent and what came back may say nothing of it.
    pub(super) fn after_sending(self, doing: &str) -> PointError {
        match self {
            Self::Lost(why) => {
                PointError::new(PointErrorKind::Unknown, format!("{doing}: sent, but then {why}"))
            }
            Self::Late => PointError::new(
                PointErrorKind::Unknown,
                format!("{doing}: sent, but no answer within the deadline"),
            ),
            certain => certain.unchanged(doing),
        }
    }
}

//! What a signal says: the claims of its token.

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{PointError, PointErrorKind, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Config, SharedSignals};
use crate::told::Record;

/// CAEP 1.0 section 3.1.
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
/// CAEP 1.0 section 3.3.
const CREDENTIAL_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
/// RISC 1.0 section 2.3.
const ACCOUNT_DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
/// RISC 1.0 section 2.4.
const ACCOUNT_ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
/// Shared Signals Framework 1.0, verification.
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// How an account is named to a receiver (RFC 9493).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Subject {
    /// By the issuer of its identity and its name there.
    IssuerAndSubject {
        /// The issuer, as in the identity tokens that the receiver gets.
        issuer: String,
    },
    /// By its mail address.
    Email {
        /// What follows the `@`; default: the name is already an address.
        #[serde(default)]
        domain: Option<String>,
    },
    /// By a name that means something to the receiver only.
    Opaque {},
}

/// What is signalled when an account is withdrawn, beside that its sessions are revoked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AccountSignal {
    /// RISC `account-disabled`, and `account-enabled` when it is lifted.
    AccountDisabled {},
    /// CAEP `credential-change`: a credential was revoked, and created when it is lifted.
    #[serde(rename_all = "kebab-case")]
    CredentialChange {
        /// Which kind: `password`, `pin`, `x509`, `fido2-platform`, `fido2-roaming`, `fido-u2f`, `verifiable-credential`, `phone-voice`,
        /// `phone-sms`, `app` or another that the receiver knows.
        credential_type: String,
    },
}

/// Which way a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Access is withdrawn.
    Withdraw,
    /// It is given back.
    Lift,
}

/// One event: its type and what it says beside time and reason.
type Event = (&'static str, Value);

fn wrong(text: &str) -> PointError {
    PointError::new(PointErrorKind::Input, text)
}

impl SharedSignals {
    /// The claims of each token that a record stands for, in the order in which they are sent. Nothing varies between calls.
    pub(super) fn claims(&self, record: &Record, verb: Verb) -> Result<Vec<Value>, PointError> {
        let (account, events) = match &record.target {
            Target::Sessions { account } => (account, sessions_events(verb)),
            Target::Account { account } => (account, account_events(self.config.account.as_ref(), verb)),
            _ => return Err(wrong("no signal is about such a target")),
        };
        let subject = subject(&self.config, account)?;
        let reason = match verb {
            Verb::Withdraw => "Access withdrawn in response to an incident",
            Verb::Lift => "Access given back after an incident",
        };
        let token = |(place, (kind, mut says)): (usize, Event)| {
            let parts = says.as_object_mut()?;
            parts.insert("event_timestamp".to_owned(), record.at_seconds.into());
            parts.insert("initiating_entity".to_owned(), "policy".into());
            parts.insert("reason_admin".to_owned(), json!({ "en": reason }));
            if self.config.subject_in_event {
                parts.insert("subject".to_owned(), subject.clone());
            }
            Some(json!({
                "iss": self.config.issuer,
                "aud": self.config.audience,
                "iat": record.at_seconds,
                "jti": format!("{}-{place}", record.id),
                "txn": record.mark,
                "sub_id": subject,
                "events": { kind: says },
            }))
        };
        Ok(events.into_iter().enumerate().filter_map(token).collect())
    }

    /// The claims of a token that asks nothing but to be acknowledged.
    pub(super) fn verification(&self, id: &str, at_seconds: i64) -> Value {
        json!({
            "iss": self.config.issuer,
            "aud": self.config.audience,
            "iat": at_seconds,
            "jti": id,
            "sub_id": {"format": "opaque", "id": self.config.audience},
            "events": { VERIFICATION: {"state": id} },
        })
    }
}

fn sessions_events(verb: Verb) -> Vec<Event> {
    match verb {
        Verb::Withdraw => vec![(SESSION_REVOKED, json!({}))],
        // The account may log on again anyway: there is nothing to say.
        Verb::Lift => Vec::new(),
    }
}

fn account_events(signal: Option<&AccountSignal>, verb: Verb) -> Vec<Event> {
    let first = match (signal, verb) {
        (None, _) => return Vec::new(),
        (Some(AccountSignal::AccountDisabled {}), Verb::Withdraw) => {
            (ACCOUNT_DISABLED, json!({"reason": "hijacking"}))
        }
        (Some(AccountSignal::AccountDisabled {}), Verb::Lift) => (ACCOUNT_ENABLED, json!({})),
        (Some(AccountSignal::CredentialChange { credential_type }), verb) => {
            let change = if verb == Verb::Withdraw {
                "revoke"
            } else {
                "create"
            };
            let says = json!({"credential_type": credential_type, "change_type": change});
            (CREDENTIAL_CHANGE, says)
        }
    };
    let mut events = vec![first];
    if verb == Verb::Withdraw {
        events.push((SESSION_REVOKED, json!({})));
    }
    events
}

fn subject(config: &Config, account: &str) -> Result<Value, PointError> {
    if account.is_empty() || account.len() > NAME_BYTES_MAX || account.chars().any(char::is_control) {
        return Err(wrong("a name must have 1 to 512 bytes and no control characters"));
    }
    let name = config.subjects.get(account).map_or(account, String::as_str);
    Ok(match &config.subject {
        Subject::IssuerAndSubject { issuer } => json!({"format": "iss_sub", "iss": issuer, "sub": name}),
        Subject::Opaque {} => json!({"format": "opaque", "id": name}),
        Subject::Email { domain } => {
            let email = match domain {
                Some(domain) if !name.contains('@') => format!("{name}@{domain}"),
                _ => name.to_owned(),
            };
            if !email.contains('@') {
                return Err(wrong(
                    "the account's name is no mail address, and no domain is configured",
                ));
            }
            json!({"format": "email", "email": email})
        }
    })
}

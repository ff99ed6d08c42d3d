//! A command and its response (Specification for Transfer of OpenC2 Messages via HTTPS 1.1).

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::command::{Command, whole};
use super::{Config, OpenC2};
use crate::https::{Call, Method, Reply, refused};
use crate::time_left::TimeLeft;
use crate::told::new_id;

/// The media type of both.
const MEDIA_TYPE: &str = "application/openc2+json;version=1.0";
/// Most characters of a consumer's own words that are repeated.
const WORDS_MAX: usize = 160;

/// Why a command was not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: PointError,
    /// True if the number that the command gave its rule is taken already.
    pub(super) number_is_taken: bool,
}

impl From<PointError> for Refusal {
    fn from(error: PointError) -> Self {
        Self {
            error,
            number_is_taken: false,
        }
    }
}

impl Refusal {
    /// The error if `done` commands of the same order were done before, so that it is not true that nothing was changed.
    pub(super) fn of_some(self, done: usize) -> PointError {
        PointError::new(
            PointErrorKind::Unknown,
            format_args!("{done} commands of the order were done: {}", self.error),
        )
    }
}

/// What a consumer says that it can do (`query features`, Language Specification section 3.4.2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Versions of the language.
    #[serde(default)]
    pub versions: Vec<String>,
    /// Actuator profiles.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Targets by action.
    #[serde(default)]
    pub pairs: BTreeMap<String, Vec<String>>,
}

impl Features {
    /// Whether a command is offered; a consumer that gives no pairs is believed.
    pub(super) fn check(&self, command: &Command) -> Result<(), PointError> {
        let offers = |targets: &Vec<String>| targets.contains(&command.name);
        if self.pairs.is_empty() || self.pairs.get(command.action).is_some_and(offers) {
            return Ok(());
        }
        Err(PointError::new(
            PointErrorKind::Config,
            format_args!(
                "the consumer does not offer `{}` of `{}`",
                command.action, command.name
            ),
        ))
    }
}

/// Asks a consumer what it can do.
///
/// # Errors
/// [`PointError`] if it cannot be reached, refuses, or answers something else.
pub fn features(config: &Config, deadline: Duration) -> Result<Features, PointError> {
    OpenC2::new(config.clone())?.ask_features(TimeLeft::starting(deadline))
}

impl OpenC2 {
    pub(super) fn ask_features(&self, time: TimeLeft) -> Result<Features, PointError> {
        let target = json!({"features": ["versions", "profiles", "pairs"]});
        let arguments = json!({"response_requested": "complete"});
        let command = whole(&self.config, "query", &target, &arguments, &new_id()?);
        let response = self
            .exchange(&command, false, time)
            .map_err(|refusal| refusal.error)?;
        let results = response.get("results").cloned().unwrap_or_default();
        serde_json::from_value(results).map_err(|error| {
            PointError::new(
                PointErrorKind::Target,
                format_args!("the consumer's features cannot be read: {error}"),
            )
        })
    }

    /// Has a command done.
    pub(super) fn send(&self, command: &Value, time: TimeLeft) -> Result<(), Refusal> {
        self.exchange(command, true, time).map(|_| ())
    }

    fn exchange(&self, command: &Value, changes: bool, time: TimeLeft) -> Result<Value, Refusal> {
        let mut headers = vec![("accept", MEDIA_TYPE.to_owned())];
        if let Some(bearer) = &self.config.bearer {
            let secret = bearer
                .read()
                .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
            headers.push(("authorization", format!("Bearer {}", secret.reveal())));
        }
        let message = json!({
            "headers": {
                "request_id": new_id()?,
                "created": jiff::Timestamp::now().as_millisecond(),
                "from": self.config.producer,
                "to": [self.config.consumer],
            },
            "body": {"openc2": {"request": command}},
        });
        let reply = self.client.send(
            Call {
                method: Method::Post,
                path: "",
                headers,
                body: Some((MEDIA_TYPE, message.to_string().into_bytes())),
                changes,
            },
            time,
        )?;
        response(&reply, changes)
    }
}

/// The response in a reply, if it says that the command was done.
fn response(reply: &Reply, changes: bool) -> Result<Value, Refusal> {
    const WHAT: &str = "commanding";
    let response = reply
        .json(WHAT)
        .ok()
        .and_then(|message| message.pointer("/body/openc2/response").cloned());
    let Some(response) = response else {
        if !reply.is_success() {
            return Err(refused(reply, changes, WHAT).into());
        }
        let kind = if changes {
            PointErrorKind::Unknown
        } else {
            PointErrorKind::Target
        };
        return Err(
            PointError::new(kind, "the reply holds no OpenC2 response: is this the consumer?").into(),
        );
    };
    let status = response.get("status").and_then(Value::as_u64).unwrap_or_default();
    if status == 200 {
        return Ok(response);
    }
    let words: String = response
        .get("status_text")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(WORDS_MAX)
        .collect();
    // Language Specification section 3.3.2.2.
    let (kind, means) = match status {
        400 => (
            PointErrorKind::Input,
            "the consumer does not understand the command",
        ),
        401 | 403 => (PointErrorKind::Denied, "the consumer refused Cordon's rights"),
        404 => (PointErrorKind::Config, "the consumer has no such actuator"),
        501 => (PointErrorKind::Config, "the consumer cannot do this"),
        503 => (PointErrorKind::Target, "the consumer cannot do this now"),
        102 if changes => (PointErrorKind::Unknown, "the consumer has only begun"),
        _ if changes => (PointErrorKind::Unknown, "the consumer failed"),
        _ => (PointErrorKind::Target, "the consumer failed"),
    };
    Err(Refusal {
        error: PointError::new(kind, format_args!("{means} (status {status}): {words}")),
        // SLPF 1.0 section 2.3.1: 501, with these words.
        number_is_taken: status == 501 && words.to_lowercase().contains("rule number currently in use"),
    })
}

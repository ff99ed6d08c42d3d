//! What is asked and answered.

use cordon_act::limits::{NAME_BYTES_MAX, POINT_STATE_BYTES_MAX};
use cordon_act::{Capabilities, Mark, Observation, PointError, PointErrorKind, PointState, Probe, Target};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// The version of the contract.
const VERSION: u32 = 1;
/// Longest text for people that is taken, in bytes.
const WORDS_BYTES_MAX: usize = 2000;

/// What is asked, as the program reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Order<'a> {
    version: u32,
    pub(super) verb: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<&'a Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prior: Option<&'a PointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<&'a PointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<&'a Mark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease_until: Option<Timestamp>,
}

impl<'a> Order<'a> {
    pub(super) fn new(verb: &'static str) -> Self {
        Self {
            version: VERSION,
            verb,
            target: None,
            prior: None,
            left: None,
            mark: None,
            lease_until: None,
        }
    }

    pub(super) fn about(verb: &'static str, target: &'a Target) -> Self {
        Self {
            target: Some(target),
            ..Self::new(verb)
        }
    }

    /// True if the program may have changed something before it failed.
    pub(super) fn changes(&self) -> bool {
        matches!(self.verb, "apply" | "lift")
    }
}

/// Names go to a program that may be careless with them: control characters never do.
pub(super) fn check_names(target: Option<&Target>) -> Result<(), PointError> {
    let Some(target) = target else { return Ok(()) };
    // The line for people holds every name of the target.
    let line = target.to_string();
    if line.chars().any(char::is_control) || line.len() > 8 * NAME_BYTES_MAX {
        return Err(PointError::new(
            PointErrorKind::Input,
            "a name has control characters or is too long",
        ));
    }
    Ok(())
}

/// What a program may answer.
pub(super) trait Answer: DeserializeOwned + Serialize {
    /// Cuts what is too long for people, and says what is wrong.
    fn checked(self) -> Result<Self, &'static str>;
}

impl Answer for Observation {
    fn checked(self) -> Result<Self, &'static str> {
        if self.state.0.to_string().len() > POINT_STATE_BYTES_MAX {
            return Err("its state is too large");
        }
        if self
            .mark
            .as_ref()
            .is_some_and(|mark| mark.0.len() > NAME_BYTES_MAX)
        {
            return Err("its mark is too long");
        }
        Ok(self)
    }
}

impl Answer for Probe {
    fn checked(self) -> Result<Self, &'static str> {
        if self.how.len() > WORDS_BYTES_MAX {
            Err("its words are too long")
        } else {
            Ok(self)
        }
    }
}

/// [`Capabilities`] as the program writes them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Said {
    kinds: Vec<cordon_act::TargetKind>,
    holds_lease: bool,
    survives_restart: bool,
    leaves_open: String,
}

impl Answer for Capabilities {
    fn checked(self) -> Result<Self, &'static str> {
        if self.leaves_open.len() > WORDS_BYTES_MAX || self.kinds.len() > 64 {
            return Err("it says too much");
        }
        Ok(self)
    }
}

/// Reads what a program answered. It may hold no secret that the program was given.
pub(super) fn read<T: Answer>(answer: &[u8], secrets: &[Secret], verb: &str) -> Result<T, PointError> {
    let kind = if matches!(verb, "apply" | "lift") {
        PointErrorKind::Unknown
    } else {
        PointErrorKind::Target
    };
    let wrong = |what: &dyn std::fmt::Display| {
        PointError::new(
            kind,
            format_args!("the program's answer to `{verb}` cannot be used: {what}"),
        )
    };
    let text = std::str::from_utf8(answer).map_err(|_| wrong(&"it is not text"))?;
    if secrets
        .iter()
        .any(|secret| !secret.reveal().is_empty() && text.contains(secret.reveal()))
    {
        return Err(wrong(&"it holds a secret"));
    }
    let answer: T = if verb == "capabilities" {
        // The same names as everywhere in what people write, instead of those of the program's own type.
        let said: Said = serde_json::from_str(text).map_err(|error| wrong(&error))?;
        let value = serde_json::json!({
            "kinds": said.kinds,
            "holds_lease": said.holds_lease,
            "survives_restart": said.survives_restart,
            "leaves_open": said.leaves_open,
        });
        serde_json::from_value(value).map_err(|error| wrong(&error))?
    } else {
        serde_json::from_str(text).map_err(|error| wrong(&error))?
    };
    answer.checked().map_err(|what| wrong(&what))
}

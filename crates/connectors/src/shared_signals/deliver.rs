//! Pushing tokens (RFC 8935).

use cordon_act::{PointError, PointErrorKind};
use serde_json::Value;

use super::SharedSignals;
use super::event::Verb;
use crate::https::{Call, Method, Reply, refused};
use crate::time_left::TimeLeft;
use crate::told::{Record, new_id, now_seconds};

impl SharedSignals {
    /// Sends every token that a record stands for; returns when the receiver has acknowledged the last.
    pub(super) fn deliver(&self, record: &Record, verb: Verb, time: TimeLeft) -> Result<(), PointError> {
        for (place, claims) in self.claims(record, verb)?.iter().enumerate() {
            self.push(claims, time).map_err(|error| {
                // The tokens before this one have had their effect, so that it is not true that nothing was changed.
                if place == 0 {
                    error
                } else {
                    PointError::new(
                        PointErrorKind::Unknown,
                        format_args!("the receiver took {place} of the signals and not the next: {error}"),
                    )
                }
            })?;
        }
        Ok(())
    }

    /// Has a verification event acknowledged, which changes nothing at the receiver.
    pub(super) fn verify(&self, time: TimeLeft) -> Result<(), PointError> {
        self.push(&self.verification(&new_id()?, now_seconds()), time)
            .map_err(|error| match error.kind {
                PointErrorKind::Unknown => PointError::new(PointErrorKind::Target, error.text),
                _ => error,
            })
    }

    fn push(&self, claims: &Value, time: TimeLeft) -> Result<(), PointError> {
        let mut headers = vec![("accept", "application/json".to_owned())];
        if let Some(bearer) = &self.config.bearer {
            let secret = bearer
                .read()
                .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
            headers.push(("authorization", format!("Bearer {}", secret.reveal())));
        }
        let token = self.key.token(&self.config.key_id, claims);
        let reply = self.client.send(
            Call {
                method: Method::Post,
                path: "",
                headers,
                body: Some(("application/secevent+jwt", token.into_bytes())),
                changes: true,
            },
            time,
        )?;
        acknowledged(&reply)
    }
}

/// RFC 8935: 202 acknowledges (section 2.2), 400 says in `err` why not (sections 2.3 and 2.4). Another success is a page of somebody who is
/// no receiver.
fn acknowledged(reply: &Reply) -> Result<(), PointError> {
    const WHAT: &str = "sending a signal";
    match reply.status {
        202 => Ok(()),
        400 => Err(PointError::new(refusal(reply), refused(reply, true, WHAT).text)),
        200..=299 => Err(PointError::new(
            PointErrorKind::Unknown,
            format_args!(
                "{WHAT}: status {} is no acknowledgement (202 would be): is this the receiver?",
                reply.status
            ),
        )),
        _ => Err(refused(reply, true, WHAT)),
    }
}

fn refusal(reply: &Reply) -> PointErrorKind {
    let body = reply.json("a refusal").unwrap_or_default();
    match body.get("err").and_then(Value::as_str) {
        Some("invalid_key" | "invalid_issuer" | "invalid_audience") => PointErrorKind::Config,
        Some("authentication_failed" | "access_denied") => PointErrorKind::Denied,
        _ => PointErrorKind::Target,
    }
}

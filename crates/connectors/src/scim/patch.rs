//! Changing one thing, if it has not changed since.

use cordon_act::{PointError, PointErrorKind};
use serde_json::{Value, json};

use super::find::Resource;
use super::state::{Seen, settable};
use super::{Removal, Scim};
use crate::https::{Call, Method};
use crate::time_left::TimeLeft;

/// What became of a change.
pub(super) enum Outcome {
    /// The server says that it was made.
    Done,
    /// The thing has another version than the one read; nothing was changed.
    OtherVersion,
}

impl Scim {
    /// Changes the thing seen so that it stands at `to`, on the condition that it still has the version seen.
    pub(super) fn change(&mut self, seen: &Seen, to: &Value, time: TimeLeft) -> Result<Outcome, PointError> {
        let resource = seen
            .resource
            .as_ref()
            .ok_or_else(|| PointError::new(PointErrorKind::Input, "there is nothing there to change"))?;
        let operation = operation(seen, resource, to, self.config.removal)?;
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        let version = resource.version.clone();
        let reply = self.ask(
            &|mut headers| {
                headers.extend(version.clone().map(|version| ("if-match", version)));
                Call {
                    method: Method::Patch,
                    path: &resource.path,
                    headers,
                    body: Some(("application/scim+json", body.to_string().into_bytes())),
                    changes: true,
                }
            },
            time,
        )?;
        if reply.status == 412 {
            return Ok(Outcome::OtherVersion);
        }
        reply.success(true, "changing").map(|_| Outcome::Done)
    }
}

/// The operation of RFC 7644 section 3.5.2 that leads from one state to another.
fn operation(seen: &Seen, group: &Resource, to: &Value, removal: Removal) -> Result<Value, PointError> {
    let from = &seen.state;
    let cannot = || {
        PointError::new(
            PointErrorKind::Input,
            "the state to give back is none of this point's",
        )
    };
    if to.get("entry").is_none() {
        return match to.get("active").ok_or_else(cannot)? {
            Value::Bool(active) => Ok(json!({"op": "replace", "path": "active", "value": active})),
            Value::Null => Ok(json!({"op": "remove", "path": "active"})),
            _ => Err(cannot()),
        };
    }
    match (from.get("entry"), to.get("entry")) {
        (Some(Value::Null), Some(entry @ Value::Object(_))) => {
            Ok(json!({"op": "add", "path": "members", "value": [entry]}))
        }
        (Some(Value::Object(entry)), Some(Value::Null)) => {
            let value = entry.get("value").ok_or_else(cannot)?;
            Ok(match removal {
                Removal::ValueFilter => {
                    json!({"op": "remove", "path": format!("members[value eq {value}]")})
                }
                Removal::ReplaceList => {
                    json!({"op": "replace", "path": "members", "value": others(group, value)?})
                }
            })
        }
        _ => Err(cannot()),
    }
}

/// A group's members but for one.
fn others(group: &Resource, value: &Value) -> Result<Vec<Value>, PointError> {
    if group.version.is_none() {
        return Err(PointError::new(
            PointErrorKind::Config,
            "the server gives groups no version, so that a whole list of members cannot be replaced safely: use another `removal`",
        ));
    }
    let members = group.body.get("members").and_then(Value::as_array);
    Ok(members
        .into_iter()
        .flatten()
        .filter(|member| member.get("value") != Some(value))
        .map(|member| Value::Object(settable(member)))
        .collect())
}

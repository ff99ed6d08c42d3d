//! What stands at the server about a target.

use cordon_act::{Observation, PointError, PointErrorKind, PointState, Standing, Target};
use serde_json::{Map, Value, json};

use super::Scim;
use super::find::{GROUPS, Resource, USERS};
use crate::time_left::TimeLeft;

/// The parts of a member's entry that a client may set (RFC 7643 section 4.2).
const MEMBER_PARTS: [&str; 3] = ["value", "$ref", "type"];

/// What was seen of a target, and where a change of it goes.
pub(super) struct Seen {
    /// `null` if the server knows no such thing. Of an account `{"id", "active"}`, where `active` is `null` if the server does not say;
    /// of an assignment `{"group", "member", "entry"}`, where `entry` is the member's entry in the group or `null`.
    pub(super) state: Value,
    pub(super) standing: Standing,
    /// The resource that a change goes to.
    pub(super) resource: Option<Resource>,
}

impl Seen {
    const ABSENT: Self = Self {
        state: Value::Null,
        standing: Standing::Absent,
        resource: None,
    };

    pub(super) fn observation(self) -> Observation {
        Observation {
            standing: self.standing,
            state: PointState(self.state),
            mark: None,
        }
    }
}

/// The state that a withdrawal leaves of this one.
pub(super) fn left_after(prior: &Value) -> Value {
    let mut left = prior.clone();
    if let Some(parts) = left.as_object_mut() {
        if parts.contains_key("entry") {
            parts.insert("entry".to_owned(), Value::Null);
        } else {
            parts.insert("active".to_owned(), Value::Bool(false));
        }
    }
    left
}

impl Scim {
    /// Reads what stands.
    pub(super) fn see(&mut self, target: &Target, time: TimeLeft) -> Result<Seen, PointError> {
        match target {
            Target::Account { account } => {
                let user = self.user(account, time)?;
                user.map_or(Ok(Seen::ABSENT), account_seen)
            }
            Target::Assignment { holder, application } => self.assignment(holder, application, time),
            other => Err(PointError::new(
                PointErrorKind::Input,
                format_args!("a SCIM server cannot withdraw {other}"),
            )),
        }
    }

    fn user(&mut self, name: &str, time: TimeLeft) -> Result<Option<Resource>, PointError> {
        match self.config.users.get(name).cloned() {
            Some(id) => self.by_id(USERS, &id, time),
            None => self.by_name(USERS, name, time),
        }
    }

    fn assignment(&mut self, holder: &str, application: &str, time: TimeLeft) -> Result<Seen, PointError> {
        let name = self.config.applications.get(application);
        let name = name.map_or(application, String::as_str).to_owned();
        let Some(user) = self.user(holder, time)? else {
            return Ok(Seen::ABSENT);
        };
        let Some(group) = self.by_name(GROUPS, &name, time)? else {
            return Ok(Seen::ABSENT);
        };
        let entry = entry_of(&group.body, &user).map_or(Value::Null, Value::Object);
        let standing = if entry.is_null() {
            Standing::Withdrawn
        } else {
            Standing::Open
        };
        Ok(Seen {
            state: json!({"group": group.id, "member": user.id, "entry": entry}),
            standing,
            resource: Some(group),
        })
    }
}

fn account_seen(user: Resource) -> Result<Seen, PointError> {
    let active = match user.body.get("active") {
        None | Some(Value::Null) => Value::Null,
        Some(Value::Bool(active)) => Value::Bool(*active),
        Some(_) => {
            return Err(PointError::new(
                PointErrorKind::Target,
                "the server gives `active` as something else than true or false: it cannot be told what it means",
            ));
        }
    };
    let standing = if active == Value::Bool(false) {
        Standing::Withdrawn
    } else {
        Standing::Open
    };
    Ok(Seen {
        state: json!({"id": user.id, "active": active}),
        standing,
        resource: Some(user),
    })
}

/// A user's entry among a group's members: the one that has the user's id, or that refers to the very address of the user (servers exist
/// that put the logon name where the id belongs).
fn entry_of(group: &Value, user: &Resource) -> Option<Map<String, Value>> {
    let location = user.body.pointer("/meta/location").and_then(Value::as_str);
    let members = group.get("members")?.as_array()?;
    let entry = members.iter().find(|member| {
        let text = |part: &str| member.get(part).and_then(Value::as_str);
        text("value") == Some(user.id.as_str()) || (location.is_some() && text("$ref") == location)
    })?;
    Some(settable(entry))
}

/// The parts of a member's entry that a client may set.
pub(super) fn settable(entry: &Value) -> Map<String, Value> {
    let parts = MEMBER_PARTS.iter().filter_map(|part| {
        let text = entry.get(*part)?.as_str()?;
        Some(((*part).to_owned(), Value::from(text)))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(body: Value) -> Resource {
        Resource {
            path: "/Users/1".to_owned(),
            id: "1".to_owned(),
            version: None,
            body,
        }
    }

    #[test]
    fn text_in_the_place_of_true_or_false_is_an_error_and_not_a_guess() {
        for text in ["False", "false", "True", ""] {
            let seen = account_seen(user(json!({"active": text})));
            assert_eq!(seen.err().map(|error| error.kind), Some(PointErrorKind::Target));
        }
        let standing = |body: Value| account_seen(user(body)).ok().map(|seen| seen.standing);
        assert_eq!(standing(json!({"active": false})), Some(Standing::Withdrawn));
        assert_eq!(standing(json!({"active": true})), Some(Standing::Open));
        assert_eq!(standing(json!({})), Some(Standing::Open));
    }

    #[test]
    fn a_member_is_known_by_id_or_by_the_address_of_the_user_and_not_by_a_name_alone() {
        let found = |members: Value| {
            let user = user(json!({"userName": "pat", "meta": {"location": "https://id.example/Users/pat"}}));
            entry_of(&json!({ "members": members }), &user).is_some()
        };
        assert!(found(json!([{"value": "2"}, {"value": "1"}])));
        assert!(found(
            json!([{"value": "pat", "$ref": "https://id.example/Users/pat"}])
        ));
        assert!(!found(json!([{"value": "pat"}, {"display": "pat"}, 7])));
        assert!(!found(json!("1")));
    }
}

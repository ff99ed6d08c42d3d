//! Asking the server for accounts and groups.

use cordon_act::limits::NAME_BYTES_MAX;
use cordon_act::{PointError, PointErrorKind};
use serde_json::Value;

use super::Scim;
use crate::https::{Call, Method, Reply, escape};
use crate::time_left::TimeLeft;

/// Most resources looked at to find one by name on a server that ignores filters. Past that, configure ids.
const RESOURCES_MAX: usize = 20_000;
/// Most pages asked for to find one resource.
const PAGES_MAX: usize = 200;

/// A resource as the server gave it.
pub(super) struct Resource {
    /// Its path below the server's address.
    pub(super) path: String,
    /// Its id.
    pub(super) id: String,
    /// Its version, if the server has versions.
    pub(super) version: Option<String>,
    /// All of it.
    pub(super) body: Value,
}

/// A kind of resource: where it lies and by what it is called.
#[derive(Clone, Copy)]
pub(super) struct Collection {
    pub(super) path: &'static str,
    name: &'static str,
}

/// Accounts.
pub(super) const USERS: Collection = Collection {
    path: "/Users",
    name: "userName",
};
/// Groups.
pub(super) const GROUPS: Collection = Collection {
    path: "/Groups",
    name: "displayName",
};

fn wrong(kind: PointErrorKind, text: impl std::fmt::Display) -> PointError {
    PointError::new(kind, text)
}

impl Scim {
    /// The resource with this id, if there is one.
    pub(super) fn by_id(
        &mut self,
        collection: Collection,
        id: &str,
        time: TimeLeft,
    ) -> Result<Option<Resource>, PointError> {
        const WHAT: &str = "reading";
        if id.is_empty() || id == "." || id == ".." || id.len() > NAME_BYTES_MAX {
            return Err(wrong(
                PointErrorKind::Target,
                "the server's id of a resource cannot be one",
            ));
        }
        let path = format!("{}/{}", collection.path, escape(id));
        let reply = self.get(&path, time)?;
        if reply.status == 404 {
            return Ok(None);
        }
        let reply = reply.success(false, WHAT)?;
        let body = reply.json(WHAT)?;
        if body.get("id").and_then(Value::as_str) != Some(id) {
            return Err(wrong(
                PointErrorKind::Target,
                "the server gave another resource than asked for",
            ));
        }
        let version = reply
            .etag
            .or_else(|| body.pointer("/meta/version")?.as_str().map(str::to_owned));
        Ok(Some(Resource {
            path,
            id: id.to_owned(),
            version,
            body,
        }))
    }

    /// The resource with this name, if there is one. Names are compared here too, since servers exist that ignore filters: exactly, and
    /// if none fits so, without regard to case, as RFC 7643 defines both attributes.
    pub(super) fn by_name(
        &mut self,
        collection: Collection,
        name: &str,
        time: TimeLeft,
    ) -> Result<Option<Resource>, PointError> {
        check_name(name)?;
        let mut exact = Vec::new();
        let mut alike = Vec::new();
        self.each(collection, name, time, &mut |resource| {
            let Some(called) = resource.get(collection.name).and_then(Value::as_str) else {
                return;
            };
            let id = resource
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if called == name {
                exact.push(id);
            } else if called.to_lowercase() == name.to_lowercase() {
                alike.push(id);
            }
        })?;
        let found = if exact.is_empty() { alike } else { exact };
        match found.as_slice() {
            [] => Ok(None),
            [id] => self.by_id(collection, id, time),
            _ => Err(wrong(
                PointErrorKind::Input,
                format_args!(
                    "the server has {} of the name {name}: configure the id",
                    found.len()
                ),
            )),
        }
    }

    /// Calls `look` with every resource that the server offers for a filter on the name.
    fn each(
        &mut self,
        collection: Collection,
        name: &str,
        time: TimeLeft,
        look: &mut dyn FnMut(&Value),
    ) -> Result<(), PointError> {
        const WHAT: &str = "looking for a name";
        // RFC 7644 section 3.4.2.2: the value of a comparison is a JSON string.
        let filter = escape(&format!("{} eq {}", collection.name, Value::from(name)));
        let mut seen = 0_usize;
        for _ in 0..PAGES_MAX {
            let from = if seen == 0 {
                String::new()
            } else {
                format!("&startIndex={}", seen + 1)
            };
            let path = format!("{}?filter={filter}{from}", collection.path);
            let page = self.get(&path, time)?.success(false, WHAT)?.json(WHAT)?;
            let resources = page.get("Resources").and_then(Value::as_array);
            let resources = resources.map_or(&[][..], Vec::as_slice);
            resources.iter().for_each(&mut *look);
            seen += resources.len();
            let total = page.get("totalResults").and_then(Value::as_u64).ok_or_else(|| {
                wrong(
                    PointErrorKind::Target,
                    format_args!("{WHAT}: the server's list has no totalResults"),
                )
            })?;
            if seen as u64 >= total {
                return Ok(());
            }
            if resources.is_empty() {
                return Err(wrong(
                    PointErrorKind::Target,
                    format_args!("{WHAT}: the server's list ends after {seen} of {total}"),
                ));
            }
            if seen > RESOURCES_MAX {
                break;
            }
        }
        Err(wrong(
            PointErrorKind::Config,
            format_args!(
                "{WHAT}: not among the first {seen} of a server that ignores filters: configure the id"
            ),
        ))
    }

    fn get(&mut self, path: &str, time: TimeLeft) -> Result<Reply, PointError> {
        self.ask(
            &|headers| Call {
                method: Method::Get,
                path,
                headers,
                body: None,
                changes: false,
            },
            time,
        )
    }

    /// Makes a call with Cordon's credential; once more if the server did not accept a token that was kept from before.
    pub(super) fn ask<'a>(
        &mut self,
        call: &dyn Fn(Vec<(&'static str, String)>) -> Call<'a>,
        time: TimeLeft,
    ) -> Result<Reply, PointError> {
        loop {
            let got_before = self.authorization.got();
            let headers = vec![
                ("authorization", self.authorization.header(time)?),
                ("accept", "application/scim+json, application/json".to_owned()),
            ];
            let reply = self.client.send(call(headers), time)?;
            let was_kept = self.authorization.got() == got_before;
            if reply.status == 401 && was_kept && self.authorization.forget() {
                continue;
            }
            return Ok(reply);
        }
    }
}

fn check_name(name: &str) -> Result<(), PointError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(wrong(
            PointErrorKind::Input,
            "a name must have 1 to 512 bytes and no control characters",
        ));
    }
    Ok(())
}

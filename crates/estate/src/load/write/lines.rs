//! Accesses as JSON lines: one file part a line, with one access in it.

use serde_json::{Map, Value, json};

use super::Writer;
use super::reference::said_plain;
use super::text::origin;
use crate::load::accesses::ports_text;
use crate::load::words::Word;
use crate::{Access, AccessKind, Entity, Origin, Provenance};

pub(super) fn access(writer: &Writer<'_>, access: &Access, text: &mut String) {
    let mut fields = Map::new();
    kind(writer, access.kind, &mut |key, value| {
        fields.insert(key.to_owned(), value);
    });
    provenance(access.provenance, &mut fields);
    text.push_str(&json!({ "access": [fields] }).to_string());
    text.push('\n');
}

fn kind(writer: &Writer<'_>, kind: AccessKind, add: &mut impl FnMut(&str, Value)) {
    let single = |word: &str, entity| Value::from(said_plain(word, writer.estate.name(entity), &[]));
    let system = |id| single("system", Entity::System(id));
    let zone = |id| single("zone", Entity::Zone(id));
    let principal = |one| Value::from(writer.principal_name(one));
    match kind {
        AccessKind::Membership { member, group } => {
            add("member", principal(member));
            add("of", single("group", Entity::Group(group)));
        }
        AccessKind::Right { holder, on, means } => {
            add("holder", principal(holder));
            add("right", means.word().into());
            add("on", writer.target_name(on).into());
        }
        AccessKind::Session { account, system: on } => {
            add("session", single("account", Entity::Account(account)));
            add("on", system(on));
        }
        AccessKind::Control { holder, over, by } => {
            add("holder", principal(holder));
            add("control", by.word().into());
            add("over", principal(over));
        }
        AccessKind::RemoteAccess {
            holder,
            gateway,
            into,
        } => {
            add("holder", principal(holder));
            add("remote-access", system(gateway));
            add("into", zone(into));
        }
        AccessKind::Assignment { holder, app, admin } => {
            add("holder", principal(holder));
            add("application", system(app));
            add("admin", admin.into());
        }
        AccessKind::Flow { from, to, ports } => {
            add(
                "flow",
                json!({ "from": writer.place_name(from), "to": writer.place_name(to) }),
            );
            add("port", ports_text(ports).into());
        }
        AccessKind::Recovery { of, from } => {
            add("recovery", principal(of));
            add("from", zone(from));
        }
    }
}

fn provenance(provenance: Provenance, fields: &mut Map<String, Value>) {
    if !matches!(provenance.origin, Origin::Declared { .. }) {
        fields.insert("origin".to_owned(), origin(provenance).into());
    }
    if let Some(usage) = provenance.usage {
        let (first, last) = (usage.first_seen.to_string(), usage.last_seen.to_string());
        let used = json!({ "first": first, "last": last, "times": usage.uses, "people": usage.people });
        fields.insert("used".to_owned(), used);
    }
}

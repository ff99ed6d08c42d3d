//! A record of a finding as a finding.

use std::collections::BTreeSet;
use std::net::IpAddr;

use thiserror::Error;

use super::limits::{ENTITIES_MAX, EVIDENCE_MAX};
use super::{EntityKind, Finding, NamedEntity, tactic};
use crate::record::{Record, Value};
use crate::sigma::Level;

/// The class of an OCSF record is not one of findings that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("OCSF class {0} is no finding that is read: 2001, 2004 and 2005 are")]
pub struct ClassNotRead(
    /// Its `class_uid`; 0 if it states none.
    pub i64,
);

/// Reads a finding of class 2001, 2004 or 2005.
///
/// # Errors
/// If the record is of another class.
pub fn parse(record: &Record) -> Result<Finding, ClassNotRead> {
    let class = record.int("class_uid").unwrap_or(0);
    if ![2001, 2004, 2005].contains(&class) {
        return Err(ClassNotRead(class));
    }
    let first = |names: &[&str]| {
        let found = names.iter().find_map(|name| record.text(name));
        found.unwrap_or("").to_owned()
    };
    // 2004 has `finding_info`, 2001 `finding`, and 2005 a list of the former.
    let info = |part: &str| {
        first(&[
            &format!("finding_info.{part}"),
            &format!("finding.{part}"),
            &format!("finding_info_list.{part}"),
        ])
    };
    let title = info("title");
    let rule_title = Some(info("analytic.name"))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| first(&["analytic.name"]));
    let rule_id = Some(info("analytic.uid"))
        .filter(|uid| !uid.is_empty())
        .unwrap_or_else(|| first(&["analytic.uid"]));
    Ok(Finding {
        time: record.time,
        uid: Some(info("uid"))
            .filter(|uid| !uid.is_empty())
            .unwrap_or_else(|| first(&["metadata.uid"])),
        title: if title.is_empty() {
            first(&["message", "desc"])
        } else {
            title
        },
        description: info("desc"),
        rule_id,
        rule_title,
        level: level(record.int("severity_id")),
        techniques: techniques(record),
        tactics: tactics(record),
        entities: entities(record),
        evidence: evidence(record),
        product: first(&["metadata.product.name", "metadata.product.vendor_name"]),
        closed: record.int("activity_id") == Some(3),
    })
}

/// 0 is unknown and 99 a scale of its own; 6 is beyond critical.
fn level(severity_id: Option<i64>) -> Level {
    match severity_id {
        Some(1) => Level::Informational,
        Some(2) => Level::Low,
        Some(4) => Level::High,
        Some(5 | 6) => Level::Critical,
        _ => Level::Medium,
    }
}

/// The texts of all fields whose name ends so, whatever object they are in.
fn texts<'a>(record: &'a Record, endings: &'a [&'a str]) -> impl Iterator<Item = &'a str> + 'a {
    record.fields().filter_map(move |(name, value)| {
        let ends = |ending: &&str| {
            name.strip_suffix(*ending)
                .is_some_and(|head| head.is_empty() || head.ends_with('.'))
        };
        match value {
            Value::Str(text) if !text.is_empty() && endings.iter().any(ends) => Some(text),
            _ => None,
        }
    })
}

fn techniques(record: &Record) -> Vec<String> {
    let named = texts(
        record,
        &[
            "attacks.technique.uid",
            "attacks.sub_technique.uid",
            "attacks.techniques.uid",
        ],
    );
    let mut found: Vec<String> = named.map(str::to_owned).collect();
    drop_parents(&mut found);
    found
}

/// Sorts, and leaves out techniques of which a part is there too.
pub(super) fn drop_parents(techniques: &mut Vec<String>) {
    techniques.sort_unstable();
    techniques.dedup();
    let parents: BTreeSet<String> = techniques
        .iter()
        .filter_map(|own| own.split_once('.'))
        .map(|(parent, _)| parent.to_owned())
        .collect();
    techniques.retain(|own| !parents.contains(own));
}

fn tactics(record: &Record) -> Vec<String> {
    let endings = [
        "attacks.tactic.uid",
        "attacks.tactic.name",
        "attacks.tactics.uid",
        "attacks.tactics.name",
    ];
    let found: BTreeSet<String> = texts(record, &endings).map(tactic::word).collect();
    found.into_iter().collect()
}

/// Objects whose fields name the things a finding is about, wherever they stand.
const USERS: &[&str] = &["user.name", "user.email_addr"];
const HOSTS: &[&str] = &[
    "device.hostname",
    "device.name",
    "endpoint.hostname",
    "src_endpoint.hostname",
    "dst_endpoint.hostname",
];
const ADDRESSES: &[&str] = &["device.ip", "endpoint.ip", "src_endpoint.ip", "dst_endpoint.ip"];

fn entities(record: &Record) -> Vec<NamedEntity> {
    let mut found = BTreeSet::new();
    observables(record, &mut found);
    resources(record, &mut found);
    let objects = [
        (EntityKind::User, USERS),
        (EntityKind::Host, HOSTS),
        (EntityKind::Address, ADDRESSES),
    ];
    for (kind, endings) in objects {
        found.extend(texts(record, endings).map(|name| NamedEntity::new(kind, name)));
    }
    found.into_iter().take(ENTITIES_MAX).collect()
}

fn observables(record: &Record, found: &mut BTreeSet<NamedEntity>) {
    let kinds: Vec<Option<i64>> = record
        .all("observables.type_id")
        .map(|value| {
            if let Value::Int(number) = value {
                Some(number)
            } else {
                None
            }
        })
        .collect();
    let values: Vec<Value<'_>> = record.all("observables.value").collect();
    let paired = kinds.len() == values.len();
    for (at, value) in values.into_iter().enumerate() {
        let Value::Str(text) = value else {
            continue;
        };
        let kind = match kinds.get(at).copied().flatten().filter(|_| paired) {
            Some(1) => Some(EntityKind::Host),
            Some(2) => Some(EntityKind::Address),
            Some(4 | 5 | 21) => Some(EntityKind::User),
            Some(20) => Some(likely_kind(text).unwrap_or(EntityKind::Host)),
            Some(_) => None,
            None => likely_kind(text),
        };
        found.extend(
            kind.filter(|_| !text.is_empty())
                .map(|kind| NamedEntity::new(kind, text)),
        );
    }
}

/// A resource states its type in words, which differ from cloud to cloud.
fn resources(record: &Record, found: &mut BTreeSet<NamedEntity>) {
    let names: Vec<Value<'_>> = record.all("resources.name").collect();
    let kinds: Vec<Value<'_>> = record.all("resources.type").collect();
    let paired = names.len() == kinds.len();
    for (at, name) in names.iter().enumerate() {
        let Value::Str(name) = name else {
            continue;
        };
        let stated = match kinds.get(at).filter(|_| paired) {
            Some(Value::Str(kind)) => stated_kind(kind),
            _ => None,
        };
        found.extend(
            stated
                .or_else(|| likely_kind(name))
                .map(|kind| NamedEntity::new(kind, *name)),
        );
    }
}

fn stated_kind(words: &str) -> Option<EntityKind> {
    let words = words.to_lowercase();
    let any = |names: &[&str]| names.iter().any(|name| words.contains(name));
    if any(&["user", "account", "identity"]) {
        Some(EntityKind::User)
    } else if any(&[
        "host", "device", "computer", "machine", "instance", "server", "endpoint",
    ]) {
        Some(EntityKind::Host)
    } else {
        None
    }
}

/// What a name without a stated kind can only be.
fn likely_kind(text: &str) -> Option<EntityKind> {
    if text.parse::<IpAddr>().is_ok() {
        Some(EntityKind::Address)
    } else if text.contains('@') || (text.contains('\\') && !text.contains([':', '/'])) {
        Some(EntityKind::User)
    } else {
        None
    }
}

fn evidence(record: &Record) -> Vec<(String, String)> {
    let fields = record.fields().filter_map(|(name, value)| {
        let name = name.strip_prefix("evidences.data.")?;
        match value {
            Value::Str(text) => Some((name.to_owned(), text.to_owned())),
            _ => None,
        }
    });
    fields.take(EVIDENCE_MAX).collect()
}

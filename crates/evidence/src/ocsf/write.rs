//! A finding as a JSON object of class 2004.

use std::io::{self, Write};

use serde_json::{Map, Value as Json, json};

use super::{EntityKind, Finding, tactic};
use crate::sigma::Level;

pub(super) const PRODUCT: &str = "Cordon";

/// The version of the schema that is written.
const SCHEMA: &str = "1.4.0";

/// Writes a finding as one line.
///
/// # Errors
/// Those of the writer.
pub fn write(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &to_json(finding))?;
    out.write_all(b"\n")
}

/// A finding as a JSON object.
#[must_use]
pub fn to_json(finding: &Finding) -> Json {
    let activity = if finding.closed { 3 } else { 1 };
    let milliseconds = finding.time.as_millisecond();
    json!({
        "activity_id": activity,
        "activity_name": if finding.closed { "Close" } else { "Create" },
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_400 + activity,
        "time": milliseconds,
        "severity_id": severity(finding.level),
        "severity": severity_name(finding.level),
        "status_id": if finding.closed { 4 } else { 1 },
        "is_alert": true,
        "message": finding.title,
        "metadata": {
            "version": SCHEMA,
            "product": { "name": finding.product, "vendor_name": finding.product, "version": env!("CARGO_PKG_VERSION") },
        },
        "finding_info": {
            "uid": finding.uid,
            "title": finding.title,
            "desc": finding.description,
            "created_time": milliseconds,
            "analytic": { "uid": finding.rule_id, "name": finding.rule_title, "type_id": 1, "type": "Rule" },
            "attacks": attacks(finding),
        },
        "observables": observables(finding),
        "evidences": evidences(finding),
    })
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Informational => 1,
        Level::Low => 2,
        Level::Medium => 3,
        Level::High => 4,
        Level::Critical => 5,
    }
}

fn severity_name(level: Level) -> &'static str {
    match level {
        Level::Informational => "Informational",
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
        Level::Critical => "Critical",
    }
}

/// Rules do not say which technique serves which tactic, so each stands alone.
fn attacks(finding: &Finding) -> Vec<Json> {
    let techniques = finding
        .techniques
        .iter()
        .map(|technique| match technique.split_once('.') {
            Some((parent, _)) => {
                json!({ "technique": { "uid": parent }, "sub_technique": { "uid": technique } })
            }
            None => json!({ "technique": { "uid": technique } }),
        });
    let tactics = finding.tactics.iter().map(|word| match tactic::of_word(word) {
        Some((uid, name)) => json!({ "tactic": { "uid": uid, "name": name } }),
        None => json!({ "tactic": { "name": word } }),
    });
    techniques.chain(tactics).collect()
}

fn observables(finding: &Finding) -> Vec<Json> {
    let one = |(kind, name): (EntityKind, &String)| {
        let (type_id, kind, field) = match kind {
            EntityKind::Host => (1, "Hostname", "device.hostname"),
            EntityKind::Address => (2, "IP Address", "device.ip"),
            EntityKind::User => (4, "User Name", "actor.user.name"),
        };
        json!({ "name": field, "type_id": type_id, "type": kind, "value": name })
    };
    finding
        .entities
        .iter()
        .map(|entity| one((entity.kind, &entity.name)))
        .collect()
}

fn evidences(finding: &Finding) -> Json {
    let mut data = Map::new();
    for (field, value) in &finding.evidence {
        data.insert(field.clone(), Json::String(value.clone()));
    }
    if data.is_empty() {
        json!([])
    } else {
        json!([{ "data": data }])
    }
}

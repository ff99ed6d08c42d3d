//! Identity providers and clouds, and records of no known make that a few fields give away.

use super::{Mapping, Source};
use crate::record::{Record, Value};

/// Entra: `category` names the log in diagnostic exports, `Type` in Sentinel's tables; else its fields give it away.
pub(super) fn entra(record: &Record) -> Source {
    let stated = ["category", "Category", "Type", "type"]
        .iter()
        .find_map(|name| record.text(name));
    let stated = stated.unwrap_or("").to_ascii_lowercase();
    let has = |name: &str| record.get(name).is_some();
    let service = if stated.contains("signin") {
        "signinlogs"
    } else if stated.contains("risk") || has("riskEventType") {
        risk(record)
    } else if has("userPrincipalName") && (has("appDisplayName") || has("status.errorCode")) {
        "signinlogs"
    } else if ["administrative", "azureactivity"].contains(&stated.as_str()) {
        "activitylogs"
    } else {
        "auditlogs"
    };
    let mapping = match service {
        "signinlogs" => Mapping::EntraSignIn,
        "auditlogs" => Mapping::EntraAudit,
        _ => Mapping::Folded,
    };
    Source::new("azure", &[service], &[]).mapped(mapping)
}

/// Alerts of Privileged Identity Management travel in the risk log; their type ends in this word.
fn risk(record: &Record) -> &'static str {
    let alert = |value: Value<'_>| matches!(value, Value::Str(text) if text.ends_with("AlertConfiguration"));
    let pim = record.all("riskEventType").any(alert);
    if pim { "pim" } else { "riskdetection" }
}

/// Fields that only one kind of record has, in the order they are asked for.
type Sign = (
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
    &'static str,
);

const SIGNS: &[Sign] = &[
    (&["protoPayload.methodName"], "gcp", &["gcp.audit"], ""),
    (
        &["eventSource", "eventName", "awsRegion"],
        "aws",
        &["cloudtrail"],
        "",
    ),
    (
        &["Workload", "Operation", "RecordType"],
        "m365",
        &["audit", "exchange", "threat_management"],
        "",
    ),
    (
        &["objectRef.resource", "verb"],
        "kubernetes",
        &["audit"],
        "application",
    ),
    (&["auditType.action"], "bitbucket", &["audit"], ""),
    (&["action", "actor", "org"], "github", &["audit"], ""),
    (
        &["event_type_id", "account_id"],
        "onelogin",
        &["onelogin.events"],
        "",
    ),
    (
        &["logdata.USERNAME", "dst_port", "logtype"],
        "opencanary",
        &[],
        "application",
    ),
    (&["cs-method", "c-uri", "r-dns"], "", &[], "proxy"),
    (&["cs-method", "c-uri", "cs-host"], "", &[], "proxy"),
    (&["cs-method", "cs-uri-query"], "", &[], "webserver"),
    (&["cs-method", "cs-uri-stem"], "", &[], "webserver"),
    (&["c-uri", "c-useragent"], "", &[], "proxy"),
    (&["src_ip", "dst_ip", "dst_port", "action"], "", &[], "firewall"),
    (&["record_type", "query"], "", &[], "dns"),
    (&["Signature", "Filename"], "", &[], "antivirus"),
];

pub(super) fn other(record: &Record) -> Source {
    let has = |name: &&str| record.get(name).is_some();
    let sign = SIGNS.iter().find(|(names, ..)| names.iter().all(has));
    let Some((_, product, services, category)) = sign else {
        return Source::new("", &[], &[]).mapped(Mapping::Folded);
    };
    Source::new(product, services, &[category]).mapped(Mapping::Folded)
}

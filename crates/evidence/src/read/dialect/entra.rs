//! Microsoft Entra sign-in and audit records: as Microsoft Graph gives them, as Azure Monitor exports them (below
//! `properties`), and as the tables of Sentinel have them.

use super::{first_utc, service_time};
use crate::read::clock::Clock;
use crate::record::{Dialect, Record};

/// Fields of which one is in every sign-in, and fields of which one is in every audit record.
const MARKS: [&[&str]; 4] = [
    &["createdDateTime", "userPrincipalName"],
    &["activityDateTime", "activityDisplayName"],
    &["resourceId", "operationName", "category"],
    &["OperationName", "ResultType"],
];

pub(super) fn recognised(record: &Record) -> bool {
    let has = |name: &&str| record.position(name).is_some();
    MARKS.iter().any(|names| names.iter().all(has))
        || has(&"TimeGenerated") && (has(&"OperationName") || has(&"UserPrincipalName"))
}

/// A table's name, and the export's names that mean the same, best first.
const NAMES: [(&str, &[&str]); 22] = [
    (
        "OperationName",
        &[
            "operationName",
            "properties.activityDisplayName",
            "activityDisplayName",
        ],
    ),
    ("operationName", &["OperationName", "activityDisplayName"]),
    ("OperationNameValue", &["operationName"]),
    (
        "ActivityDisplayName",
        &["properties.activityDisplayName", "activityDisplayName"],
    ),
    (
        "properties.message",
        &[
            "properties.activityDisplayName",
            "activityDisplayName",
            "ActivityDisplayName",
            "OperationName",
        ],
    ),
    ("Category", &["properties.category", "category"]),
    ("CategoryValue", &["category"]),
    (
        "LoggedByService",
        &["properties.loggedByService", "loggedByService"],
    ),
    (
        "ResultType",
        &["resultType", "properties.status.errorCode", "status.errorCode"],
    ),
    (
        "ResultDescription",
        &[
            "resultDescription",
            "properties.status.failureReason",
            "status.failureReason",
        ],
    ),
    (
        "Status",
        &["properties.status.additionalDetails", "status.additionalDetails"],
    ),
    (
        "AuthenticationRequirement",
        &[
            "properties.authenticationRequirement",
            "authenticationRequirement",
        ],
    ),
    (
        "riskEventType",
        &[
            "properties.riskEventType",
            "RiskEventType",
            "riskEventTypes",
            "properties.riskEventTypes_v2",
        ],
    ),
    (
        "conditionalAccessStatus",
        &["properties.conditionalAccessStatus", "ConditionalAccessStatus"],
    ),
    ("userAgent", &["properties.userAgent", "UserAgent"]),
    (
        "UserPrincipalName",
        &["properties.userPrincipalName", "userPrincipalName"],
    ),
    (
        "IPAddress",
        &["properties.ipAddress", "ipAddress", "callerIpAddress"],
    ),
    ("AppDisplayName", &["properties.appDisplayName", "appDisplayName"]),
    (
        "ResourceDisplayName",
        &["properties.resourceDisplayName", "resourceDisplayName"],
    ),
    (
        "DeviceDetail.deviceId",
        &["properties.deviceDetail.deviceId", "deviceDetail.deviceId"],
    ),
    (
        "DeviceDetail.trusttype",
        &[
            "properties.deviceDetail.trustType",
            "deviceDetail.trustType",
            "DeviceDetail.trustType",
        ],
    ),
    (
        "DeviceDetail.isCompliant",
        &["properties.deviceDetail.isCompliant", "deviceDetail.isCompliant"],
    ),
];

/// The same for fields that repeat: every value gets the second name.
const REPEATED: [(&str, &str); 4] = [
    (
        "properties.targetResources.modifiedProperties.newValue",
        "TargetResources.ModifiedProperties.NewValue",
    ),
    (
        "properties.targetResources.modifiedProperties.newValue",
        "TargetResources.modifiedProperties.newValue",
    ),
    (
        "properties.targetResources.modifiedProperties.displayName",
        "TargetResources.ModifiedProperties.DisplayName",
    ),
    ("properties.targetResources.type", "targetResources.type"),
];

pub(super) fn normalise(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Entra;
    for (to, froms) in NAMES {
        if record.position(to).is_none()
            && let Some(index) = froms.iter().find_map(|from| record.position(from))
        {
            record.alias(index, to);
        }
    }
    for (from, to) in REPEATED {
        alias_all(record, from, to);
    }
    let own = first_utc(
        record,
        &[
            "createdDateTime",
            "activityDateTime",
            "properties.createdDateTime",
            "properties.activityDateTime",
            "CreatedDateTime",
            "ActivityDateTime",
            "TimeGenerated",
            "time",
        ],
    );
    service_time(record, clock, own)
}

fn alias_all(record: &mut Record, from: &str, to: &str) {
    if record.position(from).is_none() || record.position(to).is_some() {
        return;
    }
    for index in 0..record.len() {
        if record.field(index).is_some_and(|(name, _)| name == from) {
            record.alias(index, to);
        }
    }
}

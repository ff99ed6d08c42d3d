//! Microsoft Entra sign-in and audit records: as Microsoft Graph gives them, as Azure Monitor exports them (below
//! `properties`), and as the tables of Sentinel have them.

use super::{first_utc, service_time};
use crate::read::clock::Clock;
use crate::record::{Dialect, FieldName, Record};

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
static NAMES: [(FieldName, &[&str]); 22] = [
    (
        FieldName::fixed("OperationName"),
        &[
            "operationName",
            "properties.activityDisplayName",
            "activityDisplayName",
        ],
    ),
    (
        FieldName::fixed("operationName"),
        &["OperationName", "activityDisplayName"],
    ),
    (FieldName::fixed("OperationNameValue"), &["operationName"]),
    (
        FieldName::fixed("ActivityDisplayName"),
        &["properties.activityDisplayName", "activityDisplayName"],
    ),
    (
        FieldName::fixed("properties.message"),
        &[
            "properties.activityDisplayName",
            "activityDisplayName",
            "ActivityDisplayName",
            "OperationName",
        ],
    ),
    (FieldName::fixed("Category"), &["properties.category", "category"]),
    (FieldName::fixed("CategoryValue"), &["category"]),
    (
        FieldName::fixed("LoggedByService"),
        &["properties.loggedByService", "loggedByService"],
    ),
    (
        FieldName::fixed("ResultType"),
        &["resultType", "properties.status.errorCode", "status.errorCode"],
    ),
    (
        FieldName::fixed("ResultDescription"),
        &[
            "resultDescription",
            "properties.status.failureReason",
            "status.failureReason",
        ],
    ),
    (
        FieldName::fixed("Status"),
        &["properties.status.additionalDetails", "status.additionalDetails"],
    ),
    (
        FieldName::fixed("AuthenticationRequirement"),
        &[
            "properties.authenticationRequirement",
            "authenticationRequirement",
        ],
    ),
    (
        FieldName::fixed("riskEventType"),
        &[
            "properties.riskEventType",
            "RiskEventType",
            "riskEventTypes",
            "properties.riskEventTypes_v2",
        ],
    ),
    (
        FieldName::fixed("conditionalAccessStatus"),
        &["properties.conditionalAccessStatus", "ConditionalAccessStatus"],
    ),
    (
        FieldName::fixed("userAgent"),
        &["properties.userAgent", "UserAgent"],
    ),
    (
        FieldName::fixed("UserPrincipalName"),
        &["properties.userPrincipalName", "userPrincipalName"],
    ),
    (
        FieldName::fixed("IPAddress"),
        &["properties.ipAddress", "ipAddress", "callerIpAddress"],
    ),
    (
        FieldName::fixed("AppDisplayName"),
        &["properties.appDisplayName", "appDisplayName"],
    ),
    (
        FieldName::fixed("ResourceDisplayName"),
        &["properties.resourceDisplayName", "resourceDisplayName"],
    ),
    (
        FieldName::fixed("DeviceDetail.deviceId"),
        &["properties.deviceDetail.deviceId", "deviceDetail.deviceId"],
    ),
    (
        FieldName::fixed("DeviceDetail.trusttype"),
        &[
            "properties.deviceDetail.trustType",
            "deviceDetail.trustType",
            "DeviceDetail.trustType",
        ],
    ),
    (
        FieldName::fixed("DeviceDetail.isCompliant"),
        &["properties.deviceDetail.isCompliant", "deviceDetail.isCompliant"],
    ),
];

/// The same for fields that repeat: every value gets the second name.
static REPEATED: [(&str, FieldName); 4] = [
    (
        "properties.targetResources.modifiedProperties.newValue",
        FieldName::fixed("TargetResources.ModifiedProperties.NewValue"),
    ),
    (
        "properties.targetResources.modifiedProperties.newValue",
        FieldName::fixed("TargetResources.modifiedProperties.newValue"),
    ),
    (
        "properties.targetResources.modifiedProperties.displayName",
        FieldName::fixed("TargetResources.ModifiedProperties.DisplayName"),
    ),
    (
        "properties.targetResources.type",
        FieldName::fixed("targetResources.type"),
    ),
];

pub(super) fn normalise(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Entra;
    for (to, froms) in &NAMES {
        if record.position_named(to).is_none()
            && let Some(index) = froms.iter().find_map(|from| record.position(from))
        {
            record.alias(index, to);
        }
    }
    for (from, to) in &REPEATED {
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

fn alias_all(record: &mut Record, from: &str, to: &FieldName) {
    if record.position(from).is_none() || record.position_named(to).is_some() {
        return;
    }
    for index in 0..record.len() {
        if record.field(index).is_some_and(|(name, _)| name == from) {
            record.alias(index, to);
        }
    }
}

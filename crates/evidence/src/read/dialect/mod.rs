//! Gives the fields of JSON and CSV records the names that rules and the rest of Cordon use, by who wrote them.
//!
//! - Windows: `EventID` (a number), `Channel`, `Provider_Name`, `Computer`, `EventRecordID` and the rest of `System`,
//!   and every name of `EventData` or `UserData` without a prefix. A name of `System` wins; the event's own field of
//!   that name keeps its dotted name.
//! - Entra: the names of the audit and sign-in tables beside the dotted names of the export.
//! - Zeek: `id.orig_h` and its like, also where the shipper wrote `id_orig_h`.
//! - Okta, CloudTrail, OCSF and all others: the dotted names of the JSON as it is.

mod entra;
mod windows;

use jiff::Timestamp;

use super::clock::Clock;
use super::instant::{self, Instant};
use crate::record::{Dialect, FieldName, Record, Value};

pub(crate) use windows::{is_system_name, settle_values};

/// Finds out who wrote the record, sets its dialect and time, and renames its fields.
pub(crate) fn normalise(record: &mut Record, clock: &Clock) -> Result<(), String> {
    let layout = recognise(record);
    let timed = match layout {
        Layout::WindowsFlat => windows::flat(record, clock),
        Layout::WindowsNested => windows::nested(record, clock),
        Layout::Service(dialect, time_names) => service(record, clock, dialect, time_names),
        Layout::Entra => entra::normalise(record, clock),
        Layout::Zeek => zeek(record, clock),
        Layout::Unknown => unknown(record, clock),
    };
    if timed {
        Ok(())
    } else {
        Err("no time in it that can be read, and no time of receipt".to_owned())
    }
}

enum Layout {
    WindowsFlat,
    WindowsNested,
    /// A cloud service: local times in it are UTC.
    Service(Dialect, &'static [&'static str]),
    Entra,
    Zeek,
    Unknown,
}

fn recognise(record: &Record) -> Layout {
    let has = |name| record.position(name).is_some();
    if has("EventID") && (has("Channel") || has("SourceName") || has("EventSourceName")) {
        return Layout::WindowsFlat;
    }
    if has("winlog.event_id") || has("winlog.channel") || has("winlog.provider_name") {
        return Layout::WindowsNested;
    }
    if has("Event.System.Channel") || has("Event.System.EventID") || has("Event.System.EventID.#text") {
        return Layout::WindowsNested;
    }
    if has("eventType") && has("published") {
        return Layout::Service(Dialect::Okta, &["published"]);
    }
    if has("eventSource") && has("eventName") && has("eventTime") {
        return Layout::Service(Dialect::CloudTrail, &["eventTime"]);
    }
    if has("class_uid") {
        return Layout::Service(Dialect::Ocsf, &["time", "time_dt", "metadata.original_time"]);
    }
    if entra::recognised(record) {
        return Layout::Entra;
    }
    if has("ts") && (has("uid") || has("_path") || has("id.orig_h") || has("id_orig_h")) {
        return Layout::Zeek;
    }
    if has("EventID") && (has("ProviderName") || has("Provider_Name") || has("Provider")) {
        return Layout::WindowsFlat;
    }
    Layout::Unknown
}

/// The time in the field of this name, in whatever way it is written.
pub(crate) fn instant_in(record: &Record, name: &str) -> Option<Instant> {
    match record.get(name)? {
        Value::Str(text) => instant::parse(text).or_else(|| {
            let epoch: f64 = text.parse().ok()?;
            epoch_number(epoch).map(Instant::Exact)
        }),
        Value::Int(number) => instant::epoch_int(number).map(Instant::Exact),
        Value::Float(number) => epoch_number(number).map(Instant::Exact),
        Value::Bool(_) | Value::Null => None,
    }
}

fn epoch_number(number: f64) -> Option<Timestamp> {
    if number.abs() < 1e11 {
        instant::epoch_float(number)
    } else {
        instant::epoch_int(number as i64)
    }
}

fn first_instant(record: &Record, names: &[&str]) -> Option<Instant> {
    names.iter().find_map(|name| instant_in(record, name))
}

fn first_utc(record: &Record, names: &[&str]) -> Option<Timestamp> {
    first_instant(record, names).and_then(Instant::utc)
}

fn service(record: &mut Record, clock: &Clock, dialect: Dialect, time_names: &[&str]) -> bool {
    record.dialect = dialect;
    let own = first_utc(record, time_names);
    service_time(record, clock, own)
}

fn service_time(record: &mut Record, clock: &Clock, own: Option<Timestamp>) -> bool {
    let received = first_utc(record, &["@timestamp", "event.ingested"]);
    clock.set(record, own.map(Instant::Exact), received)
}

static ZEEK_IDS: [(FieldName, FieldName); 4] = [
    (FieldName::fixed("id_orig_h"), FieldName::fixed("id.orig_h")),
    (FieldName::fixed("id_orig_p"), FieldName::fixed("id.orig_p")),
    (FieldName::fixed("id_resp_h"), FieldName::fixed("id.resp_h")),
    (FieldName::fixed("id_resp_p"), FieldName::fixed("id.resp_p")),
];

fn zeek(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Zeek;
    alias_missing(record, &ZEEK_IDS);
    if record.position("_path").is_none() && record.position("conn_state").is_some() {
        record.push("_path", Value::Str("conn"));
    }
    let own = instant_in(record, "ts")
        .and_then(Instant::utc)
        .map(Instant::Exact);
    let received = first_utc(record, &["@timestamp", "_write_ts"]);
    clock.set(record, own, received)
}

const TIME_NAMES: [&str; 12] = [
    "time",
    "timestamp",
    "Timestamp",
    "isotimestamp",
    "eventTime",
    "EventTime",
    "event_time",
    "created_at",
    "TimeGenerated",
    "TimeCreated",
    "datetime",
    "ts",
];

fn unknown(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Other;
    let received = first_utc(record, &["@timestamp"]);
    let own = first_instant(record, &TIME_NAMES).or(received.map(Instant::Exact));
    clock.set(record, own, received)
}

/// Adds each second name to the first field of the first name, where nothing has the second name yet.
pub(crate) fn alias_missing(record: &mut Record, names: &[(FieldName, FieldName)]) {
    for (from, to) in names {
        if let Some(index) = record.position_named(from)
            && record.position_named(to).is_none()
        {
            record.alias(index, to);
        }
    }
}

//! Windows events as shippers write them: NXLog, Sentinel and Winlogbeat JSON, and EVTX dumped as JSON.

use super::{alias_missing, first_instant, first_utc, instant_in};
use crate::read::clock::Clock;
use crate::read::instant::Instant;
use crate::record::{Dialect, FieldName, Record, Stored, Value};

/// Names that are those of `System`, whatever the event's own data calls so.
const SYSTEM_NAMES: [&str; 10] = [
    "EventID",
    "Channel",
    "Computer",
    "Provider_Name",
    "EventRecordID",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "TimeCreated",
];

/// Whether an event's own field of this name must not stand for that of `System`.
pub(crate) fn is_system_name(name: &str) -> bool {
    SYSTEM_NAMES.contains(&name)
}

/// Names of flat shippers, and the name in use here. NXLog first, then Sentinel and others.
static FLAT_NAMES: [(FieldName, FieldName); 9] = [
    (FieldName::fixed("SourceName"), FieldName::fixed("Provider_Name")),
    (FieldName::fixed("Hostname"), FieldName::fixed("Computer")),
    (
        FieldName::fixed("RecordNumber"),
        FieldName::fixed("EventRecordID"),
    ),
    (
        FieldName::fixed("EventSourceName"),
        FieldName::fixed("Provider_Name"),
    ),
    (
        FieldName::fixed("EventRecordId"),
        FieldName::fixed("EventRecordID"),
    ),
    (
        FieldName::fixed("ProviderName"),
        FieldName::fixed("Provider_Name"),
    ),
    (FieldName::fixed("Provider"), FieldName::fixed("Provider_Name")),
    (FieldName::fixed("host.name"), FieldName::fixed("Computer")),
    (FieldName::fixed("MachineName"), FieldName::fixed("Computer")),
];

/// NXLog, Sentinel and their like: `EventData` at the top level already.
pub(super) fn flat(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Windows;
    alias_missing(record, &FLAT_NAMES);
    settle_values(record);
    let own = instant_in(record, "EventTime")
        .or_else(|| first_utc(record, &["TimeGenerated", "TimeCreated", "SystemTime"]).map(Instant::Exact));
    let received = first_utc(record, &["@timestamp"]);
    let own = own.or(received.map(Instant::Exact));
    clock.set(record, own, received)
}

static NUMBERS: [FieldName; 6] = [
    FieldName::fixed("EventID"),
    FieldName::fixed("EventRecordID"),
    FieldName::fixed("Level"),
    FieldName::fixed("Task"),
    FieldName::fixed("Opcode"),
    FieldName::fixed("Version"),
];

static LOGON_PROCESS: FieldName = FieldName::fixed("LogonProcessName");

/// Brings values to the form that rules expect, whoever wrote the event down: numbers of `System`, and the name of the
/// logon process without its padding.
pub(crate) fn settle_values(record: &mut Record) {
    settle_numbers(record);
    // Programs register with the security authority by names filled up with spaces (`NtLmSsp `, `Advapi  `), and the
    // log has them so. Rules name the process. In other fields spaces at the end can be what a rule looks for.
    if let Some(index) = record.position_named(&LOGON_PROCESS) {
        record.trim_value_end(index);
    }
}

/// Makes numbers of those fields of `System` that are numbers, where a shipper wrote text.
fn settle_numbers(record: &mut Record) {
    for name in &NUMBERS {
        if let Some(index) = record.position_named(name)
            && let Some((_, Value::Str(text))) = record.field(index)
            && let Ok(number) = text.trim().parse()
        {
            record.set_value(index, Stored::Int(number));
        }
    }
}

/// Dotted names below `System`, as dumped, and the name in use here.
const DUMPED_NAMES: [(&str, &str); 17] = [
    ("EventID", "EventID"),
    ("EventID.#text", "EventID"),
    ("Channel", "Channel"),
    ("Computer", "Computer"),
    ("EventRecordID", "EventRecordID"),
    ("Level", "Level"),
    ("Task", "Task"),
    ("Opcode", "Opcode"),
    ("Keywords", "Keywords"),
    ("Version", "Version"),
    ("Provider.#attributes.Name", "Provider_Name"),
    ("Provider_attributes.Name", "Provider_Name"),
    ("Provider.#attributes.Guid", "ProviderGuid"),
    ("TimeCreated.#attributes.SystemTime", "TimeCreated"),
    ("TimeCreated_attributes.SystemTime", "TimeCreated"),
    ("Execution.#attributes.ProcessID", "ExecutionProcessID"),
    ("Security.#attributes.UserID", "UserID"),
];

/// Dotted names below `winlog`, and the name in use here.
const WINLOG_NAMES: [(&str, &str); 12] = [
    ("event_id", "EventID"),
    ("channel", "Channel"),
    ("computer_name", "Computer"),
    ("record_id", "EventRecordID"),
    ("provider_name", "Provider_Name"),
    ("provider_guid", "ProviderGuid"),
    ("task", "Task"),
    ("opcode", "Opcode"),
    ("keywords", "Keywords"),
    ("version", "Version"),
    ("process.pid", "ExecutionProcessID"),
    ("user.identifier", "UserID"),
];

/// Other names of shippers that nest.
static NESTED_NAMES: [(FieldName, FieldName); 4] = [
    (FieldName::fixed("event.code"), FieldName::fixed("EventID")),
    (
        FieldName::fixed("event.provider"),
        FieldName::fixed("Provider_Name"),
    ),
    (FieldName::fixed("host.name"), FieldName::fixed("Computer")),
    (FieldName::fixed("message"), FieldName::fixed("Message")),
];

/// Winlogbeat, and EVTX dumped as JSON.
pub(super) fn nested(record: &mut Record, clock: &Clock) -> bool {
    record.dialect = Dialect::Windows;
    for index in 0..record.len() {
        shorten(record, index);
    }
    alias_missing(record, &NESTED_NAMES);
    settle_values(record);
    let own = first_instant(record, &["TimeCreated", "@timestamp"]);
    let received = first_utc(record, &["event.created", "event.ingested"]);
    clock.set(record, own, received)
}

enum Shorter {
    Cut(usize),
    Named(&'static str),
    Made(String),
    Same,
}

fn shorten(record: &mut Record, index: usize) {
    let Some((name, _)) = record.field(index) else {
        return;
    };
    match shorter(name) {
        Shorter::Cut(bytes) => record.shorten_name(index, bytes),
        Shorter::Named(name) => record.rename(index, name),
        Shorter::Made(name) => record.rename(index, &name),
        Shorter::Same => {}
    }
}

fn shorter(name: &str) -> Shorter {
    if let Some(rest) = name.strip_prefix("winlog.") {
        return match rest.split_once('.') {
            Some(("event_data", own)) => own_field(name, own, "EventData"),
            Some(("user_data", own)) => own_field(name, own, "UserData"),
            _ => mapped(rest, &WINLOG_NAMES),
        };
    }
    let Some(rest) = name.strip_prefix("Event.") else {
        return Shorter::Same;
    };
    if let Some(rest) = rest.strip_prefix("System.") {
        return mapped(rest, &DUMPED_NAMES);
    }
    if let Some(own) = rest.strip_prefix("EventData.") {
        return match own {
            "Data" | "Data.#text" => Shorter::Named("Data"),
            _ => own_field(name, own, "EventData"),
        };
    }
    match rest
        .strip_prefix("UserData.")
        .and_then(|rest| rest.rsplit_once('.'))
    {
        Some((parents, own)) if !parents.ends_with("#attributes") => own_field(name, own, "UserData"),
        _ => Shorter::Same,
    }
}

fn own_field(name: &str, own: &str, section: &str) -> Shorter {
    if own.contains("#attributes") {
        Shorter::Same
    } else if is_system_name(own) {
        Shorter::Made(format!("{section}.{own}"))
    } else {
        Shorter::Cut(name.len() - own.len())
    }
}

fn mapped(rest: &str, names: &[(&str, &'static str)]) -> Shorter {
    names
        .iter()
        .find(|(from, _)| *from == rest)
        .map_or(Shorter::Same, |(_, to)| Shorter::Named(to))
}

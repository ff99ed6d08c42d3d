//! One decoded log record: a flat list of named values.
//!
//! Nested objects are flattened to dotted names (`Event.EventData.TargetUserName` of an EVTX record becomes
//! `TargetUserName`, `actor.alternateId` of an Okta event stays dotted). A list repeats its name: `tags` twice
//! for two tags, `target.type` once per element for a list of objects, in order.

use jiff::Timestamp;

/// A log file among those of one run, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordPlace {
    /// In which file.
    pub file: FileId,
    /// The line, from 1; for EVTX the record id.
    pub position: u64,
}

/// How the time of a record became a UTC instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeBasis {
    /// The record says it with its offset.
    Exact,
    /// The record has a local time; the zone was given or found by comparing with the receipt time.
    AssumedZone,
    /// The record has no time of its own that could be used; this is when it was received.
    Receipt,
}

/// Who wrote a record: decides its log source and which activities it can speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A Windows event (EVTX, Winlogbeat, NXLog, Sentinel).
    Windows,
    /// Okta's system log.
    Okta,
    /// Microsoft Entra sign-in or audit log.
    Entra,
    /// AWS CloudTrail.
    CloudTrail,
    /// Zeek.
    Zeek,
    /// OCSF.
    Ocsf,
    /// Syslog of any program.
    Syslog,
    /// JSON or CSV of no known make.
    Other,
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Present and empty.
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stored {
    Str { start: u32, end: u32 },
    Int(i64),
    Float(f64),
    Bool(bool),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Field {
    name_start: u32,
    name_end: u32,
    value: Stored,
}

/// A decoded record. All its text lies in one buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When it happened.
    pub time: Timestamp,
    /// How sure that is.
    pub time_basis: TimeBasis,
    /// Where it stands.
    pub place: RecordPlace,
    /// Who wrote it.
    pub dialect: Dialect,
    text: String,
    fields: Vec<Field>,
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new(time: Timestamp, time_basis: TimeBasis, place: RecordPlace, dialect: Dialect) -> Self {
        Self {
            time,
            time_basis,
            place,
            dialect,
            text: String::new(),
            fields: Vec::new(),
        }
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &str, value: Value<'_>) {
        let (name_start, name_end) = self.store(name);
        let value = match value {
            Value::Str(text) => {
                let (start, end) = self.store(text);
                Stored::Str { start, end }
            }
            Value::Int(number) => Stored::Int(number),
            Value::Float(number) => Stored::Float(number),
            Value::Bool(truth) => Stored::Bool(truth),
            Value::Null => Stored::Null,
        };
        self.fields.push(Field {
            name_start,
            name_end,
            value,
        });
    }

    fn store(&mut self, text: &str) -> (u32, u32) {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        (start, self.text.len() as u32)
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn value(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Str { start, end } => Value::Str(self.slice(start, end)),
            Stored::Int(number) => Value::Int(number),
            Stored::Float(number) => Value::Float(number),
            Stored::Bool(truth) => Value::Bool(truth),
            Stored::Null => Value::Null,
        }
    }

    /// Every field in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Value<'_>)> + '_ {
        self.fields.iter().map(|field| {
            (
                self.slice(field.name_start, field.name_end),
                self.value(field.value),
            )
        })
    }

    /// Every value of the fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Value<'a>> + 'a {
        self.fields()
            .filter(move |(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// The first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.fields()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// The first field of this name if it is text that says something: not empty and not `-`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Str(text) if !text.is_empty() && text != "-" => Some(text),
            _ => None,
        }
    }

    /// The first field of this name as a whole number, from a number or from digits.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Int(number) => Some(number),
            Value::Str(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

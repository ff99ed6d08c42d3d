//! One decoded log record: a flat list of named values.
//!
//! Nested objects are flattened to dotted names (`Event.EventData.TargetUserName` of an EVTX record becomes
//! `TargetUserName`, `actor.alternateId` of an Okta event stays dotted). A list repeats its name: `tags` twice
//! for two tags, `target.type` once per element for a list of objects, in order.

mod name;

use jiff::Timestamp;

pub use name::FieldName;
use name::{Met, find, name_hash};

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

/// A range of bytes of a record's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };

    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }
}

/// A value as a record keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    Str(Span),
    Int(i64),
    Float(f64),
    Bool(bool),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Field {
    name: Span,
    value: Stored,
}

/// Windows events have about 40 fields, aliases included.
const TYPICAL_FIELDS: usize = 56;

/// A decoded record. All its text lies in one buffer.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it happened, as far as `time_basis` allows; records are ordered by it.
    pub time: Timestamp,
    /// How sure that is.
    pub time_basis: TimeBasis,
    /// When a collector received it, if it says so.
    pub received: Option<Timestamp>,
    /// Where it stands.
    pub place: RecordPlace,
    /// Who wrote it.
    pub dialect: Dialect,
    text: String,
    hashes: Vec<u32>,
    met: Met,
    fields: Vec<Field>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time
            && self.time_basis == other.time_basis
            && self.received == other.received
            && self.place == other.place
            && self.dialect == other.dialect
            && self.fields().eq(other.fields())
    }
}

impl Default for Record {
    fn default() -> Self {
        let place = RecordPlace {
            file: FileId(0),
            position: 0,
        };
        Self::new(Timestamp::UNIX_EPOCH, TimeBasis::Receipt, place, Dialect::Other)
    }
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new(time: Timestamp, time_basis: TimeBasis, place: RecordPlace, dialect: Dialect) -> Self {
        Self {
            time,
            time_basis,
            received: None,
            place,
            dialect,
            text: String::new(),
            hashes: Vec::new(),
            met: Met::default(),
            fields: Vec::new(),
        }
    }

    /// Takes all fields away, keeping the memory for the next ones.
    pub fn clear(&mut self) {
        self.time = Timestamp::UNIX_EPOCH;
        self.time_basis = TimeBasis::Receipt;
        self.received = None;
        self.dialect = Dialect::Other;
        self.text.clear();
        self.hashes.clear();
        self.met = Met::default();
        self.fields.clear();
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: &str, value: Value<'_>) {
        let name = self.append(name);
        let value = match value {
            Value::Str(text) => Stored::Str(self.append(text)),
            Value::Int(number) => Stored::Int(number),
            Value::Float(number) => Stored::Float(number),
            Value::Bool(truth) => Stored::Bool(truth),
            Value::Null => Stored::Null,
        };
        self.push_span(name, value);
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Bytes of memory that it needs: the same for the same record, whatever was in its memory before.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + self.hashes.len() * size_of::<u32>()
            + self.fields.len() * size_of::<Field>()
    }

    /// Adds text to the buffer without making a field of it.
    pub(crate) fn append(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span::new(start, self.text.len())
    }

    /// Makes room for a record decoded from so many bytes of text, of which more than half is often written with escapes
    /// and kept once more without.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes + bytes * 3 / 4 + 128);
        self.hashes.reserve(TYPICAL_FIELDS);
        self.fields.reserve(TYPICAL_FIELDS);
    }

    /// The buffer, for readers that write into it piece by piece.
    pub(crate) fn buffer(&mut self) -> &mut String {
        &mut self.text
    }

    /// Writes `parent.child` into the buffer.
    pub(crate) fn append_path(&mut self, parent: Span, child: Span) -> Span {
        let start = self.text.len();
        self.text
            .extend_from_within(parent.start as usize..parent.end as usize);
        self.text.push('.');
        self.text
            .extend_from_within(child.start as usize..child.end as usize);
        Span::new(start, self.text.len())
    }

    /// Adds a field whose texts are in the buffer.
    pub(crate) fn push_span(&mut self, name: Span, value: Stored) {
        let hash = name_hash(self.slice(name).as_bytes());
        self.met.note(hash);
        self.hashes.push(hash);
        self.fields.push(Field { name, value });
    }

    /// A second name for the value of the field at `index`.
    pub(crate) fn alias(&mut self, index: usize, name: &FieldName) {
        if let Some(field) = self.fields.get(index).copied() {
            let own = self.append(name.as_str());
            self.met.note(name.hash());
            self.hashes.push(name.hash());
            self.fields.push(Field {
                name: own,
                value: field.value,
            });
        }
    }

    /// Gives the field at `index` another name.
    pub(crate) fn rename(&mut self, index: usize, name: &str) {
        let span = self.append(name);
        self.set_name(index, span);
    }

    /// Takes the first `bytes` bytes off the name of the field at `index`.
    pub(crate) fn shorten_name(&mut self, index: usize, bytes: usize) {
        if let Some(field) = self.fields.get(index) {
            let name = Span::new(field.name.start as usize + bytes, field.name.end as usize);
            self.set_name(index, name);
        }
    }

    fn set_name(&mut self, index: usize, name: Span) {
        let hash = name_hash(self.slice(name).as_bytes());
        self.met.note(hash);
        if let (Some(field), Some(own)) = (self.fields.get_mut(index), self.hashes.get_mut(index)) {
            field.name = name;
            *own = hash;
        }
    }

    /// Gives the field at `index` another value.
    pub(crate) fn set_value(&mut self, index: usize, value: Stored) {
        if let Some(field) = self.fields.get_mut(index) {
            field.value = value;
        }
    }

    /// Takes the spaces at the end off the value of the field at `index`, if it is text.
    pub(crate) fn trim_value_end(&mut self, index: usize) {
        if let Some(field) = self.fields.get(index)
            && let Stored::Str(span) = field.value
        {
            let start = span.start as usize;
            let end = start + self.slice(span).trim_end_matches(' ').len();
            self.set_value(index, Stored::Str(Span::new(start, end)));
        }
    }

    /// The name and value of the field at `index`.
    pub(crate) fn field(&self, index: usize) -> Option<(&str, Value<'_>)> {
        let field = self.fields.get(index)?;
        Some((self.slice(field.name), self.value(field.value)))
    }

    /// The number of the first field of this name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.position_hashed(name, name_hash(name.as_bytes()))
    }

    /// The number of the first field of this prepared name.
    pub(crate) fn position_named(&self, name: &FieldName) -> Option<usize> {
        self.position_hashed(name.as_str(), name.hash())
    }

    fn position_hashed(&self, name: &str, hash: u32) -> Option<usize> {
        if !self.met.may_have(hash) {
            return None;
        }
        let mut from = 0;
        loop {
            let found = find(self.hashes.get(from..)?, hash)? + from;
            if self
                .fields
                .get(found)
                .is_some_and(|field| self.slice(field.name) == name)
            {
                return Some(found);
            }
            from = found + 1;
        }
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    fn value(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Str(span) => Value::Str(self.slice(span)),
            Stored::Int(number) => Value::Int(number),
            Stored::Float(number) => Value::Float(number),
            Stored::Bool(truth) => Value::Bool(truth),
            Stored::Null => Value::Null,
        }
    }

    /// Every field in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Value<'_>)> + '_ {
        self.fields
            .iter()
            .map(|field| (self.slice(field.name), self.value(field.value)))
    }

    /// Every field in order, with the [hash](FieldName::hash) of its name.
    pub(crate) fn hashed_fields(&self) -> impl Iterator<Item = (u32, &str, Value<'_>)> + '_ {
        self.hashes
            .iter()
            .zip(&self.fields)
            .map(|(hash, field)| (*hash, self.slice(field.name), self.value(field.value)))
    }

    /// A text that has the text of every value somewhere in it, and other things between them.
    pub(crate) fn haystack(&self) -> &str {
        &self.text
    }

    /// Every value of the fields of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Value<'a>> + 'a {
        let hash = name_hash(name.as_bytes());
        self.matching(name, hash)
    }

    /// Every value of the fields of this prepared name, in order.
    pub fn all_named<'a>(&'a self, name: &'a FieldName) -> impl Iterator<Item = Value<'a>> + 'a {
        self.matching(name.as_str(), name.hash())
    }

    fn matching<'a>(&'a self, name: &'a str, hash: u32) -> impl Iterator<Item = Value<'a>> + 'a {
        self.hashes
            .iter()
            .zip(&self.fields)
            .filter(move |(own, field)| **own == hash && self.slice(field.name) == name)
            .map(|(_, field)| self.value(field.value))
    }

    /// The first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        let found = self.position(name)?;
        self.fields.get(found).map(|field| self.value(field.value))
    }

    /// The first field of this prepared name.
    #[must_use]
    pub fn get_named(&self, name: &FieldName) -> Option<Value<'_>> {
        let found = self.position_hashed(name.as_str(), name.hash())?;
        self.fields.get(found).map(|field| self.value(field.value))
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

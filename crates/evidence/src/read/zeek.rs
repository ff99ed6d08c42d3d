//! Zeek's tab-separated logs, typed by their own header lines.

use super::clock::Clock;
use super::instant::Instant;
use crate::record::{Dialect, Record, Value};

/// What the `#` lines before a row say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    separator: char,
    set_separator: char,
    empty: String,
    unset: String,
    path: String,
    fields: Vec<String>,
    types: Vec<String>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: '\t',
            set_separator: ',',
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            path: String::new(),
            fields: Vec::new(),
            types: Vec::new(),
        }
    }
}

impl Header {
    /// Takes in a line that starts with `#`; whether it changed anything.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        if let Some(escaped) = line.strip_prefix("#separator ") {
            self.separator = unescaped(escaped.trim()).unwrap_or('\t');
            return true;
        }
        let mut words = line.split(self.separator);
        match words.next() {
            Some("#set_separator") => self.set_separator = first_char(words.next()).unwrap_or(','),
            Some("#empty_field") => self.empty = words.next().unwrap_or_default().to_owned(),
            Some("#unset_field") => self.unset = words.next().unwrap_or_default().to_owned(),
            Some("#path") => self.path = words.next().unwrap_or_default().to_owned(),
            Some("#fields") => self.fields = words.map(str::to_owned).collect(),
            Some("#types") => self.types = words.map(str::to_owned).collect(),
            _ => return false,
        }
        true
    }
}

fn first_char(text: Option<&str>) -> Option<char> {
    text?.chars().next()
}

/// `\x09` is how Zeek writes a tab.
fn unescaped(text: &str) -> Option<char> {
    match text.strip_prefix("\\x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok().map(char::from),
        None => text.chars().next(),
    }
}

/// Decodes one row.
pub(crate) fn decode(line: &str, header: &Header, record: &mut Record, clock: &Clock) -> Result<(), String> {
    let count = line.split(header.separator).count();
    if count != header.fields.len() {
        return Err(format!("{count} values for {} #fields", header.fields.len()));
    }
    record.dialect = Dialect::Zeek;
    if !header.path.is_empty() {
        record.push("_path", Value::Str(&header.path));
    }
    let values = line.split(header.separator);
    for (index, (name, text)) in header.fields.iter().zip(values).enumerate() {
        if text == header.unset {
            continue;
        }
        let text = if text == header.empty { "" } else { text };
        push(record, name, text, header.types.get(index), header.set_separator);
    }
    let own = super::dialect::instant_in(record, "ts")
        .and_then(Instant::utc)
        .map(Instant::Exact);
    if clock.set(record, own, None) {
        Ok(())
    } else {
        Err("no `ts` that is a time".to_owned())
    }
}

fn push(record: &mut Record, name: &str, text: &str, kind: Option<&String>, set_separator: char) {
    match kind.map(String::as_str) {
        Some(kind) if kind.starts_with("set[") || kind.starts_with("vector[") => {
            for element in text.split(set_separator) {
                record.push(name, Value::Str(element));
            }
        }
        Some(kind) => record.push(name, typed(text, kind)),
        None => record.push(name, Value::Str(text)),
    }
}

fn typed<'a>(text: &'a str, kind: &str) -> Value<'a> {
    let value = match kind {
        "count" | "int" | "port" => text.parse().ok().map(Value::Int),
        "bool" => Some(Value::Bool(text == "T")),
        "double" | "interval" => text.parse().ok().map(Value::Float),
        _ => None,
    };
    value.unwrap_or(Value::Str(text))
}

//! Comma-separated values, read with a mapping that says which column is which field.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::clock::Clock;
use super::dialect;
use super::instant::{self, Instant};
use super::report::ReadError;
use crate::record::{Dialect, Record, Value};

/// A mapping from the columns of a CSV export to fields, read from YAML:
///
/// ```yaml
/// log-source: windows       # windows, okta, entra, cloudtrail, zeek, ocsf, syslog or other (the default)
/// separator: ";"            # the default is a comma
/// time: { column: When, format: "%d.%m.%Y %H:%M:%S" }  # without format: ISO 8601, or seconds since 1970
/// columns: { Host: Computer, User: TargetUserName }    # column: field
/// constants: { EventID: "4624", Channel: Security }
/// keep-others: true         # columns not named above keep their own name (the default)
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CsvMap {
    dialect: Dialect,
    separator: u8,
    time: TimeColumn,
    columns: BTreeMap<String, String>,
    constants: BTreeMap<String, String>,
    keep_others: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MapText {
    #[serde(default)]
    log_source: SourceText,
    separator: Option<char>,
    time: TimeColumn,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    keep_others: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct TimeColumn {
    column: String,
    format: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SourceText {
    Windows,
    Okta,
    Entra,
    CloudTrail,
    Zeek,
    Ocsf,
    Syslog,
    #[default]
    Other,
}

impl CsvMap {
    /// Reads a mapping from its YAML text; `name` is for the error.
    ///
    /// # Errors
    /// When the text is no YAML, lacks `time`, or has a key that is unknown.
    pub fn from_yaml(name: &str, yaml: &str) -> Result<Self, ReadError> {
        let fail = |reason: String| ReadError::Mapping {
            name: name.to_owned(),
            reason,
        };
        let text: MapText = yaml_serde::from_str(yaml).map_err(|error| fail(error.to_string()))?;
        let separator = u8::try_from(text.separator.unwrap_or(','))
            .map_err(|_| fail("the separator must be one ASCII character".to_owned()))?;
        Ok(Self {
            dialect: text.log_source.dialect(),
            separator,
            time: text.time,
            columns: text.columns,
            constants: text.constants,
            keep_others: text.keep_others.unwrap_or(true),
        })
    }

    /// Joins the mapping with the header row of a file.
    pub(crate) fn columns(&self, header: &str) -> Result<Columns, String> {
        let names = cells(header, self.separator);
        let Some(time) = names.iter().position(|name| *name == self.time.column) else {
            return Err(format!(
                "no column {:?} for the time; the header has {}",
                self.time.column,
                names.join(", ")
            ));
        };
        let field = |name: &String| match self.columns.get(name) {
            Some(field) => Some(field.clone()),
            None => self.keep_others.then(|| name.clone()),
        };
        Ok(Columns {
            map: self.clone(),
            time,
            fields: names.iter().map(field).collect(),
        })
    }
}

impl SourceText {
    fn dialect(self) -> Dialect {
        match self {
            Self::Windows => Dialect::Windows,
            Self::Okta => Dialect::Okta,
            Self::Entra => Dialect::Entra,
            Self::CloudTrail => Dialect::CloudTrail,
            Self::Zeek => Dialect::Zeek,
            Self::Ocsf => Dialect::Ocsf,
            Self::Syslog => Dialect::Syslog,
            Self::Other => Dialect::Other,
        }
    }
}

/// A mapping joined with a header row.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    map: CsvMap,
    time: usize,
    /// The field of each column, none for one that is left out.
    fields: Vec<Option<String>>,
}

/// Decodes one row.
pub(crate) fn decode(row: &str, columns: &Columns, record: &mut Record, clock: &Clock) -> Result<(), String> {
    let values = cells(row, columns.map.separator);
    if values.len() != columns.fields.len() {
        return Err(format!(
            "{} values for {} columns",
            values.len(),
            columns.fields.len()
        ));
    }
    record.dialect = columns.map.dialect;
    for (name, value) in &columns.map.constants {
        record.push(name, Value::Str(value));
    }
    for (field, value) in columns.fields.iter().zip(&values) {
        if let Some(name) = field {
            record.push(name, Value::Str(value));
        }
    }
    if record.dialect == Dialect::Windows {
        dialect::settle_values(record);
    }
    let text = values.get(columns.time).map(String::as_str).unwrap_or_default();
    if !clock.set(record, time_of(text, columns.map.time.format.as_deref()), None) {
        return Err(format!("{text:?} is no time"));
    }
    Ok(())
}

fn time_of(text: &str, format: Option<&str>) -> Option<Instant> {
    match format {
        Some(format) => instant::parse_with(text.trim(), format),
        None => instant::parse(text.trim())
            .or_else(|| instant::epoch_float(text.trim().parse().ok()?).map(Instant::Exact)),
    }
}

/// Splits a row by RFC 4180: quotes around a cell, doubled inside it.
fn cells(row: &str, separator: u8) -> Vec<String> {
    let separator = char::from(separator);
    let (mut all, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => all.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    all.push(cell);
    all
}

//! Pieces of YAML: scalars, keys, and mappings on one line.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::load::quantity::money_text;
use crate::{Jewel, Origin, Provenance};

pub(super) const fn origin(provenance: Provenance) -> &'static str {
    match provenance.origin {
        Origin::Declared { .. } => "declared",
        Origin::Imported { .. } => "imported",
        Origin::Learned => "learned",
        Origin::Assumed => "assumed",
        Origin::Inferred => "inferred",
    }
}

/// Longest line that lists are wrapped at, in bytes.
const LINE: usize = 110;

/// The fields of a mapping on one line.
#[derive(Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, String)>);

impl Fields {
    pub(super) fn add(&mut self, key: &'static str, value: impl std::fmt::Display) {
        self.0.push((key, value.to_string()));
    }

    pub(super) fn flag(&mut self, key: &'static str, value: bool) {
        if value {
            self.add(key, "true");
        }
    }

    /// A list, in square brackets, wrapped if it is long.
    pub(super) fn list(&mut self, key: &'static str, items: impl Iterator<Item = String>) {
        let mut text = String::new();
        let mut width = 0;
        for item in items {
            let separator = match text.is_empty() {
                true => "[",
                false if width + item.len() > LINE => ",\n      ",
                false => ", ",
            };
            width = if separator.contains('\n') { 0 } else { width } + item.len() + 2;
            text.push_str(separator);
            text.push_str(&item);
        }
        if !text.is_empty() {
            text.push(']');
            self.0.push((key, text));
        }
    }

    pub(super) fn names(&mut self, key: &'static str, names: &[String]) {
        self.list(key, names.iter().map(|name| scalar(name).into_owned()));
    }

    pub(super) fn jewel(&mut self, jewel: Option<Jewel>) {
        let Some(jewel) = jewel else { return };
        let mut fields = Self::default();
        if let Some(loss) = jewel.loss {
            fields.add("loss", money_text(loss));
        }
        if !jewel.never {
            fields.add("never", "false");
        }
        fields.flag("inferred", jewel.inferred);
        if fields.0.is_empty() {
            self.add("jewel", "true")
        } else {
            self.add("jewel", fields.done())
        }
    }

    pub(super) fn provenance(&mut self, provenance: Provenance) {
        if !matches!(provenance.origin, Origin::Declared { .. }) {
            self.add("origin", origin(provenance));
        }
        if let Some(usage) = provenance.usage {
            let mut fields = Self::default();
            fields.add("first", usage.first_seen);
            fields.add("last", usage.last_seen);
            fields.add("times", usage.uses);
            fields.add("people", usage.people);
            self.add("used", fields.done());
        }
    }

    pub(super) fn done(self) -> String {
        if self.0.is_empty() {
            return "{}".to_owned();
        }
        let pairs: Vec<String> = self
            .0
            .into_iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        format!("{{ {} }}", pairs.join(", "))
    }
}

pub(super) fn section<'e>(text: &mut String, name: &str, entries: impl Iterator<Item = (&'e str, String)>) {
    for (index, (entry, value)) in entries.enumerate() {
        if index == 0 {
            let _ = writeln!(text, "{name}:");
        }
        let _ = writeln!(text, "  {}: {value}", key(entry));
    }
}

/// Longest key in the usual form: YAML looks ahead 1,024 characters for the colon.
const KEY_MAX: usize = 200;

pub(super) fn key(name: &str) -> Cow<'_, str> {
    let text = scalar(name);
    if text.len() > KEY_MAX {
        Cow::Owned(format!("? {text}\n  "))
    } else {
        text
    }
}

/// The text as YAML, in quotes where it could be read as something else.
pub(super) fn scalar(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$' | b'@' | b'\\' | b'/' | b' ')
    };
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let null = text == "null";
    if begins && !null && text.bytes().all(plain) && !text.ends_with(' ') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quoted(text))
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' | '£' | '¡'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' if c != '\u{feff}' => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

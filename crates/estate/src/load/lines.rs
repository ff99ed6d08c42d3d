//! JSON lines as the same tree that YAML makes: each line is a file part of its own. For bulk that no person writes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::diagnostic::{Found, Span};
use super::node::{Node, Value};
use crate::limits::{FILE_BYTES_MAX, YAML_NODES_MAX};

/// Wrong lines after which a file is given up: it is something else.
const WRONG_LINES_MAX: usize = 20;

/// The lines of a file, each a document; false if some could not be read.
pub(super) fn parse<'t>(file: u32, text: &'t str, found: &mut Found<'_>) -> (Vec<Node<'t>>, bool) {
    let mut documents = Vec::new();
    let mut wrong = 0;
    let count = Cell::new(0);
    if text.len() > FILE_BYTES_MAX {
        let span = Span {
            file,
            line: 1,
            ..Span::default()
        };
        let message = format!(
            "the file has {} bytes; at most {FILE_BYTES_MAX} are read",
            text.len()
        );
        found.error(
            "file-too-large",
            span,
            message,
            Some("split it into several files".to_owned()),
        );
        return (documents, false);
    }
    for (line, number) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1_u32..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let end = u32::try_from(line.len()).unwrap_or(u32::MAX);
        let span = Span {
            file,
            start: 0,
            end,
            line: number,
            column: 0,
        };
        match document(line, Seed { span, count: &count }) {
            Ok(node) => documents.push(node),
            Err(error) => {
                wrong += 1;
                let column = u32::try_from(error.column().saturating_sub(1)).unwrap_or(u32::MAX);
                let at = Span {
                    column,
                    start: column,
                    end: column.saturating_add(1),
                    ..span
                };
                let help =
                    "each line of a .jsonl file is a JSON object such as {\"access\": [{…}]}".to_owned();
                found.error(
                    "json-syntax",
                    at,
                    format!("this is not JSON: {error}"),
                    Some(help),
                );
            }
        }
        if wrong >= WRONG_LINES_MAX || count.get() > YAML_NODES_MAX {
            break;
        }
    }
    (documents, wrong == 0)
}

fn document<'t>(line: &'t str, seed: Seed<'_>) -> Result<Node<'t>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(line);
    let node = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(node)
}

/// Reads a value into a node that stands on the given line.
#[derive(Clone, Copy)]
struct Seed<'c> {
    span: Span,
    /// Values so far in the file.
    count: &'c Cell<usize>,
}

impl Seed<'_> {
    fn node<'t, E: Error>(self, value: Value<'t>) -> Result<Node<'t>, E> {
        self.count.set(self.count.get().saturating_add(1));
        if self.count.get() > YAML_NODES_MAX {
            return Err(E::custom(format_args!(
                "more than {YAML_NODES_MAX} values in one file; split it"
            )));
        }
        Ok(Node {
            span: self.span,
            value,
        })
    }
}

impl<'t> DeserializeSeed<'t> for Seed<'_> {
    type Value = Node<'t>;

    fn deserialize<D: serde::Deserializer<'t>>(self, input: D) -> Result<Node<'t>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Seed<'_> {
    type Value = Node<'t>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'t>, E> {
        self.node(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Owned(value.to_string())))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'t str) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node<'t>, E> {
        self.node(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut input: A) -> Result<Node<'t>, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = input.next_element_seed(self)? {
            list.push(node);
        }
        self.node(Value::List(list))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut input: A) -> Result<Node<'t>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = input.next_key_seed(self)? {
            pairs.push((key, input.next_value_seed(self)?));
        }
        self.node(Value::Map(pairs))
    }
}

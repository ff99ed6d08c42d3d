//! A record as rsigma's evaluator sees it.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue};
use serde_json::{Map, Value as Json};

use super::fields::{Composed, aliases, compose, folds};
use super::source::{Mapping, Source};
use crate::record::{Record, Value};

/// A record under the field names of the rules of its log source.
#[derive(Debug)]
pub struct View<'a> {
    record: &'a Record,
    mapping: Mapping,
    composed: Composed,
}

impl<'a> View<'a> {
    /// A record under the names that the rules of its source use.
    #[must_use]
    pub fn new(record: &'a Record, source: &Source) -> Self {
        let mapping = source.mapping();
        let mut composed = Composed::new();
        compose(mapping, record, &mut composed);
        Self {
            record,
            mapping,
            composed,
        }
    }

    pub(super) fn composed(&self) -> &[(&'static str, String)] {
        &self.composed
    }

    /// The same fields as one flat JSON object, aliases and composed values included: for a second opinion.
    #[must_use]
    pub fn flatten(&self) -> Json {
        let mut object = Map::new();
        let names = self.record.fields().map(|(name, _)| name);
        let stand_ins = aliases(self.mapping).iter().map(|(name, _)| *name);
        let composed = self.composed.iter().map(|(name, _)| *name);
        for name in names.chain(stand_ins).chain(composed) {
            if let Some(value) = self.get_field(name) {
                object.insert(name.to_owned(), value.to_json());
            }
        }
        Json::Object(object)
    }

    fn named<'s>(&'s self, wanted: &str) -> Option<EventValue<'s>> {
        let fold = folds(self.mapping);
        let same = |name: &str| name == wanted || (fold && name.eq_ignore_ascii_case(wanted));
        let mut values = self
            .record
            .fields()
            .filter(|(name, _)| same(name))
            .map(|(_, value)| value);
        let first = event_value(values.next()?);
        match values.next() {
            None => Some(first),
            Some(second) => {
                let mut all = vec![first, event_value(second)];
                all.extend(values.map(event_value));
                Some(EventValue::Array(all))
            }
        }
    }

    fn composed_of(&self, wanted: &str) -> Option<EventValue<'_>> {
        let (_, text) = self.composed.iter().find(|(name, _)| *name == wanted)?;
        Some(EventValue::Str(Cow::Borrowed(text)))
    }
}

pub(super) fn event_value(value: Value<'_>) -> EventValue<'_> {
    match value {
        Value::Str(text) => EventValue::Str(Cow::Borrowed(text)),
        Value::Int(number) => EventValue::Int(number),
        Value::Float(number) => EventValue::Float(number),
        Value::Bool(truth) => EventValue::Bool(truth),
        Value::Null => EventValue::Null,
    }
}

impl Event for View<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        if let Some(value) = self.named(path) {
            return Some(value);
        }
        let fold = folds(self.mapping);
        let same = |name: &str| name == path || (fold && name.eq_ignore_ascii_case(path));
        let alias = aliases(self.mapping).iter().find(|(name, _)| same(name));
        let stand_in = alias.and_then(|(_, names)| names.iter().find_map(|name| self.named(name)));
        stand_in.or_else(|| self.composed_of(path))
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.record
            .fields()
            .any(|(_, value)| matches!(value, Value::Str(text) if pred(text)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        for (_, value) in self.record.fields() {
            if let Value::Str(text) = value {
                all.push(Cow::Borrowed(text));
            }
        }
        all
    }

    fn to_json(&self) -> Json {
        self.flatten()
    }
}

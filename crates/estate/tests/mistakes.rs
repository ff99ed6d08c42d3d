//! Everything that is wrong is said, at once and in its place; the schema knows what the loader knows.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use cordon_estate::load::{Severity, load};
use proptest::prelude::*;
use serde_json::Value;

const MISTAKES: &str = include_str!("fixtures/mistakes.yaml");
const SMALL: &str = include_str!("fixtures/small.yaml");

/// (line, code) of every mistake in the fixture.
const EXPECTED: &[(u32, &str)] = &[
    (1, "wrong-type"),
    (2, "unknown-key"),
    (4, "wrong-value"),
    (5, "wrong-value"),
    (6, "duplicate-name"),
    (8, "second-internet"),
    (9, "subnet-twice"),
    (10, "wrong-type"),
    (12, "wrong-value"),
    (13, "wrong-value"),
    (14, "missing-key"),
    (16, "wrong-type"),
    (17, "dangling-name"),
    (18, "wrong-value"),
    (19, "wrong-value"),
    (20, "wrong-value"),
    (21, "unknown-key"),
    (22, "negative-money"),
    (23, "bad-name"),
    (24, "wrong-value"),
    (25, "times-reversed"),
    (26, "wrong-value"),
    (28, "dangling-name"),
    (29, "wrong-type"),
    (30, "unknown-key"),
    (32, "missing-key"),
    (33, "dangling-name"),
    (34, "wrong-value"),
    (35, "wrong-value"),
    (38, "duplicate-key"),
    (40, "wrong-value"),
    (41, "missing-key"),
    (42, "unknown-key"),
    (43, "wrong-value"),
    (44, "wrong-value"),
    (45, "dangling-name"),
    (46, "wrong-type"),
    (47, "dangling-name"),
    (48, "dangling-name"),
    (49, "ambiguous-name"),
    (50, "no-access"),
    (51, "wrong-value"),
    (52, "wrong-type"),
    (54, "dangling-name"),
    (55, "service-cycle"),
    (55, "wrong-type"),
    (57, "out-of-range"),
    (58, "wrong-value"),
    (59, "not-ascending"),
    (60, "wrong-value"),
    (61, "missing-key"),
    (63, "missing-key"),
    (64, "dangling-name"),
    (65, "wrong-value"),
    (66, "out-of-range"),
    (67, "out-of-range"),
    (68, "missing-key"),
    (69, "unknown-key"),
    (70, "wrong-value"),
];

#[test]
fn every_mistake_is_one_diagnostic() {
    let diagnostics = load(&[("mistakes.yaml", MISTAKES)]).unwrap_err();
    let found: Vec<(u32, &str)> = diagnostics.list.iter().map(|one| (one.line, one.code)).collect();
    let shown = diagnostics.render(false);
    assert_eq!(found, EXPECTED, "{shown}");
    assert!(
        diagnostics
            .list
            .iter()
            .all(|one| one.help.is_some() && one.file == "mistakes.yaml")
    );
    assert!(diagnostics.count(Severity::Error) >= 50);
}

/// Keys of all objects in the schema under `properties`.
fn keys_of(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                into.extend(properties.keys().cloned());
            }
            fields.values().for_each(|value| keys_of(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| keys_of(value, into)),
        _ => {}
    }
}

#[test]
fn the_schema_has_every_key_of_the_sample_and_the_loader_knows_every_key_of_the_schema() {
    let schema = cordon_estate::schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let mut keys = BTreeSet::new();
    keys_of(&schema, &mut keys);
    for key in [
        "maximum-tolerable-downtime",
        "can-reset",
        "isolated-members",
        "remote-access",
        "effect",
        "never",
    ] {
        assert!(keys.contains(key), "{key}");
    }
    for (section, item) in [
        ("zones", "zone"),
        ("accounts", "account"),
        ("groups", "group"),
        ("systems", "system"),
        ("services", "service"),
        ("enforcement-points", "point"),
        ("sites", "site"),
    ] {
        let mut keys = BTreeSet::new();
        keys_of(&schema["$defs"][item], &mut keys);
        for key in keys {
            let text = format!("{section}:\n  x: {{ {key}: ~ }}\n");
            let codes = match load(&[("a.yaml", &text)]) {
                Ok(loaded) => loaded.warnings,
                Err(diagnostics) => diagnostics,
            };
            assert!(
                codes.list.iter().all(|one| one.code != "unknown-key"),
                "{section} {key}: {codes}"
            );
        }
    }
}

/// A small validator: enough of JSON Schema for the words that the schema uses.
fn valid(schema: &Value, root: &Value, value: &Value) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return valid(&root["$defs"][name], root, value);
    }
    let any = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_array)
            .map(|list| list.iter().filter(|one| valid(one, root, value)).count())
    };
    any("anyOf").is_none_or(|count| count > 0)
        && any("oneOf").is_none_or(|count| count == 1)
        && schema
            .get("enum")
            .and_then(Value::as_array)
            .is_none_or(|list| list.contains(value))
        && schema.get("type").is_none_or(|kinds| typed(kinds, value))
        && object_valid(schema, root, value)
        && match (schema.get("items"), value) {
            (Some(items), Value::Array(list)) => list.iter().all(|one| valid(items, root, one)),
            _ => true,
        }
}

fn typed(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64(),
        _ => value.is_number(),
    };
    kinds
        .as_array()
        .map_or_else(|| is(kinds), |kinds| kinds.iter().any(is))
}

fn object_valid(schema: &Value, root: &Value, value: &Value) -> bool {
    let Value::Object(fields) = value else { return true };
    let required = schema.get("required").and_then(Value::as_array);
    let size = |key: &str, default: u64| schema.get(key).and_then(Value::as_u64).unwrap_or(default);
    required.is_none_or(|keys| keys.iter().all(|key| fields.contains_key(key.as_str().unwrap())))
        && (size("minProperties", 0)..=size("maxProperties", u64::MAX)).contains(&(fields.len() as u64))
        && fields.iter().all(|(key, value)| {
            match (
                schema.get("properties").and_then(|all| all.get(key)),
                schema.get("additionalProperties"),
            ) {
                (Some(own), _) => valid(own, root, value),
                (None, Some(Value::Bool(allowed))) => *allowed,
                (None, Some(others)) => valid(others, root, value),
                (None, None) => true,
            }
        })
}

/// YAML as JSON with the scalars that an editor would see.
fn as_json(text: &str) -> Value {
    use saphyr_parser::{Event, Parser, ScalarStyle};
    fn scalar(text: &str, plain: bool) -> Value {
        match text {
            "" | "~" | "null" if plain => Value::Null,
            "true" | "false" if plain => Value::Bool(text == "true"),
            _ if plain && text.parse::<i64>().is_ok() => Value::from(text.parse::<i64>().unwrap()),
            _ if plain && text.parse::<f64>().is_ok() => Value::from(text.parse::<f64>().unwrap()),
            _ => Value::from(text),
        }
    }
    let mut open: Vec<(bool, Vec<Value>)> = vec![(false, Vec::new())];
    for event in Parser::new_from_str(text) {
        match event.unwrap().0 {
            Event::Scalar(text, style, ..) => open
                .last_mut()
                .unwrap()
                .1
                .push(scalar(&text, style == ScalarStyle::Plain)),
            Event::SequenceStart(..) => open.push((false, Vec::new())),
            Event::MappingStart(..) => open.push((true, Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                let (map, items) = open.pop().unwrap();
                let value = if map {
                    let pairs = items.chunks(2).map(|pair| {
                        (
                            pair[0]
                                .as_str()
                                .map_or_else(|| pair[0].to_string(), str::to_owned),
                            pair[1].clone(),
                        )
                    });
                    Value::Object(pairs.collect())
                } else {
                    Value::Array(items)
                };
                open.last_mut().unwrap().1.push(value);
            }
            _ => {}
        }
    }
    open.pop().unwrap().1.pop().unwrap()
}

#[test]
fn the_sample_is_valid_and_mistakes_are_not() {
    let schema = cordon_estate::schema();
    let sample = as_json(SMALL);
    for (section, value) in sample.as_object().unwrap() {
        let one = Value::Object([(section.clone(), value.clone())].into_iter().collect());
        assert!(valid(&schema, &schema, &one), "{section}");
    }
    for (name, text) in cordon_estate::load::to_yaml(&load(&[("a.yaml", SMALL)]).unwrap().estate) {
        assert!(valid(&schema, &schema, &as_json(&text)), "{name}\n{text}");
    }
    for text in [
        "systems: { a: { kind: server, zoen: x } }",
        "access: [{ holder: a, right: telnet, on: b }]",
        "organization: x",
    ] {
        assert!(!valid(&schema, &schema, &as_json(text)), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_mutation_of_a_file_panics(cuts in proptest::collection::vec((0_usize..8000, 0_usize..12, "[\\PC\n\t]{0,6}"), 1..6)) {
        for original in [SMALL, MISTAKES] {
            let mut text: Vec<char> = original.chars().collect();
            for (at, length, insert) in &cuts {
                let at = at % text.len().max(1);
                let end = (at + length).min(text.len());
                text.splice(at..end, insert.chars());
            }
            let text: String = text.into_iter().collect();
            if let Err(diagnostics) = load(&[("mutated.yaml", &text)]) {
                prop_assert!(!diagnostics.render(false).is_empty());
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = load(&[("a.yaml", &text), ("b.yaml", &String::from_utf8_lossy(&bytes))]);
    }
}

#[test]
fn no_files_are_no_estate() {
    let diagnostics = load(&[]).unwrap_err();
    assert_eq!(diagnostics.list[0].code, "empty-estate", "{diagnostics}");
}

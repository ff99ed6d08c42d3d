//! The JSON Schema of estate files, so that editors complete and check them.
//!
//! Keys and words come from the tables that the loader reads by. The loader checks more (names that dangle, cycles …).

use serde_json::{Map, Value, json};

use crate::load::keys;
use crate::load::words::Word;
use crate::{AccountKind, ControlKind, Means, PointKind, SiteKind, SystemKind, ZoneKind};

/// The schema (JSON Schema draft 2020-12) of one estate file.
#[must_use]
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cordon estate file",
        "description": "A part of an estate: sections may be spread over any number of files.",
        "type": ["object", "null"],
        "properties": properties(keys::TOP, top),
        "additionalProperties": false,
        "$defs": definitions(),
    })
}

fn definitions() -> Value {
    json!({
        "word": { "type": ["string", "number", "boolean"] },
        "name": { "type": ["string", "number"] },
        "names": one_or_many(&json!({ "$ref": "#/$defs/word" })),
        "reference": {
            "description": "A name, `kind:name`, or `{ kind: name }` where the name alone could mean another.",
            "anyOf": [{ "$ref": "#/$defs/name" }, one_of_keys(keys::KINDS, &json!({ "$ref": "#/$defs/name" }))],
        },
        "references": one_or_many(&json!({ "$ref": "#/$defs/reference" })),
        "share": { "description": "30% or 0.3", "type": ["string", "number"], "pattern": "^[0-9.]+ *%?$" },
        "duration": {
            "description": "2s, 15m, 24h, 3d, 1h 30m",
            "type": "string",
            "pattern": "^ *([0-9.]+(ms|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?) *)+$",
        },
        "money": {
            "description": "£160k, £2.5m, £12.34, 45p; a bare number is pounds",
            "type": ["string", "number"],
            "pattern": "^ *-?£? *[0-9.,_]+ *([bB][nN]|[kKmMpP])? *$",
        },
        "jewel": { "anyOf": [{ "type": "boolean" }, closed(keys::JEWEL, &[], jewel)] },
        "used": closed(keys::USED, &["first", "last"], used),
        "zone": nullable(&closed(keys::ZONE, &[], zone)),
        "site": { "anyOf": [words::<SiteKind>(), closed(keys::SITE, &["kind"], site)] },
        "account": { "anyOf": [words::<AccountKind>(), nullable(&closed(keys::ACCOUNT, &[], account))] },
        "group": {
            "anyOf": [
                { "type": "array", "items": { "$ref": "#/$defs/reference" } },
                nullable(&closed(keys::GROUP, &[], group)),
            ],
        },
        "system": { "anyOf": [words::<SystemKind>(), closed(keys::SYSTEM, &["kind"], system)] },
        "ends": {
            "anyOf": [{ "type": "string", "pattern": "->" }, closed(keys::ENDS, keys::ENDS, |_| defined("reference"))],
        },
        "port": { "type": ["integer", "string"], "pattern": "^(any|[0-9]+(/(tcp|udp))?)$", "maximum": 65_535 },
        "access": { "oneOf": keys::ACCESS.iter().map(|form| access(*form)).collect::<Vec<_>>() },
        "requirement": requirement(),
        "fallbacks": fallbacks(),
        "cost": {
            "anyOf": [
                defined("money"),
                { "type": "object", "propertyNames": defined("duration"), "additionalProperties": defined("money") },
            ],
        },
        "service": nullable(&closed(keys::SERVICE, &[], service)),
        "guard": {
            "anyOf": [
                { "enum": keys::GUARDS.iter().filter(|guard| **guard != "flow").collect::<Vec<_>>() },
                one_of_keys(keys::GUARDS, &json!({ "anyOf": [defined("reference"), defined("ends")] })),
            ],
        },
        "effect": {
            "description": "How long a withdrawal takes: one duration, which counts as the 95th percentile, or median and 95th percentile.",
            "anyOf": [defined("duration"), closed(keys::EFFECT, keys::EFFECT, |_| defined("duration"))],
        },
        "point": closed(keys::POINT, &["kind", "guards"], point),
    })
}

fn defined(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn nullable(schema: &Value) -> Value {
    json!({ "anyOf": [{ "type": "null" }, schema] })
}

fn one_or_many(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item }] })
}

fn words<W: Word>() -> Value {
    json!({ "enum": W::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>() })
}

fn properties(keys: &[&'static str], of: impl Fn(&str) -> Value) -> Value {
    Value::Object(
        keys.iter()
            .map(|key| ((*key).to_owned(), of(key)))
            .collect::<Map<_, _>>(),
    )
}

fn closed(keys: &[&'static str], required: &[&str], of: impl Fn(&str) -> Value) -> Value {
    json!({
        "type": "object",
        "properties": properties(keys, of),
        "required": required,
        "additionalProperties": false,
    })
}

/// An object with exactly one of the keys.
fn one_of_keys(keys: &[&'static str], value: &Value) -> Value {
    json!({
        "type": "object",
        "properties": properties(keys, |_| value.clone()),
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn top(key: &str) -> Value {
    let section = |item: &str| json!({ "type": ["object", "null"], "additionalProperties": defined(item) });
    match key {
        "organisation" => defined("name"),
        "zones" => section("zone"),
        "sites" => section("site"),
        "accounts" => section("account"),
        "groups" => section("group"),
        "systems" => section("system"),
        "access" => json!({ "type": ["array", "null"], "items": defined("access") }),
        "services" => section("service"),
        _ => section("point"),
    }
}

/// Keys that mean the same in every section.
fn usual(key: &str) -> Value {
    match key {
        "origin" => json!({ "enum": ["declared", "imported", "learned", "assumed", "inferred"] }),
        "used" => defined("used"),
        "jewel" => defined("jewel"),
        "people" => json!({ "type": "integer", "minimum": 0 }),
        "aliases" | "holds" => defined("names"),
        "site" | "zone" => defined("reference"),
        "members" | "member-of" | "can-reset" | "can-reset-second-factor" => defined("references"),
        _ => json!({ "type": "boolean" }),
    }
}

fn jewel(key: &str) -> Value {
    if key == "loss" {
        defined("money")
    } else {
        usual(key)
    }
}

fn used(key: &str) -> Value {
    match key {
        "first" | "last" => json!({ "type": "string", "format": "date-time" }),
        _ => json!({ "type": "integer", "minimum": 0 }),
    }
}

fn zone(key: &str) -> Value {
    match key {
        "kind" => words::<ZoneKind>(),
        "subnets" => one_or_many(&json!({ "type": "string" })),
        _ => usual(key),
    }
}

fn site(key: &str) -> Value {
    if key == "kind" {
        words::<SiteKind>()
    } else {
        usual(key)
    }
}

fn account(key: &str) -> Value {
    if key == "kind" {
        words::<AccountKind>()
    } else {
        usual(key)
    }
}

fn group(key: &str) -> Value {
    usual(key)
}

fn system(key: &str) -> Value {
    match key {
        "kind" => words::<SystemKind>(),
        "addresses" => one_or_many(&json!({ "type": "string" })),
        _ => usual(key),
    }
}

fn access((form, others): (&'static str, &'static [(&'static str, bool)])) -> Value {
    let mut all: Vec<&'static str> = vec![form];
    all.extend(others.iter().map(|(key, _)| *key));
    all.extend(keys::ACCESS_ALWAYS);
    let mut required = vec![form];
    required.extend(
        others
            .iter()
            .filter(|(_, required)| *required)
            .map(|(key, _)| *key),
    );
    closed(&all, &required, |key| match key {
        "flow" => defined("ends"),
        "port" => one_or_many(&defined("port")),
        "right" => words::<Means>(),
        "control" => words::<ControlKind>(),
        "admin" => json!({ "type": "boolean" }),
        "origin" | "used" => usual(key),
        _ => defined("references"),
    })
}

fn requirement() -> Value {
    let list = json!({ "type": "array", "items": defined("requirement") });
    json!({
        "anyOf": [
            defined("reference"),
            list,
            one_of_keys(&["all", "any"], &json!({ "anyOf": [list, defined("requirement")] })),
            defined("access"),
        ],
    })
}

fn fallbacks() -> Value {
    let fields = |key: &str| match key {
        "capacity" => defined("share"),
        "requires" => defined("requirement"),
        _ => defined("name"),
    };
    let short = json!({ "anyOf": [defined("share"), closed(keys::FALLBACK, &["capacity"], fields)] });
    json!({
        "anyOf": [
            { "type": "object", "additionalProperties": short },
            { "type": "array", "items": closed(keys::NAMED_FALLBACK, &["name", "capacity"], fields) },
        ],
    })
}

fn service(key: &str) -> Value {
    match key {
        "requires" => defined("requirement"),
        "fallback" => defined("fallbacks"),
        "cost-per-hour" => defined("cost"),
        "maximum-tolerable-downtime" => defined("duration"),
        _ => usual(key),
    }
}

fn point(key: &str) -> Value {
    match key {
        "kind" => words::<PointKind>(),
        "guards" => one_or_many(&defined("guard")),
        "effect" => defined("effect"),
        "certainty" => defined("share"),
        _ => usual(key),
    }
}

//! Typed reading of single values, which notes what is wrong and goes on.

use rustc_hash::FxHashSet;

use super::diagnostic::{Found, Span};
use super::node::{Node, Value};
use super::similar::nearest;
use super::words::Word;
use crate::names::folded;

/// The entries of a mapping whose keys were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'n, 't> {
    entries: &'n [(Node<'t>, Node<'t>)],
    known: &'static [&'static str],
    pub(super) span: Span,
}

impl<'n, 't> Fields<'n, 't> {
    /// The value of a key, if it is there and is something.
    pub(super) fn get(&self, key: &'static str) -> Option<&'n Node<'t>> {
        debug_assert!(
            self.known.is_empty() || self.known.contains(&key),
            "`{key}` is missing in the table of keys"
        );
        let found = self.entries.iter().find(|(name, _)| name.text() == Some(key));
        found
            .map(|(_, value)| value)
            .filter(|value| !matches!(value.value, Value::Null))
    }

    /// The first of the keys that is there, whatever its value.
    pub(super) fn first_of(&self, keys: impl Iterator<Item = &'static str>) -> Option<&'static str> {
        let mut keys = keys;
        keys.find(|key| self.entries.iter().any(|(name, _)| name.text() == Some(key)))
    }
}

/// The mapping of a node; nothing is an empty one. Says so if it is something else.
pub(super) fn mapping<'n, 't>(
    node: &'n Node<'t>,
    what: &str,
    found: &mut Found<'_>,
) -> Option<&'n [(Node<'t>, Node<'t>)]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Null => Some(&[]),
        _ => {
            wrong_type(
                node,
                &format!("{what} is a mapping"),
                "write `key: value` pairs",
                found,
            );
            None
        }
    }
}

/// The fields of a mapping; complains of keys that are not `known` or come twice.
pub(super) fn fields<'n, 't>(
    node: &'n Node<'t>,
    what: &str,
    known: &'static [&'static str],
    found: &mut Found<'_>,
) -> Option<Fields<'n, 't>> {
    let entries = mapping(node, what, found)?;
    let mut earlier: [Option<&str>; 16] = [None; 16];
    for (index, (key, _)) in entries.iter().enumerate() {
        let Some(name) = key.text() else {
            wrong_type(key, "a key is a word", "write a name before the colon", found);
            continue;
        };
        if !known.contains(&name) {
            unknown_key(key.span, name, what, known, found);
        } else if earlier.contains(&Some(name)) {
            found.error(
                "duplicate-key",
                key.span,
                format!("`{name}` is there twice"),
                Some("keep one".to_owned()),
            );
        }
        if let Some(slot) = earlier.get_mut(index) {
            *slot = Some(name);
        }
    }
    Some(Fields {
        entries,
        known,
        span: node.span,
    })
}

/// The fields of a mapping without a look at the keys.
pub(super) fn unchecked<'n, 't>(node: &'n Node<'t>) -> Option<Fields<'n, 't>> {
    match &node.value {
        Value::Map(entries) => Some(Fields {
            entries,
            known: &[],
            span: node.span,
        }),
        _ => None,
    }
}

pub(super) fn unknown_key(span: Span, name: &str, what: &str, known: &[&str], found: &mut Found<'_>) {
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it can have {}", listed(known)),
    };
    found.error("unknown-key", span, format!("{what} has no `{name}`"), Some(help));
}

/// Names in a sentence.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

pub(super) fn wrong_type(node: &Node<'_>, wanted: &str, help: &str, found: &mut Found<'_>) {
    let message = format!("{wanted}, but this is {}", node.what());
    found.error("wrong-type", node.span, message, Some(help.to_owned()));
}

fn wrong_value(node: &Node<'_>, wanted: &str, help: &str, found: &mut Found<'_>) {
    let message = match node.text() {
        Some(text) => format!("`{}` is not {wanted}", shortened(text)),
        None => format!("expected {wanted}, but this is {}", node.what()),
    };
    let code = if node.text().is_some() {
        "wrong-value"
    } else {
        "wrong-type"
    };
    found.error(code, node.span, message, Some(help.to_owned()));
}

/// Text cut to what fits into a message.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(60).chain(['…']).collect()
}

/// A value that is read by `read` from text.
pub(super) fn parsed<T>(
    node: Option<&Node<'_>>,
    wanted: &str,
    help: &str,
    found: &mut Found<'_>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let node = node?;
    let value = node.text().and_then(read);
    if value.is_none() {
        wrong_value(node, wanted, help, found);
    }
    value
}

/// One of the words of an enumeration.
pub(super) fn word<W: Word>(node: Option<&Node<'_>>, found: &mut Found<'_>) -> Option<W> {
    let node = node?;
    let read = |text: &str| {
        W::WORDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, variant)| *variant)
    };
    let value = node.text().and_then(read);
    if value.is_none() {
        let words: Vec<&str> = W::WORDS.iter().map(|(word, _)| *word).collect();
        let help = match node.text().and_then(|text| nearest(text, words.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", listed(&words)),
        };
        wrong_value(node, &format!("a {}", W::WHAT), &help, found);
    }
    value
}

/// `true` or `false`.
pub(super) fn truth(node: Option<&Node<'_>>, found: &mut Found<'_>) -> Option<bool> {
    parsed(
        node,
        "true or false",
        "write `true` or `false`",
        found,
        |text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
    )
}

/// A count of people.
pub(super) fn people(node: Option<&Node<'_>>, found: &mut Found<'_>) -> Option<u32> {
    parsed(
        node,
        "a number of people",
        "write a whole number such as 25",
        found,
        |text| text.parse().ok(),
    )
}

/// A list of words, or one.
pub(super) fn texts(node: Option<&Node<'_>>, what: &str, found: &mut Found<'_>) -> Vec<String> {
    let mut list = Vec::new();
    for node in node.into_iter().flat_map(Node::each) {
        match node.text() {
            Some(text) => list.push(text.to_owned()),
            None => wrong_type(node, what, "write a word, or a list of words", found),
        }
    }
    list
}

/// A list of what can be read from text, or one.
pub(super) fn each_parsed<T>(
    node: Option<&Node<'_>>,
    wanted: &str,
    help: &str,
    found: &mut Found<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let nodes = node.into_iter().flat_map(Node::each);
    nodes
        .filter_map(|node| parsed(Some(node), wanted, help, found, &read))
        .collect()
}

/// Complains of names that come twice, compared without case.
pub(super) fn distinct(entries: &[(Node<'_>, Node<'_>)], what: &str, found: &mut Found<'_>) {
    let mut seen = FxHashSet::default();
    for (key, _) in entries {
        let Some(name) = key.text() else { continue };
        if !seen.insert(folded(name, str::to_owned)) {
            let help = "names are compared without case; rename or remove one".to_owned();
            found.error(
                "duplicate-name",
                key.span,
                format!("a second {what} `{}`", shortened(name)),
                Some(help),
            );
        }
    }
}

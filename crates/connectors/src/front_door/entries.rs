//! Entries of a map, in its file and in force: a key, white space, a value on each line; `#` begins a comment line.

use super::runtime::Entry;
use crate::kept_file::{map_lines, with_line};

/// Longest mark in bytes: `cordon:` and sixteen digits, with room.
const MARK_BYTES_MAX: usize = 64;

/// A route has more than one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice;

/// True if a value is what Cordon leaves.
pub(super) fn is_mark(value: &str) -> bool {
    value.starts_with("cordon:")
        && value.len() <= MARK_BYTES_MAX
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
}

fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Some((key, value.trim_start()))
}

/// The value of a route in the text of a map.
pub(super) fn find<'a>(text: &'a str, route: &str) -> Result<Option<&'a str>, Twice> {
    let mut found = text
        .lines()
        .filter_map(entry)
        .filter(|(key, _)| *key == route)
        .map(|(_, value)| value);
    let first = found.next();
    found.next().map_or(Ok(first), |_| Err(Twice))
}

/// The text with this value for a route, or without the route. Every other byte stays.
pub(super) fn set(text: &str, route: &str, value: Option<&str>) -> String {
    let wanted = value.map(|value| format!("{route} {value}"));
    let is_route = |line: &str| entry(line).is_some_and(|(key, _)| key == route);
    match wanted {
        Some(line) if !text.lines().any(is_route) => with_line(text, &line),
        wanted => map_lines(text, |line| {
            if is_route(line) {
                wanted.clone()
            } else {
                Some(line.to_owned())
            }
        }),
    }
}

/// The same for the entries in force.
pub(super) fn set_in_force(entries: &[Entry], route: &str, value: Option<&str>) -> Vec<Entry> {
    let mut new: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.key != route)
        .cloned()
        .collect();
    if let Some(value) = value {
        new.push(Entry {
            key: route.to_owned(),
            value: value.to_owned(),
        });
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_by_its_whole_name_and_never_in_a_comment() {
        let text = "# orders held\nportal  a b\norders-eu\tx\n";
        assert_eq!(find(text, "orders"), Ok(None));
        assert_eq!(find(text, "portal"), Ok(Some("a b")));
        assert_eq!(find(text, "orders-eu"), Ok(Some("x")));
        assert_eq!(find("a 1\na 2\n", "a"), Err(Twice));
    }

    #[test]
    fn setting_and_taking_leaves_every_other_byte() {
        for text in ["", "# note\n", "portal x\n\n# end", "portal x"] {
            let held = set(text, "orders", Some("cordon:1"));
            assert_eq!(find(&held, "orders"), Ok(Some("cordon:1")));
            assert_eq!(set(&held, "orders", None), text);
        }
        let text = "a 1\norders by-hand\nb 2\n";
        let held = set(text, "orders", Some("cordon:1"));
        assert_eq!(held, "a 1\norders cordon:1\nb 2\n");
        assert_eq!(set(&held, "orders", Some("by-hand")), text);
    }
}

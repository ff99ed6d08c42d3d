//! The parts of a YAML file by its lines, so that each can be read alone and every mistake has its own line.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A key with everything below it, by lines. The file is known to be YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// The key.
    pub(super) name: &'a str,
    /// Its line, from 1.
    pub(super) line: usize,
    /// The line after its last.
    end: usize,
    /// Lines of keys above it, which stay when the rest is masked.
    above: Vec<usize>,
}

impl Section<'_> {
    /// The file with every line blank but those of this section and the keys above it, so that places stay what they are.
    pub(super) fn masked(&self, text: &str) -> String {
        let mut masked = String::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if (self.line..self.end).contains(&number) || self.above.contains(&number) {
                masked.push_str(line);
            }
            masked.push('\n');
        }
        masked
    }

    /// True if nothing is below the key, or `{}`.
    pub(super) fn is_empty_mapping(&self, text: &str) -> bool {
        let inside: String = text
            .lines()
            .skip(self.line - 1)
            .take(self.end - self.line)
            .map(|line| line.split(" #").next().unwrap_or_default().trim())
            .filter(|line| !line.starts_with('#'))
            .collect();
        matches!(
            inside.split_once(':').map(|(_, rest)| rest.trim()),
            Some("" | "{}")
        )
    }
}

/// The sections of the file.
pub(super) fn top_level(text: &str) -> Vec<Section<'_>> {
    keys(text, 0, 1, usize::MAX, &[])
}

/// The sections directly below a section.
pub(super) fn below<'a>(text: &'a str, section: &Section<'_>) -> Vec<Section<'a>> {
    let first = text
        .lines()
        .enumerate()
        .skip(section.line)
        .take(section.end.saturating_sub(section.line + 1))
        .find(|(_, line)| is_content(line));
    let Some((_, first)) = first else {
        return Vec::new();
    };
    let mut above = section.above.clone();
    above.push(section.line);
    keys(text, indent(first), section.line + 1, section.end, &above)
}

fn keys<'a>(text: &'a str, wanted: usize, from: usize, to: usize, above: &[usize]) -> Vec<Section<'a>> {
    let mut found: Vec<Section> = Vec::new();
    let mut last = from;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if number < from || number >= to {
            continue;
        }
        last = number + 1;
        if !is_content(line) || indent(line) != wanted {
            continue;
        }
        let Some(name) = key(line) else { continue };
        if let Some(previous) = found.last_mut() {
            previous.end = number;
        }
        found.push(Section {
            name,
            line: number,
            end: usize::MAX,
            above: above.to_vec(),
        });
    }
    if let Some(previous) = found.last_mut() {
        previous.end = last;
    }
    found
}

fn is_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && line != "---"
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn key(line: &str) -> Option<&str> {
    let (name, _) = line.trim().split_once(':')?;
    let name = name.trim_matches(['"', '\'']);
    (!name.is_empty() && !name.contains(['{', '[', '"', '\''])).then_some(name)
}

/// Every text in the YAML that is an absolute path, and whether it stands under the key `file`, which secrets have.
pub(super) fn absolute_paths(text: &str, found: &mut BTreeMap<PathBuf, bool>) {
    if let Ok(value) = yaml_serde::from_str::<yaml_serde::Value>(text) {
        walk(&value, false, found);
    }
}

fn walk(value: &yaml_serde::Value, only_read: bool, found: &mut BTreeMap<PathBuf, bool>) {
    match value {
        yaml_serde::Value::String(text) => note(text, only_read, found),
        yaml_serde::Value::Sequence(items) => {
            for item in items {
                walk(item, only_read, found);
            }
        }
        yaml_serde::Value::Mapping(entries) => {
            for (key, item) in entries {
                let file = key.as_str().is_some_and(|key| matches!(key, "file" | "ca-file"));
                walk(item, file, found);
            }
        }
        _ => {}
    }
}

fn note(text: &str, only_read: bool, found: &mut BTreeMap<PathBuf, bool>) {
    if text.starts_with('/') && !text.contains('\0') && text != "/" {
        found
            .entry(PathBuf::from(text))
            .and_modify(|known| *known &= only_read)
            .or_insert(only_read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\nsocket:\n  path: /run/x\npoints:\n\n  # first\n  vpn:\n    kind: a\n    config: { secret: { file: /s } }\n  \"dir\":\n    kind: b\n    path: /var/b\nstate: /var/x\n";

    #[test]
    fn sections_keep_their_lines() {
        let sections = top_level(TEXT);
        let found: Vec<_> = sections
            .iter()
            .map(|section| (section.name, section.line))
            .collect();
        assert_eq!(found, [("socket", 2), ("points", 4), ("state", 13)]);
        let points = below(TEXT, &sections[1]);
        let found: Vec<_> = points
            .iter()
            .map(|section| (section.name, section.line))
            .collect();
        assert_eq!(found, [("vpn", 7), ("dir", 10)]);
        let masked = points[1].masked(TEXT);
        assert_eq!(masked.lines().nth(3), Some("points:"));
        assert_eq!(masked.lines().nth(6), Some(""));
        assert_eq!(masked.lines().nth(10), Some("    kind: b"));
        assert!(below(TEXT, &sections[2]).is_empty());
        assert!(!sections[1].is_empty_mapping(TEXT));
        let empty = "points: {}   # none\n";
        assert!(top_level(empty)[0].is_empty_mapping(empty));
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        let mut found = BTreeMap::new();
        absolute_paths(TEXT, &mut found);
        assert_eq!(found.get(&PathBuf::from("/s")), Some(&true));
        assert_eq!(found.get(&PathBuf::from("/var/b")), Some(&false));
    }
}

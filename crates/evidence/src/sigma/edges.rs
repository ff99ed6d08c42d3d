//! Wildcards within `startswith` and `endswith`, spelled out.
//!
//! `startswith: a?` means `a?*`, and `endswith: a?` means `*a?` (Sigma specification, "Modifiers"). rsigma 0.23 binds
//! such a value to the wrong end of the text: `endswith: '1?'` finds what starts with it. So rules are rewritten before
//! they are compiled: where any value of an item has a wildcard, the star that the modifier means is added to each
//! and the modifier taken away. SigmaHQ has 17 such rules.

use rsigma_parser::ast::Modifier;
use rsigma_parser::{DetectionItem, Detections, SigmaString, SigmaValue, SpecialChar, StringPart};

use super::items::each_item;

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// Modifiers under which a value is not a pattern, or not yet.
const NO_PATTERN: &[Modifier] = &[
    Modifier::Base64,
    Modifier::Base64Offset,
    Modifier::Contains,
    Modifier::Expand,
    Modifier::FieldRef,
    Modifier::Re,
    Modifier::Utf16,
    Modifier::Utf16be,
    Modifier::Wide,
];

/// Rewrites every item of a rule or filter whose values have wildcards and must stand at one end.
pub(super) fn spell_out(detections: &mut Detections) {
    each_item(detections, item);
}

fn item(item: &mut DetectionItem) {
    let Some(edge) = edge(&item.field.modifiers) else {
        return;
    };
    let texts = item
        .values
        .iter()
        .all(|value| matches!(value, SigmaValue::String(_)));
    let wild = |value: &SigmaValue| matches!(value, SigmaValue::String(text) if !text.is_plain());
    if !texts || !item.values.iter().any(wild) {
        return;
    }
    item.field
        .modifiers
        .retain(|modifier| !matches!(modifier, Modifier::StartsWith | Modifier::EndsWith));
    for value in &mut item.values {
        if let SigmaValue::String(text) = value {
            add_star(text, edge);
        }
    }
}

/// The end that a value must stand at; none if it may stand anywhere or is not a pattern.
fn edge(modifiers: &[Modifier]) -> Option<Edge> {
    if modifiers.iter().any(|modifier| NO_PATTERN.contains(modifier)) {
        return None;
    }
    let starts = modifiers.contains(&Modifier::StartsWith);
    let ends = modifiers.contains(&Modifier::EndsWith);
    match (starts, ends) {
        (true, false) => Some(Edge::Start),
        (false, true) => Some(Edge::End),
        _ => None,
    }
}

fn add_star(text: &mut SigmaString, edge: Edge) {
    let star = StringPart::Special(SpecialChar::WildcardMulti);
    match edge {
        Edge::Start => {
            text.parts.push(star);
            text.original.push('*');
        }
        Edge::End => {
            text.parts.insert(0, star);
            text.original.insert(0, '*');
        }
    }
}

#[cfg(test)]
mod tests {
    use rsigma_eval::JsonEvent;
    use rsigma_eval::compiler::{compile_rule, evaluate_rule};
    use rsigma_parser::parse_sigma_yaml;
    use serde_json::json;

    use super::*;

    fn matches(item: &str, value: &str) -> bool {
        let text = format!(
            "title: t\nlogsource:\n  product: windows\ndetection:\n  selection:\n    {item}\n  condition: selection\n"
        );
        let mut rule = parse_sigma_yaml(&text).unwrap().rules.remove(0);
        spell_out(&mut rule.detection);
        let record = json!({ "F": value });
        evaluate_rule(&compile_rule(&rule).unwrap(), &JsonEvent::borrow(&record)).is_some()
    }

    #[test]
    fn a_wildcard_at_the_end_is_bound_to_the_end() {
        assert!(matches("F|endswith: '1?'", "0x10"));
        assert!(!matches("F|endswith: '1?'", "0x100"));
        assert!(!matches("F|endswith: '1?'", "10x"));
        assert!(matches(
            r"F|endswith: '\spinstall?.aspx'",
            r"C:\a\SPInstall0.aspx"
        ));
    }

    #[test]
    fn a_wildcard_at_the_start_is_bound_to_the_start() {
        assert!(matches(
            "F|startswith: '/home/*/public_html/'",
            "/home/eve/public_html/x"
        ));
        assert!(!matches(
            "F|startswith: '/home/*/public_html/'",
            "x/home/eve/public_html/"
        ));
    }

    #[test]
    fn plain_values_beside_a_wildcard_keep_their_meaning() {
        let item = r"F|endswith: ['a?c', 'exe', '\*']";
        assert!(matches(item, "x.exe"));
        assert!(!matches(item, "exe.x"));
        assert!(matches(item, "abc"));
        assert!(matches(item, "ends in a *"));
        assert!(!matches(item, "x"));
    }

    #[test]
    fn what_is_no_pattern_is_left_alone() {
        assert!(matches("F|re: '^a.*c$'", "abc"));
        assert!(matches("F|endswith: 'exe'", "x.exe"));
        assert!(matches("F|contains: 'a?c'", "xxabcxx"));
    }
}

//! How much a rule asks, measured before it is compiled.
//!
//! Parsing a condition takes time with the square of its length, and so does building an automaton with the number of
//! its texts; a selector such as `1 of sel*` asks everything that it selects each time that it stands in a condition.
//! A file of a few kilobytes could thus keep a machine busy for minutes.

use std::collections::HashMap;

use rsigma_parser::{ConditionExpr, Detection, SigmaRule};
use serde::Deserialize;
use yaml_serde::{Deserializer, Value};

use super::limits::{CONDITION_BYTES_MAX, QUESTIONS_PER_RULE_MAX};

/// Why the conditions of a rule file are too long to be parsed, if one is. What is no YAML is left to the parser.
pub(super) fn too_long(text: &str) -> Option<String> {
    if text.len() <= CONDITION_BYTES_MAX {
        return None;
    }
    let documents = Deserializer::from_str(text).map_while(|document| Value::deserialize(document).ok());
    let longest = documents.map(|document| longest_condition(&document)).max()?;
    (longest > CONDITION_BYTES_MAX).then(|| {
        format!("a condition has {longest} bytes, more than {CONDITION_BYTES_MAX}; name what belongs together and refer to it")
    })
}

fn longest_condition(value: &Value) -> usize {
    match value {
        Value::Mapping(members) => members
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                (Some("condition"), Value::String(text)) => text.len(),
                (Some("condition"), Value::Sequence(parts)) => {
                    parts.iter().filter_map(Value::as_str).map(str::len).sum()
                }
                _ => longest_condition(value),
            })
            .max()
            .unwrap_or(0),
        Value::Sequence(parts) => parts.iter().map(longest_condition).max().unwrap_or(0),
        _ => 0,
    }
}

/// Why a rule asks too much to be compiled, if it does.
pub(super) fn asks_too_much(rule: &SigmaRule) -> Option<String> {
    let detection = &rule.detection;
    let mut asked = Asked::default();
    asked.named(&detection.named, &detection.conditions);
    (asked.questions > QUESTIONS_PER_RULE_MAX).then(|| {
        format!("the rule asks for more than {QUESTIONS_PER_RULE_MAX} values, counted as often as its condition selects them; split it")
    })
}

/// Questions counted so far; counting ends soon after the limit.
#[derive(Default)]
struct Asked {
    questions: usize,
}

impl Asked {
    fn add(&mut self, questions: usize) {
        self.questions = self.questions.saturating_add(questions);
    }

    /// What is defined, and once more what each condition selects of it.
    fn named(&mut self, named: &HashMap<String, Detection>, conditions: &[ConditionExpr]) {
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        for (name, detection) in named {
            let before = self.questions;
            self.detection(detection);
            sizes.insert(name, self.questions.saturating_sub(before).saturating_add(1));
        }
        conditions
            .iter()
            .for_each(|condition| self.condition(condition, &sizes));
    }

    fn detection(&mut self, detection: &Detection) {
        match detection {
            Detection::AllOf(items) => items.iter().for_each(|item| self.add(item.values.len().max(1))),
            Detection::AnyOf(parts) | Detection::And(parts) => {
                parts.iter().for_each(|part| self.detection(part));
            }
            Detection::Keywords(values) => self.add(values.len()),
            Detection::ArrayMatch { body, .. } => self.detection(body),
            Detection::Conditional { named, condition } => {
                self.named(named, std::slice::from_ref(condition));
            }
        }
    }

    fn condition(&mut self, condition: &ConditionExpr, sizes: &HashMap<&str, usize>) {
        if self.questions > QUESTIONS_PER_RULE_MAX {
            return;
        }
        match condition {
            ConditionExpr::And(parts) | ConditionExpr::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part, sizes));
            }
            ConditionExpr::Not(part) => self.condition(part, sizes),
            ConditionExpr::Identifier(name) => self.add(sizes.get(name.as_str()).copied().unwrap_or(1)),
            ConditionExpr::Selector { pattern, .. } => {
                let selected = sizes
                    .iter()
                    .filter(|(name, _)| pattern.matches_detection_name(name));
                self.add(selected.map(|(_, size)| size).sum::<usize>().max(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use crate::sigma::RuleSet;

    fn rule(detections: &str, condition: &str) -> String {
        format!(
            "title: t\nlogsource:\n  product: windows\n  service: security\ndetection:\n{detections}  condition: {condition}\n"
        )
    }

    /// The reason why the rule is not used.
    fn refused(text: &str) -> Option<String> {
        let set = RuleSet::load(&[("rule.yml", text)], NonZeroUsize::MIN);
        set.report().rejected.first().map(|one| one.reason.clone())
    }

    fn keywords(count: usize) -> String {
        let values: String = (0..count).map(|number| format!("    - word{number}\n")).collect();
        format!("  a1:\n{values}")
    }

    #[test]
    fn thousands_of_values_load_and_more_are_refused_with_a_reason() {
        assert_eq!(refused(&rule(&keywords(4_000), "a1")), None);
        let reason = refused(&rule(&keywords(60_000), "a1")).unwrap();
        assert!(reason.contains("split it"), "{reason}");
    }

    #[test]
    fn a_selector_counts_as_often_as_it_stands() {
        let detections: String = (0..200)
            .map(|number| format!("  a{number}:\n    Field{number}: x\n"))
            .collect();
        let times = |count: usize| vec!["1 of a*"; count].join(" or ");
        assert_eq!(refused(&rule(&detections, &times(5))), None);
        assert!(
            refused(&rule(&detections, &times(300)))
                .unwrap()
                .contains("selects")
        );
    }

    #[test]
    fn a_condition_as_long_as_a_book_is_refused_unparsed() {
        for condition in [
            vec!["1 of a*"; 5_000].join(" or "),
            format!("[{}]", vec!["a1"; 20_000].join(", ")),
            format!(">\n    {}", vec!["a1"; 20_000].join("\n    or ")),
        ] {
            let reason = refused(&rule("  a1:\n    EventID: 1\n", &condition)).unwrap();
            assert!(reason.starts_with("a condition has"), "{reason}");
        }
    }
}

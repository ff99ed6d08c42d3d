//! Spaces at the end of a command line, which `endswith` shall not stumble over.
//!
//! Programs are often started with a space or two behind the last argument (`… mimikatz_trunk.zip `): the shell that fills
//! in a template leaves it there. To Sigma's letter `CommandLine|endswith: .zip` then does not match, though the rule
//! means it. The fields themselves are not trimmed, because other rules look for such spaces (`chcp ` at the end). So
//! each value that does not end in a space itself is spelled out with one and with two behind it. SigmaHQ's authors do
//! the same by hand where they think of it.

use rsigma_parser::ast::Modifier;
use rsigma_parser::{DetectionItem, Detections, SigmaString, SigmaValue, StringPart};

use super::items::each_item;

/// The fields that hold a whole command line.
const COMMAND_LINES: [&str; 2] = ["CommandLine", "ParentCommandLine"];

/// What may stand behind a value.
const PADDINGS: [&str; 2] = [" ", "  "];

/// Modifiers under which a value is not what stands at the end, or under which one more would ask for more.
const NOT_SPELLED: [Modifier; 10] = [
    Modifier::All,
    Modifier::Base64,
    Modifier::Base64Offset,
    Modifier::Expand,
    Modifier::FieldRef,
    Modifier::Neq,
    Modifier::Re,
    Modifier::Utf16,
    Modifier::Utf16be,
    Modifier::Wide,
];

/// Rewrites every item of a rule or filter that asks how a command line ends.
pub(super) fn spell_out(detections: &mut Detections) {
    each_item(detections, item);
}

fn item(item: &mut DetectionItem) {
    let modifiers = &item.field.modifiers;
    let is_command_line = item
        .field
        .name
        .as_deref()
        .is_some_and(|name| COMMAND_LINES.contains(&name));
    let is_end = modifiers.contains(&Modifier::EndsWith)
        && !modifiers.iter().any(|modifier| NOT_SPELLED.contains(modifier));
    if !is_command_line || !is_end {
        return;
    }
    let padded: Vec<SigmaValue> = item.values.iter().flat_map(padded).collect();
    item.values.extend(padded);
}

/// A value with each padding; nothing if it is no text or says itself which spaces it means.
fn padded(value: &SigmaValue) -> impl Iterator<Item = SigmaValue> + '_ {
    let text = match value {
        SigmaValue::String(text) if !text.original.is_empty() && !text.original.ends_with(' ') => Some(text),
        _ => None,
    };
    text.into_iter()
        .flat_map(|text| PADDINGS.map(|padding| SigmaValue::String(followed_by(text, padding))))
}

fn followed_by(text: &SigmaString, padding: &str) -> SigmaString {
    let mut text = text.clone();
    text.original.push_str(padding);
    match text.parts.last_mut() {
        Some(StringPart::Plain(last)) => last.push_str(padding),
        _ => text.parts.push(StringPart::Plain(padding.to_owned())),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    use jiff::Timestamp;

    use crate::record::{Dialect, FileId, Record, RecordPlace, TimeBasis, Value};
    use crate::sigma::{Detector, RuleId, RuleSet, Scratch};

    /// Whether a rule of one item, written as YAML below `selection`, matches a process with this command line; asked of
    /// the detector and, by the fields that it says matched, of rsigma.
    fn matches(item: &str, command_line: &str) -> bool {
        let text = format!(
            "title: t\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  selection:\n    {item}\n  \
             condition: selection\n"
        );
        let set = Arc::new(RuleSet::load(&[("rule.yml", text)], NonZeroUsize::MIN));
        assert!(set.report().rejected.is_empty(), "{:?}", set.report().rejected);
        let place = RecordPlace {
            file: FileId(0),
            position: 1,
        };
        let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Exact, place, Dialect::Windows);
        record.push("Channel", Value::Str("Microsoft-Windows-Sysmon/Operational"));
        record.push("EventID", Value::Int(1));
        record.push("CommandLine", Value::Str(command_line));
        record.push("Image", Value::Str(command_line));
        let detector = Detector::new(set);
        let mut found = Vec::new();
        detector.detect(&record, &mut Scratch::default(), &mut found);
        let explained = !detector.matched_fields(&record, RuleId(0)).is_empty();
        assert_eq!(!found.is_empty(), explained);
        explained
    }

    #[test]
    fn spaces_at_the_end_of_a_command_line_do_not_hide_it() {
        for spaces in ["", " ", "  "] {
            assert!(matches(
                "CommandLine|endswith: .zip",
                &format!("get a.zip{spaces}")
            ));
        }
        assert!(!matches("CommandLine|endswith: .zip", "get a.zip x"));
        assert!(matches("CommandLine|endswith: ['.cab', '.z?p']", "get a.ZIP "));
    }

    #[test]
    fn a_value_that_ends_in_spaces_means_them() {
        assert!(matches("CommandLine|endswith: 'chcp '", "chcp "));
        assert!(!matches("CommandLine|endswith: 'chcp '", "chcp"));
        assert!(!matches("CommandLine|endswith: 'chcp '", "chcp  "));
    }

    #[test]
    fn other_fields_and_other_questions_keep_their_letter() {
        assert!(!matches("Image|endswith: .zip", "get a.zip "));
        assert!(!matches("CommandLine: get a.zip", "get a.zip "));
        assert!(!matches("CommandLine|endswith|all: ['.zip', 'p']", "get a.zip "));
        assert!(!matches("CommandLine|re: 'zip$'", "get a.zip "));
    }
}

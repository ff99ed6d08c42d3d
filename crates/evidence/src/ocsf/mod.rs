//! Findings in the Open Cybersecurity Schema Framework: own ones out, foreign ones in.
//!
//! Out goes class 2004, Detection Finding, one JSON object a line, after version 1.4 of the schema
//! (<https://schema.ocsf.io/1.4.0/classes/detection_finding>). In come 2004, 2001 (Security Finding, its forerunner) and
//! 2005 (Incident Finding), as records that [`read`](crate::read) made of them: lists are flattened there, so that
//! members of a list that lack a part cannot be told apart; where the parts do not pair up, a value is taken for what
//! it looks like.

mod limits;
mod parse;
mod tactic;
mod write;

use jiff::Timestamp;

use crate::record::Record;
use crate::sigma::{Detection, Detector, Level};

pub use parse::{ClassNotRead, parse};
pub use write::{to_json, write};

/// What kind of thing a finding names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// A host name.
    Host,
    /// An IP address.
    Address,
    /// The name of an account, bare or with its domain, or its mail address.
    User,
}

/// Something that a finding names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedEntity {
    /// What kind of thing it is.
    pub kind: EntityKind,
    /// Its name as the finding has it.
    pub name: String,
}

impl NamedEntity {
    /// A named thing.
    pub fn new(kind: EntityKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// A detection as products exchange it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// When what was detected happened, to the millisecond.
    pub time: Timestamp,
    /// What tells it from every other finding of its product.
    pub uid: String,
    /// Its title: that of the rule, mostly.
    pub title: String,
    /// More about it; may be empty.
    pub description: String,
    /// The identifier of the rule or analytic; may be empty.
    pub rule_id: String,
    /// The title of the rule or analytic; may be empty.
    pub rule_title: String,
    /// How grave it is.
    pub level: Level,
    /// Techniques of ATT&CK: `T1110.003`, sorted. A technique is left out where one of its parts is named.
    pub techniques: Vec<String>,
    /// Tactics of ATT&CK: `credential-access`, sorted.
    pub tactics: Vec<String>,
    /// What it names, sorted.
    pub entities: Vec<NamedEntity>,
    /// Fields of the log record that made it, for people to read.
    pub evidence: Vec<(String, String)>,
    /// The product that reports it.
    pub product: String,
    /// It was closed: nobody need act on it any more.
    pub closed: bool,
}

impl Finding {
    /// Its title, or that of its rule; may be empty.
    #[must_use]
    pub fn shown_title(&self) -> &str {
        if self.title.is_empty() {
            &self.rule_title
        } else {
            &self.title
        }
    }

    /// A detection of ours. `file` is the name of the log file, `entities` what the record names.
    #[must_use]
    pub fn of_detection(
        detector: &Detector,
        record: &Record,
        detection: &Detection,
        file: &str,
        mut entities: Vec<NamedEntity>,
    ) -> Option<Self> {
        let rule = detector.rule_set().rule(detection.rule)?;
        let matched = detector.matched_fields(record, detection.rule);
        let group = detection.group.iter().flatten().cloned();
        entities.sort_unstable();
        entities.dedup();
        entities.truncate(limits::ENTITIES_MAX);
        let mut techniques = rule.techniques.clone();
        parse::drop_parents(&mut techniques);
        Some(Self {
            time: detection.time,
            uid: format!("{file}#{}:{}", detection.place.position, rule.rule_id),
            title: rule.title.clone(),
            description: rule.description.trim_end().to_owned(),
            rule_id: rule.rule_id.clone(),
            rule_title: rule.title.clone(),
            level: rule.level,
            techniques,
            tactics: rule.tactics.clone(),
            entities,
            evidence: matched
                .into_iter()
                .map(|field| (field.field, field.value))
                .chain(group)
                .collect(),
            product: write::PRODUCT.to_owned(),
            closed: false,
        })
    }
}

#[cfg(test)]
mod tests;

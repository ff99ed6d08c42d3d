//! What is known of a rule beside its condition.

use std::fmt;

use rsigma_parser::{CorrelationRule, SigmaRule};
use serde::Serialize;

/// A rule among those of one [`RuleSet`](super::RuleSet): dense, from 0, in the order of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(pub u32);

impl RuleId {
    /// The position in [`RuleSet::rules`](super::RuleSet::rules).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How grave the author of a rule thinks a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not an alarm by itself: counted by other rules, or context.
    Informational,
    /// Notable, rarely malicious alone.
    Low,
    /// To be looked at.
    Medium,
    /// Very likely malicious.
    High,
    /// Certainly malicious.
    Critical,
}

impl Level {
    /// The word of the Sigma specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl From<rsigma_parser::Level> for Level {
    fn from(level: rsigma_parser::Level) -> Self {
        match level {
            rsigma_parser::Level::Informational => Self::Informational,
            rsigma_parser::Level::Low => Self::Low,
            rsigma_parser::Level::Medium => Self::Medium,
            rsigma_parser::Level::High => Self::High,
            rsigma_parser::Level::Critical => Self::Critical,
        }
    }
}

/// How mature the author of a rule says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use for a year without trouble.
    Stable,
    /// Nearly stable.
    Test,
    /// New, may be noisy.
    Experimental,
    /// Replaced by another.
    Deprecated,
    /// Cannot be used as it is.
    Unsupported,
    /// The rule does not say.
    Unstated,
}

impl From<Option<rsigma_parser::Status>> for Status {
    fn from(status: Option<rsigma_parser::Status>) -> Self {
        match status {
            Some(rsigma_parser::Status::Stable) => Self::Stable,
            Some(rsigma_parser::Status::Test) => Self::Test,
            Some(rsigma_parser::Status::Experimental) => Self::Experimental,
            Some(rsigma_parser::Status::Deprecated) => Self::Deprecated,
            Some(rsigma_parser::Status::Unsupported) => Self::Unsupported,
            None => Self::Unstated,
        }
    }
}

/// What a rule runs on. Unstated dimensions match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct LogSource {
    /// `windows`, `okta`, `linux`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// `security`, `sshd`, `signinlogs`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// `process_creation`, `proxy`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl From<&rsigma_parser::LogSource> for LogSource {
    fn from(source: &rsigma_parser::LogSource) -> Self {
        let fold = |dimension: &Option<String>| dimension.as_ref().map(|word| word.to_ascii_lowercase());
        Self {
            product: fold(&source.product),
            service: fold(&source.service),
            category: fold(&source.category),
        }
    }
}

/// A rule without its condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Its number in the set.
    pub id: RuleId,
    /// The identifier that its author gave it (a UUID), or else its name or title.
    pub rule_id: String,
    /// Its title.
    pub title: String,
    /// What it looks for, in its author's words.
    pub description: String,
    /// How grave a match is; `medium` if the rule does not say.
    pub level: Level,
    /// How mature it is.
    pub status: Status,
    /// ATT&CK techniques of its tags: `T1110.003`, sorted.
    pub techniques: Vec<String>,
    /// ATT&CK tactics of its tags: `credential-access`, sorted.
    pub tactics: Vec<String>,
    /// What it runs on; empty for a correlation rule.
    pub log_source: LogSource,
    /// When a match would be harmless.
    pub false_positives: Vec<String>,
    /// The file it came from.
    pub file: String,
    /// It counts or orders the matches of other rules.
    pub correlation: bool,
}

impl Rule {
    pub(super) fn of_detection(rule: &SigmaRule, file: &str) -> Self {
        let (techniques, tactics) = attack(&rule.tags);
        Self {
            id: RuleId(0),
            rule_id: identifier(rule.id.as_ref(), rule.name.as_ref(), &rule.title),
            title: rule.title.clone(),
            description: rule.description.clone().unwrap_or_default(),
            level: rule.level.map_or(Level::Medium, Level::from),
            status: rule.status.into(),
            techniques,
            tactics,
            log_source: LogSource::from(&rule.logsource),
            false_positives: rule.falsepositives.clone(),
            file: file.to_owned(),
            correlation: false,
        }
    }

    pub(super) fn of_correlation(rule: &CorrelationRule, file: &str) -> Self {
        let (techniques, tactics) = attack(&rule.tags);
        Self {
            id: RuleId(0),
            rule_id: identifier(rule.id.as_ref(), rule.name.as_ref(), &rule.title),
            title: rule.title.clone(),
            description: rule.description.clone().unwrap_or_default(),
            level: rule.level.map_or(Level::Medium, Level::from),
            status: rule.status.into(),
            techniques,
            tactics,
            log_source: LogSource::default(),
            false_positives: rule.falsepositives.clone(),
            file: file.to_owned(),
            correlation: true,
        }
    }
}

/// What to call a rule in output and in references: its id, else its name, else its title.
pub(super) fn identifier(id: Option<&String>, name: Option<&String>, title: &str) -> String {
    id.or(name).map_or_else(|| title.to_owned(), Clone::clone)
}

/// Techniques and tactics among the tags of a rule.
fn attack(tags: &[String]) -> (Vec<String>, Vec<String>) {
    let mut techniques = Vec::new();
    let mut tactics = Vec::new();
    for tag in tags {
        let Some(name) = tag.strip_prefix("attack.") else {
            continue;
        };
        match technique(name) {
            Some(technique) => techniques.push(technique),
            None if is_group_or_software(name) => {}
            None => tactics.push(name.replace('_', "-")),
        }
    }
    techniques.sort_unstable();
    techniques.dedup();
    tactics.sort_unstable();
    tactics.dedup();
    (techniques, tactics)
}

/// `t1110.003` as `T1110.003`, if it is a technique.
fn technique(name: &str) -> Option<String> {
    let digits = name.strip_prefix(['t', 'T'])?;
    let well_formed = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    well_formed.then(|| format!("T{digits}"))
}

/// `g0016` and `s0002` name groups and software.
fn is_group_or_software(name: &str) -> bool {
    let digits = name.strip_prefix(['g', 's', 'G', 'S']);
    digits.is_some_and(|rest| rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_techniques_and_tactics() {
        let tags = [
            "attack.credential_access",
            "attack.t1110.003",
            "attack.g0016",
            "cve.2020-1472",
            "attack.stealth",
        ];
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let (techniques, tactics) = attack(&tags);
        assert_eq!(techniques, ["T1110.003"]);
        assert_eq!(tactics, ["credential-access", "stealth"]);
    }
}

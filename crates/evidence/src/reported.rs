//! The rules of other products whose findings came in, as far as the findings speak of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::infer::RuleKey;
use crate::ocsf::Finding;
use crate::sigma::Level;
use crate::watch::Fired;

/// Most rules of other products kept by title; findings of further ones count all the same, but have no name.
const RULES_MAX: usize = 10_000;

/// Longest text kept of a finding, in bytes: titles are whatever the other product, or an intruder, writes.
const TEXT_BYTES_MAX: usize = 300;

/// A rule of another product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedRule {
    /// Its identifier; may be empty.
    pub rule_id: String,
    /// The title of its first finding.
    pub title: String,
    /// The product; may be empty.
    pub product: String,
    /// How grave its first finding was.
    pub level: Level,
    /// ATT&CK techniques of its first finding.
    pub techniques: Vec<String>,
    /// How often and when.
    pub fired: Fired,
}

impl ReportedRule {
    /// Title and product: `Credentials dumped (Defender)`.
    #[must_use]
    pub fn name(&self) -> String {
        named(&self.title, &self.product)
    }
}

/// Title and product of a finding in words; either may be empty.
#[must_use]
pub fn named(title: &str, product: &str) -> String {
    match (title, product) {
        ("", "") => "a finding of another product".to_owned(),
        ("", product) => format!("a finding of {product}"),
        (title, "") => format!("{title} (another product)"),
        (title, product) => format!("{title} ({product})"),
    }
}

/// The rules of other products, by key.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    rules: BTreeMap<RuleKey, ReportedRule>,
}

impl Reported {
    /// Counts an open finding and tells the key of its rule.
    pub(crate) fn count(&mut self, finding: &Finding, time: Timestamp) -> RuleKey {
        let identifier = [&finding.rule_id, &finding.rule_title, &finding.title];
        let identifier = identifier.into_iter().find(|text| !text.is_empty());
        let key = RuleKey::reported(identifier.map_or("", String::as_str));
        if let Some(known) = self.rules.get_mut(&key) {
            known.fired.again(time);
        } else if self.rules.len() < RULES_MAX {
            self.rules.insert(key, rule(finding, time));
        }
        key
    }

    /// One rule.
    #[must_use]
    pub fn rule(&self, key: RuleKey) -> Option<&ReportedRule> {
        self.rules.get(&key)
    }

    /// All rules, by key.
    pub fn rules(&self) -> impl Iterator<Item = &ReportedRule> {
        self.rules.values()
    }
}

fn rule(finding: &Finding, time: Timestamp) -> ReportedRule {
    ReportedRule {
        rule_id: short(&finding.rule_id),
        title: short(finding.shown_title()),
        product: short(&finding.product),
        level: finding.level,
        techniques: finding.techniques.clone(),
        fired: Fired::once(time),
    }
}

fn short(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default().trim().to_owned()
}

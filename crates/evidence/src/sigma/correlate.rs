//! Rules that count or order the detections of other rules.

use rsigma_eval::result::{DetectionBody, EvaluationResult, ResultBody, RuleHeader};
use rsigma_eval::{CorrelationConfig, CorrelationEngine, TimestampFallback};
use rsigma_parser::SigmaCollection;
use rustc_hash::{FxHashMap, FxHashSet};

use super::detector::Detection;
use super::limits::{CORRELATION_GROUP_ENTRIES_MAX, CORRELATION_GROUPS_MAX};
use super::load::RuleSet;
use super::rule::RuleId;
use super::source::Source;
use super::view::View;
use crate::record::Record;

/// Follows the detections that correlation rules refer to. Give it records in the order of their times.
pub struct Correlator {
    engine: CorrelationEngine,
    /// The rules whose detections count, with the identifier that correlation rules know them by.
    counted: FxHashMap<RuleId, String>,
    /// Correlation rules by identifier.
    rules: FxHashMap<String, RuleId>,
    problem: Option<String>,
}

impl Correlator {
    /// A correlator for the correlation rules of a set.
    #[must_use]
    pub fn new(set: &RuleSet) -> Self {
        let mut engine = CorrelationEngine::new(CorrelationConfig {
            timestamp_fields: Vec::new(),
            timestamp_fallback: TimestampFallback::Skip,
            max_state_entries: CORRELATION_GROUPS_MAX,
            max_group_entries: Some(CORRELATION_GROUP_ENTRIES_MAX),
            ..CorrelationConfig::default()
        });
        let collection = SigmaCollection {
            rules: set.correlated.clone(),
            correlations: set.correlations.clone(),
            filters: Vec::new(),
            errors: Vec::new(),
        };
        let problem = engine
            .add_collection(&collection)
            .err()
            .map(|error| error.to_string());
        let referred: FxHashSet<&str> = set
            .correlated
            .iter()
            .filter_map(|rule| rule.id.as_deref())
            .collect();
        let detecting = set.rules().iter().filter(|rule| !rule.correlation);
        let counting = set.rules().iter().filter(|rule| rule.correlation);
        Self {
            engine,
            counted: detecting
                .filter(|rule| referred.contains(rule.rule_id.as_str()))
                .map(|rule| (rule.id, rule.rule_id.clone()))
                .collect(),
            rules: counting.map(|rule| (rule.rule_id.clone(), rule.id)).collect(),
            problem,
        }
    }

    /// Why correlation rules do not run, if they do not.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Groups that are being followed.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.engine.state_count()
    }

    /// Takes the detections of a record and appends those of the correlation rules that it completes.
    pub fn observe(&mut self, record: &Record, detections: &mut Vec<Detection>) {
        let counted: Vec<EvaluationResult> = detections
            .iter()
            .filter_map(|own| self.counted.get(&own.rule))
            .map(|name| result(name))
            .collect();
        if counted.is_empty() {
            return;
        }
        let view = View::new(record, &Source::of(record));
        let results = self
            .engine
            .process_with_detections(&view, counted, record.time.as_second());
        for result in results {
            let Some(body) = result.as_correlation() else {
                continue;
            };
            let name = result
                .header
                .rule_id
                .as_ref()
                .unwrap_or(&result.header.rule_title);
            detections.extend(self.rules.get(name).map(|rule| Detection {
                time: record.time,
                rule: *rule,
                place: record.place,
                group: Some(body.group_key.clone().into()),
            }));
        }
    }
}

impl std::fmt::Debug for Correlator {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Correlator")
            .field("rules", &self.rules.len())
            .field("groups", &self.groups())
            .finish()
    }
}

/// A detection as rsigma's correlation engine takes it.
fn result(rule_id: &str) -> EvaluationResult {
    EvaluationResult {
        header: RuleHeader {
            rule_title: String::new(),
            rule_id: Some(rule_id.to_owned()),
            level: None,
            tags: Vec::new(),
            custom_attributes: std::sync::Arc::default(),
            enrichments: None,
        },
        body: ResultBody::Detection(DetectionBody {
            matched_selections: Vec::new(),
            matched_fields: Vec::new(),
            event: None,
        }),
    }
}

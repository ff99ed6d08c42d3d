//! Records to detections.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use rsigma_eval::compiler::evaluate_rule;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::limits::{CHANNELS_KEPT_MAX, MATCHED_FIELDS_MAX, MATCHED_VALUE_BYTES_MAX, ROUTES_MAX};
use super::load::RuleSet;
use super::route::{Desk, Route};
use super::rule::{Rule, RuleId};
use super::source::{Source, windows_key};
use super::view::View;
use crate::record::{Record, RecordPlace};

/// A rule that matched a record, or a correlation rule that a record completed.
///
/// What the rule is, says [`RuleSet::rule`]; what it matched, [`Detector::matched_fields`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// When the record happened.
    pub time: Timestamp,
    /// The rule.
    pub rule: RuleId,
    /// The record.
    pub place: RecordPlace,
    /// For a correlation rule: what it grouped by and the values it grouped (`TargetUserName`, `pat`).
    pub group: Option<Box<[(String, String)]>>,
}

/// One field of a record that a rule matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatchedField {
    /// The name that the rule uses for it.
    pub field: String,
    /// Its value as text, shortened.
    pub value: String,
}

/// Evaluates the detection rules of a set. Threads may share it; each has its own [`Scratch`].
#[derive(Debug)]
pub struct Detector {
    set: Arc<RuleSet>,
    /// The compiled rules of each log source that has been met.
    routes: RwLock<FxHashMap<Source, Arc<OnceLock<Arc<Route>>>>>,
    /// How many routes have been compiled.
    compiled: AtomicU32,
    /// For log sources beyond the number that is kept: no rules.
    none: Arc<Route>,
}

/// A channel and the route of some of its events.
type ChannelRoute = (Box<str>, Arc<Route>);

/// What a thread keeps from record to record. It belongs to one [`Detector`].
#[derive(Debug, Default)]
pub struct Scratch {
    routes: KnownRoutes,
    desk: Desk,
    found: Vec<RuleId>,
}

/// The routes that a thread has met.
#[derive(Debug, Default)]
struct KnownRoutes {
    by_source: FxHashMap<Source, Arc<Route>>,
    /// Routes of Windows events by what decides their source, with the channel.
    windows: FxHashMap<(i64, u8), Vec<ChannelRoute>>,
    /// One that could not be kept.
    other: Option<Arc<Route>>,
}

impl KnownRoutes {
    /// The route of a record, mostly one that the thread has met before.
    fn of<'a>(&'a mut self, record: &Record, detector: &'a Detector) -> &'a Route {
        match windows_key(record) {
            Some((channel, deciding)) => self.of_windows(record, channel, deciding, detector),
            None => self.of_source(Source::of(record), detector),
        }
    }

    fn of_windows<'a>(
        &'a mut self,
        record: &Record,
        channel: &str,
        deciding: (i64, u8),
        detector: &'a Detector,
    ) -> &'a Route {
        let known = self.windows.entry(deciding).or_default();
        let at = known.iter().position(|(own, _)| **own == *channel);
        if at.is_none() {
            let route = detector.route(&Source::of(record));
            if known.len() >= CHANNELS_KEPT_MAX {
                return self.other.insert(route);
            }
            known.push((channel.into(), route));
        }
        let at = at.unwrap_or(known.len() - 1);
        known.get(at).map_or(&*detector.none, |(_, route)| route)
    }

    fn of_source<'a>(&'a mut self, source: Source, detector: &'a Detector) -> &'a Route {
        if self.by_source.len() >= ROUTES_MAX && !self.by_source.contains_key(&source) {
            self.by_source.clear();
        }
        let make = |source: &Source| detector.route(source);
        self.by_source.entry(source).or_insert_with_key(make)
    }
}

impl Detector {
    /// A detector for the rules of a set. The rules of a log source are compiled when its first record comes.
    #[must_use]
    pub fn new(set: Arc<RuleSet>) -> Self {
        let empty = RuleSet::default();
        let none = Source::of(&Record::new(
            Timestamp::UNIX_EPOCH,
            crate::record::TimeBasis::Exact,
            RecordPlace {
                file: crate::record::FileId(0),
                position: 0,
            },
            crate::record::Dialect::Ocsf,
        ));
        Self {
            none: Arc::new(Route::compile(0, &none, &empty)),
            set,
            routes: RwLock::default(),
            compiled: AtomicU32::new(1),
        }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        self.set.rules()
    }

    /// The set.
    #[must_use]
    pub fn rule_set(&self) -> &Arc<RuleSet> {
        &self.set
    }

    /// How many rules run on records of a log source.
    #[must_use]
    pub fn rules_of(&self, source: &Source) -> usize {
        self.route(source).rule_count()
    }

    /// Appends the detections of a record, in the order of the rules. Correlation rules are not among them.
    pub fn detect(&self, record: &Record, scratch: &mut Scratch, detections: &mut Vec<Detection>) {
        let Scratch { routes, desk, found } = scratch;
        let route = routes.of(record, self);
        found.clear();
        route.matches(record, desk, &mut |rule| found.push(rule));
        found.sort_unstable();
        detections.extend(found.iter().map(|rule| Detection {
            time: record.time,
            rule: *rule,
            place: record.place,
            group: None,
        }));
    }

    /// The fields of a record that a rule matched, at most 16, for people to read; none if it does not match.
    #[must_use]
    pub fn matched_fields(&self, record: &Record, rule: RuleId) -> Vec<MatchedField> {
        let Some(compiled) = self.set.compiled.get(rule.index()) else {
            return Vec::new();
        };
        let view = View::new(record, &Source::of(record));
        let result = evaluate_rule(compiled, &view);
        let matched = result
            .iter()
            .filter_map(|result| result.as_detection())
            .flat_map(|body| &body.matched_fields);
        matched
            .take(MATCHED_FIELDS_MAX)
            .map(|matched| MatchedField {
                field: matched.field.clone(),
                value: shorten(&matched.value),
            })
            .collect()
    }

    fn route(&self, source: &Source) -> Arc<Route> {
        let cell = self.cell(source);
        let Some(cell) = cell else {
            return Arc::clone(&self.none);
        };
        let compile = || {
            let number = self.compiled.fetch_add(1, Ordering::Relaxed);
            Arc::new(Route::compile(number, source, &self.set))
        };
        Arc::clone(cell.get_or_init(compile))
    }

    /// Where the route of a source is or will be: threads that want the same one wait for it, others do not.
    fn cell(&self, source: &Source) -> Option<Arc<OnceLock<Arc<Route>>>> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = routes.get(source) {
            return Some(Arc::clone(cell));
        }
        drop(routes);
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        if routes.len() >= ROUTES_MAX && !routes.contains_key(source) {
            return None;
        }
        Some(Arc::clone(routes.entry(source.clone()).or_default()))
    }
}

/// A value as text, cut at a character.
fn shorten(value: &serde_json::Value) -> String {
    let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.len() > MATCHED_VALUE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MATCHED_VALUE_BYTES_MAX));
        text.push('…');
    }
    text
}

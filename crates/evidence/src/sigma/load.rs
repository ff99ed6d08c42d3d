//! Rule files to a rule set, and a report of what could not be used.

use std::num::NonZeroUsize;

use rsigma_eval::compiler::{CompiledRule, compile_rule};
use rsigma_parser::{
    CorrelationRule, Detections, FilterRule, FilterRuleTarget, SigmaCollection, SigmaRule, parse_sigma_yaml,
};
use rustc_hash::FxHashSet;
use serde::Serialize;

use super::limits::{BRACKET_DEPTH_MAX, RULE_FILE_BYTES_MAX, RULES_MAX};
use super::rule::{Rule, RuleId, identifier};
use super::{edges, extent, padding};

/// A rule, or a whole file, that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The file.
    pub file: String,
    /// The title of the rule, if the file could be read that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// What became of the rule files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// Files given.
    pub files: usize,
    /// Detection rules in use.
    pub rules: usize,
    /// Correlation rules in use.
    pub correlations: usize,
    /// Filters applied to at least one rule.
    pub filters: usize,
    /// Everything that is not in use, in the order of the files.
    pub rejected: Vec<Rejected>,
}

/// Rules ready to run, with a report of those that are not.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    /// Parallel to the detection rules, which come first.
    pub(super) compiled: Vec<CompiledRule>,
    pub(super) correlations: Vec<CorrelationRule>,
    /// The parsed rules that a correlation rule refers to.
    pub(super) correlated: Vec<SigmaRule>,
    report: LoadReport,
}

impl RuleSet {
    /// Parses and compiles rule files, given as (name, YAML text), using up to `threads` threads.
    ///
    /// Never fails: what cannot be used is in the [report](Self::report) with its reason.
    #[must_use]
    pub fn load<Name, Text>(files: &[(Name, Text)], threads: NonZeroUsize) -> Self
    where
        Name: AsRef<str> + Sync,
        Text: AsRef<str> + Sync,
    {
        let mut draft = Draft::default();
        draft.report.files = files.len();
        for parsed in parse_all(files, threads) {
            draft.take(parsed);
        }
        draft.apply_filters();
        draft.accept_correlations();
        draft.finish()
    }

    /// Every rule, by [`RuleId`]: detection rules first, then correlation rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// One rule.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.index())
    }

    /// What became of the files.
    #[must_use]
    pub fn report(&self) -> &LoadReport {
        &self.report
    }

    /// The compiled form of every detection rule, by [`RuleId`]: for a second opinion on a [`Detector`](super::Detector).
    #[must_use]
    pub fn compiled(&self) -> &[CompiledRule] {
        &self.compiled
    }
}

/// One detection rule of a file, compiled or not.
struct ParsedRule {
    parsed: SigmaRule,
    compiled: Result<CompiledRule, String>,
}

/// One file.
struct ParsedFile {
    name: String,
    rules: Vec<ParsedRule>,
    correlations: Vec<CorrelationRule>,
    filters: Vec<FilterRule>,
    problems: Vec<String>,
}

fn parse_all<Name, Text>(files: &[(Name, Text)], threads: NonZeroUsize) -> Vec<ParsedFile>
where
    Name: AsRef<str> + Sync,
    Text: AsRef<str> + Sync,
{
    let share = files.len().div_ceil(threads.get()).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || {
                    chunk
                        .iter()
                        .map(|(name, text)| parse_file(name.as_ref(), text.as_ref()))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

fn parse_file(name: &str, text: &str) -> ParsedFile {
    let mut file = ParsedFile {
        name: name.to_owned(),
        rules: Vec::new(),
        correlations: Vec::new(),
        filters: Vec::new(),
        problems: Vec::new(),
    };
    if text.len() > RULE_FILE_BYTES_MAX {
        file.problems.push(format!(
            "the file has {} bytes, more than {RULE_FILE_BYTES_MAX}; split it",
            text.len()
        ));
        return file;
    }
    if let Some(line) = text
        .lines()
        .position(|line| bracket_depth(line) > BRACKET_DEPTH_MAX)
    {
        file.problems.push(format!(
            "line {} nests brackets more than {BRACKET_DEPTH_MAX} deep",
            line + 1
        ));
        return file;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(reason) = extent::too_long(text) {
        file.problems.push(reason);
        return file;
    }
    match parse_sigma_yaml(text) {
        Ok(collection) => file.take(collection),
        Err(error) => file.problems.push(error.to_string()),
    }
    file
}

fn bracket_depth(line: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in line.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl ParsedFile {
    fn take(&mut self, collection: SigmaCollection) {
        if collection.is_empty() && collection.errors.is_empty() {
            self.problems.push("the file holds no rule".to_owned());
        }
        self.problems.extend(collection.errors);
        self.correlations = collection.correlations;
        self.filters = collection.filters;
        for filter in &mut self.filters {
            spell_out(&mut filter.detection);
        }
        for mut rule in collection.rules {
            let too_much = extent::asks_too_much(&rule);
            spell_out(&mut rule.detection);
            rule.id = Some(identifier(rule.id.as_ref(), rule.name.as_ref(), &rule.title));
            self.rules.push(ParsedRule {
                compiled: match too_much {
                    Some(reason) => Err(reason),
                    None => compile_rule(&rule).map_err(|error| error.to_string()),
                },
                parsed: rule,
            });
        }
    }
}

/// Says in full what a rule leaves unsaid, or what rsigma would understand otherwise.
fn spell_out(detections: &mut Detections) {
    padding::spell_out(detections);
    edges::spell_out(detections);
}

/// A rule set in the making.
#[derive(Default)]
struct Draft {
    rules: Vec<Rule>,
    parsed: Vec<SigmaRule>,
    compiled: Vec<CompiledRule>,
    filters: Vec<(String, FilterRule)>,
    correlations: Vec<(String, CorrelationRule)>,
    report: LoadReport,
}

impl Draft {
    fn reject(&mut self, file: &str, title: Option<&str>, reason: impl Into<String>) {
        self.report.rejected.push(Rejected {
            file: file.to_owned(),
            title: title.map(str::to_owned),
            reason: reason.into(),
        });
    }

    fn take(&mut self, file: ParsedFile) {
        for problem in file.problems {
            self.reject(&file.name, None, problem);
        }
        for rule in file.rules {
            let title = rule.parsed.title.clone();
            match rule.compiled {
                Err(reason) => self.reject(&file.name, Some(&title), reason),
                Ok(_) if self.rules.len() >= RULES_MAX => {
                    self.reject(
                        &file.name,
                        Some(&title),
                        format!("there are more than {RULES_MAX} rules"),
                    );
                }
                Ok(compiled) => {
                    self.rules.push(Rule::of_detection(&rule.parsed, &file.name));
                    self.parsed.push(rule.parsed);
                    self.compiled.push(compiled);
                }
            }
        }
        let own = |name: &String| name.clone();
        self.filters
            .extend(file.filters.into_iter().map(|filter| (own(&file.name), filter)));
        self.correlations
            .extend(file.correlations.into_iter().map(|rule| (own(&file.name), rule)));
    }

    /// Each filter through an engine that holds only the rules it may concern: an engine indexes what it is given.
    fn apply_filters(&mut self) {
        for (file, filter) in std::mem::take(&mut self.filters) {
            let targets = self.filter_targets(&filter);
            if targets.is_empty() {
                self.reject(
                    &file,
                    Some(&filter.title),
                    "the filter concerns no rule that is loaded",
                );
                continue;
            }
            let mut engine = rsigma_eval::Engine::new();
            engine.extend_compiled_rules(targets.iter().filter_map(|at| self.compiled.get(*at).cloned()));
            match engine.apply_filter(&filter) {
                Err(error) => self.reject(&file, Some(&filter.title), error.to_string()),
                Ok(()) => {
                    self.report.filters += 1;
                    for (at, changed) in targets.iter().zip(engine.rules()) {
                        if let Some(place) = self.compiled.get_mut(*at) {
                            *place = changed.clone();
                        }
                    }
                }
            }
        }
    }

    fn filter_targets(&self, filter: &FilterRule) -> Vec<usize> {
        let concerned = |rule: &CompiledRule| match &filter.rules {
            FilterRuleTarget::Any => true,
            FilterRuleTarget::Specific(names) => names
                .iter()
                .any(|name| rule.id.as_ref() == Some(name) || rule.title == *name),
        };
        let rules = self.compiled.iter().enumerate();
        rules
            .filter(|(_, rule)| concerned(rule))
            .map(|(at, _)| at)
            .collect()
    }

    /// Accepts the correlation rules all of whose references are known; what is left refers to nothing or to itself.
    fn accept_correlations(&mut self) {
        let mut known: FxHashSet<String> = FxHashSet::default();
        for rule in &self.parsed {
            known.extend(rule.id.iter().chain(&rule.name).cloned());
        }
        let mut waiting = std::mem::take(&mut self.correlations);
        loop {
            let (ready, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, rule)| rule.rules.iter().all(|name| known.contains(name)));
            let stuck = ready.is_empty();
            for (file, mut rule) in ready {
                rule.id = Some(identifier(rule.id.as_ref(), rule.name.as_ref(), &rule.title));
                known.extend(rule.id.iter().chain(&rule.name).cloned());
                self.correlations.push((file, rule));
            }
            waiting = rest;
            if stuck {
                break;
            }
        }
        for (file, rule) in waiting {
            let missing: Vec<&str> = rule
                .rules
                .iter()
                .filter(|name| !known.contains(*name))
                .map(String::as_str)
                .collect();
            let reason = format!(
                "refers to rules that are not loaded, or to itself: {}",
                missing.join(", ")
            );
            self.reject(&file, Some(&rule.title), reason);
        }
    }

    fn finish(mut self) -> RuleSet {
        self.report.rules = self.rules.len();
        self.report.correlations = self.correlations.len();
        let referred: FxHashSet<&str> = self
            .correlations
            .iter()
            .flat_map(|(_, rule)| &rule.rules)
            .map(String::as_str)
            .collect();
        let correlated = self
            .parsed
            .iter()
            .filter(|rule| {
                rule.id
                    .iter()
                    .chain(&rule.name)
                    .any(|name| referred.contains(name.as_str()))
            })
            .cloned()
            .collect();
        let mut rules = self.rules;
        rules.extend(
            self.correlations
                .iter()
                .map(|(file, rule)| Rule::of_correlation(rule, file)),
        );
        for (at, rule) in rules.iter_mut().enumerate() {
            rule.id = RuleId(at as u32);
        }
        RuleSet {
            rules,
            compiled: self.compiled,
            correlations: self.correlations.into_iter().map(|(_, rule)| rule).collect(),
            correlated,
            report: self.report,
        }
    }
}

//! Records and detections to footholds, while the estate is learned.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordon_estate::activity::{Activity, ActivityKind, Outcome};
use cordon_estate::learn::Learner;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate};
use cordon_evidence::activity::Pairing;
use cordon_evidence::bind::{Named, bind};
use cordon_evidence::infer::weights::rule_weight;
use cordon_evidence::infer::{Contribution, Inference, Reason, RuleKey, Signal, Suspicion, Use};
use cordon_evidence::pipeline;
use cordon_evidence::read::Workers;
use cordon_evidence::record::{Record, RecordPlace};
use cordon_evidence::sigma::{Correlator, Detection, Detector, RuleId, RuleSet};
use jiff::Timestamp;

use crate::input::entity::written;
use crate::input::evidence::{Evidence, Foothold};
use crate::input::logs::Logs;
use crate::progress::Progress;

/// What is believed as records come in.
pub(crate) struct Watch {
    learner: Learner,
    pairing: Pairing,
    inference: Inference,
    rules: Arc<RuleSet>,
    named: Vec<Named>,
    newest: Option<Timestamp>,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(base: Estate, rules: Arc<RuleSet>) -> Self {
        Self {
            learner: Learner::new(base, None),
            pairing: Pairing::new(),
            inference: Inference::new(),
            rules,
            named: Vec::new(),
            newest: None,
        }
    }

    /// The estate as learned so far.
    pub(crate) fn estate(&self) -> &Estate {
        self.learner.estate()
    }

    /// The names as learned so far.
    pub(crate) fn directory(&self) -> &Directory {
        self.learner.directory()
    }

    /// Records an analyst's word.
    pub(crate) fn pin(&mut self, entity: Entity, held: bool) {
        self.inference
            .pin(entity, Some(held), self.newest.unwrap_or(Timestamp::UNIX_EPOCH));
    }

    /// Takes in a record with its detections; what it names is in [`Self::named`] afterwards.
    pub(crate) fn take(&mut self, record: &Record, detections: &[Detection]) {
        self.newest = Some(self.newest.map_or(record.time, |newest| newest.max(record.time)));
        self.named.clear();
        if !detections.is_empty() {
            bind(record, self.learner.directory_mut(), &mut self.named);
            self.learner.catch_up();
            self.signal(record, detections);
        }
        let Self {
            learner,
            inference,
            pairing,
            ..
        } = self;
        pairing.activities(record, &mut |activity| {
            learner.observe(&activity);
            if let Some(one) = usage(&activity, learner.directory(), record.place) {
                inference.used(learner.estate(), &one);
            }
        });
    }

    fn signal(&mut self, record: &Record, detections: &[Detection]) {
        let estate = self.learner.estate();
        self.inference
            .set_population(estate.accounts.len(), estate.systems.len());
        for detection in detections {
            let Some(rule) = self.rules.rule(detection.rule) else {
                continue;
            };
            self.inference.signal(&Signal {
                rule: RuleKey(detection.rule.0),
                weight: rule_weight(rule.level, rule.status, &rule.tactics),
                time: record.time,
                place: record.place,
                named: &self.named,
            });
        }
    }

    /// What the record taken last names, if it had a detection.
    pub(crate) fn named(&self) -> Vec<String> {
        self.named
            .iter()
            .map(|one| written(self.estate(), one.entity))
            .collect()
    }

    /// What may be held with at least this probability, with reasons.
    pub(crate) fn evidence(&self, threshold: f64, logs: &[String]) -> Evidence {
        let suspicions = self.inference.suspicions(threshold);
        Evidence::new(
            self.newest,
            suspicions.iter().map(|one| self.foothold(one, logs)).collect(),
        )
    }

    fn foothold(&self, suspicion: &Suspicion, logs: &[String]) -> Foothold {
        let mut foothold = Foothold::new(written(self.estate(), suspicion.entity), suspicion.probability);
        foothold.first_seen = Some(suspicion.first_seen);
        let pinned = suspicion
            .pinned
            .map(|held| if held { "pinned as held" } else { "pinned as clean" }.to_owned());
        let reasons = suspicion.contributions.iter().map(|one| self.reason(one, logs));
        foothold.reasons = pinned.into_iter().chain(reasons).collect();
        foothold
    }

    fn reason(&self, contribution: &Contribution, logs: &[String]) -> String {
        let place = place_words(contribution.place, logs);
        match &contribution.reason {
            Reason::Rule(key, _, times) => {
                let title = self
                    .rules
                    .rule(RuleId(key.0))
                    .map_or("?", |rule| rule.title.as_str());
                let times = if *times > 1 {
                    format!(", {times} times")
                } else {
                    String::new()
                };
                format!("{title}{times} ({place})")
            }
            Reason::Carried(carrier) => {
                let from = self.estate().name(carrier.from);
                let how = carrier
                    .means
                    .map_or("ran a program".to_owned(), |means| means_words(means).to_owned());
                format!("from {from}: {how} ({place})")
            }
        }
    }
}

fn means_words(means: cordon_estate::Means) -> &'static str {
    use cordon_estate::Means;
    match means {
        Means::Console => "logon at the machine",
        Means::RemoteDesktop => "remote desktop",
        Means::RemoteManagement => "remote management",
        Means::FileShare => "file share or remote service",
        Means::Wmi => "WMI",
        Means::Ssh => "SSH",
        Means::Database => "database login",
        Means::Web => "web sign-in",
        Means::Admin => "administration",
    }
}

/// A file's last name and the record's number in it.
fn place_words(place: RecordPlace, logs: &[String]) -> String {
    let file = logs
        .get(place.file.0 as usize)
        .map_or("?", |name| name.rsplit('/').next().unwrap_or(name));
    format!("{file}:{}", place.position)
}

/// An activity as a use that carries suspicion, if it is one and its ends are known.
fn usage(activity: &Activity<'_>, directory: &Directory, place: RecordPlace) -> Option<Use> {
    let time = activity.time;
    match activity.kind {
        ActivityKind::Logon {
            account,
            on,
            from,
            means,
            outcome: Outcome::Success,
            ..
        } => Some(Use {
            account: directory.resolve_account(&account),
            from: from.and_then(|from| directory.resolve_system(&from)),
            on: directory.resolve_system(&on)?,
            means: Some(means),
            time,
            place,
        }),
        ActivityKind::Runs { account, on } => Some(Use {
            account: directory.resolve_account(&account),
            from: None,
            on: directory.resolve_system(&on)?,
            means: None,
            time,
            place,
        }),
        _ => None,
    }
}

/// Reads all logs, detects on every core, and gives each record with its detections to `each`, in order of time.
pub(crate) fn detect(
    logs: &mut Logs,
    rules: &Arc<RuleSet>,
    progress: &mut Progress,
    mut each: impl FnMut(&Record, &[Detection]),
) {
    let detector = Detector::new(Arc::clone(rules));
    let mut correlator = Correlator::new(rules);
    let bytes_read = Arc::clone(&logs.bytes_read);
    let mut seen = 0_u64;
    pipeline::detect(
        &mut logs.stream,
        &detector,
        &mut correlator,
        Workers::new(threads()),
        |record, detections| {
            each(record, detections);
            seen += 1;
            if seen.is_multiple_of(RECORDS_PER_TICK) {
                progress.at(bytes_read.load(Ordering::Relaxed));
            }
        },
    );
}

/// Records between two looks at the progress.
const RECORDS_PER_TICK: u64 = 512;

/// Threads that evaluate.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

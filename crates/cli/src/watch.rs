//! Records and detections to footholds, while the estate is learned.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate};
use cordon_evidence::infer::{Contribution, Reason, Suspicion};
use cordon_evidence::pipeline;
use cordon_evidence::read::Workers;
use cordon_evidence::record::{Record, RecordPlace};
use cordon_evidence::sigma::{Correlator, Detection, Detector, RuleId, RuleSet};
use cordon_incident::{Case, CaseSettings};
use jiff::Timestamp;

use crate::input::entity::written;
use crate::input::evidence::{Evidence, Foothold};
use crate::input::logs::Logs;
use crate::progress::Progress;

/// A case with the rules that its reasons speak of.
pub(crate) struct Watch {
    case: Case,
    rules: Arc<RuleSet>,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(base: Estate, rules: Arc<RuleSet>) -> Self {
        let case = Case::new(base, rules.rules(), CaseSettings::default());
        Self { case, rules }
    }

    /// The estate as learned so far.
    pub(crate) fn estate(&self) -> &Estate {
        self.case.estate()
    }

    /// The names as learned so far.
    pub(crate) fn directory(&self) -> &Directory {
        self.case.directory()
    }

    /// Records an analyst's word.
    pub(crate) fn pin(&mut self, entity: Entity, held: bool) {
        let time = self.case.now().unwrap_or(Timestamp::UNIX_EPOCH);
        self.case.on_pin(entity, Some(held), time);
    }

    /// Takes in a record with its detections; what it names is in [`Self::named`] afterwards.
    pub(crate) fn take(&mut self, record: &Record, detections: &[Detection]) {
        self.case.on_record(record, detections);
    }

    /// What the record taken last names, if it had a detection.
    pub(crate) fn named(&self) -> Vec<String> {
        let named = self.case.named().iter();
        named.map(|one| written(self.estate(), one.entity)).collect()
    }

    /// What may be held with at least this probability, with reasons.
    pub(crate) fn evidence(&self, threshold: f64, logs: &[String]) -> Evidence {
        let suspicions = self.case.suspicions_from(threshold);
        Evidence::new(
            self.case.now(),
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

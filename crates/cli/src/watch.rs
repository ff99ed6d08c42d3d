//! Records and detections to footholds, while the estate is learned.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordon_act::Entry;
use cordon_act::own_effects::own_effects;
use cordon_estate::Estate;
use cordon_evidence::document::{Evidence, entity_name};
use cordon_evidence::infer::RuleKey;
use cordon_evidence::ocsf::Finding;
use cordon_evidence::pipeline::{self, Extraction};
use cordon_evidence::read::Workers;
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Correlator, Detection, Detector, RuleSet};
use cordon_evidence::watch::is_quiet;
use cordon_incident::{Case, CaseSettings, Effect};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::input::logs::Logs;
use crate::input::waiting::{Waiting, Word};
use crate::progress::Progress;

/// A case with what an analyst says of it.
pub(crate) struct Watch {
    case: Case,
    rules: Arc<RuleSet>,
    waiting: Waiting,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(base: Estate, rules: Arc<RuleSet>, settings: CaseSettings, waiting: Waiting) -> Self {
        let case = Case::new(base, rules.rules(), settings);
        Self { case, rules, waiting }
    }

    /// Takes in what was read; what it names is in [`Self::named`] afterwards.
    pub(crate) fn take_in(&mut self, seen: &Seen<'_>) {
        if seen.is_quiet && seen.detections.is_empty() {
            self.listen(seen.record.time);
            self.case.on_quiet_record(seen.record);
        } else {
            self.take(seen.record, seen.detections);
        }
    }

    /// Takes in a record with its detections; what it names is in [`Self::named`] afterwards.
    pub(crate) fn take(&mut self, record: &Record, detections: &[Detection]) -> Vec<Effect> {
        self.listen(record.time);
        self.case.on_record(record, detections)
    }

    /// What Cordon itself caused, by this record, is no evidence.
    pub(crate) fn set_own_effects(&mut self, record: &[(Timestamp, Entry)]) {
        let entries = record.iter().map(|(time, entry)| (*time, entry));
        self.case.set_own_effects(own_effects(entries));
    }

    /// Everything that is believed.
    pub(crate) const fn case(&self) -> &Case {
        &self.case
    }

    /// Takes to heart what was said of names that have become known.
    fn listen(&mut self, time: Timestamp) {
        for (entity, word) in self.waiting.ready(self.case.estate(), self.case.directory()) {
            self.case.on_pin(entity, Some(word == Word::Held), time);
        }
    }

    /// What the record taken last names, if it had a detection or is a finding of another product.
    pub(crate) fn named(&self) -> Vec<String> {
        let named = self.case.named().iter();
        named
            .map(|one| entity_name(one.entity, self.case.estate()))
            .collect()
    }

    /// What the record taken last is, if it is an open finding of another product.
    pub(crate) fn finding(&self) -> Option<(RuleKey, &Finding)> {
        self.case.watch().finding()
    }

    /// What the logs said, with their names and how many of their places could not be read.
    pub(crate) fn evidence(&mut self, files: Vec<String>, unreadable: u64) -> Result<Evidence, Failure> {
        self.listen(self.case.now().unwrap_or(Timestamp::UNIX_EPOCH));
        self.waiting.finish(self.case.estate(), self.case.directory())?;
        let threshold = self.case.settings().threshold;
        Ok(Evidence::of(
            self.case.watch(),
            self.rules.rules(),
            files,
            unreadable,
            threshold,
        ))
    }
}

/// A record that was read.
pub(crate) struct Seen<'a> {
    /// The record; without its fields if it is quiet and nothing was detected on it.
    pub(crate) record: &'a Record,
    /// What was detected on it.
    pub(crate) detections: &'a [Detection],
    /// It says nothing beside its detections.
    pub(crate) is_quiet: bool,
}

/// Reads all logs, detects on every core, and gives each record with its detections to `each`, in order of time.
pub(crate) fn detect(
    logs: &mut Logs,
    rules: &Arc<RuleSet>,
    progress: &mut Progress,
    mut each: impl FnMut(&Seen<'_>),
) {
    // Every command reads logs once and ends: the system takes the memory of thousands of rules back at once.
    let detector = ManuallyDrop::new(Detector::new(Arc::clone(rules)));
    let mut correlator = Correlator::new(rules);
    let bytes_read = Arc::clone(&logs.bytes_read);
    let mut seen = 0_u64;
    pipeline::detect_and(
        &mut logs.stream,
        &detector,
        &mut correlator,
        Workers::new(threads()),
        Extraction {
            extract: is_quiet,
            needed: |is_quiet: &bool| !is_quiet,
        },
        |record, detections, is_quiet| {
            each(&Seen {
                record,
                detections,
                is_quiet,
            });
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

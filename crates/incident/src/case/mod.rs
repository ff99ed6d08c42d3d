//! A case: what is known of the estate, and who is believed to be held.

mod uses;

use std::collections::BTreeSet;

use cordon_estate::learn::Learner;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate};
use cordon_evidence::activity::Pairing;
use cordon_evidence::bind::{self, Named};
use cordon_evidence::infer::{Inference, RuleKey, Signal, Suspicion, Use, weights};
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Detection, Rule};
use cordon_plan::planner::Foothold;
use jiff::Timestamp;

/// How a case is worked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseSettings {
    /// Probability from which an entity counts as a foothold.
    pub threshold: f64,
    /// Nothing is learned about the estate from records after this instant; they still are evidence.
    pub learn_until: Option<Timestamp>,
}

impl Default for CaseSettings {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            learn_until: None,
        }
    }
}

/// What a case wants done, or known, after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Entities have come to count as footholds: a plan is wanted.
    FootholdsGained(Vec<Entity>),
}

/// One case. Records must come in the order of time.
#[derive(Debug)]
pub struct Case {
    settings: CaseSettings,
    learner: Learner,
    pairing: Pairing,
    inference: Inference,
    /// Log-odds of each rule, by its id.
    weights: Vec<f64>,
    held: BTreeSet<Entity>,
    now: Option<Timestamp>,
    detections: u64,
    named: Vec<Named>,
    uses: Vec<Use>,
}

impl Case {
    /// Opens a case over what is known of the estate, with the rules that detections will speak of.
    #[must_use]
    pub fn new(base: Estate, rules: &[Rule], settings: CaseSettings) -> Self {
        Self {
            settings,
            learner: Learner::new(base, settings.learn_until),
            pairing: Pairing::new(),
            inference: Inference::new(),
            weights: rules
                .iter()
                .map(|rule| weights::rule_weight(rule.level, rule.status, &rule.tactics))
                .collect(),
            held: BTreeSet::new(),
            now: None,
            detections: 0,
            named: Vec::new(),
            uses: Vec::new(),
        }
    }

    /// Takes in a record and the detections on it.
    pub fn on_record(&mut self, record: &Record, detections: &[Detection]) -> Vec<Effect> {
        self.advance(record);
        self.observe(record);
        self.signal(record, detections);
        self.gained().map(Effect::FootholdsGained).into_iter().collect()
    }

    /// Takes in an analyst's word: held, clean, or (`None`) taken back.
    pub fn on_pin(&mut self, entity: Entity, held: Option<bool>, time: Timestamp) -> Vec<Effect> {
        self.inference.pin(entity, held, time);
        self.named.clear();
        self.uses.clear();
        let newly = self.counts(entity) && self.held.insert(entity);
        if newly {
            vec![Effect::FootholdsGained(vec![entity])]
        } else {
            Vec::new()
        }
    }

    /// The case knows a record from its receipt on, however early the record's own clock says it happened.
    fn advance(&mut self, record: &Record) {
        let known_since = record
            .received
            .map_or(record.time, |received| received.max(record.time));
        self.now = Some(self.now.map_or(known_since, |now| now.max(known_since)));
    }

    fn observe(&mut self, record: &Record) {
        let Self {
            learner,
            pairing,
            uses,
            ..
        } = self;
        uses.clear();
        pairing.activities(record, &mut |activity| {
            learner.observe(&activity);
            uses.extend(uses::of(&activity, learner.directory_mut(), record.place));
        });
        learner.catch_up();
        let estate = learner.estate();
        self.inference
            .set_population(estate.accounts.len(), estate.systems.len());
        for one in uses.iter() {
            self.inference.used(estate, one);
        }
    }

    fn signal(&mut self, record: &Record, detections: &[Detection]) {
        self.named.clear();
        if detections.is_empty() {
            return;
        }
        self.detections = self.detections.saturating_add(detections.len() as u64);
        bind::bind(record, self.learner.directory_mut(), &mut self.named);
        self.learner.catch_up();
        for detection in detections {
            let weight = self
                .weights
                .get(detection.rule.index())
                .copied()
                .unwrap_or_default();
            self.inference.signal(&Signal {
                rule: RuleKey(detection.rule.0),
                weight,
                time: detection.time,
                place: detection.place,
                named: &self.named,
            });
        }
    }

    /// The entities touched by the last record that have come to count as footholds.
    fn gained(&mut self) -> Option<Vec<Entity>> {
        let mut touched: Vec<Entity> = self.named.iter().map(|one| one.entity).collect();
        for one in &self.uses {
            touched.push(Entity::System(one.on));
            touched.extend(one.account.map(Entity::Account));
        }
        touched.sort_unstable();
        touched.dedup();
        touched.retain(|entity| self.counts(*entity) && self.held.insert(*entity));
        (!touched.is_empty()).then_some(touched)
    }

    fn counts(&self, entity: Entity) -> bool {
        self.inference.probability(entity) >= self.settings.threshold
    }

    /// The estate as of now.
    #[must_use]
    pub const fn estate(&self) -> &Estate {
        self.learner.estate()
    }

    /// The names as of now.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        self.learner.directory()
    }

    /// Everything that counts as a foothold now, likeliest first, with its reasons.
    #[must_use]
    pub fn suspicions(&self) -> Vec<Suspicion> {
        self.inference.suspicions(self.settings.threshold)
    }

    /// Every suspicion of at least this probability, likeliest first.
    #[must_use]
    pub fn suspicions_from(&self, least_probability: f64) -> Vec<Suspicion> {
        self.inference.suspicions(least_probability)
    }

    /// The footholds as the planner takes them.
    #[must_use]
    pub fn footholds(&self) -> Vec<Foothold> {
        let of = |one: Suspicion| Foothold {
            entity: one.entity,
            probability: one.probability,
        };
        self.suspicions().into_iter().map(of).collect()
    }

    /// True if the entity counted as a foothold at any time so far.
    #[must_use]
    pub fn is_held(&self, entity: Entity) -> bool {
        self.held.contains(&entity)
    }

    /// The uses that the last record showed.
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// The latest instant at which anything is known.
    #[must_use]
    pub const fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// How many detections were taken in.
    #[must_use]
    pub const fn detections(&self) -> u64 {
        self.detections
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &CaseSettings {
        &self.settings
    }
}

//! A case: what is known of the estate, and who is believed to be held.

use std::collections::BTreeSet;

use cordon_act::own_effects::OwnEffect as Caused;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate};
use cordon_evidence::bind::Named;
use cordon_evidence::infer::weights::RuleWeight;
use cordon_evidence::infer::{Suspicion, Use};
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Detection, Rule};
use cordon_evidence::watch::Watch;
use cordon_plan::planner::Foothold;
use jiff::Timestamp;

use crate::own_effects;

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
    /// Something that is held has used an access that was not known: a plan made before may leave it open.
    AccessLearned(Vec<Entity>),
}

/// One case. Records must come in the order of time.
#[derive(Debug)]
pub struct Case {
    settings: CaseSettings,
    watch: Watch,
    /// What each rule says, by its id.
    weights: Vec<RuleWeight>,
    held: BTreeSet<Entity>,
    now: Option<Timestamp>,
    detections: u64,
    own: OwnEffects,
}

/// What Cordon caused, and when the inference was told of it last.
#[derive(Debug, Default)]
struct OwnEffects {
    caused: Vec<Caused>,
    /// Records taken in since then.
    records: u32,
    /// Accounts and systems that were known then.
    population: usize,
}

/// Records after which names that became known meanwhile are looked for in what Cordon caused.
const OWN_EFFECTS_AGAIN: u32 = 1000;

impl Case {
    /// Opens a case over what is known of the estate, with the rules that detections will speak of.
    #[must_use]
    pub fn new(base: Estate, rules: &[Rule], settings: CaseSettings) -> Self {
        Self {
            settings,
            watch: Watch::new(base, settings.learn_until),
            weights: rules.iter().map(RuleWeight::of).collect(),
            held: BTreeSet::new(),
            now: None,
            detections: 0,
            own: OwnEffects::default(),
        }
    }

    /// Says what Cordon caused, by its ledger: what it has refused is no evidence. Takes the place of what was said before.
    pub fn set_own_effects(&mut self, caused: Vec<Caused>) {
        self.own.caused = caused;
        self.tell_own_effects();
    }

    fn tell_own_effects(&mut self) {
        let effects = own_effects::of_estate(&self.own.caused, self.estate(), self.directory());
        self.own.records = 0;
        self.own.population = self.population();
        let inference = self.watch.inference_mut();
        inference.forget_own_effects();
        for effect in effects {
            inference.own_effect(effect);
        }
    }

    fn population(&self) -> usize {
        self.estate().accounts.len() + self.estate().systems.len()
    }

    /// Looks now and then whether names that Cordon acted on have become known.
    fn keep_own_effects(&mut self) {
        if self.own.caused.is_empty() {
            return;
        }
        self.own.records = self.own.records.saturating_add(1);
        if self.own.records >= OWN_EFFECTS_AGAIN && self.own.population != self.population() {
            self.tell_own_effects();
        }
    }

    /// Takes in a record without detections that is [quiet](cordon_evidence::watch::is_quiet).
    pub fn on_quiet_record(&mut self, record: &Record) {
        self.advance(record);
        self.keep_own_effects();
        self.watch.pass(record);
    }

    /// Takes in a record and the detections on it.
    pub fn on_record(&mut self, record: &Record, detections: &[Detection]) -> Vec<Effect> {
        self.advance(record);
        self.keep_own_effects();
        let known_accesses = self.estate().accesses.len();
        let weights = &self.weights;
        self.watch
            .observe_weighed(record, detections, &|rule| weights.get(rule.index()).cloned());
        let found = detections.len() + usize::from(self.watch.finding().is_some());
        self.detections = self.detections.saturating_add(found as u64);
        let mut gained = self.watch.touched();
        gained.retain(|entity| self.counts(*entity) && !self.held.contains(entity));
        self.held.extend(gained.iter().copied());
        if !gained.is_empty() {
            return vec![Effect::FootholdsGained(gained)];
        }
        let users = self.held_users();
        if users.is_empty() || self.estate().accesses.len() == known_accesses {
            return Vec::new();
        }
        vec![Effect::AccessLearned(users)]
    }

    /// Takes in an analyst's word: held, clean, or (`None`) taken back.
    pub fn on_pin(&mut self, entity: Entity, held: Option<bool>, time: Timestamp) -> Vec<Effect> {
        self.now = Some(self.now.map_or(time, |now| now.max(time)));
        self.watch.inference_mut().pin(entity, held, time);
        let newly = self.counts(entity) && self.held.insert(entity);
        if newly {
            vec![Effect::FootholdsGained(vec![entity])]
        } else {
            Vec::new()
        }
    }

    /// Who of those held used something in the last record.
    fn held_users(&self) -> Vec<Entity> {
        let users = |one: &Use| [one.account.map(Entity::Account), one.from.map(Entity::System)];
        let users = self.watch.uses().iter().flat_map(users).flatten();
        let mut held: Vec<Entity> = users.filter(|user| self.held.contains(user)).collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    /// The case knows a record from its receipt on, however early the record's own clock says it happened.
    fn advance(&mut self, record: &Record) {
        let known_since = record
            .received
            .map_or(record.time, |received| received.max(record.time));
        self.now = Some(self.now.map_or(known_since, |now| now.max(known_since)));
    }

    fn counts(&self, entity: Entity) -> bool {
        self.watch.inference().probability(entity) >= self.settings.threshold
    }

    /// Everything that is believed.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The estate as of now.
    #[must_use]
    pub const fn estate(&self) -> &Estate {
        self.watch.estate()
    }

    /// The names as of now.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        self.watch.directory()
    }

    /// Everything that counts as a foothold now, likeliest first, with its reasons.
    #[must_use]
    pub fn suspicions(&self) -> Vec<Suspicion> {
        self.watch.inference().suspicions(self.settings.threshold)
    }

    /// Every suspicion of at least this probability, likeliest first.
    #[must_use]
    pub fn suspicions_from(&self, least_probability: f64) -> Vec<Suspicion> {
        self.watch.inference().suspicions(least_probability)
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

    /// What the last record names, if there were detections on it.
    #[must_use]
    pub fn named(&self) -> &[Named] {
        self.watch.named()
    }

    /// The uses that the last record showed.
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        self.watch.uses()
    }

    /// The latest instant at which anything is known.
    #[must_use]
    pub const fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// How many detections were taken in, open findings of other products among them.
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

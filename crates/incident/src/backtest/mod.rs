//! Replay of a recorded intrusion: when would a plan have been ready, which later steps would it have refused, and
//! which legitimate use would it have denied?
//!
//! The replay is open loop: the recording goes on whatever a plan says. Once a plan in force would have refused a step
//! or a logon of the intruder, what the recording shows from then on would not have happened in this way; the plan is
//! therefore held as it is from that moment, and later steps are measured against it. The footholds are those that
//! the whole recording shows.

mod denial;
mod document;
mod ground;

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::{Entity, Means};
use cordon_evidence::document::FootholdReason;
use cordon_evidence::infer::{Suspicion, Use};
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Detection, Rule};
use cordon_plan::PlanDocument;
use cordon_plan::planner::{Constraints, Settings, plan};
use jiff::{SignedDuration, Timestamp};

pub use denial::{Attempt, Denial};
pub use document::{
    BacktestDocument, BacktestFoothold, BacktestPlan, BacktestRevision, BacktestStep, FORMAT, REVISIONS_MAX,
};

use crate::case::{Case, Effect};
use crate::truth::{Truth, TruthStep};
use ground::Ground;

/// How a backtest is run.
#[derive(Clone, Debug)]
pub struct BacktestSettings {
    /// How plans are made.
    pub plan: Settings,
    /// What people ruled out or forced beforehand.
    pub constraints: Constraints,
    /// Seconds between a plan and its approval; its withdrawals begin after them.
    pub decision_seconds: f64,
}

impl Default for BacktestSettings {
    /// Approved beforehand: no seconds in between.
    fn default() -> Self {
        Self {
            plan: Settings::default(),
            constraints: Constraints::default(),
            decision_seconds: 0.0,
        }
    }
}

/// What was measured by whoever drove the replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The names of the log files, by number.
    pub files: Vec<String>,
    /// Lines or records that could not be read.
    pub unreadable: u64,
    /// How long it took.
    pub seconds: f64,
}

/// A plan with the instant at which it was ready.
#[derive(Clone, Debug)]
struct Revision {
    decided: Timestamp,
    plan: PlanDocument,
}

/// A replay in progress.
pub struct Backtest<'t> {
    case: Case,
    settings: BacktestSettings,
    truth: Option<&'t Truth>,
    /// Steps of the truth not yet reached, the next one last.
    ahead: Vec<&'t TruthStep>,
    steps: Vec<BacktestStep>,
    denial: Denial,
    ground: Ground,
    measured_plan: Option<Revision>,
    held_as_is: bool,
    first_detection: Option<Timestamp>,
    first_plan: Option<Timestamp>,
    revisions: Vec<BacktestRevision>,
    plans_made: u32,
    events: u64,
    legitimate: Legitimate,
}

#[derive(Clone, Copy, Debug, Default)]
struct Legitimate {
    total: u64,
    after_plan: u64,
    denied: u64,
}

impl Legitimate {
    fn count(&mut self, after_plan: bool, refused: bool) {
        self.total += 1;
        self.after_plan += u64::from(after_plan);
        self.denied += u64::from(refused);
    }
}

impl<'t> Backtest<'t> {
    /// Begins a replay through a case.
    #[must_use]
    pub fn new(case: Case, settings: BacktestSettings, truth: Option<&'t Truth>) -> Self {
        let mut ahead: Vec<&TruthStep> = truth
            .map(|truth| truth.steps.iter().collect())
            .unwrap_or_default();
        ahead.sort_by_key(|step| std::cmp::Reverse(step.time));
        Self {
            case,
            settings,
            truth,
            ahead,
            steps: Vec::new(),
            denial: Denial::default(),
            ground: Ground::default(),
            measured_plan: None,
            held_as_is: false,
            first_detection: None,
            first_plan: None,
            revisions: Vec::new(),
            plans_made: 0,
            events: 0,
            legitimate: Legitimate::default(),
        }
    }

    /// The case as it stands.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// Takes in a record and the detections on it. `clock` gives elapsed seconds, for the planner's time limit.
    pub fn on_record(&mut self, record: &Record, detections: &[Detection], clock: &mut dyn FnMut() -> f64) {
        self.events = self.events.saturating_add(1);
        self.reach_steps(Some(record.time));
        let effects = self.case.on_record(record, detections);
        let detected = !detections.is_empty() || self.case.watch().finding().is_some();
        if detected && self.first_detection.is_none() {
            self.first_detection = self.case.now();
        }
        self.weigh_uses();
        self.follow(&effects, clock);
    }

    /// Takes in an analyst's word: held or clean. `clock` is that of [`Self::on_record`].
    pub fn on_pin(&mut self, entity: Entity, held: bool, time: Timestamp, clock: &mut dyn FnMut() -> f64) {
        let effects = self.case.on_pin(entity, Some(held), time);
        self.follow(&effects, clock);
    }

    /// What people rule out or force, for plans made from now on.
    pub const fn constraints_mut(&mut self) -> &mut Constraints {
        &mut self.settings.constraints
    }

    fn follow(&mut self, effects: &[Effect], clock: &mut dyn FnMut() -> f64) {
        for effect in effects {
            match effect {
                Effect::FootholdsGained(gained) => self.replan(gained, clock),
                Effect::AccessLearned(_) => self.replan(&[], clock),
            }
        }
    }

    /// Measures every step of the intruder that is over by now against the plan in force.
    fn reach_steps(&mut self, until: Option<Timestamp>) {
        while let Some(step) = self.ahead.last().copied() {
            if until.is_some_and(|until| step.time >= until) {
                return;
            }
            self.ahead.pop();
            let blocked_by = self.blocked_by(step);
            self.held_as_is |= blocked_by.is_some();
            let prevented = self.ground.take(step, blocked_by.is_some());
            self.steps.push(BacktestStep {
                time: step.time,
                technique: step.technique.clone(),
                from_host: step.from_host.clone(),
                to_host: step.to_host.clone(),
                account: step.account.clone(),
                after_plan: self.first_plan.is_some_and(|plan| plan < step.time),
                blocked_by,
                prevented,
            });
        }
    }

    fn blocked_by(&self, step: &TruthStep) -> Option<String> {
        let directory = self.case.directory();
        let system = |name: &str| {
            let name = SystemName {
                name: Some(name).filter(|name| !name.is_empty()),
                address: None,
            };
            directory.resolve_system(&name)
        };
        let account = AccountName {
            name: Some(step.account.as_str()),
            ..AccountName::default()
        };
        let attempt = Attempt {
            account: directory.resolve_account(&account),
            from: system(&step.from_host),
            on: system(&step.to_host)?,
            means: means_of(&step.technique),
            stolen: true,
            time: step.time,
        };
        self.denial
            .denies(self.case.estate(), &attempt)
            .map(str::to_owned)
    }

    /// Weighs the network logons of the last record: an intruder's that would have been refused ends the plan's
    /// revision, anybody else's is counted.
    fn weigh_uses(&mut self) {
        let is_network = |one: &&Use| one.means.is_some_and(|means| means != Means::Console);
        let uses: Vec<Use> = self.case.uses().iter().filter(is_network).copied().collect();
        for one in uses {
            let stolen = self.is_intruders(&one);
            let refused = self
                .denial
                .denies(self.case.estate(), &attempt_of(&one, stolen))
                .is_some();
            if stolen {
                self.held_as_is |= refused;
            } else {
                self.legitimate
                    .count(self.first_plan.is_some_and(|plan| plan < one.time), refused);
            }
        }
    }

    /// With a truth: some step has this account and this source. Without: one of them counts as a foothold.
    fn is_intruders(&self, one: &Use) -> bool {
        let estate = self.case.estate();
        let account = one
            .account
            .and_then(|id| estate.account(id))
            .map_or("", |account| account.name.as_str());
        let from = one
            .from
            .and_then(|id| estate.system(id))
            .map_or("", |system| system.name.as_str());
        match self.truth {
            Some(truth) => truth.steps.iter().any(|step| {
                same_name(&step.account, account) && (from.is_empty() || same_name(&step.from_host, from))
            }),
            None => {
                let held = |entity| self.case.is_held(entity);
                one.account.is_some_and(|id| held(Entity::Account(id)))
                    || one.from.is_some_and(|id| held(Entity::System(id)))
            }
        }
    }

    fn replan(&mut self, gained: &[Entity], clock: &mut dyn FnMut() -> f64) {
        let (false, Some(now)) = (self.held_as_is, self.case.now()) else {
            return;
        };
        let quick = Settings {
            comparisons: false,
            certificate: false,
            ..self.settings.plan.clone()
        };
        let plan = self.plan(&quick, clock);
        let decided = later(now, self.settings.decision_seconds);
        self.plans_made += 1;
        let former = self
            .measured_plan
            .as_ref()
            .filter(|former| ids(&former.plan) == ids(&plan));
        let decided_first = former.map_or(decided, |former| former.decided);
        if former.is_none() || !gained.is_empty() {
            self.note_revision(decided, gained, &plan);
        }
        if plan.withdrawals.is_empty() {
            return;
        }
        self.first_plan.get_or_insert(decided);
        self.denial.follow(&plan, self.case.estate(), decided);
        self.measured_plan = Some(Revision {
            decided: decided_first,
            plan,
        });
    }

    fn note_revision(&mut self, decided: Timestamp, gained: &[Entity], plan: &PlanDocument) {
        if self.revisions.len() < REVISIONS_MAX {
            let estate = self.case.estate();
            let named = |entity: &Entity| format!("{}:{}", kind_word(*entity), estate.name(*entity));
            self.revisions.push(BacktestRevision {
                decided,
                gained: gained.iter().map(named).collect(),
                withdrawals: ids(plan),
            });
        }
    }

    fn plan(&self, settings: &Settings, clock: &mut dyn FnMut() -> f64) -> PlanDocument {
        let footholds = self.case.footholds();
        plan(
            self.case.estate(),
            &footholds,
            settings,
            &self.settings.constraints,
            &mut |_| {},
            clock,
        )
    }

    /// Ends the replay.
    #[must_use]
    pub fn finish(mut self, rules: &[Rule], measured: Measured) -> BacktestDocument {
        self.reach_steps(None);
        let count = |wanted: fn(&BacktestStep) -> bool| {
            u32::try_from(self.steps.iter().filter(|step| wanted(step)).count()).unwrap_or(u32::MAX)
        };
        let footholds = self.footholds(rules, &measured.files);
        BacktestDocument {
            format: FORMAT.to_owned(),
            dataset: self.truth.map(|truth| truth.dataset.clone()).unwrap_or_default(),
            events: self.events,
            unreadable: measured.unreadable,
            detections: self.case.detections(),
            first_detection: self.first_detection,
            first_plan: self.first_plan,
            decision_seconds: self.settings.decision_seconds,
            threshold: self.case.settings().threshold,
            footholds_wrong: self.truth.map(|_| wrong(&footholds)),
            footholds,
            plan: self.measured_plan.as_ref().map(shortened),
            revisions: self.revisions,
            plans_made: self.plans_made,
            steps_total: count(|_| true),
            steps_after_plan: count(|step| step.after_plan),
            steps_blocked: count(|step| step.blocked_by.is_some()),
            steps_prevented: count(|step| step.prevented),
            steps: self.steps,
            legitimate_total: self.legitimate.total,
            legitimate_after_plan: self.legitimate.after_plan,
            legitimate_denied: self.legitimate.denied,
            seconds: measured.seconds,
            events_per_second: if measured.seconds > 0.0 {
                self.events as f64 / measured.seconds
            } else {
                0.0
            },
            plan_document: self.measured_plan.map(|revision| revision.plan),
        }
    }

    fn footholds(&self, rules: &[Rule], files: &[String]) -> Vec<BacktestFoothold> {
        self.case
            .suspicions()
            .iter()
            .map(|suspicion| self.foothold(suspicion, rules, files))
            .collect()
    }

    fn foothold(&self, suspicion: &Suspicion, rules: &[Rule], files: &[String]) -> BacktestFoothold {
        let estate = self.case.estate();
        let name = estate.name(suspicion.entity);
        let held = |truth: &Truth| match suspicion.entity {
            Entity::Account(_) => truth.holds_account(name),
            _ => truth.steps.iter().any(|step| same_name(&step.from_host, name)) || holds_host(truth, name),
        };
        BacktestFoothold {
            name: name.to_owned(),
            kind: kind_word(suspicion.entity).to_owned(),
            probability: suspicion.probability,
            first_seen: suspicion.first_seen,
            held_in_truth: self.truth.map(held),
            reasons: suspicion
                .contributions
                .iter()
                .map(|one| FootholdReason::of(one, self.case.watch(), rules).sentence(files))
                .collect(),
        }
    }
}

fn ids(plan: &PlanDocument) -> Vec<String> {
    plan.withdrawals
        .iter()
        .map(|entry| entry.id.to_string())
        .collect()
}

const fn attempt_of(one: &Use, stolen: bool) -> Attempt {
    Attempt {
        account: one.account,
        from: one.from,
        on: one.on,
        means: one.means,
        stolen,
        time: one.time,
    }
}

fn holds_host(truth: &Truth, name: &str) -> bool {
    truth.holds_host(name) || truth.holds_host(name.split('.').next().unwrap_or(name))
}

fn wrong(footholds: &[BacktestFoothold]) -> u32 {
    let wrong = footholds
        .iter()
        .filter(|foothold| foothold.held_in_truth == Some(false))
        .count();
    u32::try_from(wrong).unwrap_or(u32::MAX)
}

fn shortened(revision: &Revision) -> BacktestPlan {
    BacktestPlan {
        decided: revision.decided,
        withdrawals: revision
            .plan
            .withdrawals
            .iter()
            .map(|entry| entry.id.to_string())
            .collect(),
        cost: revision.plan.cost.total_pence,
        optimality_gap: revision.plan.optimality.gap,
    }
}

fn kind_word(entity: Entity) -> &'static str {
    match entity {
        Entity::Account(_) => "account",
        Entity::Group(_) => "group",
        Entity::System(_) => "system",
        Entity::Zone(_) => "zone",
    }
}

/// A truth writes bare names, an estate perhaps `CORP\pat` or a fully qualified host.
fn same_name(one: &str, other: &str) -> bool {
    let bare = |name: &str| -> String {
        let name = name.rsplit('\\').next().unwrap_or(name);
        name.split(['@', '.']).next().unwrap_or(name).to_ascii_lowercase()
    };
    !one.is_empty() && bare(one) == bare(other)
}

/// The means that a technique uses, where the technique says so.
fn means_of(technique: &str) -> Option<Means> {
    match technique {
        "T1021.001" => Some(Means::RemoteDesktop),
        "T1021.002" | "T1569.002" | "T1135" => Some(Means::FileShare),
        "T1021.003" | "T1047" => Some(Means::Wmi),
        "T1021.004" => Some(Means::Ssh),
        "T1021.006" => Some(Means::RemoteManagement),
        _ => None,
    }
}

fn later(time: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = (seconds.clamp(0.0, 1e9) * 1000.0) as i64;
    time.checked_add(SignedDuration::from_millis(milliseconds))
        .unwrap_or(time)
}

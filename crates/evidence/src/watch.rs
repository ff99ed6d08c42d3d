//! Everything that is believed, kept up to date record by record: the estate in use, detections by rule, footholds.
//!
//! A [`Watch`] joins the parts: activities teach the estate, detections are bound to it, both feed the inference.

use cordon_estate::activity::{Activity, ActivityKind, Outcome, SystemName};
use cordon_estate::learn::Learner;
use cordon_estate::names::Directory;
use cordon_estate::names::Holder;
use cordon_estate::{Entity, Estate, Means, SystemId};
use jiff::Timestamp;

use crate::activity::{self, Pairing, Sessions};
use crate::bind::{self, Named};
use crate::infer::weights::{self, RuleWeight};
use crate::infer::{Inference, RuleKey, Signal, Use};
use crate::ocsf::{self, Finding};
use crate::record::{Dialect, Record, RecordPlace};
use crate::reported::Reported;
use crate::sigma::{Detection, RuleId, RuleSet, Status};

/// Whether a record says nothing unless it has detections: it shows nobody doing anything, and is no finding of
/// another product. Most records are quiet; to know it where a record is decoded spares the one who infers looking into it.
#[must_use]
pub fn is_quiet(record: &Record) -> bool {
    record.dialect != Dialect::Ocsf && !activity::is_telling(record)
}

/// How often a rule fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// How many records.
    pub count: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl Fired {
    /// A first time.
    pub(crate) const fn once(time: Timestamp) -> Self {
        Self {
            count: 1,
            first: time,
            last: time,
        }
    }

    /// Another time.
    pub(crate) fn again(&mut self, time: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }
}

/// Takes in records with their detections in time order.
#[derive(Debug)]
pub struct Watch {
    learner: Learner,
    pairing: Pairing,
    sessions: Sessions,
    inference: Inference,
    named: Vec<Named>,
    uses: Vec<Use>,
    /// True if the last record shows something that was refused.
    refused: bool,
    /// By rule number.
    fired: Vec<Option<Fired>>,
    reported: Reported,
    /// What the last record is, if it is an open finding of another product.
    finding: Option<(RuleKey, Finding)>,
    window: Option<(Timestamp, Timestamp)>,
    events: u64,
}

impl Watch {
    /// Starts from a declared estate, or from an empty one. The estate learns nothing from records after `until`;
    /// footholds are inferred all the same.
    #[must_use]
    pub fn new(base: Estate, until: Option<Timestamp>) -> Self {
        Self {
            learner: Learner::new(base, until),
            pairing: Pairing::new(),
            sessions: Sessions::new(),
            inference: Inference::new(),
            named: Vec::new(),
            uses: Vec::new(),
            refused: false,
            fired: Vec::new(),
            reported: Reported::default(),
            finding: None,
            window: None,
            events: 0,
        }
    }

    /// Takes in a record without detections that [`is_quiet`]: it only shows that time has passed.
    pub fn pass(&mut self, record: &Record) {
        self.count_record(record);
        self.uses.clear();
        self.named.clear();
        self.refused = false;
        self.finding = None;
    }

    /// Takes in a record. Its detections come first: what it shows being done is done by whom they name.
    pub fn observe(&mut self, record: &Record, detections: &[Detection], rules: &RuleSet) {
        self.observe_weighed(record, detections, &|id| rules.rule(id).map(RuleWeight::of));
    }

    /// The same, with the weight of each rule known beforehand; a rule without is passed over.
    pub fn observe_weighed(
        &mut self,
        record: &Record,
        detections: &[Detection],
        weight_of: &dyn Fn(RuleId) -> Option<RuleWeight>,
    ) {
        self.count_record(record);
        self.learn(record);
        self.detected(record, detections, weight_of);
        for one in &self.uses {
            self.inference.used(self.learner.estate(), one);
        }
    }

    fn count_record(&mut self, record: &Record) {
        self.events = self.events.saturating_add(1);
        let (from, until) = self.window.unwrap_or((record.time, record.time));
        self.window = Some((from.min(record.time), until.max(record.time)));
    }

    fn learn(&mut self, record: &Record) {
        let (learner, uses, refused) = (&mut self.learner, &mut self.uses, &mut self.refused);
        uses.clear();
        *refused = false;
        self.pairing.activities(record, &mut |activity| {
            learner.observe(&activity);
            *refused |= is_refused(&activity.kind);
            uses.extend(use_of(&activity, learner.directory(), record.place));
        });
        for one in &self.uses {
            if let Some(from) = one.from {
                self.sessions.opened(record, one.on, from);
            }
        }
    }

    fn detected(
        &mut self,
        record: &Record,
        detections: &[Detection],
        weight_of: &dyn Fn(RuleId) -> Option<RuleWeight>,
    ) {
        self.named.clear();
        self.finding = None;
        if record.dialect == Dialect::Ocsf {
            self.take_in_finding(record);
        }
        if detections.is_empty() {
            return;
        }
        self.bind(record);
        let directory = self.learner.directory();
        self.inference
            .set_population(directory.accounts().len(), directory.systems().len());
        for detection in detections {
            let Some(weight) = weight_of(detection.rule) else {
                continue;
            };
            count(&mut self.fired, detection);
            self.inference.signal(&Signal {
                rule: RuleKey(detection.rule.0),
                weight: &weight,
                time: detection.time,
                place: detection.place,
                named: &self.named,
                refused: self.refused,
            });
        }
    }

    /// What the record names, with where its logon session came from.
    fn bind(&mut self, record: &Record) {
        let start = self.named.len();
        bind::bind(record, self.learner.directory_mut(), &mut self.named);
        self.learner.catch_up();
        let directory = self.learner.directory();
        let computer = record.text("Computer").map(|name| SystemName {
            name: Some(name),
            address: None,
        });
        let source = computer
            .and_then(|name| directory.resolve_system(&name))
            .and_then(|on| self.sessions.source(record, on));
        if let Some(source) = source {
            bind::bind_source(record, directory.canonical(source), &mut self.named, start);
        }
    }

    /// A finding of another product counts as a detection by a rule of its own; a closed one does not.
    fn take_in_finding(&mut self, record: &Record) {
        let Some(finding) = ocsf::parse(record).ok().filter(|finding| !finding.closed) else {
            return;
        };
        bind::bind_finding(&finding, self.learner.directory_mut(), &mut self.named);
        self.learner.catch_up();
        let directory = self.learner.directory();
        self.inference
            .set_population(directory.accounts().len(), directory.systems().len());
        let rule = self.reported.count(&finding, record.time);
        self.inference.signal(&Signal {
            rule,
            weight: &weights::rule_weight(
                finding.level,
                Status::Unstated,
                &finding.tactics,
                &finding.techniques,
            ),
            time: record.time,
            place: record.place,
            named: &self.named,
            refused: self.refused,
        });
        self.finding = Some((rule, finding));
    }

    /// What the last record names, if there were detections on it or it is a finding of another product.
    #[must_use]
    pub fn named(&self) -> &[Named] {
        &self.named
    }

    /// The estate as of now.
    #[must_use]
    pub const fn estate(&self) -> &Estate {
        self.learner.estate()
    }

    /// What is inferred.
    #[must_use]
    pub const fn inference(&self) -> &Inference {
        &self.inference
    }

    /// What is inferred, to pin it or to say what Cordon did itself.
    pub const fn inference_mut(&mut self) -> &mut Inference {
        &mut self.inference
    }

    /// How often each rule fired, by rule number; rules beyond the end never did.
    #[must_use]
    pub fn fired(&self) -> &[Option<Fired>] {
        &self.fired
    }

    /// The rules of other products whose findings came in.
    #[must_use]
    pub const fn reported(&self) -> &Reported {
        &self.reported
    }

    /// What the last record is, with the key of its rule, if it is an open finding of another product.
    #[must_use]
    pub fn finding(&self) -> Option<(RuleKey, &Finding)> {
        self.finding.as_ref().map(|(rule, finding)| (*rule, finding))
    }

    /// The uses that the last record showed.
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// What the last record may have changed the belief in, ascending.
    #[must_use]
    pub fn touched(&self) -> Vec<Entity> {
        let of_use = |one: &Use| [Some(Entity::System(one.on)), one.account.map(Entity::Account)];
        let named = self.named.iter().map(|one| one.entity);
        let mut touched: Vec<Entity> = named.chain(self.uses.iter().flat_map(of_use).flatten()).collect();
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// The names as of now.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        self.learner.directory()
    }

    /// The times of the first and the last record, if there was any.
    #[must_use]
    pub const fn window(&self) -> Option<(Timestamp, Timestamp)> {
        self.window
    }

    /// How many records were taken in.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }
}

fn count(fired: &mut Vec<Option<Fired>>, detection: &Detection) {
    let index = detection.rule.index();
    if fired.len() <= index {
        fired.resize(index + 1, None);
    }
    let Some(own) = fired.get_mut(index) else { return };
    match own {
        Some(known) => known.again(detection.time),
        None => *own = Some(Fired::once(detection.time)),
    }
}

/// The use that an activity is, if it worked and could carry suspicion.
/// True if somebody was refused something.
const fn is_refused(kind: &ActivityKind<'_>) -> bool {
    let (ActivityKind::Logon { outcome, .. }
    | ActivityKind::Ticket { outcome, .. }
    | ActivityKind::Flow { outcome, .. }
    | ActivityKind::RemoteAccess { outcome, .. }
    | ActivityKind::SignIn { outcome, .. }) = kind
    else {
        return false;
    };
    matches!(outcome, Outcome::Failure)
}

fn use_of(activity: &Activity<'_>, directory: &Directory, place: RecordPlace) -> Option<Use> {
    let (account, from, on, means) = match activity.kind {
        ActivityKind::Logon {
            account,
            on,
            from,
            means,
            outcome: Outcome::Success,
            ..
        } => (account, from, on, Some(means)),
        ActivityKind::Runs { account, on } => (account, None, on, None),
        ActivityKind::Ticket {
            account,
            issuer,
            from,
            outcome: Outcome::Success,
            ..
        } => (account, from, issuer, Some(Means::FileShare)),
        _ => return None,
    };
    let from = from.and_then(|from| system_in(directory, &from));
    let (account, from) = match directory.resolve_holder(&account) {
        Some(Holder::Account(id)) => (Some(directory.canonical_account(id)), from),
        // A machine account is used by its machine.
        Some(Holder::System(id)) => (None, from.or(Some(directory.canonical(id)))),
        None => (None, from),
    };
    Some(Use {
        account,
        from,
        on: system_in(directory, &on)?,
        means,
        time: activity.time,
        place,
    })
}

fn system_in(directory: &Directory, name: &SystemName<'_>) -> Option<SystemId> {
    directory.resolve_system(name)
}

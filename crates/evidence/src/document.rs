//! The evidence as a document: what `cordon detect -o` writes and `cordon plan --evidence` reads.
//!
//! Entities are written `kind:name` (`account:pat`, `system:WORKSTATION6`), times in RFC 3339 in UTC. The document holds
//! no raw log text: only counts by rule, and for each foothold the records that speak of it, by file and position.

use cordon_estate::activity::{AccountName, SystemName};
use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate, Means};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bind::Role;
use crate::infer::{Carrier, Contribution, Reason, RuleKey, Suspicion};
use crate::reported::ReportedRule;
use crate::sigma::{Rule, RuleId};
use crate::watch::Watch;

/// The version of this document's shape.
pub const FORMAT: &str = "cordon-evidence/1";

/// Most footholds in a document: a plan is made from the most probable ones, and no incident has so many.
pub const FOOTHOLDS_MAX: usize = 10_000;

/// What the logs say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORMAT`].
    #[serde(default = "format")]
    pub format: String,
    /// The first and the last record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Timestamp, Timestamp)>,
    /// How many records were read.
    #[serde(default)]
    pub events: u64,
    /// How many could not be read.
    #[serde(default)]
    pub unreadable: u64,
    /// Each rule that fired, by file order of the rules, then those of other products.
    #[serde(default)]
    pub rules: Vec<RuleFired>,
    /// Log files, by the numbers that reasons refer to.
    #[serde(default)]
    pub files: Vec<String>,
    /// What the intruder may hold, most probable first.
    pub footholds: Vec<Foothold>,
}

impl Default for Evidence {
    /// Nothing was read and nothing is held.
    fn default() -> Self {
        Self {
            format: format(),
            window: None,
            events: 0,
            unreadable: 0,
            rules: Vec::new(),
            files: Vec::new(),
            footholds: Vec::new(),
        }
    }
}

fn format() -> String {
    FORMAT.to_owned()
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleFired {
    /// The identifier that its author gave it.
    pub rule_id: String,
    /// Its title.
    pub title: String,
    /// How grave a match is: `low`, `high`, …
    pub level: String,
    /// The product whose rule it is, if it is not one of Cordon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// How many records it matched.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// An account or system that the intruder may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foothold {
    /// `account:pat`, `system:WORKSTATION6`.
    pub entity: String,
    /// How probably, from 0 to 1.
    pub probability: f64,
    /// When anything first spoke of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// An analyst's word: held or clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// How many different rules and uses stand behind it. One never justifies an automatic act.
    #[serde(default)]
    pub independent_signals: u32,
    /// The strongest reasons, strongest first.
    #[serde(default)]
    pub reasons: Vec<FootholdReason>,
}

/// Why something may be held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FootholdReason {
    /// What speaks for it: a rule's title with the part played in the record, or the use that carried suspicion.
    pub because: String,
    /// How many records.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u32,
    /// The rule's identifier, if it is a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// From whom suspicion was carried, if it was: `system:WORKSTATION5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it adds to the log-odds (natural logarithm); 0 if nobody weighed it.
    #[serde(default)]
    pub log_odds: f64,
    /// When it was first so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The number of the log file that shows it first; none for what no log shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// The line in it, or the record id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
}

const fn once() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to whoever decides on a member"
)]
const fn is_once(times: &u32) -> bool {
    *times == 1
}

/// A foothold whose name the estate does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "foothold {index} names `{entity}`, which is neither an account nor a system of the estate; check its spelling, or give the estate that the evidence was made with"
)]
pub struct UnknownFoothold {
    /// Which foothold, from 1.
    pub index: usize,
    /// What it is called.
    pub entity: String,
}

impl Evidence {
    /// The evidence so far: footholds of at least this probability. `files` are the names of the log files by
    /// number.
    #[must_use]
    pub fn of(
        watch: &Watch,
        rules: &[Rule],
        files: Vec<String>,
        unreadable: u64,
        least_probability: f64,
    ) -> Self {
        let mut suspicions = watch.inference().suspicions(least_probability);
        suspicions.truncate(FOOTHOLDS_MAX);
        Self {
            format: format(),
            window: watch.window(),
            events: watch.events(),
            unreadable,
            rules: fired(watch, rules),
            files,
            footholds: suspicions
                .iter()
                .map(|suspicion| Foothold::of(suspicion, watch, rules))
                .collect(),
        }
    }

    /// The footholds as entities of `estate`, with their probabilities, in order.
    ///
    /// # Errors
    /// Every foothold that the estate does not know.
    pub fn resolve(&self, estate: &Estate) -> Result<Vec<(Entity, f64)>, Vec<UnknownFoothold>> {
        let directory = Directory::from_estate(estate);
        let mut unknown = Vec::new();
        let mut found = Vec::new();
        for (index, foothold) in self.footholds.iter().enumerate() {
            match entity_named(&foothold.entity, &directory) {
                Some(entity) => found.push((entity, foothold.probability.clamp(0.0, 1.0))),
                None => unknown.push(UnknownFoothold {
                    index: index + 1,
                    entity: foothold.entity.clone(),
                }),
            }
        }
        if unknown.is_empty() {
            Ok(found)
        } else {
            Err(unknown)
        }
    }
}

/// `kind:name` of an entity.
#[must_use]
pub fn entity_name(entity: Entity, estate: &Estate) -> String {
    let kind = match entity {
        Entity::Account(_) => "account",
        Entity::Group(_) => "group",
        Entity::System(_) => "system",
        Entity::Zone(_) => "zone",
    };
    format!("{kind}:{}", estate.name(entity))
}

/// The account or system of `kind:name`.
fn entity_named(text: &str, directory: &Directory) -> Option<Entity> {
    match text.split_once(':')? {
        ("account", name) => {
            let name = AccountName {
                name: Some(name),
                ..AccountName::default()
            };
            directory.resolve_account(&name).map(Entity::Account)
        }
        ("system", name) => {
            let name = SystemName {
                name: Some(name),
                address: None,
            };
            directory.resolve_system(&name).map(Entity::System)
        }
        _ => None,
    }
}

fn fired(watch: &Watch, rules: &[Rule]) -> Vec<RuleFired> {
    let numbered = rules.iter().zip(watch.fired());
    let own = numbered.filter_map(|(rule, fired)| {
        let fired = fired.as_ref()?;
        Some(RuleFired {
            rule_id: rule.rule_id.clone(),
            title: rule.title.clone(),
            level: rule.level.as_str().to_owned(),
            product: None,
            techniques: rule.techniques.clone(),
            count: fired.count,
            first: fired.first,
            last: fired.last,
        })
    });
    let reported = watch.reported().rules().map(|rule| RuleFired {
        rule_id: rule.rule_id.clone(),
        title: rule.title.clone(),
        level: rule.level.as_str().to_owned(),
        product: Some(rule.product.clone()),
        techniques: rule.techniques.clone(),
        count: rule.fired.count,
        first: rule.fired.first,
        last: rule.fired.last,
    });
    own.chain(reported).collect()
}

impl Foothold {
    /// A suspicion with its reasons in words. `rules` are those that it speaks of, by number.
    #[must_use]
    pub fn of(suspicion: &Suspicion, watch: &Watch, rules: &[Rule]) -> Self {
        Self {
            entity: entity_name(suspicion.entity, watch.estate()),
            probability: suspicion.probability,
            first_seen: Some(suspicion.first_seen),
            pinned: suspicion.pinned,
            independent_signals: suspicion.independent_signals,
            reasons: suspicion
                .contributions
                .iter()
                .map(|contribution| FootholdReason::of(contribution, watch, rules))
                .collect(),
        }
    }
}

impl FootholdReason {
    /// A contribution in words. `rules` are those that it speaks of, by number.
    #[must_use]
    pub fn of(contribution: &Contribution, watch: &Watch, rules: &[Rule]) -> Self {
        let reason = Self {
            because: String::new(),
            times: 1,
            rule_id: None,
            from: None,
            log_odds: contribution.log_odds,
            time: Some(contribution.time),
            file: Some(contribution.place.file.0),
            record: Some(contribution.place.position),
        };
        match contribution.reason {
            Reason::Rule(key, role, times) => {
                let (title, rule_id) = rule_named(key, watch, rules);
                Self {
                    because: format!("{title}: {}", role_words(role)),
                    times,
                    rule_id,
                    ..reason
                }
            }
            Reason::Carried(carrier) => Self {
                because: carried_words(watch.estate(), carrier),
                from: Some(entity_name(carrier.from, watch.estate())),
                ..reason
            },
        }
    }

    /// The reason in one sentence: what, how often, and the first record that shows it. `files` are the names of the
    /// log files by number; of a path only the last name is said.
    #[must_use]
    pub fn sentence(&self, files: &[String]) -> String {
        let times = match self.times {
            0 | 1 => String::new(),
            times => format!(", {times} times"),
        };
        let place = self
            .file
            .zip(self.record)
            .map(|(file, record)| {
                let name = files.get(file as usize).map_or("?", String::as_str);
                format!(" ({}:{record})", name.rsplit(['/', '\\']).next().unwrap_or(name))
            })
            .unwrap_or_default();
        format!("{}{times}{place}", self.because)
    }
}

/// The title of a rule, with its product if it is another's, and its identifier.
fn rule_named(key: RuleKey, watch: &Watch, rules: &[Rule]) -> (String, Option<String>) {
    if key.is_reported() {
        let rule = watch.reported().rule(key);
        let name = rule.map_or_else(|| "a finding of another product".to_owned(), ReportedRule::name);
        let id = rule.map(|rule| rule.rule_id.clone());
        return (name, id.filter(|id| !id.is_empty()));
    }
    match rules.get(RuleId(key.0).index()) {
        Some(rule) => (rule.title.clone(), Some(rule.rule_id.clone())),
        None => ("a rule that is not loaded".to_owned(), None),
    }
}

fn carried_words(estate: &Estate, carrier: Carrier) -> String {
    let from = estate.name(carrier.from);
    match carrier.means {
        Some(means) => format!("used from {from} by {}", means_words(means)),
        None => format!("programs started by or on {from}"),
    }
}

const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Actor => "did it",
        Role::Host => "it happened here",
        Role::Source => "it came from here",
        Role::Target => "it was done to this account",
        Role::TargetHost => "it was done to this system",
        Role::Witness => "only wrote it down",
    }
}

const fn means_words(means: Means) -> &'static str {
    match means {
        Means::Console => "a console logon",
        Means::RemoteDesktop => "remote desktop",
        Means::RemoteManagement => "remote management",
        Means::FileShare => "a network logon",
        Means::Wmi => "WMI",
        Means::Ssh => "secure shell",
        Means::Database => "a database login",
        Means::Web => "the web",
        Means::Admin => "administrator rights",
    }
}

//! Derivations as people read them: the steps that the intruder takes, each with all it rests on.
//!
//! Rules that are no act (being in a group, standing in a zone, a flow that lets connections pass) are folded into the
//! step that uses them.

use cordon_estate::{Entity, SystemId};
use cordon_reach::{Base, Derivation, Derived, Fact, FactId, FactSet, RuleKind, Step as Rule};
use rustc_hash::FxHashMap;

use super::Planner;
use super::prepare::Prepared;
use crate::candidates::entity_name;
use crate::document::{Path, Step, WithdrawalId};

/// True if a rule is an act that people want to read of.
const fn is_act(rule: RuleKind) -> bool {
    matches!(
        rule,
        RuleKind::LogOn(_)
            | RuleKind::StealSession
            | RuleKind::Take(_)
            | RuleKind::Recover
            | RuleKind::ComeIn
            | RuleKind::UseApp
            | RuleKind::AdministerApp
            | RuleKind::ReadDirectory
    )
}

impl Planner<'_> {
    /// The quickest ways to some facts with some facts withdrawn, each in the first world that has one. `cuts` are the
    /// withdrawals by the fact that they remove, to mark the steps that they make impossible.
    pub(super) fn paths(
        &mut self,
        prepared: &Prepared,
        wanted: &[(u32, Entity)],
        withdrawn: &[FactSet],
        cuts: &FxHashMap<FactId, Vec<WithdrawalId>>,
    ) -> Vec<Option<Path>> {
        let mut ways: Vec<Option<Derivation>> = vec![None; wanted.len()];
        let nothing = FactSet::new();
        for (place, world) in prepared.worlds.iter().enumerate() {
            let withdrawn = withdrawn.get(place).unwrap_or(&nothing);
            if ways.iter().all(Option::is_some) {
                break;
            }
            let memory = if withdrawn.is_empty() {
                &mut self.bare
            } else {
                &mut self.cut
            };
            let exposure = memory.chain(&self.graph, &world.held, withdrawn);
            for (way, (fact, _)) in ways.iter_mut().zip(wanted) {
                if way.is_none() {
                    *way = exposure.derivation(FactId(*fact));
                }
            }
        }
        let told = ways.iter().zip(wanted);
        told.map(|(way, (_, entity))| way.as_ref().map(|way| self.told(way, *entity, cuts)))
            .collect()
    }

    /// A derivation as a way to an entity.
    pub(super) fn told(
        &self,
        derivation: &Derivation,
        entity: Entity,
        cuts: &FxHashMap<FactId, Vec<WithdrawalId>>,
    ) -> Path {
        let by_fact: FxHashMap<FactId, &Rule> = derivation
            .steps
            .iter()
            .map(|step| (step.conclusion, step))
            .collect();
        let last = derivation.steps.len().saturating_sub(1);
        let mut steps: Vec<Step> = Vec::new();
        for (place, rule) in derivation.steps.iter().enumerate() {
            if is_act(rule.rule) || place == last {
                steps.push(self.step(rule, &by_fact, cuts));
            }
        }
        let omitted = steps.len().saturating_sub(crate::limits::PATH_STEPS_MAX);
        steps.drain(..omitted);
        Path {
            to: entity_name(self.estate, entity),
            arrival_minutes: derivation.steps.last().map_or(0.0, |step| step.minutes),
            steps,
            steps_omitted: omitted as u32,
        }
    }

    fn step(
        &self,
        rule: &Rule,
        by_fact: &FxHashMap<FactId, &Rule>,
        cuts: &FxHashMap<FactId, Vec<WithdrawalId>>,
    ) -> Step {
        let (mut entities, mut accesses) = (Vec::new(), Vec::new());
        let mut cut_by: Vec<WithdrawalId> = Vec::new();
        let (rests_on, through) = folded(rule, by_fact);
        let used = through.iter().find_map(|fact| match self.graph.describe(*fact) {
            Some(Fact::Derived(Derived::Uses(id))) => Some(self.estate.name(Entity::Account(id))),
            _ => None,
        });
        for fact in rests_on {
            cut_by.extend(cuts.get(&fact).into_iter().flatten().cloned());
            match self.graph.describe(fact) {
                Some(Fact::Derived(derived)) => {
                    entities.extend(entity_of(derived).map(|entity| entity_name(self.estate, entity)));
                }
                Some(told @ Fact::Base(Base::Access(_))) => accesses.push(told.text(self.estate)),
                Some(Fact::Base(base)) => {
                    entities.extend(foothold_of(base).map(|entity| entity_name(self.estate, entity)));
                }
                None => {}
            }
        }
        for list in [&mut entities, &mut accesses] {
            let mut seen = Vec::new();
            list.retain(|one| !seen.contains(one) && (seen.push(one.clone()), true).1);
        }
        cut_by.sort_unstable();
        cut_by.dedup();
        entities.extend(accesses);
        let gained = self.graph.describe(rule.conclusion);
        let to = match gained {
            Some(Fact::Derived(derived)) => entity_of(derived).map(|entity| entity_name(self.estate, entity)),
            _ => None,
        };
        let to = to.unwrap_or_else(|| gained.map(|fact| fact.text(self.estate)).unwrap_or_default());
        Step {
            text: self.sentence(rule, gained, &entities, used),
            from: entities,
            to,
            rule: rule_word(rule.rule).to_owned(),
            technique: Some(rule.technique.clone()).filter(|technique| !technique.is_empty()),
            minutes: f64::from(self.graph.seconds_of(rule.rule)) / 60.0,
            arrival_minutes: rule.minutes,
            cut_by,
        }
    }

    fn sentence(&self, rule: &Rule, gained: Option<Fact>, from: &[String], used: Option<&str>) -> String {
        let bare = |name: &str| name.split_once(':').map_or(name, |(_, bare)| bare).to_owned();
        let by_account = from
            .iter()
            .find(|name| name.starts_with("account:") || name.starts_with("group:"));
        let by_account = by_account.map(|name| bare(name));
        let by_system = from
            .iter()
            .find(|name| name.starts_with("system:"))
            .map(|name| bare(name));
        let target = match gained {
            Some(Fact::Derived(derived)) => {
                entity_of(derived).map(|entity| self.estate.name(entity).to_owned())
            }
            _ => None,
        };
        let target = target.unwrap_or_default();
        let whom = used
            .map(str::to_owned)
            .or_else(|| by_account.clone())
            .or_else(|| by_system.clone())
            .unwrap_or_default();
        match rule.rule {
            RuleKind::LogOn(means) => format!("logs on to {target} as {whom} by {}", means_words(means)),
            RuleKind::StealSession => {
                format!(
                    "takes the credentials of {target}, which lie on {}",
                    by_system.unwrap_or_default()
                )
            }
            RuleKind::Take(_) => format!("takes over {target} by what {whom} controls"),
            RuleKind::Recover => format!("talks the help desk into a reset for {target}"),
            RuleKind::ComeIn => format!("comes in to {target} by remote access as {whom}"),
            RuleKind::UseApp => format!("signs in to {target} as {whom}"),
            RuleKind::AdministerApp => format!("administers {target} as {whom}"),
            RuleKind::ReadDirectory => "copies the whole directory".to_owned(),
            _ => gained.map(|fact| fact.text(self.estate)).unwrap_or_default(),
        }
    }
}

/// What a step rests on (conclusions of earlier acts, and base facts), and the facts between.
fn folded(rule: &Rule, by_fact: &FxHashMap<FactId, &Rule>) -> (Vec<FactId>, Vec<FactId>) {
    let (mut found, mut between) = (Vec::new(), Vec::new());
    let mut seen = FactSet::new();
    let mut open: Vec<FactId> = rule.premises.iter().rev().copied().collect();
    while let Some(fact) = open.pop() {
        if !seen.insert(fact) {
            continue;
        }
        match by_fact.get(&fact) {
            Some(inner) if !is_act(inner.rule) => {
                between.push(fact);
                open.extend(inner.premises.iter().rev());
            }
            _ => found.push(fact),
        }
    }
    (found, between)
}

/// The entity that a gained fact is about, if it is a thing that can be named.
const fn entity_of(derived: Derived) -> Option<Entity> {
    match derived {
        Derived::Holds(id) | Derived::Uses(id) => Some(Entity::Account(id)),
        Derived::ActsAs(id) => Some(Entity::Group(id)),
        Derived::RunsOn(id) | Derived::UsesApp(id) => Some(Entity::System(id)),
        Derived::OnZone(id) => Some(Entity::Zone(id)),
        _ => None,
    }
}

const fn foothold_of(base: Base) -> Option<Entity> {
    match base {
        Base::Credential(id) => Some(Entity::Account(id)),
        Base::Presence(id) => Some(Entity::System(SystemId(id.0))),
        Base::Within(id) => Some(Entity::Zone(id)),
        Base::Posing(id) => Some(Entity::Group(id)),
        Base::Access(_) | Base::Enabled(_) | Base::Connected(_) | Base::Internet => None,
    }
}

const fn means_words(means: cordon_estate::Means) -> &'static str {
    use cordon_estate::Means;
    match means {
        Means::Console => "its console",
        Means::RemoteDesktop => "remote desktop",
        Means::RemoteManagement => "remote management",
        Means::FileShare => "file share",
        Means::Wmi => "WMI",
        Means::Ssh => "secure shell",
        Means::Database => "database login",
        Means::Web => "web console",
        Means::Admin => "administration",
    }
}

const fn rule_word(rule: RuleKind) -> &'static str {
    match rule {
        RuleKind::Foothold => "foothold",
        RuleKind::Outside => "outside",
        RuleKind::UseAccount => "use_account",
        RuleKind::Belong => "belong",
        RuleKind::HaveRight => "have_right",
        RuleKind::PassToMember => "pass_to_member",
        RuleKind::StandOn => "stand_on",
        RuleKind::Connect => "connect",
        RuleKind::LogOn(_) => "log_on",
        RuleKind::StealSession => "steal_session",
        RuleKind::Take(_) => "take",
        RuleKind::Recover => "recover",
        RuleKind::ComeIn => "come_in",
        RuleKind::UseApp => "use_app",
        RuleKind::AdministerApp => "administer_app",
        RuleKind::ReadDirectory => "read_directory",
        RuleKind::ReadAccounts => "read_accounts",
    }
}

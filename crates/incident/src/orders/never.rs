//! What must never be withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use cordon_act::gate::{GateRules, NeverAccount, covers};
use cordon_act::{Placement, PointName, Target};
use cordon_estate::{Estate, Service};
use cordon_plan::PlanDocument;
use cordon_plan::document::Act;
use cordon_trade::{Literal, Lost, Node, Services};

use super::targets::Servers;
use super::{names, routes};

/// Targets that are withdrawn at no point, each with why.
pub(super) struct Never {
    break_glass: GateRules,
    /// By logon name in lower case: the name as written, and why.
    accounts: BTreeMap<String, (String, String)>,
    others: BTreeMap<Target, String>,
}

/// What becomes of a target.
pub(super) enum Verdict {
    /// It may be withdrawn.
    Free,
    /// An order would take more than the plan says.
    ByHand(String),
    /// It may not be withdrawn.
    Never {
        /// What must stay.
        target: Target,
        /// Why.
        why: String,
    },
}

impl Never {
    /// Break-glass accounts, and everything without which alone a protected service is down.
    pub(super) fn new(plan: &PlanDocument, estate: &Estate, servers: &Servers<'_>) -> Self {
        let never_account = |account| NeverAccount {
            account,
            points: None,
        };
        let mut never = Self {
            break_glass: GateRules {
                never_accounts: servers.break_glass().into_iter().map(never_account).collect(),
                ..GateRules::default()
            },
            accounts: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        for (literal, service) in needed(plan, estate) {
            never.add(
                literal,
                &format!("the protected service {service} needs it"),
                estate,
                servers,
            );
        }
        never
    }

    fn add(&mut self, literal: Literal, why: &str, estate: &Estate, servers: &Servers<'_>) {
        let parts = match literal {
            Literal::Account(id) => {
                if let Some(account) = estate.account(id) {
                    let name = names::logon(&account.name);
                    self.accounts
                        .entry(name.to_lowercase())
                        .or_insert_with(|| (name.to_owned(), why.to_owned()));
                }
                return;
            }
            Literal::System(id) => servers.host(id).into_iter().collect(),
            Literal::Access(id) => {
                let mut parts = servers.access(id).unwrap_or_default();
                parts.extend(routes::route(estate, id).map(Ok));
                parts
            }
            Literal::Service(_) => return,
        };
        for target in parts.into_iter().flatten() {
            self.others.entry(target).or_insert_with(|| why.to_owned());
        }
    }

    /// Every target at every one of the points, sorted, each once.
    pub(super) fn placements<'a>(&self, points: impl IntoIterator<Item = &'a str>) -> Vec<Placement> {
        let mut targets: BTreeSet<Target> = self.others.keys().cloned().collect();
        for never in &self.break_glass.never_accounts {
            let account = never.account.clone();
            targets.insert(Target::Sessions {
                account: account.clone(),
            });
            targets.insert(Target::Account { account });
        }
        for (account, _) in self.accounts.values().cloned() {
            targets.insert(Target::Account { account });
        }
        let at = |point: &str, target: &Target| Placement {
            point: PointName(point.to_owned()),
            target: target.clone(),
        };
        let all: BTreeSet<Placement> = points
            .into_iter()
            .flat_map(|point| targets.iter().map(move |target| at(point, target)))
            .collect();
        all.into_iter().collect()
    }

    /// Whether a target may be withdrawn by an act.
    pub(super) fn verdict(&self, target: &Target, act: Act) -> Verdict {
        if let Some(verdict) = self.of_break_glass(target) {
            return verdict;
        }
        if let Target::Account { account } = target {
            let kept = self.accounts.get(&account.to_lowercase());
            return kept.map_or(Verdict::Free, |(account, why)| of_account(account, why, act));
        }
        let covered = self.others.iter().filter(|(never, _)| covers(target, never));
        // What is itself never withdrawn says more than what it would take along.
        covered
            .min_by_key(|(never, _)| *never != target)
            .map_or(Verdict::Free, |(never, why)| of_other(target, never, why))
    }

    fn of_break_glass(&self, target: &Target) -> Option<Verdict> {
        let nowhere = PointName(String::new());
        self.break_glass.forbids(&nowhere, target)?;
        let mut names = self.break_glass.never_accounts.iter();
        let hit = names.find(|never| {
            let rules = GateRules {
                never_accounts: vec![(*never).clone()],
                ..GateRules::default()
            };
            rules.forbids(&nowhere, target).is_some()
        })?;
        Some(Verdict::Never {
            target: Target::Account {
                account: hit.account.clone(),
            },
            why: "it is a break-glass account".to_owned(),
        })
    }
}

/// New credentials do not stop an account, but the order for them would.
fn of_account(account: &str, why: &str, act: Act) -> Verdict {
    if matches!(act, Act::ResetCredential { .. }) {
        return Verdict::ByHand(format!(
            "{account} must not be stopped while it gets new credentials: {why}"
        ));
    }
    Verdict::Never {
        target: Target::Account {
            account: account.to_owned(),
        },
        why: why.to_owned(),
    }
}

/// A network order may take another flow along that the plan means to keep.
fn of_other(target: &Target, never: &Target, why: &str) -> Verdict {
    let by_network = matches!(target, Target::Flow { .. } | Target::Host { .. });
    if by_network && target != never && matches!(never, Target::Flow { .. }) {
        return Verdict::ByHand(format!("an order for it would take {never} along: {why}"));
    }
    Verdict::Never {
        target: never.clone(),
        why: why.to_owned(),
    }
}

/// Everything without which alone a protected service is down, with the first such service.
///
/// Alternatives and fallbacks that carry a service are thereby no reason to keep any one of them.
fn needed(plan: &PlanDocument, estate: &Estate) -> Vec<(Literal, String)> {
    let services = Services::compile(estate);
    let before = services.states(&Lost::nothing());
    let protected: Vec<(usize, &Service)> = estate
        .services
        .iter()
        .enumerate()
        .filter(|(place, service)| {
            is_protected(plan, service) && before.get(*place).is_some_and(|state| state.runs())
        })
        .collect();
    let literals: BTreeSet<Literal> = services
        .nodes()
        .iter()
        .filter_map(|node| match node {
            Node::Literal(literal) => Some(*literal),
            _ => None,
        })
        .collect();
    let down = |literal: Literal| {
        let after = services.states(&without(literal));
        let mut hit = protected.iter();
        hit.find(|(place, _)| after.get(*place).is_some_and(|state| !state.runs()))
            .map(|(_, service)| (literal, service.name.clone()))
    };
    literals.into_iter().filter_map(down).collect()
}

fn without(literal: Literal) -> Lost {
    let mut lost = Lost::nothing();
    match literal {
        Literal::System(id) => lost.lose_system(id),
        Literal::Account(id) => lost.lose_account(id),
        Literal::Access(id) => lost.lose_access(id),
        Literal::Service(_) => {}
    }
    lost
}

/// True if the estate says so or people said so before the plan was made.
fn is_protected(plan: &PlanDocument, service: &Service) -> bool {
    let said = &plan.constraints.protected;
    service.protected || said.iter().any(|name| name.eq_ignore_ascii_case(&service.name))
}

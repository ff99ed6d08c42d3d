//! What is said of other plans: what a refusal leads to, what a withdrawal that was not chosen would, and what would make one needless.
//!
//! Each of these plans is derived again: that it keeps what must be kept, and what it costs. That none is cheaper stays the solver's word.

use std::collections::BTreeSet;
use std::rc::Rc;

use cordon_estate::{AccountId, Entity, SystemId};
use cordon_reach::{Derived, naive};

use super::view::{Outcome, View};
use super::{Findings, claims};
use crate::document::{Act, Change, PlanDocument, WithdrawalEntry, WithdrawalId};
use crate::limits::COMPARED_FACTS_MAX;

/// What is said of other plans.
pub(super) const FIELDS: [&str; 4] = [
    "not_chosen.instead",
    "withdrawals.refusal_instead",
    "withdrawals.stops",
    "withdrawals.unnecessary_if",
];

/// Acts with the seconds until each takes effect.
type Acts = Vec<(Act, f64)>;

/// What the check goes through, and how much of it it may.
struct Comparing<'a> {
    document: &'a PlanDocument,
    view: &'a View<'a>,
    /// The plan itself, and what comes of it once that was asked for.
    own: (Acts, Option<Rc<Outcome>>),
    facts_left: usize,
    /// Fields of which something was left out.
    unchecked: BTreeSet<&'static str>,
}

/// Checks what is said of other plans, the refusals first, as long as that does not take too long; gives the fields of which it did not check all.
pub(super) fn check(document: &PlanDocument, view: &View<'_>, found: &mut Findings) -> Vec<&'static str> {
    let mut comparing = Comparing {
        document,
        view,
        own: (claims::acts(document), None),
        facts_left: COMPARED_FACTS_MAX,
        unchecked: BTreeSet::new(),
    };
    for entry in &document.withdrawals {
        comparing.refusal(entry, found);
    }
    comparing.not_chosen(found);
    for entry in &document.withdrawals {
        if !(entry.stops.is_empty() && entry.unnecessary_if.is_empty()) {
            comparing.alone(entry, found);
        }
    }
    comparing.unchecked.into_iter().collect()
}

impl Comparing<'_> {
    /// What comes of acts; none if too much was gone through.
    fn outcome(&mut self, acts: &[(Act, f64)], field: &'static str) -> Option<Outcome> {
        if !self.may_go_on(field) {
            return None;
        }
        Some(self.view.outcome(acts))
    }

    /// What comes of the plan itself, found once.
    fn own_outcome(&mut self, field: &'static str) -> Option<Rc<Outcome>> {
        if self.own.1.is_none() {
            let acts = self.own.0.clone();
            self.own.1 = self.outcome(&acts, field).map(Rc::new);
        }
        self.own.1.clone()
    }

    fn may_go_on(&mut self, field: &'static str) -> bool {
        let worlds = 1 + self.view.kept_worlds.len();
        let left = self.facts_left.checked_sub(self.view.graph.facts() * worlds);
        self.facts_left = left.unwrap_or(0);
        if left.is_none() {
            self.unchecked.insert(field);
        }
        left.is_some()
    }

    /// What refusing a withdrawal leads to.
    fn refusal(&mut self, entry: &WithdrawalEntry, found: &mut Findings) {
        let field = "withdrawals.refusal_instead";
        match (&entry.refusal_instead, entry.refusal_price_pence) {
            (None, None) => {}
            (Some(instead), Some(price_pence)) if !entry.indispensable => {
                if instead.contains(&entry.id) {
                    found.problem(field, format!("the plan without {} has it", entry.id));
                }
                self.other(instead, price_pence, field, found);
            }
            _ => found.problem(
                field,
                format!("what it says of {} does not go together", entry.id),
            ),
        }
        if entry.indispensable || entry.refusal_instead.is_some() {
            self.unchecked.insert(if entry.indispensable {
                "withdrawals.indispensable"
            } else {
                "withdrawals.refusal_instead being the cheapest"
            });
        }
    }

    /// What withdrawals that were not chosen would lead to.
    fn not_chosen(&mut self, found: &mut Findings) {
        let field = "not_chosen.instead";
        for one in &self.document.not_chosen {
            match (&one.instead, one.price_pence) {
                (None, None) => {}
                (Some(instead), Some(price_pence)) => {
                    if !instead.contains(&one.id) {
                        found.problem(field, format!("the plan with {} has it not", one.id));
                    }
                    self.other(instead, price_pence, field, found);
                }
                _ => found.problem(field, format!("what it says of {} does not go together", one.id)),
            }
            self.unchecked.insert("not_chosen.instead being the cheapest");
        }
    }

    /// That another plan keeps what must be kept, and costs so much more.
    fn other(&mut self, ids: &[WithdrawalId], price_pence: i64, field: &'static str, found: &mut Findings) {
        let constraints = &self.document.constraints;
        let is_refused =
            |id: &&WithdrawalId| constraints.refused.contains(id) && !constraints.forced.contains(id);
        let is_unforced = |id: &&WithdrawalId| !ids.contains(id);
        if ids.iter().any(|id| is_refused(&id)) || constraints.forced.iter().any(|id| is_unforced(&id)) {
            found.problem(field, "it is no plan that these people asked for");
        }
        let Some(acts) = self.acts(ids) else {
            return found.problem(field, "it has a withdrawal that nothing in this estate can do");
        };
        let Some(outcome) = self.outcome(&acts, field) else {
            return;
        };
        if !self.view.keeps(self.document, &outcome) {
            found.problem(field, "it does not keep every jewel and every protected service");
        }
        let more = outcome
            .cost
            .total_pence
            .saturating_sub(self.document.cost.total_pence);
        found.same(field, &price_pence, &more);
    }

    /// Withdrawals as acts; none if the estate cannot do one of them, or one is there twice.
    fn acts(&self, ids: &[WithdrawalId]) -> Option<Acts> {
        let distinct: BTreeSet<&WithdrawalId> = ids.iter().collect();
        let acts = ids.iter().map(|id| {
            let candidate = self.view.candidates.candidate(self.view.candidates.find(id)?)?;
            Some((candidate.act, candidate.effect_seconds))
        });
        acts.collect::<Option<Acts>>()
            .filter(|acts| acts.len() == distinct.len())
    }

    /// What is said of a withdrawal that the rest of the plan would leave.
    fn alone(&mut self, entry: &WithdrawalEntry, found: &mut Findings) {
        let field = "withdrawals.stops";
        let rest = self.own.0.iter().copied();
        let rest: Acts = rest.filter(|(act, _)| *act != entry.act).collect();
        let (Some(with), Some(without)) = (self.own_outcome(field), self.outcome(&rest, field)) else {
            self.unchecked.insert("withdrawals.unnecessary_if");
            return;
        };
        self.stops(entry, (&with, &without), found);
        self.unnecessary(entry, &rest, (&with, &without), found);
    }

    /// That each way it stops leads, without it, to something that the plan keeps, and when.
    fn stops(&self, entry: &WithdrawalEntry, (with, without): (&Outcome, &Outcome), found: &mut Findings) {
        let field = "withdrawals.stops";
        for path in &entry.stops {
            let Some(taken) = self.taken(&path.to) else {
                found.problem(field, format!("the estate has no {}", path.to));
                continue;
            };
            if with.gained.contains_key(&taken) {
                found.problem(field, format!("{} is reached with {} too", path.to, entry.id));
            }
            let minutes = without.gained.get(&taken);
            let minutes = minutes.map(|seconds| f64::from(*seconds) / 60.0);
            found.same(field, &Some(path.arrival_minutes), &minutes);
        }
    }

    /// What holds where the intruder has an entity that a plan names.
    fn taken(&self, name: &str) -> Option<Derived> {
        let entity = self.view.names.entity(name)?;
        let mut jewels = self.view.jewels.iter();
        let jewel = jewels.find(|jewel| jewel.entity == entity);
        Some(jewel.map_or_else(|| Derived::taken(entity), |jewel| jewel.taken))
    }

    /// That each change that is told does make a withdrawal needless.
    fn unnecessary(
        &mut self,
        entry: &WithdrawalEntry,
        rest: &Acts,
        (with, without): (&Outcome, &Outcome),
        found: &mut Findings,
    ) {
        let field = "withdrawals.unnecessary_if";
        let saved = self.saved(with, without);
        if saved.is_empty() && !entry.unnecessary_if.is_empty() {
            found.problem(field, format!("{} alone keeps nothing out of reach", entry.id));
        }
        for one in &entry.unnecessary_if {
            match &one.change {
                Change::Cleared { entities } => self.cleared(entities, (rest, &saved), found),
                Change::Instead {
                    withdrawal,
                    price_pence,
                } => {
                    let Some(mut other) = self.acts(std::slice::from_ref(withdrawal)) else {
                        found.problem(field, format!("nothing in this estate can do {withdrawal}"));
                        continue;
                    };
                    other.extend(rest.iter().copied());
                    self.instead(&other, *price_pence, &saved, with, found);
                }
            }
        }
    }

    /// What the plan keeps the intruder from and would not without a withdrawal: jewels if there are any, or else whatever costs something.
    fn saved(&self, with: &Outcome, without: &Outcome) -> Vec<Derived> {
        let view = self.view;
        let is_saved =
            |taken: &Derived| !with.gained.contains_key(taken) && without.gained.contains_key(taken);
        let jewels = view.jewels.iter().map(|jewel| jewel.taken);
        let jewels: Vec<Derived> = jewels.filter(is_saved).collect();
        if !jewels.is_empty() {
            return jewels;
        }
        let accounts = (0..view.estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
        let systems = (0..view.estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
        let things = accounts
            .chain(systems)
            .filter(|entity| view.loss_pence(*entity) > 0);
        things.map(Derived::taken).filter(is_saved).collect()
    }

    /// That nothing is reached in any world without some footholds.
    fn cleared(&mut self, names: &[String], (rest, saved): (&Acts, &[Derived]), found: &mut Findings) {
        let field = "withdrawals.unnecessary_if";
        let view = self.view;
        let cleared: Vec<Entity> = names.iter().filter_map(|name| view.names.entity(name)).collect();
        if cleared.len() != names.len() {
            return found.problem(field, "it names what the estate has not");
        }
        if !self.may_go_on(field) {
            return;
        }
        for (world, withdrawn) in view.worlds().map(|(world, _)| world).zip(view.withdrawn(rest)) {
            let held: Vec<Entity> = world
                .iter()
                .copied()
                .filter(|one| !cleared.contains(one))
                .collect();
            let gained = naive::reach_without(view.estate, &view.options, &held, &withdrawn);
            if saved.iter().any(|taken| gained.contains_key(taken)) {
                return found.problem(field, format!("it is needed without {} too", names.join(", ")));
            }
        }
    }

    /// That another act in its place keeps the same, and costs so much more.
    fn instead(
        &mut self,
        other: &[(Act, f64)],
        price_pence: i64,
        saved: &[Derived],
        with: &Outcome,
        found: &mut Findings,
    ) {
        let field = "withdrawals.unnecessary_if";
        let Some(outcome) = self.outcome(other, field) else {
            return;
        };
        if saved.iter().any(|taken| outcome.gained.contains_key(taken)) {
            found.problem(field, "what is done instead does not keep the same");
        }
        let more = outcome.cost.total_pence.saturating_sub(with.cost.total_pence);
        found.same(field, &price_pence, &more);
    }
}

//! What is said of one withdrawal: what it does, what it stops, what it takes away.

use cordon_estate::Entity;
use cordon_reach::{Base, FactId};
use rustc_hash::FxHashMap;

use super::given_back::GivenBack;
use super::{Solved, but};
use crate::candidates::{Candidate, left_open};
use crate::circuit::is_down;
use crate::document::{PeopleEntry, ServiceEntry, WithdrawalEntry, WithdrawalId};
use crate::limits::{GIVEN_BACK_MIN, PEOPLE_NAMED_MAX, REFUSALS_MAX};
use crate::planner::prepare::Prepared;
use crate::planner::unnecessary::TakenOut;
use crate::planner::{Planner, Settings};

/// Which of two columns is carried out first: the one that has to be begun first to be in effect by its deadline, so that the nearest way is
/// closed first (earliest deadline first: Liu and Layland 1973; all that is to be done at a point is begun at once, so it is the latest start
/// that counts). Without a deadline, the one that takes effect first.
fn in_order(prepared: &Prepared, one: usize, other: usize) -> std::cmp::Ordering {
    let effect = |column: usize| {
        let candidate = prepared.columns.get(column);
        candidate.map_or(0.0, |candidate| candidate.effect_seconds)
    };
    let begin_by = |column: usize| {
        prepared
            .deadline_seconds(column)
            .map_or(f64::INFINITY, |deadline| deadline - effect(column))
    };
    begin_by(one)
        .total_cmp(&begin_by(other))
        .then(effect(one).total_cmp(&effect(other)))
        .then(one.cmp(&other))
}

/// The chosen withdrawals by the facts that they remove in time.
pub(super) type Cuts = FxHashMap<FactId, Vec<WithdrawalId>>;

/// What all withdrawals of a plan are told from.
struct Plan {
    cuts: Cuts,
    /// None if they are few, and it is sooner worked out anew for each.
    back: Option<GivenBack>,
}

impl Planner<'_> {
    pub(super) fn withdrawals(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        settings: &Settings,
    ) -> Vec<WithdrawalEntry> {
        let chosen = solved.solution.chosen.clone();
        let mut order: Vec<usize> = (0..chosen.len())
            .filter(|&column| chosen.get(column) == Some(&true))
            .collect();
        order.sort_by(|&one, &other| in_order(prepared, one, other));
        let plan = Plan {
            cuts: self.cuts(prepared, &chosen),
            back: Some(order.len())
                .filter(|count| *count >= GIVEN_BACK_MIN)
                .and_then(|_| self.giving_back(prepared, &chosen)),
        };
        let mut entries = Vec::new();
        for (place, column) in order.into_iter().enumerate() {
            entries.extend(self.withdrawal(prepared, solved, (column, place as u32 + 1), &plan, settings));
        }
        entries
    }

    fn withdrawal(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        (column, order): (usize, u32),
        plan: &Plan,
        settings: &Settings,
    ) -> Option<WithdrawalEntry> {
        let candidate = prepared.columns.get(column)?;
        let (downs, degrades) = self.suffers(prepared, solved, column);
        let (stops_jewels, stops) = match &plan.back {
            Some(back) => self.stopped(prepared, back, column, &plan.cuts),
            None => self.stopped_in_worlds(prepared, solved, column, &plan.cuts, settings.duration_hours),
        };
        debug_assert!(self.is_told_alike(prepared, solved, column, &plan.cuts));
        let unnecessary_if = if settings.comparisons && order as usize <= REFUSALS_MAX {
            let rest = but(&solved.solution.chosen, column);
            let one = TakenOut {
                column,
                with: &solved.after,
                without: &self.measure_chosen(prepared, &rest, settings.duration_hours),
                rest: &rest,
            };
            self.unnecessary_if(prepared, &one, settings)
        } else {
            Vec::new()
        };
        let point = self.estate.point(candidate.point);
        let point_name = point.map(|point| point.name.clone()).unwrap_or_default();
        let leaves_open = point.and_then(|point| left_open(candidate.act, point.kind));
        Some(WithdrawalEntry {
            id: self.candidates.id(candidate.act),
            order,
            act: candidate.act,
            text: self.candidates.text(candidate.act),
            entities: self.candidates.entities(candidate.act),
            point: candidate.point,
            point_name,
            effect_seconds: candidate.effect_seconds,
            effect_median_seconds: candidate.effect_median_seconds,
            deadline_seconds: prepared.deadline_seconds(column),
            too_late: self.too_late(prepared, candidate),
            leaves_open: leaves_open.map(str::to_owned),
            certainty: candidate.certainty,
            removes: candidate.removes.len() as u32,
            friction_pence: candidate.friction_pence,
            stops_jewels,
            stops,
            downs,
            degrades,
            people: candidate.denied.people,
            uses_per_day: candidate.denied.uses_per_day,
            refusal_price_pence: None,
            refusal_instead: None,
            indispensable: false,
            forced: prepared.fixed.get(column) == Some(&Some(true)),
            unnecessary_if,
        })
    }

    /// How many facts that an act removes may be used before it takes effect.
    fn too_late(&self, prepared: &Prepared, candidate: &Candidate) -> u32 {
        let facts = candidate.removes.iter().filter_map(|base| self.graph.base(*base));
        let used = facts.filter_map(|fact| prepared.in_time(0).used.get(fact.index()));
        used.filter(|used| candidate.effect_seconds > f64::from(**used))
            .count() as u32
    }

    /// Services that a withdrawal takes down, and those that it degrades.
    fn suffers(&self, prepared: &Prepared, solved: &Solved, column: usize) -> (Vec<String>, Vec<String>) {
        let (mut downs, mut degrades) = (Vec::new(), Vec::new());
        if !prepared.circuit.has(column as u32) {
            return (downs, degrades);
        }
        let fired = prepared.circuit.fired(&but(&solved.solution.chosen, column));
        let services = self.estate.services_with_ids().zip(&solved.after.levels);
        for ((id, service), with) in services {
            if *with <= prepared.circuit.level(id, &fired) {
                continue;
            }
            let list = if is_down(service, *with) {
                &mut downs
            } else {
                &mut degrades
            };
            list.push(service.name.clone());
        }
        (downs, degrades)
    }

    pub(super) fn people(&self, withdrawals: &[WithdrawalEntry], services: &[ServiceEntry]) -> PeopleEntry {
        let mut people = PeopleEntry::default();
        let mut accounts = Vec::new();
        let mut sites = Vec::new();
        for entry in withdrawals {
            people.denied = people.denied.saturating_add(entry.people);
            people.uses_per_day += entry.uses_per_day;
            for fact in self.candidates.removes(entry.act) {
                let site = match fact {
                    Base::Enabled(id) => {
                        accounts.push(id);
                        self.estate.account(id).and_then(|account| account.site)
                    }
                    Base::Connected(id) => self.estate.system(id).and_then(|system| system.site),
                    _ => None,
                };
                sites.extend(site);
            }
        }
        people.services_down = services.iter().map(|service| service.people).sum();
        accounts.sort_unstable();
        accounts.dedup();
        sites.sort_unstable();
        sites.dedup();
        people.accounts_disabled_total = accounts.len() as u32;
        people.sites_total = sites.len() as u32;
        let accounts = accounts.into_iter().take(PEOPLE_NAMED_MAX);
        people.accounts_disabled = accounts
            .map(|id| self.estate.name(Entity::Account(id)).to_owned())
            .collect();
        let sites = sites.into_iter().take(PEOPLE_NAMED_MAX);
        people.sites = sites
            .filter_map(|id| self.estate.site(id))
            .map(|site| site.name.clone())
            .collect();
        people
    }
}

//! What is said of one withdrawal: what it does, what it stops, what it takes away.

use std::cmp::Reverse;

use cordon_estate::Entity;
use cordon_reach::{Base, FactId};
use rustc_hash::FxHashMap;

use super::{Solved, but};
use crate::candidates::{Candidate, entity_name, left_open};
use crate::circuit::is_down;
use crate::document::{Path, PeopleEntry, ServiceEntry, WithdrawalEntry, WithdrawalId};
use crate::limits::{PATHS_PER_WITHDRAWAL_MAX, PEOPLE_NAMED_MAX, REFUSALS_MAX};
use crate::planner::measure::Measured;
use crate::planner::prepare::Prepared;
use crate::planner::targets::Target;
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
type Cuts = FxHashMap<FactId, Vec<WithdrawalId>>;

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
        let cuts = self.cuts(prepared, &chosen);
        let mut entries = Vec::new();
        for (place, column) in order.into_iter().enumerate() {
            entries.extend(self.withdrawal(prepared, solved, (column, place as u32 + 1), &cuts, settings));
        }
        entries
    }

    fn withdrawal(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        (column, order): (usize, u32),
        cuts: &Cuts,
        settings: &Settings,
    ) -> Option<WithdrawalEntry> {
        let candidate = prepared.columns.get(column)?;
        let rest = but(&solved.solution.chosen, column);
        let without = self.measure_chosen(prepared, &rest, settings.duration_hours);
        let worse = self
            .estate
            .services_with_ids()
            .zip(&solved.after.levels)
            .zip(&without.levels);
        let (mut downs, mut degrades) = (Vec::new(), Vec::new());
        for (((_, service), with), _) in worse.filter(|((_, with), without)| with > without) {
            if is_down(service, *with) {
                &mut downs
            } else {
                &mut degrades
            }
            .push(service.name.clone());
        }
        let (stops_jewels, stops) = self.stops(prepared, solved, &without, (&rest, cuts));
        let unnecessary_if = if settings.comparisons && order as usize <= REFUSALS_MAX {
            let one = TakenOut {
                column,
                rest: &rest,
                with: &solved.after,
                without: &without,
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
        let used = facts.filter_map(|fact| prepared.used.get(fact.index()));
        used.filter(|used| candidate.effect_seconds > f64::from(**used))
            .count() as u32
    }

    /// What would be in reach without one withdrawal and is not with it: jewels, then what is dearest.
    fn stops(
        &mut self,
        prepared: &Prepared,
        solved: &Solved,
        without: &Measured,
        (rest, cuts): (&[bool], &Cuts),
    ) -> (Vec<String>, Vec<Path>) {
        let pairs = prepared
            .targets
            .iter()
            .zip(&solved.after.arrivals)
            .zip(&without.arrivals);
        let mut saved: Vec<&Target> = pairs
            .filter(|((_, with), without)| with.is_none() && without.is_some())
            .map(|((target, _), _)| target)
            .collect();
        saved.sort_by_key(|target| (target.jewel.is_none(), Reverse(target.loss_pence), target.entity));
        let jewels = saved.iter().filter(|target| target.jewel.is_some());
        let jewels = jewels
            .map(|target| entity_name(self.estate, target.entity))
            .collect();
        let withdrawn = prepared.withdrawn(rest);
        let wanted: Vec<(u32, Entity)> = saved
            .into_iter()
            .take(PATHS_PER_WITHDRAWAL_MAX)
            .map(|target| (target.fact, target.entity))
            .collect();
        let paths = self.paths(prepared, &wanted, &withdrawn, cuts);
        (jewels, paths.into_iter().flatten().collect())
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

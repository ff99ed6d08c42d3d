//! What else was considered: the price of each refusal, and plans that accept more loss for less disruption.

use super::measure::Measured;
use super::prepare::Prepared;
use super::solving::Session;
use super::{Planner, Settings, Watch};
use crate::candidates::entity_name;
use crate::document::{Alternative, WithdrawalId};
use crate::hitting::{Solution, Verdict};
use crate::master::Search;

/// What refusing one withdrawal would mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    /// What the best plan without it costs more.
    pub(super) price_pence: Option<i64>,
    /// That plan.
    pub(super) instead: Option<Vec<WithdrawalId>>,
    /// True if there is none.
    pub(super) indispensable: bool,
}

/// How much of a jewel's loss is expected, from "they will not go there" to certain; each gives one alternative.
const EXPECTED_SHARES: [f64; 5] = [0.000_01, 0.000_1, 0.001, 0.01, 0.1];

impl Planner<'_> {
    pub(super) fn ids(&self, prepared: &Prepared, chosen: &[bool]) -> Vec<WithdrawalId> {
        let chosen = prepared.columns.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        chosen.map(|(column, _)| self.candidates.id(column.act)).collect()
    }

    /// The price of refusing a column that the plan has.
    pub(super) fn refusal(
        &self,
        prepared: &Prepared,
        session: &mut Session,
        best: &Solution,
        column: usize,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Refusal {
        if prepared.fixed.get(column) == Some(&Some(true)) {
            return Refusal::default();
        }
        let without = session.solve_fixed(&*self.master, column, false, settings, watch, best.lower_bound);
        match without.verdict {
            Verdict::Infeasible => Refusal {
                indispensable: true,
                ..Refusal::default()
            },
            Verdict::Unknown => Refusal::default(),
            Verdict::Optimal | Verdict::Feasible => Refusal {
                price_pence: Some(without.cost.saturating_sub(best.cost)),
                instead: Some(self.ids(prepared, &without.chosen)),
                indispensable: false,
            },
        }
    }

    /// Plans between doing nothing and the plan, none of which beats another in both disruption and loss. They are
    /// looked for over jewels alone, within a bounded search, and measured with the spread: they are offers, and nothing is
    /// claimed of them but what is measured.
    pub(super) fn alternatives(
        &mut self,
        prepared: &Prepared,
        plan: (&[bool], &Measured),
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Vec<Alternative> {
        let mut points: Vec<(Vec<bool>, Measured, bool)> = vec![(plan.0.to_vec(), plan.1.clone(), true)];
        let nothing: Vec<bool> = prepared.fixed.iter().map(|fixed| *fixed == Some(true)).collect();
        let mut session = Session::new(prepared, vec![false; prepared.jewels()]);
        session.effort_max = (
            crate::limits::ALTERNATIVE_ROUNDS_MAX,
            crate::limits::ALTERNATIVE_NODES_MAX,
        );
        let prices = session.instance.targets.clone();
        let mut choices = vec![nothing];
        for share in EXPECTED_SHARES {
            for (slot, price) in session.instance.targets.iter_mut().zip(&prices) {
                *slot = price.map(|pence| (pence as f64 * share).round() as i64);
            }
            choices.push(session.solve(&Search, settings, watch, 0).chosen);
        }
        for chosen in choices
            .into_iter()
            .filter(|chosen| chosen.len() == prepared.columns.len())
        {
            if !points.iter().any(|(known, _, _)| *known == chosen) {
                let measured = self.measure_chosen(prepared, &chosen, settings.duration_hours);
                points.push((chosen, measured, false));
            }
        }
        points.sort_by_key(|(_, measured, chosen)| (disruption(measured), loss(measured), !*chosen));
        let mut kept: Vec<Alternative> = Vec::new();
        let mut least = i64::MAX;
        for (chosen, measured, is_plan) in points {
            if loss(&measured) < least || is_plan {
                least = least.min(loss(&measured));
                kept.push(self.alternative(prepared, &chosen, &measured, is_plan));
            }
        }
        if let Some(knee) = knee(&kept).and_then(|place| kept.get_mut(place)) {
            knee.knee = true;
        }
        kept
    }

    fn alternative(
        &self,
        prepared: &Prepared,
        chosen: &[bool],
        measured: &Measured,
        is_plan: bool,
    ) -> Alternative {
        let reached = prepared.targets.iter().zip(&measured.arrivals);
        let jewels: Vec<_> = reached
            .filter(|(target, arrival)| target.jewel.is_some() && arrival.is_some())
            .map(|(target, _)| target.entity)
            .collect();
        let names: Vec<&str> = jewels.iter().map(|entity| self.estate.name(*entity)).collect();
        let text = match names.as_slice() {
            _ if is_plan => "the plan".to_owned(),
            _ if !chosen.contains(&true) => "withdraw nothing".to_owned(),
            [] => "keep every jewel".to_owned(),
            [one] => format!("leave {one} in reach"),
            [one, other] => format!("leave {one} and {other} in reach"),
            [one, ..] => format!("leave {one} and {} more jewels in reach", names.len() - 1),
        };
        Alternative {
            text,
            chosen: is_plan,
            knee: false,
            withdrawals: self.ids(prepared, chosen),
            metrics: measured.metrics,
            jewels: jewels
                .iter()
                .map(|entity| entity_name(self.estate, *entity))
                .collect(),
        }
    }
}

/// The place of the alternative farthest below the line between the ends of the front; none if none is below it.
fn knee(front: &[Alternative]) -> Option<usize> {
    let at = |one: &Alternative| {
        let cost = &one.metrics.cost;
        (cost.disruption_pence() as f64, cost.loss_pence() as f64)
    };
    let (first, last) = (at(front.first()?), at(front.last()?));
    let (wide, high) = (last.0 - first.0, first.1 - last.1);
    if wide <= 0.0 || high <= 0.0 {
        return None;
    }
    let below = |one: &Alternative| {
        let (disruption, loss) = at(one);
        1.0 - (disruption - first.0) / wide - (loss - last.1) / high
    };
    let depths = front.iter().map(below).enumerate();
    depths
        .filter(|(_, depth)| *depth > 1e-9)
        .max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)))
        .map(|(place, _)| place)
}

const fn disruption(measured: &Measured) -> i64 {
    measured.cost.disruption_pence()
}

const fn loss(measured: &Measured) -> i64 {
    measured.cost.loss_pence()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{CostEntry, Metrics};

    fn front(points: &[(i64, i64)]) -> Vec<Alternative> {
        let one = |&(friction_pence, residual_pence): &(i64, i64)| Alternative {
            text: String::new(),
            chosen: false,
            knee: false,
            withdrawals: Vec::new(),
            metrics: Metrics {
                cost: CostEntry {
                    friction_pence,
                    residual_pence,
                    ..CostEntry::default()
                },
                ..Metrics::default()
            },
            jewels: Vec::new(),
        };
        points.iter().map(one).collect()
    }

    #[test]
    fn the_knee_is_where_disruption_stops_buying_much() {
        assert_eq!(
            knee(&front(&[(0, 100), (1, 90), (2, 10), (50, 5), (100, 0)])),
            Some(2)
        );
    }

    #[test]
    fn a_straight_front_has_no_knee() {
        assert_eq!(knee(&front(&[(0, 100), (50, 50), (100, 0)])), None);
        assert_eq!(knee(&front(&[(0, 100)])), None);
        assert_eq!(knee(&[]), None);
    }
}

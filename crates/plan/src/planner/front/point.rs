//! Points of the trade-off as a document tells them.

use crate::candidates::entity_name;
use crate::circuit::is_down;
use crate::document::{Act, Alternative};
use crate::limits::SERVICES_NAMED_MAX;
use crate::planner::Planner;
use crate::planner::measure::Measured;
use crate::planner::prepare::Prepared;

/// Acts with what they mean.
#[derive(Debug, Default)]
pub(super) struct Point {
    pub(super) acts: Vec<Act>,
    pub(super) is_plan: bool,
    pub(super) measured: Measured,
    pub(super) disruption_bound_pence: Option<i64>,
}

impl Point {
    pub(super) fn of(acts: Vec<Act>) -> Self {
        Self {
            acts,
            ..Self::default()
        }
    }

    pub(super) fn of_plan(acts: Vec<Act>) -> Self {
        Self {
            is_plan: true,
            ..Self::of(acts)
        }
    }

    const fn disruption(&self) -> i64 {
        self.measured.cost.disruption_pence()
    }

    const fn loss(&self) -> i64 {
        self.measured.metrics.loss_pence()
    }
}

impl Planner<'_> {
    /// The points of which none beats another, in order, with the knee marked; the plan stays in any case.
    pub(super) fn offered(&self, prepared: &Prepared, mut points: Vec<Point>) -> Vec<Alternative> {
        points.sort_by_key(|point| (point.disruption(), point.loss(), !point.is_plan));
        let plan = points
            .iter()
            .find(|point| point.is_plan)
            .map_or(i64::MAX, Point::disruption);
        let mut told: Vec<Alternative> = Vec::new();
        let mut least = i64::MAX;
        for point in points {
            if point.loss() < least || point.is_plan {
                least = least.min(point.loss());
                told.push(self.alternative(prepared, &point, plan));
            }
        }
        if let Some(knee) = knee(&told).and_then(|place| told.get_mut(place)) {
            knee.knee = true;
        }
        told
    }

    fn alternative(&self, prepared: &Prepared, point: &Point, plan_disruption: i64) -> Alternative {
        let reached = prepared.targets.iter().zip(&point.measured.arrivals);
        let jewels: Vec<_> = reached
            .filter(|(target, arrival)| target.jewel.is_some() && arrival.is_some())
            .map(|(target, _)| target.entity)
            .collect();
        let names: Vec<&str> = jewels.iter().map(|entity| self.estate.name(*entity)).collect();
        let text = match names.as_slice() {
            _ if point.is_plan => "the plan".to_owned(),
            _ if point.acts.is_empty() => "withdraw nothing".to_owned(),
            [] if point.disruption() > plan_disruption => "stop more of the spread".to_owned(),
            [] => "keep every jewel, stop less of the spread".to_owned(),
            [one] => format!("leave {one} in reach"),
            [one, other] => format!("leave {one} and {other} in reach"),
            [one, ..] => format!("leave {one} and {} more jewels in reach", names.len() - 1),
        };
        let (services_down, services_degraded) = self.disturbed(prepared, &point.measured);
        Alternative {
            text,
            chosen: point.is_plan,
            knee: false,
            withdrawals: point.acts.iter().map(|act| self.candidates.id(*act)).collect(),
            metrics: point.measured.metrics,
            jewels: jewels
                .iter()
                .map(|entity| entity_name(self.estate, *entity))
                .collect(),
            services_down,
            services_degraded,
            disruption_bound_pence: point.disruption_bound_pence,
        }
    }

    /// Services down and degraded, by name, those left out that are so without any withdrawal.
    fn disturbed(&self, prepared: &Prepared, measured: &Measured) -> (Vec<String>, Vec<String>) {
        let before = prepared.circuit.fired(&[]);
        let (mut down, mut degraded) = (Vec::new(), Vec::new());
        for ((id, service), &level) in self.estate.services_with_ids().zip(&measured.levels) {
            if level == prepared.circuit.level(id, &before) {
                continue;
            }
            let list = if is_down(service, level) {
                &mut down
            } else {
                &mut degraded
            };
            if list.len() < SERVICES_NAMED_MAX {
                list.push(service.name.clone());
            }
        }
        (down, degraded)
    }
}

/// The place of the alternative farthest below the line between the ends of the front; none if none is below it.
fn knee(front: &[Alternative]) -> Option<usize> {
    let at = |one: &Alternative| {
        let disruption = one.metrics.cost.disruption_pence();
        (disruption as f64, one.metrics.loss_pence() as f64)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{CostEntry, Metrics};

    fn front(points: &[(i64, i64)]) -> Vec<Alternative> {
        let one = |&(friction_pence, residual_pence): &(i64, i64)| Alternative {
            metrics: Metrics {
                cost: CostEntry {
                    friction_pence,
                    residual_pence,
                    ..CostEntry::default()
                },
                ..Metrics::default()
            },
            ..Alternative::default()
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
